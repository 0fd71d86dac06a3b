//! Changes in bulk: exactly what was counted, each once, whatever interrupts them; and dead letters by their faults.

use super::delivering::record;
use super::fixture::{Opened, draft, who};
use super::steering::tried;
use notify_proto::filter::Filter;
use notify_proto::upkeep::OperationState::{Cancelled, Done, Failed as Broke, Running};
use notify_proto::{BulkOp, FailureReason, NotificationId, Status};
use notifyd_lifecycle::Transition;
use notifyd_lifecycle::steer::{Again, Refusal};
use notifyd_store::api::{Audit, Changed};
use notifyd_store::operations::{Bulk, End, MAX_MOVING, NewOperation, Operation, Outcome, Refused, Work};
use notifyd_store::{Scope, StoreError};
use std::time::Duration;

/// Dead letters with these errors, and then a moment.
pub(super) async fn dead(it: &Opened, errors: &[&str]) -> Vec<NotificationId> {
    let mut ids = Vec::new();
    for error in errors {
        it.turn(Duration::from_millis(1));
        let text = format!("text {} {}", it.now(), ids.len());
        ids.push(it.accept(draft(&text)).await);
        let (_, job) = it.queued().await.into_iter().find(|(_, job)| job.id == *ids.last().unwrap()).unwrap();
        let claim = it.claim(&job).await;
        it.store.claim(vec![claim]).await.unwrap();
        let mut failed = record(it, &job, Transition::fail(FailureReason::Exhausted));
        failed.attempt.as_mut().unwrap().message = Some((*error).to_owned());
        it.store.record(vec![failed]).await.unwrap();
    }
    it.turn(Duration::from_millis(1));
    ids
}

pub(super) fn bulk(it: &Opened, op: BulkOp, filter: &str) -> Bulk {
    let filter = Filter::parse(filter, it.now()).unwrap();
    let again = Again::default();
    Bulk {
        op,
        filter,
        until: None,
        again,
        notify: false,
        cutoff: it.now(),
        limit: None,
        rate_per_second: None,
    }
}

pub(super) async fn begin(it: &Opened, bulk: Bulk) -> Operation {
    let total = it.store.operations().matching(bulk.clone()).await.unwrap().total();
    let new = NewOperation {
        verb: "notification.retry",
        target: "some".into(),
        unit: "notifications",
        total,
        work: Some(Work::Bulk(bulk)),
    };
    it.store.operations().begin(new, Audit { reason: Some("it is fixed".into()), ..who() }).await.unwrap()
}

/// Steps of so many until it does not run any more.
pub(super) async fn finish(it: &Opened, no: i64, most: usize) -> Operation {
    for _ in 0..1_000 {
        let stands = it.store.operations().advance(no, most).await.unwrap().unwrap();
        if stands.state != Running {
            return stands;
        }
    }
    panic!("it does not end");
}

async fn status(it: &Opened, id: NotificationId) -> Option<Status> {
    let detail = it.store.notification(Scope::All, id).await.unwrap()?;
    detail.notification.status.known()
}

pub async fn a_bulk_retry_goes_past_each_once(it: Opened) {
    let ids = dead(&it, &["a"; 7]).await;
    let mut changed = it.store.operations().changed();
    let begun = begin(&it, bulk(&it, BulkOp::Retry, "status:failed")).await;
    assert_eq!((begun.total, begun.state, begun.reason.as_deref()), (7, Running, Some("it is fixed")));
    assert!(changed.has_changed().unwrap(), "whoever does it is told");
    changed.borrow_and_update();
    let step = it.store.operations().advance(begun.no, 3).await.unwrap().unwrap();
    assert_eq!((step.done, step.state), (3, Running));
    // One of them fails again, and something else fails: neither was asked for.
    let (_, job) = it.queued().await.remove(0);
    let claim = it.claim(&job).await;
    it.store.claim(vec![claim]).await.unwrap();
    it.store.record(vec![record(&it, &job, Transition::fail(FailureReason::Permanent))]).await.unwrap();
    let later = dead(&it, &["a"]).await;
    assert_eq!(it.store.operations().moving().await.unwrap(), [step], "a restart finds how far it came");
    let it = it.restart().await;
    let ended = finish(&it, begun.no, 3).await;
    assert_eq!((ended.done, ended.refused, ended.state), (7, 0, Done));
    assert!(ended.ended_at.is_some() && it.store.operations().moving().await.unwrap().is_empty());
    assert_eq!(
        (status(&it, job.id).await, status(&it, later[0]).await),
        (Some(Status::Failed), Some(Status::Failed))
    );
    for id in ids {
        let detail = it.store.notification(Scope::All, id).await.unwrap().unwrap();
        let retried: Vec<_> = detail.events.iter().filter(|event| event.event == "operator_retry").collect();
        assert_eq!(retried.len(), 1, "{detail:?}");
        assert_eq!(retried[0].detail.as_deref(), Some("op_1: it is fixed"));
        assert_eq!(detail.notification.retry_count, 0);
    }
    // Its lines know of them, and the counts add up.
    assert_eq!(it.queued().await.len(), 6);
    assert_eq!((it.store.counts().of(Status::Queued), it.store.counts().of(Status::Failed)), (6, 2));
    let again = it.store.operations().advance(begun.no, 3).await.unwrap().unwrap();
    assert_eq!(again, ended, "what has ended stays as it is");
    assert_eq!(it.store.operations().find(99).await.unwrap(), None);
}

