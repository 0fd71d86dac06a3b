use super::fixture::{Opened, draft};
use notify_proto::{AttemptStatus, Channel, FailureReason, Priority, ProviderId, SkipReason, Status};
use notifyd_lifecycle::Transition;
use notifyd_lifecycle::candidate::Skip;
use notifyd_lifecycle::decide::Progress;
use notifyd_store::Scope;
use notifyd_store::api::{AttemptEnd, Edit, Job, Record, Verdict};
use std::time::Duration;

/// The record of a claimed job's first attempt.
pub fn record(it: &Opened, job: &Job, transition: Transition) -> Record {
    let delivered = transition.to() == Status::Delivered;
    Record {
        seq: job.seq,
        id: job.id,
        group: job.group,
        fence: job.fence + 1,
        at: it.now(),
        attempt: Some(AttemptEnd {
            number: job.attempts + 1,
            provider: it.store.directory().find_provider("p").unwrap().id,
            channel: Channel::Sms,
            status: if delivered { AttemptStatus::Delivered } else { AttemptStatus::Failed },
            class: if delivered { "accepted" } else { "transient" },
            message: (!delivered).then(|| "503".to_owned()),
            external_id: delivered.then(|| "ext-1".to_owned()),
            simulated: true,
            awaits_receipt: false,
        }),
        skipped: vec![],
        attempts: job.attempts + 1,
        transition,
        progress: Progress::default(),
        lane: "sms".into(),
        possible_duplicate: false,
    }
}

async fn claimed(it: &Opened) -> Job {
    let job = it.only_job().await;
    let claim = it.claim(&job).await;
    assert_eq!(it.store.claim(vec![claim]).await.unwrap(), [Verdict::Applied]);
    job
}

pub async fn one_notification_from_queue_to_delivered(it: Opened) {
    let id = it.accept(draft("one")).await;
    let job = claimed(&it).await;
    assert!(it.queued().await.is_empty());
    assert_eq!(it.store.counts().of(Status::Sending), 1);
    let done = it.store.record(vec![record(&it, &job, Transition::deliver())]).await.unwrap();
    assert_eq!(done, [Verdict::Applied]);
    let detail = it.store.notification(Scope::All, id).await.unwrap().unwrap();
    let view = detail.notification;
    assert_eq!(view.status.known(), Some(Status::Delivered));
    assert_eq!((view.external_id.as_deref(), view.simulated), (Some("ext-1"), true));
    assert_eq!(view.provider_name.as_deref(), Some("p"));
    assert!(view.delivered_at.is_some() && view.failed_at.is_none());
    assert_eq!(detail.attempts.len(), 1);
    assert_eq!(detail.attempts[0].status.known(), Some(AttemptStatus::Delivered));
    let story: Vec<_> = detail.events.iter().map(|event| event.event.as_str()).collect();
    assert_eq!(story, ["created", "delivered"]);
    assert_eq!(it.store.counts().0.iter().sum::<u64>(), 1);
}

pub async fn a_claim_holds_once(it: Opened) {
    it.accept(draft("one")).await;
    let job = it.only_job().await;
    let claim = it.claim(&job).await;
    let verdicts = it.store.claim(vec![claim.clone(), claim.clone()]).await.unwrap();
    assert_eq!(verdicts, [Verdict::Applied, Verdict::SomeoneElses]);
    assert_eq!(it.store.claim(vec![claim]).await.unwrap(), [Verdict::SomeoneElses]);
}

pub async fn a_late_record_is_somebody_elses(it: Opened) {
    let id = it.accept(draft("one")).await;
    let job = claimed(&it).await;
    let mut late = record(&it, &job, Transition::deliver());
    late.fence += 1;
    assert_eq!(it.store.record(vec![late]).await.unwrap(), [Verdict::SomeoneElses]);
    let detail = it.store.notification(Scope::All, id).await.unwrap().unwrap();
    assert_eq!(detail.notification.status.known(), Some(Status::Sending));
}

pub async fn a_repeated_record_is_already_done(it: Opened) {
    it.accept(draft("one")).await;
    let job = claimed(&it).await;
    let record = record(&it, &job, Transition::deliver());
    it.store.record(vec![record.clone()]).await.unwrap();
    assert_eq!(it.store.record(vec![record]).await.unwrap(), [Verdict::AlreadyDone]);
    assert_eq!(it.store.counts().of(Status::Delivered), 1);
}

