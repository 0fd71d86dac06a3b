//! What operators and their machines watch: the exit codes of a check, and what is followed.

use crate::house::{Answer, Fake, fake, overview, run_with, service, usual, willing};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A daemon whose overview is changed so.
fn with(change: impl Fn(&mut Value) + Send + Sync + 'static) -> Fake {
    fake(move |verb, arguments| {
        if verb == "Overview" {
            let mut reply = overview();
            change(&mut reply["overview"]);
            return Answer::Ok(reply);
        }
        Answer::Ok(usual(verb, arguments))
    })
}

#[test]
fn a_check_ends_with_the_codes_of_a_plug_in() {
    let well = willing().run(&["check"]);
    assert_eq!(well.exit, 0, "what is only good to know is no problem");
    assert_eq!(
        well.stdout,
        "NOTIFYD OK - nothing needs attention | ready=1284 retrying=0 dead=2 dead_1h=101 busy=3 webhooks_owed=0\n"
    );
    let warns = with(|view| view["attention"][0]["severity"] = json!("warning")).run(&["check"]);
    assert_eq!((warns.exit, warns.stdout.starts_with("NOTIFYD WARNING - queue mock: the oldest")), (1, true));
    let newer = with(|view| view["attention"][0]["severity"] = json!("dire"));
    assert_eq!(newer.run(&["check"]).exit, 1, "a word of a newer daemon is worth a look");
    let critical = with(|view| {
        let mut worse = view["attention"][0].clone();
        (worse["severity"], worse["fact"]) = (json!("critical"), json!("a | b"));
        view["attention"].as_array_mut().unwrap().push(worse);
    });
    let run = critical.run(&["check"]);
    assert!(run.exit == 2 && run.stdout.matches('|').count() == 1, "{}", run.stdout);
    let gone = run_with(&["check"], &[("NOTIFYD_SOCKET", "/nowhere/control.sock")], "");
    assert!(gone.exit == 3 && gone.stdout.starts_with("NOTIFYD UNKNOWN - "), "{}", gone.stdout);
    let refused = fake(|verb, arguments| match verb {
        "Overview" => Answer::Err("unavailable", "not now"),
        _ => Answer::Ok(usual(verb, arguments)),
    });
    let run = refused.run(&["check", "--json"]);
    assert_eq!(
        (run.exit, run.json()["state"].clone(), run.json()["exit"].clone()),
        (3, json!("unknown"), json!(3))
    );
}

#[test]
fn a_check_with_a_wrong_flag_is_unknown_and_not_critical() {
    for line in [
        &["check", "--bogus"][..],
        &["check", "--dead", "x"],
        &["-q", "check", "--dead"],
        &["check", "extra"],
        &["--timeout", "90", "check"],
        &["check", "--color", "mauve"],
    ] {
        let run = run_with(line, &[], "");
        assert_eq!((run.exit, run.stderr.as_str()), (3, ""), "{line:?}");
        assert!(run.stdout.starts_with("NOTIFYD UNKNOWN - "), "{line:?}: {}", run.stdout);
        assert_eq!(run.stdout.lines().count(), 1, "{line:?}: {}", run.stdout);
    }
    let json = run_with(&["check", "--bogus", "--json"], &[], "");
    assert_eq!((json.exit, &json.json()["state"]), (3, &json!("unknown")));
    assert_eq!(run_with(&["check", "--help"], &[], "").exit, 0);
    assert_eq!(run_with(&["status", "--bogus"], &[], "").exit, 2, "the others keep their codes");
}

#[test]
fn a_check_by_its_own_limits_looks_at_nothing_else() {
    let daemon = with(|view| view["attention"][0]["severity"] = json!("critical"));
    let exit = |flags: &[&str]| daemon.run(&[&["check"], flags].concat()).exit;
    assert_eq!((exit(&["--dead", "101"]), exit(&["--dead", "100"])), (0, 1));
    assert_eq!((exit(&["--ack-rate", "61"]), exit(&["--ack-rate", "62"])), (0, 1));
    assert_eq!((exit(&["--circuit"]), exit(&["--queue-age", "1s"])), (0, 1));
    for (word, code) in [("half_open", 1), ("open", 2)] {
        let daemon = with(move |view| view["providers"][0]["circuit"] = json!(word));
        assert_eq!(daemon.run(&["check", "--circuit"]).exit, code, "{word}");
    }
}

#[test]
fn figures_have_their_units_for_people_and_are_bare_for_programs() {
    let daemon = willing();
    let of = |format: &str| daemon.run(&["stats", "summary", "-o", format]).stdout;
    assert!(of("table").contains("\ndelivered_per_second  812.4\n"), "{}", of("table"));
    assert!(of("plain").contains("\nack_percent\t94.2\n"), "{}", of("plain"));
    let json = daemon.run(&["stats", "summary", "--json"]).json();
    assert_eq!((&json["delivered_per_second"], &json["ack_percent"]), (&json!(812.4), &json!(94.2)));
    let line = daemon.run(&["top", "--section", "webhooks", "-o", "csv", "--columns", "acked,p95"]).stdout;
    assert_eq!(line, "acked,p95\n61.8,310.5\n");
    let people = daemon.run(&["top", "--section", "webhooks", "--columns", "acked,p95"]).stdout;
    assert_eq!(people, "ACKED      P95\n61.8%  310.5ms\n");
}

