//! What operators do to many at once outlives the daemon: it is killed in the middle, more than once, and each notification
//! that was counted is changed exactly once, and nothing else is.

use notify_proto::Status;
use notify_proto::view::{NotificationDetail, rfc3339};
use notify_tests::control::Control;
use notify_tests::ctl::Ctl;
use notify_tests::daemon::{Builder, Daemon};
use notify_tests::pump::Pump;
use serde_json::{Value, json};
use std::collections::HashSet;

/// Looks at an operation before a test gives up: no measure, only an end.
const LOOKS: usize = 10_000;

/// A daemon with a provider that refuses everything, and at least so many dead letters of service `acme`.
async fn graveyard(builder: &Builder, at_least: u64) -> (Daemon, String, Vec<String>) {
    let daemon = builder.start();
    let key = daemon.service("acme");
    daemon.mock("refuses", &json!({"outcome": "permanent"}), &[]);
    let dead = bury(&daemon, &key, at_least).await;
    (daemon, key, dead)
}

/// At least so many more; each has come to its end.
async fn bury(daemon: &Daemon, key: &str, at_least: u64) -> Vec<String> {
    let dead = pumped(daemon, key, at_least).await;
    let control = Control::connect(&daemon.builder().socket()).await.unwrap();
    for id in &dead {
        let detail = control.settled(id).await.unwrap();
        assert_eq!(detail.notification.status.known(), Some(Status::Failed));
    }
    dead
}

/// At least so many more, acknowledged.
async fn pumped(daemon: &Daemon, key: &str, at_least: u64) -> Vec<String> {
    let mut pump = Pump::start(daemon.listen(), key, 8);
    pump.reached(at_least).await;
    pump.end().await
}

fn operation(ctl: &Ctl, id: &str) -> Value {
    ctl.json(&["operation", "show", id])["operation"].clone()
}

/// Looks until it has done more than so many, or has ended; how many it has done.
fn past(ctl: &Ctl, id: &str, done: u64) -> u64 {
    for _ in 0..LOOKS {
        let now = operation(ctl, id);
        if now["state"] != "running" || now["done"].as_u64().unwrap() > done {
            return now["done"].as_u64().unwrap();
        }
    }
    panic!("it does not go on: {}", operation(ctl, id));
}

/// The details of the events of this name.
fn details<'a>(detail: &'a NotificationDetail, event: &str) -> Vec<&'a str> {
    let events = detail.events.iter().filter(|it| it.event == event);
    events.map(|it| it.detail.as_deref().unwrap_or_default()).collect()
}