pub async fn a_retry_waits_for_its_time(it: Opened) {
    let id = it.accept(draft("one")).await;
    let job = claimed(&it).await;
    let at = it.now() + Duration::from_secs(60);
    it.store.record(vec![record(&it, &job, Transition::retry_at(at, "transient"))]).await.unwrap();
    let early = it.store.release(it.now(), 10).await.unwrap();
    assert_eq!((early.count, early.next), (0, Some(at)));
    let view = it.store.notification(Scope::All, id).await.unwrap().unwrap().notification;
    assert_eq!((view.retry_count, view.retries_left, view.next_attempt_at), (1, 1, Some(at)));
    it.turn(Duration::from_secs(60));
    assert_eq!(it.store.release(it.now(), 10).await.unwrap().count, 1);
    let again = it.only_job().await;
    assert!(again.group.retried);
    assert_eq!((again.attempts, again.retry_count), (1, 1));
}

pub async fn a_retry_keeps_its_delay_when_the_clock_is_set(mut it: Opened) {
    for by in [3 * 3_600, -3 * 3_600] {
        let id = it.accept(draft("retried")).await;
        let job = claimed(&it).await;
        let retry = |it: &Opened| Transition::retry_at(it.now() + Duration::from_secs(60), "transient");
        it.store.record(vec![record(&it, &job, retry(&it))]).await.unwrap();
        // The second fails right before the clock is set, and its record comes right after.
        let late = it.accept(draft("late")).await;
        let job = claimed(&it).await;
        let read_before = (record(&it, &job, retry(&it)), it.now());
        let mut planned = draft("planned");
        planned.scheduled_at = Some(it.now() + Duration::from_secs(3_600));
        planned.dedup = None;
        it.accept(planned).await;
        it.set_clock(by);
        it.store.record(vec![read_before.0]).await.unwrap();
        let due = it.now() + Duration::from_secs(60);
        let view = it.store.notification(Scope::All, id).await.unwrap().unwrap().notification;
        assert_eq!(view.next_attempt_at, Some(due), "set by {by} s");
        let view = it.store.notification(Scope::All, late).await.unwrap().unwrap().notification;
        assert_eq!(view.next_attempt_at, Some(due), "set by {by} s");
        // Whoever asks with a time read before gets what is due by the clock as it is; what is planned goes by the clock.
        let planned = usize::from(by > 0);
        assert_eq!(it.store.release(read_before.1, 10).await.unwrap().count, planned, "set by {by} s");
        it.turn(Duration::from_secs(59));
        assert_eq!(it.store.release(it.now(), 10).await.unwrap().count, 0, "set by {by} s");
        it.turn(Duration::from_secs(1));
        assert_eq!(it.store.release(it.now(), 10).await.unwrap().count, 2, "set by {by} s");
        for (_, job) in it.queued().await {
            let claim = it.claim(&job).await;
            it.store.claim(vec![claim]).await.unwrap();
            it.store.record(vec![record(&it, &job, Transition::deliver())]).await.unwrap();
        }
        // What was set while nobody ran cannot be known: another run takes the clock as it is.
        it.set_clock(by);
        it = it.restart().await;
        it.store.release(it.now(), 10).await.unwrap();
    }
}

pub async fn what_expires_is_failed(it: Opened) {
    let mut soon = draft("soon");
    soon.expires_at = Some(it.now() + Duration::from_secs(10));
    let id = it.accept(soon).await;
    it.accept(draft("never")).await;
    let none = it.store.expire(it.now(), 10).await.unwrap();
    assert_eq!((none.count, none.next), (0, Some(it.now() + Duration::from_secs(10))));
    it.turn(Duration::from_secs(10));
    assert_eq!(it.store.expire(it.now(), 10).await.unwrap().count, 1);
    let view = it.store.notification(Scope::All, id).await.unwrap().unwrap().notification;
    assert_eq!(view.failure_reason.unwrap().known(), Some(FailureReason::Expired));
    assert_eq!(it.queued().await.len(), 1);
}

pub async fn skipped_candidates_are_attempts(it: Opened) {
    let id = it.accept(draft("one")).await;
    let job = it.only_job().await;
    let mut claim = it.claim(&job).await;
    let gone = Some(ProviderId::from_bytes([9; 16]));
    claim.skipped = vec![Skip { channel: Channel::Sms, provider: gone, reason: SkipReason::BreakerOpen }];
    assert_eq!(claim.attempt(), 2);
    it.store.claim(vec![claim]).await.unwrap();
    let attempts = it.store.notification(Scope::All, id).await.unwrap().unwrap().attempts;
    let statuses: Vec<_> = attempts.iter().filter_map(|attempt| attempt.status.known()).collect();
    assert_eq!(statuses, [AttemptStatus::Skipped, AttemptStatus::Started]);
    assert_eq!(attempts[0].reason.as_deref(), Some("breaker_open"));
}

