//! R20: a reload changes how many webhooks a service may have, how many requests they get at the same time, and how long one
//! may take nothing.

use notify_tests::daemon::{Builder, Daemon};
use notify_tests::hook::Hook;
use notify_tests::http::Client;
use notify_tests::pump::message;
use rustix::process::Signal;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// How long it may take to get somewhere: no measure, only an end.
const PATIENCE: Duration = Duration::from_secs(60);

const WEBHOOKS: &str = "/api/v1/webhooks";

/// A receiver that takes requests and never answers.
struct Held {
    port: u16,
    begun: watch::Receiver<usize>,
}

impl Held {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (tell, begun) = watch::channel(0);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let tell = tell.clone();
                tokio::spawn(async move {
                    let mut request = vec![0; 65_536];
                    if stream.read(&mut request).await.is_ok_and(|count| count > 0) {
                        tell.send_modify(|count| *count += 1);
                    }
                    // Until the other end has had enough.
                    let _ = stream.read(&mut request).await;
                });
            }
        });
        Self { port, begun }
    }

    fn config(&self, bounds: &str) -> String {
        format!("[webhooks]\nallow_private = [\"127.0.0.1/32:{}\"]\n{bounds}", self.port)
    }

    /// Waits until so many requests have come.
    async fn begun(&mut self, count: usize) {
        let begun = self.begun.wait_for(|begun| *begun >= count);
        tokio::time::timeout(PATIENCE, begun).await.unwrap().unwrap();
    }

    fn so_far(&self) -> usize {
        *self.begun.borrow()
    }
}

/// Has it read its configuration again; what it says of that.
fn reload(daemon: &mut Daemon, toml: &str) -> String {
    std::fs::write(daemon.builder().dir().join("notifyd.toml"), toml).unwrap();
    daemon.signal(Signal::HUP);
    let said = daemon.wait_for_log(|line| line["event"] == "reloaded" || line["event"] == "reload_refused");
    said["changed"].as_str().unwrap_or_else(|| panic!("{said}")).to_owned()
}

async fn send(client: &mut Client) {
    let sent = client.post("/api/v1/sms", &message()).await.unwrap();
    assert_eq!(sent.status, 202, "{}", sent.json());
}

/// Asks for one more webhook; the status of the answer, and its path.
async fn create(client: &mut Client, body: &Value) -> (u16, String) {
    let answer = client.post(WEBHOOKS, body).await.unwrap();
    (answer.status.as_u16(), format!("{WEBHOOKS}/{}", answer.json()["id"].as_str().unwrap_or_default()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reload_changes_how_many_there_may_be_and_how_much_they_are_asked_at_once() {
    let mut held = Held::start().await;
    let narrow = held.config("per_service = 6\nconcurrency = 1\nconnections = 8\n");
    let mut daemon = Builder::new().config(&narrow).start();
    daemon.mock("mock", &json!({}), &[]);
    let key = daemon.service("acme");
    let mut client = daemon.client(&key).await;
    let url = format!("http://127.0.0.1:{}/held", held.port);
    let body = json!({"url": url, "events": ["created"], "timeout_seconds": 120});
    for _ in 0..6 {
        assert_eq!(create(&mut client, &body).await.0, 201);
    }
    assert_eq!(create(&mut client, &body).await.0, 409, "a service may have six");
    send(&mut client).await;
    send(&mut client).await;
    held.begun(4).await;
    assert_eq!(held.so_far(), 4, "those of which nothing is known have half of the connections");

    let changed = reload(&mut daemon, &held.config("per_service = 7\nconcurrency = 1\nconnections = 256\n"));
    assert!(changed.contains("per_service=7") && changed.contains("connections=256"), "{changed}");
    held.begun(6).await;
    assert_eq!(held.so_far(), 6, "each is asked once at a time");
    assert_eq!(create(&mut client, &json!({"url": url, "events": ["failed"]})).await.0, 201);
    assert_eq!(create(&mut client, &body).await.0, 409, "a service may have seven");

    let wide = held.config("per_service = 2\nconcurrency = 2\nconnections = 256\n");
    let changed = reload(&mut daemon, &wide);
    assert!(changed.contains("webhooks.concurrency=2"), "{changed}");
    held.begun(12).await;
    assert_eq!(create(&mut client, &body).await.0, 409);
    let all = client.get(WEBHOOKS).await.unwrap().json();
    assert_eq!(all["webhooks"].as_array().unwrap().len(), 7, "those that there are stay");
}

/// Waits until so many events were given up.
async fn given_up(client: &mut Client, path: &str, count: usize) {
    let path = format!("{path}/deliveries?status=failed");
    let asked = async {
        while client.get(&path).await.unwrap().json()["deliveries"].as_array().unwrap().len() < count {}
    };
    tokio::time::timeout(PATIENCE, asked).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reload_changes_how_long_one_may_take_nothing() {
    let hook = Hook::start(&[500; 3]).await;
    let days = |days: u32| format!("{}disable_after_days = {days}\n", hook.allowed());
    let daemon = Builder::new().config(&days(0)).start();
    daemon.mock("mock", &json!({}), &[]);
    let key = daemon.service("acme");
    let mut client = daemon.client(&key).await;
    let body = json!({"url": hook.url("/n"), "events": ["created"], "max_retries": 0});
    let path = create(&mut client, &body).await.1;
    send(&mut client).await;
    given_up(&mut client, &path, 1).await;
    // It has been so for two days.
    let builder = daemon.kill();
    let log = rusqlite::Connection::open(builder.state().join("notifyd.db")).unwrap();
    let two_days = 2 * 86_400_000_i64;
    let sql = "UPDATE webhooks SET failing_since = failing_since - ?1 WHERE failing_since IS NOT NULL";
    assert_eq!(log.execute(sql, [two_days]).unwrap(), 1);
    drop(log);
    let mut daemon = builder.start();
    let mut client = daemon.client(&key).await;
    send(&mut client).await;
    given_up(&mut client, &path, 2).await;
    let shown = client.get(&path).await.unwrap().json();
    assert_eq!((&shown["is_active"], &shown["disabled_reason"]), (&json!(true), &Value::Null), "0 is never");

    let changed = reload(&mut daemon, &days(1));
    assert!(changed.contains("webhooks.disable_after_days=1"), "{changed}");
    send(&mut client).await;
    given_up(&mut client, &path, 3).await;
    let shown = client.get(&path).await.unwrap().json();
    assert_eq!((&shown["is_active"], &shown["disabled_reason"]), (&json!(false), &json!("failing")));
}
