//! A process that was stopped for a while finds all its timers due at once.

use crate::sim::World;
use notify_proto::Status;
use notifyd_engine::Options;
use serde_json::json;
use std::time::Duration;

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn an_answer_that_is_there_counts_however_late_it_is_looked_at() {
    let mut world = World::new(0);
    world.provider(|it| {
        it.config = json!({"latency_ms": {"min": 100, "max": 4_900}});
        it.max_in_flight = 100;
    });
    let ids: Vec<_> = (0..100).map(|_| world.send("acme", &json!({}))).collect();
    let handle = world.start(Options { attempt_timeout: Duration::from_secs(5), ..Options::default() });
    while handle.in_flight() < 100 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    // The answers came, the time limits passed, and nobody looked at either.
    tokio::time::advance(Duration::from_secs(3_600)).await;
    world.settled(Duration::from_secs(60)).await;
    for id in ids {
        let detail = world.detail(id);
        assert_eq!(detail.notification.status.known(), Some(Status::Delivered));
        assert!(detail.attempts.len() == 1 && !detail.notification.possible_duplicate, "{detail:#?}");
    }
    world.stop().await;
}