pub async fn who_is_held_says_so_until_something_else_happens(it: Opened) {
    it.accept(draft("one")).await;
    let job = claimed(&it).await;
    assert!(!job.held);
    let record = record(&it, &job, Transition::hold(SkipReason::Paused));
    assert_eq!(it.store.record(vec![record]).await.unwrap(), [Verdict::Applied]);
    assert!(it.only_job().await.held);
    let edit = Edit { content: Some("two".into()), ..Edit::default() };
    it.store.edit(Scope::All, job.id, edit).await.unwrap();
    assert!(!it.only_job().await.held);
}

pub async fn another_run_finds_what_was_left(it: Opened) {
    let id = it.accept(draft("one")).await;
    claimed(&it).await;
    assert!(it.store.interrupted(0, 10).await.unwrap().is_empty(), "its own run is under way");
    let it = it.restart().await;
    let left = it.store.interrupted(0, 10).await.unwrap();
    assert_eq!((left.len(), left[0].job.id, left[0].attempt), (1, id, 1));
    assert_eq!(left[0].provider, Some(it.provider("p").await));
    assert!(it.store.interrupted(left[0].job.seq, 10).await.unwrap().is_empty());
    let mut resumed = record(&it, &left[0].job, Transition::interrupted());
    resumed.fence = left[0].job.fence;
    resumed.attempts = 1;
    resumed.possible_duplicate = true;
    if let Some(end) = &mut resumed.attempt {
        end.status = AttemptStatus::InDoubt;
        end.number = 1;
    }
    assert_eq!(it.store.record(vec![resumed]).await.unwrap(), [Verdict::Applied]);
    let detail = it.store.notification(Scope::All, id).await.unwrap().unwrap();
    assert!(detail.notification.possible_duplicate);
    assert_eq!(detail.attempts[0].status.known(), Some(AttemptStatus::InDoubt));
    assert_eq!(it.only_job().await.id, id);
}

pub async fn what_died_is_found_by_when_it_did(it: Opened) {
    let begin = it.now();
    let fail = || Transition::fail(FailureReason::Exhausted);
    for text in ["one", "two", "three"] {
        it.accept(draft(text)).await;
        let job = claimed(&it).await;
        it.store.record(vec![record(&it, &job, fail())]).await.unwrap();
        it.turn(Duration::from_secs(60));
    }
    it.accept(draft("delivered")).await;
    let job = claimed(&it).await;
    it.store.record(vec![record(&it, &job, Transition::deliver())]).await.unwrap();
    let minute = |n: u64| begin + Duration::from_secs(60 * n);
    let died =
        async |from, to, below, limit| it.store.died((minute(from), minute(to)), below, limit).await.unwrap();
    let all = died(0, 3, i64::MAX, 10).await;
    let times: Vec<_> = all.died.iter().map(|it| it.at).collect();
    assert_eq!((times, all.next), (vec![minute(2), minute(1), minute(0)], None), "the newest first");
    let (first, directory) = (&all.died[0], it.store.directory());
    assert_eq!(first.by, Some((directory.find_provider("p").unwrap().id, Channel::Sms)));
    assert_eq!((first.reason, first.error.as_str()), (Some(FailureReason::Exhausted), "503"));
    assert_eq!(directory.service_no(first.service).unwrap().name, "acme");
    // The end is not part of it.
    assert_eq!(died(1, 2, i64::MAX, 10).await.died, all.died[1..2]);
    let two = died(0, 3, i64::MAX, 2).await;
    assert_eq!(two.died, all.died[..2]);
    let rest = died(0, 3, two.next.unwrap(), 2).await;
    assert_eq!((rest.died, rest.next), (all.died[2..].to_vec(), None));
}

pub async fn lines_are_separate_and_in_order(it: Opened) {
    let mut ids = Vec::new();
    for n in 0..3 {
        ids.push(it.accept(draft(&format!("normal {n}"))).await);
    }
    let mut urgent = draft("urgent");
    urgent.priority = Priority::Instant;
    let urgent = it.accept(urgent).await;
    let other = it.accept_of("other", draft("theirs")).await;
    let queued = it.queued().await;
    assert_eq!(it.store.backlog().await.unwrap().len(), 3);
    let order: Vec<_> = queued.iter().map(|(_, job)| job.id).collect();
    assert_eq!(order, [urgent, ids[0], ids[1], ids[2], other]);
    let line = &queued[1].0;
    let rest = it.store.load(line.clone(), queued[1].1.seq, 1, usize::MAX).await.unwrap();
    assert_eq!(rest[0].id, ids[1]);
    let small = it.store.load(line.clone(), 0, 100, 1).await.unwrap();
    assert_eq!(small.len(), 1, "one at least, whatever its size");
}
