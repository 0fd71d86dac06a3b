//! Webhooks: what is asked goes out whole, secrets come out once, and what goes wrong has its exit code.

use crate::house::Answer::{Err, Ok};
use crate::house::{ID, OTHER, SECRET, delivery, fake, usual, willing};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt as _;

const CREATE: [&str; 6] = ["webhook", "create", "--service", "acme", "--url", "https://hooks.example.org/n"];

#[test]
fn what_is_asked_goes_out_as_the_service_api_has_it() {
    let fake = willing();
    let token = fake.dir.path().join("token");
    std::fs::write(&token, "X-Token: hunter2\n").unwrap();
    let more = ["--header", "X-Team=ops", "--header-file", token.to_str().unwrap(), "--max-retries", "3"];
    let rest = [
        "--request-timeout",
        "5s",
        "--retry-profile",
        "persistent",
        "--redact",
        "--event",
        "notification.failed",
    ];
    let run = fake.run(&[&CREATE[..], &more, &rest, &["-v"]].concat());
    assert_eq!(run.exit, 0, "{}", run.stderr);
    assert!(
        run.stderr.contains("can be read by others") && !run.stderr.contains("hunter2"),
        "{}",
        run.stderr
    );
    let asked = &fake.calls("WebhookCreate")[0];
    let expected = json!({
        "url": "https://hooks.example.org/n", "headers": {"X-Team": "ops", "X-Token": "hunter2"}, "max_retries": 3,
        "timeout_seconds": 5, "retry_profile": "persistent", "redact": true, "events": ["failed"]
    });
    assert_eq!((&asked["ask"], &asked["service"]), (&expected, &json!("acme")));
    let update = ["webhook", "update", ID, "--clear-headers", "--max-retries", "none", "--redact", "no"];
    let told = fake.run(&update);
    assert!(told.stdout.starts_with(&format!("webhook {ID} is changed: url ")), "{}", told.stdout);
    assert_eq!(
        fake.calls("WebhookUpdate")[0]["ask"],
        json!({"headers": {}, "max_retries": null, "redact": false})
    );
    for wrong in [
        &["webhook", "update", ID][..],
        &["webhook", "show", "wh_12"],
        &["webhook", "update", ID, "--redact", "1"],
        &["webhook", "update", ID, "--request-timeout", "1500ms"],
        &["webhook", "test", ID, "--event", "read"],
        &["webhook", "recover", ID],
        &["webhook", "update", ID, "--header", "A=1", "--header", "A=2"],
        &["webhook", "create", "--service", "acme"],
    ] {
        assert_eq!(fake.run(wrong).exit, 2, "{wrong:?}");
    }
}

