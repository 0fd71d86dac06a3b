//! What operators look at all day: the overview, what happens, who changed what, and the check of a monitoring system.

use notify_tests::daemon::Builder;
use serde_json::{Value, json};

/// The events of one notification, each with its provider.
fn story(told: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let items = told["items"].as_array().unwrap();
    items.iter().map(|it| (text(&it["event"]), text(&it["provider"]))).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_happens_is_counted_told_and_checked() {
    // Whatever else this machine is low on.
    let daemon = Builder::new().config("[attention]\ndisk_free_mib = 0\n").start();
    let ctl = daemon.ctl();
    let check = ctl.run(&["check"]);
    assert_eq!(check.code, 2, "without a provider nothing can be sent: {}", check.stdout);
    assert!(check.stdout.starts_with("NOTIFYD CRITICAL - daemon providers: no provider is active"));

    let key = daemon.service("acme");
    daemon.mock("quick", &json!({}), &[]);
    daemon.mock("broken", &json!({"outcome": "permanent"}), &[]);
    let mut client = daemon.client(&key).await;
    let mut ids = Vec::new();
    for (provider, n) in [("quick", 1), ("quick", 2), ("quick", 3), ("broken", 4)] {
        let body = json!({"to": "+15005550006", "message": format!("number {n}"), "provider_id": provider});
        ids.push(client.post("/api/v1/sms", &body).await.unwrap().id());
    }
    for id in &ids {
        ctl.run(&["notification", "wait", id]);
    }

    let top = ctl.json(&["top"]);
    let view = &top["overview"];
    assert_eq!(view["by_status"]["delivered"], 3, "{view}");
    assert_eq!((&view["counters"]["delivered"], &view["counters"]["failed"]), (&json!(3), &json!(1)));
    let provider = |name: &str| {
        let lines = view["providers"].as_array().unwrap();
        lines.iter().find(|it| it["name"] == name).unwrap().clone()
    };
    let quick = provider("quick");
    assert_eq!(
        (&quick["calls"], &quick["ok_share"], &quick["circuit"]),
        (&json!(3), &json!(1.0), &json!("closed"))
    );
    assert_eq!(quick["call_ms"]["count"], 3);
    let broken = provider("broken");
    assert_eq!((&broken["calls"], &broken["ok_share"]), (&json!(1), &json!(0.0)));
    assert!(broken["last_error_at"].is_string(), "{broken}");
    let latency = view["latency"].as_array().unwrap();
    let delivered = latency.iter().find(|it| it["kind"] == "accept_to_deliver").unwrap();
    assert_eq!(delivered["ms"]["count"], 3);
    assert_eq!(ctl.json(&["stats", "series", "delivered"])["items"][0]["key"], "delivered");

    let pair = |event: &str, provider: &str| (event.to_owned(), provider.to_owned());
    let told = ctl.json(&["tail", "--filter", &format!("id:{}", ids[0])]);
    assert_eq!(story(&told), [pair("created", ""), pair("delivered", "quick")]);
    let told = ctl.json(&["tail", "--filter", "status:failed severity:warning"]);
    assert_eq!(story(&told), [pair("failed", "broken")]);
    let next = told["next"].as_str().unwrap().to_owned();
    assert_eq!(story(&ctl.json(&["tail", "--after", &next])), []);

    assert_eq!(ctl.run(&["check"]).code, 0, "{:?}", ctl.json(&["top"])["overview"]["attention"]);
    ctl.ok(&["queue", "pause", "quick", "--yes", "--reason", "carrier maintenance"]);
    let alerts = ctl.json(&["top", "--section", "attention"]);
    assert_eq!((&alerts["items"][0]["kind"], &alerts["items"][0]["name"]), (&json!("held"), &json!("quick")));
    assert_eq!(story(&ctl.json(&["tail", "--after", &next])), [pair("queue.pause", "quick")]);
    let audit = ctl.json(&["audit", "list", "--verb", "queue.*"]);
    assert_eq!(audit["items"].as_array().unwrap().len(), 1);
    assert_eq!(audit["items"][0]["reason"], "carrier maintenance");

    let gone = daemon.kill();
    let check = notify_tests::ctl::Ctl::new(&gone.socket()).run(&["check"]);
    assert_eq!((check.code, check.stdout.starts_with("NOTIFYD UNKNOWN - ")), (3, true), "{}", check.stdout);
}

#[test]
fn from_when_on_something_needs_attention_changes_with_a_reload() {
    let builder = Builder::new().config("[attention]\ndisk_free_mib = 0\n");
    let daemon = builder.start();
    let ctl = daemon.ctl();
    daemon.mock("quick", &json!({}), &[]);
    let alerts = || ctl.json(&["top", "--section", "attention"])["items"].as_array().unwrap().clone();
    assert_eq!(alerts(), [] as [Value; 0]);
    let file = daemon.builder().dir().join("notifyd.toml");
    std::fs::write(&file, "[attention]\ndisk_free_mib = 1_000_000_000\n").unwrap();
    let told = ctl.json(&["daemon", "reload", "--reason", "the disk is watched from now on"]);
    assert_eq!(told["changed"][0]["key"], "attention.disk_free_mib", "{told}");
    let alerts = alerts();
    assert_eq!((&alerts[0]["kind"], &alerts[0]["object"]), (&json!("disk"), &json!("store")), "{alerts:?}");
}
