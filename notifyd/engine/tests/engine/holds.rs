//! What operators force by hand on providers and queues, in virtual hours.

use crate::house::{pairs, story, tries};
use crate::sim::World;
use crate::slow::Step;
use chrono::TimeDelta;
use notify_proto::hold::Force;
use notify_proto::view::NotificationDetail;
use notify_proto::{HoldKind, NotificationId, SharedQueue, Status};
use notifyd_engine::{Handle, Options};
use notifyd_lifecycle::Clock as _;
use notifyd_store::Store as _;
use serde_json::json;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// Much longer than the engine needs to hear of something and to look at everything.
const MOMENT: Duration = Duration::from_secs(10);

fn reasons(detail: &NotificationDetail, event: &str) -> Vec<String> {
    let of = detail.events.iter().filter(|it| it.event == event);
    of.map(|it| it.reason.clone().unwrap_or_default()).collect()
}

fn status(world: &World, id: NotificationId) -> Status {
    world.detail(id).notification.status.known().unwrap()
}

/// The order in which attempts were begun.
fn claimed(world: &World) -> Vec<i64> {
    let steps = world.steps();
    let claims = steps.iter().filter_map(|(_, step)| match step {
        Step::Claimed(claims) => Some(claims.iter().map(|claim| claim.seq)),
        _ => None,
    });
    claims.flatten().collect()
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn what_a_paused_provider_would_take_goes_to_the_next() {
    for (kind, reason) in
        [(HoldKind::Pause, "paused"), (HoldKind::Drain, "draining"), (HoldKind::CircuitOpen, "breaker_open")]
    {
        let mut world = World::new(1);
        let first = world.provider(|_| {});
        world.provider(|it| it.priority = 2);
        world.start(Options::default());
        let hold = world.hold(first, kind, None, Some(10 * MINUTE));
        let id = world.send("acme", &json!({}));
        world.settled(MOMENT).await;
        let detail = world.detail(id);
        assert_eq!(tries(&detail), pairs(&[("p0", "skipped"), ("p1", "delivered")]), "{kind}");
        assert_eq!(detail.attempts[0].reason.as_deref(), Some(reason));
        world.end(&hold);
        let id = world.send("acme", &json!({}));
        world.settled(MOMENT).await;
        assert_eq!(tries(&world.detail(id)), pairs(&[("p0", "delivered")]), "{kind}");
        world.stop().await;
    }
}

/// Asks for one of each priority, the least urgent first, while the only provider is held; their numbers.
async fn held(world: &World) -> Vec<NotificationId> {
    let send = |priority: &&str| world.send("acme", &json!({"priority": priority, "retry": {"delays": []}}));
    let ids: Vec<_> = ["low", "normal", "high", "instant"].iter().map(send).collect();
    tokio::time::sleep(MINUTE).await;
    for id in &ids {
        let detail = world.detail(*id);
        assert_eq!(status(world, *id), Status::Queued);
        assert_eq!(story(&detail), ["created", "held"], "once, however often it is read");
        assert!(reasons(&detail, "held").iter().all(|reason| reason == "paused"), "{detail:#?}");
        assert_eq!(detail.attempts, []);
    }
    ids
}

/// They were delivered at once, the most urgent first, and none of them spent a retry.
fn released(world: &World, ids: &[NotificationId]) {
    for id in ids {
        let detail = world.detail(*id);
        assert_eq!(tries(&detail), pairs(&[("p0", "delivered")]));
        assert_eq!(detail.notification.retry_count, 0);
    }
    let order = claimed(world);
    assert!(
        order.len() == ids.len() && order.is_sorted_by(|a, b| a > b),
        "the latest was most urgent: {order:?}"
    );
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn a_pause_holds_without_a_retry_and_ends_by_itself() {
    let mut world = World::new(2);
    let only = world.provider(|it| it.max_in_flight = 1);
    world.start(Options::default());
    let begun = world.age();
    world.hold(only, HoldKind::Pause, None, Some(10 * MINUTE));
    let ids = held(&world).await;
    tokio::time::sleep((begun + 10 * MINUTE).checked_sub(world.age() + Duration::from_millis(100)).unwrap())
        .await;
    assert!(claimed(&world).is_empty(), "ten minutes are ten minutes");
    world.settled(MOMENT).await;
    released(&world, &ids);
    assert!(world.store().directory().holds().is_empty(), "its row is gone");
    world.stop().await;
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn a_pause_ends_when_it_is_resumed() {
    let mut world = World::new(3);
    let only = world.provider(|it| it.max_in_flight = 1);
    world.start(Options::default());
    let hold = world.hold(only, HoldKind::Pause, None, None);
    let ids = held(&world).await;
    tokio::time::sleep(60 * MINUTE).await;
    assert!(claimed(&world).is_empty(), "without an end it stands until somebody ends it");
    world.end(&hold);
    world.settled(MOMENT).await;
    released(&world, &ids);
    world.stop().await;
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn a_pause_is_as_long_whatever_the_clock_says() {
    for hours in [7, -7] {
        let mut world = World::new(4);
        let only = world.provider(|_| {});
        world.start(Options::default());
        let begun = world.age();
        world.hold(only, HoldKind::Pause, None, Some(10 * MINUTE));
        let id = world.send("acme", &json!({}));
        tokio::time::sleep(MINUTE).await;
        world.clock.set(TimeDelta::hours(hours));
        // Something else changes before the log has noticed: the directory is read anew.
        world.provider(|it| (it.priority, it.channels) = (9, vec![notify_proto::Channel::Email]));
        tokio::time::sleep(
            (begun + 10 * MINUTE).checked_sub(world.age() + Duration::from_millis(100)).unwrap(),
        )
        .await;
        assert_eq!(status(&world, id), Status::Queued, "set by {hours} h");
        world.settled(MOMENT).await;
        assert_eq!(status(&world, id), Status::Delivered, "set by {hours} h");
        world.stop().await;
    }
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn a_pause_goes_on_after_a_restart() {
    let mut world = World::new(5);
    let only = world.provider(|_| {});
    world.start(Options::default());
    world.hold(only, HoldKind::Pause, None, Some(10 * MINUTE));
    let id = world.send("acme", &json!({}));
    let again = async |world: &mut World| {
        tokio::time::sleep(4 * MINUTE).await;
        world.stop().await;
        world.close().await;
        world.open();
        world.start(Options::default());
        tokio::time::sleep(MOMENT).await;
    };
    for _ in 0..2 {
        again(&mut world).await;
        assert_eq!(status(&world, id), Status::Queued);
    }
    // The third start comes after its end.
    again(&mut world).await;
    assert_eq!(status(&world, id), Status::Delivered);
    assert!(world.store().directory().holds().is_empty());
    world.stop().await;
}

/// The most calls under way at once for so long.
async fn busiest(handle: &Handle, span: Duration) -> u32 {
    let mut most = 0;
    let end = tokio::time::Instant::now() + span;
    while tokio::time::Instant::now() < end {
        most = most.max(handle.in_flight());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    most
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn a_limit_lowers_the_calls_at_once_while_it_stands() {
    const SOON: Duration = Duration::from_secs(5);
    let mut world = World::new(6);
    let only = world.provider(|it| (it.max_in_flight, it.config) = (8, json!({"latency_ms": 1_000})));
    let handle = world.start(Options::default());
    world.hold(only, HoldKind::Limit, Some(3), Some(Duration::from_secs(20)));
    for _ in 0..250 {
        world.send("acme", &json!({}));
    }
    assert_eq!(busiest(&handle, Duration::from_secs(15)).await, 3);
    tokio::time::sleep(SOON).await;
    assert_eq!(busiest(&handle, SOON).await, 8, "it ended by itself");
    let hold = world.hold(only, HoldKind::Limit, Some(1), None);
    tokio::time::sleep(SOON).await;
    assert_eq!(busiest(&handle, SOON).await, 1);
    world.end(&hold);
    assert_eq!(busiest(&handle, SOON).await, 8);
    world.settled(30 * MINUTE).await;
    world.stop().await;
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn a_drain_lets_what_is_under_way_finish() {
    let mut world = World::new(7);
    let only = world.provider(|it| it.config = json!({"latency_ms": 30_000}));
    let handle = world.start(Options::default());
    let ids: Vec<_> = (0..10).map(|_| world.send("acme", &json!({}))).collect();
    tokio::time::sleep(MOMENT).await;
    world.hold(only, HoldKind::Drain, None, None);
    let queue = handle.queues().await.unwrap()[&only];
    assert_eq!(queue.in_flight, 4, "asked after the commit, nothing more begins");
    tokio::time::sleep(MINUTE).await;
    let queue = handle.queues().await.unwrap()[&only];
    assert_eq!((queue.in_flight, queue.waiting), (0, 6), "what is held counts for whom it would go to");
    assert_eq!(queue.oldest, Some(world.detail(ids[4]).notification.created_at));
    let delivered = ids.iter().filter(|id| status(&world, **id) == Status::Delivered).count();
    assert_eq!(delivered, 4);
    for id in &ids[4..] {
        assert_eq!(reasons(&world.detail(*id), "held"), ["draining"]);
    }
    let hold = world.store().directory().holds()[0].clone();
    world.end(&hold);
    world.settled(5 * MINUTE).await;
    world.stop().await;
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn a_circuit_is_forced_open_and_says_why() {
    let mut world = World::new(8);
    let only = world.provider(|_| {});
    let handle = world.start(Options::default());
    world.hold(only, HoldKind::CircuitOpen, None, Some(10 * MINUTE));
    let state = handle.provider_state(only);
    assert_eq!((state.circuit, state.reason.as_deref()), ("open", Some("carrier maintenance")));
    let id = world.send("acme", &json!({}));
    tokio::time::sleep(9 * MINUTE).await;
    assert_eq!(reasons(&world.detail(id), "held"), ["breaker_open"]);
    world.settled(2 * MINUTE).await;
    assert_eq!(status(&world, id), Status::Delivered);
    assert_eq!(handle.provider_state(only).circuit, "closed");
    world.stop().await;
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn a_circuit_is_forced_half_open_and_closed() {
    for (to, after) in [(Force::HalfOpen, "half_open"), (Force::Closed, "closed")] {
        let mut world = World::new(9);
        // The first attempt of each finds the account at fault, the second does not.
        let config = json!({"fail_times": 1, "failure_outcome": "provider_config", "latency_ms": 5_000});
        let only = world.provider(|it| it.config = config);
        let handle = world.start(Options::default());
        let id = world.send("acme", &json!({"priority": "instant"}));
        tokio::time::sleep(MOMENT).await;
        assert_eq!((handle.provider_state(only).circuit, status(&world, id)), ("open", Status::Queued));
        for _ in 0..3 {
            world.send("acme", &json!({}));
        }
        tokio::time::sleep(MOMENT).await;
        handle.force(only, to).await.unwrap();
        assert_eq!(handle.provider_state(only).circuit, after);
        tokio::time::sleep(Duration::from_secs(1)).await;
        let probes = if to == Force::HalfOpen { 1 } else { 4 };
        assert_eq!(handle.in_flight(), probes, "{after}: a probe goes alone");
        tokio::time::sleep(MOMENT).await;
        assert_eq!(
            status(&world, id),
            Status::Delivered,
            "long before the circuit would have opened by itself"
        );
        world.stop().await;
    }
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn what_waits_for_its_time_waits_on_while_its_queue_is_paused() {
    let mut world = World::new(10);
    world.provider(|it| it.config = json!({"fail_times": 1}));
    world.start(Options::default());
    let again = world.send("acme", &json!({}));
    let later = world.send("acme", &json!({"scheduled_at": world.clock.now() + 5 * MINUTE}));
    let pauses = [SharedQueue::Scheduled, SharedQueue::Retries].map(|it| world.pause(it, 300 * MINUTE));
    tokio::time::sleep(200 * MINUTE).await;
    assert_eq!((status(&world, again), status(&world, later)), (Status::Retrying, Status::Pending));
    // One by hand, one by itself.
    world.end(&pauses[0]);
    tokio::time::sleep(MOMENT).await;
    assert_eq!((status(&world, again), status(&world, later)), (Status::Retrying, Status::Retrying));
    let now = world.send("acme", &json!({"priority": "low"}));
    tokio::time::sleep(MOMENT).await;
    assert_eq!(world.detail(now).attempts.len(), 1, "what is new is not held back");
    world.settled(300 * MINUTE).await;
    assert!([again, later, now].iter().all(|id| status(&world, *id) == Status::Delivered));
    assert!(world.store().directory().holds().is_empty());
    world.stop().await;
}
