//! How much of what waits is how old, or due in how long.

use super::fixture::{Opened, draft, who};
use chrono::TimeDelta;
use notify_proto::{AttemptStatus, Channel};
use notifyd_lifecycle::Transition;
use notifyd_lifecycle::admission::Draft;
use notifyd_store::Scope;
use notifyd_store::api::{AttemptEnd, Look, Record, Waiting, Waits};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// By the minute and by the hour.
async fn seen(it: &Opened, what: Waits) -> (Waiting, Vec<u64>) {
    let ahead: i64 = if what == Waits::Queued { -1 } else { 1 };
    let at = |minutes| it.now() + TimeDelta::minutes(minutes * ahead);
    let found = it.store.waiting(Look { what, edges: vec![at(1), at(60)], apart: [].into() }).await.unwrap();
    let mut sum = vec![0; 3];
    for place in &found.places {
        sum.iter_mut().zip(&place.counts).for_each(|(sum, count)| *sum += count);
    }
    (found, sum)
}

async fn counts(it: &Opened, what: Waits) -> Vec<u64> {
    seen(it, what).await.1
}

fn text(text: &str) -> Draft {
    Draft { dedup: None, ..draft(text) }
}

/// A try of the one that is queued ends like that.
async fn tried(it: &Opened, transition: Transition) {
    let job = it.only_job().await;
    let claim = it.claim(&job).await;
    it.store.claim(vec![claim.clone()]).await.unwrap();
    let attempt = AttemptEnd {
        number: 1,
        provider: claim.provider,
        channel: Channel::Sms,
        status: AttemptStatus::Failed,
        class: "transient",
        message: None,
        external_id: None,
        simulated: true,
        awaits_receipt: false,
    };
    let record = Record {
        seq: job.seq,
        id: job.id,
        group: job.group,
        fence: job.fence + 1,
        at: it.now(),
        attempt: Some(attempt),
        skipped: vec![],
        attempts: job.attempts + 1,
        transition,
        progress: job.progress.clone(),
        lane: "sms".into(),
        possible_duplicate: false,
    };
    it.store.record(vec![record]).await.unwrap();
}

pub async fn what_is_queued_ages_from_when_it_is_due(it: Opened) {
    let later = it.now() + TimeDelta::minutes(90);
    it.accept(Draft { scheduled_at: Some(later), ..text("later") }).await;
    assert_eq!(
        (counts(&it, Waits::Queued).await, counts(&it, Waits::Scheduled).await),
        (vec![0; 3], vec![0, 0, 1])
    );
    it.turn(30 * MINUTE);
    assert_eq!(counts(&it, Waits::Scheduled).await, [0, 0, 1], "due in an hour is an hour and more");
    it.turn(MINUTE);
    assert_eq!(counts(&it, Waits::Scheduled).await, [0, 1, 0]);
    it.turn(59 * MINUTE);
    it.store.release(it.now(), 10).await.unwrap();
    assert_eq!(counts(&it, Waits::Queued).await, [1, 0, 0], "accepted long ago, due just now");
    it.turn(2 * MINUTE);
    it.accept_of("other", text("now")).await;
    let (found, sum) = seen(&it, Waits::Queued).await;
    assert_eq!(sum, [1, 1, 0]);
    let mut places: Vec<_> = found.places.iter().map(|it| (&*it.lane, it.counts.clone())).collect();
    places.sort();
    assert_eq!(places, [("sms", vec![0, 1, 0]), ("sms", vec![1, 0, 0])], "each service by itself");
    assert!(found.whole && !found.by_acceptance);
    let it = it.restart().await;
    it.turn(60 * MINUTE);
    assert_eq!(counts(&it, Waits::Queued).await, [0, 0, 2]);
}

pub async fn a_retry_waits_for_its_time_and_then_ages_anew(it: Opened) {
    let id = it.accept(text("again")).await;
    it.turn(5 * MINUTE);
    tried(&it, Transition::retry_at(it.now() + TimeDelta::minutes(10), "transient")).await;
    assert_eq!(
        (counts(&it, Waits::Queued).await, counts(&it, Waits::Retrying).await),
        (vec![0; 3], vec![0, 1, 0])
    );
    assert_eq!(counts(&it, Waits::Scheduled).await, [0; 3]);
    it.turn(10 * MINUTE);
    it.store.release(it.now(), 10).await.unwrap();
    assert_eq!(
        (counts(&it, Waits::Queued).await, counts(&it, Waits::Retrying).await),
        (vec![1, 0, 0], vec![0; 3])
    );
    // One that went to the next provider at once waits as long as it did.
    it.turn(2 * MINUTE);
    assert_eq!(counts(&it, Waits::Queued).await, [0, 1, 0]);
    tried(&it, Transition::fail_over("transient")).await;
    assert_eq!(it.only_job().await.queued_at, it.now(), "a job counts from the attempt before");
    assert_eq!(counts(&it, Waits::Queued).await, [0, 1, 0]);
    // A dead letter that an operator starts again begins to wait then.
    it.store.revoke(Scope::All, id, who()).await.unwrap();
    it.turn(600 * MINUTE);
    it.store.retry(Scope::All, id, who()).await.unwrap();
    assert_eq!(counts(&it, Waits::Queued).await, [1, 0, 0]);
}

pub async fn what_comes_to_the_queue_is_counted_by_line(it: Opened) {
    let sms = || it.store.arrivals().get("sms").copied().unwrap_or_default();
    let id = it.accept(text("one")).await;
    it.accept(Draft { scheduled_at: Some(it.now() + MINUTE), ..text("two") }).await;
    assert_eq!(sms(), 1, "what waits for its time has not come yet");
    it.turn(MINUTE);
    it.store.release(it.now(), 10).await.unwrap();
    it.store.revoke(Scope::All, id, who()).await.unwrap();
    it.store.retry(Scope::All, id, who()).await.unwrap();
    assert_eq!((sms(), it.store.arrivals().len()), (3, 1));
    assert!(it.restart().await.store.arrivals().is_empty(), "they are those of this run");
}
