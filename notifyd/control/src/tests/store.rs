//! The log as a whole, and the configuration.

use super::fakes::{Refused, because, dry, house as plain_house, plain, soon};
use super::upkeep::house;
use crate::refuse;
use notify_proto::ErrorCode::{Conflict, Failed, Invalid, Unavailable};
use notify_proto::audit::AuditRequest;
use notify_proto::control::{ControlClient, Role};
use notify_proto::upkeep::{OperationState, PruneRequest};
use notify_proto::{Open, Status};
use notifyd_lifecycle::Clock as _;
use notifyd_store::{Cause, StoreError};

fn request(statuses: &[Status], expect: Option<u64>) -> PruneRequest {
    let before = super::fakes::StoppedClock.now() - chrono::TimeDelta::days(90);
    PruneRequest { before, statuses: statuses.iter().map(|it| (*it).into()).collect(), expect }
}

async fn refused(admin: &ControlClient, request: PruneRequest) -> String {
    let error = admin.store_prune(soon(), request, plain()).await.unwrap().unwrap_err();
    assert_eq!(error.code, Invalid, "{error:?}");
    error.message
}

#[tokio::test]
async fn a_backup_lies_where_it_was_asked_for() {
    let house = plain_house();
    let admin = house.admin().await;
    let file = house.dir.path().join("mine.db").display().to_string();
    for asked in [Some(file.clone()), None] {
        let began = admin.store_backup(soon(), asked.clone(), because("before the move")).await.unwrap();
        let view = admin.operation_show(soon(), began.unwrap().unwrap().id, 60).await.unwrap().unwrap();
        assert_eq!(view.state, OperationState::Done, "{view:?}");
        let path = view.path.unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().len(), view.bytes.unwrap());
        assert!(asked.as_ref().is_none_or(|asked| *asked == path));
        // A name of the usual kind gives way to what is there, a given one is refused.
        for change in [dry(), plain()] {
            let again = admin.store_backup(soon(), asked.clone(), change).await.unwrap();
            match &asked {
                Some(_) => assert_eq!(again.unwrap_err().code, Conflict, "and no operation is begun"),
                None => drop(again.unwrap()),
            }
        }
    }
    let begun = admin.operation_list(soon()).await.unwrap().unwrap();
    assert_eq!(begun.len(), 3, "{begun:?}");
    for it in begun {
        let view = admin.operation_show(soon(), it.id, 60).await.unwrap().unwrap();
        assert_eq!(view.state, OperationState::Done, "{view:?}");
    }
    let viewer = house.enter(Role::Viewer).await;
    let stats = viewer.store_stats(soon()).await.unwrap().unwrap();
    assert_eq!(stats.backups.len(), 2, "those in the usual place");
    assert!(stats.database_bytes > 0 && stats.disk_free_bytes > 0 && stats.refusing.is_none());
    for name in ["", "/", "..", "a/", "/tmp/a\nb"] {
        let error = admin.store_backup(soon(), Some(name.into()), plain()).await.unwrap().unwrap_err();
        assert!(error.code == Invalid && error.message.starts_with("path: "), "{name}: {error:?}");
    }
    let log = house.on_disk().await;
    assert!(log.contains("store.backup") && log.contains("before the move") && log.contains(&file));
}

