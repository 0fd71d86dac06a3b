//! What a run of the daemon leaves when it dies, the next one takes up.

use crate::house::{Calls, House, open, provider, send_as, tries};
use notifyd_engine::Options;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_dead_run_left_is_sent_again_and_not_for_ever() {
    let mut house = House::new();
    let mut calls = Calls::new(&house.dir);
    house.provider("hangs", 1, json!({"hang": true, "record_file": calls.path()})).await;
    let id = house.send(json!({})).await;
    for _ in 0..3 {
        assert_eq!(calls.next().await, id);
        // The call is abandoned, as by a death: the log has an attempt without an outcome.
        house.handle.set_drain_timeout(Duration::ZERO);
        let dir = house.end().await;
        let store = open(dir.path());
        house = House::on(dir, store, Options::default());
    }
    let detail = house.finished(id).await;
    assert_eq!(detail.notification.failure_reason.as_ref().unwrap().to_string(), "crash_loop");
    assert!(detail.notification.possible_duplicate);
    let doubtful = ("hangs".to_owned(), "in_doubt".to_owned());
    assert_eq!(tries(&detail), vec![doubtful; 3]);
    house.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_queued_before_the_start_is_delivered() {
    let dir = Arc::new(tempfile::tempdir().unwrap());
    let store = open(dir.path());
    provider(store.as_ref(), "only", 1, json!({})).await;
    let mut queued = Vec::new();
    for _ in 0..50 {
        queued.push(send_as(&store, "acme", &json!({})).await);
    }
    let house = House::on(dir, store, Options::default());
    for id in queued {
        assert_eq!(house.finished(id).await.attempts.len(), 1);
    }
    house.end().await;
}
