//! R5: whoever repeats a request, with the same key or with the same content, gets one notification.

use hyper::Method;
use notify_tests::control::Control;
use notify_tests::daemon::Daemon;
use notify_tests::http::{Answer, Client};
use serde_json::json;
use std::collections::HashSet;
use std::net::SocketAddr;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;

const REQUESTS: usize = 1_000;
const CALLERS: usize = 5;

/// What a caller repeats.
#[derive(Clone, Copy)]
enum Same {
    /// Same `Idempotency-Key`; deduplication is off, so that the key alone decides.
    Key,
    /// Same content, no key.
    Content,
}

/// One caller, on a connection of its own.
struct Caller {
    address: watch::Receiver<SocketAddr>,
    client: Option<Client>,
    key: String,
    same: Same,
}

impl Caller {
    /// Repeats the request until it is acknowledged, as an application whose connection broke does.
    async fn acknowledged(&mut self, number: usize) -> String {
        loop {
            if let Some(answer) = self.post(number).await {
                assert!(matches!(answer.status.as_u16(), 200 | 202), "{}: {}", answer.status, answer.json());
                return answer.id();
            }
            // Either this connection alone broke, or the daemon is gone and its successor has another port.
            self.client = None;
            let address = *self.address.borrow_and_update();
            if TcpStream::connect(address).await.is_err() {
                self.address.changed().await.unwrap();
            }
        }
    }

    async fn post(&mut self, number: usize) -> Option<Answer> {
        if self.client.is_none() {
            let address = *self.address.borrow_and_update();
            self.client = Some(Client::connect(address, &self.key).await.ok()?);
        }
        let client = self.client.as_mut()?;
        let mut body = json!({"to": "+15005550006", "message": format!("Code {number}")});
        let key = format!("order-{number}");
        let headers: &[(&str, &str)] = match self.same {
            Same::Key => {
                body["deduplicate"] = json!(false);
                &[("Idempotency-Key", &key)]
            }
            Same::Content => &[],
        };
        client.request(Method::POST, "/api/v1/sms", headers, body.to_string()).await.ok()
    }
}

async fn repeated(same: Same, restart: bool) {
    let mut daemon = Daemon::start();
    let key = daemon.service("acme");
    daemon.mock("only", &json!({}), &[]);
    let (moved, address) = watch::channel(daemon.listen());
    let caller = || Caller { address: address.clone(), client: None, key: key.clone(), same };
    let mut callers: Vec<Caller> = (0..CALLERS).map(|_| caller()).collect();
    let mut all = HashSet::new();
    for number in 0..REQUESTS {
        let mut posting = JoinSet::new();
        for mut caller in callers {
            posting.spawn(async move {
                let id = caller.acknowledged(number).await;
                (id, caller)
            });
        }
        if restart && number % 250 == 125 {
            daemon = daemon.kill().start();
            moved.send(daemon.listen()).unwrap();
        }
        let (ids, back): (HashSet<String>, Vec<Caller>) = posting.join_all().await.into_iter().unzip();
        assert_eq!(ids.len(), 1, "request {number} became {ids:?}");
        all.extend(ids);
        callers = back;
    }
    assert_eq!(all.len(), REQUESTS);
    let control = Control::connect(&daemon.builder().socket()).await.unwrap();
    let kept: u64 = control.status().await.unwrap().by_status.values().sum();
    assert_eq!(kept, u64::try_from(REQUESTS).unwrap());
    // What an idempotency key answers is the same request, and no equal one.
    let equal = if matches!(same, Same::Content) { REQUESTS * (CALLERS - 1) } else { 0 };
    if !restart {
        let shown = daemon.ctl().json(&["service", "show", "acme"])["service"].clone();
        assert_eq!(shown["deduplicated_24h"], equal, "{shown}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_key_is_one_notification() {
    repeated(Same::Key, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_key_is_one_notification_over_restarts() {
    repeated(Same::Key, true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_content_is_one_notification() {
    repeated(Same::Content, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_content_is_one_notification_over_restarts() {
    repeated(Same::Content, true).await;
}
