//! From the queue through a provider to the end.

use crate::house::{Calls, House, pairs, story, tries, who};
use crate::sim::World;
use notify_proto::{Channel, Status};
use notifyd_engine::Options;
use notifyd_lifecycle::steer::{Again, Wish};
use serde_json::json;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_delivers_and_says_that_it_was_simulated() {
    let house = House::new();
    house.provider("only", 1, json!({})).await;
    let id = house.send(json!({})).await;
    let detail = house.finished(id).await;
    assert_eq!(detail.notification.status.known(), Some(Status::Delivered));
    assert!(detail.notification.simulated && detail.attempts[0].simulated);
    assert_eq!(story(&detail), ["created", "delivered"]);
    assert_eq!(house.handle.totals().delivered, 1);
    house.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_moves_on_to_the_next_provider_in_the_same_cycle() {
    let house = House::new();
    house.provider("first", 1, json!({"outcome": "transient"})).await;
    house.provider("second", 2, json!({})).await;
    let id = house.send(json!({})).await;
    let detail = house.finished(id).await;
    assert_eq!(tries(&detail), pairs(&[("first", "failed"), ("second", "delivered")]));
    assert_eq!(story(&detail), ["created", "failed_over", "delivered"]);
    assert_eq!(detail.notification.retry_count, 0);
    house.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn retries_follow_the_policy_until_they_are_spent() {
    let house = House::new();
    house.provider("only", 1, json!({"outcome": "transient"})).await;
    let id = house.send(json!({"retry": {"delays": [0, 0]}})).await;
    let detail = house.finished(id).await;
    let reason = detail.notification.failure_reason.as_ref().map(ToString::to_string);
    assert_eq!(reason.as_deref(), Some("exhausted"));
    assert_eq!(detail.attempts.len(), 3);
    assert_eq!((detail.notification.retry_count, detail.notification.retries_left), (2, 0));
    let expected = ["created", "retry_scheduled", "released", "retry_scheduled", "released", "failed"];
    assert_eq!(story(&detail), expected);
    house.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_permanent_refusal_goes_to_the_next_channel() {
    let house = House::new();
    house.provider("only", 1, json!({"outcome": "permanent"})).await;
    let recipient = json!({"sms": "+15005550006", "email": "a@b.example"});
    let id = house
        .send(json!({"channel": null, "to": null, "channels": ["sms", "email"], "recipient": recipient}))
        .await;
    let detail = house.finished(id).await;
    assert_eq!(detail.notification.status.known(), Some(Status::Failed));
    assert_eq!(detail.notification.failure_reason.unwrap().to_string(), "permanent");
    let channels: Vec<_> = detail.attempts.iter().map(|attempt| attempt.channel.to_string()).collect();
    assert_eq!(channels, ["sms", "email"]);
    house.end().await;
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn a_channel_that_is_used_up_is_followed_by_the_next_one_at_once_and_each_has_its_address() {
    let mut world = World::new(1);
    let record = world.dir().join("calls");
    for (name, outcome, channel) in [
        ("broken", "transient", Channel::Sms),
        ("limited", "rate_limited", Channel::Sms),
        ("mails", "accepted", Channel::Email),
    ] {
        let config = json!({"outcome": outcome, "record_file": record});
        world.provider(|it| (it.name, it.config, it.channels) = (name.into(), config, vec![channel]));
    }
    world.provider(|it| it.channels = vec![Channel::Push]);
    world.start(Options::default());
    let channels = json!({"channel": null, "channels": ["push", "sms", "email"], "subject": "s",
        "to": {"sms": "+15005550006", "email": "a@b.example"}});
    let id = world.send("acme", &channels);
    world.settled(Duration::from_secs(60)).await;
    let detail = world.detail(id);
    let mut tried = tries(&detail);
    // The two of one priority go by their ids.
    tried[1..3].sort();
    let expected = [("", "skipped"), ("broken", "failed"), ("limited", "failed"), ("mails", "delivered")];
    assert_eq!(tried, pairs(&expected), "{detail:#?}");
    assert_eq!(detail.attempts[0].reason.as_deref(), Some("no_address"));
    assert_eq!(story(&detail), ["created", "failed_over", "failed_over", "delivered"]);
    assert_eq!(detail.notification.retry_count, 0, "all of it was one cycle");
    let calls = std::fs::read_to_string(&record).unwrap();
    let to = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["to"][0].clone();
    let to: Vec<_> = calls.lines().map(to).collect();
    assert_eq!(to, ["+15005550006", "+15005550006", "a@b.example"]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_end_is_sent_again_by_the_same_provider_and_flagged() {
    let house = House::new();
    house.provider("vague", 1, json!({"outcome": "ambiguous"})).await;
    house.provider("other", 2, json!({})).await;
    let id = house.send(json!({"retry": {"delays": [0]}})).await;
    let detail = house.finished(id).await;
    assert_eq!(tries(&detail), pairs(&[("vague", "in_doubt"), ("vague", "in_doubt")]));
    assert!(detail.notification.possible_duplicate);
    let willing = house.send(json!({"failover_on_unknown": true})).await;
    let detail = house.finished(willing).await;
    assert_eq!(tries(&detail), pairs(&[("vague", "in_doubt"), ("other", "delivered")]));
    let hold = house.send(json!({"on_unknown": "hold"})).await;
    let held = house.until(hold, |detail| story(detail).contains(&"held")).await;
    assert_eq!(held.notification.status.known(), Some(Status::Pending));
    let fail = house.send(json!({"on_unknown": "fail"})).await;
    let failed = house.finished(fail).await;
    assert_eq!(failed.notification.failure_reason.unwrap().to_string(), "in_doubt");
    house.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_end_on_one_channel_is_not_followed_by_another() {
    let house = House::new();
    let mut calls = Calls::new(&house.dir);
    // One account serves both channels; everything about it is doubtful.
    house.provider("vague", 1, json!({"outcome": "ambiguous", "record_file": calls.path()})).await;
    let recipient = json!({"sms": "+15005550006", "email": "a@b.example"});
    let request = json!({
        "channel": null, "to": null, "channels": ["sms", "email"], "recipient": recipient, "retry": {"delays": [0]},
    });
    let id = house.send(request).await;
    let detail = house.finished(id).await;
    let channels: Vec<_> = detail.attempts.iter().map(|attempt| attempt.channel.to_string()).collect();
    assert_eq!(channels, ["sms", "sms"]);
    assert_eq!((calls.next().await, calls.next().await), (id, id));
    house.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn starting_a_doubtful_dead_letter_again_is_a_possible_duplicate() {
    let house = House::new();
    house.provider("vague", 1, json!({"outcome": "ambiguous"})).await;
    let id = house.send(json!({"on_unknown": "fail"})).await;
    assert!(!house.finished(id).await.notification.possible_duplicate, "it was sent once at most");
    let wish = Wish::Retry(Again::default());
    house.handle.steer(id, wish, "notification.retry", who()).await.unwrap();
    let again = house.until(id, |detail| detail.attempts.len() == 2).await;
    assert!(again.notification.possible_duplicate);
    house.end().await;
}
