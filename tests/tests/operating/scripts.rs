//! What scripts trust: every answer of a real daemon keeps to its schema, a setup file can be applied again and again, a
//! file of notifications is sent, and a shell is told what there is.

use notify_tests::bin;
use notify_tests::ctl::Ctl;
use notify_tests::daemon::{Builder, Daemon};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// Commands that look, and changes that are undone by the one after or do not matter here. `ID` is a notification that was
/// delivered, `DEAD` one that failed, `HOOK` a webhook.
const LINES: &[&str] = &[
    "status",
    "check",
    "top",
    "top --section queues",
    "top --section providers",
    "top --section webhooks",
    "top --section latency",
    "doctor",
    "tail --last 50",
    "stats summary",
    "stats latency",
    "stats latency --by queue",
    "stats latency --by provider",
    "stats latency --by channel",
    "stats latency --by webhook",
    "stats series",
    "ping --count 1",
    "service list",
    "service show acme",
    "service update acme --rate 900/s",
    "service key list acme",
    "provider list",
    "provider show quick",
    "provider seed --only mock",
    "provider route --channel sms",
    "provider circuit show",
    "provider disable mock --for 10m",
    "provider enable mock",
    "queue pause quick --for 10m --yes",
    "queue list",
    "queue show quick",
    "queue hold list",
    "queue resume quick",
    "queue shape",
    "notification list --all",
    "notification show ID --webhooks",
    "notification show DEAD",
    "notification raw DEAD",
    "notification explain ID",
    "notification explain DEAD",
    "notification explain --dry-run --service acme --channel sms --to +15005550006 --body other --at 1h",
    "notification explain --dry-run --service acme --channel sms --to nobody --body other",
    "notification timeline ID",
    "notification attempts DEAD",
    "notification count",
    "notification export",
    "notification send --service acme --channel sms --to +15005550007 --body x --at 2h",
    "schedule list",
    "schedule histogram",
    "dead list",
    "dead show DEAD",
    "dead group",
    "dead retry DEAD",
    "webhook list",
    "webhook show HOOK",
    "webhook deliveries HOOK",
    "webhook retries --service acme",
    "webhook stats HOOK",
    "store stats",
    "store check",
    "store prune --older-than 1d --status failed --dry-run",
    "operation list",
    "operation show op_1",
    "audit list --all",
    "daemon info",
    "daemon config show",
    "daemon config check /dev/null",
    "daemon log-filter debug --for 10s",
    "daemon log-filter --reset",
];

fn schema(ctl: &Ctl, document: &Value) -> jsonschema::Validator {
    let kind = document["schema"].as_str().unwrap();
    let text = ctl.ok(&["help", "formatting", "--schema", kind]);
    jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap()
}