pub async fn what_does_not_allow_it_is_refused_and_told(it: Opened) {
    let dead = dead(&it, &["a", "b"]).await;
    let delivered = it.accept(draft("arrived")).await;
    tried(&it, |end| end, Transition::deliver()).await;
    it.accept(draft("goes anyway")).await;
    it.turn(Duration::from_millis(1));
    let matching = it
        .store
        .operations()
        .matching(bulk(&it, BulkOp::Retry, "status:failed,delivered,queued"))
        .await
        .unwrap();
    assert_eq!((matching.by_status[&Status::Failed], matching.by_status[&Status::Delivered]), (2, 1));
    assert_eq!((matching.samples.as_slice(), matching.refused), (&[dead[0], dead[1], delivered][..], 1));
    let acme = it.service("acme").await;
    assert_eq!(matching.by_service[&acme], 3);
    let mut later = draft("scheduled");
    later.scheduled_at = Some(it.now() + Duration::from_secs(60));
    it.accept(later).await;
    it.turn(Duration::from_millis(1));
    let pending = it.store.operations().matching(bulk(&it, BulkOp::Retry, "status:pending")).await.unwrap();
    assert_eq!(matching.refused_by, [(Status::Delivered, 1)].into());
    assert_eq!((pending.total(), pending.refused), (1, 1), "what waits for its time is no dead letter");
    let begun = begin(&it, bulk(&it, BulkOp::Retry, "status:failed,delivered,queued")).await;
    let ended = finish(&it, begun.no, 500).await;
    assert_eq!((ended.total, ended.done, ended.refused), (3, 2, 1));
    let why = Some(Refusal::Final(Status::Delivered, "retried").to_string());
    assert_eq!(ended.refusals, [Refused { id: delivered, status: Status::Delivered, why }]);
}

pub async fn a_limit_takes_the_oldest(it: Opened) {
    let ids = dead(&it, &["a", "a", "a"]).await;
    let limited = Bulk { limit: Some(2), ..bulk(&it, BulkOp::Retry, "status:failed") };
    let begun = begin(&it, limited).await;
    let ended = finish(&it, begun.no, 500).await;
    assert_eq!((ended.done, ended.state), (2, Done));
    assert_eq!(status(&it, ids[1]).await, Some(Status::Queued));
    assert_eq!(status(&it, ids[2]).await, Some(Status::Failed));
}

pub async fn a_bulk_cancel_ends_midway(it: Opened) {
    let mut ids = Vec::new();
    for text in ["one", "two", "three"] {
        ids.push(it.accept(draft(text)).await);
    }
    it.turn(Duration::from_millis(1));
    let begun = begin(&it, bulk(&it, BulkOp::Cancel, "service:acme")).await;
    let late = it.accept(draft("late")).await;
    it.store.operations().advance(begun.no, 1).await.unwrap();
    let cancelled = it.store.operations().cancel(begun.no, who()).await.unwrap().unwrap();
    assert_eq!((cancelled.state, cancelled.done), (Cancelled, 1));
    let stands = it.store.operations().advance(begun.no, 500).await.unwrap().unwrap();
    assert_eq!(stands, cancelled, "no step comes after it");
    assert_eq!(status(&it, ids[0]).await, Some(Status::Cancelled));
    assert_eq!(status(&it, ids[1]).await, Some(Status::Queued));
    it.turn(Duration::from_millis(1));
    let begun = begin(&it, bulk(&it, BulkOp::Cancel, "service:acme status:queued")).await;
    assert_eq!(finish(&it, begun.no, 500).await.done, 3, "the late one is there now");
    assert_eq!(status(&it, late).await, Some(Status::Cancelled));
}

pub async fn what_is_discarded_is_gone(it: Opened) {
    let ids = dead(&it, &["a", "b 1", "b 2", "c"]).await;
    let waits = it.accept(draft("waits")).await;
    it.turn(Duration::from_millis(1));
    let begun = begin(&it, bulk(&it, BulkOp::Discard, "error:b")).await;
    assert_eq!(finish(&it, begun.no, 1).await.done, 2);
    let verdicts = it.store.operations().discard(vec![ids[0], ids[1], waits], who()).await.unwrap();
    assert_eq!(
        verdicts,
        [Changed::Done(Status::Failed), Changed::NotFound, Changed::Refused(Status::Queued)]
    );
    let it = it.restart().await;
    assert_eq!((it.store.counts().of(Status::Failed), it.store.counts().of(Status::Queued)), (1, 1));
    for (id, there) in [(ids[0], false), (ids[1], false), (ids[2], false), (ids[3], true), (waits, true)] {
        assert_eq!(status(&it, id).await.is_some(), there);
    }
}

