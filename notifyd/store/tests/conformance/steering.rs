use super::delivering::record;
use super::fixture::{Opened, draft, new_provider, who};
use super::webhooks;
use notify_proto::view::NotificationDetail;
use notify_proto::{FailureReason, NotificationId, ProviderId, Status, Timestamp, WebhookEvent};
use notifyd_lifecycle::Transition;
use notifyd_lifecycle::decide::Progress;
use notifyd_lifecycle::steer::{Refusal, Wish};
use notifyd_store::Scope;
use notifyd_store::api::{Audit, Changed, Record, Steered, Verdict};
use std::time::Duration;

pub(super) const MINUTE: Duration = Duration::from_secs(60);

async fn steer(it: &Opened, id: NotificationId, wish: Wish) -> Steered {
    it.store.steer(Scope::All, id, wish, "a.verb", who()).await.unwrap()
}

pub(super) async fn detail(it: &Opened, id: NotificationId) -> NotificationDetail {
    it.store.notification(Scope::All, id).await.unwrap().unwrap()
}

pub(super) fn story(detail: &NotificationDetail) -> Vec<&str> {
    detail.events.iter().map(|event| event.event.as_str()).collect()
}

pub(super) async fn scheduled(it: &Opened, at: Timestamp) -> NotificationId {
    let mut later = draft("later");
    (later.scheduled_at, later.dedup) = (Some(at), None);
    it.accept(later).await
}

/// Claims the one queued job and records this end of its attempt.
pub(super) async fn tried(it: &Opened, end: impl FnOnce(Record) -> Record, then: Transition) {
    let job = it.only_job().await;
    let claim = it.claim(&job).await;
    assert_eq!(it.store.claim(vec![claim]).await.unwrap(), [Verdict::Applied]);
    let ended = end(record(it, &job, then));
    assert_eq!(it.store.record(vec![ended]).await.unwrap(), [Verdict::Applied]);
}

pub async fn what_waits_gets_another_time(it: Opened) {
    let at = |minutes: u32| it.now() + minutes * MINUTE;
    let (ten, twenty, five) = (at(10), at(20), at(5));
    let id = scheduled(&it, ten).await;
    let because = Audit { actor: "ada".into(), reason: Some("quiet hours".into()), key: None };
    let postponed = it.store.steer(Scope::All, id, Wish::Postpone(twenty), "notification.postpone", because);
    assert_eq!(postponed.await.unwrap(), Steered::Applied(Status::Pending));
    assert_eq!(steer(&it, id, Wish::Postpone(twenty)).await, Steered::AlreadyDone(Status::Pending));
    assert_eq!(steer(&it, id, Wish::Postpone(five)).await, Steered::Refused(Refusal::NoLater(twenty)));
    let told = detail(&it, id).await;
    assert_eq!(story(&told), ["created", "postponed"], "one event, however often it is asked for");
    assert_eq!(told.events[1].detail.as_deref(), Some("until 2027-01-15T08:20:00.000Z: quiet hours"));
    let times = (told.notification.next_attempt_at, told.notification.scheduled_at);
    assert_eq!(times, (Some(twenty), Some(twenty)));

    assert_eq!(steer(&it, id, Wish::Move(five)).await, Steered::Applied(Status::Pending));
    let it = it.restart().await;
    assert_eq!(it.store.release(it.now(), 10).await.unwrap().next, Some(five));
    it.turn(5 * MINUTE);
    assert_eq!(it.store.release(it.now(), 10).await.unwrap().count, 1);
    assert_eq!(it.only_job().await.id, id);
    assert_eq!(steer(&it, id, Wish::RunNow).await, Steered::AlreadyDone(Status::Queued));
    let later = it.now() + MINUTE;
    let queued = Steered::Refused(Refusal::Queued("moved"));
    assert_eq!(steer(&it, id, Wish::Move(later)).await, queued);
    let nobody = NotificationId::from_bytes([0; 16]);
    assert_eq!(steer(&it, nobody, Wish::RunNow).await, Steered::NotFound);
    let other = Scope::Service(it.service("other").await);
    let foreign = it.store.steer(other, id, Wish::Bury { notify: false }, "a.verb", who()).await.unwrap();
    assert_eq!(foreign, Steered::NotFound);
}

