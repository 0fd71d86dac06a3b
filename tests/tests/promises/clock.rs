//! R21 on the real program: the wall clock is set forward and back by hours while it works.
//!
//! libfaketime stands between the daemon and the wall clock; the monotonic one is left alone, as when a person or a time
//! server sets the clock of a machine. What must hold in every order of things is simulated in the engine's tests.

use notify_proto::Status;
use notify_tests::control::Control;
use notify_tests::daemon::{Builder, Daemon};
use notify_tests::http::Client;
use notify_tests::pump::Pump;
use notify_tests::record;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Where distributions keep the library (Debian: package libfaketime); the first is for programs with threads.
fn library() -> Option<PathBuf> {
    let arch = std::env::consts::ARCH;
    let places = [
        format!("/usr/lib/{arch}-linux-gnu/faketime"),
        "/usr/lib64/faketime".to_owned(),
        "/usr/lib/faketime".to_owned(),
        "/usr/local/lib/faketime".to_owned(),
    ];
    let names = ["libfaketimeMT.so.1", "libfaketime.so.1"];
    places
        .iter()
        .flat_map(|place| names.map(|name| Path::new(place).join(name)))
        .find(|library| library.exists())
}

/// A daemon's wall clock, so many hours ahead of the machine's.
struct Clock(PathBuf);

impl Clock {
    /// A daemon in a directory of its own with a clock of its own; none when this machine has no libfaketime.
    fn daemon(config: &str) -> Option<(Self, Builder)> {
        let Some(library) = library() else {
            println!("skipped: libfaketime is not installed (Debian: apt-get install libfaketime)");
            return None;
        };
        let builder = Builder::new().config(config);
        let clock = Self(builder.dir().join("clock"));
        clock.set(0);
        let builder = builder
            .env("LD_PRELOAD", library.to_str().unwrap())
            .env("FAKETIME_TIMESTAMP_FILE", clock.0.to_str().unwrap())
            .env("FAKETIME_NO_CACHE", "1")
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            .env("DONT_FAKE_MONOTONIC", "1");
        Some((clock, builder))
    }

    /// Somebody sets it.
    fn set(&self, hours: i32) {
        let new = self.0.with_extension("new");
        std::fs::write(&new, format!("{hours:+}h\n")).unwrap();
        std::fs::rename(new, &self.0).unwrap();
    }
}

/// Says that it noticed: every retry has been moved along.
fn noticed(daemon: &mut Daemon) {
    daemon.wait_for_log(|line| line["event"] == "clock_set");
}

async fn status(client: &mut Client, id: &str) -> Value {
    let answer = client.get(&format!("/api/v1/notifications/{id}")).await.unwrap();
    answer.json()["notification"]["status"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_goes_on_whatever_the_clock_says() {
    // Every first call fails, which is no reason to give the provider a rest.
    let config = "[breaker]\nconsecutive = 1000\nmin_calls = 1000\nfailure_rate = 1.0\n";
    let Some((clock, builder)) = Clock::daemon(config) else { return };
    let record = builder.dir().join("calls");
    let mut daemon = builder.start();
    let key = daemon.service("acme");
    daemon.mock("fails-first", &json!({"fail_times": 1, "record_file": record}), &[]);
    let control = Control::connect(&builder.socket()).await.unwrap();
    let mut client = daemon.client(&key).await;
    let mut acked = Vec::new();
    for hours in [5, -7, 0, 12, -12] {
        let mut retried = Vec::new();
        for _ in 0..20 {
            let mut message = notify_tests::pump::message();
            message["retry"] = json!({"delays": [1, 1, 1]});
            retried.push(client.post("/api/v1/sms", &message).await.unwrap().id());
        }
        let mut message = notify_tests::pump::message();
        message["retry"] = json!({"delays": [3_600]});
        let patient = client.post("/api/v1/sms", &message).await.unwrap().id();
        let mut pump = Pump::start(daemon.listen(), &key, 4);
        pump.reached(50).await;
        clock.set(hours);
        noticed(&mut daemon);
        pump.reached(150).await;
        // No stall: what waits for a second does not wait for hours, or this would end the case.
        retried.extend(pump.end().await);
        for id in &retried {
            control.settled(id).await.unwrap();
        }
        // No burst: what waits for an hour goes on waiting for about as long.
        assert_eq!(status(&mut client, &patient).await, "retrying", "set to {hours} h");
        acked.extend(retried);
    }
    let calls = record::calls(&record);
    for id in &acked {
        let detail = control.settled(id).await.unwrap();
        assert_eq!(detail.notification.status.known(), Some(Status::Delivered), "{detail:#?}");
        assert!(!detail.notification.possible_duplicate, "{detail:#?}");
        assert_eq!(calls.get(id), Some(&2), "one failure and one delivery: {detail:#?}");
    }
    // Every look at the list says the order of acceptance, though the times jump.
    let all = daemon.ctl().ok(&["notification", "list", "--all", "--output", "id"]);
    assert_eq!(all.lines().count(), acked.len() + 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_asked_for_by_the_clock_goes_by_the_clock() {
    let Some((clock, builder)) = Clock::daemon("") else { return };
    let daemon = builder.start();
    let key = daemon.service("acme");
    daemon.mock("only", &json!({}), &[]);
    let control = Control::connect(&builder.socket()).await.unwrap();
    let mut client = daemon.client(&key).await;
    let made = daemon.ctl().json(&["service", "key", "create", "acme", "--expires", "1h"]);
    let mut guest = daemon.client(made["api_key"].as_str().unwrap()).await;
    let mut message = notify_tests::pump::message();
    message["message"] = json!("now");
    let first = client.post("/api/v1/sms", &message).await.unwrap();
    let now = control.settled(&first.id()).await.unwrap().notification.created_at;
    let later = now + chrono::TimeDelta::hours(2);
    let mut planned = notify_tests::pump::message();
    planned["scheduled_at"] = json!(later);
    let planned = client.post("/api/v1/sms", &planned).await.unwrap().id();
    // Back: a key that works goes on working, an equal request is still a duplicate, what is planned waits.
    clock.set(-3);
    assert_eq!(guest.get("/api/v1/notifications").await.unwrap().status, 200);
    assert_eq!(client.post("/api/v1/sms", &message).await.unwrap().id(), first.id());
    assert_eq!(status(&mut client, &planned).await, "pending");
    // Forward: the key is over, the window is over, and what is planned is sent.
    clock.set(3);
    assert_eq!(guest.get("/api/v1/notifications").await.unwrap().status, 401);
    assert_ne!(client.post("/api/v1/sms", &message).await.unwrap().id(), first.id());
    let sent = control.settled(&planned).await.unwrap();
    assert!(sent.attempts[0].attempted_at >= later, "{sent:#?}");
    // And back again: a key is as good as the clock says.
    clock.set(0);
    assert_eq!(guest.get("/api/v1/notifications").await.unwrap().status, 200);
}