pub async fn work_of_a_run_ends_with_it(it: Opened) {
    let new = |verb| NewOperation { verb, target: "the log".into(), unit: "pages", total: 0, work: None };
    let operations = it.store.operations();
    let backup = operations.begin(new("store.backup"), who()).await.unwrap();
    let check = operations.begin(new("store.check"), who()).await.unwrap();
    let outcome = Outcome { result: Some("all is well".into()), bytes: Some(7), ..Outcome::default() };
    let end = End { state: Done, done: 9, total: 9, outcome: outcome.clone() };
    operations.end(check.no, end.clone()).await.unwrap();
    assert!(operations.moving().await.unwrap().is_empty());
    assert_eq!(operations.advance(backup.no, 1).await.unwrap().unwrap(), backup, "it is nobody's step");
    let it = it.restart().await;
    let operations = it.store.operations();
    let all = operations.list(10).await.unwrap();
    assert_eq!((all[0].no, all[0].state, all[0].done, &all[0].outcome), (check.no, Done, 9, &outcome));
    assert_eq!((all[1].no, all[1].state), (backup.no, Broke));
    assert_eq!(all[1].outcome.error.as_ref().unwrap().message, "the daemon stopped");
    operations.end(backup.no, end).await.unwrap();
    assert_eq!(operations.find(backup.no).await.unwrap().unwrap().state, Broke, "an end is final");
    // What ended long ago is forgotten, and its number is not given again.
    it.turn(Duration::from_secs(29 * 86_400));
    it.store.sweep(it.now()).await.unwrap();
    assert_eq!(it.store.operations().list(10).await.unwrap().len(), 2);
    it.turn(Duration::from_secs(2 * 86_400));
    it.store.sweep(it.now()).await.unwrap();
    assert!(it.store.operations().list(10).await.unwrap().is_empty());
    let it = it.restart().await;
    assert_eq!(it.store.operations().begin(new("store.backup"), who()).await.unwrap().no, check.no + 1);
}

pub async fn only_so_many_go_on_at_once(it: Opened) {
    dead(&it, &["a"]).await;
    for _ in 0..MAX_MOVING {
        begin(&it, bulk(&it, BulkOp::Retry, "status:failed")).await;
    }
    let new = NewOperation {
        verb: "notification.retry",
        target: "some".into(),
        unit: "notifications",
        total: 1,
        work: Some(Work::Bulk(bulk(&it, BulkOp::Retry, "status:failed"))),
    };
    let one_more = it.store.operations().begin(new, who()).await;
    assert!(matches!(one_more, Err(StoreError::Busy(_))), "{one_more:?}");
    assert_eq!(it.store.operations().moving().await.unwrap().len(), MAX_MOVING);
}

pub async fn dead_letters_are_grouped_by_their_fault(it: Opened) {
    let errors =
        ["timeout after 5 s", "timeout after 17 s", "550 5.1.1 <a@b.org>: unknown", "timeout after 1 s"];
    let ids = dead(&it, &errors).await;
    it.accept(draft("waits")).await;
    let found = it.store.operations().faults(Filter::default(), 10).await.unwrap();
    assert_eq!((found.scanned, found.elsewhere, found.partial), (4, 0, false));
    let [timeouts, unknown] = found.groups.as_slice() else { panic!("{found:?}") };
    assert_eq!((timeouts.count, unknown.count), (3, 1));
    assert_eq!((timeouts.sample.id, unknown.sample.id), (ids[3], ids[2]), "the newest");
    assert!(timeouts.first < unknown.first && unknown.last < timeouts.last);
    assert_eq!((timeouts.trend.len(), timeouts.trend[23]), (24, 3), "all of them in the last hour");
    // The fingerprint finds them again, and is the same after a restart.
    let filter = format!("fault:{}", timeouts.fingerprint);
    let matching = it.store.operations().matching(bulk(&it, BulkOp::Discard, &filter)).await.unwrap();
    assert_eq!(matching.samples, [ids[0], ids[1], ids[3]]);
    let others = bulk(&it, BulkOp::Discard, &format!("-{filter}"));
    assert_eq!(it.store.operations().matching(others).await.unwrap().samples, [ids[2]]);
    let it = it.restart().await;
    let narrow = Filter::parse(&filter, it.now()).unwrap();
    let found = it.store.operations().faults(narrow.clone(), 10).await.unwrap();
    assert_eq!((found.groups.len(), found.groups[0].count, found.scanned), (1, 3, 4));
    let one = it.store.operations().faults(Filter::default(), 1).await.unwrap();
    assert_eq!((one.groups.len(), one.elsewhere), (1, 1), "what is not told is counted");
    let begun = begin(&it, bulk(&it, BulkOp::Retry, &filter)).await;
    assert_eq!(finish(&it, begun.no, 2).await.done, 3);
    assert!(it.store.operations().faults(narrow, 10).await.unwrap().groups.is_empty(), "they are not dead");
}