pub async fn what_is_queued_is_postponed_and_goes_on_where_it_was(it: Opened) {
    let id = it.accept(draft("one")).await;
    let gone = ProviderId::from_parts(1, [7; 10]);
    it.store.create_provider(new_provider(gone, "gone"), who()).await.unwrap();
    let progress = Progress { tried: vec![gone], cost: true, only: Some((0, gone)), ..Progress::default() };
    let so_far = progress.clone();
    tried(&it, |end| Record { progress: so_far, ..end }, Transition::fail_over("transient")).await;
    let stale = it.only_job().await;
    assert_eq!(stale.progress, progress);
    let later = it.now() + MINUTE;
    assert_eq!(steer(&it, id, Wish::Postpone(later)).await, Steered::Applied(Status::Pending));
    let claim = it.claim(&stale).await;
    assert_eq!(
        it.store.claim(vec![claim]).await.unwrap(),
        [Verdict::SomeoneElses],
        "the copy in memory is old"
    );
    assert!(it.queued().await.is_empty());
    it.turn(MINUTE);
    assert_eq!(it.store.release(it.now(), 10).await.unwrap().count, 1);
    let job = it.only_job().await;
    assert_eq!((&job.progress, job.retry_count, job.group.retried), (&progress, 0, false));
    // What is made due rings for its line.
    assert_eq!(steer(&it, id, Wish::Postpone(it.now() + MINUTE)).await, Steered::Applied(Status::Pending));
    it.store.bell().take();
    assert_eq!(steer(&it, id, Wish::RunNow).await, Steered::Applied(Status::Queued));
    let rung = it.store.bell().take().lines;
    assert_eq!(rung.into_keys().map(|line| line.lane).collect::<Vec<_>>(), ["sms".into()]);
}

pub async fn a_retry_gets_another_time_at_no_cost(it: Opened) {
    let id = it.accept(draft("one")).await;
    let (first, second) = (it.now() + MINUTE, it.now() + 10 * MINUTE);
    tried(&it, |end| end, Transition::retry_at(first, "transient")).await;
    assert_eq!(steer(&it, id, Wish::Postpone(second)).await, Steered::Applied(Status::Retrying));
    let view = detail(&it, id).await.notification;
    assert_eq!((view.retry_count, view.next_attempt_at, view.scheduled_at), (1, Some(second), None));
    assert_eq!(steer(&it, id, Wish::Move(first)).await, Steered::Applied(Status::Retrying));
    // A retry that somebody did not let wait is one all the same.
    assert_eq!(steer(&it, id, Wish::RunNow).await, Steered::Applied(Status::Queued));
    let job = it.only_job().await;
    assert_eq!((job.retry_count, job.group.retried), (1, true));
    let told = detail(&it, id).await;
    assert_eq!(story(&told), ["created", "retry_scheduled", "postponed", "moved", "run_now"]);
    it.store.steer(Scope::All, id, Wish::Postpone(second), "a.verb", who()).await.unwrap();
    it.turn(10 * MINUTE);
    assert_eq!(it.store.release(it.now(), 10).await.unwrap().count, 1);
    let job = it.only_job().await;
    assert_eq!((job.retry_count, job.group.retried), (1, true), "and it stays one");
}

pub async fn what_is_buried_is_a_dead_letter(it: Opened) {
    let counts = |it: &Opened| {
        let counts = it.store.counts();
        [Status::Pending, Status::Queued, Status::Retrying, Status::Failed].map(|status| counts.of(status))
    };
    let id = it.accept(draft("one")).await;
    let job = it.only_job().await;
    assert_eq!(steer(&it, id, Wish::Bury { notify: false }).await, Steered::Applied(Status::Failed));
    assert_eq!(steer(&it, id, Wish::Bury { notify: false }).await, Steered::AlreadyDone(Status::Failed));
    let claim = it.claim(&job).await;
    assert_eq!(it.store.claim(vec![claim]).await.unwrap(), [Verdict::SomeoneElses]);
    let told = detail(&it, id).await;
    assert_eq!(story(&told), ["created", "buried"]);
    assert_eq!(told.events[1].reason.as_deref(), Some("buried"));
    let view = told.notification;
    assert_eq!(view.failure_reason.unwrap().known(), Some(FailureReason::Buried));
    assert_eq!((view.failed_at, view.next_attempt_at), (Some(it.now()), None));
    assert_eq!(counts(&it), [0, 0, 0, 1]);

    // An equal one may be sent now, and from every status in which it waits it can be buried.
    let again = it.accept(draft("one")).await;
    tried(&it, |end| end, Transition::retry_at(it.now() + MINUTE, "transient")).await;
    let held = it.accept(draft("doubt")).await;
    tried(&it, |end| end, Transition::hold_in_doubt()).await;
    let later = scheduled(&it, it.now() + MINUTE).await;
    assert_eq!(counts(&it), [2, 0, 1, 1]);
    for id in [again, held, later] {
        assert_eq!(steer(&it, id, Wish::Bury { notify: false }).await, Steered::Applied(Status::Failed));
    }
    assert_eq!(counts(&it), [0, 0, 0, 4]);
    it.turn(2 * MINUTE);
    assert_eq!(it.store.release(it.now(), 10).await.unwrap().count, 0, "none of them comes back by itself");
    let it = it.restart().await;
    assert_eq!(counts(&it), [0, 0, 0, 4]);
    assert_eq!(it.store.retry(Scope::All, again, who()).await.unwrap(), Changed::Done(Status::Queued));
    assert_eq!(it.only_job().await.retry_count, 0);
    assert_eq!(steer(&it, again, Wish::Bury { notify: false }).await, Steered::Applied(Status::Failed));
}

