//! The way out by SMTP against a scripted server: what a mail looks like on the wire, which outcome each fault has,
//! and that connections are used again only when they are clean.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

#[path = "../authority/mod.rs"]
mod authority;
mod connections;
mod fake;
mod faults;
mod login;
mod mail;

use fake::Server;
use notify_proto::{Channel, NotificationId};
use notifyd_lifecycle::clock::SystemClock;
use notifyd_lifecycle::{Message, Outcome, Report, Secret};
use notifyd_providers::{BuildContext, Call, Provider, build};
use serde_json::{Value, json};
use std::sync::Arc;

fn relay(port: u16, extra: &Value, secret: Option<&str>) -> Arc<dyn Provider> {
    let mut config =
        json!({"host": "127.0.0.1", "port": port, "tls": "none", "from": "Shop <shop@example.org>"});
    config.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    let context = BuildContext {
        seed: 1,
        clock: Arc::new(SystemClock),
        receipts: notifyd_providers::Sink::default(),
        network: notifyd_providers::Network::default(),
    };
    let secret = secret.map(|secret| Secret::new(secret.to_owned()));
    build("smtp", &config, secret.as_ref(), &context).unwrap()
}

fn plain(server: &Server) -> Arc<dyn Provider> {
    relay(server.port, &json!({}), None)
}

async fn send_to(provider: &Arc<dyn Provider>, to: &[&str], message: &Value, attempt: u32) -> Report {
    let mut body = json!({"recipient": "x", "subject": "hello", "content": "hi"});
    body.as_object_mut().unwrap().extend(message.as_object().unwrap().clone());
    let message: Message = serde_json::from_value(body).unwrap();
    let to: Vec<String> = to.iter().map(|address| (*address).to_owned()).collect();
    let notification = NotificationId::from_parts(1_700_000_000_000, [9; 10]);
    provider.send(Call { notification, attempt, channel: Channel::Email, to: &to, message: &message }).await
}

async fn send(provider: &Arc<dyn Provider>) -> Report {
    send_to(provider, &["ann@example.org"], &json!({}), 1).await
}

fn is_accepted(report: &Report) -> bool {
    matches!(report.outcome, Outcome::Accepted { .. })
}
