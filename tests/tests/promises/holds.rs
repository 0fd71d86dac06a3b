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
    // Once one that came later is held by the new run, so is this one, and nothing was sent in between.
    let later = daemon.client(&key).await.post("/api/v1/sms", &message()).await.unwrap().id();
    let held =
        |line: &Value| line["notification_id"] == later.as_str() && line["event"] == "notification_postponed";
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_switch_for_a_time_outlives_a_kill_and_ends_by_itself() {
    let builder = Builder::new();
    let daemon = builder.start();
    let key = daemon.service("acme");
    daemon.mock("relay", &json!({}), &["--priority", "1"]);
    daemon.mock("spare", &json!({}), &["--priority", "2"]);
    let off = ["provider", "disable", "relay", "--for", "1h", "--reason", "vendor restarts"];
    let made = daemon.ctl().json(&off)["provider"].clone();
    assert_eq!((&made["active"], &made["holds"][0]["kind"]), (&json!(false), &json!("disabled")));
    let hold = made["holds"][0].clone();

    let daemon = daemon.kill().start();
    let ctl = daemon.ctl();
    assert_eq!(ctl.json(&["queue", "hold", "list"])["items"], json!([hold]));
    let shown = ctl.ok(&["provider", "show", "relay"]);
    let (reason, until) = ("vendor restarts", hold["until"].as_str().unwrap());
    assert!(shown.contains(reason) && shown.contains(until) && shown.contains("uid"), "{shown}");
    assert!(ctl.ok(&["provider", "list"]).contains(until));
    let status = ctl.json(&["status"]);
    let told = |concern: &Value| {
        concern.as_str().is_some_and(|it| it.contains("relay is disabled until") && it.contains(reason))
    };
    assert!(status["status"]["concerns"].as_array().unwrap().iter().any(told), "{status}");
    let mut client = daemon.client(&key).await;
    assert_eq!(client.get("/health").await.unwrap().json()["services"]["providers"]["relay"], "disabled");
    let pinned = json!({"to": "+15005550006", "message": "hi", "provider_id": "relay"});
    assert_eq!(client.post("/api/v1/sms", &pinned).await.unwrap().status, 422);
    let control = Control::connect(&daemon.builder().socket()).await.unwrap();
    let sent = client.post("/api/v1/sms", &message()).await.unwrap().id();
    let detail = control.settled(&sent).await.unwrap();
    assert_eq!(detail.notification.provider_name.as_deref(), Some("spare"));

    // A shorter one in its place, which is over while the daemon is dead or soon after: it is back by itself.
    ctl.ok(&["provider", "disable", "relay", "--for", "3s"]);
    let mut daemon = daemon.kill().start();
    daemon.wait_for_log(|line| line["event"] == "hold_ended" && line["kind"] == "disabled");
    let shown = daemon.ctl().json(&["provider", "show", "relay"])["provider"].clone();
    assert_eq!((&shown["active"], &shown["holds"]), (&json!(true), &json!([])));
    let control = Control::connect(&daemon.builder().socket()).await.unwrap();
    let mut client = daemon.client(&key).await;
    let sent = client.post("/api/v1/sms", &pinned).await.unwrap().id();
    let detail = control.settled(&sent).await.unwrap();
    assert_eq!(detail.notification.provider_name.as_deref(), Some("relay"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_that_waits_has_its_place_in_the_shape() {
    let builder = Builder::new();
    let daemon = builder.start();
    let key = daemon.service("acme");
    daemon.mock("relay", &json!({}), &[]);
    let ctl = daemon.ctl();
    ctl.ok(&["queue", "pause", "relay", "--no-end", "--yes"]);
    let mut client = daemon.client(&key).await;
    for _ in 0..5 {
        client.post("/api/v1/sms", &message()).await.unwrap().id();
    }
    let to = ["--service", "acme", "--channel", "sms", "--to", "+15005550006"];
    ctl.ok(&[&["notification", "send"], &to[..], &["--body", "later", "--at", "2h"]].concat());
    let shape = ctl.json(&["queue", "shape"])["shape"].clone();
    assert_eq!(
        (&shape["total"]["total"], &shape["rows"][0]["name"]),
        (&json!(5), &json!("relay")),
        "{shape}"
    );
    let of_one = ctl.json(&["queue", "shape", "relay"])["shape"].clone();
    assert_eq!(
        (&of_one["total"]["total"], &of_one["rows"][0]["name"]),
        (&json!(5), &json!("acme")),
        "{of_one}"
    );
    let queue = ctl.json(&["queue", "show", "relay"])["queue"].clone();
    assert_eq!((&queue["empty_in_ms"], &queue["never_empty"]), (&Value::Null, &json!("paused")), "{queue}");
    assert_eq!(queue["waiting"].as_u64().unwrap() + queue["on_disk"].as_u64().unwrap(), 5, "{queue}");
    let scheduled = ctl.json(&["queue", "shape", "scheduled"])["shape"]["total"].clone();
    assert_eq!(scheduled["counts"], json!([0, 0, 0, 0, 0, 0, 1]), "{scheduled}");
    let mut table = ctl.ok(&["queue", "shape"]);
    table.truncate(table.find('\n').unwrap());
    assert!(
        table.starts_with("QUEUE queued  as of ") && table.ends_with("<1s  10s  1m  5m  15m  1h  1h+  TOTAL"),
        "{table}"
    );
    ctl.ok(&["queue", "resume", "relay"]);
}

#[tokio::test]
async fn what_was_accepted_for_later_waits_on_while_its_queue_is_paused_also_over_a_kill() {
    let builder = Builder::new();
    let daemon = builder.start();
    daemon.service("acme");
    daemon.mock("relay", &json!({}), &[]);
    let ctl = daemon.ctl();
    let paused = ctl.json(&["queue", "pause", "scheduled", "--for", "10m", "--reason", "carrier", "--yes"]);
    assert_eq!(
        (&paused["hold"]["queue"], &paused["hold"]["provider_id"]),
        (&json!("scheduled"), &Value::Null)
    );
    let to = ["--service", "acme", "--channel", "sms", "--to", "+15005550006", "--body", "later"];
    let sent = ctl.json(&[&["notification", "send"], &to[..], &["--at", "1s"]].concat());
    let id = sent["notification"]["id"].as_str().unwrap().to_owned();
    // Its time comes, and it stays.
    while ctl.json(&["queue", "show", "scheduled"])["queue"]["waiting"] != 1 {
        assert_eq!(ctl.json(&["notification", "show", &id])["notification"]["status"], "pending");
    }
    let daemon = daemon.kill().start();
    let ctl = daemon.ctl();
    let queue = ctl.json(&["queue", "show", "scheduled"])["queue"].clone();
    assert_eq!(
        (&queue["state"], &queue["later"], &queue["waiting"]),
        (&json!("paused"), &json!(1), &json!(1))
    );
    let told = ctl.ok(&["notification", "explain", &id]);
    assert!(told.contains("the queue scheduled is paused until ") && told.contains("carrier"), "{told}");
    ctl.ok(&["queue", "resume", "scheduled"]);
    ctl.ok(&["notification", "wait", &id, "--for", "delivered", "--timeout", "60s"]);
}
