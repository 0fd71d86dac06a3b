//! Wishes in bulk: each is judged as a single one would be, at its turn, and counted before by the same rules.

use super::fixture::{Opened, draft};
use super::operations::{begin, bulk, finish};
use super::steering::{MINUTE, detail, scheduled, story, tried};
use super::webhooks;
use notify_proto::upkeep::OperationState::{Done, Running};
use notify_proto::{BulkOp, FailureReason, NotificationId, Status, Timestamp, WebhookEvent};
use notifyd_lifecycle::Transition;
use notifyd_lifecycle::steer::Refusal;
use notifyd_store::api::Verdict;
use notifyd_store::operations::{Bulk, Operation};
use std::time::Duration;

/// A wish for all that match, asked for a moment after whatever was done before.
fn wish(it: &Opened, op: BulkOp, filter: &str, until: Option<Timestamp>) -> Bulk {
    it.turn(Duration::from_millis(1));
    Bulk { until, ..bulk(it, op, filter) }
}

async fn done(it: &Opened, bulk: Bulk) -> Operation {
    let begun = begin(it, bulk).await;
    finish(it, begun.no, 2).await
}

/// Of those that match: how many of each status, and how many of them would be refused.
async fn counted(it: &Opened, bulk: &Bulk) -> (Vec<(Status, u64)>, u64) {
    let found = it.store.operations().matching(bulk.clone()).await.unwrap();
    (found.by_status.into_iter().collect(), found.refused)
}

async fn due(it: &Opened, id: NotificationId) -> (Option<Status>, Option<Timestamp>) {
    let view = detail(it, id).await.notification;
    (view.status.known(), view.next_attempt_at)
}

pub async fn a_bulk_postponement_goes_past_each_once(it: Opened) {
    let mut queued = Vec::new();
    for text in ["one", "two", "three"] {
        queued.push(it.accept(draft(text)).await);
    }
    let stale = it.queued().await.remove(0).1;
    let pending = scheduled(&it, it.now() + MINUTE).await;
    let until = it.now() + 30 * MINUTE;
    let begun = begin(&it, wish(&it, BulkOp::Postpone, "service:acme", Some(until))).await;
    assert_eq!((begun.total, begun.refused), (4, 0));
    let later = it.accept(draft("a late one")).await;
    let step = it.store.operations().advance(begun.no, 2).await.unwrap().unwrap();
    assert_eq!((step.done, step.state), (2, Running));
    let it = it.restart().await;
    let ended = finish(&it, begun.no, 2).await;
    assert_eq!((ended.done, ended.refused, ended.state), (4, 0, Done));
    assert_eq!(ended.bulk().unwrap().until, Some(until), "a restart knows until when");
    for id in queued.into_iter().chain([pending]) {
        assert_eq!(due(&it, id).await, (Some(Status::Pending), Some(until)));
        let told = detail(&it, id).await;
        assert_eq!(
            (story(&told), told.notification.scheduled_at),
            (vec!["created", "postponed"], Some(until))
        );
        let said = "op_1: until 2027-01-15T08:30:00.000Z: it is fixed";
        assert_eq!(told.events[1].detail.as_deref(), Some(said));
    }
    let claim = it.claim(&stale).await;
    assert_eq!(
        it.store.claim(vec![claim]).await.unwrap(),
        [Verdict::SomeoneElses],
        "the copy in memory is old"
    );
    assert_eq!(it.only_job().await.id, later, "what came later is left alone");
    assert_eq!((it.store.counts().of(Status::Queued), it.store.counts().of(Status::Pending)), (1, 4));
    it.turn(31 * MINUTE);
    assert_eq!(it.store.release(it.now(), 10).await.unwrap().count, 4, "each comes back at its time");
}

