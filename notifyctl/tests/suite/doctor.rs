//! The doctor: one line per finding, what to do about it, and an exit code.

use crate::house::Answer::{Err, Ok, Silence};
use crate::house::{checkup, fake, run_with, usual};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;

fn finding(found: &'static str) -> crate::house::Fake {
    fake(move |verb, arguments| match verb {
        "Doctor" => Ok(checkup(found)),
        _ => Ok(usual(verb, arguments)),
    })
}

#[test]
fn a_problem_ends_it_with_1_and_a_warning_only_when_it_shall() {
    for (found, plain, strict) in [("ok", 0, 0), ("skipped", 0, 0), ("warning", 0, 1), ("problem", 1, 1)] {
        let fake = finding(found);
        assert_eq!(fake.run(&["doctor"]).exit, plain, "{found}");
        assert_eq!(fake.run(&["doctor", "--strict"]).exit, strict, "{found}");
    }
}

#[test]
fn every_finding_is_a_line_and_advice_stands_below() {
    let run = finding("problem").run(&["doctor"]);
    let at = |words: &str| run.stdout.lines().position(|line| line.contains(words));
    let problem = at("provider relay: mail.example.org:25: no\\u{1b}[5m answer").unwrap();
    assert!(run.stdout.lines().nth(problem).unwrap().starts_with("problem "), "{}", run.stdout);
    assert_eq!(at("-> see\\u{9b} to it"), Some(problem + 1), "{}", run.stdout);
    assert!(run.stderr.contains("1 problem, 0 warnings"), "{}", run.stderr);
    assert!(at("role: admin").is_some() && at("socket ").is_some() && at("version: notifyd").is_some());
    let json = finding("problem").run(&["doctor", "--json"]).json();
    let bad = json["items"].as_array().unwrap().iter().filter(|it| it["result"] == "problem").count();
    assert_eq!((bad, &json["schema"]), (1, &"notify.doctor/1".into()));
}

#[test]
fn without_a_daemon_it_says_what_it_can() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).display().to_string();
    let ran = |socket: &str| run_with(&["--socket", socket, "doctor"], &[], "");
    let missing = ran(&at("none.sock"));
    assert_eq!(missing.exit, 69);
    assert!(
        missing.stdout.contains("ENOENT") && missing.stdout.contains("systemctl start"),
        "{}",
        missing.stdout
    );
    drop(UnixListener::bind(at("stale.sock")).unwrap());
    let stale = ran(&at("stale.sock"));
    assert_eq!(stale.exit, 69);
    assert!(stale.stdout.contains("mode 0") && stale.stdout.contains("left over"), "{}", stale.stdout);
    std::fs::write(at("file"), "").unwrap();
    let file = ran(&at("file"));
    assert!(file.stdout.contains("no socket") && file.exit == 69, "{} {}", file.exit, file.stdout);
    let json = run_with(&["--socket", &at("none.sock"), "doctor", "--json"], &[], "");
    assert_eq!((json.exit, &json.json()["items"][0]["check"]), (69, &"socket".into()));
    let open = UnixListener::bind(at("open.sock")).unwrap();
    std::fs::set_permissions(at("open.sock"), std::fs::Permissions::from_mode(0o666)).unwrap();
    drop(open);
    assert!(ran(&at("open.sock")).stdout.contains("everybody may connect"));
}

#[test]
fn what_the_daemon_cannot_tell_is_told_as_far_as_it_goes() {
    let older = fake(|verb, arguments| match verb {
        "Doctor" => Err("failed", "no"),
        _ => Ok(usual(verb, arguments)),
    });
    let run = older.run(&["doctor"]);
    assert_eq!(run.exit, 1);
    assert!(run.stdout.contains("role: admin") && run.stdout.contains("daemon: no"), "{}", run.stdout);
    let hangs = fake(|verb, arguments| match verb {
        "Hello" => Silence,
        _ => Ok(usual(verb, arguments)),
    });
    let run = hangs.run(&["--timeout", "1s", "doctor"]);
    assert_eq!(run.exit, 75);
    assert!(run.stdout.contains("socket ") && run.stdout.contains("no answer"), "{}", run.stdout);
}
