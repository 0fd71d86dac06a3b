//! A service is removed when nothing of it is under way, and what it sent goes or stays.

use super::fakes::{Refused, because, dry, furnished, plain, sent, soon};
use notify_proto::ErrorCode::{Conflict, NotFound};
use notify_proto::audit::AuditRequest;
use notify_proto::filter::Filter;
use notify_proto::{NotificationId, Open, Status};
use notifyd_store::Store as _;

fn acme() -> String {
    "acme".to_owned()
}

#[tokio::test]
async fn a_service_goes_when_nothing_of_it_is_under_way() {
    let (house, admin) = furnished().await;
    let id = sent(&admin, "hello").await;
    for change in [plain(), dry()] {
        let refused = admin.service_delete(soon(), acme(), false, change).await.unwrap().unwrap_err();
        assert_eq!(refused.code, Conflict);
        assert!(refused.message.contains("1 notifications that have not come to their end"), "{refused:?}");
        assert!(refused.hint.unwrap().contains("notification cancel --filter service:acme"));
    }
    admin.notification_cancel(soon(), vec![id], plain()).await.unwrap().unwrap();
    let hook = super::webhooks::hook(&admin).await;
    let would = admin.service_delete(soon(), acme(), false, dry()).await.unwrap().unwrap();
    assert_eq!((would.notifications, would.webhooks, would.history_kept), (1, 1, false));
    assert!(admin.service_show(soon(), acme()).await.unwrap().unwrap().active, "a dry run changes nothing");
    let by_id = would.service.id.to_string();
    let done = admin.service_delete(soon(), by_id, false, because("moved away")).await.unwrap().unwrap();
    assert_eq!(done, would);
    assert_eq!(admin.service_show(soon(), acme()).await.code(), NotFound);
    assert_eq!(admin.service_delete(soon(), acme(), false, plain()).await.code(), NotFound);
    assert_eq!(admin.webhook_show(soon(), hook.id).await.code(), NotFound);
    house.store.sweep(house.room.now()).await.unwrap();
    let counts = admin.notification_count(soon(), Filter::default()).await.unwrap().unwrap();
    assert_eq!(counts.values().sum::<u64>(), 0, "{counts:?}");
    let rows = admin.audit_list(soon(), AuditRequest::default()).await.unwrap().unwrap().items;
    let row = &rows[0];
    assert_eq!((row.verb.as_str(), row.target.as_str()), ("service.delete", "acme"));
    assert_eq!(row.reason.as_deref(), Some("moved away"));
}

#[tokio::test]
async fn what_is_kept_is_shown_and_is_not_sent_again() {
    let (house, admin) = furnished().await;
    let dead: NotificationId = sent(&admin, "hello").await;
    admin.notification_bury(soon(), vec![dead], false, plain()).await.unwrap().unwrap();
    let done = admin.service_delete(soon(), acme(), true, plain()).await.unwrap().unwrap();
    assert!(done.history_kept && done.notifications == 1);
    house.store.sweep(house.room.now()).await.unwrap();
    let shown = admin.notification_show(soon(), dead, false).await.unwrap().unwrap().notification;
    assert_eq!((shown.service_name.as_str(), shown.status), ("acme", Open::Known(Status::Failed)));
    for change in [plain(), dry()] {
        let answers = admin.notification_retry(soon(), vec![dead], None, change).await.unwrap().unwrap();
        let refused = answers[0].result.as_ref().unwrap_err();
        assert!(refused.code == Conflict && refused.message.contains("was removed"), "{refused:?}");
    }
    let row = admin.audit_list(soon(), AuditRequest::default()).await.unwrap().unwrap().items;
    assert!(row.iter().any(|row| row.target == "acme, what it sent is kept"), "{row:?}");
}
