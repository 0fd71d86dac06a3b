//! Where work stands and how fast it moves, and providers that are switched for a time; in virtual hours.

use crate::house::{pairs, tries};
use crate::sim::World;
use chrono::TimeDelta;
use notify_proto::{Channel, HoldKind, ProviderId};
use notifyd_engine::{Handle, Options};
use notifyd_lifecycle::emptying::{Emptying, emptying};
use notifyd_store::Store as _;
use serde_json::json;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// Much longer than the engine needs to hear of something and to look at everything.
const MOMENT: Duration = Duration::from_secs(10);

/// The line and the provider of each in memory, sorted.
async fn stands(handle: &Handle) -> Vec<(String, ProviderId)> {
    let standing = handle.standing().await.unwrap();
    let mut all: Vec<_> = standing.memory.iter().map(|it| (it.lane.to_string(), it.provider)).collect();
    all.sort();
    all
}

/// Whom a text that is pinned to nobody would go to.
async fn first(handle: &Handle) -> Option<ProviderId> {
    handle.standing().await.unwrap().first.get(&Channel::Sms).copied()
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn each_in_memory_stands_where_it_goes_next() {
    let mut world = World::new(3);
    let slow = |it: &mut notifyd_store::api::NewProvider| {
        (it.config, it.max_in_flight) = (json!({"latency_ms": 100_000}), 1);
    };
    let a = world.provider(slow);
    let b = world.provider(|it| {
        slow(it);
        it.priority = 2;
    });
    let handle = world.start(Options::default());
    handle.started().await;
    assert_eq!((stands(&handle).await, first(&handle).await), (vec![], Some(a)));
    for _ in 0..3 {
        world.send("acme", &json!({}));
    }
    world.hold(b, HoldKind::Pause, None, None);
    world.send("acme", &json!({"provider_id": b.to_string()}));
    tokio::time::sleep(MOMENT).await;
    // One is under way; two wait for it to end, and the pinned one is held.
    let pinned = (format!("sms@{b}"), b);
    let sms = |provider| ("sms".to_owned(), provider);
    assert_eq!(stands(&handle).await, [sms(a), sms(a), pinned.clone()]);
    // What waited goes elsewhere, and so would what comes.
    world.hold(a, HoldKind::CircuitOpen, None, None);
    let ends: Vec<_> = world
        .store()
        .directory()
        .holds_on(b, notifyd_lifecycle::Clock::now(&*world.clock))
        .cloned()
        .collect();
    world.end(&ends[0]);
    tokio::time::sleep(MOMENT).await;
    assert_eq!(first(&handle).await, Some(b));
    let now = stands(&handle).await;
    assert!(now.len() == 2 && now.iter().all(|(_, provider)| *provider == b), "{now:?}");
    // Where nobody can be called, it is the first that is switched on.
    world.hold(b, HoldKind::Pause, None, None);
    assert_eq!(first(&handle).await, Some(a));
    world.set_active(a, false);
    assert_eq!(first(&handle).await, Some(b));
    world.set_active(b, false);
    assert_eq!(first(&handle).await, None);
    world.stop().await;
    assert_eq!(handle.standing().await.unwrap(), notifyd_engine::Standing::default());
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn rates_are_of_the_last_minute_whatever_the_clock_is_set_to() {
    let mut world = World::new(5);
    let p = world.provider(|it| (it.rate_per_second, it.burst) = (Some(2.0), Some(1)));
    let handle = world.start(Options::default());
    // Rates are counted from its first look on.
    handle.started().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    for _ in 0..400 {
        world.send("acme", &json!({}));
    }
    let rates = || {
        let speeds = handle.speeds();
        let finished = speeds.finished.get(&p).copied().unwrap_or_default();
        (finished, speeds.arriving.get("sms").copied().unwrap_or_default())
    };
    tokio::time::sleep(Duration::from_secs(30)).await;
    let (finished, arriving) = rates();
    assert!((1.7..=2.3).contains(&finished) && arriving > 10.0, "{finished} {arriving}");
    assert_eq!(emptying(340, finished, arriving), Emptying::Grows, "four hundred came within the minute");
    world.clock.set(TimeDelta::hours(-7));
    tokio::time::sleep(Duration::from_secs(90)).await;
    let (finished, arriving) = rates();
    assert!((1.7..=2.3).contains(&finished) && arriving == 0.0, "{finished} {arriving}");
    // It says now when it is empty, and so it is.
    let waiting = handle.queues().await.unwrap()[&p].waiting;
    let Emptying::In(time) = emptying(waiting, finished, arriving) else {
        panic!("{waiting} at {finished}/s")
    };
    tokio::time::sleep(time * 12 / 10).await;
    assert_eq!(handle.queues().await.unwrap()[&p].waiting, 0);
    tokio::time::sleep(2 * MINUTE).await;
    assert_eq!(rates(), (0.0, 0.0));
    world.stop().await;
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn one_that_is_switched_off_for_a_time_comes_back_by_itself() {
    for (restarts, set) in [(false, 0), (false, 5), (false, -5), (true, 0)] {
        let mut world = World::new(7);
        let p = world.provider(|_| {});
        world.provider(|it| it.priority = 2);
        let mut handle = world.start(Options::default());
        world.hold(p, HoldKind::Disabled, None, Some(30 * MINUTE));
        let goes = async |world: &World, to: &str| {
            let id = world.send("acme", &json!({}));
            world.settled(MOMENT).await;
            let last = tries(&world.detail(id)).pop().unwrap();
            assert_eq!(last, pairs(&[(to, "delivered")])[0], "{restarts} {set}");
        };
        goes(&world, "p1").await;
        let state = handle.provider_state(p);
        assert_eq!((state.held, state.circuit), (Some("disabled"), "closed"));
        tokio::time::sleep(25 * MINUTE).await;
        world.clock.set(TimeDelta::hours(set));
        if restarts {
            world.stop().await;
            drop(handle);
            world.close().await;
            world.open();
            handle = world.start(Options::default());
        }
        goes(&world, "p1").await;
        let steps = handle.route(vec![Channel::Sms], None).await.unwrap().remove(0).steps;
        let left = steps[0].until.unwrap() - notifyd_lifecycle::Clock::now(&*world.clock);
        assert!(left > TimeDelta::minutes(3) && left < TimeDelta::minutes(5), "{left}");
        tokio::time::sleep(6 * MINUTE).await;
        goes(&world, "p0").await;
        assert!(world.store().directory().holds().is_empty() && handle.provider_state(p).held.is_none());
        world.stop().await;
    }
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn one_that_is_switched_on_for_a_time_goes_off_again_and_holds_what_is_pinned() {
    let mut world = World::new(9);
    let p = world.provider(|_| {});
    world.set_active(p, false);
    world.start(Options::default());
    world.hold(p, HoldKind::Enabled, None, Some(10 * MINUTE));
    let id = world.send("acme", &json!({}));
    world.settled(MOMENT).await;
    assert_eq!(tries(&world.detail(id)), pairs(&[("p0", "delivered")]));
    let later = notifyd_lifecycle::Clock::now(&*world.clock) + TimeDelta::minutes(11);
    let id = world.send("acme", &json!({"scheduled_at": later}));
    tokio::time::sleep(12 * MINUTE).await;
    let detail = world.detail(id);
    assert_eq!(detail.notification.status.known(), Some(notify_proto::Status::Queued), "{detail:#?}");
    assert!(!world.store().directory().provider(p).unwrap().active);
    world.set_active(p, true);
    world.settled(MOMENT).await;
    world.stop().await;
}