#[test]
fn latencies_are_told_apart_by_what_they_are_measured_for() {
    let daemon = willing();
    let by = |what: &str| daemon.run(&["stats", "latency", "--by", what, "-o", "csv"]).stdout;
    let took = "9,84.0,310.5,,1300.0\n";
    let head = "name,latency,count,p50,p95,p99,max\n";
    assert_eq!(by("queue"), format!("{head}mock,queue_wait,{took}"));
    assert_eq!(by("provider"), format!("{head}mock,provider_call,{took}"));
    let of_sms =
        ["queue_wait", "provider_call", "accept_to_deliver"].map(|kind| format!("sms,{kind},{took}"));
    assert_eq!(by("channel"), format!("{head}{}", of_sms.concat()));
    let of_acme =
        ["queue_wait", "provider_call", "accept_to_deliver"].map(|kind| format!("acme,{kind},{took}"));
    assert_eq!(by("service"), format!("{head}{}", of_acme.concat()));
    let people = daemon.run(&["stats", "latency", "--by", "provider"]).stdout;
    assert!(people.ends_with("\nmock  provider_call      9  84.0ms  310.5ms  -    1300.0ms\n"), "{people}");
    let hooks = daemon.run(&["stats", "latency", "--by", "webhook"]);
    assert!(
        hooks.stdout.contains("acme") && hooks.stderr.contains("4 more are left off"),
        "{}",
        hooks.stderr
    );
    let refused = daemon.run(&["stats", "latency", "--by", "error"]);
    let said = "write queue, provider, channel, service or webhook\nhint: ";
    assert!(refused.exit == 2 && refused.stderr.contains(said), "{}", refused.stderr);
    let unknown = daemon.run(&["stats", "latency", "--by", "colour"]).stderr;
    assert!(unknown.contains("[possible values: queue, provider, channel, service, webhook]"), "{unknown}");
}

#[test]
fn of_services_it_is_told_which_were_measured_and_when_there_may_be_more() {
    let many = |count: usize| {
        fake(move |verb, arguments| match verb {
            "ServiceList" => {
                let one = |n| {
                    let mut one = service();
                    one["name"] = json!(format!("s{n}"));
                    one
                };
                let mut all: Vec<_> = (0..count).map(one).collect();
                all[0]["latency"] = Value::Null;
                Answer::Ok(json!(all))
            }
            _ => Answer::Ok(usual(verb, arguments)),
        })
    };
    let ask = |count| many(count).run(&["stats", "latency", "--by", "service"]);
    let few = ask(64);
    assert!(!few.stdout.contains("s0 ") && few.stdout.contains("\ns63 "), "{}", few.stdout);
    assert_eq!(few.stderr, "");
    assert!(ask(65).stderr.contains("no more than 64 services are measured at once"));
}

#[test]
fn a_tail_reads_to_the_end_of_what_was_there_and_says_where_that_is() {
    let daemon = fake(|verb, arguments| {
        let after = arguments["request"]["after_seq"].as_u64();
        let page = |seq: u64, dropped: u64| {
            let event = json!({"seq": seq, "at": "2026-01-01T00:00:00.000Z", "event": "created",
                "severity": "info", "object": "notification", "id": seq.to_string()});
            // The end moves on while it is read.
            Answer::Ok(json!({"events": [event], "next_seq": seq, "dropped": dropped, "head_seq": seq + 1}))
        };
        match (verb, after) {
            ("Events", None) => page(7, 3),
            ("Events", Some(after)) => page(after + 1, 0),
            _ => Answer::Ok(usual(verb, arguments)),
        }
    });
    let run = daemon.run(&["tail", "-o", "jsonl"]);
    let lines: Vec<Value> = run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0], json!({"dropped": 3}));
    assert_eq!(lines[1..].iter().map(|line| line["seq"].clone()).collect::<Vec<_>>(), [json!(7), json!(8)]);
    assert_eq!(daemon.run(&["tail", "--json"]).json()["next"], "8");
    let wrong = daemon.run(&["tail", "--filter", "colour:red"]);
    assert!(wrong.exit == 2 && wrong.stderr.contains("event, severity, object"), "{}", wrong.stderr);
}

