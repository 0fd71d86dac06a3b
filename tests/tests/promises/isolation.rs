//! R22: what is another service's answers like what is nowhere.
//!
//! The operations come from the table the router is made of: one without a row here fails the test. Each is asked
//! twice, once about what the victim has and once about what nobody has; but for what was asked, both answers are the
//! same to the byte, headers included, and nothing changes at the victim.

use crate::questions::{BODY, EVENT, KEY, Kind, Question, RECIPIENT, TENANT, message, put, questions, sends};
use notify_tests::daemon::{Builder, Daemon};
use notify_tests::http::{Answer, Client};
use notify_tests::record::Pipe;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// Where nobody listens, and what lets the daemon find that out.
const NOBODY: &str = "http://127.0.0.1:9/canary";
const CONFIG: &str = "[webhooks]\nallow_private = [\"127.0.0.1/32:9\"]\n";

/// How long it may take to get somewhere: no measure, only an end.
const PATIENCE: Duration = Duration::from_secs(60);

/// The victim's names of one kind, and as many that nobody has, pair by pair of one form.
fn pairs(kind: Kind, victim: &Victim) -> Vec<(String, String)> {
    let one = |theirs: &str, nobodys: &str| vec![(theirs.to_owned(), nobodys.to_owned())];
    match kind {
        Kind::Notification => {
            let nobodys = uuid::Uuid::now_v7();
            victim.by_state.values().flat_map(|id| forms(id, nobodys)).collect()
        }
        Kind::Webhook => forms(&victim.webhook, uuid::Uuid::now_v7()).into(),
        Kind::Told => {
            let nobody = uuid::Uuid::now_v7();
            let Victim { webhook, delivery, .. } = victim;
            [(webhook.clone(), delivery.clone()), (webhook.clone(), nobody.to_string())]
                .map(|(webhook, delivery)| {
                    (format!("{webhook}/deliveries/{delivery}"), format!("{nobody}/deliveries/{nobody}"))
                })
                .into()
        }
        // Sealed, so one of equal form that nobody has is one with a character changed.
        Kind::Cursor => {
            let (rest, last) = victim.cursor.split_at(victim.cursor.len() - 1);
            one(&victim.cursor, &format!("{rest}{}", if last == "A" { "B" } else { "A" }))
        }
        Kind::Tenant => one(TENANT, "canarynobodystenant"),
        Kind::EventType => one(EVENT, "canarynobodysevent"),
        Kind::Recipient => one(RECIPIENT, "+15005550199"),
        Kind::Key => one(KEY, "canarynobodyskey"),
        Kind::Content => one(BODY, "canarynobodysbody"),
    }
}

/// An id in every form that one may have, and beside each one that nobody has.
fn forms(id: &str, nobodys: uuid::Uuid) -> [(String, String); 5] {
    let id: uuid::Uuid = id.parse().unwrap();
    let form = |form: fn(&uuid::Uuid) -> String| (form(&id), form(&nobodys));
    [
        form(|id| id.hyphenated().to_string()),
        form(|id| id.hyphenated().to_string().to_uppercase()),
        form(|id| id.simple().to_string()),
        form(|id| format!("%7B{id}%7D")),
        form(|id| format!("urn:uuid:{id}")),
    ]
}

/// A webhook at which nobody listens, and what it was told in vain.
async fn webhook(client: &mut Client) -> (String, String) {
    let body = json!({"url": NOBODY, "headers": {"X-Token": BODY}, "max_retries": 0});
    let made = client.post("/api/v1/webhooks", &body).await.unwrap();
    assert_eq!(made.status, 201, "{}", made.json());
    let webhook = made.id();
    let path = format!("/api/v1/webhooks/{webhook}");
    let tested = client.post(&format!("{path}/test"), &json!({})).await.unwrap().json();
    let delivery = tested["delivery_id"].as_str().unwrap().to_owned();
    let path = format!("{path}/deliveries/{delivery}");
    let asked = async { while client.get(&path).await.unwrap().json()["delivery"]["status"] != "failed" {} };
    tokio::time::timeout(PATIENCE, asked).await.unwrap();
    (webhook, delivery)
}

