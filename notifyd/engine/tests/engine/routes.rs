//! What people are told of where a notification would go, beside where it goes.

use crate::sim::World;
use notify_proto::{Channel, HoldKind, ProviderId, SkipReason, Status};
use notifyd_engine::{Handle, Options, Step, Verdict};
use notifyd_lifecycle::candidate::Gate;
use notifyd_store::StoreError;
use serde_json::json;
use std::time::Duration;

const SMS: Channel = Channel::Sms;

async fn steps(handle: &Handle, pinned: Option<ProviderId>) -> Vec<Step> {
    handle.route(vec![SMS], pinned).await.unwrap().remove(0).steps
}

/// Name, verdict and gate of each.
fn told(steps: &[Step]) -> Vec<(&str, Verdict, Gate)> {
    steps.iter().map(|step| (step.name.as_str(), step.verdict, step.gate)).collect()
}

/// Sends one that must be tried at once, and by whom it was.
async fn goes(world: &World) -> Option<String> {
    let id = world.send("acme", &json!({}));
    tokio::time::sleep(Duration::from_millis(500)).await;
    world.detail(id).attempts.last().and_then(|attempt| attempt.provider_name.clone())
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn the_route_says_who_is_passed_over_and_why_and_is_the_one_taken() {
    let mut world = World::new(0);
    let latency = |ms: u64| json!({"latency_ms": ms});
    let off = world.provider(|it| (it.name, it.priority) = ("off".into(), 1));
    world.set_active(off, false);
    let broken = world.provider(|it| {
        (it.name, it.priority, it.config) = ("broken".into(), 2, json!({"outcome": "provider_config"}));
    });
    let busy = world.provider(|it| {
        (it.name, it.priority, it.config, it.max_in_flight) = ("busy".into(), 3, latency(20_000), 1);
    });
    let last = world.provider(|it| (it.name, it.priority, it.config) = ("last".into(), 4, latency(100)));
    world.provider(|it| (it.name, it.channels) = ("mails".into(), vec![Channel::Email]));
    let handle = world.start(Options::default());

    let first = steps(&handle, None).await;
    let closed = Gate::Closed(SkipReason::BreakerOpen);
    let disabled = ("off", Verdict::PassedOver, Gate::Closed(SkipReason::Disabled));
    let reserve = ("last", Verdict::InReserve, Gate::Open);
    let expected =
        [disabled, ("broken", Verdict::Taken, Gate::Open), ("busy", Verdict::InReserve, Gate::Open), reserve];
    assert_eq!(told(&first), expected);
    // It is tried, says that its account is at fault, and the next one takes over.
    assert_eq!(goes(&world).await.as_deref(), Some("busy"));

    let now = notifyd_lifecycle::Clock::now(&*world.clock);
    let second = steps(&handle, None).await;
    let overflow = ("last", Verdict::Overflow, Gate::Open);
    let expected =
        [disabled, ("broken", Verdict::PassedOver, closed), ("busy", Verdict::Awaited, Gate::Busy), overflow];
    assert_eq!(told(&second), expected);
    let why: Vec<_> = second.iter().map(|step| step.why.as_deref().unwrap_or_default()).collect();
    assert_eq!(why[1..3], ["mock: simulated provider_config", "1 calls are under way, of at most 1"]);
    let (since, until) = (second[1].since.unwrap(), second[1].until.unwrap());
    assert!(
        since <= now && until > now && until - since >= chrono::TimeDelta::seconds(59),
        "{since} {until}"
    );
    assert_eq!(goes(&world).await, None, "it waits for the busy one");
    tokio::time::sleep(Duration::from_millis(600)).await;
    let waited = world.detail(world.newest(1)[0]);
    assert_eq!(waited.notification.provider_name.as_deref(), Some("last"), "but not for long");

    // Settings that were changed before the question are in the answer.
    world.update(busy, |it| it.priority = 9);
    let third = steps(&handle, None).await;
    assert_eq!(
        told(&third)[2..],
        [("last", Verdict::Taken, Gate::Open), ("busy", Verdict::InReserve, Gate::Busy),]
    );
    assert_eq!(goes(&world).await.as_deref(), Some("last"));
    let pinned = steps(&handle, Some(broken)).await;
    assert_eq!(told(&pinned), [("broken", Verdict::PassedOver, closed)], "a pin stands alone");
    assert_eq!(told(&steps(&handle, Some(last)).await), [("last", Verdict::Taken, Gate::Open)]);
    world.remove(last);
    world.update(busy, |it| it.channels = vec![Channel::Email]);
    assert_eq!(steps(&handle, None).await.len(), 2);
    let none = handle.route(vec![Channel::Push], Some(busy)).await.unwrap();
    assert!(none.len() == 1 && none[0].steps.is_empty());
    world.stop().await;
    assert!(matches!(handle.route(vec![SMS], None).await, Err(StoreError::Closing)));
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn what_an_operator_holds_is_said_with_its_end() {
    let mut world = World::new(0);
    let paused = world.provider(|it| it.name = "paused".into());
    let limited = world.provider(|it| {
        (it.name, it.priority, it.config) = ("limited".into(), 2, json!({"latency_ms": 20_000}));
        it.max_in_flight = 8;
    });
    world.hold(paused, HoldKind::Pause, None, Some(Duration::from_mins(10)));
    world.hold(limited, HoldKind::Limit, Some(1), None);
    let handle = world.start(Options::default());
    assert_eq!(goes(&world).await.as_deref(), Some("limited"));
    let now = notifyd_lifecycle::Clock::now(&*world.clock);
    let steps = steps(&handle, None).await;
    let closed = Gate::Closed(SkipReason::Paused);
    let expected = [("paused", Verdict::PassedOver, closed), ("limited", Verdict::Awaited, Gate::Busy)];
    assert_eq!(told(&steps), expected);
    let left = steps[0].until.expect("it ends by itself") - now;
    assert!(left > chrono::TimeDelta::minutes(9) && left <= chrono::TimeDelta::minutes(10), "{left}");
    assert_eq!(steps[1].why.as_deref(), Some("1 calls are under way, of at most 1"), "not its own eight");
    world.stop().await;
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn a_pause_that_was_asked_for_and_a_pace_have_their_ends() {
    let mut world = World::new(0);
    world.provider(|it| {
        it.config = json!({"outcome": "rate_limited", "retry_after_seconds": 30});
        it.max_in_flight = 1;
    });
    world.provider(|it| (it.priority, it.rate_per_second, it.burst) = (2, Some(0.1), Some(1)));
    let handle = world.start(Options::default());
    let id = world.send("acme", &json!({}));
    while world.detail(id).notification.status.known() != Some(Status::Delivered) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let now = notifyd_lifecycle::Clock::now(&*world.clock);
    let steps = steps(&handle, None).await;
    let limited = Gate::Closed(SkipReason::RateLimited);
    assert_eq!(told(&steps), [("p0", Verdict::PassedOver, limited), ("p1", Verdict::Awaited, Gate::Busy)]);
    for (step, seconds) in steps.iter().zip([30, 10]) {
        let left = step.until.unwrap() - now;
        assert!(left > chrono::TimeDelta::zero() && left <= chrono::TimeDelta::seconds(seconds), "{step:?}");
    }
    assert_eq!(steps[1].why.as_deref(), Some("its rate is reached"));
    world.stop().await;
}
