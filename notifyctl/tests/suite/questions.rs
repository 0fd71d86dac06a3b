//! Questions: what cannot be done is not asked for, and what nobody can be asked for is not done.

use crate::house::Answer::{self, Err, Ok};
use crate::house::{Fake, ID, OTHER, fake, usual, welcome, willing};
use serde_json::{Value, json};

/// Every line that asks, with the flag that answers it.
const ASKING: &[(&[&str], &str)] = &[
    (&["ntf", "cancel", ID], "--yes"),
    (&["ntf", "cancel", "--filter", "*"], "--yes"),
    (&["ntf", "bury", ID, OTHER], "--yes"),
    (&["ntf", "bury", "--filter", "*"], "--yes"),
    (&["ntf", "postpone", "--filter", "*", "--until", "1h"], "--yes"),
    (&["schedule", "move", "--filter", "*", "--at", "1h"], "--yes"),
    (&["schedule", "run", "--filter", "*"], "--yes"),
    (&["ntf", "retry", "--filter", "status:failed"], "--yes"),
    (&["dead", "retry", "--filter", "*"], "--yes"),
    (&["dead", "discard", "--filter", "*", "--yes"], "--confirm 3"),
    (&["dead", "discard", ID, OTHER, "--yes"], "--confirm 2"),
    (&["dead", "discard", ID, "--confirm", "2"], "does not name 1"),
    (&["daemon", "shutdown"], "--yes"),
    (&["operation", "cancel", "op_3"], "--yes"),
    (&["queue", "pause", "mock"], "--yes"),
    (&["queue", "drain", "mock", "--wait"], "--yes"),
    (&["provider", "circuit", "open", "mock"], "--yes"),
    (&["store", "prune", "--older-than", "90d", "--status", "delivered"], "--confirm 3"),
    (&["store", "prune", "--older-than", "90d", "--status", "delivered", "--yes"], "--confirm 3"),
    (&["provider", "remove", "mock"], "--confirm mock"),
    (&["provider", "remove", "mock", "--yes"], "--confirm mock"),
    (&["provider", "remove", ID, "--confirm", ID], "does not name mock"),
    (&["service", "delete", "acme"], "--confirm acme"),
    (&["service", "delete", "acme", "--keep-history", "--yes"], "--confirm acme"),
    (&["service", "key", "reset", "acme"], "--confirm acme"),
    (&["service", "key", "reset", "acme", "--yes"], "--confirm acme"),
    (&["service", "key", "reset", ID], "--confirm acme"),
    (&["service", "key", "reset", "acme", "--confirm", "other"], "does not name acme"),
    (&["service", "key", "revoke", "acme", "00112233"], "--confirm acme"),
    (&["webhook", "disable", ID], "--yes"),
    (&["webhook", "resend", ID], "--yes"),
    (&["webhook", "resend", ID, OTHER], "--yes"),
    (&["webhook", "secret", "rotate", ID, "--grace", "0"], "--confirm"),
    (&["webhook", "secret", "rotate", ID, "--grace", "0", "--yes"], "--confirm"),
];

/// Every verb that changes something must have been rehearsed at most.
fn changed_nothing(fake: &Fake) {
    for verb in [
        "NotificationCancel",
        "NotificationBury",
        "NotificationBulk",
        "DeadDiscard",
        "DaemonShutdown",
        "KeyReset",
        "KeyRevoke",
        "OperationCancel",
        "ProviderRemove",
        "HoldSet",
        "StorePrune",
        "ServiceDelete",
        "WebhookRotate",
        "WebhookResend",
        "WebhookSetActive",
    ] {
        let calls = fake.calls(verb);
        assert!(calls.iter().all(|call| call["change"]["dry_run"] == true), "{verb}: {calls:?}");
    }
}

