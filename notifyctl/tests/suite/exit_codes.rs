//! The documented exit code for every class of failure.

use crate::every_command::words;
use crate::house::Answer::{Err, HangUp, Ok, Silence};
use crate::house::{ID, OTHER, command, detail, fake, queue, run_with, usual, welcome, willing};
use serde_json::json;
use std::os::unix::net::UnixListener;
use std::process::Stdio;

/// The exit code and standard error of a command whose one verb is refused with this code.
fn refused(code: &'static str, line: &[&str]) -> (i32, String) {
    let fake = fake(move |verb, _| if verb == "Hello" { Ok(welcome()) } else { Err(code, "no") });
    let run = fake.run(line);
    assert_eq!(run.stdout, "", "{line:?}");
    (run.exit, run.stderr)
}

#[test]
fn refusals() {
    for (code, exit) in [
        ("invalid", 1),
        ("failed", 1),
        ("unavailable", 1),
        ("of a newer daemon", 1),
        ("not_found", 3),
        ("forbidden", 4),
        ("conflict", 5),
    ] {
        for line in [
            &["service", "show", "x"][..],
            &["service", "disable", "x"],
            &["provider", "update", "x", "--priority", "1"],
            &["provider", "remove", "x", "--confirm", "x"],
            &["provider", "route"],
            &["ntf", "retry", ID],
            &["ntf", "postpone", ID, "--until", "1h"],
            &["ntf", "bury", ID, "--yes"],
            &["ntf", "bury", "--filter", "*", "--yes"],
            &["ntf", "postpone", "--filter", "*", "--until", "1h", "--yes"],
            &["ntf", "explain", ID],
            &["ntf", "list"],
            &["schedule", "list"],
            &["schedule", "histogram"],
            &["schedule", "move", ID, "--at", "1h"],
            &["schedule", "run", ID],
            &["store", "stats"],
            &["store", "backup"],
            &["operation", "show", "op_9"],
            &["operation", "wait", "op_9"],
            &["daemon", "reload"],
            &["queue", "show", "x"],
            &["queue", "pause", "x", "--yes"],
            &["queue", "resume", "x"],
            &["queue", "hold", "cancel", "hold_9"],
            &["provider", "circuit", "close", "x"],
        ] {
            assert_eq!(refused(code, line).0, exit, "{code} {line:?}");
        }
        let (_, stderr) = refused(code, &["service", "show", "x", "--json"]);
        let error: serde_json::Value = serde_json::from_str(&stderr).unwrap();
        assert_eq!(error["error"]["exit"], exit);
    }
}

#[test]
fn usage() {
    let fake = willing();
    for line in [
        "",
        "service",
        "nonsense",
        "service show",
        "service list --nonsense",
        "service create acme --rate 50",
        "status --timeout 90",
        "status --timeout 0s",
        "status -o xml",
        "status --json -o csv",
        "stats latency --by colour",
        "stats latency --by error",
        "ntf list --since 90",
        "ntf list --status lost",
        "ntf list --filter state:failed",
        "ntf list --limit 0",
        "ntf list --columns nonsense",
        "ntf show nonsense",
        "ntf cancel",
        "ntf cancel --filter status:failed x",
        "ntf retry --expect 5 x",
        "ntf postpone 0197a6c2-5b1e-7cc0-8000-0123456789ab",
        "ntf postpone --until 1h",
        "ntf postpone x --until 1h",
        "ntf postpone 0197a6c2-5b1e-7cc0-8000-0123456789ab --until 90",
        "ntf postpone --filter status:queued",
        "ntf postpone --filter status:queued --until 90",
        "ntf bury",
        "ntf bury --filter status:queued x",
        "ntf bury x --expect 5",
        "ntf explain",
        "schedule",
        "schedule list --due 90",
        "schedule list --limit 0",
        "schedule list --filter state:failed",
        "schedule move 0197a6c2-5b1e-7cc0-8000-0123456789ab",
        "schedule move --filter x",
        "schedule run",
        "schedule run x --limit 5",
        "ntf retry --filter x --expect 5~",
        "ntf retry --filter x --limit 0",
        "ntf retry x --no-wait",
        "dead list --filter fault:nonsense",
        "dead discard",
        "dead retry --filter x --rate 20",
        "ntf send --service acme --to x --body y",
        "ntf send --service acme --channel fax --to x --body y",
        "ntf send --service acme --channel sms --to x",
        "provider add x",
        "provider update x",
        "provider update x --rate 50",
        "provider update x --burst many",
        "provider remove",
        "service create",
        "service delete",
        "service seed-mock x",
        "service seed-mock --hooks http://127.0.0.1:1 --no-hooks",
        "provider route --channel fax",
        "store prune",
        "store prune --older-than 90d",
        "store prune --older-than 90d --status queued",
        "store prune --older-than 90 --status failed",
        "store prune --older-than 90d --status failed --confirm many",
        "store stats -o id",
        "operation show",
        "queue pause",
        "queue pause x --for 10",
        "queue pause x --for 10m --no-end",
        "queue limit x",
        "queue limit x 0",
        "queue hold",
        "provider circuit open",
        "completions tcsh",
        "help nonsense",
        "service create acme -o id",
        "status -o id",
    ] {
        let words: Vec<_> = line.split_whitespace().collect();
        let run = fake.run(&words);
        assert_eq!(run.exit, 2, "{line}: {}", run.stderr);
        assert!(!run.stderr.is_empty(), "{line}");
    }
    assert!(fake.run(&["ntf", "list", "--since", "90"]).stderr.contains("write 90s"));
    assert!(fake.run(&["ntf", "cancel", "--filter", ""]).stderr.contains("'*'"));
    assert!(fake.run(&["servise", "list"]).stderr.contains("service"), "the nearest word is suggested");
    assert_eq!(fake.run(&["--help"]).exit, 0);
    assert_eq!(fake.run(&["--version"]).exit, 0);
}

