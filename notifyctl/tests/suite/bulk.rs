//! A change of all that match: counted first, confirmed, done by the daemon, and told with what was refused.

use crate::house::Answer::{Err, Ok};
use crate::house::{Fake, ID, OTHER, fake, operation, usual, willing};
use serde_json::{Value, json};

const RETRY: [&str; 5] = ["dead", "retry", "--filter", "service:acme", "--yes"];

/// A daemon whose work ends with so many done and these refused.
fn ends(done: u64, refused: &'static [&'static str]) -> Fake {
    fake(move |verb, arguments| match verb {
        "OperationShow" => {
            let mut ended = operation("op_3", "notification.retry", "done");
            let why = "it is queued and cannot be retried";
            let refusals: Vec<_> = refused.iter().map(|id| json!({"id": id, "message": why})).collect();
            (ended["done"], ended["refused"], ended["refusals"]) =
                (json!(done), json!(refused.len()), json!(refusals));
            Ok(ended)
        }
        _ => Ok(usual(verb, arguments)),
    })
}

fn requests(fake: &Fake) -> Vec<Value> {
    fake.calls("NotificationBulk")
}

#[test]
fn it_counts_first_and_keeps_to_what_it_counted() {
    let fake = willing();
    let limits = ["--expect", "3~5%", "--limit", "2", "--rate", "90/m", "--reason", "fixed"];
    let run = fake.run(&[&RETRY[..], &limits].concat());
    assert_eq!(run.exit, 0, "{}", run.stderr);
    let asked = requests(&fake);
    let [counted, begun] = asked.as_slice() else { panic!("{asked:?}") };
    assert_eq!((&counted["change"]["dry_run"], &begun["change"]["dry_run"]), (&json!(true), &json!(false)));
    assert_eq!(begun["change"]["reason"], "fixed");
    let (counted, begun) = (&counted["request"], &begun["request"]);
    assert_eq!((&counted["cutoff"], &begun["cutoff"]), (&Value::Null, &json!("2026-01-01T00:00:00Z")));
    assert_eq!((&begun["op"], &begun["limit"]), (&json!("retry"), &json!(2)));
    assert_eq!(begun["expect"], json!({"count": 3, "percent": 5}));
    assert_eq!(begun["rate_per_second"], json!({"set": 1.5}));
    assert_eq!(counted["filter"], begun["filter"]);
    let terms = begun["filter"]["terms"].as_array().unwrap();
    assert_eq!(terms[1]["is"]["values"], json!(["failed"]), "dead letters, whatever the filter says");
    // A retry of notifications leaves the states to the daemon.
    fake.run(&["ntf", "retry", "--filter", "service:acme", "--yes"]);
    let last = requests(&fake).pop().unwrap()["request"].clone();
    assert_eq!(
        (last["filter"]["terms"].as_array().unwrap().len(), &last["rate_per_second"]),
        (1, &json!("keep"))
    );
}

#[test]
fn what_goes_with_a_filter_is_refused_beside_ids() {
    let fake = willing();
    for verb in [["ntf", "cancel"], ["ntf", "retry"], ["schedule", "run"], ["dead", "discard"]] {
        for flags in [&["--expect", "1"][..], &["--limit", "1"], &["--no-wait"]] {
            let run = fake.run(&[&verb[..], &[ID, OTHER, "--yes"], flags].concat());
            assert!(run.exit == 2 && run.stderr.contains("cannot be used with"), "{}", run.stderr);
        }
    }
    let run = fake.run(&["ntf", "explain", ID, "--channel", "sms"]);
    assert!(run.exit == 2 && run.stderr.contains("cannot be used with"), "{}", run.stderr);
    let run = fake.run(&["ntf", "explain", ID, "--priority", "high"]);
    assert!(run.exit == 2 && run.stderr.contains("cannot be used with"), "{}", run.stderr);
    assert!(requests(&fake).is_empty() && fake.calls("NotificationCancel").is_empty());
}

