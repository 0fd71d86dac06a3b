//! R3 and R4: the process dies at every step of one notification. Whatever step it was, the notification is not lost, not
//! stuck, and called twice only when it says so. A notification that kills three runs in a row is held for an operator.

use hyper::Method;
use notify_proto::view::NotificationDetail;
use notify_proto::{FailureReason, Status};
use notify_tests::control::Control;
use notify_tests::daemon::{Builder, Daemon};
use notify_tests::pump::message;
use notify_tests::record;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// What a death at one step leaves behind.
struct Death {
    at: &'static str,
    /// Notifications in the log then.
    kept: u64,
    /// Calls of the provider before the death, and in all.
    calls: (u32, u32),
    /// How the attempts read in the end.
    attempts: &'static [&'static str],
    /// Whether it may have arrived twice.
    flagged: bool,
}

const fn death(at: &'static str, kept: u64, calls: (u32, u32), attempts: &'static [&'static str]) -> Death {
    // An attempt in doubt that is made again may be a second arrival.
    Death { at, kept, calls, attempts, flagged: attempts.len() > 1 }
}

const DEATHS: [Death; 10] = [
    death("intake.received", 0, (0, 1), &["delivered"]),
    death("accept.written", 0, (0, 1), &["delivered"]),
    death("accept.committed", 1, (0, 1), &["delivered"]),
    death("intake.answering", 1, (0, 1), &["delivered"]),
    death("claim.written", 1, (0, 1), &["delivered"]),
    death("claim.committed", 1, (0, 1), &["in_doubt", "delivered"]),
    death("call.begins", 1, (0, 1), &["in_doubt", "delivered"]),
    death("call.answered", 1, (1, 2), &["in_doubt", "delivered"]),
    death("record.written", 1, (1, 2), &["in_doubt", "delivered"]),
    death("record.committed", 1, (1, 1), &["delivered"]),
];

/// A daemon with a service and a mock provider that writes its calls down, stopped again.
struct House {
    builder: Builder,
    key: String,
    record: PathBuf,
}

impl House {
    fn new() -> Self {
        let builder = Builder::new();
        let record = builder.dir().join("calls");
        let daemon = builder.start();
        let key = daemon.service("acme");
        daemon.mock("mock", &json!({"record_file": record}), &[]);
        Self { builder: daemon.kill(), key, record }
    }

    fn armed(&self, at: &str) -> Builder {
        self.builder.clone().env("NOTIFYD_FAIL_POINT", at)
    }

    fn calls(&self) -> u32 {
        record::calls(&self.record).values().sum()
    }

    /// As a careful application does: with a key, so that it may ask again.
    async fn post(&self, daemon: &Daemon, body: &Value) -> Option<String> {
        let mut client = daemon.client(&self.key).await;
        let headers = [("idempotency-key", "one")];
        let answer = client.request(Method::POST, "/api/v1/sms", &headers, body.to_string()).await.ok()?;
        assert_eq!(answer.status, 202, "{:?}", answer.body);
        Some(answer.id())
    }
}

fn killed(mut daemon: Daemon, at: &str) {
    let status = daemon.wait();
    assert_eq!(status.code(), None, "{at}: it was to be killed, but {status}: {}", daemon.log());
}

async fn kept(socket: &Path) -> u64 {
    let status = Control::connect(socket).await.unwrap().status().await.unwrap();
    status.by_status.values().sum()
}

async fn story(daemon: &Daemon, id: &str) -> NotificationDetail {
    Control::connect(&daemon.builder().socket()).await.unwrap().settled(id).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_death_at_any_step_loses_nothing() {
    for death in DEATHS {
        let at = death.at;
        let house = House::new();
        let body = message();
        let daemon = house.armed(at).start();
        let acked = house.post(&daemon, &body).await;
        killed(daemon, at);
        if at != "intake.answering" {
            assert_eq!(house.calls(), death.calls.0, "{at}: calls before the death");
        }
        let mut stopped = house.builder.clone();
        if death.kept == 0 {
            assert_eq!(acked, None, "{at}: acknowledged before it was kept");
        } else {
            // Died on the way up as well, before anything that was left is written down.
            stopped = recover_into_death(&house, &death, stopped);
        }
        let daemon = stopped.start();
        assert_eq!(kept(&stopped.socket()).await, death.kept, "{at}: kept");
        let id = house.post(&daemon, &body).await.unwrap();
        assert!(acked.is_none_or(|acked| acked == id), "{at}: another answer for the same key");
        assert_eq!(kept(&stopped.socket()).await, 1, "{at}: one request, one notification");
        let detail = story(&daemon, &id).await;
        let it = &detail.notification;
        assert_eq!(it.status.known(), Some(Status::Delivered), "{at}: {detail:#?}");
        let attempts: Vec<_> = detail.attempts.iter().map(|attempt| attempt.status.to_string()).collect();
        if at == "intake.answering" {
            // The engine works beside the answer, and may have come to any of its own steps by then.
            assert_eq!(it.possible_duplicate, attempts.len() > 1, "{at}: {attempts:?}");
            continue;
        }
        assert_eq!(attempts, death.attempts, "{at}");
        assert_eq!(it.possible_duplicate, death.flagged, "{at}");
        assert_eq!(house.calls(), death.calls.1, "{at}: calls in all");
    }
}

/// When an attempt was left open, the next start writes it off first: it dies while doing so, and nothing changes.
fn recover_into_death(house: &House, death: &Death, stopped: Builder) -> Builder {
    if death.flagged {
        let (code, said) = house.armed("record.written").refused();
        assert_eq!(code, None, "{}: it was to be killed while it recovers: {said}", death.at);
    }
    stopped
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_kills_three_runs_in_a_row_is_held_and_the_rest_goes_on() {
    let house = House::new();
    let daemon = house.armed("call.begins").start();
    let mut client = daemon.client(&house.key).await;
    // The answer may be lost with the daemon.
    let _ = client.post("/api/v1/sms", &message()).await;
    killed(daemon, "first run");
    for run in ["second run", "third run"] {
        let (code, said) = house.armed("call.begins").refused();
        assert_eq!(code, None, "{run}: {said}");
    }
    let mut daemon = house.builder.start();
    daemon.wait_for_log(|line| line["reason"] == "crash_loop");
    let id = daemon.ctl().ok(&["notification", "list", "--all", "--output", "id"]).trim().to_owned();
    let held = story(&daemon, &id).await;
    assert_eq!(
        held.notification.failure_reason.clone().and_then(|it| it.known()),
        Some(FailureReason::CrashLoop)
    );
    assert_eq!(house.calls(), 0);
    let other = daemon.client(&house.key).await.post("/api/v1/sms", &message()).await.unwrap().id();
    assert_eq!(story(&daemon, &other).await.notification.status.known(), Some(Status::Delivered));
    // It is not lost: an operator starts it again.
    daemon.ctl().ok(&["notification", "retry", &id]);
    let again = story(&daemon, &id).await;
    assert_eq!(again.notification.status.known(), Some(Status::Delivered), "{again:#?}");
    assert!(again.notification.possible_duplicate, "{again:#?}");
}

#[test]
fn a_trap_that_is_none_is_told_and_one_that_is_set_is_told_too() {
    let (code, said) = Builder::new().env("NOTIFYD_FAIL_POINT", "nowhere").refused();
    assert_eq!(code, Some(78), "{said}");
    assert!(said.contains("call.begins"), "{said}");
    let mut daemon = Builder::new().env("NOTIFYD_FAIL_POINT", "call.begins").start();
    assert!(daemon.log().contains("a fail point is armed"), "{}", daemon.log());
}
