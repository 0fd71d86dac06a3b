//! What people are told beside the answer, and what programs are told instead.

use crate::house::{Answer, Fake, ID, OTHER, fake, hold, operation, provider, usual, willing};
use serde_json::json;

#[test]
fn whom_nobody_serves_any_more_is_said_when_its_provider_goes() {
    let said = |line: &[&str], fake: &Fake| {
        let run = fake.run(line);
        assert_eq!(run.exit, 0, "{}", run.stderr);
        run.stderr
    };
    let alone = willing();
    for line in [&["provider", "disable", "mock"][..], &["provider", "disable", "mock", "--for", "30m", "-n"]]
    {
        let told = said(line, &alone);
        for channel in ["sms", "email"] {
            assert!(told.contains(&format!("no active provider serves {channel} then")), "{line:?}: {told}");
        }
    }
    assert_eq!(said(&["provider", "enable", "mock"], &alone), "");
    assert_eq!(said(&["-q", "provider", "disable", "mock"], &alone), "");
    let two = fake(|verb, arguments| {
        let mut answer = usual(verb, arguments);
        if verb == "ProviderList" {
            let mut other = provider();
            (other["id"], other["name"], other["channels"]) =
                (json!(OTHER), json!("spare"), json!(["email"]));
            answer.as_array_mut().unwrap().push(other);
        }
        Answer::Ok(answer)
    });
    let told = said(&["provider", "disable", "mock"], &two);
    assert!(told.contains("serves sms then") && !told.contains("email"), "{told}");
}

#[test]
fn a_pipe_hears_that_a_list_goes_on_when_nobody_said_how_many() {
    let fake = fake(|verb, arguments| {
        let mut answer = usual(verb, arguments);
        match verb {
            "NotificationList" | "ScheduleList" | "NotificationLines" => {
                answer["next_cursor"] = json!("more");
            }
            "AuditList" => answer["next"] = json!("7"),
            "WebhookDeliveries" => answer["total"] = json!(60),
            _ => {}
        }
        Answer::Ok(answer)
    });
    let lists = [
        &["ntf", "list"][..],
        &["dead", "list"],
        &["schedule", "list"],
        &["audit", "list"],
        &["webhook", "retries"],
        &["webhook", "deliveries", ID],
    ];
    for list in lists {
        let said = |flags: &[&str]| {
            let run = fake.run(&[list, flags].concat());
            assert_eq!(run.exit, 0, "{list:?}: {}", run.stderr);
            run.stderr
        };
        for format in ["id", "jsonl", "plain", "csv", "table"] {
            let told = said(&["-o", format]);
            let more = ["there are more: --all, or", "there are more; go on", "50 of 60; --limit or --all"];
            assert!(more.iter().any(|it| told.contains(it)), "{list:?} {format}: {told}");
        }
        for flags in [&["-o", "json"][..], &["-o", "id", "--limit", "2"], &["-q"]] {
            assert_eq!(said(flags), "", "{list:?} {flags:?}");
        }
    }
}

#[test]
fn an_operation_shows_what_was_refused() {
    let fake = fake(|verb, arguments| {
        if verb != "OperationShow" {
            return Answer::Ok(usual(verb, arguments));
        }
        let mut shown = operation("op_3", "notification.cancel", "done");
        shown["refused"] = json!(1);
        shown["refusals"] = json!([{"id": ID, "message": "it is delivered and cannot be cancelled"}]);
        Answer::Ok(shown)
    });
    let table = fake.run(&["operation", "show", "op_3"]).stdout;
    let last = format!("{ID}  it is delivered and cannot be cancelled");
    assert!(table.contains("\nrefused\n") && table.trim_end().ends_with(&last), "{table}");
    let json = fake.run(&["operation", "show", "op_3", "--json"]).json();
    assert_eq!(json["operation"]["refusals"][0]["id"], ID);
    assert!(
        !fake.run(&["operation", "show", "op_3", "-o", "plain"]).stdout.contains(ID),
        "one record a line"
    );
}

#[test]
fn a_timeline_has_words_for_programs_and_sentences_for_people() {
    let fake = willing();
    let json = fake.run(&["ntf", "timeline", ID, "--json"]).json();
    let begun = json["items"].as_array().unwrap().iter().find(|it| it["attempt"] == 1).unwrap().clone();
    assert_eq!((&begun["what"], &begun["said"]), (&json!("attempt_begun"), &json!(null)), "{json}");
    let plain = fake.run(&["ntf", "timeline", ID, "-o", "plain", "--columns", "what,attempt"]).stdout;
    assert!(plain.contains("attempt_begun\t1\n"), "{plain}");
    let table = fake.run(&["ntf", "timeline", ID]).stdout;
    assert!(table.contains("attempt 1") && !table.contains("attempt_begun"), "{table}");
}

#[test]
fn one_is_not_many() {
    let one = fake(|verb, arguments| {
        let mut answer = usual(verb, arguments);
        match verb {
            "NotificationShow" => answer["attempts"] = json!([]),
            "NotificationWebhooks" => answer = json!([]),
            "NotificationBulk" => {
                answer["total"] = json!(1);
                answer["refused"] = json!(0);
            }
            "HoldSet" => {
                answer = hold("limit");
                answer["limit"] = json!(1);
            }
            _ => {}
        }
        Answer::Ok(answer)
    });
    let asked = one.run(&["dead", "discard", "--filter", "*"]);
    assert!(asked.stderr.contains("It will be discarded for good"), "{}", asked.stderr);
    let dry = one.run(&["dead", "retry", "--filter", "*", "-n"]);
    assert!(dry.stdout.contains("; it would be queued again"), "{}", dry.stdout);
    let none = one.run(&["ntf", "show", ID, "--webhooks"]);
    assert!(none.stdout.contains("\nstory\n") && !none.stdout.contains("attempts"), "{}", none.stdout);
    assert!(none.stderr.contains("no webhook was told of it"), "{}", none.stderr);
    let limited = one.run(&["queue", "limit", "mock", "1"]);
    assert!(limited.stdout.contains("limited to one call at a time"), "{}", limited.stdout);
    let paused = one.run(&["queue", "pause", "mock"]);
    assert!(paused.stderr.contains("for 10m?"), "{}", paused.stderr);
}