#[test]
fn a_dry_run_says_what_would_be_done() {
    let fake = willing();
    let dry = fake.run(&["ntf", "retry", "--filter", "*", "--limit", "2", "-n"]);
    assert_eq!(
        dry.stdout,
        "dry run: 3 notifications match (failed 2, queued 1; of ac\\u{1b}[1mme 3), from before \
         2026-01-01T00:00:00.000Z, 1 will be refused, the first 2 of them, 200 a second; they would be queued again\n"
    );
    assert_eq!(dry.stderr, "", "hints are for terminals");
    let json = fake.run(&["ntf", "retry", "--filter", "*", "-n", "--json"]).json();
    assert_eq!(
        (&json["total"]["value"], &json["dry_run"], &json["samples"]),
        (&json!(3), &json!(true), &json!([ID]))
    );
    assert!(requests(&fake).iter().all(|call| call["change"]["dry_run"] == true));
    let none = crate::house::fake(|verb, arguments| {
        let mut answer = usual(verb, arguments);
        if verb == "NotificationBulk" {
            (answer["total"], answer["operation"]) = (json!(0), Value::Null);
        }
        Ok(answer)
    });
    let nothing = none.run(&RETRY);
    assert_eq!(
        (nothing.exit, nothing.stdout.starts_with("nothing matches")),
        (0, true),
        "{}",
        nothing.stdout
    );
    assert_eq!(requests(&none).len(), 1);
}

#[test]
fn the_count_to_type_is_of_what_will_be_changed() {
    let fake = willing();
    let discard = ["dead", "discard", "--filter", "*", "--limit", "2"];
    let asked = fake.run(&discard);
    assert!(asked.exit == 6 && asked.stderr.contains("add --confirm 2"), "{}", asked.stderr);
    assert!(asked.stderr.contains("the first 2 of them"), "{}", asked.stderr);
    let matched = fake.run(&[&discard[..], &["--confirm", "3"]].concat());
    assert!(matched.exit == 5 && matched.stderr.contains("2 would be changed, not 3"), "{}", matched.stderr);
    let done = fake.run(&[&discard[..], &["--confirm", "2"]].concat());
    assert_eq!(done.exit, 0, "{}", done.stderr);
    let begun = requests(&fake).pop().unwrap()["request"].clone();
    assert_eq!(
        (&begun["limit"], &begun["expect"]["count"]),
        (&json!(2), &json!(3)),
        "what matches is as counted"
    );
}

#[test]
fn what_waits_is_steered_by_filter() {
    let fake = willing();
    let at = "2030-01-01T00:00:00Z";
    let moment = "2030-01-01T00:00:00.000Z";
    for (line, op, until, schema, done, question) in [
        (
            &["ntf", "postpone", "--until", at][..],
            "postpone",
            json!(at),
            "notification.postpone",
            format!("postponed until {moment}"),
            format!("Postpone them until {moment}?"),
        ),
        (&["ntf", "bury"], "bury", Value::Null, "notification.bury", "buried".into(), "Bury them?".into()),
        (
            &["schedule", "move", "--at", at],
            "move",
            json!(at),
            "schedule.move",
            format!("moved to {moment}"),
            format!("Move them to {moment}?"),
        ),
        (&["schedule", "run"], "run", Value::Null, "schedule.run", "due now".into(), "Run them now?".into()),
    ] {
        let line = [line, &["--filter", "service:acme", "--expect", "3"]].concat();
        let before = requests(&fake).len();
        let dry = fake.run(&[&line[..], &["-n"]].concat());
        assert!(dry.stdout.ends_with(&format!("; they would be {done}\n")), "{}", dry.stdout);
        let asked = fake.run(&line);
        assert!(asked.exit == 6 && asked.stderr.contains(&question), "{}", asked.stderr);
        let run = fake.run(&[&line[..], &["--yes", "--json"]].concat());
        assert_eq!(
            (run.exit, &run.json()["schema"]),
            (0, &json!(format!("notify.{schema}/1"))),
            "{}",
            run.stderr
        );
        // Counted by each, and begun by the last alone.
        let asked = requests(&fake).split_off(before);
        let dry: Vec<_> = asked.iter().map(|call| call["change"]["dry_run"].as_bool().unwrap()).collect();
        assert_eq!(dry, [true, true, true, false]);
        for call in asked {
            let request = &call["request"];
            assert_eq!((&request["op"], &request["until"]), (&json!(op), &until));
            assert_eq!((&request["notify"], &request["expect"]["count"]), (&json!(false), &json!(3)));
        }
    }
    let aloud = ["ntf", "bury", "--filter", "*", "--notify"];
    let asked = fake.run(&aloud);
    let question = "Bury them and tell the webhooks?";
    assert!(asked.exit == 6 && asked.stderr.contains(question), "{}", asked.stderr);
    fake.run(&[&aloud[..], &["--yes"]].concat());
    assert_eq!(requests(&fake).pop().unwrap()["request"]["notify"], true);
}

