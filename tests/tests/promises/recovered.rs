//! What a webhook is told once more survives the daemon: it is killed in the middle, more than once, and each event that was
//! counted is owed again exactly once.

use notify_tests::ctl::Ctl;
use notify_tests::daemon::Builder;
use notify_tests::hook::Hook;
use notify_tests::pump::Pump;
use serde_json::{Value, json};

/// Looks before a test gives up: no measure, only an end.
const LOOKS: usize = 10_000;

fn operation(ctl: &Ctl, id: &str) -> Value {
    ctl.json(&["operation", "show", id])["operation"].clone()
}

/// Looks until it has done more than so many; how many it has done.
fn past(ctl: &Ctl, id: &str, done: u64) -> u64 {
    for _ in 0..LOOKS {
        let now = operation(ctl, id);
        let count = now["done"].as_u64().unwrap();
        if count > done || now["state"] != "running" {
            return count;
        }
    }
    panic!("it does not go on: {}", operation(ctl, id));
}

/// Looks until so many events stand there.
fn stand(ctl: &Ctl, webhook: &str, status: &str, count: usize) {
    for _ in 0..LOOKS {
        let stats = ctl.json(&["webhook", "stats", webhook, "--since", "1h"]);
        if stats["stats"]["by_status"][status] == count && stats["stats"]["owed"] == 0 {
            return;
        }
    }
    panic!("{}", ctl.ok(&["webhook", "stats", webhook, "--since", "1h"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recovery_that_is_killed_owes_each_exactly_once() {
    let hook = Hook::start(&[500; 5_000]).await;
    let mut builder = Builder::new().config(&hook.allowed());
    let mut daemon = builder.start();
    let key = daemon.service("acme");
    daemon.mock("only", &json!({}), &[]);
    let url = hook.url("/n");
    let create = ["webhook", "create", "--service", "acme", "--url", &url, "--event", "delivered"];
    let made = daemon.ctl().json(&[&create[..], &["--max-retries", "0"]].concat());
    let webhook = made["webhook"]["id"].as_str().unwrap().to_owned();
    let mut pump = Pump::start(daemon.listen(), &key, 4);
    pump.reached(600).await;
    let count = pump.end().await.len();
    assert!(count < 5_000);
    stand(&daemon.ctl(), &webhook, "failed", count);
    hook.tell(&[]);

    let expected = count.to_string();
    let recover = ["webhook", "recover", &webhook, "--since", "1h", "--rate", "200/s", "--expect", &expected];
    let begun =
        daemon.ctl().json(&[&recover[..], &["--yes", "--no-wait", "--reason", "it is back"]].concat());
    let id = begun["operation"]["id"].as_str().unwrap().to_owned();
    assert_eq!(begun["operation"]["total"], count);
    let mut done = 0;
    for _ in 0..3 {
        done = past(&daemon.ctl(), &id, done);
        assert!(done > 0 && done < count as u64, "{done} of {count}: it is killed in the middle");
        builder = daemon.kill();
        daemon = builder.start();
        let now = operation(&daemon.ctl(), &id);
        assert!(now["done"].as_u64().unwrap() >= done, "nothing is done again: {now}");
    }
    let ctl = daemon.ctl();
    ctl.ok(&["operation", "wait", &id, "--timeout", "5m"]);
    let ended = operation(&ctl, &id);
    assert_eq!((&ended["state"], &ended["done"]), (&json!("done"), &json!(count)), "{ended}");
    stand(&ctl, &webhook, "acknowledged", count);
    // One try that failed and one that was taken: whatever was owed twice would have a third.
    let told = ctl.json(&["webhook", "deliveries", &webhook, "--all"]);
    let tries: Vec<_> =
        told["items"].as_array().unwrap().iter().map(|it| it["attempt_count"].as_u64()).collect();
    assert_eq!(tries, vec![Some(2); count]);
    let ids: std::collections::HashSet<_> =
        told["items"].as_array().unwrap().iter().map(|it| it["id"].to_string()).collect();
    assert_eq!(ids.len(), count);
}
