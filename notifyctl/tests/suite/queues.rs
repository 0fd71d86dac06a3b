//! What a queue says of itself.

use crate::house::{Answer, fake, usual, willing};
use serde_json::Value;

#[test]
fn a_queue_says_in_how_long_it_is_empty() {
    let fake = willing();
    let list = fake.run(&["queue", "list"]).stdout;
    assert!(list.contains("ON_DISK") && list.contains("90,000") && list.contains("12.3/s"), "{list}");
    assert!(list.contains("~4m05s"), "{list}");
    let item = fake.run(&["queue", "list", "--json"]).json()["items"][0].clone();
    assert_eq!((&item["empty_in_ms"], &item["never_empty"]), (&245_000.into(), &Value::Null));
}

#[test]
fn a_queue_that_does_not_get_empty_says_why() {
    for (why, said) in [
        ("paused", "paused"),
        ("throttled", "throttled"),
        ("grows", "grows"),
        ("stands_still", "stands still"),
    ] {
        let queue = fake(move |verb, arguments| {
            let mut answer = usual(verb, arguments);
            if verb == "QueueList" {
                answer["queues"][0]["empty_in_ms"] = Value::Null;
                answer["queues"][0]["never_empty"] = why.into();
            }
            Answer::Ok(answer)
        });
        let columns = ["--columns", "queue,empty_in,empty_in_ms"];
        let plain = queue.run(&[&["queue", "list", "-o", "plain"][..], &columns].concat());
        assert_eq!(plain.stdout, format!("mock\t{said}\t\n"));
        let table = queue.run(&[&["queue", "list"][..], &columns].concat());
        assert!(!table.stdout.contains("never"), "it may go on later: {}", table.stdout);
        let item = queue.run(&["queue", "list", "--json"]).json()["items"][0].clone();
        assert_eq!((&item["empty_in_ms"], &item["never_empty"]), (&Value::Null, &why.into()));
    }
}
