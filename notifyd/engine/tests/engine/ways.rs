//! What people are told of one notification's way, beside where it goes.

use crate::house::story;
use crate::sim::World;
use notify_proto::{Channel, HoldKind, NotificationId, ProviderId, SkipReason, Status};
use notifyd_engine::{Handle, Options, Verdict, Way};
use notifyd_lifecycle::candidate::Choice;
use notifyd_store::Store as _;
use serde_json::json;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// Much longer than the engine needs to hear of something and to look at everything.
const MOMENT: Duration = Duration::from_secs(10);

async fn way(world: &World, handle: &Handle, id: NotificationId) -> Way {
    let job = world.store().job(id).await.unwrap().unwrap();
    handle.way(job).await.unwrap().unwrap()
}

/// Channel, name and verdict of each candidate.
fn told(way: &Way) -> Vec<(Channel, &str, Verdict)> {
    let of = |route: &'_ notifyd_engine::Route| route.channel;
    way.routes
        .iter()
        .flat_map(|route| route.steps.iter().map(move |step| (of(route), step.name.as_str(), step.verdict)))
        .collect()
}

fn tried(way: &Way) -> Option<ProviderId> {
    match way.choice {
        Choice::Try { provider, .. } => Some(provider),
        _ => None,
    }
}

use Channel::{Email, Sms};
use Verdict::{Awaited, InReserve, PassedOver, RuledOut, Taken, Tried};

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn it_is_told_by_its_own_channels_pin_and_addresses() {
    let mut world = World::new(5);
    let first = world.provider(|it| it.name = "first".into());
    let second = world.provider(|it| (it.name, it.priority) = ("second".into(), 2));
    let none = world.store().job(NotificationId::from_bytes([9; 16])).await.unwrap();
    assert!(none.is_none());
    let tomorrow = notifyd_lifecycle::Clock::now(&*world.clock) + 1_440 * MINUTE;
    let both = json!({"channel": null, "channels": ["sms", "email"], "scheduled_at": tomorrow,
        "to": {"sms": "+15005550006", "email": "a@example.org"}, "subject": "s"});
    let both = world.send("acme", &both);
    let pinned = world.send("acme", &json!({"provider_id": second.to_string(), "scheduled_at": tomorrow}));
    let handle = world.start(Options::default());
    tokio::time::sleep(MOMENT).await;
    // What is not due yet is told as things stand.
    let free = way(&world, &handle, both).await;
    let expected = [
        (Sms, "first", Taken),
        (Sms, "second", InReserve),
        (Email, "first", InReserve),
        (Email, "second", InReserve),
    ];
    assert_eq!((told(&free), tried(&free)), (expected.to_vec(), Some(first)));
    assert!(!free.loaded);
    let its = way(&world, &handle, pinned).await;
    assert_eq!((told(&its), tried(&its)), (vec![(Sms, "second", Taken)], Some(second)));

    world.hold(first, HoldKind::Pause, None, None);
    let paused = way(&world, &handle, both).await;
    assert_eq!(told(&paused)[..2], [(Sms, "first", PassedOver), (Sms, "second", Taken)]);
    world.hold(second, HoldKind::Pause, None, None);
    let due = world.send("acme", &json!({}));
    tokio::time::sleep(MOMENT).await;
    let held = way(&world, &handle, due).await;
    assert!(held.loaded, "it is held in memory");
    let Choice::Closed(skips) = &held.choice else { panic!("{held:?}") };
    let reasons: Vec<_> = skips.iter().map(|skip| (skip.provider, skip.reason)).collect();
    assert_eq!(reasons, [(Some(first), SkipReason::Paused), (Some(second), SkipReason::Paused)]);
    assert_eq!(told(&held), [(Sms, "first", PassedOver), (Sms, "second", PassedOver)]);
    world.stop().await;
    let job = world.store().job(due).await.unwrap().unwrap();
    assert_eq!(handle.way(job).await.unwrap(), None, "nobody delivers any more");
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn it_is_told_by_how_far_it_has_got_and_the_word_is_kept() {
    let mut world = World::new(6);
    let refuses =
        world.provider(|it| (it.name, it.config) = ("refuses".into(), json!({"outcome": "transient"})));
    let busy = world.provider(|it| {
        (it.name, it.priority) = ("busy".into(), 2);
        (it.config, it.max_in_flight) = (json!({"latency_ms": 60_000}), 1);
    });
    let handle = world.start(Options::default());
    let ahead = world.send("acme", &json!({"provider_id": busy.to_string()}));
    tokio::time::sleep(MOMENT).await;
    let id = world.send("acme", &json!({}));
    tokio::time::sleep(MOMENT).await;
    let it = way(&world, &handle, id).await;
    assert_eq!(told(&it), [(Sms, "refuses", Tried), (Sms, "busy", Awaited)]);
    assert_eq!((it.choice.clone(), it.loaded, it.waiting), (Choice::Wait(vec![busy]), true, 1));
    assert_eq!(it.routes[0].steps[1].why.as_deref(), Some("1 calls are under way, of at most 1"));
    // Once it is free it goes there, as it was told.
    world.settled(3 * MINUTE).await;
    for id in [ahead, id] {
        assert_eq!(world.detail(id).notification.status.known(), Some(Status::Delivered));
    }
    let through: Vec<_> = world.detail(id).attempts.iter().map(|it| it.provider_id).collect();
    assert_eq!(through, [Some(refuses), Some(busy)]);
    world.stop().await;
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn what_can_never_take_it_is_ruled_out() {
    let mut world = World::new(7);
    let doubts = world.provider(|it| {
        (it.name, it.config) = ("doubts".into(), json!({"outcome": "ambiguous"}));
    });
    world.provider(|it| (it.name, it.priority) = ("other".into(), 2));
    let refuses = world.provider(|it| {
        (it.name, it.priority, it.channels) = ("refuses".into(), 0, vec![Email]);
        it.config = json!({"outcome": "permanent"});
    });
    let handle = world.start(Options::default());
    // An attempt of unknown end is repeated as it was, by nobody else.
    let unknown = world.send("acme", &json!({"retry": {"delays": [3_600]}}));
    tokio::time::sleep(MOMENT).await;
    let detail = world.detail(unknown);
    assert!(story(&detail).contains(&"retry_scheduled"), "{detail:#?}");
    let it = way(&world, &handle, unknown).await;
    assert_eq!(told(&it), [(Sms, "doubts", Taken), (Sms, "other", RuledOut)]);
    let why = it.routes[0].steps[1].why.as_deref();
    assert_eq!(why, Some("an attempt of unknown end may only be repeated as it was"));

    let both = json!({"channel": null, "channels": ["email", "sms"], "subject": "s",
        "to": {"sms": "+15005550006", "email": "a@example.org"}, "provider_id": null});
    // Mail is refused for good, and nobody can send the text message.
    world.hold(doubts, HoldKind::Pause, None, None);
    let other = world.store().directory().find_provider("other").unwrap().id;
    world.hold(other, HoldKind::Pause, None, None);
    let id = world.send("acme", &both);
    tokio::time::sleep(MOMENT).await;
    let it = way(&world, &handle, id).await;
    let expected = [
        (Email, "refuses", RuledOut),
        (Email, "doubts", RuledOut),
        (Email, "other", RuledOut),
        (Sms, "doubts", PassedOver),
        (Sms, "other", PassedOver),
    ];
    assert_eq!(told(&it), expected);
    assert!(matches!(it.choice, Choice::Closed(_)), "{it:?}");
    assert_eq!(it.routes[0].steps[0].provider, refuses);
    world.stop().await;
}
