//! R10: a revoke that was answered 200 is never sent; one that was answered 409 came too late.

use hyper::Method;
use notify_tests::control::Control;
use notify_tests::daemon::Daemon;
use notify_tests::pump::Pump;
use notify_tests::record;
use serde_json::json;
use std::collections::HashMap;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_revoked_is_never_sent() {
    let daemon = Daemon::start();
    let record = daemon.builder().dir().join("calls");
    let key = daemon.service("acme");
    // Slow and narrow, so that work queues up before it.
    let slow = json!({"latency_ms": 10, "record_file": record});
    daemon.mock("slow", &slow, &["--max-in-flight", "8"]);
    let mut pump = Pump::start(daemon.listen(), &key, 8);
    pump.reached(600).await;
    let ids = pump.end().await;
    // From both ends at once: the newest still wait, the oldest are being sent while they are asked for.
    let half = ids.len() / 2;
    let (old, new) = ids.split_at(half);
    let old = revoke(&daemon, &key, old.to_vec());
    let new = revoke(&daemon, &key, new.iter().rev().cloned().collect());
    let (old, new) = tokio::join!(old, new);
    let control = Control::connect(&daemon.builder().socket()).await.unwrap();
    for id in &ids {
        control.settled(id).await.unwrap();
    }
    let calls = record::calls(&record);
    let (mut revoked, mut refused) = (0, 0);
    for (id, status) in old.into_iter().chain(new) {
        let called = calls.get(&id).copied().unwrap_or_default();
        let ended = control.settled(&id).await.unwrap().notification.status.to_string();
        match status {
            200 => {
                revoked += 1;
                assert_eq!((called, ended.as_str()), (0, "cancelled"), "{id} was revoked");
            }
            409 => {
                refused += 1;
                assert_eq!((called, ended.as_str()), (1, "delivered"), "{id} was refused");
            }
            other => panic!("{id}: {other}"),
        }
    }
    assert!(revoked > 0 && refused > 0, "{revoked} revoked, {refused} refused: the case proves nothing");
}

/// Asks for each; what was answered.
async fn revoke(daemon: &Daemon, key: &str, ids: Vec<String>) -> HashMap<String, u16> {
    let mut client = daemon.client(key).await;
    let mut answers = HashMap::new();
    for id in ids {
        let path = format!("/api/v1/notifications/{id}/revoke");
        let answer = client.request(Method::POST, &path, &[], "").await.unwrap();
        answers.insert(id, answer.status.as_u16());
    }
    answers
}