#[test]
fn nobody_can_answer_them() {
    let fake = willing();
    for (line, flag) in ASKING {
        let run = fake.run(line);
        assert_eq!(run.exit, 6, "{line:?}: {}", run.stderr);
        assert!(run.stderr.contains(flag), "{line:?}: {}", run.stderr);
    }
    changed_nothing(&fake);
    assert_eq!(
        fake.run(&["-n", "daemon", "shutdown"]).exit,
        0,
        "a dry run changes nothing, so it asks nothing"
    );
    changed_nothing(&fake);
}

#[test]
fn what_is_unknown_or_not_allowed_is_said_before_anybody_is_asked() {
    for (code, exit) in [("not_found", 3), ("forbidden", 4), ("conflict", 5), ("invalid", 1)] {
        let each = move |arguments: &Value| -> Answer {
            let no = json!({"Err": {"code": code, "message": "no such luck"}});
            let ids = arguments["ids"].as_array().unwrap();
            Ok(ids.iter().map(|id| json!({"id": id, "result": no})).collect())
        };
        let refusing = fake(move |verb, arguments| match verb {
            "Hello" => Ok(welcome()),
            // Who may look is shown the service, and no more.
            "ServiceShow" if code != "not_found" => Ok(usual(verb, arguments)),
            "NotificationCancel" | "NotificationBury" | "DeadDiscard" | "WebhookResend"
                if code != "forbidden" =>
            {
                each(arguments)
            }
            _ => Err(code, "no such luck"),
        });
        for (line, _) in ASKING {
            let run = refusing.run(line);
            assert_eq!(run.exit, exit, "{code} {line:?}: {}", run.stderr);
            assert!(run.stderr.contains("no such luck"), "{line:?}: {}", run.stderr);
        }
        changed_nothing(&refusing);
    }
}

#[test]
fn what_all_would_refuse_is_not_asked_for_and_what_some_would_is_said() {
    let some = |refused: u64| {
        fake(move |verb, arguments| {
            let mut answer = usual(verb, arguments);
            match verb {
                "NotificationBulk" => answer["refused"] = refused.into(),
                "NotificationCancel" if refused > 0 => {
                    answer[0]["result"] = json!({"Err": {"code": "conflict", "message": "it is delivered"}});
                }
                _ => {}
            }
            Ok(answer)
        })
    };
    let none = some(3).run(&["ntf", "cancel", "--filter", "status:delivered"]);
    assert_eq!(none.exit, 5, "{}", none.stderr);
    assert!(none.stderr.contains("3 will be refused") && none.stderr.contains("explain"), "{}", none.stderr);
    let begun = some(3).run(&["ntf", "cancel", "--filter", "status:delivered", "--yes", "--no-wait"]);
    assert_eq!(begun.exit, 0, "who says yes is told by the operation: {}", begun.stderr);
    let some = some(1).run(&["ntf", "cancel", ID, OTHER]);
    assert_eq!(some.exit, 6);
    assert!(some.stderr.contains("Cancel 2 notifications? 1 of them will be refused"), "{}", some.stderr);
    let empty = willing().run_on(&["ntf", "cancel", "-"], "");
    assert_eq!((empty.exit, empty.stderr.as_str()), (0, "0 cancelled\n"), "there is nothing to ask");
}

#[test]
fn what_was_said_yes_to_is_done_to_the_very_same() {
    let fake = willing();
    for line in [
        &["provider", "remove", "mock", "--confirm", "mock"][..],
        &["service", "key", "reset", "acme", "--confirm", "acme"],
        &["service", "key", "revoke", "acme", "00112233", "--confirm", "acme"],
        &["service", "delete", "acme", "--confirm", "acme"],
    ] {
        assert_eq!(fake.run(line).exit, 0, "{line:?}");
    }
    for (verb, member) in [
        ("ProviderRemove", "name"),
        ("ServiceDelete", "name"),
        ("KeyReset", "service"),
        ("KeyRevoke", "service"),
    ] {
        let calls = fake.calls(verb);
        let made: Vec<_> = calls.iter().filter(|call| call["change"]["dry_run"] == false).collect();
        assert_eq!((made.len(), made[0][member].as_str()), (1, Some(ID)), "{verb}: {calls:?}");
    }
}
