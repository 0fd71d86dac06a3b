//! What operators force by hand on a provider.

use super::fixture::{Opened, draft};
use notify_proto::{HoldKind, ProviderId, SharedQueue, Status};
use notifyd_lifecycle::admission::Draft;
use notifyd_store::api::{Audit, NewHold};
use notifyd_store::{Hold, HoldOn, StoreError};
use std::time::Duration;

fn because(reason: &str) -> Audit {
    Audit { actor: "ada".into(), reason: Some(reason.into()), key: None }
}

async fn set(it: &Opened, kind: HoldKind, limit: Option<u32>, minutes: Option<u64>) -> Hold {
    let on = HoldOn::Provider(it.provider("p").await);
    let lasts = minutes.map(|minutes| Duration::from_secs(60 * minutes));
    let new = NewHold { on, kind, limit, lasts, verb: "queue.pause" };
    it.store.set_hold(new, because("maintenance")).await.unwrap()
}

pub async fn a_hold_survives_a_restart(it: Opened) {
    let pause = set(&it, HoldKind::Pause, None, Some(10)).await;
    let limit = set(&it, HoldKind::Limit, Some(3), None).await;
    assert_eq!((pause.reason.as_deref(), pause.actor.as_str()), (Some("maintenance"), "ada"));
    assert_eq!((pause.made_at, pause.until), (it.now(), Some(it.now() + Duration::from_secs(600))));
    assert_eq!((limit.limit, limit.until), (Some(3), None));
    assert_eq!(it.store.directory().holds(), [pause.clone(), limit.clone()], "at once, oldest first");
    let it = it.restart().await;
    assert_eq!(it.store.directory().holds(), [pause, limit]);
    let on = HoldOn::Provider(ProviderId::from_bytes([9; 16]));
    let new = NewHold { on, kind: HoldKind::Pause, limit: None, lasts: None, verb: "queue.pause" };
    let missing = it.store.set_hold(new, because("x")).await;
    assert!(matches!(missing, Err(StoreError::NotFound { kind: "provider", .. })), "{missing:?}");
}

pub async fn a_new_one_replaces_the_old(it: Opened) {
    let first = set(&it, HoldKind::Pause, None, Some(10)).await;
    set(&it, HoldKind::Drain, None, None).await;
    let second = set(&it, HoldKind::Pause, None, None).await;
    assert_ne!(first.no, second.no, "who knows the old number cannot end the new hold");
    let of_kind = |kind| it.store.directory().holds().iter().filter(|it| it.kind == kind).count();
    assert_eq!((of_kind(HoldKind::Pause), of_kind(HoldKind::Drain)), (1, 1));
    let p = HoldOn::Provider(it.provider("p").await);
    let ended = it.store.end_holds(p, vec![first.no], "queue.resume", because("x")).await.unwrap();
    assert_eq!(ended, []);
    // The number of a hold that is gone is not given again.
    it.store.end_holds(p, vec![second.no], "queue.resume", because("x")).await.unwrap();
    let it = it.restart().await;
    assert!(set(&it, HoldKind::Pause, None, None).await.no > second.no);
}

pub async fn only_what_stands_can_be_ended(it: Opened) {
    let pause = set(&it, HoldKind::Pause, None, None).await;
    let drain = set(&it, HoldKind::Drain, None, None).await;
    let (p, other) = (pause.on, HoldOn::Provider(it.provider("other").await));
    let end = |on, holds: &[i64]| it.store.end_holds(on, holds.to_vec(), "queue.resume", because("fixed"));
    assert_eq!(end(other, &[pause.no]).await.unwrap(), [], "it is another provider's");
    assert_eq!(end(p, &[pause.no, drain.no, 99]).await.unwrap(), [pause.clone(), drain]);
    assert_eq!(end(p, &[pause.no]).await.unwrap(), []);
    assert!(it.store.directory().holds().is_empty());
    assert!(it.restart().await.store.directory().holds().is_empty());
}

pub async fn what_is_over_is_removed(it: Opened) {
    let short = set(&it, HoldKind::Pause, None, Some(10)).await;
    let long = set(&it, HoldKind::Limit, Some(3), Some(20)).await;
    let endless = set(&it, HoldKind::Drain, None, None).await;
    it.turn(Duration::from_secs(599));
    assert_eq!(it.store.expire_holds(it.now()).await.unwrap(), []);
    it.turn(Duration::from_secs(1));
    let now = it.now();
    let standing: Vec<_> = it.store.directory().holding(short.on, now).cloned().collect();
    assert_eq!(standing, [long.clone(), endless.clone()], "over is over, removed or not");
    let it = it.restart().await;
    assert_eq!(it.store.expire_holds(now).await.unwrap(), [short]);
    assert_eq!(it.store.directory().holds(), [long, endless]);
}

pub async fn a_hold_keeps_its_length_when_the_clock_is_set(it: Opened) {
    set(&it, HoldKind::Pause, None, Some(10)).await;
    for by in [7 * 3_600, -9 * 3_600] {
        it.set_clock(by);
        assert_eq!(it.store.expire_holds(it.now()).await.unwrap(), [], "set by {by} s");
        let until = it.store.directory().holds()[0].until;
        assert_eq!(until, Some(it.now() + Duration::from_secs(600)), "set by {by} s");
    }
    it.turn(Duration::from_secs(600));
    assert_eq!(it.store.expire_holds(it.now()).await.unwrap().len(), 1);
}

/// Whether the provider is used.
async fn used(it: &Opened) -> bool {
    let id = it.provider("p").await;
    let directory = it.store.directory();
    let candidate = directory.candidates().iter().find(|it| it.id == id).map(|it| it.active);
    assert_eq!(candidate, directory.provider(id).map(|it| it.active), "the choice knows");
    candidate.unwrap()
}