#[test]
fn partly_done_and_nothing_done() {
    let with = |results: fn(usize) -> serde_json::Value| {
        fake(move |verb, arguments| {
            if verb != "NotificationRetry" {
                return Ok(usual(verb, arguments));
            }
            let ids = arguments["ids"].as_array().unwrap();
            Ok(ids.iter().enumerate().map(|(n, id)| json!({"id": id, "result": results(n)})).collect())
        })
    };
    let no = |code: &str| json!({"Err": {"code": code, "message": "no"}});
    let first_only = with(|n| {
        if n == 0 {
            json!({"Ok": "queued"})
        } else {
            json!({"Err": {"code": "conflict", "message": "delivered already"}})
        }
    });
    let run = first_only.run(&["ntf", "retry", ID, OTHER]);
    assert_eq!(run.exit, 7);
    assert!(run.stdout.contains("queued") && run.stdout.contains("delivered already"), "{}", run.stdout);
    assert!(run.stderr.contains("1 queued again, 1 refused") && run.stderr.contains(OTHER), "{}", run.stderr);
    let json = first_only.run(&["ntf", "retry", ID, OTHER, "--json"]);
    assert_eq!(json.json()["items"][1]["error"]["code"], "conflict");
    let missing = with(|_| json!({"Err": {"code": "not_found", "message": "no"}}));
    assert_eq!(missing.run(&["ntf", "retry", ID, OTHER]).exit, 3);
    let conflict = with(|_| json!({"Err": {"code": "conflict", "message": "no"}}));
    assert_eq!(conflict.run(&["ntf", "retry", ID]).exit, 5);
    assert_eq!(no("x")["Err"]["code"], "x");

    let half = fake(|verb, arguments| match verb {
        "NotificationShow" if arguments["id"] == OTHER => Err("not_found", "there is no such notification"),
        _ => Ok(usual(verb, arguments)),
    });
    let unexplained = fake(|verb, arguments| match verb {
        "NotificationExplain" if arguments["id"] == OTHER => {
            Err("not_found", "there is no such notification")
        }
        _ => Ok(usual(verb, arguments)),
    });
    assert_eq!(unexplained.run(&["ntf", "explain", ID, OTHER]).exit, 7);
    assert_eq!(unexplained.run(&["ntf", "explain", OTHER]).exit, 3);
    let run = half.run(&["ntf", "show", ID, OTHER, "-o", "id"]);
    assert_eq!((run.exit, run.stdout.trim()), (7, ID));
    assert_eq!(half.run(&["ntf", "show", OTHER]).exit, 3);
}

