//! `notifyctl` on a terminal: the form that makes a service, and the pager.

use notify_tests::daemon::{Builder, Daemon};
use notify_tests::seat::{Seat, notifyctl};
use serde_json::json;

/// A daemon that may tell endpoints of this machine.
fn daemon() -> Daemon {
    Builder::new().config("[webhooks]\nallow_private = [\"127.0.0.1/32:9\"]\n").start()
}

fn seat(daemon: &Daemon, words: &[&str], environment: &[(&str, &str)]) -> Seat {
    let mut command = notifyctl(&daemon.builder().socket(), words);
    for (name, value) in environment {
        command.env(name, value);
    }
    Seat::at(command)
}

/// Sees the question and answers it.
fn answer(seat: &mut Seat, question: &str, answer: &str) {
    seat.watches(question, |screen| {
        screen.contents().lines().next_back().is_some_and(|line| line.contains(question))
    });
    seat.press(&format!("{answer}\n"));
}

#[test]
fn the_form_makes_a_service_and_says_how_to_without_it() {
    let daemon = daemon();
    daemon.service("taken");
    let mut seat = seat(&daemon, &["service", "create"], &[]);
    answer(&mut seat, "Name of the service", "taken");
    seat.sees("service taken exists already");
    answer(&mut seat, "Name of the service", "acme");
    answer(&mut seat, "Description", "Ada's shop");
    answer(&mut seat, "Requests it may make", "50");
    seat.sees("write a rate such as 50/s");
    answer(&mut seat, "Requests it may make", "50/s");
    answer(&mut seat, "A URL where", "http://127.0.0.1:9/n");
    answer(&mut seat, "Events", "delivered,failed");
    answer(&mut seat, "Retries", "3");
    answer(&mut seat, "Name of a header", "X-Token");
    answer(&mut seat, "X-Token (not shown)", "hunter2");
    answer(&mut seat, "Name of a header", "");
    answer(&mut seat, "One more URL", "");
    seat.sees("http://127.0.0.1:9/n: delivered, failed, 3 retries, with X-Token");
    answer(&mut seat, "Create it? [y/N]", "y");
    let end = seat.end();
    assert!(end.code == 0 && end.as_before, "{end:?}");
    assert!(!end.wrote.contains("hunter2"), "{}", end.wrote);
    assert!(
        end.wrote.contains("service create acme --description 'Ada'\\''s shop' --rate 50/s"),
        "{}",
        end.wrote
    );
    assert!(end.wrote.contains("--event delivered --event failed --max-retries 3"), "{}", end.wrote);
    let ctl = daemon.ctl();
    let made = ctl.json(&["service", "show", "acme"])["service"].clone();
    assert_eq!((&made["description"], &made["rate_per_second"]), (&json!("Ada's shop"), &json!(50.0)));
    let hooks = ctl.json(&["webhook", "list", "--service", "acme"]);
    assert_eq!(hooks["items"][0]["max_retries"], 3, "{hooks}");
    assert_eq!(hooks["items"][0]["headers"], json!({"X-Token": "***"}), "{hooks}");
}

#[test]
fn what_a_flag_says_is_not_asked_for_and_not_lost() {
    let daemon = daemon();
    let file = daemon.builder().dir().join("hook.json");
    std::fs::write(&file, json!({"url": "http://127.0.0.1:9/file", "max_retries": 2}).to_string()).unwrap();
    let file = file.to_str().unwrap();
    let mut words = vec!["service", "create", "--description", "given", "--rate", "300/m"];
    words.extend(["--webhook", "http://127.0.0.1:9/n", "--webhook-file", file]);
    for dry in [true, false] {
        let mut seat = seat(&daemon, &[&words[..], if dry { &["-n"] } else { &[] }].concat(), &[]);
        answer(&mut seat, "Name of the service", "acme");
        answer(&mut seat, "One more URL", "");
        if !dry {
            answer(&mut seat, "Create it? [y/N]", "y");
        }
        let end = seat.end();
        assert!(end.code == 0 && !end.wrote.contains("empty for no limit"), "{end:?}");
        let line = format!(
            "service create acme --description given --rate 5/s --webhook-file {file} --webhook http://127.0.0.1:9/n"
        );
        assert!(end.wrote.replace("\r\n", "\n").contains(&line), "{}", end.wrote);
    }
    let ctl = daemon.ctl();
    let made = ctl.json(&["service", "show", "acme"])["service"].clone();
    assert_eq!((&made["description"], &made["rate_per_second"]), (&json!("given"), &json!(5.0)));
    assert_eq!(ctl.json(&["webhook", "list", "--service", "acme"])["items"].as_array().unwrap().len(), 2);
}