pub async fn what_is_switched_for_a_time_switches_back(it: Opened) {
    for (kind, on) in [(HoldKind::Disabled, false), (HoldKind::Enabled, true)] {
        let id = it.provider("p").await;
        it.store.set_provider_active(id, !on, because("for good")).await.unwrap();
        let hold = set(&it, kind, None, Some(30)).await;
        assert_eq!(used(&it).await, on);
        assert_eq!(it.store.directory().switched(id), Some(&hold));
        it.turn(Duration::from_secs(1_799));
        assert_eq!(it.store.expire_holds(it.now()).await.unwrap(), []);
        assert_eq!(used(&it).await, on);
        it.turn(Duration::from_secs(1));
        assert_eq!(it.store.expire_holds(it.now()).await.unwrap(), [hold]);
        assert_eq!(used(&it).await, !on);
    }
}

pub async fn a_switch_survives_a_restart(it: Opened) {
    let hold = set(&it, HoldKind::Disabled, None, Some(30)).await;
    let it = it.restart().await;
    assert!(!used(&it).await);
    assert_eq!(it.store.directory().holds(), std::slice::from_ref(&hold));
    it.turn(Duration::from_secs(1_800));
    let it = it.restart().await;
    assert_eq!(it.store.expire_holds(it.now()).await.unwrap(), [hold]);
    assert!(used(&it).await && used(&it.restart().await).await);
}

pub async fn the_last_switch_counts(it: Opened) {
    let p = it.provider("p").await;
    let first = set(&it, HoldKind::Disabled, None, Some(30)).await;
    let second = set(&it, HoldKind::Disabled, None, Some(60)).await;
    assert_eq!((it.store.directory().holds().len(), used(&it).await), (1, false));
    assert_ne!(first.no, second.no);
    // The opposite for a time: afterwards it is what it is not now.
    set(&it, HoldKind::Enabled, None, Some(10)).await;
    assert_eq!((it.store.directory().holds().len(), used(&it).await), (1, true));
    it.turn(Duration::from_secs(600));
    it.store.expire_holds(it.now()).await.unwrap();
    assert!(!used(&it).await);
    // For good ends what was for a time, and leaves all else.
    for on in [false, true] {
        set(&it, HoldKind::Disabled, None, Some(10)).await;
        set(&it, HoldKind::Pause, None, Some(20)).await;
        it.store.set_provider_active(p, on, because("for good")).await.unwrap();
        let left: Vec<_> = it.store.directory().holds().iter().map(|hold| hold.kind).collect();
        assert_eq!((left, used(&it).await), (vec![HoldKind::Pause], on));
        it.turn(Duration::from_secs(600));
        it.store.expire_holds(it.now()).await.unwrap();
        assert_eq!(used(&it).await, on, "nothing switches back");
    }
    // Ended by hand it is back at once.
    let hold = set(&it, HoldKind::Disabled, None, Some(10)).await;
    it.store.end_holds(hold.on, vec![hold.no], "queue.hold.cancel", because("fixed")).await.unwrap();
    assert!(used(&it).await);
}

/// Pauses a queue that no provider stands behind.
async fn pause(it: &Opened, queue: SharedQueue, minutes: Option<u64>) -> Hold {
    let lasts = minutes.map(|minutes| Duration::from_secs(60 * minutes));
    let on = HoldOn::Queue(queue);
    let new = NewHold { on, kind: HoldKind::Pause, limit: None, lasts, verb: "queue.pause" };
    it.store.set_hold(new, because("maintenance")).await.unwrap()
}

pub async fn what_waits_in_a_paused_queue_is_not_moved(it: Opened) {
    for minute in [1, 2, 3] {
        let at = it.now() + Duration::from_secs(60 * minute);
        it.accept(Draft { scheduled_at: Some(at), dedup: None, ..draft("later") }).await;
    }
    let first = pause(&it, SharedQueue::Scheduled, Some(10)).await;
    let second = pause(&it, SharedQueue::Scheduled, Some(20)).await;
    assert_ne!(first.no, second.no, "a new one replaces the old");
    pause(&it, SharedQueue::Webhooks, None).await;
    assert_eq!(it.store.directory().holds().len(), 2);
    let it = it.restart().await;
    assert_eq!(it.store.directory().holds()[0], second);
    it.turn(Duration::from_secs(120));
    let due = it.store.release(it.now(), 10).await.unwrap();
    assert_eq!((due.count, due.next), (0, None), "nothing of it moves, so that nothing comes next");
    assert_eq!(it.store.counts().of(Status::Pending), 3);
    // Retries are another queue; when both are paused there is nothing to look for.
    let retries = pause(&it, SharedQueue::Retries, None).await;
    assert_eq!(it.store.release(it.now(), 10).await.unwrap().count, 0);
    it.store.end_holds(second.on, vec![second.no], "queue.resume", because("fixed")).await.unwrap();
    let due = it.store.release(it.now(), 10).await.unwrap();
    assert_eq!((due.count, due.next), (2, Some(it.now() + Duration::from_secs(60))));
    let again = pause(&it, SharedQueue::Scheduled, Some(1)).await;
    it.turn(Duration::from_secs(60));
    assert_eq!(it.store.release(it.now(), 10).await.unwrap().count, 1, "over is over, removed or not");
    assert_eq!(it.store.expire_holds(it.now()).await.unwrap(), [again]);
    it.store.end_holds(retries.on, vec![retries.no], "queue.resume", because("fixed")).await.unwrap();
    assert_eq!(it.store.directory().holds().len(), 1);
}