pub async fn webhooks_are_told_of_a_burial_when_that_is_wished(it: Opened) {
    let webhook = webhooks::webhook(&it, "acme", 1, &[WebhookEvent::Failed, WebhookEvent::Cancelled]).await;
    let quiet = it.accept(draft("one")).await;
    assert_eq!(steer(&it, quiet, Wish::Bury { notify: false }).await, Steered::Applied(Status::Failed));
    let aloud = Wish::Bury { notify: true };
    assert_eq!(steer(&it, quiet, aloud).await, Steered::AlreadyDone(Status::Failed));
    let id = it.accept(draft("two")).await;
    let because = Audit { actor: "ada".into(), reason: Some("sent by hand".into()), key: None };
    let buried = it.store.steer(Scope::All, id, aloud, "notification.bury", because).await.unwrap();
    assert_eq!(buried, Steered::Applied(Status::Failed));
    assert_eq!(steer(&it, id, aloud).await, Steered::AlreadyDone(Status::Failed));
    assert_eq!(it.store.webhooks().pending(), 1, "once, however often it is asked for");
    let it = it.restart().await;
    let owed = webhooks::owed(&it, &webhook).await;
    assert_eq!(owed.len(), 1);
    let story = owed[0].story.as_ref().unwrap();
    assert_eq!((story.id, owed[0].event, owed[0].n), (id, WebhookEvent::Failed, 2));
    assert_eq!((story.status, story.failure), (Some(Status::Failed), Some(FailureReason::Buried)));
    assert_eq!(story.detail.as_deref(), Some("sent by hand"));
}

pub async fn what_is_under_way_or_final_is_left_alone(it: Opened) {
    let id = it.accept(draft("one")).await;
    let job = it.only_job().await;
    let claim = it.claim(&job).await;
    it.store.claim(vec![claim]).await.unwrap();
    let later = it.now() + MINUTE;
    let wishes = [Wish::Postpone(later), Wish::Move(later), Wish::RunNow, Wish::Bury { notify: false }];
    for wish in wishes {
        assert_eq!(steer(&it, id, wish).await, Steered::Refused(Refusal::Sending(wish.done())));
    }
    let delivered = record(&it, &job, Transition::deliver());
    assert_eq!(
        it.store.record(vec![delivered]).await.unwrap(),
        [Verdict::Applied],
        "the outcome still counts"
    );
    for wish in wishes {
        let refused = Steered::Refused(Refusal::Final(Status::Delivered, wish.done()));
        assert_eq!(steer(&it, id, wish).await, refused);
    }
    assert_eq!(story(&detail(&it, id).await), ["created", "delivered"]);
}

/// Whoever comes first has it; the other one is told so, and changes nothing.
pub async fn a_wish_and_a_claim_at_the_same_moment(it: Opened) {
    let mut won = [0, 0];
    for round in 0..100 {
        let id = it.accept(draft(&round.to_string())).await;
        let job = it.only_job().await;
        let claim = it.claim(&job).await;
        let later = it.now() + MINUTE;
        let wish = if round % 4 < 2 { Wish::Bury { notify: false } } else { Wish::Postpone(later) };
        let (claimed, steered) = if round % 2 == 0 {
            tokio::join!(it.store.claim(vec![claim]), it.store.steer(Scope::All, id, wish, "a.verb", who()))
        } else {
            let (steered, claimed) = tokio::join!(
                it.store.steer(Scope::All, id, wish, "a.verb", who()),
                it.store.claim(vec![claim])
            );
            (claimed, steered)
        };
        let status = detail(&it, id).await.notification.status.known().unwrap();
        match claimed.unwrap()[..] {
            [Verdict::Applied] => {
                won[0] += 1;
                assert_eq!(steered.unwrap(), Steered::Refused(Refusal::Sending(wish.done())));
                assert_eq!(status, Status::Sending);
            }
            [Verdict::SomeoneElses] => {
                won[1] += 1;
                assert_eq!(steered.unwrap(), Steered::Applied(status));
                let buried = matches!(wish, Wish::Bury { .. });
                assert_eq!(status, if buried { Status::Failed } else { Status::Pending });
            }
            ref other => panic!("{other:?}"),
        }
    }
    assert!(won.iter().all(|won| *won > 0), "each came first at times: {won:?}");
}

pub async fn a_moved_retry_keeps_its_delay_when_the_clock_is_set(it: Opened) {
    let id = it.accept(draft("one")).await;
    tried(&it, |end| end, Transition::retry_at(it.now() + MINUTE, "transient")).await;
    let later = scheduled(&it, it.now() + 5 * MINUTE).await;
    it.set_clock(3_600);
    // What was asked for by the clock goes by the clock, and has its time now; a delay stays one.
    assert_eq!(
        steer(&it, id, Wish::Postpone(it.now() + 2 * MINUTE)).await,
        Steered::Applied(Status::Retrying)
    );
    assert_eq!(it.store.release(it.now(), 10).await.unwrap().count, 1);
    assert_eq!(it.only_job().await.id, later);
    it.set_clock(-7_200);
    it.turn(2 * MINUTE);
    assert_eq!(it.store.release(it.now(), 10).await.unwrap().count, 1);
    assert_eq!(it.queued().await.len(), 2);
}