pub async fn what_a_wish_in_bulk_comes_to_is_what_was_counted(it: Opened) {
    let retried = it.accept(draft("retried")).await;
    tried(&it, |end| end, Transition::retry_at(it.now() + MINUTE, "transient")).await;
    let doubt = it.accept(draft("doubt")).await;
    tried(&it, |end| end, Transition::hold_in_doubt()).await;
    let sending = it.accept(draft("sending")).await;
    let job = it.only_job().await;
    let claim = it.claim(&job).await;
    it.store.claim(vec![claim]).await.unwrap();
    let until = it.now() + 30 * MINUTE;
    let already = scheduled(&it, until).await;
    let tomorrow = scheduled(&it, it.now() + 60 * MINUTE).await;
    let mut brief = draft("expires before");
    brief.expires_at = Some(it.now() + 2 * MINUTE);
    let brief = it.accept(brief).await;
    let queued = it.accept(draft("queued")).await;

    let all = wish(&it, BulkOp::Postpone, "service:acme", Some(until));
    let expected =
        vec![(Status::Pending, 2), (Status::Queued, 2), (Status::Sending, 1), (Status::Retrying, 1)];
    assert_eq!(counted(&it, &all).await, (expected, 4), "what is so already is not counted");
    let found = it.store.operations().matching(all.clone()).await.unwrap();
    assert_eq!(found.samples, [retried, doubt, sending, tomorrow, brief]);
    let ended = done(&it, all).await;
    assert_eq!((ended.total, ended.done, ended.refused), (6, 2, 4));
    for id in [retried, queued] {
        assert_eq!(due(&it, id).await.1, Some(until));
    }
    assert_eq!(detail(&it, retried).await.notification.retry_count, 1, "no retry is spent");
    assert_eq!(story(&detail(&it, already).await), ["created"]);
    let why: Vec<_> = ended.refusals.iter().map(|it| (it.id, it.why.clone().unwrap())).collect();
    let at = |minutes: u32| Timestamp::from_timestamp(1_800_000_000, 0).unwrap() + minutes * MINUTE;
    let refusals = [
        (doubt, Refusal::Held("postponed")),
        (sending, Refusal::Sending("postponed")),
        (tomorrow, Refusal::NoLater(at(60))),
        (brief, Refusal::Expires(at(2))),
    ];
    assert_eq!(why, refusals.map(|(id, refusal)| (id, refusal.to_string())));
    let again = wish(&it, BulkOp::Postpone, "status:scheduled,queued,retrying", Some(until));
    assert_eq!(counted(&it, &again).await, (vec![(Status::Pending, 1), (Status::Queued, 1)], 2));
}

pub async fn what_is_buried_in_bulk_is_a_dead_letter(it: Opened) {
    let counts = |it: &Opened| {
        [Status::Pending, Status::Queued, Status::Retrying, Status::Failed].map(|of| it.store.counts().of(of))
    };
    let failed = it.accept(draft("failed")).await;
    tried(&it, |end| end, Transition::fail(FailureReason::Permanent)).await;
    let retried = it.accept(draft("retried")).await;
    tried(&it, |end| end, Transition::retry_at(it.now() + MINUTE, "transient")).await;
    let doubt = it.accept(draft("doubt")).await;
    tried(&it, |end| end, Transition::hold_in_doubt()).await;
    let pending = scheduled(&it, it.now() + MINUTE).await;
    let queued = it.accept(draft("queued")).await;
    let stale = it.only_job().await;
    assert_eq!(counts(&it), [2, 1, 1, 1]);
    let all = wish(&it, BulkOp::Bury, "*", None);
    let ended = done(&it, all.clone()).await;
    assert_eq!((ended.total, ended.done, ended.refused), (5, 4, 1));
    assert_eq!(ended.refusals[0].id, failed);
    assert_eq!(counts(&it), [0, 0, 0, 5]);
    for id in [retried, doubt, pending, queued] {
        let told = detail(&it, id).await;
        let last = told.events.last().unwrap();
        assert_eq!((last.event.as_str(), last.reason.as_deref()), ("buried", Some("buried")));
        assert_eq!(last.detail.as_deref(), Some("op_1: it is fixed"));
        let view = told.notification;
        assert_eq!(view.failure_reason.unwrap().known(), Some(FailureReason::Buried));
        assert_eq!((view.failed_at, view.next_attempt_at), (Some(it.now()), None));
    }
    let claim = it.claim(&stale).await;
    assert_eq!(it.store.claim(vec![claim]).await.unwrap(), [Verdict::SomeoneElses]);
    let late = it.accept(draft("late")).await;
    let again = wish(&it, BulkOp::Bury, "-status:failed", None);
    assert_eq!(done(&it, again).await.done, 1);
    assert_eq!(due(&it, late).await.0, Some(Status::Failed));
    it.turn(2 * MINUTE);
    assert_eq!(it.store.release(it.now(), 10).await.unwrap().count, 0, "none of them comes back by itself");
}

pub async fn webhooks_are_told_of_a_burial_in_bulk_when_that_is_wished(it: Opened) {
    let events = [WebhookEvent::Failed, WebhookEvent::Cancelled];
    let webhook = webhooks::webhook(&it, "acme", 1, &events).await;
    let others = webhooks::webhook(&it, "bolt", 2, &events).await;
    let quiet = it.accept(draft("quiet")).await;
    assert_eq!(done(&it, wish(&it, BulkOp::Bury, "*", None)).await.done, 1);
    assert_eq!(due(&it, quiet).await.0, Some(Status::Failed));
    let mut ids = vec![it.accept(draft("one")).await, scheduled(&it, it.now() + MINUTE).await];
    ids.push(it.accept(draft("three")).await);
    let theirs = it.accept_of("bolt", draft("theirs")).await;
    let aloud = Bulk { notify: true, ..wish(&it, BulkOp::Bury, "-status:failed", None) };
    let begun = begin(&it, aloud).await;
    it.store.operations().advance(begun.no, 1).await.unwrap();
    assert_eq!(it.store.webhooks().pending(), 1, "in the transaction that buries it");
    let it = it.restart().await;
    let ended = finish(&it, begun.no, 2).await;
    assert_eq!((ended.done, ended.refused), (4, 0));
    let told = webhooks::owed(&it, &webhook).await;
    let mut stories = told.iter().map(|it| (it.event, it.story.as_ref().unwrap()));
    assert!(stories.all(|(event, story)| {
        (event, story.failure) == (WebhookEvent::Failed, Some(FailureReason::Buried))
    }));
    let about: Vec<_> = told.iter().map(|it| it.story.as_ref().unwrap().id).collect();
    assert_eq!(about, ids, "each once, and nothing of the quiet one");
    let told = webhooks::owed(&it, &others).await;
    assert_eq!(told.iter().map(|it| it.story.as_ref().unwrap().id).collect::<Vec<_>>(), [theirs]);
}

