//! Another try as an operator wants it: for what has ended and for what waits for a retry, at another time, with another
//! provider, with a fresh budget; one by one and in bulk.

use super::fixture::{Opened, draft, new_provider, who};
use super::operations::{begin, bulk, finish};
use super::steering::{MINUTE, detail, scheduled, story, tried};
use notify_proto::{BulkOp, Channel, FailureReason, NotificationId, ProviderId, Status};
use notifyd_lifecycle::Transition;
use notifyd_lifecycle::decide::{Dead, Progress};
use notifyd_lifecycle::steer::{Again, Refusal, Wish};
use notifyd_store::Scope;
use notifyd_store::api::{Audit, NewProvider, Record, Steered};
use notifyd_store::operations::{Bulk, Refused};
use std::time::Duration;

async fn again(it: &Opened, id: NotificationId, again: Again) -> Steered {
    it.store.steer(Scope::All, id, Wish::Retry(again), "notification.retry", who()).await.unwrap()
}

/// A provider that serves only this.
async fn provider(it: &Opened, n: u8, channel: Channel) -> ProviderId {
    let id = ProviderId::from_parts(1, [n; 10]);
    let new = NewProvider { channels: vec![channel], ..new_provider(id, &format!("p{n}")) };
    it.store.create_provider(new, who()).await.unwrap();
    id
}

pub async fn what_waits_for_a_retry_gets_it_now_and_keeps_its_count(it: Opened) {
    let id = it.accept(draft("one")).await;
    let progress =
        Progress { dead: vec![Dead { channel: 3, reason: FailureReason::Permanent }], ..Progress::default() };
    let so_far = progress.clone();
    let retry = Transition::retry_at(it.now() + MINUTE, "transient");
    tried(&it, |end| Record { progress: so_far, ..end }, retry).await;
    assert_eq!(detail(&it, id).await.notification.delays_left_seconds, [60], "after the one it waits for");
    assert_eq!(again(&it, id, Again::default()).await, Steered::Applied(Status::Queued));
    assert_eq!(again(&it, id, Again::default()).await, Steered::AlreadyDone(Status::Queued));
    let job = it.only_job().await;
    assert_eq!((job.retry_count, job.group.retried, &job.progress), (1, true, &progress), "it goes on");
    // A fresh budget is a fresh start.
    let fresh = Again { reset: true, ..Again::default() };
    assert_eq!(again(&it, id, fresh).await, Steered::Applied(Status::Queued));
    let it = it.restart().await;
    let job = it.only_job().await;
    assert_eq!((job.retry_count, job.group.retried, job.progress), (0, false, Progress::default()));
    assert_eq!(story(&detail(&it, id).await), ["created", "retry_scheduled", "run_now", "run_now"]);
}

pub async fn what_has_ended_is_tried_again_at_a_time(it: Opened) {
    let later = it.now() + 10 * MINUTE;
    let id = it.accept(draft("one")).await;
    tried(&it, |end| end, Transition::fail(FailureReason::Exhausted)).await;
    let because = Audit { actor: "ada".into(), reason: Some("after the window".into()), key: None };
    let at = Wish::Retry(Again { at: Some(later), ..Again::default() });
    let steered = it.store.steer(Scope::All, id, at, "notification.retry", because).await.unwrap();
    assert_eq!(steered, Steered::Applied(Status::Pending));
    let told = detail(&it, id).await;
    assert_eq!(told.events[2].detail.as_deref(), Some("until 2027-01-15T08:10:00.000Z: after the window"));
    let view = told.notification;
    assert_eq!((view.next_attempt_at, view.failure_reason, view.failed_at), (Some(later), None, None));
    assert!(it.queued().await.is_empty());
    assert_eq!(again(&it, id, Again::default()).await, Steered::Refused(Refusal::Scheduled(later)));
    let it = it.restart().await;
    it.turn(10 * MINUTE);
    assert_eq!(it.store.release(it.now(), 10).await.unwrap().count, 1);
    let job = it.only_job().await;
    assert_eq!((job.id, job.queued_at), (id, it.now()), "it waits in the queue from now on");
    let never_tried = scheduled(&it, it.now() + MINUTE).await;
    let due = it.now() + MINUTE;
    assert_eq!(again(&it, never_tried, Again::default()).await, Steered::Refused(Refusal::Scheduled(due)));
}

