//! Small forms of what the load program measures, so that it is right when it is needed. What it measures is not looked
//! at; that it finds nothing lost is.

use serde_json::Value;
use std::process::Command;

/// Runs a scenario to its end; what it found.
fn load(arguments: &[&str]) -> Value {
    let ran = Command::new(env!("CARGO_BIN_EXE_load")).args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&ran.stderr);
    let printed = String::from_utf8(ran.stdout).unwrap();
    assert!(ran.status.success(), "{arguments:?}: {printed}{said}");
    assert_eq!(printed.lines().count(), 1, "one line of JSON: {printed}");
    let found: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(
        (&found["scenario"], &found["lost"]),
        (&Value::from(arguments[0]), &Value::from(0)),
        "{found}"
    );
    found
}

#[test]
fn a_long_queue_outlives_a_kill_and_a_stop() {
    let found = load(&["backlog", "--count", "2000", "--drain", "500"]);
    assert_eq!(found["queued"], 2_000);
    assert!(found["delivered"].as_u64().unwrap() >= 499, "{found}");
}

#[test]
fn what_goes_out_over_http_all_comes_there() {
    let found = load(&["http", "--count", "2000", "--max-in-flight", "16"]);
    assert!(found["connections"].as_u64().unwrap() <= 100, "{found}");
    assert!(found["slow_connections"].as_u64().unwrap() <= 100, "{found}");
}

#[test]
fn each_event_is_told_once_and_a_webhook_more_costs_no_acceptance() {
    let found = load(&["webhook", "--count", "500", "--registered", "120"]);
    assert_eq!((&found["notifications"], &found["registered"]), (&500.into(), &120.into()), "{found}");
    assert!(found["connections"].as_u64().unwrap() <= 8, "{found}");
}

#[test]
fn an_idle_daemon_is_looked_at() {
    let found = load(&["idle", "--seconds", "1"]);
    assert!(found["rss_mib"].as_f64().unwrap() > 0.0, "{found}");
}

#[test]
fn an_urgent_one_is_timed_beside_a_bulk() {
    let found = load(&["urgent", "--count", "5000", "--rate", "20", "--seconds", "1"]);
    assert!(found["bulk_left"].as_u64().unwrap() < 5_000, "{found}");
    assert_eq!(found["sent"], 20);
}

#[test]
fn more_than_it_can_bear_is_refused_with_a_time_to_come_back() {
    let found = load(&["overload", "--seconds", "1", "--callers", "700"]);
    assert!(found["accepted"].as_u64().unwrap() > 0, "{found}");
    assert!(found["refused"]["503"].as_u64().unwrap() > 0, "{found}");
    assert!(found["newcomers_offered"].as_u64().unwrap() > 0, "{found}");
    assert_eq!(found["refused_without_retry_after"], 0, "{found}");
}

#[test]
fn after_chaos_the_books_balance() {
    // With this seed a kill, a stop and a full disk come in the first seconds.
    let found = load(&["chaos", "--minutes", "0.15", "--seed", "1", "--rate", "60", "--disk-mib", "128"]);
    assert_eq!(found["final"], found["accepted"], "{found}");
    assert_eq!(found["wrong"], serde_json::json!([]), "{found}");
    assert!(found["kills"].as_u64().unwrap() > 0 && found["accepted"].as_u64().unwrap() > 0, "{found}");
    if let Some(skipped) = found["full_disks"].as_str() {
        println!("the disk did not run full: {skipped}");
    }
}
