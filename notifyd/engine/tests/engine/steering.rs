//! What an operator does with what waits, while the engine is at work.

use crate::house::{pairs, story, tries, who};
use crate::sim::{World, in_every_world};
use notify_proto::view::NotificationDetail;
use notify_proto::{HoldKind, NotificationId, Status};
use notifyd_engine::{Handle, Options};
use notifyd_lifecycle::Clock as _;
use notifyd_lifecycle::steer::{Again, Refusal, Wish};
use notifyd_store::api::Steered;
use rand::Rng as _;
use serde_json::json;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// Much longer than the engine needs to hear of something and to look at everything.
const MOMENT: Duration = Duration::from_secs(10);

async fn steer(handle: &Handle, id: NotificationId, wish: Wish) -> Steered {
    handle.steer(id, wish, "a.verb", who()).await.unwrap()
}

fn status(detail: &NotificationDetail) -> Status {
    detail.notification.status.known().unwrap()
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn a_copy_in_memory_of_what_was_postponed_or_buried_is_never_sent() {
    let mut world = World::new(3);
    let only = world.provider(|_| {});
    let handle = world.start(Options::default());
    let pause = world.hold(only, HoldKind::Pause, None, None);
    let ids: Vec<_> = (0..3).map(|_| world.send("acme", &json!({}))).collect();
    tokio::time::sleep(MOMENT).await;
    // Each is held in memory.
    for id in &ids {
        assert!(story(&world.detail(*id)).contains(&"held"));
    }
    let until = world.clock.now() + 10 * MINUTE;
    assert_eq!(steer(&handle, ids[0], Wish::Postpone(until)).await, Steered::Applied(Status::Pending));
    assert_eq!(steer(&handle, ids[1], Wish::Bury { notify: false }).await, Steered::Applied(Status::Failed));
    assert_eq!(handle.totals().failed, 1);
    world.end(&pause);
    tokio::time::sleep(MOMENT).await;
    let [postponed, buried, third] = [0, 1, 2].map(|n| world.detail(ids[n]));
    assert_eq!(
        (status(&postponed), status(&buried), status(&third)),
        (Status::Pending, Status::Failed, Status::Delivered)
    );
    assert_eq!((postponed.attempts.len(), buried.attempts.len()), (0, 0));
    world.settled(11 * MINUTE).await;
    let postponed = world.detail(ids[0]);
    assert!(postponed.attempts[0].attempted_at >= until, "not before its time");
    assert_eq!((status(&postponed), postponed.notification.retry_count), (Status::Delivered, 0));
    world.stop().await;
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn what_is_run_now_is_sent_now_and_keeps_its_count() {
    let mut world = World::new(4);
    let only = world.provider(|it| it.config = json!({"outcome": "transient"}));
    let handle = world.start(Options::default());
    let id = world.send("acme", &json!({"retry": {"delays": [3_600, 3_600]}}));
    let later = world.send("acme", &json!({"scheduled_at": world.clock.now() + 600 * MINUTE}));
    tokio::time::sleep(MOMENT).await;
    assert_eq!(status(&world.detail(id)), Status::Retrying);
    assert_eq!(steer(&handle, id, Wish::RunNow).await, Steered::Applied(Status::Queued));
    tokio::time::sleep(MOMENT).await;
    let second = world.detail(id);
    assert_eq!(tries(&second), pairs(&[("p0", "failed"), ("p0", "failed")]));
    assert_eq!(
        (status(&second), second.notification.retry_count),
        (Status::Retrying, 2),
        "the next is the last"
    );
    world.update(only, |it| it.config = json!({}));
    // Sooner for the one, a time for the other: each goes at its time.
    let soon = world.clock.now() + MINUTE;
    assert_eq!(steer(&handle, id, Wish::Move(soon)).await, Steered::Applied(Status::Retrying));
    assert_eq!(steer(&handle, later, Wish::Move(soon)).await, Steered::Applied(Status::Pending));
    tokio::time::sleep(MINUTE / 2).await;
    assert_eq!(
        (status(&world.detail(id)), status(&world.detail(later))),
        (Status::Retrying, Status::Pending)
    );
    world.settled(MINUTE).await;
    for id in [id, later] {
        let detail = world.detail(id);
        assert_eq!(status(&detail), Status::Delivered);
        assert!(detail.attempts.last().unwrap().attempted_at >= soon);
    }
    world.stop().await;
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn what_is_tried_with_another_goes_to_that_one_alone() {
    let mut world = World::new(5);
    let faulty = world.provider(|it| it.config = json!({"outcome": "transient"}));
    let other = world.provider(|it| it.config = json!({"outcome": "transient"}));
    let handle = world.start(Options::default());
    let retry = json!({"retry": {"delays": [3_600, 3_600]}, "provider_id": faulty.to_string()});
    let ids: Vec<_> = (0..2).map(|_| world.send("acme", &retry)).collect();
    tokio::time::sleep(MOMENT).await;
    let again = |at| Wish::Retry(Again { provider: Some(other), at, reset: false });
    assert_eq!(steer(&handle, ids[0], again(None)).await, Steered::Applied(Status::Queued));
    let later = world.clock.now() + MINUTE;
    assert_eq!(steer(&handle, ids[1], again(Some(later))).await, Steered::Applied(Status::Retrying));
    tokio::time::sleep(MOMENT).await;
    let first = world.detail(ids[0]);
    assert_eq!(tries(&first), pairs(&[("p0", "failed"), ("p1", "failed")]), "and not back to the first");
    assert_eq!((status(&first), first.notification.retry_count), (Status::Retrying, 2));
    assert_eq!(tries(&world.detail(ids[1])), pairs(&[("p0", "failed")]), "its time has not come");
    world.update(other, |it| it.config = json!({}));
    world.settled(120 * MINUTE).await;
    let ends: Vec<_> = ids.iter().map(|id| tries(&world.detail(*id))).collect();
    assert_eq!(ends[0], pairs(&[("p0", "failed"), ("p1", "failed"), ("p1", "delivered")]));
    assert_eq!(ends[1], pairs(&[("p0", "failed"), ("p1", "delivered")]));
    world.stop().await;
}

/// Whatever moment it comes at: what is buried is not sent after that, what is sent is not buried, and nothing is lost.
#[test]
fn a_wish_at_any_moment_meets_a_whole_notification() {
    in_every_world(async |mut world| {
        let latency: u64 = world.dice.random_range(0..50);
        let only = world.provider(|it| {
            (it.config, it.max_in_flight) = (json!({"latency_ms": latency}), 2);
        });
        let handle = world.start(Options::default());
        let ids: Vec<_> = (0..6).map(|_| world.send("acme", &json!({}))).collect();
        for id in &ids {
            tokio::time::sleep(Duration::from_millis(world.dice.random_range(0..40))).await;
            let again = Again { provider: Some(only), ..Again::default() };
            let wish = match world.dice.random_range(0..4) {
                0 => Wish::Bury { notify: false },
                3 => Wish::Retry(again),
                1 => Wish::RunNow,
                _ => Wish::Postpone(world.clock.now() + MINUTE),
            };
            let before = world.detail(*id).attempts.len();
            let steered = steer(&handle, *id, wish).await;
            let after = world.detail(*id);
            match steered {
                Steered::Applied(Status::Failed) => {
                    assert_eq!((status(&after), after.attempts.len()), (Status::Failed, before));
                }
                Steered::Applied(Status::Pending) => assert_eq!(status(&after), Status::Pending),
                // Its copy in memory is old, and it may be under way again by now.
                Steered::Applied(Status::Queued) => assert_eq!(wish, Wish::Retry(again)),
                Steered::AlreadyDone(Status::Queued) => assert_eq!(wish, Wish::RunNow),
                Steered::Refused(Refusal::Sending(_) | Refusal::Final(..)) => {}
                other => panic!("{other:?}"),
            }
        }
        world.settled(2 * MINUTE).await;
        for id in &ids {
            let detail = world.detail(*id);
            let buried = story(&detail).contains(&"buried");
            let sent = tries(&detail).iter().filter(|(_, end)| end == "delivered").count();
            assert_eq!((buried, sent), if buried { (true, 0) } else { (false, 1) }, "{detail:#?}");
        }
        world.stop().await;
    });
}