#[test]
fn who_waits_for_what_was_sent_knows_which_it_is() {
    let gone = fake(|verb, arguments| match verb {
        "NotificationWait" => HangUp,
        _ => Ok(usual(verb, arguments)),
    });
    let send = ["ntf", "send", "--service", "acme", "--channel", "sms", "--to", "x", "--body", "y", "--wait"];
    let run = gone.run(&send);
    assert!(run.exit == 69 && run.stderr.starts_with(&format!("notification {ID} is ")), "{}", run.stderr);
    let quiet = willing().run(&[&send[..], &["-q", "-o", "id"]].concat());
    assert_eq!((quiet.exit, quiet.stdout.trim(), &*quiet.stderr), (0, ID, ""));
}

#[test]
fn waiting_in_vain_and_not_healthy() {
    let stuck = fake(|verb, arguments| match verb {
        "NotificationWait" => Ok(detail(ID, "retrying")),
        _ => Ok(usual(verb, arguments)),
    });
    let run = stuck.run(&["ntf", "wait", ID, "--timeout", "1s"]);
    assert_eq!(run.exit, 8);
    assert!(run.stderr.contains(&format!("{ID} is retrying")), "{}", run.stderr);
    let failed = fake(|verb, arguments| match verb {
        "NotificationWait" => Ok(detail(ID, "failed")),
        _ => Ok(usual(verb, arguments)),
    });
    assert_eq!(failed.run(&["ntf", "wait", ID, "--for", "delivered"]).exit, 8);
    assert_eq!(failed.run(&["ntf", "wait", ID, "--for", "final"]).exit, 0);
    let send = [
        "ntf",
        "send",
        "--service",
        "acme",
        "--channel",
        "sms",
        "--to",
        "+15005550006",
        "--body",
        "x",
        "--wait",
    ];
    assert_eq!(failed.run(&send).exit, 8);
    assert_eq!(willing().run(&send).exit, 0);
    let busy = fake(|verb, arguments| match verb {
        "QueueShow" => Ok(queue(3)),
        _ => Ok(usual(verb, arguments)),
    });
    let drained = busy.run(&["queue", "drain", "mock", "--wait", "--yes", "--timeout", "1s"]);
    assert_eq!(drained.exit, 8);
    assert!(drained.stderr.contains("3 calls of mock"), "{}", drained.stderr);
    assert_eq!(busy.run(&["queue", "drain", "mock", "--yes"]).exit, 0, "nobody waits");
    assert_eq!(willing().run(&["queue", "drain", "mock", "--wait", "--yes"]).exit, 0);
    assert_eq!(willing().run(&["status"]).exit, 0);
    assert_eq!(willing().run(&["status", "--check"]).exit, 8);
}

#[test]
fn a_command_line_that_is_wrong_is_one_line_of_json_where_that_is_asked_for() {
    for (line, message, hint) in [
        (
            "status --json --colour",
            "unexpected argument '--colour' found",
            "a similar argument exists: '--color'",
        ),
        (
            "-o jsonl store prune --older-than 90d",
            "were not provided: --status <STATUS>",
            "see notifyctl help",
        ),
        ("ntf list --since 90 -o json", "90 has no unit; write 90s", "see notifyctl help"),
        ("serv list --json", "unrecognized subcommand 'serv'", "'service'"),
        ("service --json", "requires a subcommand", "see notifyctl help"),
        ("-o json service", "the command is not whole", "see notifyctl help"),
    ] {
        let run = run_with(&words(line), &[], "");
        let error: serde_json::Value = serde_json::from_str(&run.stderr).unwrap();
        let of = |name: &str| error["error"][name].as_str().unwrap().to_owned();
        assert_eq!((run.exit, &error["error"]["exit"], run.stdout.as_str()), (2, &json!(2), ""), "{line}");
        assert!(of("message").contains(message) && of("hint").contains(hint), "{line}: {}", run.stderr);
    }
    let help = run_with(&["service", "--help", "--json"], &[], "");
    assert!(help.exit == 0 && help.stdout.contains("Usage: "), "help is help");
}

