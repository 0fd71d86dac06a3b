//! Who throttles is left alone, and an operator sees it wherever it is looked for: for how long, and what was learned.

use notify_proto::Timestamp;
use notify_tests::daemon::Builder;
use notify_tests::pump::message;
use serde_json::{Value, json};

/// Whether it is the same moment, up to how it is read off two clocks.
fn same(one: &str, other: &str) -> bool {
    let [one, other]: [Timestamp; 2] = [one, other].map(|at| at.parse().unwrap());
    (one - other).num_milliseconds().abs() < 1_000
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_asked_to_be_left_alone_says_so_everywhere() {
    let builder = Builder::new();
    let mut daemon = builder.start();
    let key = daemon.service("acme");
    daemon.mock(
        "limited",
        &json!({"outcome": "rate_limited", "retry_after_seconds": 3_600}),
        &["--rate", "50/s"],
    );
    daemon.mock("broken", &json!({"outcome": "provider_config"}), &["--priority", "1"]);
    let mut client = daemon.client(&key).await;
    let id = client.post("/api/v1/sms", &message()).await.unwrap().id();
    let held =
        |line: &Value| line["notification_id"] == id.as_str() && line["event"] == "notification_postponed";
    daemon.wait_for_log(|line| held(line) && line["reason"] == "rate_limited");

    let ctl = daemon.ctl();
    let queue = ctl.json(&["queue", "show", "limited"])["queue"].clone();
    assert_eq!((&queue["state"], queue["opens_at"].is_string()), (&json!("throttled"), true), "{queue}");
    let shown = ctl.json(&["provider", "show", "limited"])["provider"].clone();
    assert_eq!((&shown["circuit"], &shown["learned_rate"]), (&json!("closed"), &json!(25.0)), "{shown}");
    let until = shown["throttled_until"].as_str().unwrap();
    let table = ctl.ok(&["provider", "show", "limited"]);
    let row = |name: &str| table.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim();
    assert!(same(row("throttled_until"), until) && row("learned_rate") == "25/s", "{table}");
    let status = ctl.json(&["status"])["status"].clone();
    let told = |concern: &Value| {
        concern.as_str().is_some_and(|it| it.contains("limited asked to be left alone until 20"))
    };
    assert!(status["concerns"].as_array().unwrap().iter().any(told), "{status}");
    let route = ctl.json(&["provider", "route", "--channel", "sms"]);
    let step = |name: &str| {
        let steps = route["items"].as_array().unwrap().clone();
        steps.into_iter().find(|it| it["provider"] == name).unwrap()
    };
    assert_eq!(step("limited")["state"], "rate_limited", "{route}");
    assert!(same(step("limited")["until"].as_str().unwrap(), until), "{route}");

    let circuits = ctl.json(&["provider", "circuit", "show", "broken"])["items"][0].clone();
    assert_eq!((&circuits["circuit"], circuits["until"].is_string()), (&json!("open"), true), "{circuits}");
    let until = circuits["until"].as_str().unwrap();
    assert!(same(step("broken")["until"].as_str().unwrap(), until), "{route} {circuits}");
    let broken = ctl.json(&["queue", "show", "broken"])["queue"].clone();
    assert_eq!(
        (&broken["state"], broken["opens_at"].is_string()),
        (&json!("circuit_open"), true),
        "{broken}"
    );
    let scraped = client.get("/metrics").await.unwrap().body;
    let scraped = String::from_utf8_lossy(&scraped);
    for line in [
        "notifyd_provider_throttled{provider=\"limited\"} 1",
        "notifyd_provider_rate{provider=\"limited\"} 25",
    ] {
        assert!(scraped.contains(line), "{line}: {scraped}");
    }
}