/// Asks until it stands so, committed and all.
async fn stands(client: &mut Client, id: &str, state: &str) {
    let path = format!("/api/v1/notifications/{id}");
    let asked = async { while client.get(&path).await.unwrap().json()["notification"]["status"] != state {} };
    tokio::time::timeout(PATIENCE, asked).await.unwrap_or_else(|_| panic!("{id} is not {state}"));
}

/// Somebody with a notification in every state.
struct Victim {
    client: Client,
    by_state: BTreeMap<&'static str, String>,
    cursor: String,
    webhook: String,
    delivery: String,
}

impl Victim {
    async fn new(daemon: &Daemon, key: &str) -> Self {
        daemon.mock("good", &json!({}), &["--priority", "1"]);
        daemon.mock("rejects", &json!({"outcome": "permanent"}), &["--priority", "2"]);
        daemon.mock("postpones", &json!({"outcome": "transient"}), &["--priority", "3"]);
        let mut calls = Pipe::new(daemon.builder().dir());
        let hangs = json!({"hang": true, "record_file": calls.path()});
        daemon.mock("hangs", &hangs, &["--priority", "4", "--max-in-flight", "1"]);
        let mut client = daemon.client(key).await;
        let mut by_state = BTreeMap::new();
        // By the daemon's own clock.
        let first = client.post("/api/v1/sms", &message("{channel}", "first", false)).await.unwrap().json();
        stands(&mut client, first["id"].as_str().unwrap(), "delivered").await;
        let now: notify_proto::Timestamp = first["created_at"].as_str().unwrap().parse().unwrap();
        let tomorrow = notify_proto::view::rfc3339(now + chrono::TimeDelta::days(1));
        for (state, provider, more) in [
            ("delivered", "good", json!({})),
            ("failed", "rejects", json!({})),
            ("retrying", "postpones", json!({"retry": {"delays": [86_400]}})),
            ("sending", "hangs", json!({})),
            // Behind the one that hangs.
            ("queued", "hangs", json!({})),
            ("pending", "good", json!({"scheduled_at": tomorrow})),
            ("cancelled", "good", json!({"scheduled_at": tomorrow})),
        ] {
            let mut body = message("{channel}", BODY, false);
            body["provider_id"] = json!(provider);
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let sent = client.post("/api/v1/sms", &body).await.unwrap();
            assert_eq!(sent.status, 202, "{}", sent.json());
            let id = sent.id();
            match state {
                "sending" => assert_eq!(calls.call(), id),
                "cancelled" => {
                    let path = format!("/api/v1/notifications/{id}/revoke");
                    assert_eq!(client.post(&path, &json!({})).await.unwrap().status, 200);
                }
                _ => {}
            }
            stands(&mut client, &id, state).await;
            by_state.insert(state, id);
        }
        // What an equal message would be a duplicate of, and an equal key a repetition.
        for (method, path) in notifyd_intake::operations() {
            for question in questions(method, path).unwrap_or_default() {
                let word = match question.kind {
                    Kind::Content => BODY,
                    Kind::Key => KEY,
                    _ => continue,
                };
                let sent = put(&mut client, &question, word).await;
                assert_eq!(sent.status, 202, "{}", sent.json());
                stands(&mut client, &sent.id(), "delivered").await;
            }
        }
        let page = client.get("/api/v1/notifications?limit=2").await.unwrap().json();
        let cursor = page["next_cursor"].as_str().unwrap().to_owned();
        let (webhook, delivery) = webhook(&mut client).await;
        Self { client, by_state, cursor, webhook, delivery }
    }

    /// All it can see of its own.
    async fn everything(&mut self) -> Vec<Value> {
        let mut seen = Vec::new();
        let mut paths = vec![
            "/api/v1/notifications?with_total=true".to_owned(),
            "/api/v1/stats?since=2001-01-01T00:00:00Z".to_owned(),
            "/api/v1/webhooks".to_owned(),
            format!("/api/v1/webhooks/{}/deliveries", self.webhook),
        ];
        for id in self.by_state.values() {
            paths.push(format!("/api/v1/notifications/{id}"));
            paths.push(format!("/api/v1/notifications/{id}/events"));
        }
        for path in paths {
            let answer = self.client.get(&path).await.unwrap();
            assert_eq!(answer.status, 200, "{path}: {}", answer.json());
            seen.push(answer.json());
        }
        seen
    }
}