pub async fn what_is_moved_or_run_in_bulk_has_its_time(it: Opened) {
    let retried = it.accept(draft("retried")).await;
    tried(&it, |end| end, Transition::retry_at(it.now() + MINUTE, "transient")).await;
    let pending = scheduled(&it, it.now() + 60 * MINUTE).await;
    let soon = it.now() + 5 * MINUTE;
    let ended = done(&it, wish(&it, BulkOp::Move, "*", Some(soon))).await;
    assert_eq!((ended.done, ended.refused), (2, 0));
    assert_eq!(due(&it, retried).await, (Some(Status::Retrying), Some(soon)));
    assert_eq!(due(&it, pending).await, (Some(Status::Pending), Some(soon)), "sooner too");
    let queued = it.accept(draft("queued")).await;
    it.store.bell().take();
    let ended = done(&it, wish(&it, BulkOp::Run, "*", None)).await;
    assert_eq!((ended.total, ended.done, ended.refused), (2, 2, 0), "what is queued is so already");
    assert_eq!(it.store.bell().take().lines.len(), 2, "the line of first tries, and that of retries");
    let jobs: Vec<_> = it.queued().await.into_iter().map(|(_, job)| job).collect();
    assert_eq!(jobs.len(), 3);
    let job = jobs.iter().find(|job| job.id == retried).unwrap();
    assert_eq!((job.retry_count, job.group.retried), (1, true));
    assert!(jobs.iter().filter(|job| job.id != retried).all(|job| !job.group.retried));
    assert_eq!(story(&detail(&it, retried).await), ["created", "retry_scheduled", "moved", "run_now"]);
    assert_eq!(story(&detail(&it, queued).await), ["created"]);
}

/// It is the moment of its turn that counts, not the one of the request.
pub async fn a_moment_that_passes_meanwhile_suits_no_more(it: Opened) {
    let (first, second) = (it.accept(draft("one")).await, it.accept(draft("two")).await);
    let until = it.now() + MINUTE;
    let begun = begin(&it, wish(&it, BulkOp::Postpone, "*", Some(until))).await;
    it.store.operations().advance(begun.no, 1).await.unwrap();
    it.turn(2 * MINUTE);
    let ended = finish(&it, begun.no, 1).await;
    assert_eq!((ended.done, ended.refused), (1, 1));
    assert_eq!(due(&it, first).await, (Some(Status::Pending), Some(until)));
    assert_eq!(due(&it, second).await.0, Some(Status::Queued));
    let why = ended.refusals[0].why.clone().unwrap();
    assert_eq!((ended.refusals[0].id, why), (second, Refusal::Past(until).to_string()));
}

/// A clock that is set moves a delay before anything is compared with it.
pub async fn a_clock_that_is_set_moves_what_is_compared(it: Opened) {
    let retried = it.accept(draft("retried")).await;
    tried(&it, |end| end, Transition::retry_at(it.now() + 60 * MINUTE, "transient")).await;
    let until = it.now() + 30 * MINUTE;
    let all = wish(&it, BulkOp::Postpone, "*", Some(until));
    assert_eq!(counted(&it, &all).await.1, 1, "its time is later");
    let begun = begin(&it, all).await;
    it.set_clock(-3_600);
    let ended = finish(&it, begun.no, 1).await;
    assert_eq!((ended.done, ended.refused), (1, 0), "and sooner by this clock");
    assert_eq!(due(&it, retried).await, (Some(Status::Retrying), Some(until)));
}

/// Without a moment there is nothing to wish for, and nothing is changed.
pub async fn a_postponement_without_a_moment_changes_nothing(it: Opened) {
    let id = it.accept(draft("one")).await;
    let nothing = wish(&it, BulkOp::Postpone, "*", None);
    assert_eq!(counted(&it, &nothing).await, (vec![(Status::Queued, 1)], 1));
    let ended = done(&it, nothing).await;
    assert_eq!((ended.done, ended.refused), (0, 1));
    assert_eq!(story(&detail(&it, id).await), ["created"]);
}