#[test]
fn a_part_of_the_overview_that_is_watched_is_that_part_alone() {
    let looks = Arc::new(AtomicUsize::new(0));
    let daemon = fake(move |verb, arguments| match (verb, looks.load(Ordering::SeqCst)) {
        ("Overview", 1) => Answer::HangUp,
        ("Overview", _) => {
            looks.fetch_add(1, Ordering::SeqCst);
            Answer::Ok(overview())
        }
        _ => Answer::Ok(usual(verb, arguments)),
    });
    let look = daemon.run(&["top", "--watch=1ms", "--section", "queues"]);
    assert_eq!((look.exit, look.stdout.lines().count()), (69, 1), "{}", look.stdout);
    let json = look.json();
    assert_eq!((&json["items"][0]["name"], &json["total"]["value"]), (&json!("mock"), &json!(1)), "{json}");
}

#[test]
fn the_overview_can_be_read_line_by_line_without_a_table() {
    let daemon = willing();
    let plain = daemon.run(&["top", "-o", "plain"]);
    let words: Vec<_> = plain.stdout.lines().filter_map(|line| line.split('\t').next()).collect();
    assert!(words.starts_with(&["ready", "busy"]), "{words:?}");
    for kind in ["attention", "queue", "provider", "webhook", "latency"] {
        assert!(words.contains(&kind), "{kind} is not in {words:?}");
    }
    // How often is a span, or seconds; without any it is two of them.
    for (often, exit) in [("5", 69), ("5s", 69), ("0", 2), ("5 parsecs", 2)] {
        for command in [&["top"][..], &["status"], &["ntf", "list"]] {
            let line = [command, &["--socket", "/nowhere/at-all.sock", "--watch", often]].concat();
            assert_eq!(run_with(&line, &[], "").exit, exit, "{line:?}");
        }
    }
}

#[test]
fn a_number_of_an_earlier_run_of_the_daemon_hides_nothing() {
    let daemon = fake(|verb, arguments| match (verb, arguments["request"]["after_seq"].as_u64()) {
        ("Events", Some(88_121)) => {
            Answer::Ok(json!({"events": [], "next_seq": 8, "dropped": 0, "head_seq": 8}))
        }
        ("Events", Some(8)) => Answer::HangUp,
        _ => Answer::Ok(usual(verb, arguments)),
    });
    for (flags, exit) in [(&["--after", "88121", "-o", "jsonl"][..], 0), (&["-f", "--after", "88121"], 69)] {
        let run = daemon.run(&[&["tail"], flags].concat());
        assert_eq!((run.exit, run.stdout.lines().count()), (exit, 1), "{}", run.stderr);
        assert!(run.stderr.contains("started anew since event 88121"), "{}", run.stderr);
    }
    let again = &daemon.calls("Events")[1]["request"]["after_seq"];
    assert_eq!(again, 0, "from the first of this run on");
    let run = daemon.run(&["tail", "--after", "7"]);
    assert!(run.exit == 0 && run.stderr.is_empty(), "{}", run.stderr);
}

#[test]
fn what_is_followed_is_told_as_it_comes_until_the_daemon_is_gone() {
    let daemon = fake(|verb, arguments| match (verb, arguments["request"]["after_seq"].as_u64()) {
        ("Events", Some(8)) => Answer::HangUp,
        _ => Answer::Ok(usual(verb, arguments)),
    });
    let plain = daemon.run(&["tail", "-f", "-o", "plain"]);
    assert_eq!((plain.exit, plain.stdout.lines().count()), (69, 1), "{}", plain.stderr);
    let people = daemon.run(&["tail", "-f"]);
    let told = "circuit_open provider mock provider mock: 5\\u{9b} in a row";
    assert!(people.stdout.trim_end().ends_with(told), "{}", people.stdout);
    let calls = daemon.calls("Events");
    assert_eq!(calls[1]["request"]["wait_ms"], 15_000, "who follows waits for more");
}

#[test]
fn of_a_tail_n_is_how_many_and_whether_to_change_is_asked_of_nobody() {
    let daemon = willing();
    let last = |words: &[&str]| {
        let run = daemon.run(words);
        assert_eq!(run.exit, 0, "{words:?}: {}", run.stderr);
        daemon.calls("Events").last().unwrap()["request"]["last"].as_u64().unwrap()
    };
    for words in [&["tail", "-n", "7"][..], &["tail", "-n7"], &["tail", "--last", "7"]] {
        assert_eq!(last(words), 7, "{words:?}");
    }
    // The global flag goes before it and after it, as with every command.
    for words in [&["tail"][..], &["-n", "tail"], &["--dry-run", "tail"], &["tail", "--dry-run"]] {
        assert_eq!(last(words), 50, "{words:?}");
    }
    assert_eq!(last(&["-n", "tail", "-n", "7", "--dry-run"]), 7);
    let wrong = daemon.run(&["tail", "-n"]);
    assert!(wrong.exit == 2 && wrong.stderr.contains("--last <N>"), "{}", wrong.stderr);
    let help = run_with(&["tail", "--help"], &[], "").stdout;
    assert!(help.contains("-n, --last <N>") && !help.contains("--dry-run\n"), "{help}");
}
