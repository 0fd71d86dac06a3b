//! Settings that change, and providers that are removed, while they are at work.

use crate::house::{pairs, story, tries};
use crate::sim::World;
use notify_proto::{NotificationId, Status};
use notifyd_engine::{Handle, Options};
use serde_json::{Value, json};
use std::time::Duration;

/// Longer than anything else here takes, and shorter than a circuit stays open.
const LONG_MS: u64 = 10_000;

/// Lets time pass until it is so; ends the case when it never is.
async fn until(what: &str, so: impl Fn() -> bool) {
    for _ in 0..LONG_MS / 2 {
        if so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("it never came to that: {what}");
}

fn ended(world: &World, id: NotificationId) -> (Option<Status>, Option<String>) {
    let of = world.detail(id).notification;
    (of.status.known(), of.failure_reason.map(|reason| reason.to_string()))
}

fn circuit(handle: &Handle, id: notify_proto::ProviderId) -> (&'static str, Option<String>) {
    let state = handle.provider_state(id);
    (state.circuit, state.reason)
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn other_limits_leave_the_calls_under_way_alone() {
    let mut world = World::new(0);
    let slow = world.provider(|it| (it.config, it.max_in_flight) = (json!({"latency_ms": LONG_MS}), 2));
    let handle = world.start(Options::default());
    let ids: Vec<_> = (0..3).map(|_| world.send("acme", &json!({}))).collect();
    until("two calls", || handle.in_flight() == 2).await;
    world.update(slow, |it| {
        (it.name, it.priority, it.max_in_flight) = ("renamed".into(), -1, 3);
    });
    until("room for the third", || handle.provider_state(slow).in_flight == 3).await;
    world.settled(Duration::from_secs(60)).await;
    for id in ids {
        assert_eq!(tries(&world.detail(id)), pairs(&[("renamed", "delivered")]));
    }
    world.stop().await;
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn other_limits_leave_the_circuit_alone_and_other_settings_close_it() {
    let mut world = World::new(0);
    let broken = world.provider(|it| it.config = json!({"outcome": "provider_config"}));
    let handle = world.start(Options::default());
    let id = world.send("acme", &json!({}));
    until("an open circuit", || circuit(&handle, broken).0 == "open").await;
    let open = circuit(&handle, broken);
    world.update(broken, |it| (it.priority, it.rate_per_second, it.burst) = (-5, Some(100.0), Some(1)));
    tokio::time::sleep(Duration::from_millis(LONG_MS)).await;
    assert_eq!((circuit(&handle, broken), ended(&world, id).0), (open, Some(Status::Queued)));
    // Its account was mended: what was held goes at once, not when the circuit would have been tried again.
    world.update(broken, |it| it.config = json!({}));
    until("delivery", || ended(&world, id).0 == Some(Status::Delivered)).await;
    assert_eq!(circuit(&handle, broken), ("closed", None));
    world.stop().await;
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn what_an_older_client_was_told_says_nothing_of_the_new_one() {
    let mut world = World::new(0);
    let config = json!({"outcome": "provider_config", "latency_ms": LONG_MS});
    let mended = world.provider(|it| it.config = config);
    let handle = world.start(Options::default());
    let id = world.send("acme", &json!({}));
    until("a call", || handle.in_flight() == 1).await;
    world.update(mended, |it| it.config = json!({"latency_ms": 1}));
    let other = world.send("acme", &json!({}));
    until("the new client works", || ended(&world, other).0 == Some(Status::Delivered)).await;
    until("only the older one has not answered", || handle.in_flight() == 1).await;
    world.settled(Duration::from_millis(2 * LONG_MS)).await;
    assert_eq!(tries(&world.detail(id)), pairs(&[("p0", "failed"), ("p0", "delivered")]));
    assert_eq!(circuit(&handle, mended), ("closed", None));
    world.stop().await;
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn a_removed_provider_ends_its_calls_and_what_waits_for_it_goes_elsewhere() {
    let mut world = World::new(0);
    let gone = world.provider(|it| (it.config, it.max_in_flight) = (json!({"latency_ms": LONG_MS}), 2));
    world.provider(|it| it.priority = 2);
    let handle = world.start(Options::default());
    let send = |fields: Value| world.send("acme", &fields);
    let under_way = [send(json!({})), send(json!({}))];
    let waiting = [send(json!({})), send(json!({}))];
    let pinned = send(json!({"provider_id": gone.to_string()}));
    let yielding = send(json!({"provider_id": gone.to_string(), "allow_failover": true}));
    let planned = send(json!({
        "provider_id": gone.to_string(), "scheduled_at": notifyd_lifecycle::Clock::now(&*world.clock) + Duration::from_secs(30)
    }));
    until("two calls", || handle.in_flight() == 2).await;
    world.remove(gone);
    until("the others", || {
        waiting.iter().chain([&yielding]).all(|id| ended(&world, *id).0 == Some(Status::Delivered))
    })
    .await;
    until("only the calls under way go on", || handle.in_flight() == 2).await;
    world.settled(Duration::from_secs(60)).await;
    for id in under_way {
        assert_eq!(tries(&world.detail(id)), pairs(&[("p0", "delivered")]));
    }
    for id in waiting.into_iter().chain([yielding]) {
        assert_eq!(tries(&world.detail(id)), pairs(&[("p1", "delivered")]));
    }
    for id in [pinned, planned] {
        assert_eq!(ended(&world, id), (Some(Status::Failed), Some("no_provider".into())));
        assert_eq!(world.detail(id).attempts, []);
    }
    assert_eq!(handle.provider_state(gone).in_flight, 0);
    world.stop().await;
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn what_may_have_arrived_through_a_removed_provider_goes_nowhere_else() {
    let mut world = World::new(0);
    let gone = world.provider(|it| it.config = json!({"hang": true}));
    world.provider(|it| it.priority = 2);
    let options = Options { attempt_timeout: Duration::from_millis(LONG_MS), ..Options::default() };
    let handle = world.start(options);
    let id = world.send("acme", &json!({"retry": {"delays": [1]}}));
    until("a call", || handle.in_flight() == 1).await;
    world.remove(gone);
    world.settled(Duration::from_secs(60)).await;
    let detail = world.detail(id);
    assert_eq!(tries(&detail), pairs(&[("p0", "in_doubt")]), "{:?}", story(&detail));
    assert_eq!(ended(&world, id), (Some(Status::Failed), Some("no_provider".into())));
    assert!(detail.notification.possible_duplicate);
    world.stop().await;
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn what_is_held_goes_on_when_another_provider_serves_its_channel() {
    let mut world = World::new(0);
    let broken = world.provider(|it| it.config = json!({"outcome": "provider_config"}));
    let mails = world.provider(|it| (it.priority, it.channels) = (2, vec![notify_proto::Channel::Email]));
    let handle = world.start(Options::default());
    let id = world.send("acme", &json!({}));
    until("an open circuit", || circuit(&handle, broken).0 == "open").await;
    world.update(mails, |it| it.channels.push(notify_proto::Channel::Sms));
    until("delivery", || ended(&world, id).0 == Some(Status::Delivered)).await;
    assert_eq!(tries(&world.detail(id)).last().unwrap().0, "p1");
    world.stop().await;
}