#[test]
fn no_daemon() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).display().to_string();
    let ran = |socket: &str| run_with(&["--socket", socket, "status"], &[], "");
    let missing = ran(&at("none.sock"));
    assert_eq!(missing.exit, 69);
    assert!(
        missing.stderr.contains("there is no socket") && missing.stderr.contains("systemctl start"),
        "{}",
        missing.stderr
    );
    drop(UnixListener::bind(at("stale.sock")).unwrap());
    let stale = ran(&at("stale.sock"));
    assert_eq!(stale.exit, 69);
    assert!(stale.stderr.contains("left over"), "{}", stale.stderr);
    let file = ran(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
    assert_eq!(file.exit, 69);
    assert!(file.stderr.contains("that is no socket"), "{}", file.stderr);

    let breaks = |verb: &'static str| {
        fake(move |it, arguments| if it == verb { HangUp } else { Ok(usual(it, arguments)) })
    };
    let shut = breaks("Hello").run(&["status"]);
    assert_eq!(shut.exit, 4);
    assert!(shut.stderr.contains("groups"), "{}", shut.stderr);
    let read = breaks("Status").run(&["status"]);
    assert!(read.exit == 69 && read.stderr.contains("safe to try again"), "{}", read.stderr);
    let change = breaks("ServiceUnlock").run(&["service", "unlock", "acme"]);
    assert!(change.exit == 69 && change.stderr.contains("may or may not have happened"), "{}", change.stderr);
}

#[test]
fn a_daemon_that_does_not_answer() {
    let hangs = |verb: &'static str| {
        fake(move |it, arguments| if it == verb { Silence } else { Ok(usual(it, arguments)) })
    };
    for (verb, line, says) in [
        ("Hello", &["--timeout", "1s", "status"][..], "safe to try again"),
        ("Status", &["--timeout", "1s", "status"], "safe to try again"),
        ("ServiceUnlock", &["--timeout", "1s", "service", "unlock", "acme"], "may or may not have happened"),
        ("ServiceUnlock", &["--timeout", "1s", "service", "unlock", "acme"], "with --idempotency-key 0"),
        (
            "ServiceUnlock",
            &["--timeout", "1s", "service", "unlock", "acme", "--idempotency-key", "k-7"],
            "with --idempotency-key k-7, within 24 hours",
        ),
    ] {
        let run = hangs(verb).run(line);
        assert_eq!(run.exit, 75, "{verb}");
        assert!(run.stderr.contains("within 1s") && run.stderr.contains(says), "{}", run.stderr);
    }
}

#[test]
fn protocols_that_do_not_fit() {
    for (oldest, newest, upgrade) in [(2, 3, "upgrade notifyctl"), (0, 0, "upgrade the daemon")] {
        let other = fake(move |_, _| {
            let mut welcome = welcome();
            welcome["oldest_protocol"] = json!(oldest);
            welcome["protocol"] = json!(newest);
            Ok(welcome)
        });
        let run = other.run(&["status"]);
        assert_eq!(run.exit, 76);
        assert!(run.stderr.contains(upgrade), "{}", run.stderr);
    }
}

#[test]
fn a_pipe_that_is_closed_ends_quietly() {
    let endless = fake(|verb, arguments| match verb {
        "NotificationList" => {
            let mut page = usual(verb, arguments);
            page["next_cursor"] = json!("more");
            Ok(page)
        }
        _ => Ok(usual(verb, arguments)),
    });
    let socket = endless.socket.display().to_string();
    for format in ["jsonl", "json", "csv", "plain", "id"] {
        let mut command = command(&["ntf", "list", "--all", "-o", format], &[("NOTIFYD_SOCKET", &socket)]);
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{format}");
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "", "{format}");
    }
    for line in [
        &["ntf", "export"][..],
        &["dead", "export"],
        &["ntf", "list", "--watch=1s", "-o", "plain"],
        &["status", "--watch=1s"],
        &["tail", "-o", "jsonl"],
        &["audit", "list", "--all"],
        &["schedule", "list"],
        &["doctor"],
    ] {
        let mut command = command(line, &[("NOTIFYD_SOCKET", &socket)]);
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{line:?}");
        assert!(!String::from_utf8(output.stderr).unwrap().contains("panicked"), "{line:?}");
    }
    for line in [&["--help"][..], &["help", "filters"], &["completions", "bash", "--static"], &["man"]] {
        let mut child = command(line, &[])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0), "{line:?}");
    }
}