/// Something to look at.
async fn furnished() -> (Daemon, String, String, String) {
    let daemon = Builder::new().config("[webhooks]\nallow_private = [\"127.0.0.1/32\"]\n").start();
    let key = daemon.service("acme");
    daemon.mock("quick", &json!({}), &[]);
    daemon.mock("broken", &json!({"outcome": "permanent"}), &[]);
    let hook = ["webhook", "create", "--service", "acme", "--url", "http://127.0.0.1:9/n"];
    let hook = daemon.ctl().json(&hook)["webhook"]["id"].as_str().unwrap().to_owned();
    let mut client = daemon.client(&key).await;
    let mut ids = Vec::new();
    for provider in ["quick", "broken"] {
        let body = json!({"to": "+15005550006", "message": provider, "provider_id": provider});
        let id = client.post("/api/v1/sms", &body).await.unwrap().id();
        daemon.ctl().run(&["notification", "wait", &id]);
        ids.push(id);
    }
    let dead = ids.pop().unwrap();
    (daemon, ids.pop().unwrap(), dead, hook)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_of_a_real_daemon_is_one_document_that_keeps_to_its_schema() {
    let (daemon, id, dead, hook) = furnished().await;
    let ctl = daemon.ctl();
    let mut kinds = BTreeMap::new();
    for line in LINES {
        let place = |word| match word {
            "ID" => id.as_str(),
            "DEAD" => dead.as_str(),
            "HOOK" => hook.as_str(),
            word => word,
        };
        let words: Vec<_> = line.split(' ').map(place).chain(["-o", "json"]).collect();
        let ran = ctl.run(&words);
        // A doctor and a check that find something say so in their exit code.
        let found = line.starts_with("doctor") || line.starts_with("check");
        assert!(ran.code == 0 || found, "{line}: {} {}", ran.code, ran.stderr);
        assert!(!ran.stdout.contains('\u{1b}') && !ran.stderr.contains('\u{1b}'), "{line}");
        let document: Value = serde_json::from_str(&ran.stdout)
            .unwrap_or_else(|error| panic!("{line} is not one document: {error}\n{}", ran.stdout));
        let kind = document["schema"].as_str().unwrap().to_owned();
        let schema = kinds.entry(kind).or_insert_with(|| schema(&ctl, &document));
        if let Err(error) = schema.validate(&document) {
            panic!("{line}: {error} at {}\n{document}", error.instance_path());
        }
    }
    assert!(kinds.len() > 45, "{}", kinds.len());
}

#[test]
fn a_setup_file_is_applied_once_and_found_applied_after_that() {
    let daemon = Builder::new().config("[webhooks]\nallow_private = [\"127.0.0.1/32\"]\n").start();
    let (ctl, dir) = (daemon.ctl(), daemon.builder().dir().to_owned());
    let setup = dir.join("setup.toml");
    let file = setup.to_str().unwrap();
    let text = "[[service]]\nname = \"shop\"\nrate = \"50/s\"\nkey_file = \"shop.key\"\n\n[[provider]]\nname = \"trial\"\ntype = \"mock\"\nchannels = [\"sms\", \"email\"]\npriority = 5\nconfig = { latency_ms = 1 }\n\n[[webhook]]\nservice = \"shop\"\nurl = \"http://127.0.0.1:9/n\"\nevents = [\"failed\"]\nrequest_timeout = \"5s\"\nsecret_out = \"shop.whsec\"\nheaders = { X-Team = \"ops\" }\n";
    fs::write(&setup, text).unwrap();
    let results = |more: &[&str]| -> Vec<String> {
        let told = ctl.json(&[&["apply", "-f", file][..], more].concat());
        let items = told["items"].as_array().unwrap().clone();
        items.iter().map(|it| it["result"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(results(&["--dry-run"]), ["would"; 3]);
    assert!(!dir.join("shop.key").exists() && ctl.json(&["service", "list"])["items"] == json!([]));
    assert_eq!(results(&[]), ["done"; 3]);
    let key = fs::read_to_string(dir.join("shop.key")).unwrap();
    assert_eq!(results(&[]), ["unchanged"; 3], "a second run finds nothing to change");
    assert_eq!(fs::read_to_string(dir.join("shop.key")).unwrap(), key);

    fs::write(&setup, text.replace("50/s", "80/s").replace("priority = 5", "priority = 6")).unwrap();
    assert_eq!(results(&[]), ["done", "done", "unchanged"]);
    assert_eq!(ctl.json(&["service", "show", "shop"])["service"]["rate_per_second"], 80.0);
    // What is wrong further down stops what is right further up.
    fs::write(&setup, text.replace("50/s", "90/s").replace("latency_ms", "latencies")).unwrap();
    let wrong = ctl.run(&["apply", "-f", file]);
    assert!(wrong.code == 78 && wrong.stderr.contains("line 6: provider trial"), "{}", wrong.stderr);
    assert_eq!(ctl.json(&["service", "show", "shop"])["service"]["rate_per_second"], 80.0);

    ctl.ok(&["provider", "add", "stray", "--type", "mock"]);
    fs::write(&setup, text).unwrap();
    assert_eq!(ctl.run(&["apply", "-f", file, "--prune"]).code, 6);
    assert_eq!(results(&["--prune", "--confirm", "1"]).last().unwrap(), "done");
    let left = ctl.json(&["provider", "list"])["items"].as_array().unwrap().len();
    assert_eq!(left, 1);
    let audit = ctl.json(&["audit", "list", "--all"]).to_string();
    assert!(audit.contains("service.update") && audit.contains("provider.remove"), "{audit}");
    assert!(!audit.contains(key.trim()));
}

#[test]
fn a_file_of_notifications_is_sent_and_sent_again_without_a_second_copy() {
    let daemon = Daemon::start();
    let ctl = daemon.ctl();
    daemon.service("acme");
    daemon.mock("quick", &json!({}), &[]);
    let file = daemon.builder().dir().join("list.jsonl");
    let line =
        |n: u32| json!({"channel": "sms", "to": "+15005550006", "content": n.to_string()}).to_string() + "\n";
    let text: String = (0..200).map(line).chain(["{\"channel\":\"fax\"}\n".to_owned()]).collect();
    fs::write(&file, text).unwrap();
    let send = ["notification", "send-batch", "--service", "acme", file.to_str().unwrap()];
    let ran = ctl.run(&send);
    assert_eq!(ran.code, 7, "{}", ran.stderr);
    assert!(ran.stderr.contains("200 accepted, 0 as sent before, 1 refused"), "{}", ran.stderr);
    let again = ctl.run(&[&send[..], &["--from-line", "101", "-o", "jsonl"]].concat());
    assert!(again.stderr.contains("0 accepted, 100 as sent before, 1 refused"), "{}", again.stderr);
    let ids: BTreeSet<_> = again
        .stdout
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(ids.len(), 100);
    let counts = ctl.json(&["notification", "count"]).to_string();
    assert!(!counts.contains("201"), "{counts}");
}

/// What a shell is offered for the last of these words, besides flags.
fn offered(socket: Option<&str>, words: &[&str]) -> Vec<String> {
    let mut command = Command::new(bin("notifyctl"));
    command.env_clear().env("COMPLETE", "bash").env("_CLAP_COMPLETE_INDEX", words.len().to_string());
    command.env("_CLAP_IFS", "\n").envs(socket.map(|socket| ("NOTIFYD_SOCKET", socket)));
    command.args(["--", "notifyctl"]).args(words).stdin(Stdio::null());
    let output = command.output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "nothing is said to who types");
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().filter(|line| !line.starts_with('-')).map(str::to_owned).collect()
}

/// What a bash with this completion script offers for the last of these words.
fn in_bash(script: &str, socket: &str, words: &[&str]) -> Vec<String> {
    let last = words.len() - 1;
    let quoted: Vec<_> = words.iter().map(|word| format!("'{word}'")).collect();
    let run = format!(
        "{script}\nof=$(complete -p notifyctl); of=${{of##*-F }}; of=${{of%% *}}\nCOMP_WORDS=({})\nCOMP_CWORD={last}\n\
         $of notifyctl {} {}\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"",
        quoted.join(" "),
        quoted[last],
        quoted[last - 1],
    );
    let programs = bin("notifyctl").parent().unwrap().display().to_string();
    let mut bash = Command::new("bash")
        .args(["--norc", "-s"])
        .env_clear()
        .env("PATH", format!("{programs}:/usr/bin:/bin"))
        .env("NOTIFYD_SOCKET", socket)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // Longer than an argument may be.
    bash.stdin.take().unwrap().write_all(run.as_bytes()).unwrap();
    let output = bash.wait_with_output().unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shell_is_offered_what_the_daemon_knows_and_nothing_without_one() {
    let (daemon, id, _, hook) = furnished().await;
    let socket = daemon.builder().socket().display().to_string();
    let asked = |words: &[&str]| offered(Some(&socket), words);
    assert_eq!(asked(&["service", "show", ""]), ["acme"]);
    assert_eq!(asked(&["queue", "pause", "qu"]), ["quick"]);
    assert_eq!(asked(&["provider", "test", "bro"]), ["broken"]);
    assert_eq!(asked(&["webhook", "show", ""]), [hook]);
    assert!(asked(&["ntf", "explain", ""]).contains(&id));
    assert!(asked(&["notification", "list", "--service", ""]).contains(&"acme".to_owned()));
    assert!(asked(&["provider", "add", ""]).iter().all(|it| it != "quick"), "a new one has a new name");
    assert!(asked(&["provi"]).contains(&"provider".to_owned()));
    let script = daemon.ctl().ok(&["completions", "bash"]);
    assert_eq!(in_bash(&script, &socket, &["notifyctl", "queue", "pause", "qu"]), ["quick"]);
    assert_eq!(in_bash(&script, &socket, &["notifyctl", "provi"]), ["provider"]);
    let fixed = daemon.ctl().ok(&["completions", "bash", "--static"]);
    assert_eq!(in_bash(&fixed, &socket, &["notifyctl", "queue", "pau"]), ["pause"]);
    assert!(!in_bash(&fixed, &socket, &["notifyctl", "queue", "pause", "qu"]).contains(&"quick".to_owned()));
    let nowhere = daemon.builder().dir().join("none").display().to_string();
    assert!(offered(Some(&nowhere), &["service", "show", "a"]).is_empty());
}

#[test]
fn another_log_filter_ends_by_itself_and_a_file_is_checked_as_a_reload_would() {
    let mut daemon = Builder::new().config("[delivery]\ndrain_timeout_seconds = 7\n").start();
    let ctl = daemon.ctl();
    let set = ctl.json(&["daemon", "log-filter", "debug", "--for", "1s", "--reason", "case 4711"]);
    assert_eq!(
        (&set["log_filter"]["filter"], &set["log_filter"]["configured"]),
        (&json!("debug"), &json!("info"))
    );
    daemon.wait_for_log(|line| line["message"] == "log filter changed" && line["filter"] == "debug");
    daemon
        .wait_for_log(|line| line["message"] == "log filter as configured again" && line["filter"] == "info");
    ctl.ok(&["daemon", "log-filter", "warn", "--for", "1h"]);
    ctl.ok(&["daemon", "reload"]);
    daemon.wait_for_log(|line| line["message"] == "configuration reloaded");
    assert_eq!(ctl.run(&["daemon", "log-filter", "loud"]).code, 1);

    let shown = ctl.json(&["daemon", "config", "show"]);
    let all = shown["items"].as_array().unwrap();
    let drain = all.iter().find(|it| it["key"] == "delivery.drain_timeout_seconds").unwrap();
    assert_eq!((&drain["value"], &drain["live"]), (&json!(7), &json!(true)));
    let file = daemon.builder().dir().join("next.toml");
    let check = || ctl.run(&["daemon", "config", "check", file.to_str().unwrap(), "-o", "json"]);
    fs::write(&file, "[delivery]\ndrain_timeout_seconds = 8\n[store]\nreaders = 3\n").unwrap();
    let would: Value = serde_json::from_str(&check().stdout).unwrap();
    assert_eq!(would["changed"][0]["key"], "delivery.drain_timeout_seconds");
    assert_eq!(would["needs_restart"], json!(["store.readers"]));
    fs::write(&file, "[delivery]\ndrain_timeout = 8\n").unwrap();
    let wrong = check();
    assert!(wrong.code == 78 && wrong.stderr.contains("drain_timeout_seconds"), "{}", wrong.stderr);
    let shown = ctl.json(&["daemon", "config", "show"]);
    let drain = |it: &&Value| it["key"] == "delivery.drain_timeout_seconds";
    assert_eq!(shown["items"].as_array().unwrap().iter().find(drain).unwrap()["value"], 7);
}

/// Whoever got no answer asks again with the same key: what it changed is there once, and so is its answer.
#[test]
fn a_change_that_is_asked_for_again_with_its_key_is_made_once() {
    let daemon = Daemon::start();
    daemon.service("acme");
    daemon.mock("quick", &json!({}), &[]);
    let ctl = daemon.ctl();
    let create = ["service", "key", "create", "acme", "-o", "plain", "--idempotency-key", "k-1"];
    let key = ctl.ok(&create);
    assert_eq!(ctl.ok(&create), key);
    assert_eq!(ctl.json(&["service", "key", "list", "acme"])["items"].as_array().unwrap().len(), 2);
    let other = ctl.run(&["service", "unlock", "acme", "--idempotency-key", "k-1"]);
    assert_eq!(other.code, 5, "{}", other.stderr);
    assert!(other.stderr.contains("used for another change"), "{}", other.stderr);
    let send =
        "notification send --service acme --channel sms --to +15005550006 --body hello --no-dedup -o id";
    let send: Vec<&str> = send.split(' ').chain(["--idempotency-key", "order-1"]).collect();
    let id = ctl.ok(&send);
    let again = ["notification", "cancel", id.trim(), "--yes", "--idempotency-key", "c-1"];
    let daemon = daemon.kill().start();
    let ctl = daemon.ctl();
    assert_eq!(ctl.ok(&send), id, "the log knows the key, over a restart too");
    // Of other changes it knows that they were made; the answer is gone, as it may be a secret.
    let made = ctl.run(&create);
    assert_eq!(made.code, 5, "{}", made.stderr);
    assert!(made.stderr.contains("service.key.create ") && made.stdout.is_empty(), "{}", made.stderr);
    assert_eq!(ctl.json(&["service", "key", "list", "acme"])["items"].as_array().unwrap().len(), 2);
    // What is changed one by one is judged by how it stands.
    assert_eq!((ctl.run(&again).code, ctl.run(&again).code), (5, 5), "it is delivered");
}

/// A pipe whose reader has gone ends what follows it, also when nothing happens any more.
#[test]
fn what_is_followed_ends_when_nobody_reads() {
    let daemon = Daemon::start();
    let socket = daemon.builder().socket();
    let mut tail = Command::new(bin("notifyctl"));
    tail.arg("--socket").arg(&socket).args(["tail", "-f", "--filter", "event:nothing_is_called_so"]);
    let mut tail = tail.stdout(Stdio::piped()).spawn().unwrap();
    drop(tail.stdout.take());
    assert_eq!(tail.wait().unwrap().code(), Some(0));
}

#[test]
fn several_operations_are_waited_for_and_the_first_that_went_wrong_is_the_end() {
    let daemon = Daemon::start();
    let (ctl, directory) = (daemon.ctl(), daemon.builder().dir().to_owned());
    for name in ["one", "two"] {
        ctl.ok(&["store", "backup", directory.join(name).to_str().unwrap()]);
    }
    let told = ctl.ok(&["op", "wait", "op_1", "op_2", "op_1"]);
    let told: Vec<_> = told.lines().map(|line| line.split(':').next().unwrap()).collect();
    assert_eq!(told, ["op_1", "op_2"]);
    assert_eq!(ctl.run(&["op", "wait", "op_1", "op_9"]).code, 3);
}
