//! R1: the daemon is killed at random moments under load and started again on the same files. Whatever was acknowledged
//! comes to its end, and is never called more often than its story says.

use notify_proto::view::NotificationDetail;
use notify_proto::{FailureReason, Status};
use notify_tests::control::Control;
use notify_tests::daemon::Builder;
use notify_tests::pump::Pump;
use notify_tests::record;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::json;
use std::collections::HashSet;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_in_five_kills() {
    killed(5, 1..400, 0).await;
}

/// A hundred kills and at least 50,000 acknowledgements.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes"]
async fn nothing_acknowledged_is_lost_in_a_hundred_kills() {
    killed(100, 300..900, 50_000).await;
}

/// Kills it `kills` times, each time after so many acknowledgements.
async fn killed(kills: u32, between: std::ops::Range<u64>, at_least: usize) {
    let seed = rand::random::<u64>();
    // Shown when the case fails: the same seed kills after the same counts.
    println!("seed {seed}");
    let mut dice = StdRng::seed_from_u64(seed);
    let mut builder = Builder::new();
    let record = builder.dir().join("calls");
    let mut daemon = builder.start();
    let key = daemon.service("acme");
    let flaky = json!({"latency_ms": {"min": 0, "max": 20}, "failure_rate": 0.2, "record_file": record});
    daemon.mock("flaky", &flaky, &["--priority", "1"]);
    daemon.mock("steady", &json!({"latency_ms": 1, "record_file": record}), &["--priority", "2"]);
    let mut acked = Vec::new();
    for kill in 0..kills {
        let mut pump = Pump::start(daemon.listen(), &key, 8);
        pump.reached(dice.random_range(between.clone())).await;
        builder = daemon.kill();
        acked.extend(pump.end().await);
        assert!(acked.len() > usize::try_from(kill).unwrap(), "nothing was acknowledged before kill {kill}");
        daemon = builder.start();
    }
    assert!(acked.len() >= at_least, "only {} were acknowledged", acked.len());
    let control = Control::connect(&builder.socket()).await.unwrap();
    let mut stories = Vec::with_capacity(acked.len());
    for id in &acked {
        stories.push(control.settled(id).await.unwrap());
    }
    let calls = record::calls(&record);
    for detail in &stories {
        told(detail, calls.get(&detail.notification.id.to_string()).copied().unwrap_or_default());
    }
    // What was written but not acknowledged, because the answer died with the daemon, comes to its end as well.
    let acked: HashSet<&str> = acked.iter().map(String::as_str).collect();
    let kept = daemon.ctl().ok(&["notification", "list", "--all", "--output", "id"]);
    let kept: HashSet<&str> = kept.lines().collect();
    assert!(kept.is_superset(&acked));
    for id in kept.difference(&acked) {
        control.settled(id).await.unwrap();
    }
}

/// Every call has its attempt, as claims are on disk before calls are made; more than one good call is flagged. What was
/// under way in three kills running, as kills may come within milliseconds here, is kept for an operator.
fn told(detail: &NotificationDetail, calls: u32) {
    let it = &detail.notification;
    let attempts = u32::try_from(detail.attempts.len()).unwrap();
    assert!(calls <= attempts, "{calls} calls, {attempts} attempts: {detail:#?}");
    if it.failure_reason == Some(FailureReason::CrashLoop.into()) {
        let killed =
            detail.attempts.iter().rev().take_while(|attempt| attempt.status.to_string() == "in_doubt");
        assert!(killed.count() >= 3 && it.possible_duplicate, "{detail:#?}");
        return;
    }
    assert_eq!(it.status.known(), Some(Status::Delivered), "{it:?}");
    assert!(calls >= 1, "{detail:#?}");
    let failed = detail.attempts.iter().filter(|attempt| attempt.status.to_string() == "failed").count();
    let good = calls - u32::try_from(failed).unwrap().min(calls);
    assert!(good <= 1 || it.possible_duplicate, "{good} calls may have arrived, unflagged: {detail:#?}");
}