pub async fn another_provider_is_the_only_one_from_then_on(it: Opened) {
    let (sms, slack) = (provider(&it, 7, Channel::Sms).await, provider(&it, 8, Channel::Slack).await);
    let with = |id| Again { provider: Some(id), ..Again::default() };
    let id = it.accept(draft("one")).await;
    let progress = Progress { tried: vec![sms], only: Some((0, sms)), ..Progress::default() };
    let retry = Transition::retry_at(it.now() + MINUTE, "in_doubt");
    tried(&it, |end| Record { progress, ..end }, retry).await;
    assert_eq!(again(&it, id, with(slack)).await, Steered::Refused(Refusal::Unserved));
    let nobody = ProviderId::from_parts(1, [9; 10]);
    assert_eq!(again(&it, id, with(nobody)).await, Steered::Refused(Refusal::Unserved));
    it.store.bell().take();
    assert_eq!(again(&it, id, with(sms)).await, Steered::Applied(Status::Queued));
    let line = format!("sms@{sms}");
    let rung = it.store.bell().take().lines;
    assert_eq!(rung.into_keys().map(|line| line.lane).collect::<Vec<_>>(), [line.as_str().into()]);
    let it = it.restart().await;
    let (backlog, job) = it.queued().await.remove(0);
    assert_eq!((backlog.lane.as_ref(), job.plan.pinned, job.plan.allow_failover), (&*line, Some(sms), false));
    assert_eq!((job.retry_count, job.progress), (1, Progress::default()), "a fresh cycle, no fresh budget");
    let told = detail(&it, id).await;
    assert_eq!(told.events.last().unwrap().detail.as_deref(), Some("with p7 alone"));
    assert_eq!(job.message.content.as_deref(), Some("one"), "what it says is as it was");
}

/// What a bulk retry finds is judged as a single one would be: the dead, what waits for a retry, and what refuses.
pub async fn all_that_match_are_tried_again_with_another_provider(it: Opened) {
    let sms = provider(&it, 7, Channel::Sms).await;
    let dead = it.accept(draft("dead")).await;
    tried(&it, |end| end, Transition::fail(FailureReason::Exhausted)).await;
    let retrying = it.accept(draft("retrying")).await;
    tried(&it, |end| end, Transition::retry_at(it.now() + MINUTE, "transient")).await;
    let mut mail = draft("mail");
    mail.plan.channels = vec![Channel::Email];
    mail.message.addresses = [(Channel::Email, vec!["a@b.test".to_owned()])].into();
    let mail = it.accept(mail).await;
    tried(&it, |end| end, Transition::fail(FailureReason::Exhausted)).await;
    it.turn(Duration::from_millis(1));
    let with = Again { provider: Some(sms), reset: true, at: None };
    let bulk = Bulk { again: with, ..bulk(&it, BulkOp::Retry, "status:failed,retrying") };
    let counted = it.store.operations().matching(bulk.clone()).await.unwrap();
    assert_eq!((counted.total(), counted.refused), (3, 0), "whom it can reach shows when it is done");
    let begun = begin(&it, bulk).await;
    let it = it.restart().await;
    let ended = finish(&it, begun.no, 2).await;
    assert_eq!((ended.done, ended.refused), (2, 1));
    let why = Some(Refusal::Unserved.to_string());
    assert_eq!(ended.refusals, [Refused { id: mail, status: Status::Failed, why }]);
    let queued = it.queued().await;
    assert_eq!(queued.len(), 2);
    for (backlog, job) in queued {
        assert_eq!((backlog.lane.as_ref(), job.plan.pinned), (&*format!("sms@{sms}"), Some(sms)));
        assert_eq!((job.retry_count, backlog.group.retried), (0, false), "each has a fresh budget");
    }
    for id in [dead, retrying] {
        let told = detail(&it, id).await;
        let said = format!("op_{}: with p7 alone: with a fresh budget of retries: it is fixed", begun.no);
        assert_eq!(told.events.last().unwrap().detail.as_deref(), Some(&*said));
    }
}
