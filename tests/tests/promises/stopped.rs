//! R18: a stop under load loses nothing and doubles nothing.

use notify_tests::control::Control;
use notify_tests::daemon::Builder;
use notify_tests::pump::Pump;
use notify_tests::record;
use rustix::process::Signal;
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_under_load_loses_nothing_and_doubles_nothing() {
    let builder = Builder::new();
    let record = builder.dir().join("calls");
    let mut daemon = builder.start();
    let key = daemon.service("acme");
    let slow = json!({"latency_ms": {"min": 5, "max": 50}, "record_file": record});
    daemon.mock("slow", &slow, &["--max-in-flight", "32"]);
    let mut acked = Vec::new();
    for signal in [Signal::TERM, Signal::INT] {
        let mut pump = Pump::start(daemon.listen(), &key, 8);
        pump.reached(300).await;
        daemon.signal(signal);
        // The status is that of a clean end: within the drain timeout, or it would have been cut short with a warning.
        assert_eq!(daemon.wait().code(), Some(0), "{}", daemon.log());
        assert!(!daemon.log().contains("left in doubt"), "{}", daemon.log());
        acked.extend(pump.end().await);
        daemon = builder.start();
    }
    let control = Control::connect(&builder.socket()).await.unwrap();
    for id in &acked {
        let detail = control.settled(id).await.unwrap();
        assert!(!detail.notification.possible_duplicate, "{detail:#?}");
        assert_eq!(detail.attempts.len(), 1, "{detail:#?}");
    }
    let calls = record::calls(&record);
    for id in &acked {
        assert_eq!(calls.get(id), Some(&1), "{id}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_signal_ends_it_at_once_and_the_calls_are_in_doubt() {
    let builder = Builder::new().config("[delivery]\ndrain_timeout_seconds = 600\n");
    let mut daemon = builder.start();
    let key = daemon.service("acme");
    let mut calls = record::Pipe::new(builder.dir());
    daemon.mock("hangs", &json!({"hang": true, "record_file": calls.path()}), &[]);
    let mut client = daemon.client(&key).await;
    let answer = client.post("/api/v1/sms", &notify_tests::pump::message()).await.unwrap();
    assert_eq!(calls.call(), answer.id());
    daemon.signal(Signal::TERM);
    daemon.wait_for_log(|line| line["message"] == "stopping");
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.wait().code(), Some(0), "{}", daemon.log());
    // The next run finds the call without an end, says so, and calls again.
    let mut daemon = builder.start();
    assert_eq!(calls.call(), answer.id());
    daemon.wait_for_log(|line| line["message"].as_str().is_some_and(|it| it.contains("interrupted run")));
}