/// The details of the events that started it again.
fn retries(detail: &NotificationDetail) -> Vec<&str> {
    details(detail, "operator_retry")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bulk_retry_that_is_killed_changes_each_exactly_once() {
    let mut builder = Builder::new();
    let (mut daemon, key, dead) = graveyard(&builder, 2_500).await;
    let count = dead.len().to_string();
    let retry = ["dead", "retry", "--filter", "service:acme", "--rate", "400/s", "--expect", &count];
    let begun = daemon.ctl().json(&[&retry[..], &["--yes", "--no-wait", "--reason", "it is fixed"]].concat());
    let id = begun["operation"]["id"].as_str().unwrap().to_owned();
    assert_eq!(begun["operation"]["total"], dead.len());
    // What dies after it was asked for is left alone; so is what it has started again and dies again, as all of it does.
    let mut later = bury(&daemon, &key, 20).await;
    let mut done = 0;
    for _ in 0..3 {
        done = past(&daemon.ctl(), &id, done);
        assert!(done > 0 && done < dead.len() as u64, "{done} of {count}: it is killed in the middle");
        builder = daemon.kill();
        daemon = builder.start();
        let now = operation(&daemon.ctl(), &id);
        assert!(now["done"].as_u64().unwrap() >= done, "nothing is done again: {now}");
    }
    later.extend(bury(&daemon, &key, 20).await);
    daemon.ctl().ok(&["operation", "wait", &id, "--timeout", "5m"]);
    let ended = operation(&daemon.ctl(), &id);
    assert_eq!((&ended["state"], &ended["refused"]), (&json!("done"), &json!(0)));
    assert_eq!(ended["done"], dead.len(), "{ended}");
    let control = Control::connect(&builder.socket()).await.unwrap();
    let detail = format!("{id}: it is fixed");
    for one in &dead {
        assert_eq!(retries(&control.settled(one).await.unwrap()), [&detail], "{one}");
    }
    for one in &later {
        assert_eq!(retries(&control.settled(one).await.unwrap()), [""; 0], "{one}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bulk_postponement_that_is_killed_postpones_each_exactly_once() {
    let mut builder = Builder::new();
    let mut daemon = builder.start();
    let key = daemon.service("acme");
    daemon.mock("only", &json!({}), &[]);
    // What is accepted waits here, so that there is something to postpone.
    daemon.ctl().ok(&["queue", "pause", "only", "--no-end", "--yes"]);
    let waiting = pumped(&daemon, &key, 1_200).await;
    let count = waiting.len().to_string();
    let postpone = ["ntf", "postpone", "--filter", "service:acme", "--until", "20h", "--expect", &count];
    let dry = daemon.ctl().json(&[&postpone[..], &["--dry-run"]].concat());
    assert_eq!((&dry["total"]["value"], &dry["refused"]), (&json!(waiting.len()), &json!(0)));
    let slowly = ["--rate", "200/s", "--yes", "--no-wait", "--reason", "carrier maintenance"];
    let begun = daemon.ctl().json(&[&postpone[..], &slowly].concat());
    let id = begun["operation"]["id"].as_str().unwrap().to_owned();
    let mut later = pumped(&daemon, &key, 20).await;
    let mut done = 0;
    for _ in 0..3 {
        done = past(&daemon.ctl(), &id, done);
        assert!(done > 0 && done < waiting.len() as u64, "{done} of {count}: it is killed in the middle");
        builder = daemon.kill();
        daemon = builder.start();
        let now = operation(&daemon.ctl(), &id);
        assert!(now["done"].as_u64().unwrap() >= done, "nothing is done again: {now}");
    }
    later.extend(pumped(&daemon, &key, 20).await);
    daemon.ctl().ok(&["operation", "wait", &id, "--timeout", "5m"]);
    let ended = operation(&daemon.ctl(), &id);
    assert_eq!((&ended["done"], &ended["refused"]), (&json!(waiting.len()), &json!(0)), "{ended}");
    // What came later is sent now, and nothing of the others is.
    daemon.ctl().ok(&["queue", "resume", "only"]);
    let control = Control::connect(&builder.socket()).await.unwrap();
    for one in &later {
        let told = control.settled(one).await.unwrap();
        assert_eq!(told.notification.status.known(), Some(Status::Delivered));
        assert_eq!(details(&told, "postponed"), [""; 0], "{one}");
    }
    let until = ended["target"].as_str().unwrap().rsplit_once(" until ").unwrap().1;
    let detail = format!("{id}: until {until}: carrier maintenance");
    for one in &waiting {
        let told = control.story(one.parse().unwrap()).await.unwrap();
        assert_eq!((details(&told, "postponed"), told.attempts.len()), (vec![detail.as_str()], 0), "{one}");
        assert_eq!(told.notification.status.known(), Some(Status::Pending));
        assert_eq!(told.notification.next_attempt_at.map(rfc3339).as_deref(), Some(until));
    }
    // Nobody has to wait until then: each is sent once, or given up.
    let ctl = daemon.ctl();
    let run = ["schedule", "run", "--filter", "service:acme", "--rate", "none", "--limit", "50", "--yes"];
    assert_eq!(ctl.json(&run)["done"], 50);
    let buried =
        ctl.json(&["ntf", "bury", "--filter", "status:scheduled", "--yes", "--reason", "sent by hand"]);
    assert_eq!((&buried["done"], &buried["refused"]), (&json!(waiting.len() - 50), &json!(0)));
    let mut ends = [0, 0];
    for one in &waiting {
        let told = control.settled(one).await.unwrap();
        match (told.notification.status.known(), told.attempts.len()) {
            (Some(Status::Delivered), 1) => ends[0] += 1,
            (Some(Status::Failed), 0) => ends[1] += 1,
            _ => panic!("{told:#?}"),
        }
    }
    assert_eq!(ends, [50, waiting.len() - 50]);
    assert_eq!(control.status().await.unwrap().failed, ends[1] as u64, "what is buried was given up");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_dry_run_counts_is_what_is_done() {
    let builder = Builder::new();
    let (daemon, key, dead) = graveyard(&builder, 60).await;
    let (ctl, total) = (daemon.ctl(), dead.len());
    // What is started again waits here, so that it can be counted.
    ctl.ok(&["queue", "pause", "refuses", "--no-end", "--yes"]);
    let count = |status: &str| ctl.json(&["ntf", "count", "--status", status])["total"].as_u64().unwrap();

    let dry = ctl.json(&["dead", "retry", "--filter", "channel:sms", "--dry-run"]);
    assert_eq!((&dry["total"]["value"], &dry["by_service"]["acme"]), (&json!(total), &json!(total)));
    assert_eq!(dry["samples"].as_array().unwrap().len(), 5);
    let wrong = ctl.run(&["dead", "retry", "--filter", "channel:sms", "--yes", "--expect", "7"]);
    assert!(
        wrong.code == 5 && wrong.stderr.contains("match, not 7; nothing was changed"),
        "{}",
        wrong.stderr
    );
    assert_eq!(ctl.run(&["dead", "retry", "--filter", "channel:sms", "--no-input"]).code, 6);
    assert_eq!(ctl.run(&["dead", "retry", "--filter", "", "--yes"]).code, 2, "all has to be said");
    assert_eq!((count("failed"), count("queued")), (total as u64, 0));
    assert!(ctl.json(&["operation", "list"])["items"].as_array().unwrap().is_empty());

    // Given up in the middle: what was done stays done.
    let slow = ["dead", "retry", "--filter", "*", "--rate", "8/s", "--yes", "--no-wait", "-o", "id"];
    let id = ctl.ok(&slow).trim().to_owned();
    past(&ctl, &id, 0);
    ctl.ok(&["operation", "cancel", &id, "--yes"]);
    let waited = ctl.run(&["operation", "wait", &id]);
    assert!(waited.code == 8 && waited.stderr.contains("given up after"), "{}", waited.stderr);
    let done = operation(&ctl, &id)["done"].as_u64().unwrap();
    assert!(done > 0 && done < total as u64);
    assert_eq!((count("queued"), count("failed")), (done, total as u64 - done));

    // What is queued is left as it is, and what was never tried refuses.
    daemon.service("other");
    let later = "ntf send --service other --channel sms --to +15005550006 --body later --at 2h";
    ctl.ok(&later.split(' ').collect::<Vec<_>>());
    let all =
        ["ntf", "retry", "--filter", "status:failed,queued,pending", "--yes", "--rate", "none", "--json"];
    let all = ctl.run(&all);
    assert!(all.code == 7 && all.stderr.contains("so there is nothing to retry"), "{}", all.stderr);
    assert_eq!(count("queued"), total as u64);
    let about = format!("{}~5%", total + 1);
    let cancelled = ctl.json(&["ntf", "cancel", "--filter", "service:acme", "--yes", "--expect", &about]);
    assert_eq!((&cancelled["done"], &cancelled["refused"]), (&json!(total), &json!(0)));
    assert_eq!(count("cancelled"), total as u64);
    ctl.ok(&["queue", "resume", "refuses"]);

    let more = bury(&daemon, &key, 20).await;
    let groups = ctl.json(&["dead", "group"]);
    assert_eq!(
        (groups["items"].as_array().unwrap().len(), &groups["items"][0]["count"]),
        (1, &json!(more.len()))
    );
    let fault = format!("fault:{}", groups["items"][0]["fault"].as_str().unwrap());
    let listed = ctl.ok(&["dead", "list", "--filter", &fault, "--all", "-o", "id"]);
    assert_eq!(listed.lines().collect::<HashSet<_>>(), more.iter().map(String::as_str).collect());
    let discard = ["dead", "discard", "--filter", &fault];
    assert_eq!(ctl.run(&[&discard[..], &["--yes"]].concat()).code, 6, "it takes more than a yes");
    assert_eq!(ctl.run(&[&discard[..], &["--confirm", "1"]].concat()).code, 5);
    assert_eq!(count("failed"), more.len() as u64);
    let gone = ctl.json(&[&discard[..], &["--confirm", &more.len().to_string()]].concat());
    assert_eq!(gone["operation"]["removed"], more.len());
    assert_eq!((count("failed"), ctl.run(&["ntf", "show", &more[0]]).code), (0, 3));
    let scraped = daemon.client(&key).await.get("/metrics").await.unwrap().body;
    let scraped = String::from_utf8_lossy(&scraped).into_owned();
    let discarded =
        format!("notifyd_operation_items_total{{result=\"done\",verb=\"dead.discard\"}} {}", more.len());
    assert!(scraped.contains(&discarded) && scraped.contains("notifyd_operations_running "), "{scraped}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_log_goes_on_with_nothing() {
    let builder = Builder::new();
    let (daemon, _, dead) = graveyard(&builder, 5).await;
    let slow = ["dead", "retry", "--filter", "*", "--rate", "1/h", "--yes", "--no-wait", "-o", "id"];
    let id = daemon.ctl().ok(&slow).trim().to_owned();
    let copy = builder.dir().join("copy.db");
    let copy = copy.to_str().unwrap();
    daemon.ctl().ok(&["store", "backup", copy]);
    let builder = daemon.kill();
    let restored = builder.command().arg("--restore").arg(copy).output().unwrap();
    assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
    let daemon = builder.start();
    let now = operation(&daemon.ctl(), &id);
    assert_eq!(now["state"], "failed", "{now}");
    assert_eq!(now["error"]["message"], "the log was restored from a backup");
    let failed = daemon.ctl().json(&["ntf", "count", "--status", "failed"]);
    assert!(failed["total"].as_u64().unwrap() + 1 >= dead.len() as u64, "{failed}");
}
