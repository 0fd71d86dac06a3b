//! Work that the daemon does: followed to its end, left alone by a Ctrl-C, told as one document.

use crate::house::Answer::{HangUp, Ok, Silence};
use crate::house::{Fake, command, fake, operation, usual, willing};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Stdio};

/// A daemon whose work ends like this.
fn ends(state: &'static str) -> Fake {
    fake(move |verb, arguments| match verb {
        "OperationShow" => Ok(operation("op_3", "store.check", state)),
        _ => Ok(usual(verb, arguments)),
    })
}

#[test]
fn several_that_are_waited_for_are_one_document() {
    let ended = willing().run(&["op", "wait", "op_3", "op_4", "-o", "json"]);
    assert_eq!(
        (ended.exit, ended.json()["items"].as_array().map(Vec::len)),
        (0, Some(2)),
        "{}",
        ended.stdout
    );
    let csv = willing().run(&["op", "wait", "op_3", "op_4", "-o", "csv", "--columns", "id,state"]).stdout;
    assert_eq!(csv, "id,state\nop_3,done\nop_4,done\n");
    let failed = fake(|verb, arguments| {
        let mut answer = usual(verb, arguments);
        if arguments["id"] == "op_3" {
            answer["state"] = json!("failed");
        }
        Ok(answer)
    });
    let run = failed.run(&["op", "wait", "op_3", "op_4", "-o", "jsonl"]);
    assert_eq!((run.exit, run.stdout.lines().count()), (8, 2), "{}", run.stderr);
}

#[test]
fn the_end_is_one_document_with_the_result_at_its_top() {
    let fake = willing();
    let backup = fake.run(&["store", "backup", "-o", "json"]).json();
    assert_eq!(backup["schema"], "notify.store.backup/1");
    assert_eq!((&backup["path"], &backup["bytes"]), (&json!("/b/\u{202e}.db"), &json!(12_897_485)));
    assert_eq!(backup["operation"]["state"], "done");
    assert_eq!(fake.run(&["store", "check", "--json"]).json()["whole"], true);
    assert_eq!(fake.run(&["store", "compact", "--json"]).json()["bytes"], 12_897_485);
    let stats = fake.run(&["store", "stats", "--json"]).json();
    assert_eq!(stats["storage"]["database_bytes"], 12_897_485);
    let table = fake.run(&["store", "stats"]).stdout;
    assert!(table.contains("12.3 MiB") && table.contains("4.0 KiB"), "{table}");
    let plain = fake.run(&["store", "stats", "-o", "plain"]).stdout;
    for line in ["database_bytes\t12897485\n", "status_delivered\t1284\n", "backup\t/b/1"] {
        assert!(plain.contains(line), "{plain}");
    }
    let reload = fake.run(&["daemon", "reload", "--json"]).json();
    assert_eq!(
        (&reload["changed"][0]["key"], &reload["needs_restart"]),
        (&json!("delivery.workers"), &json!(["intake.listen"]))
    );
    assert!(fake.run(&["daemon", "reload"]).stderr.contains("after a restart only: intake.listen"));
    let would = fake.run(&["daemon", "reload", "-n"]);
    assert_eq!(would.exit, 0);
    assert!(
        would.stdout.contains("delivery.workers") && would.stderr.contains("dry run"),
        "{}",
        would.stderr
    );
    let refusing = crate::house::fake(|verb, arguments| match verb {
        "DaemonReload" => crate::house::Answer::Err("invalid", "delivery.workers: 0 is too few"),
        _ => crate::house::Answer::Ok(crate::house::usual(verb, arguments)),
    });
    assert_eq!(refusing.run(&["daemon", "reload", "-n"]).exit, 78, "as a check of that file");
    assert_eq!(refusing.run(&["daemon", "reload"]).exit, 1);
}

#[test]
fn without_waiting_it_returns_with_the_id() {
    let fake = willing();
    let begun = fake.run(&["store", "backup", "--no-wait", "--json"]).json();
    assert_eq!(
        (&begun["operation"]["id"], &begun["operation"]["state"]),
        (&json!("op_3"), &json!("running"))
    );
    assert_eq!(fake.run(&["store", "check", "--no-wait", "-o", "id"]).stdout, "op_3\n");
    assert!(fake.calls("OperationShow").is_empty());
}

#[test]
fn a_file_is_named_as_seen_from_here() {
    let fake = willing();
    let socket = fake.socket.to_str().unwrap();
    let ran = command(&["store", "backup", "sub/b.db"], &[("NOTIFYD_SOCKET", socket)])
        .current_dir(fake.dir.path())
        .output()
        .unwrap();
    assert!(ran.status.success());
    fake.run(&["store", "backup", "/b/b.db"]);
    fake.run(&["store", "backup"]);
    let seen: Vec<_> = fake.calls("StoreBackup").iter().map(|call| call["path"].clone()).collect();
    let here = fake.dir.path().canonicalize().unwrap().join("sub/b.db");
    assert_eq!(seen, [json!(here), json!("/b/b.db"), Value::Null]);
}

