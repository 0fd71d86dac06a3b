//! What waits, as an operator sees and steers it: listed, moved, buried, explained.

use notify_tests::ctl::Ctl;
use notify_tests::daemon::Daemon;
use serde_json::{Value, json};

fn ids(list: &Value) -> Vec<&str> {
    list["items"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect()
}

/// What a notification waits for: for what, why, and behind whom.
fn waits(ctl: &Ctl, id: &str) -> [String; 3] {
    let told = ctl.json(&["ntf", "explain", id]);
    assert_eq!(told["schema"], "notify.notification.explain/1");
    ["for", "reason", "provider"].map(|member| told["now"][member].as_str().unwrap_or_default().to_owned())
}

#[test]
fn what_waits_is_steered_and_explained() {
    let daemon = Daemon::start();
    let ctl = daemon.ctl();
    daemon.service("acme");
    daemon.mock("only", &json!({}), &["--channel", "sms"]);
    let send = |more: &[&str]| {
        let sms = ["ntf", "send", "--service", "acme", "--channel", "sms", "--to", "+15005550006"];
        let sent = ctl.ok(&[&sms[..], &["--body", "hi", "--no-dedup", "-o", "id"], more].concat());
        sent.trim().to_owned()
    };
    let word = |words: [&str; 3]| words.map(str::to_owned);
    let (first, second) = (send(&["--at", "3h"]), send(&["--at", "1h"]));
    assert_eq!(waits(&ctl, &first), word(["time", "scheduled", ""]));
    assert_eq!(ids(&ctl.json(&["schedule", "list"])), [second.as_str(), &first]);
    let soon = ctl.json(&["schedule", "list", "--due", "<2h"]);
    assert_eq!((ids(&soon), &soon["total"]["value"]), (vec![second.as_str()], &json!(1)));
    let page = ctl.json(&["schedule", "list", "--limit", "1"]);
    let next = page["next"].as_str().unwrap();
    assert_eq!(ids(&ctl.json(&["schedule", "list", "--after", next])), [first.as_str()]);

    // The one moves in front of the other; nobody is early.
    ctl.ok(&["schedule", "move", &first, "--at", "30m"]);
    assert_eq!(ids(&ctl.json(&["schedule", "list"])), [first.as_str(), &second]);
    let refused = ctl.run(&["ntf", "postpone", &first, "--until", "1m"]);
    assert!(
        refused.code == 5 && refused.stderr.contains("only be postponed to a later one"),
        "{}",
        refused.stderr
    );
    let past = ctl.run(&["schedule", "move", &first, "--at", "2020-01-01T00:00:00Z"]);
    assert!(past.code == 1 && past.stderr.contains("has passed"), "{}", past.stderr);
    let histogram = ctl.json(&["schedule", "histogram"]);
    let filled = histogram["buckets"].as_array().unwrap().iter().filter(|it| it["pending"] != 0);
    let counts: Vec<_> = filled.map(|it| (it["due_in"].as_str().unwrap(), &it["pending"])).collect();
    // In half an hour, and in an hour, each less the time that went by.
    assert_eq!(counts, [("+25m", &json!(1)), ("+45m", &json!(1))], "{histogram}");

    // Due now, but its queue is paused: held, until somebody postpones it again.
    ctl.ok(&["queue", "pause", "only", "--yes", "--reason", "carrier maintenance"]);
    ctl.ok(&["schedule", "run", &first, &second]);
    assert_eq!(waits(&ctl, &first), word(["opening", "paused", "only"]));
    let told = ctl.ok(&["ntf", "explain", &first]);
    assert!(told.contains("carrier maintenance") && told.contains("did not let it wait"), "{told}");
    ctl.ok(&["ntf", "postpone", &first, "--until", "1h", "--reason", "quiet hours"]);
    assert_eq!(waits(&ctl, &first), word(["time", "postponed", ""]));
    assert_eq!(ctl.run(&["ntf", "bury", &second]).code, 6);
    ctl.ok(&["ntf", "bury", &second, "--yes"]);
    ctl.ok(&["ntf", "bury", &second, "--yes"]);
    ctl.ok(&["queue", "resume", "only"]);
    assert_eq!(waits(&ctl, &second), word(["nothing", "buried", ""]));
    assert_eq!(ids(&ctl.json(&["ntf", "list", "--filter", "reason:buried"])), [second.as_str()]);

    // Run now, it goes; after that there is nothing to steer.
    let both = ctl.run(&["schedule", "run", &first, &second]);
    assert_eq!(both.code, 7, "{}", both.stderr);
    ctl.ok(&["ntf", "wait", &first, "--for", "delivered"]);
    assert_eq!(waits(&ctl, &first), word(["nothing", "", "only"]));
    assert_eq!(ctl.run(&["ntf", "postpone", &first, &second, "--until", "1h"]).code, 5);
    assert_eq!(ctl.run(&["ntf", "explain", "0197a6c2-5b1e-7cc0-8000-0123456789ab"]).code, 3);
    assert!(ctl.json(&["schedule", "list"])["items"].as_array().unwrap().is_empty());
}
