//! The way out over HTTP, by way of the webhook, against a scripted server: what a request looks like on the wire, which
//! outcome each fault has, who is never connected to, and that connections are used again only when they are clean.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../authority/mod.rs"]
mod authority;
mod connections;
mod destinations;
mod document;
mod encrypted;
mod fake;
mod faults;

use async_trait::async_trait;
use fake::Server;
use notify_proto::{Channel, NotificationId};
use notifyd_lifecycle::clock::SystemClock;
use notifyd_lifecycle::{Message, Outcome, Policy, Report, Secret};
use notifyd_providers::http::Resolver;
use notifyd_providers::{BuildContext, Call, Network, Provider, Sink, build};
use serde_json::{Value, json};
use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

/// What must not be in any error: path and query of every URL here.
const PATH: &str = "/canary-path?key=canary-query";

/// A resolver that knows only what it was told: each answer is given once, the last one for ever.
#[derive(Default)]
pub(crate) struct Names {
    answers: Mutex<HashMap<String, VecDeque<Vec<IpAddr>>>>,
    asked: Mutex<Vec<String>>,
}

impl Names {
    fn of(all: &[(&str, &[&[&str]])]) -> Arc<Self> {
        let addresses = |all: &&[&str]| all.iter().map(|it| it.parse().unwrap()).collect();
        let answers = all
            .iter()
            .map(|(name, answers)| ((*name).to_owned(), answers.iter().map(addresses).collect()))
            .collect();
        Arc::new(Self { answers: Mutex::new(answers), asked: Mutex::default() })
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

#[async_trait]
impl Resolver for Names {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        self.asked.lock().unwrap().push(name.to_owned());
        let mut all = self.answers.lock().unwrap();
        let Some(answers) = all.get_mut(name) else { return Err(io::Error::other("no such name")) };
        let answer = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
        Ok(answer.unwrap_or_default())
    }
}

/// A network on which this server alone may be called.
fn only(server: &Server) -> Network {
    allowing(&[&format!("{}/32:{}", server.ip(), server.address.port())], Names::of(&[]))
}

fn allowing(entries: &[&str], names: Arc<Names>) -> Network {
    Network::new(Policy::allowing(entries).unwrap(), names)
}

fn webhook(network: &Network, config: &Value, secret: Option<&str>) -> Arc<dyn Provider> {
    let context = BuildContext {
        seed: 1,
        clock: Arc::new(SystemClock),
        receipts: Sink::default(),
        network: network.clone(),
    };
    let secret = secret.map(|secret| Secret::new(secret.to_owned()));
    build("webhook", config, secret.as_ref(), &context).unwrap()
}

/// One that sends everything to this server.
fn own(server: &Server, extra: &Value) -> Arc<dyn Provider> {
    let mut config = json!({"url": server.url(PATH)});
    config.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    webhook(&only(server), &config, None)
}

fn notification() -> NotificationId {
    NotificationId::from_parts(1_700_000_000_000, [9; 10])
}

async fn send_to(provider: &Arc<dyn Provider>, to: &str, message: &Value, attempt: u32) -> Report {
    let mut body = json!({"recipient": to, "subject": "Build 214 failed", "content": "2 tests red"});
    body.as_object_mut().unwrap().extend(message.as_object().unwrap().clone());
    let message: Message = serde_json::from_value(body).unwrap();
    let to = [to.to_owned()];
    let channel = Channel::Webhook;
    let call = Call { notification: notification(), attempt, channel, to: &to, message: &message };
    let report = provider.send(call).await;
    let told = format!("{report:?}");
    assert!(!told.contains("canary"), "an error tells what it must not: {told}");
    report
}

async fn send(provider: &Arc<dyn Provider>) -> Report {
    send_to(provider, "https://hooks.example.org/canary-of-ann", &json!({}), 1).await
}

fn is_accepted(report: &Report) -> bool {
    matches!(report.outcome, Outcome::Accepted { .. })
}