#[test]
fn how_it_ends_is_in_the_exit_code() {
    let failed = ends("failed");
    let check = failed.run(&["store", "check"]);
    assert_eq!(check.exit, 1);
    assert!(check.stderr.contains("the log is damaged: page 7") && check.stderr.contains("hint: restore"));
    let wait = failed.run(&["operation", "wait", "op_3", "--json"]);
    assert_eq!((wait.exit, &wait.json()["operation"]["state"]), (8, &json!("failed")));
    let cancelled = ends("cancelled");
    assert_eq!(cancelled.run(&["store", "backup"]).exit, 1);
    assert_eq!(cancelled.run(&["operation", "wait", "op_3"]).exit, 8);
    let endless = ends("running");
    let wait = endless.run(&["operation", "wait", "op_3", "--timeout", "1s"]);
    assert_eq!(wait.exit, 8);
    assert!(wait.stderr.contains("op_3: store.check goes on"), "{}", wait.stderr);
    // What was begun is not safe to repeat blindly, and it is said so.
    let gone =
        fake(|verb, arguments| if verb == "OperationShow" { HangUp } else { Ok(usual(verb, arguments)) });
    let lost = gone.run(&["store", "backup"]);
    assert_eq!(lost.exit, 69);
    assert!(lost.stderr.contains("op_3") && !lost.stderr.contains("safe to try again"), "{}", lost.stderr);
}

#[test]
fn a_prune_is_counted_and_removes_exactly_that() {
    let fake = willing();
    let prune = ["store", "prune", "--older-than", "90d", "--status", "delivered", "--status", "failed"];
    let dry = fake.run(&[&prune[..], &["-n", "--json"]].concat()).json();
    assert_eq!((&dry["total"], &dry["removed"], &dry["dry_run"]), (&json!(3), &json!(0), &json!(true)));
    let wrong = fake.run(&[&prune[..], &["--confirm", "4"]].concat());
    assert_eq!(wrong.exit, 5);
    assert!(wrong.stderr.contains("3 would be removed, not 4"), "{}", wrong.stderr);
    assert!(fake.calls("StorePrune").iter().all(|call| call["change"]["dry_run"] == true));
    let done = fake.run(&[&prune[..], &["--confirm", "3", "--json"]].concat()).json();
    assert_eq!((&done["removed"], &done["total"]), (&json!(3), &json!(3)));
    let calls = fake.calls("StorePrune");
    let (counted, removed) = (&calls[calls.len() - 2], &calls[calls.len() - 1]);
    assert_eq!(counted["request"]["before"], removed["request"]["before"], "what was counted is removed");
    assert_eq!((&removed["request"]["expect"], &removed["change"]["dry_run"]), (&json!(3), &json!(false)));
    let none = crate::house::fake(|verb, arguments| match verb {
        "StorePrune" => Ok(json!({"by_status": {"delivered": 0}, "operation": null})),
        _ => Ok(usual(verb, arguments)),
    });
    let nothing = none.run(&prune);
    assert!(nothing.exit == 0 && nothing.stdout.starts_with("nothing was removed"), "{}", nothing.stdout);
}

/// Starts it and waits until the daemon has seen this call.
fn until(fake: &Fake, line: &[&str], verb: &str) -> Child {
    let socket = fake.socket.to_str().unwrap();
    let mut command = command(line, &[("NOTIFYD_SOCKET", socket)]);
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    fake.wait_for(verb);
    child
}

fn press_ctrl_c(child: &Child) {
    kill_process(Pid::from_child(child), Signal::INT).unwrap();
}

#[test]
fn a_ctrl_c_leaves_the_work_alone_and_says_how_to_come_back() {
    let endless =
        fake(|verb, arguments| if verb == "OperationShow" { Silence } else { Ok(usual(verb, arguments)) });
    let child = until(&endless, &["store", "backup"], "OperationShow");
    press_ctrl_c(&child);
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(130), "{stderr}");
    for words in ["op_3 goes on", "operation wait op_3", "operation cancel op_3"] {
        assert!(stderr.contains(words), "{stderr}");
    }
    assert!(endless.calls("OperationCancel").is_empty());
}

#[test]
fn a_ctrl_c_before_the_answer_waits_for_it_and_a_second_does_not() {
    let mute =
        fake(|verb, arguments| if verb == "StoreBackup" { Silence } else { Ok(usual(verb, arguments)) });
    let mut child = until(&mute, &["store", "backup"], "StoreBackup");
    press_ctrl_c(&child);
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut said = String::new();
    stderr.read_line(&mut said).unwrap();
    assert!(said.contains("Ctrl-C again"), "{said}");
    press_ctrl_c(&child);
    stderr.read_to_string(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{said}");
    assert!(said.contains("operation list"), "{said}");
}