#[test]
fn how_many_were_refused_is_in_the_exit_code() {
    let all = ends(3, &[]).run(&[&RETRY[..], &["--json"]].concat());
    assert_eq!((all.exit, &all.json()["done"], &all.json()["total"]["value"]), (0, &json!(3), &json!(3)));
    assert_eq!(all.json()["schema"], "notify.dead.retry/1");
    let some = ends(2, &[OTHER]).run(&[&RETRY[..], &["--json"]].concat());
    assert_eq!((some.exit, &some.json()["refused"]), (7, &json!(1)));
    assert!(some.stderr.contains(OTHER) && some.stderr.contains("partly_done"), "{}", some.stderr);
    assert_eq!(ends(0, &[ID, OTHER]).run(&RETRY).exit, 5);
    assert_eq!(ends(2, &[OTHER]).run(&["op", "wait", "op_3"]).exit, 7);
    let begun = ends(2, &[OTHER]);
    let left = begun.run(&[&RETRY[..], &["--no-wait", "-o", "id"]].concat());
    assert_eq!((left.exit, left.stdout.as_str()), (0, "op_3\n"));
    assert!(begun.calls("OperationShow").is_empty());
    let other = fake(|verb, arguments| match verb {
        "NotificationBulk" => Err("conflict", "3 match, not 4; nothing was changed"),
        _ => Ok(usual(verb, arguments)),
    });
    let other = other.run(&[&RETRY[..], &["--expect", "4"]].concat());
    assert!(other.exit == 5 && other.stderr.contains("not 4"), "{}", other.stderr);
}

#[test]
fn what_is_discarded_takes_its_count() {
    let fake = willing();
    let discard = ["dead", "discard", "--filter", "reason:permanent"];
    let wrong = fake.run(&[&discard[..], &["--confirm", "4"]].concat());
    assert!(wrong.exit == 5 && wrong.stderr.contains("3 match, not 4"), "{}", wrong.stderr);
    assert_eq!(requests(&fake).len(), 1, "nothing was asked for but the count");
    assert_eq!(fake.run(&[&discard[..], &["--confirm", "3"]].concat()).exit, 0);
    let begun = requests(&fake).pop().unwrap()["request"].clone();
    assert_eq!((&begun["op"], &begun["expect"]), (&json!("discard"), &json!({"count": 3, "percent": 0})));
    let ids = fake.run(&["dead", "discard", ID, OTHER, "--confirm", "2", "-o", "jsonl"]);
    assert_eq!((ids.exit, ids.stdout.lines().count()), (0, 2), "{}", ids.stderr);
    assert!(ids.stdout.contains("discarded"), "{}", ids.stdout);
    assert_eq!(fake.calls("DeadDiscard")[0]["ids"], json!([ID, OTHER]));
}

#[test]
fn dead_letters_are_shown_and_grouped() {
    let fake = willing();
    assert_eq!(fake.run(&["dead", "show", OTHER, "--json"]).json()["schema"], "notify.dead.show/1");
    let alive = fake.run(&["dead", "show", ID]);
    assert!(
        alive.exit == 3 && alive.stderr.contains("it is delivered and no dead letter"),
        "{}",
        alive.stderr
    );
    assert_eq!(fake.run(&["dead", "list", "-o", "id"]).exit, 0);
    let terms = &fake.calls("NotificationList")[0]["request"]["filter"]["terms"];
    assert_eq!(terms[0]["is"]["values"], json!(["failed"]));
    let groups = fake.run(&["dead", "group", "-o", "id"]);
    assert_eq!(groups.stdout, "1f6c09ab\n");
    assert!(
        groups.stderr.contains("7 more") && groups.stderr.contains("newest 100,000"),
        "{}",
        groups.stderr
    );
    assert!(fake.run(&["dead", "group"]).stdout.contains("time\\u{9b}out after <n> s"));
}
