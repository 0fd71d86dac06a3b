//! What operators force by hand on a provider.

use super::fixture::Opened;
use notify_proto::{HoldKind, ProviderId};
use notifyd_store::api::{Audit, NewHold};
use notifyd_store::{Hold, StoreError};
use std::time::Duration;

fn because(reason: &str) -> Audit {
    Audit { actor: "ada".into(), reason: Some(reason.into()) }
}

async fn set(it: &Opened, kind: HoldKind, limit: Option<u32>, minutes: Option<u64>) -> Hold {
    let provider = it.provider("p").await;
    let lasts = minutes.map(|minutes| Duration::from_secs(60 * minutes));
    let new = NewHold { provider, kind, limit, lasts, verb: "queue.pause" };
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
    let nobody = ProviderId::from_bytes([9; 16]);
    let new =
        NewHold { provider: nobody, kind: HoldKind::Pause, limit: None, lasts: None, verb: "queue.pause" };
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
    let p = it.provider("p").await;
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
    let (p, other) = (it.provider("p").await, it.provider("other").await);
    let end = |provider, holds: &[i64]| {
        it.store.end_holds(provider, holds.to_vec(), "queue.resume", because("fixed"))
    };
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
    let standing: Vec<_> = it.store.directory().holds_on(short.provider, now).cloned().collect();
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