#[test]
fn a_secret_comes_out_once() {
    let fake = willing();
    let rotate = ["webhook", "secret", "rotate", ID];
    for line in [&CREATE[..], &rotate] {
        let run = fake.run(line);
        assert_eq!(run.stdout, format!("{SECRET}\n"), "{line:?}");
        assert!(!run.stderr.contains(SECRET) && !run.stderr.is_empty());
        let json = fake.run(&[line, &["--json"]].concat()).json();
        assert_eq!((&json["secret"], &json["webhook"]["id"]), (&json!(SECRET), &json!(ID)));
        for format in ["id", "csv"] {
            assert_eq!(fake.run(&[line, &["-o", format]].concat()).exit, 2, "no place for it");
        }
        for (name, format) in [("a", "table"), ("b", "json"), ("c", "id")] {
            let path = fake.dir.path().join(format!("{name}{}", line.len()));
            let run = fake.run(&[line, &["-o", format, "--secret-out", path.to_str().unwrap()]].concat());
            assert!(run.exit == 0 && !run.stdout.contains(SECRET), "{}{}", run.stdout, run.stderr);
            assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{SECRET}\n"));
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        let path = fake.dir.path().join("none");
        let dry = fake.run(&[line, &["-n", "--secret-out", path.to_str().unwrap()]].concat());
        assert!(dry.exit == 0 && !path.exists() && dry.stdout.starts_with("dry run:"), "{}", dry.stdout);
    }
    let own = fake.run_on(&[&CREATE[..], &["--secret-file", "-"]].concat(), "whsec_own\n");
    assert!(own.exit == 0 && own.stdout.starts_with("webhook ") && !own.stdout.contains("whsec_own"));
    assert_eq!(fake.calls("WebhookCreate").last().unwrap()["ask"]["secret"], "whsec_own");
    // What stops at once is asked for, and where nobody can be asked, refused.
    let at_once = fake.run(&[&rotate[..], &["--grace", "0"]].concat());
    assert!(at_once.exit == 6 && at_once.stderr.contains("--confirm"), "{}", at_once.stderr);
    let rotated = |more: &[&str]| fake.run(&[&rotate[..], &["--grace", "0"], more].concat()).exit;
    assert_eq!((rotated(&["--yes"]), rotated(&["--confirm", OTHER]), rotated(&["-n"])), (6, 6, 0));
    assert_eq!(rotated(&["--confirm", ID]), 0);
    let asked = fake.calls("WebhookRotate");
    assert_eq!(asked[0]["grace_seconds"], 86_400);
    assert_eq!(asked.last().unwrap()["grace_seconds"], 0);
}

#[test]
fn what_is_given_up_for_good_is_named_and_what_was_switched_off_says_why() {
    let fake = willing();
    let refused = fake.run(&["webhook", "delete", ID]);
    assert!(refused.exit == 6 && refused.stderr.contains("1,284 events are owed"), "{}", refused.stderr);
    assert_eq!(fake.run(&["webhook", "delete", ID, "--confirm", OTHER]).exit, 6);
    assert_eq!(
        fake.run(&["webhook", "delete", ID, "-n"]).stdout,
        format!("dry run: webhook {ID} would be removed\n")
    );
    let done = fake.run(&["webhook", "delete", ID, "--confirm", ID]);
    assert_eq!(done.stdout, format!("webhook {ID} is removed\n"));
    let shown = fake.run(&["webhook", "show", ID]).stdout;
    for word in ["gone", "failing_since", "X-Token", "2026-01-01T00:00:00.000Z"] {
        assert!(shown.contains(word), "{word}: {shown}");
    }
    assert_eq!(fake.run(&["webhook", "enable", ID]).stdout, format!("webhook {ID} is enabled\n"));
    assert_eq!(
        fake.run(&["webhook", "disable", ID, "-n"]).stdout,
        format!("dry run: webhook {ID} would be disabled\n")
    );
    assert_eq!(fake.calls("WebhookSetActive")[1]["active"], false);
}

#[test]
fn a_test_says_what_the_endpoint_answered() {
    let fake = willing();
    let sent = fake.run(&["webhook", "test", ID, "-o", "id"]);
    assert_eq!((sent.exit, sent.stdout), (0, format!("{OTHER}\n")), "{}", sent.stderr);
    assert_eq!(fake.calls("WebhookTest")[0]["event"], "delivered");
    assert!(fake.calls("WebhookDelivery").is_empty(), "off a terminal nobody waits");
    let taken = fake.run(&["webhook", "test", ID, "--wait", "--json"]).json();
    assert_eq!(
        (&taken["delivery"]["status"], &taken["attempts"][0]["duration_ms"]),
        (&json!("acknowledged"), &json!(12))
    );
    let failing = crate::house::fake(|verb, arguments| {
        let mut answer = usual(verb, arguments);
        if verb == "WebhookDelivery" {
            answer["delivery"] = delivery("failed");
        }
        Ok(answer)
    });
    let run = failing.run(&["webhook", "test", ID, "--wait"]);
    assert!(
        run.exit == 1 && run.stderr.contains("did not take it") && run.stdout.contains("500"),
        "{}",
        run.stderr
    );
    let silent = crate::house::fake(|verb, arguments| {
        let mut answer = usual(verb, arguments);
        if verb == "WebhookDelivery" {
            answer["delivery"]["attempt_count"] = json!(0);
        }
        Ok(answer)
    });
    let run = silent.run(&["webhook", "test", ID, "--wait", "--timeout", "1s"]);
    assert!(run.exit == 8 && run.stderr.contains("delivery show"), "{}", run.stderr);
}

#[test]
fn what_was_told_is_listed_and_told_once_more() {
    let fake = willing();
    let listed = fake.run(&[
        "webhook",
        "deliveries",
        ID,
        "--status",
        "failed,retrying",
        "--event",
        "failed",
        "-o",
        "id",
    ]);
    assert_eq!(listed.stdout, format!("{ID}\n{OTHER}\n"));
    let asked = &fake.calls("WebhookDeliveries")[0]["request"];
    assert_eq!((&asked["statuses"], &asked["events"]), (&json!(["failed", "retrying"]), &json!(["failed"])));
    let one = fake.run(&["webhook", "resend", ID, "--yes"]);
    assert_eq!(one.stdout, format!("event {ID} is sent once more\n"));
    let many = fake
        .run_on(&["webhook", "resend", "-", "-o", "id", "-y"], &format!("{ID}\n{{\"id\":\"{OTHER}\"}}\n"));
    assert_eq!((many.exit, many.stdout), (0, format!("{ID}\n{OTHER}\n")), "{}", many.stderr);
    assert!(many.stderr.contains("2 sent once more"));
    let body = fake.run(&["webhook", "delivery", "show", OTHER, "--body", "--json"]).json();
    assert!(body["body"]["event"].is_string() && body["attempts"][0]["number"] == 1, "{body}");
    let without = fake.run(&["webhook", "delivery", "show", OTHER, "--json"]).json();
    assert_eq!(without.get("body"), None);
    let shown = fake.run(&["ntf", "show", ID, "--webhooks", "--json"]).json();
    assert_eq!(shown["webhooks"][0]["id"], OTHER);
    assert_eq!(fake.run(&["ntf", "show", ID, "--json"]).json().get("webhooks"), None);
    let told = fake.run(&["ntf", "timeline", ID, "-o", "jsonl"]).stdout;
    let heard = |line: &str| serde_json::from_str::<Value>(line).unwrap()["what"] == "webhook_told";
    assert_eq!(told.lines().filter(|line| heard(line)).count(), 1, "{told}");
    let stats = fake.run(&["webhook", "stats", ID, "-o", "plain"]).stdout;
    for line in [
        "owed\t7\n",
        "busy\t2\n",
        "delivered_acknowledged\t1284\n",
        "acknowledged\t1284\n",
        "answer_500\t2\n",
        "ack_p99_ms\t340\n",
    ] {
        assert!(stats.contains(line), "{stats}");
    }
}

#[test]
fn refusals_of_a_resend_have_their_exit_codes() {
    for (code, exit) in [("not_found", 3), ("conflict", 5), ("failed", 1)] {
        let fake = fake(move |verb, arguments| match verb {
            "WebhookResend" => {
                let ids = arguments["ids"].as_array().unwrap();
                let error = json!({"Err": {"code": code, "message": "no\u{1b}[1m"}});
                Ok(ids.iter().map(|id| json!({"id": id, "result": error})).collect())
            }
            _ => Ok(usual(verb, arguments)),
        });
        assert_eq!(fake.run(&["webhook", "resend", ID, OTHER, "-y"]).exit, exit, "{code}");
    }
    let partly = fake(|verb, arguments| {
        let mut answer = usual(verb, arguments);
        if verb == "WebhookResend" {
            answer[1]["result"] = json!({"Err": {"code": "conflict", "message": "no"}});
        }
        Ok(answer)
    });
    let run = partly.run(&["webhook", "resend", ID, OTHER, "-y"]);
    assert!(run.exit == 7 && run.stderr.contains("1 refused"), "{}", run.stderr);
    let none = fake(|verb, arguments| match verb {
        "Hello" => Ok(usual(verb, arguments)),
        _ => Err("not_found", "there is no webhook"),
    });
    for line in ["show", "stats", "deliveries", "enable"] {
        assert_eq!(none.run(&["webhook", line, ID]).exit, 3, "{line}");
    }
}

#[test]
fn a_recovery_is_counted_asked_for_and_followed() {
    let fake = willing();
    let recover = ["webhook", "recover", ID, "--since", "2h"];
    let dry = fake.run(&[&recover[..], &["-n"]].concat());
    assert!(dry.stdout.starts_with("dry run: 812 events match"), "{}", dry.stdout);
    let asked = fake.run(&recover);
    assert!(
        asked.exit == 6 && asked.stderr.contains("812 events match") && asked.stderr.contains("--yes"),
        "{}",
        asked.stderr
    );
    let begun =
        fake.run(&[&recover[..], &["--yes", "--no-wait", "--rate", "none", "--json"]].concat()).json();
    assert_eq!(begun["operation"]["id"], "op_3");
    let told = fake.calls("WebhookRecover");
    // What was counted is what is told: up to the same moment.
    let last = &told.last().unwrap()["request"];
    assert_eq!((&last["until"], &last["rate_per_second"]), (&json!("2026-01-01T02:00:00Z"), &json!("lift")));
    let done = fake.run(&[&recover[..], &["--yes", "--json"]].concat()).json();
    assert_eq!((&done["schema"], &done["total"]), (&json!("notify.webhook.recover/1"), &json!(812)));
    let none = crate::house::fake(|verb, arguments| {
        let mut answer = usual(verb, arguments);
        if verb == "WebhookRecover" {
            (answer["total"], answer["operation"]) = (json!(0), Value::Null);
        }
        Ok(answer)
    });
    let nothing = none.run(&recover);
    assert_eq!((nothing.exit, nothing.stdout.as_str()), (0, "nothing matches; nothing was changed\n"));
}