#[test]
fn what_is_told_once_is_framed_on_a_terminal_and_a_record_in_a_pipe() {
    let daemon = daemon();
    let create = |name: &'static str| ["service", "create", name, "--webhook", "http://127.0.0.1:9/n"];
    let end = seat(&daemon, &create("seen"), &[]).end();
    assert_eq!(end.code, 0, "{end:?}");
    for shown in ["This key is shown once", "This secret is shown once", "| whsec_"] {
        assert!(end.wrote.contains(shown), "{shown}: {}", end.wrote);
    }
    assert!(!end.wrote.contains("webhook_secret"), "{}", end.wrote);
    let piped = daemon.ctl().ok(&create("piped"));
    let records: Vec<Vec<_>> = piped.lines().map(|line| line.split('\t').collect()).collect();
    let [key, secret] = &records[..] else { panic!("{piped}") };
    assert_eq!((key[0], key[2], key.len()), ("key", "piped", 4), "{piped}");
    assert_eq!(
        (secret[0], secret[2], secret.len()),
        ("webhook_secret", "http://127.0.0.1:9/n", 4),
        "{piped}"
    );
    assert!(secret[1].starts_with("whsec_") && key[1].contains(&format!("-{}", key[3])), "{piped}");
}

#[test]
fn whoever_says_no_or_leaves_has_made_nothing() {
    let daemon = daemon();
    let begun = |key: &str| {
        let mut seat = seat(&daemon, &["service", "create"], &[]);
        answer(&mut seat, "Name of the service", "acme");
        for question in ["Description", "Requests", "A URL where"] {
            answer(&mut seat, question, "");
        }
        seat.sees("Create it? [y/N]");
        seat.press(key);
        seat.end()
    };
    for key in ["n\n", "\n", "\u{4}"] {
        let end = begun(key);
        assert_eq!(end.code, 6, "{key:?}: {}", end.wrote);
    }
    assert_eq!(daemon.ctl().run(&["service", "show", "acme"]).code, 3);
    let mut seat = seat(&daemon, &["service", "create"], &[]);
    seat.sees("Name of the service");
    seat.press("\u{4}");
    let end = seat.end();
    assert!(end.code == 6 && end.wrote.contains("the input ended"), "{}", end.wrote);
}

#[test]
fn a_secret_that_is_typed_is_not_seen() {
    let daemon = daemon();
    let mut relay =
        seat(&daemon, &["provider", "add", "hook", "--type", "webhook", "--secret-file", "-"], &[]);
    relay.sees("The secret (not shown)");
    relay.press("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n");
    let end = relay.end();
    assert!(end.as_before && !end.wrote.contains("MDEyMzQ1"), "{end:?}");
    assert!(end.wrote.contains("provider hook"), "{end:?}");
    let mut none = seat(&daemon, &["provider", "add", "x", "--type", "webhook", "--secret-file", "-"], &[]);
    none.sees("The secret (not shown)");
    none.press("\n");
    assert_eq!(none.end().code, 78);
    assert_eq!(daemon.ctl().run(&["provider", "show", "x"]).code, 3);
}

#[test]
fn what_is_shown_goes_through_the_pager_and_nothing_else_does() {
    let daemon = daemon();
    daemon.service("acme");
    let read = |words: &[&str], environment: &[(&str, &str)]| {
        let end = seat(&daemon, words, environment).end();
        assert_eq!(end.code, 0, "{}", end.wrote);
        end.wrote
    };
    let marks = [("NOTIFYCTL_PAGER", "sed 's/^/> /'"), ("PAGER", "false")];
    assert!(read(&["service", "show", "acme"], &marks).contains("> name"));
    assert!(read(&["help", "exit-codes"], &marks).contains("> Exit codes"));
    assert!(!read(&["service", "list"], &marks).contains("> "));
    assert!(!read(&["service", "show", "acme", "--no-pager"], &marks).contains("> "));
    assert!(read(&["service", "show", "acme"], &[("PAGER", "no-such-pager")]).contains("acme"));
    assert!(read(&["service", "show", "acme"], &[("PAGER", "")]).contains("acme"));
    // What fails before it is told needs none, and whoever leaves it early has read enough.
    let end = seat(&daemon, &["service", "show", "nobody"], &marks).end();
    assert!(end.code == 3 && !end.wrote.contains("> "), "{}", end.wrote);
    assert_eq!(seat(&daemon, &["service", "show", "acme"], &[("PAGER", "true")]).end().code, 0);
    // Ctrl-C is the pager's.
    let mut seat = seat(
        &daemon,
        &["service", "show", "acme"],
        &[("PAGER", "sh -c 'trap : INT; cat; read x </dev/tty'")],
    );
    seat.sees("acme");
    seat.press("\u{3}");
    seat.press("\n");
    assert_eq!(seat.end().code, 0);
}