/// An answer as far as it must not tell one name from another.
#[derive(Debug, PartialEq)]
struct Told {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

fn told(answer: &Answer, named: &str) -> Told {
    let mut headers: Vec<_> = answer
        .headers
        .iter()
        .filter(|(name, _)| *name != hyper::header::DATE)
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    headers.sort();
    let mut body = String::from_utf8(answer.body.to_vec()).unwrap();
    // What was made just now is new in both answers; that it really is, the caller checks.
    let made = answer.json();
    for fresh in [&made["id"], &made["created_at"]].into_iter().filter_map(Value::as_str) {
        body = body.replace(fresh, "FRESH");
    }
    Told { status: answer.status.as_u16(), headers, body: body.replace(named, "NAMED") }
}

/// Whoever is no friend of the victim: with a key of its own, or without one as the anonymous service.
struct Stranger {
    client: Client,
    sent: u64,
}

impl Stranger {
    async fn put(&mut self, question: &Question, named: &str) -> Answer {
        let answer = put(&mut self.client, question, named).await;
        self.sent += u64::from(answer.status == 202);
        answer
    }

    async fn total(&mut self) -> (Value, Value) {
        let list = self.client.get("/api/v1/notifications?with_total=true&limit=1").await.unwrap().json();
        let stats = self.client.get("/api/v1/stats").await.unwrap().json();
        (list["total"].clone(), stats["total"].clone())
    }
}

/// Asks everything about everything.
async fn the_matrix(daemon: Daemon, victim: &str, stranger: &str) {
    let mut victim = Victim::new(&daemon, victim).await;
    let mut stranger = Stranger { client: daemon.client(stranger).await, sent: 0 };
    let before = victim.everything().await;
    let mut asked = 0;
    let mut operations: Vec<_> = notifyd_intake::operations().collect();
    // What the stranger sends is like the victim's, and would be found by what the victim is asked for: it comes last.
    operations.sort_by_key(|(method, path)| questions(method, path).is_some_and(|all| sends(&all)));
    for (method, path) in operations {
        let all = questions(method, path);
        let all = all.unwrap_or_else(|| panic!("{method} {path} is new: say what it can be asked about"));
        for question in all {
            for (theirs, nobodys) in pairs(question.kind, &victim) {
                let answer = stranger.put(&question, &theirs).await;
                let expected = stranger.put(&question, &nobodys).await;
                assert_eq!(told(&answer, &theirs), told(&expected, &nobodys), "{question:?} {theirs}");
                let said = String::from_utf8_lossy(&answer.body).replace(&theirs, "");
                for id in victim.by_state.values().filter(|id| **id != theirs) {
                    assert!(!said.contains(id.as_str()), "{question:?}: {said}");
                }
                for id in [&victim.webhook, &victim.delivery] {
                    assert!(!said.contains(id.as_str()), "{question:?}: {said}");
                }
                for word in [BODY, TENANT, EVENT, KEY, RECIPIENT] {
                    assert!(!said.contains(word), "{question:?}: {said}");
                }
                let fresh = sends(std::slice::from_ref(&question));
                assert_eq!(answer.status == 202, fresh, "{question:?}: {said}");
                assert!(!answer.headers.contains_key("idempotency-replayed"), "{question:?}");
                asked += 1;
            }
        }
        assert_eq!(victim.everything().await, before, "{method} {path} changed something at the victim");
    }
    assert!(asked > 500, "{asked}");
    let (listed, counted) = stranger.total().await;
    assert_eq!((listed, counted), (json!(stranger.sent), json!(stranger.sent)), "it sees what it sent");
    let providers = stranger.client.get("/api/v1/providers").await.unwrap();
    assert_eq!(providers.body, victim.client.get("/api/v1/providers").await.unwrap().body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_services_is_like_nobodys() {
    let daemon = Builder::new().config(CONFIG).start();
    let (victim, stranger) = (daemon.service("victim"), daemon.service("stranger"));
    the_matrix(daemon, &victim, &stranger).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_services_is_like_nobodys_for_the_anonymous_service() {
    let config = format!("[intake]\nanonymous_service = \"stranger\"\n{CONFIG}");
    let builder = Builder::new().config(&config);
    let daemon = builder.start();
    let victim = daemon.service("victim");
    daemon.service("stranger");
    the_matrix(daemon, &victim, "").await;
}
