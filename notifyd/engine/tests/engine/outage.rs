//! What waits while nobody can be called: it spends nothing, those who can go elsewhere do, and it leaves in good order.

use crate::house::tries;
use crate::sim::World;
use crate::slow::Step;
use notify_proto::view::NotificationDetail;
use notify_proto::{Channel, HoldKind, NotificationId, Status};
use notifyd_engine::Options;
use notifyd_store::Store as _;
use notifyd_store::api::{Audit, Scope};
use serde_json::json;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// Much longer than the engine needs to hear of something and to look at everything.
const MOMENT: Duration = Duration::from_secs(10);

/// Whom the engine called, in the order it did.
fn called(world: &World) -> Vec<i64> {
    let steps = world.steps();
    let claims = steps.iter().filter_map(|(_, step)| match step {
        Step::Claimed(claims) => Some(claims.iter().map(|claim| claim.seq)),
        _ => None,
    });
    claims.flatten().collect()
}

fn status(world: &World, id: NotificationId) -> Status {
    world.detail(id).notification.status.known().unwrap()
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn what_was_held_leaves_oldest_first() {
    let mut world = World::new(2);
    let only = world.provider(|it| it.max_in_flight = 1);
    world.start(Options::default());
    let hold = world.hold(only, HoldKind::Pause, None, None);
    for _ in 0..20 {
        world.send("acme", &json!({}));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    tokio::time::sleep(MOMENT).await;
    world.end(&hold);
    world.settled(MINUTE).await;
    let order = called(&world);
    assert!(order.len() == 20 && order.is_sorted(), "{order:?}");
    world.stop().await;
}

/// Held or failing, they leave at the pace of their provider, and the first of them is the probe.
#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn what_was_held_leaves_at_the_pace_of_its_provider() {
    for outage in [false, true] {
        let mut world = World::new(3);
        let only = world.provider(|it| {
            (it.rate_per_second, it.burst, it.max_in_flight) = (Some(10.0), Some(5), 32);
            if outage {
                it.config = json!({"plan": {"steps": [{"for_seconds": 300, "outcome": "transient"}]}});
            }
        });
        let retry = json!({"retry": {"delays": [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]}});
        world.start(Options::default());
        let hold = (!outage).then(|| world.hold(only, HoldKind::Pause, None, None));
        let ids: Vec<_> = (0..200).map(|_| world.send("acme", &retry)).collect();
        tokio::time::sleep(4 * MINUTE).await;
        assert!(ids.iter().all(|id| status(&world, *id) != Status::Delivered));
        let released = world.age();
        if let Some(hold) = &hold {
            world.end(hold);
        }
        world.settled(20 * MINUTE).await;
        let steps = world.steps();
        let claims = steps.iter().filter_map(|(at, step)| match step {
            Step::Claimed(claims) if *at >= released => Some((*at, claims.len())),
            _ => None,
        });
        let claims: Vec<_> = claims.collect();
        assert!(claims.iter().map(|(_, count)| count).sum::<usize>() >= 200);
        for (index, (from, _)) in claims.iter().enumerate() {
            let within = claims[index..].iter().take_while(|(at, _)| *at < *from + Duration::from_secs(2));
            let count: usize = within.map(|(_, count)| count).sum();
            assert!(count <= 5 + 20 + 1, "{count} within two seconds after {from:?}");
        }
        assert!(ids.iter().all(|id| status(&world, *id) == Status::Delivered));
        world.stop().await;
    }
}

/// Hundreds of services wait for a channel that is closed, more than memory holds one of each. Another channel does not
/// notice, and each is told once that it waits.
#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn what_is_held_for_many_leaves_room_for_what_can_go() {
    let mut world = World::new(4);
    let closed = world.provider(|_| {});
    world.provider(|it| it.channels = vec![Channel::Email]);
    let hold = world.hold(closed, HoldKind::Pause, None, None);
    let both = json!({"channel": null, "to": null, "channels": ["sms", "email"], "subject": "s",
        "recipient": {"sms": "+15005550006"}});
    let held: Vec<_> = (0..300).map(|n| world.send(&format!("s{n}"), &both)).collect();
    world.start(Options { loaded: 100, ..Options::default() });
    tokio::time::sleep(MOMENT).await;
    let mail = json!({"channel": "email", "to": "ada@example.org", "subject": "s"});
    for _ in 0..5 {
        let mails: Vec<_> = (0..40).map(|_| world.send("acme", &mail)).collect();
        tokio::time::sleep(MOMENT).await;
        assert!(mails.iter().all(|id| status(&world, *id) == Status::Delivered));
    }
    assert!(held.iter().all(|id| status(&world, *id) == Status::Queued));
    world.end(&hold);
    world.settled(MINUTE).await;
    for id in held {
        let detail = world.detail(id);
        assert_eq!((status(&world, id), detail.notification.retry_count), (Status::Delivered, 0));
        assert!(detail.events.iter().filter(|it| it.event == "held").count() <= 1, "{detail:#?}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn what_fails_over_arrives_oldest_first() {
    let mut world = World::new(2);
    world.provider(|it| {
        it.max_in_flight = 20;
        it.config = json!({"outcome": "transient", "latency_ms": 100});
    });
    let slow = json!({"latency_ms": 50});
    let second = world.provider(|it| (it.priority, it.max_in_flight, it.config) = (2, 1, slow));
    let ids: Vec<_> = (0..20).map(|_| world.send("acme", &json!({}))).collect();
    world.start(Options { overflow_after: None, ..Options::default() });
    world.settled(MINUTE).await;
    let began = |id: &NotificationId| {
        let attempts = world.detail(*id).attempts;
        attempts.iter().find(|it| it.provider_id == Some(second)).unwrap().attempted_at
    };
    let times: Vec<_> = ids.iter().map(began).collect();
    assert!(times.is_sorted(), "{times:?}");
    world.stop().await;
}

/// How long after it was accepted its last call began.
fn waited(detail: &NotificationDetail) -> Duration {
    (detail.attempts.last().unwrap().attempted_at - detail.notification.created_at).to_std().unwrap()
}

/// The provider throttles for twenty seconds under a campaign. Who is urgent is first when it takes calls again, another
/// service's message has its turn at once, neither spends a retry, and another provider's work does not notice.
#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn a_throttled_campaign_delays_nobody_else() {
    let mut world = World::new(4);
    let throttled = world.provider(|it| {
        it.max_in_flight = 4;
        it.config = json!({"latency_ms": 50, "plan": {"steps": [
            {"times": 40, "outcome": "accepted"},
            {"for_seconds": 20, "outcome": "rate_limited", "retry_after_seconds": 2},
        ]}});
    });
    let other = world.provider(|it| it.channels = vec![Channel::Email]);
    for _ in 0..2_000 {
        world.send("campaign", &json!({}));
    }
    let handle = world.start(Options::default());
    let mut urgent = Vec::new();
    let mut normal = Vec::new();
    let mut mails = Vec::new();
    // The campaign has run into the limit.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let why = async || {
        let route = handle.route(vec![Channel::Sms], None).await.unwrap().remove(0);
        route.steps[0].why.clone().unwrap_or_default()
    };
    while why().await != "it asked to be left alone" {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let state = handle.provider_state(throttled);
    let left = state.throttled_until.unwrap() - notifyd_lifecycle::Clock::now(&*world.clock);
    assert!(left > chrono::TimeDelta::zero() && left <= chrono::TimeDelta::seconds(2), "{left}");
    assert_eq!((state.circuit, state.probe_at), ("closed", None));
    let learned = state.learned_rate.unwrap();
    assert!(learned <= 500.0, "{learned}");
    for _ in 0..5 {
        urgent.push(world.send("acme", &json!({"priority": "instant"})));
        normal.push(world.send("acme", &json!({})));
        let mail = json!({"channel": "email", "to": "ada@example.org", "subject": "s"});
        mails.push(world.send("campaign", &mail));
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    for id in &mails {
        let detail = world.detail(*id);
        assert_eq!(detail.notification.provider_id, Some(other));
        assert!(waited(&detail) < Duration::from_millis(200), "{:?}", waited(&detail));
    }
    world.settled(10 * MINUTE).await;
    let mut order = called(&world);
    // The last call of each is the one that went through.
    order.reverse();
    let mut seen = std::collections::HashSet::new();
    order.retain(|seq| seen.insert(*seq));
    order.reverse();
    let place = |id: &NotificationId| {
        let seq = seq_of(&world, *id);
        order.iter().position(|it| *it == seq).unwrap()
    };
    let first = 40;
    for id in &urgent {
        assert!(place(id) < first + 10 + mails.len(), "{} of {}", place(id), order.len());
    }
    for id in &normal {
        // Every second turn is the other service's.
        assert!(place(id) < first + 30 + mails.len(), "{} of {}", place(id), order.len());
    }
    for id in urgent.iter().chain(&normal) {
        let detail = world.detail(*id);
        assert_eq!((status(&world, *id), detail.notification.retry_count), (Status::Delivered, 0));
        assert!(tries(&detail).iter().all(|(name, _)| name == "p0"), "{detail:#?}");
    }
    let state = handle.provider_state(throttled);
    assert_eq!((state.circuit, state.throttled_until), ("closed", None), "a limit is no failure");
    assert!(state.learned_rate.is_some_and(|rate| rate > learned / 64.0), "{state:?}");
    world.stop().await;
}

/// The log's number of one: they are numbered in the order they were accepted.
fn seq_of(world: &World, id: NotificationId) -> i64 {
    crate::slow::stand(world.store().log.job(id)).unwrap().unwrap().seq
}

/// A service's texts that nobody can send do not stand before those of its texts that may go by mail instead.
#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn what_is_held_does_not_stand_before_what_could_go_by_another_channel() {
    let mut world = World::new(2);
    let sms = world.provider(|it| it.channels = vec![Channel::Sms]);
    world.provider(|it| it.channels = vec![Channel::Email]);
    world.start(Options::default());
    world.hold(sms, HoldKind::CircuitOpen, None, None);
    for _ in 0..1_500 {
        world.send("acme", &json!({}));
    }
    tokio::time::sleep(MOMENT).await;
    let both = json!({"channel": null, "channels": ["sms", "email"], "subject": "s",
        "to": {"sms": "+15005550006", "email": "a@example.org"}});
    let id = world.send("acme", &both);
    tokio::time::sleep(MINUTE).await;
    assert_eq!(status(&world, id), Status::Delivered, "{:#?}", world.detail(id).events);
    world.stop().await;
}

/// What was called off while it was held waits for nobody any more.
#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn what_was_called_off_or_expired_is_not_counted_as_waiting() {
    let mut world = World::new(2);
    let only = world.provider(|_| {});
    let handle = world.start(Options::default());
    world.hold(only, HoldKind::Pause, None, None);
    let soon = notifyd_lifecycle::Clock::now(&*world.clock) + Duration::from_secs(30);
    let ids: Vec<_> = (0..6).map(|_| world.send("acme", &json!({}))).collect();
    for _ in 0..4 {
        world.send("acme", &json!({"expires_at": soon}));
    }
    tokio::time::sleep(MOMENT).await;
    assert_eq!(handle.queues().await.unwrap()[&only].waiting, 10);
    for id in &ids[..3] {
        let audit = Audit { actor: "ada".into(), reason: None, key: None };
        world.store().revoke(Scope::All, *id, audit).await.unwrap();
    }
    tokio::time::sleep(MINUTE).await;
    assert_eq!(handle.queues().await.unwrap()[&only].waiting, 3);
    world.stop().await;
}
