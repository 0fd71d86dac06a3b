use super::delivering::record;
use super::fixture::{Opened, draft, who};
use notify_proto::{Channel, FailureReason, NotificationId, Priority, Status};
use notifyd_lifecycle::Transition;
use notifyd_store::Scope;
use notifyd_store::api::{Changed, Edit, Verdict};
use std::time::Duration;

async fn status(it: &Opened, id: NotificationId) -> Status {
    let detail = it.store.notification(Scope::All, id).await.unwrap().unwrap();
    detail.notification.status.known().unwrap()
}

async fn fail(it: &Opened) -> NotificationId {
    let job = it.only_job().await;
    let claim = it.claim(&job).await;
    it.store.claim(vec![claim]).await.unwrap();
    let failed = record(it, &job, Transition::fail(FailureReason::Exhausted));
    assert_eq!(it.store.record(vec![failed]).await.unwrap(), [Verdict::Applied]);
    job.id
}

pub async fn a_revoked_one_is_not_claimed(it: Opened) {
    let id = it.accept(draft("one")).await;
    let job = it.only_job().await;
    assert_eq!(it.store.revoke(Scope::All, id, who()).await.unwrap(), Changed::Done(Status::Cancelled));
    let claim = it.claim(&job).await;
    assert_eq!(it.store.claim(vec![claim]).await.unwrap(), [Verdict::SomeoneElses]);
    assert_eq!(it.store.revoke(Scope::All, id, who()).await.unwrap(), Changed::Refused(Status::Cancelled));
    let nobody = NotificationId::from_bytes([0; 16]);
    assert_eq!(it.store.revoke(Scope::All, nobody, who()).await.unwrap(), Changed::NotFound);
}

pub async fn what_is_being_sent_cannot_be_revoked(it: Opened) {
    let id = it.accept(draft("one")).await;
    let job = it.only_job().await;
    let claim = it.claim(&job).await;
    it.store.claim(vec![claim]).await.unwrap();
    assert_eq!(it.store.revoke(Scope::All, id, who()).await.unwrap(), Changed::Refused(Status::Sending));
    assert_eq!(it.store.retry(Scope::All, id, who()).await.unwrap(), Changed::Refused(Status::Sending));
}

pub async fn a_dead_letter_starts_again(it: Opened) {
    it.accept(draft("one")).await;
    let id = fail(&it).await;
    assert_eq!(status(&it, id).await, Status::Failed);
    assert_eq!(it.store.retry(Scope::All, id, who()).await.unwrap(), Changed::Done(Status::Queued));
    let job = it.only_job().await;
    assert_eq!((job.retry_count, job.attempts), (0, 1));
    let claim = it.claim(&job).await;
    assert_eq!(it.store.claim(vec![claim]).await.unwrap(), [Verdict::Applied]);
    assert_eq!(
        it.store.record(vec![record(&it, &job, Transition::deliver())]).await.unwrap(),
        [Verdict::Applied]
    );
    let detail = it.store.notification(Scope::All, id).await.unwrap().unwrap();
    assert_eq!(detail.attempts.len(), 2);
    assert_eq!(detail.notification.failure_reason, None);
    assert_eq!(it.store.retry(Scope::All, id, who()).await.unwrap(), Changed::Refused(Status::Delivered));
}

pub async fn an_edit_changes_what_is_sent(it: Opened) {
    let id = it.accept(draft("one")).await;
    let stale = it.only_job().await;
    let edit = Edit {
        recipient: Some((
            notify_proto::send::Recipient::One("+15005550007".into()),
            [(Channel::Sms, vec!["+15005550007".into()])].into(),
        )),
        content: Some("two".into()),
        priority: Some(Priority::High),
        ..Edit::default()
    };
    assert_eq!(it.store.edit(Scope::All, id, edit).await.unwrap(), Changed::Done(Status::Queued));
    let claim = it.claim(&stale).await;
    assert_eq!(
        it.store.claim(vec![claim]).await.unwrap(),
        [Verdict::SomeoneElses],
        "the old content is not sent"
    );
    let job = it.only_job().await;
    assert_eq!(job.message.content.as_deref(), Some("two"));
    assert_eq!(job.message.addresses[&Channel::Sms], ["+15005550007"]);
    assert_eq!(job.group.priority, Priority::High);
    let later = Edit { scheduled_at: Some(it.now() + Duration::from_secs(60)), ..Edit::default() };
    assert_eq!(it.store.edit(Scope::All, id, later).await.unwrap(), Changed::Done(Status::Pending));
    assert!(it.queued().await.is_empty());
    it.turn(Duration::from_secs(60));
    assert_eq!(it.store.release(it.now(), 10).await.unwrap().count, 1);
    fail(&it).await;
    let refused = it.store.edit(Scope::All, id, Edit::default()).await.unwrap();
    assert_eq!(refused, Changed::Refused(Status::Failed));
}

pub async fn the_sweep_removes_only_old_final_ones(it: Opened) {
    let waiting = it.accept(draft("waits")).await;
    it.store
        .edit(
            Scope::All,
            waiting,
            Edit { scheduled_at: Some(it.now() + Duration::from_secs(86_400 * 300)), ..Edit::default() },
        )
        .await
        .unwrap();
    it.accept(draft("old")).await;
    let old = fail(&it).await;
    it.turn(Duration::from_secs(86_400 * 20));
    it.accept(draft("young")).await;
    let young = fail(&it).await;
    assert_eq!(it.store.sweep(it.now()).await.unwrap().notifications, 0);
    it.turn(Duration::from_secs(86_400 * 10 + 1));
    assert_eq!(it.store.sweep(it.now()).await.unwrap().notifications, 1);
    assert!(it.store.notification(Scope::All, old).await.unwrap().is_none());
    assert_eq!(status(&it, young).await, Status::Failed);
    assert_eq!(status(&it, waiting).await, Status::Pending);
    assert_eq!(it.store.counts().0.iter().sum::<u64>(), 2);
    let it = it.restart().await;
    assert_eq!(it.store.counts().0.iter().sum::<u64>(), 2);
}
