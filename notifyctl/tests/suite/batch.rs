//! Many notifications from a file of lines.

use crate::house::Answer::{Err, HangUp, Ok};
use crate::house::{fake, usual, willing};

const LINES: &str = "{\"channel\":\"sms\",\"to\":\"1\",\"content\":\"a\"}\n\n{\"channel\":\"sms\",\"to\":\"2\",\"service\":\"other\"}\n{\"channel\":\"sms\",\"to\":\"3\"}\n";

#[test]
fn lines_go_out_as_they_stand_and_are_told_in_order() {
    let fake = willing();
    let run = fake.run_on(
        &["ntf", "send-batch", "--service", "acme", "-", "-o", "plain", "--columns", "line,status"],
        LINES,
    );
    assert_eq!((run.exit, run.stdout.as_str()), (0, "1\tqueued\n3\tqueued\n4\tqueued\n"), "{}", run.stderr);
    assert!(run.stderr.contains("3 accepted, 0 as sent before, 0 refused"), "{}", run.stderr);
    let mut services: Vec<_> =
        fake.calls("NotificationSend").iter().map(|it| it["service"].to_string()).collect();
    services.sort();
    assert_eq!(services, ["\"acme\"", "\"acme\"", "\"other\""]);
    let rest = fake
        .run_on(&["ntf", "send-batch", "--service", "acme", "--from-line", "4", "-", "-o", "jsonl"], LINES);
    assert_eq!((rest.exit, rest.stdout.lines().count()), (0, 1));
    let quiet = fake.run_on(&["-q", "ntf", "send-batch", "--service", "acme", "-"], LINES);
    assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("", ""));
}

#[test]
fn what_is_refused_is_told_with_its_line_and_the_others_go_on() {
    let picky = fake(|verb, arguments| match verb {
        "NotificationSend" if arguments["request"]["recipient"] == "2" => Err("invalid", "recipient: no"),
        _ => Ok(usual(verb, arguments)),
    });
    let broken = format!("{LINES}{{\"chanel\":1}}\nhunter2\n");
    let run = picky.run_on(&["ntf", "send-batch", "--service", "acme", "-", "--json"], &broken);
    assert_eq!(run.exit, 7, "{}", run.stderr);
    let items = run.json()["items"].as_array().unwrap().clone();
    let wrong: Vec<_> =
        items.iter().filter(|it| !it["error"].is_null()).map(|it| it["line"].as_u64().unwrap()).collect();
    assert_eq!((items.len(), wrong), (5, vec![3, 5, 6]));
    assert!(items[3]["error"].as_str().unwrap().contains("chanel"), "{items:?}");
    assert!(!run.stdout.contains("hunter2") && !run.stderr.contains("hunter2"));
    let all = picky.run_on(&["ntf", "send-batch", "-"], LINES);
    assert!(all.exit == 1 && all.stdout.contains("no --service"), "{} {}", all.exit, all.stdout);
    assert_eq!(willing().run(&["ntf", "send-batch", "/none"]).exit, 78);
}

#[test]
fn a_daemon_that_goes_away_leaves_the_line_to_go_on_with() {
    let gone = fake(|verb, arguments| match verb {
        "NotificationSend" if arguments["request"]["recipient"] == "99" => HangUp,
        _ => Ok(usual(verb, arguments)),
    });
    let lines: Vec<_> = (1..=130).map(|n| format!("{{\"channel\":\"sms\",\"to\":\"{n}\"}}\n")).collect();
    let run = gone.run_on(&["ntf", "send-batch", "--service", "acme", "-", "-o", "id"], &lines.concat());
    assert_eq!(run.exit, 69, "{}", run.stderr);
    assert!(run.stderr.contains("--from-line 97"), "{}", run.stderr);
    assert_eq!(run.stdout.lines().count(), 96);
}