#[test]
fn a_question_lists_some_of_many_and_what_happens_next() {
    let daemon = daemon();
    daemon.service("acme");
    daemon.mock("only", &json!({}), &["--channel", "sms"]);
    let ctl = daemon.ctl();
    let sms = ["ntf", "send", "--service", "acme", "--channel", "sms", "--to", "+15005550006", "--at", "1h"];
    let ids: Vec<_> = (0..7)
        .map(|n| ctl.ok(&[&sms[..], &["-o", "id", "--body", &n.to_string()]].concat()).trim().to_owned())
        .collect();
    let all: Vec<_> = ids.iter().map(String::as_str).collect();
    let mut many = seat(&daemon, &[&["ntf", "cancel"], &all[..]].concat(), &[]);
    answer(&mut many, "Cancel 7 notifications? [y/N]", "n");
    let end = many.end();
    assert!(end.code == 6 && end.wrote.contains(all[4]) && !end.wrote.contains(all[5]), "{}", end.wrote);
    assert!(end.wrote.contains("and 2 more") && end.wrote.contains("is not sent"), "{}", end.wrote);
    let mut one = seat(&daemon, &["ntf", "cancel", all[0]], &[]);
    answer(&mut one, "[y/N]", "y");
    assert_eq!(one.end().code, 0);
    // Several are started again by whoever says so; one, or a pipe, goes on without.
    daemon.mock("no", &json!({"outcome": "permanent"}), &["--channel", "email"]);
    let mail = ["ntf", "send", "--service", "acme", "--channel", "email", "--to", "a@example.org", "--body"];
    let dead: Vec<_> = ["one", "two"]
        .map(|text| {
            let id = ctl.ok(&[&mail[..], &[text, "-o", "id"]].concat()).trim().to_owned();
            ctl.ok(&["ntf", "wait", &id, "--for", "final"]);
            id
        })
        .into();
    let mut both = seat(&daemon, &["ntf", "retry", &dead[0], &dead[1]], &[]);
    answer(&mut both, "Retry 2 notifications? [y/N]", "n");
    assert_eq!(both.end().code, 6);
    assert_eq!(seat(&daemon, &["ntf", "retry", &dead[0]], &[]).end().code, 0);
    ctl.ok(&["ntf", "wait", &dead[0], "--for", "final"]);
    ctl.ok(&["ntf", "retry", &dead[0], &dead[1]]);

    let create = ["webhook", "create", "--service", "acme", "--url", "http://127.0.0.1:9/n"];
    let hook = ctl.json(&create)["webhook"]["id"].as_str().unwrap().to_owned();
    let rotate = ["webhook", "secret", "rotate", &hook, "--grace", "0", "--yes"];
    let end_of = &hook[hook.len() - 12..];
    for (typed, code) in [("y", 6), (end_of, 0), (&hook, 0)] {
        let mut asked = seat(&daemon, &rotate, &[]);
        answer(&mut asked, "to go on", typed);
        assert_eq!(asked.end().code, code, "{typed}");
    }
    let mut off = seat(&daemon, &["webhook", "disable", &hook], &[]);
    answer(&mut off, "[y/N]", "y");
    assert_eq!(off.end().code, 0);
}

#[test]
fn what_is_watched_is_drawn_in_place_however_small_the_terminal_is() {
    let daemon = daemon();
    let mut seat = seat(&daemon, &["status", "--watch=1s"], &[]);
    seat.sees("concern");
    seat.resize(80, 6);
    seat.watches("a frame that fits", |screen| screen.contents().contains("more lines have no room"));
    let frames = |seat: &Seat| seat.screen().contents().matches("health").count();
    let before = seat.written();
    seat.watches("another frame", |screen| screen.contents().contains("no room"));
    assert!(seat.written() >= before && frames(&seat) == 1, "{}", seat.screen().contents());
    seat.press("\u{3}");
    seat.end();
}
