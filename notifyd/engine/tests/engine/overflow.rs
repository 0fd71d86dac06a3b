//! A provider that is busy or slow does not keep those who could go elsewhere.

use crate::sim::World;
use notify_proto::view::NotificationDetail;
use notify_proto::{AttemptStatus, NotificationId, ProviderId, Status};
use notifyd_engine::Options;
use serde_json::{Value, json};
use std::time::Duration;

/// Its one slot is taken for so long.
const SLOW: Duration = Duration::from_secs(20);

/// A provider that comes first and is busy, and one that is free.
fn busy_and_free(world: &mut World) -> [ProviderId; 2] {
    let config = json!({"latency_ms": u64::try_from(SLOW.as_millis()).unwrap()});
    let busy = world.provider(|it| (it.priority, it.max_in_flight, it.config) = (1, 1, config));
    let free = world.provider(|it| it.priority = 2);
    [busy, free]
}

/// Waits until it is delivered.
async fn delivered(world: &World, id: NotificationId) -> NotificationDetail {
    loop {
        let detail = world.detail(id);
        if detail.notification.status.known() == Some(Status::Delivered) {
            return detail;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// How long it took until its last attempt began.
fn waited(detail: &NotificationDetail) -> Duration {
    (detail.attempts.last().unwrap().attempted_at - detail.notification.created_at).to_std().unwrap()
}

/// Sends one that takes the slot, and then one with these fields. Answers its story.
async fn behind_a_busy_one(
    options: Options,
    fields: impl Fn([ProviderId; 2]) -> Value,
) -> NotificationDetail {
    let mut world = World::new(0);
    let providers = busy_and_free(&mut world);
    world.start(options);
    let first = world.send("acme", &json!({}));
    while world.detail(first).notification.status.known() != Some(Status::Sending) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let id = world.send("acme", &fields(providers));
    let detail = delivered(&world, id).await;
    world.stop().await;
    detail
}

/// Reason and provider of those who were passed over.
fn passed_over(detail: &NotificationDetail) -> Vec<(&str, &str)> {
    let skipped = detail.attempts.iter().filter(|it| it.status.known() == Some(AttemptStatus::Skipped));
    skipped
        .map(|it| (it.provider_name.as_deref().unwrap_or_default(), it.reason.as_deref().unwrap_or_default()))
        .collect()
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn who_has_waited_long_enough_goes_to_the_next_one_and_its_story_says_so() {
    let detail = behind_a_busy_one(Options::default(), |_| json!({})).await;
    assert_eq!(passed_over(&detail), [("p0", "busy")]);
    assert_eq!(detail.notification.provider_name.as_deref(), Some("p1"));
    assert!((1_000..1_100).contains(&waited(&detail).as_millis()), "{:?}", waited(&detail));
    assert_eq!(detail.notification.retry_count, 0);
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn urgent_work_waits_a_tenth_of_it() {
    let detail = behind_a_busy_one(Options::default(), |_| json!({"priority": "instant"})).await;
    assert_eq!(detail.notification.provider_name.as_deref(), Some("p1"));
    assert!((100..200).contains(&waited(&detail).as_millis()), "{:?}", waited(&detail));
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn a_pin_and_an_operator_who_wants_none_of_it_wait_for_the_busy_one() {
    let pinned = |[busy, _]: [ProviderId; 2]| json!({"provider_id": busy.to_string(), "priority": "instant"});
    let detail = behind_a_busy_one(Options::default(), pinned).await;
    assert!(waited(&detail) > SLOW * 9 / 10 && passed_over(&detail).is_empty());
    let options = Options { overflow_after: None, ..Options::default() };
    let detail = behind_a_busy_one(options, |_| json!({"priority": "instant"})).await;
    assert_eq!(detail.notification.provider_name.as_deref(), Some("p0"));
    assert!(waited(&detail) > SLOW * 9 / 10 && passed_over(&detail).is_empty());
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn who_comes_free_first_takes_it_also_when_it_is_new() {
    let mut world = World::new(0);
    let [_, free] = busy_and_free(&mut world);
    world.set_active(free, false);
    world.start(Options::default());
    let ids: Vec<_> = (0..3).map(|_| world.send("acme", &json!({}))).collect();
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(world.detail(ids[1]).notification.status.known(), Some(Status::Queued));
    world.set_active(free, true);
    let detail = delivered(&world, ids[2]).await;
    assert_eq!(detail.notification.provider_name.as_deref(), Some("p1"));
    assert!(waited(&detail) < Duration::from_secs(6), "{:?}", waited(&detail));
    world.stop().await;
}

/// One hangs, one throttles, one works: it does all the work.
#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn one_that_works_is_enough() {
    let mut world = World::new(0);
    let attempt_timeout = Duration::from_secs(2);
    world.provider(|it| (it.priority, it.config) = (1, json!({"hang": true})));
    world.provider(|it| (it.priority, it.config) = (2, json!({"rate_limit_per_second": 5})));
    world.provider(|it| (it.priority, it.config) = (3, json!({"latency_ms": 10})));
    let fields = json!({"failover_on_unknown": true});
    let ids: Vec<_> = (0..1_000).map(|_| world.send("acme", &fields)).collect();
    world.start(Options { attempt_timeout, ..Options::default() });
    world.settled(Duration::from_secs(30)).await;
    let mut works = 0;
    for id in ids {
        let detail = world.detail(id);
        assert_eq!(detail.notification.status.known(), Some(Status::Delivered));
        assert_eq!(detail.notification.retry_count, 0);
        works += usize::from(detail.notification.provider_name.as_deref() == Some("p2"));
    }
    assert!(works > 500, "{works}");
    world.stop().await;
}

/// Bulk takes every slot there is, but leaves some when urgent work is about.
#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn urgent_work_finds_a_slot_that_bulk_left_free() {
    let mut world = World::new(0);
    let latency = json!({"latency_ms": 10_000});
    world.provider(|it| (it.max_in_flight, it.config) = (16, latency));
    let bulk: Vec<_> = (0..300).map(|_| world.send("bulk", &json!({}))).collect();
    let handle = world.start(Options::default());
    let sending = |world: &World| {
        let under_way =
            |id: &&NotificationId| world.detail(**id).notification.status.known() == Some(Status::Sending);
        bulk.iter().filter(under_way).count()
    };
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(sending(&world), 16, "nobody is in a hurry yet");
    let urgent = json!({"priority": "high"});
    let first = world.send("acme", &urgent);
    delivered(&world, first).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(sending(&world), 15);
    let route = handle.route(vec![notify_proto::Channel::Sms], None).await.unwrap().remove(0);
    let why = route.steps[0].why.as_deref();
    assert_eq!(why, Some("15 calls are under way, of at most 16, 1 of which are kept for urgent work"));
    for _ in 0..3 {
        let detail = delivered(&world, world.send("acme", &urgent)).await;
        assert!(waited(&detail) < Duration::from_millis(100), "{:?}", waited(&detail));
    }
    tokio::time::sleep(Duration::from_secs(65)).await;
    assert_eq!(sending(&world), 16, "a minute without anybody in a hurry");
    world.stop().await;
}
