//! What an operator forces by hand outlives the daemon: it is killed, started again on the same files, and still obeys.

use notify_proto::Status;
use notify_tests::control::Control;
use notify_tests::daemon::Builder;
use notify_tests::pump::message;
use notify_tests::record;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_outlives_a_kill_and_is_resumed() {
    let builder = Builder::new();
    let record = builder.dir().join("calls");
    let mut daemon = builder.start();
    let key = daemon.service("acme");
    daemon.mock("relay", &json!({"record_file": record}), &[]);
    let pause = ["queue", "pause", "relay", "--for", "1h", "--yes", "--reason", "carrier maintenance"];
    let made = daemon.ctl().json(&pause)["hold"].clone();
    let mut client = daemon.client(&key).await;
    let id = client.post("/api/v1/sms", &message()).await.unwrap().id();
    let health = client.get("/health").await.unwrap().json();
    assert_eq!(health["status"], "degraded");
    assert_eq!(health["services"]["providers"]["relay"], "paused");
    // What waits is held, in words an operator can read; its line says why.
    let held =
        |line: &Value| line["notification_id"] == id.as_str() && line["event"] == "notification_postponed";
    assert_eq!(daemon.wait_for_log(held)["reason"], "paused");

    let mut daemon = daemon.kill().start();
    assert_eq!(daemon.ctl().json(&["queue", "hold", "list"])["items"], json!([made]));
    let queue = daemon.ctl().json(&["queue", "show", "relay"])["queue"].clone();
    assert_eq!(queue["state"], "paused");
    assert_eq!(queue["holds"][0]["reason"], "carrier maintenance");
    // Once it is held by the new run, nothing was sent in between.
    assert_eq!(daemon.wait_for_log(held)["reason"], "paused");
    assert!(record::calls(&record).is_empty(), "it was not called");
    let scraped = daemon.client(&key).await.get("/metrics").await.unwrap().body;
    let scraped = String::from_utf8_lossy(&scraped);
    assert!(scraped.contains("notifyd_provider_held{hold=\"pause\",provider=\"relay\"} 1"), "{scraped}");

    daemon.ctl().ok(&["queue", "resume", "relay", "--reason", "carrier is back"]);
    let control = Control::connect(&daemon.builder().socket()).await.unwrap();
    let detail = control.settled(&id).await.unwrap();
    assert_eq!(detail.notification.status.known(), Some(Status::Delivered));
    assert_eq!((detail.notification.retry_count, detail.attempts.len()), (0, 1), "{detail:#?}");
    assert_eq!(record::calls(&record).get(&id), Some(&1));
    assert_eq!(daemon.ctl().run(&["queue", "resume", "relay"]).code, 5, "it runs");
    assert_eq!(daemon.ctl().run(&["queue", "pause", "nobody", "--yes"]).code, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drain_is_waited_for() {
    let builder = Builder::new();
    let daemon = builder.start();
    let key = daemon.service("acme");
    let mut calls = record::Pipe::new(builder.dir());
    daemon.mock("hangs", &json!({"hang": true, "record_file": calls.path()}), &[]);
    let mut client = daemon.client(&key).await;
    let id = client.post("/api/v1/sms", &message()).await.unwrap().id();
    assert_eq!(calls.call(), id);
    let drain = ["queue", "drain", "hangs", "--yes", "--wait", "--timeout", "1s"];
    let ran = daemon.ctl().run(&drain);
    assert_eq!(ran.code, 8, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("1 call of hangs is still under way"), "{}", ran.stderr);
    assert_eq!(daemon.ctl().json(&["queue", "show", "hangs"])["queue"]["state"], "draining");
    daemon.mock("idle", &json!({}), &[]);
    daemon.ctl().ok(&["queue", "drain", "idle", "--yes", "--wait"]);
}
