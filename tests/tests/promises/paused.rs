//! The daemon is stopped (SIGSTOP) under load, for longer than its time limits, and continued. It finds all its timers
//! due at once, and the answers that came meanwhile.

use hyper::Method;
use notify_tests::control::Control;
use notify_tests::daemon::{Builder, Daemon};
use notify_tests::http::Answer;
use notify_tests::pump::{Pump, message};
use notify_tests::record;
use rustix::process::{Pid, Signal, WaitOptions, waitpid};
use serde_json::json;
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// The least that can be configured; the pauses are longer.
const LIMITS: &str = "[delivery]\nattempt_timeout_seconds = 1\n[intake]\nheader_timeout_seconds = 1\n\
                      body_timeout_seconds = 1\nwrite_timeout_seconds = 1\n";

/// Stops it; all of its threads stand still when this returns.
fn stop(daemon: &Daemon) {
    daemon.signal(Signal::STOP);
    let pid = i32::try_from(daemon.pid()).ok().and_then(Pid::from_raw);
    let (_, status) = waitpid(pid, WaitOptions::UNTRACED).unwrap().unwrap();
    assert!(status.stopped(), "{status:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_loses_nothing_and_doubles_nothing() {
    let builder = Builder::new().config(LIMITS);
    let record = builder.dir().join("calls");
    let mut daemon = builder.start();
    let key = daemon.service("acme");
    // Shorter than the limit: every call is answered, were it not for the pause.
    let slow = json!({"latency_ms": {"min": 20, "max": 800}, "record_file": record});
    daemon.mock("slow", &slow, &["--max-in-flight", "128"]);
    let control = Control::connect(&builder.socket()).await.unwrap();
    let mut acked = Vec::new();
    let mut repeated = Vec::new();
    for pause in 0..3 {
        let mut pump = Pump::start(daemon.listen(), &key, 8);
        pump.reached(150).await;
        stop(&daemon);
        // An application asks and gives up waiting: it does not know whether it was heard.
        let order = format!("order-{pause}");
        let body = message();
        let mut client = daemon.client(&key).await;
        let headers = [("Idempotency-Key", order.as_str())];
        let asked = client.request(Method::POST, "/api/v1/sms", &headers, body.to_string());
        assert!(tokio::time::timeout(Duration::from_millis(200), asked).await.is_err(), "it is stopped");
        // The kernel still takes connections; only an answer is a sign of life. Its wait outlasts every limit.
        UnixStream::connect(builder.socket()).unwrap();
        let ctl = daemon.ctl();
        let ran = tokio::task::spawn_blocking(move || ctl.run(&["--timeout", "2s", "status"])).await.unwrap();
        assert_eq!(ran.code, 75, "{}{}", ran.stdout, ran.stderr);
        daemon.signal(Signal::CONT);
        let mut answers: Vec<Answer> = Vec::new();
        for _ in 0..2 {
            let mut client = daemon.client(&key).await;
            let answer = client.request(Method::POST, "/api/v1/sms", &headers, body.to_string()).await;
            answers.push(answer.unwrap());
        }
        assert!(answers.iter().all(|answer| answer.status == 202), "{answers:?}");
        assert_eq!(answers[0].id(), answers[1].id());
        assert_eq!(answers[1].headers["idempotency-replayed"], "true");
        repeated.push(answers[0].id());
        // Whoever held a connection and was silent for too long finds it closed, and what was acknowledged is there.
        let mut again = Pump::start(daemon.listen(), &key, 8);
        again.reached(50).await;
        acked.extend(again.end().await);
        acked.extend(pump.end().await);
    }
    assert!(acked.len() >= 600, "{}", acked.len());
    acked.extend(repeated);
    for id in &acked {
        let detail = control.settled(id).await.unwrap();
        assert!(!detail.notification.possible_duplicate, "{detail:#?}");
        assert_eq!(detail.attempts.len(), 1, "{detail:#?}");
    }
    let calls = record::calls(&record);
    for id in &acked {
        assert_eq!(calls.get(id), Some(&1), "{id}");
    }
    let log = daemon.log();
    assert!(!log.contains("provider_circuit_open"), "the pause is not the provider's fault: {log}");
    assert!(!log.contains("clock_set"), "nobody set the clock: {log}");
    daemon.ctl().ok(&["status"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_that_are_not_answered_in_time_are_flagged_after_a_pause() {
    let builder = Builder::new().config(LIMITS);
    let daemon = builder.start();
    let key = daemon.service("acme");
    let mut calls = record::Pipe::new(builder.dir());
    daemon.mock("hangs", &json!({"hang": true, "record_file": calls.path()}), &[]);
    let control = Control::connect(&builder.socket()).await.unwrap();
    let mut client = daemon.client(&key).await;
    let mut body = message();
    body["retry"] = json!({"delays": [0]});
    let id = client.post("/api/v1/sms", &body).await.unwrap().id();
    assert_eq!(calls.call(), id);
    stop(&daemon);
    let ctl = daemon.ctl();
    let ran = tokio::task::spawn_blocking(move || ctl.run(&["--timeout", "2s", "status"])).await.unwrap();
    assert_eq!(ran.code, 75, "{}{}", ran.stdout, ran.stderr);
    daemon.signal(Signal::CONT);
    assert_eq!(calls.call(), id, "it is sent again, as nobody knows");
    let detail = control.settled(&id).await.unwrap();
    assert!(detail.notification.possible_duplicate, "{detail:#?}");
    let in_doubt = detail.attempts.iter().filter(|attempt| attempt.status.to_string() == "in_doubt").count();
    assert_eq!((detail.attempts.len(), in_doubt), (2, 2), "{detail:#?}");
}