#[tokio::test]
async fn only_final_notifications_of_some_age_can_be_removed() {
    let (house, upkeep) = house();
    let admin = house.admin().await;
    for status in Status::ALL.iter().filter(|status| !status.is_final()) {
        let message = refused(&admin, request(&[Status::Delivered, *status], None)).await;
        assert!(message.starts_with("status: ") && message.contains("is not final"), "{message}");
    }
    let unknown = PruneRequest { statuses: vec![Open::Unknown("lost".into())], ..request(&[], None) };
    assert!(refused(&admin, unknown).await.contains("lost is not final"));
    assert!(refused(&admin, request(&[], None)).await.contains("name at least one"));
    let young = PruneRequest { before: super::fakes::StoppedClock.now(), ..request(&[Status::Failed], None) };
    assert!(refused(&admin, young).await.starts_with("older_than: "));
    assert!(upkeep.pruned.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_prune_is_counted_and_then_confirmed_by_its_count() {
    let (house, upkeep) = house();
    let admin = house.admin().await;
    let both = [Status::Delivered, Status::Failed, Status::Failed];
    let counted = admin.store_prune(soon(), request(&both, None), dry()).await.unwrap().unwrap();
    assert_eq!((counted.by_status["delivered"], counted.by_status["failed"]), (4_000, 218));
    assert_eq!(counted.operation, None);
    let wrong = admin.store_prune(soon(), request(&both, Some(1)), plain()).await.unwrap().unwrap_err();
    assert!(wrong.code == Conflict && wrong.message.contains("4218 would be removed, not 1"), "{wrong:?}");
    assert!(admin.operation_list(soon()).await.unwrap().unwrap().is_empty(), "nothing was begun");
    upkeep.go.add_permits(1);
    let begun = admin.store_prune(soon(), request(&both, Some(4_218)), plain()).await.unwrap().unwrap();
    let view = admin.operation_show(soon(), begun.operation.unwrap().id, 60).await.unwrap().unwrap();
    assert_eq!((view.result.as_deref(), view.removed), (Some("removed 4,218 notifications"), Some(4_218)));
    let pruned = upkeep.pruned.lock().unwrap().clone();
    assert_eq!(pruned.len(), 1);
    assert_eq!(pruned[0].before, request(&[], None).before, "what was counted is what is removed");
    assert_eq!(pruned[0].statuses, [Status::Delivered, Status::Failed]);
}

#[tokio::test]
async fn a_reload_says_what_changed_or_that_nothing_did() {
    let house = plain_house();
    let admin = house.admin().await;
    let would = admin.daemon_reload(soon(), dry()).await.unwrap().unwrap();
    assert_eq!(would.changed[0].to, "32");
    let rows = admin.audit_list(soon(), AuditRequest::default()).await.unwrap().unwrap().items;
    assert!(rows.is_empty(), "nothing was reloaded: {rows:?}");
    let done = admin.daemon_reload(soon(), because("more hands")).await.unwrap().unwrap();
    assert_eq!((done.changed[0].key.as_str(), done.needs_restart.len()), ("delivery.workers", 1));
    *house.reload.0.lock().unwrap() = Err("delivery.workers: 0 is too few".into());
    let error = admin.daemon_reload(soon(), plain()).await.unwrap().unwrap_err();
    assert_eq!(error.message, "delivery.workers: 0 is too few; nothing was changed");
    assert_eq!(error.code, Invalid);
    assert_eq!(admin.daemon_reload(soon(), dry()).await.code(), Invalid, "what a reload would refuse");
    assert!(house.on_disk().await.contains("more hands"));
}

#[tokio::test]
async fn every_call_is_counted_by_its_verb() {
    let house = plain_house();
    let admin = house.admin().await;
    admin.store_stats(soon()).await.unwrap().unwrap();
    admin.ping(soon()).await.unwrap().unwrap();
    admin.ping(soon()).await.unwrap().unwrap();
    let viewer = house.enter(Role::Viewer).await;
    viewer.store_check(soon(), plain()).await.unwrap().unwrap_err();
    let text = prometheus::TextEncoder::new().encode_to_string(&house.registry.gather()).unwrap();
    for line in [
        "# TYPE notifyd_control_calls_total counter",
        "notifyd_control_calls_total{verb=\"hello\"} 2",
        "notifyd_control_calls_total{verb=\"ping\"} 2",
        "notifyd_control_calls_total{verb=\"store_check\"} 1",
        "notifyd_control_calls_total{verb=\"store_stats\"} 1",
        "# TYPE notifyd_control_call_seconds histogram",
        "notifyd_control_call_seconds_count{verb=\"store_stats\"} 1",
    ] {
        assert!(text.lines().any(|it| it == line), "{line}\n{text}");
    }
}

#[test]
fn what_the_log_refuses_has_its_code_and_the_way_on() {
    for (error, code, hint) in [
        (StoreError::Latched(Cause::DiskLow), Unavailable, "store stats"),
        (StoreError::Slow, Failed, "narrow"),
        (StoreError::Busy("another copy of the log is being made"), Conflict, ""),
        (StoreError::Cancelled, Conflict, ""),
        (StoreError::NoRoom { path: "/b".into(), free_mib: 1, needed_mib: 9 }, Conflict, "another disk"),
        (StoreError::Exists { kind: "file", name: "b.db".into() }, Conflict, "another file"),
        (StoreError::Exists { kind: "service", name: "acme".into() }, Conflict, ""),
    ] {
        let said = error.to_string();
        let refusal = refuse::log(error);
        assert_eq!((refusal.code, &refusal.message), (code, &said));
        assert!(refusal.hint.clone().unwrap_or_default().contains(hint), "{refusal:?}");
    }
    let file = StoreError::Io {
        act: "could not create",
        path: "/none/b.db".into(),
        source: std::io::ErrorKind::NotFound.into(),
    };
    let refusal = refuse::log(file);
    assert!(refusal.code == Failed && refusal.message.contains("/none/b.db: "), "{refusal:?}");
}
