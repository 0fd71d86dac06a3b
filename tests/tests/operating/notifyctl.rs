//! `notifyctl` against a real daemon, as a script uses it: what it prints, how it exits, and what it changed.

use notify_tests::ctl::Ctl;
use notify_tests::daemon::{Builder, Daemon};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

fn names(list: &Value, member: &str) -> Vec<String> {
    list["items"].as_array().unwrap().iter().map(|it| it[member].as_str().unwrap().to_owned()).collect()
}

async fn status_of(daemon: &Daemon, key: &str) -> u16 {
    let mut client = daemon.client(key).await;
    client.get("/api/v1/notifications").await.unwrap().status.as_u16()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn services_and_their_keys() {
    let daemon = Daemon::start();
    let ctl = daemon.ctl();
    let made = ctl.json(&["service", "create", "acme", "--description", "Shop", "--rate", "50/s"]);
    assert_eq!(made["schema"], "notify.service.create/1");
    let first = made["api_key"].as_str().unwrap().to_owned();
    assert_eq!(status_of(&daemon, &first).await, 200);
    assert_eq!(ctl.run(&["service", "create", "acme"]).code, 5, "a name is taken once");
    assert_eq!(names(&ctl.json(&["service", "list"]), "name"), ["acme"]);
    assert_eq!(ctl.json(&["service", "show", "acme"])["service"]["description"], "Shop");
    assert_eq!(ctl.run(&["service", "show", "nobody"]).code, 3);

    ctl.ok(&["service", "disable", "acme", "--yes"]);
    assert_eq!(status_of(&daemon, &first).await, 403);
    ctl.ok(&["service", "enable", "acme"]);
    assert_eq!(status_of(&daemon, &first).await, 200);
    ctl.ok(&["service", "unlock", "acme"]);

    // One more key, written to a file that only its owner can read.
    let file = daemon.builder().dir().join("ci.key");
    let path = file.to_str().unwrap();
    ctl.ok(&["service", "key", "create", "acme", "--label", "ci", "--key-file", path]);
    let second = fs::read_to_string(&file).unwrap().trim().to_owned();
    assert_eq!(status_of(&daemon, &second).await, 200);
    assert_eq!(ctl.json(&["service", "key", "list", "acme"])["items"].as_array().unwrap().len(), 2);
    let prefix = second.split('-').nth(1).unwrap()[..8].to_owned();
    ctl.ok(&["service", "key", "revoke", "acme", &prefix, "--confirm", "acme"]);
    assert_eq!(status_of(&daemon, &second).await, 401);

    // A new key; the old one goes at once.
    let third = ctl.ok(&[
        "-q",
        "-o",
        "plain",
        "service",
        "key",
        "reset",
        "acme",
        "--grace",
        "0s",
        "--confirm",
        "acme",
    ]);
    assert_eq!(status_of(&daemon, &first).await, 401);
    assert_eq!(status_of(&daemon, third.trim()).await, 200);
    // Whatever is listed or shown, no key is.
    for command in
        [["service", "list"].as_slice(), &["service", "show", "acme"], &["service", "key", "list", "acme"]]
    {
        let shown = ctl.ok(command);
        assert!(!shown.contains(third.trim()) && !shown.contains(&second), "{shown}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn providers() {
    let daemon = Daemon::start();
    let ctl = daemon.ctl();
    let seeded = ctl.json(&["provider", "seed"]);
    assert_eq!(seeded["items"][0]["provider"]["name"], "mock", "{seeded}");
    assert_eq!(ctl.json(&["provider", "seed"])["items"][0]["created"], json!(false));
    assert_eq!(ctl.run(&["provider", "seed", "--only", "smtp"]).code, 1, "a relay is nobody's guess");

    let config = daemon.builder().dir().join("relay.json");
    let settings =
        json!({"host": "127.0.0.1", "port": 1, "tls": "none", "from": "ops@example.org", "username": "u"});
    fs::write(&config, settings.to_string()).unwrap();
    let secret = daemon.builder().dir().join("relay.pass");
    fs::write(&secret, "hunter2-canary\n").unwrap();
    let (config, secret) = (config.to_str().unwrap(), secret.to_str().unwrap());
    let add = ["provider", "add", "relay", "--type", "smtp", "--channel", "email", "--priority", "10"];
    let files = ["--config-file", config, "--secret-file", secret];
    ctl.ok(&[&add[..], &files].concat());
    assert_eq!(ctl.run(&[&add[..], &files].concat()).code, 5);
    // In the order in which they are tried.
    assert_eq!(names(&ctl.json(&["provider", "list"]), "name"), ["relay", "mock"]);
    let shown = ctl.ok(&["provider", "show", "relay", "-o", "json"]);
    assert!(shown.contains("ops@example.org") && !shown.contains("hunter2"), "{shown}");
    let stored = fs::read(daemon.builder().state().join("notifyd.db-wal")).unwrap();
    let holds = |text: &[u8]| stored.windows(text.len()).any(|bytes| bytes == text);
    assert!(holds(b"ops@example.org") && !holds(b"hunter2"), "the secret is sealed on disk");

    // Nobody listens there: the test says so, and how it is counted.
    let test = ctl.run(&["provider", "test", "relay", "--to", "a@example.org", "-o", "json"]);
    assert_eq!(test.code, 1, "{}", test.stdout);
    let test = ctl.json(&["provider", "test", "mock", "--channel", "sms", "--to", "+15005550006"]);
    assert_eq!((&test["result"]["accepted"], &test["result"]["simulated"]), (&json!(true), &json!(true)));
    ctl.ok(&["provider", "disable", "relay", "--yes"]);
    assert_eq!(ctl.json(&["provider", "show", "relay"])["provider"]["active"], json!(false));
    ctl.ok(&["provider", "enable", "relay"]);
    assert_eq!(ctl.run(&["provider", "show", "nobody"]).code, 3);
    let unknown = ctl.run(&["provider", "add", "x", "--type", "fax"]);
    assert!(unknown.code == 1 && unknown.stderr.contains("mock, smtp, webhook"), "{}", unknown.stderr);
}

/// Of one that was refused, started again by hand and refused again.
fn stories(ctl: &Ctl, dead: &str) {
    let timeline = ctl.json(&["ntf", "timeline", dead]);
    assert_eq!(timeline["schema"], "notify.notification.timeline/1");
    let words: Vec<_> = names(&timeline, "what");
    assert_eq!(
        words,
        [
            "created",
            "attempt_begun",
            "attempt_ended",
            "failed",
            "operator_retry",
            "attempt_begun",
            "attempt_ended",
            "failed"
        ],
        "{timeline}"
    );
    assert!(timeline["items"][7]["after_ms"].is_u64(), "{timeline}");
    let second = &timeline["items"][6];
    assert_eq!((&second["attempt"], &second["outcome"]), (&json!(2), &json!("failed")), "{timeline}");
    let table = ctl.ok(&["ntf", "timeline", dead]);
    assert!(table.contains("attempt 2: failed"), "{table}");
    let attempts = ctl.json(&["ntf", "attempts", dead]);
    assert_eq!(names(&attempts, "provider_name"), ["refuses", "refuses"]);
    assert_eq!(ctl.run(&["ntf", "timeline", "0197a6c2-5b1e-7cc0-8000-0123456789ab"]).code, 3);
}

fn exports(daemon: &Daemon, ctl: &Ctl) {
    let rows = ctl.ok(&["ntf", "export"]);
    let rows: Vec<Value> = rows.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), 3);
    assert!(!rows.iter().any(|row| row.to_string().contains("+15005550006")), "recipients are masked");
    let csv =
        ctl.ok(&["ntf", "export", "--status", "failed", "--format", "csv", "--columns", "status,service"]);
    assert_eq!(csv.lines().collect::<Vec<_>>(), ["status,service", "failed,acme"]);
    let file = daemon.builder().dir().join("all.jsonl");
    let path = file.to_str().unwrap();
    let told = ctl.json(&["ntf", "export", "--out", path]);
    assert_eq!(told["rows"], 3, "{told}");
    assert_eq!(fs::read_to_string(&file).unwrap().lines().count(), 3);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let again = ctl.run(&["ntf", "export", "--out", path]);
    assert!(again.code == 5 && again.stderr.contains("exists"), "{}", again.stderr);
    assert!(!file.with_extension("jsonl.partial").exists());
}

/// What `provider route` says of a channel: provider, verdict and state of each.
fn routed(ctl: &Ctl, more: &[&str]) -> Vec<[String; 3]> {
    let route = ctl.json(&[&["provider", "route", "--channel", "sms"][..], more].concat());
    assert_eq!(route["schema"], "notify.provider.route/1");
    let word = |step: &Value, member: &str| step[member].as_str().unwrap().to_owned();
    let steps = route["items"].as_array().unwrap().iter();
    steps.map(|it| ["provider", "verdict", "state"].map(|member| word(it, member))).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn providers_change_and_go() {
    let daemon = Daemon::start();
    let ctl = daemon.ctl();
    daemon.service("acme");
    daemon.mock("first", &json!({"outcome": "provider_config"}), &["--channel", "sms", "--priority", "1"]);
    daemon.mock("second", &json!({}), &["--channel", "sms", "--priority", "2"]);
    let send = |more: &[&str]| {
        let sms = ["ntf", "send", "--service", "acme", "--channel", "sms", "--to", "+15005550006"];
        let sent = ctl.ok(&[&sms[..], &["--body", "hi", "--no-dedup", "-o", "id"], more].concat());
        sent.trim().to_owned()
    };
    let through = |id: &str| ctl.json(&["ntf", "show", id])["notification"]["provider_name"].clone();
    let row = |words: [&str; 3]| words.map(str::to_owned);

    // Its account is at fault, and the route says so.
    assert_eq!(routed(&ctl, &[])[0], row(["first", "taken", "ready"]));
    let sent = send(&[]);
    ctl.ok(&["ntf", "wait", &sent, "--for", "delivered"]);
    assert_eq!(through(&sent), "second");
    let second = row(["second", "taken", "ready"]);
    assert_eq!(routed(&ctl, &[]), [row(["first", "passed_over", "breaker_open"]), second.clone()]);
    let table = ctl.ok(&["provider", "route", "--service", "acme", "--to", "+15005550006"]);
    assert!(table.contains("breaker_open") && table.contains("simulated provider_config"), "{table}");
    let pinned = send(&["--provider", "first"]);
    assert_eq!(routed(&ctl, &["--provider", "first"]).len(), 1);
    assert_eq!(ctl.run(&["provider", "route", "--provider", "nobody"]).code, 3);

    // Who forces it, since when and why is told in the operator's words.
    for force in [&["queue", "pause"][..], &["queue", "drain"], &["provider", "disable", "--for", "1h"]] {
        ctl.ok(&[force, &["second", "--yes", "--reason", "carrier maintenance"]].concat());
        let route = ctl.json(&["provider", "route", "--channel", "sms", "--provider", "second"]);
        let step = &route["items"][0];
        assert!(step["why"].as_str().unwrap().ends_with(": carrier maintenance"), "{force:?}: {step}");
        assert!(step["since"].is_string(), "{force:?}: {step}");
        let hold = ctl.ok(&["queue", "hold", "list", "-o", "id"]);
        ctl.ok(&["queue", "hold", "cancel", hold.trim()]);
    }

    // A limit alone leaves the circuit open; a mended account delivers what was held for it.
    let update = ["provider", "update", "first"];
    let dry = ctl.ok(&[&update[..], &["--priority", "7", "-n"]].concat());
    assert_eq!(dry, "dry run: provider first would be changed: priority 1 -> 7\n");
    let done = ctl.json(&[&update[..], &["--priority", "7", "--rate", "300/m"]].concat());
    let changed = json!([
        {"key": "priority", "from": "1", "to": "7"}, {"key": "rate", "from": "none", "to": "5/s"}
    ]);
    assert_eq!((&done["changed"], &done["provider"]["priority"]), (&changed, &json!(7)));
    assert_eq!(routed(&ctl, &[]), [second, row(["first", "passed_over", "breaker_open"])]);
    let again = ctl.run(&[&update[..], &["--priority", "7"]].concat());
    assert!(again.code == 5 && again.stderr.contains("nothing would change"), "{}", again.stderr);
    let wrong = ctl.run(&[&update[..], &["--priority", "9", "--channel", "email", "--burst", "0"]].concat());
    assert_eq!(wrong.code, 1, "{}", wrong.stderr);
    assert_eq!(ctl.json(&["provider", "show", "first"])["provider"]["priority"], 7, "nothing of it");
    assert_eq!(ctl.run(&["provider", "update", "nobody", "--priority", "1"]).code, 3);
    let config = daemon.builder().dir().join("mended.json");
    fs::write(&config, "{}").unwrap();
    ctl.ok(&[&update[..], &["--config-file", config.to_str().unwrap(), "--rename", "mended"]].concat());
    ctl.ok(&["ntf", "wait", &pinned, "--for", "delivered"]);
    assert_eq!(through(&pinned), "mended");

    // Removed: its name is free, its stories stay, and what is pinned to it fails when it is due.
    let later = send(&["--provider", "mended", "--at", "1s"]);
    assert_eq!(ctl.run(&["provider", "remove", "mended"]).code, 6);
    ctl.ok(&["provider", "remove", "mended", "--confirm", "mended"]);
    assert_eq!(ctl.run(&["provider", "remove", "mended", "--confirm", "mended"]).code, 3);
    assert_eq!(ctl.run(&["ntf", "wait", &later, "--for", "delivered"]).code, 8);
    assert_eq!(ctl.json(&["ntf", "show", &later])["notification"]["failure_reason"], "no_provider");
    daemon.mock("mended", &json!({}), &["--channel", "email"]);
    assert_eq!(through(&pinned), "mended");
    let last = ctl.run(&["provider", "remove", "second", "--confirm", "second"]);
    assert!(last.code == 0 && last.stderr.contains("no active provider serves sms"), "{}", last.stderr);
    let nobody = ctl.run(&["provider", "route", "--channel", "sms"]);
    assert!(nobody.code == 0 && nobody.stderr.contains("nobody serves it"), "{}", nobody.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn notifications() {
    let daemon = Daemon::start();
    let ctl = daemon.ctl();
    daemon.service("acme");
    daemon.mock("refuses", &json!({"outcome": "permanent"}), &["--channel", "email"]);
    daemon.mock("takes", &json!({}), &["--channel", "sms"]);
    let send = |ctl: &Ctl, more: &[&str]| {
        ctl.ok(&[&["ntf", "send", "--service", "acme", "--body", "hi"], more].concat())
    };

    let sms = ["--channel", "sms", "--to", "+15005550006"];
    let sent = send(&ctl, &[&sms[..], &["-o", "id"]].concat());
    let sent = sent.trim();
    ctl.ok(&["ntf", "wait", sent, "--for", "delivered"]);
    let shown = ctl.json(&["ntf", "show", sent]);
    let item = &shown["notification"];
    assert_eq!((&item["status"], &item["provider_name"]), (&json!("delivered"), &json!("takes")), "{shown}");
    assert!(!shown.to_string().contains("+15005550006"), "recipients are masked: {shown}");
    let revealed = ctl.ok(&["ntf", "show", sent, "--reveal", "-o", "json"]);
    assert!(revealed.contains("+15005550006"), "{revealed}");
    assert_eq!(ctl.run(&["ntf", "cancel", sent, "--yes"]).code, 5, "it is delivered");

    // What waits can be cancelled, and only then.
    let later = send(&ctl, &[&sms[..], &["--at", "1h", "--no-dedup", "-o", "id"]].concat());
    ctl.ok(&["ntf", "cancel", later.trim(), "--yes"]);
    assert_eq!(ctl.json(&["ntf", "show", later.trim()])["notification"]["status"], "cancelled");

    // A dead letter can be started again; it fails again, with a longer story.
    let mail = ["ntf", "send", "--service", "acme", "--channel", "email", "--to", "a@example.org"];
    let dead = ctl.run(&[&mail[..], &["--subject", "S", "--body", "B", "--wait", "-o", "id"]].concat());
    assert_eq!(dead.code, 8, "{}", dead.stderr);
    let dead = dead.stdout.trim();
    ctl.ok(&["ntf", "retry", dead, "--yes"]);
    assert_eq!(ctl.run(&["ntf", "wait", dead, "--for", "final"]).code, 0);
    assert_eq!(ctl.json(&["ntf", "show", dead])["notification"]["status"], "failed");
    assert_eq!(ctl.run(&["ntf", "wait", dead, "--for", "delivered"]).code, 8);

    let listed = ctl.json(&["ntf", "list", "--status", "failed"]);
    assert_eq!(names(&listed, "id"), [dead]);
    stories(&ctl, dead);
    exports(&daemon, &ctl);
    let counts = ctl.json(&["ntf", "count"]);
    let by_status = &counts["by_status"];
    assert_eq!(counts["total"], 3);
    assert_eq!((&by_status["delivered"], &by_status["failed"]), (&json!(1), &json!(1)), "{counts}");
    // What an operator sends counts like what applications send.
    let mut client = daemon.client("").await;
    let metrics = client.get("/metrics").await.unwrap();
    let metrics = String::from_utf8_lossy(&metrics.body).into_owned();
    for line in [
        "notifyd_notifications_accepted_total{channel=\"sms\",priority=\"normal\"} 2",
        "notifyd_notifications_accepted_total{channel=\"email\",priority=\"normal\"} 1",
        "notifyd_notifications_final_total{status=\"cancelled\"} 1",
        // The dead letter failed twice.
        "notifyd_notifications_final_total{status=\"failed\"} 2",
    ] {
        assert!(metrics.lines().any(|it| it == line), "{line}\n{metrics}");
    }
    assert_eq!(ctl.run(&["ntf", "show", "0197a6c2-5b1e-7cc0-8000-0123456789ab"]).code, 3);
    assert_eq!(ctl.run(&["ntf", "show", "no-id"]).code, 2);
    let wrong =
        ctl.run(&["ntf", "send", "--service", "acme", "--channel", "sms", "--to", "12", "--body", "x"]);
    assert!(wrong.code == 1 && wrong.stderr.contains("recipient: `12`"), "{}", wrong.stderr);
}

#[test]
fn the_daemon_itself() {
    let mut daemon = Daemon::start();
    let ctl = daemon.ctl();
    assert_eq!(ctl.json(&["ping"])["schema"], "notify.ping/1");
    let status = ctl.json(&["status"]);
    assert_eq!(status["schema"], "notify.status/1");
    let info = ctl.json(&["daemon", "info"]);
    assert_eq!(info["daemon"]["pid"], daemon.pid());
    assert_eq!(info["daemon"]["listen"], daemon.listen().to_string());
    let refused = ctl.run(&["daemon", "shutdown"]);
    assert_eq!(refused.code, 6, "a script has to say that it means it: {}", refused.stderr);
    ctl.ok(&["daemon", "shutdown", "--yes"]);
    assert_eq!(daemon.wait().code(), Some(0));
    let gone = ctl.run(&["ping"]);
    assert_eq!(gone.code, 69, "{}", gone.stderr);
    assert!(!daemon.builder().socket().exists(), "a clean end takes its socket along");
}

#[test]
fn without_a_daemon_it_says_how_to_start_one() {
    let ctl = Ctl::new(&Builder::new().socket());
    let ran = ctl.run(&["status", "-o", "json"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (69, ""));
    let error: Value = serde_json::from_str(&ran.stderr).unwrap();
    assert_eq!(error["error"]["exit"], 69);
}
