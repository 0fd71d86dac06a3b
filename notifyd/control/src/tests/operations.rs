//! Long work: it goes on without its caller, takes turns, is waited for, and can be given up.

use super::fakes::{Refused, because, plain, soon};
use super::upkeep::house;
use notify_proto::ErrorCode::{Conflict, Failed, NotFound, Unavailable};
use notify_proto::control::{ControlClient, Role};
use notify_proto::upkeep::{OperationState, OperationView};
use notifyd_store::StoreError;

async fn backup(client: &ControlClient) -> OperationView {
    client.store_backup(soon(), None, plain()).await.unwrap().unwrap().unwrap()
}

async fn ended(client: &ControlClient, id: &str) -> OperationView {
    client.operation_show(soon(), id.into(), 60).await.unwrap().unwrap()
}

#[tokio::test]
async fn it_goes_on_without_its_caller_and_a_second_of_its_kind_is_refused() {
    let (house, upkeep) = house();
    let first = house.admin().await;
    let began = backup(&first).await;
    assert_eq!(
        (began.id.as_str(), began.verb.as_str(), began.state),
        ("op_1", "store.backup", OperationState::Running)
    );
    assert_eq!(began.actor, "ada(uid 1000, pid 42)");
    drop(first);
    let admin = house.admin().await;
    let second = admin.store_backup(soon(), None, plain()).await.unwrap().unwrap_err();
    assert!(second.code == Conflict && second.message == "store.backup is under way as op_1", "{second:?}");
    assert!(second.hint.unwrap().contains("operation wait op_1"));
    assert_eq!(admin.store_check(soon(), plain()).await.code(), Conflict, "a check copies, too");
    let other = admin.store_compact(soon(), plain()).await.unwrap().unwrap().unwrap();
    assert_eq!(other.id, "op_2", "another kind goes beside it");
    upkeep.go.add_permits(2);
    let backup = ended(&admin, "op_1").await;
    assert_eq!(backup.state, OperationState::Done);
    assert_eq!(backup.result.as_deref(), Some("backup of 12.3 MiB written to usual.db"));
    assert_eq!((backup.path.as_deref(), backup.bytes), (Some("usual.db"), Some(12_897_485)));
    assert_eq!(ended(&admin, "op_2").await.result.as_deref(), Some("gave 1.5 GiB back; 0 B are unused now"));
    let viewer = house.enter(Role::Viewer).await;
    let ids = viewer.operation_list(soon()).await.unwrap().unwrap();
    assert_eq!(ids.iter().map(|it| it.id.as_str()).collect::<Vec<_>>(), ["op_2", "op_1"], "newest first");
    upkeep.go.add_permits(1);
    let third = admin.store_backup(soon(), None, plain()).await.unwrap().unwrap().unwrap();
    assert_eq!(ended(&admin, &third.id).await.state, OperationState::Done, "the turn is free again");
}

#[tokio::test]
async fn a_wait_ends_with_the_work_or_with_its_time() {
    let (house, upkeep) = house();
    let admin = house.admin().await;
    backup(&admin).await;
    let now = admin.operation_show(soon(), "op_1".into(), 0).await.unwrap().unwrap();
    assert_eq!(now.state, OperationState::Running);
    // Asked for longer than a call may take: the daemon ends it by its own bound, here by the end of the work.
    let waiting = {
        let client = admin.clone();
        tokio::spawn(async move { client.operation_show(soon(), "op_1".into(), u32::MAX).await })
    };
    upkeep.go.add_permits(1);
    assert_eq!(waiting.await.unwrap().unwrap().unwrap().state, OperationState::Done);
    assert_eq!(admin.operation_show(soon(), "op_7".into(), 0).await.code(), NotFound);
}

#[tokio::test]
async fn it_can_be_given_up_while_it_runs() {
    let (house, _upkeep) = house();
    let admin = house.admin().await;
    backup(&admin).await;
    let dry = notify_proto::control::Change { dry_run: true, ..plain() };
    admin.operation_cancel(soon(), "op_1".into(), dry).await.unwrap().unwrap();
    assert_eq!(
        admin.operation_show(soon(), "op_1".into(), 0).await.unwrap().unwrap().state,
        OperationState::Running
    );
    admin.operation_cancel(soon(), "op_1".into(), because("too slow")).await.unwrap().unwrap();
    let view = ended(&admin, "op_1").await;
    assert_eq!((view.state, view.error), (OperationState::Cancelled, None));
    assert_eq!(view.result.as_deref(), Some("cancelled after 1,000 of 4,218 pages"));
    assert!(view.finished_at.is_some() && view.path.is_none());
    assert_eq!(admin.operation_cancel(soon(), "op_1".into(), plain()).await.code(), Conflict, "it has ended");
    assert_eq!(admin.operation_cancel(soon(), "op_2".into(), plain()).await.code(), NotFound);
    let log = house.on_disk().await;
    assert!(log.contains("operation.cancel") && log.contains("too slow"));
}

#[tokio::test]
async fn every_way_to_fail_is_told() {
    let (house, upkeep) = house();
    let admin = house.admin().await;
    upkeep.go.add_permits(5);
    let taken = StoreError::Exists { kind: "file", name: "/b.db".into() };
    let small = StoreError::NoRoom { path: "/b".into(), free_mib: 1, needed_mib: 9 };
    for (fault, code, says) in
        [(taken, Conflict, "file /b.db exists already"), (small, Conflict, "1 MiB free")]
    {
        *upkeep.fault.lock().unwrap() = Some(fault);
        let id = backup(&admin).await.id;
        let view = ended(&admin, &id).await;
        let error = view.error.unwrap();
        assert_eq!((view.state, error.code), (OperationState::Failed, code));
        assert!(error.message.contains(says) && error.hint.is_some(), "{error:?}");
    }
    *upkeep.problems.lock().unwrap() = ["a", "b", "c", "d", "e"].map(|it| format!("page {it}")).to_vec();
    let id = admin.store_check(soon(), plain()).await.unwrap().unwrap().unwrap().id;
    let error = ended(&admin, &id).await.error.unwrap();
    assert_eq!(error.message, "the log is damaged: page a; page b; page c; and 2 more");
    assert!(error.hint.unwrap().contains("--restore"));
    upkeep.problems.lock().unwrap().clear();
    let id = admin.store_check(soon(), plain()).await.unwrap().unwrap().unwrap().id;
    assert_eq!(ended(&admin, &id).await.result.as_deref(), Some("the log is whole"));
    *upkeep.panics.lock().unwrap() = true;
    let id = backup(&admin).await.id;
    let view = ended(&admin, &id).await;
    assert_eq!((view.state, view.error.unwrap().code), (OperationState::Failed, Failed));
}

#[tokio::test]
async fn what_came_of_it_is_remembered_and_the_newest_are_listed() {
    let (house, upkeep) = house();
    let admin = house.admin().await;
    let running = admin.store_compact(soon(), plain()).await.unwrap().unwrap().unwrap().id;
    for _ in 0..210 {
        let id = backup(&admin).await.id;
        admin.operation_cancel(soon(), id.clone(), plain()).await.unwrap().unwrap();
        ended(&admin, &id).await;
    }
    let all = admin.operation_list(soon()).await.unwrap().unwrap();
    assert_eq!((all.len(), all[0].id.as_str(), all[199].id.as_str()), (200, "op_211", "op_12"));
    let first = admin.operation_show(soon(), "op_2".into(), 0).await.unwrap().unwrap();
    assert_eq!((first.state, first.target.as_str()), (OperationState::Cancelled, "the usual place"));
    let now = admin.operation_show(soon(), running.clone(), 0).await.unwrap().unwrap();
    assert_eq!((now.state, now.done, now.total), (OperationState::Running, 1_000, 4_218));
    upkeep.go.add_permits(1);
    assert_eq!(ended(&admin, &running).await.state, OperationState::Done);
    for id in ["op_x", "op_", "7", "op_-1", "op_99999999999999999999"] {
        assert_eq!(admin.operation_show(soon(), id.into(), 0).await.code(), NotFound, "{id}");
    }
}

#[tokio::test]
async fn a_daemon_that_stops_gives_it_up_and_takes_nothing_new() {
    let (house, _upkeep) = house();
    let admin = house.admin().await;
    backup(&admin).await;
    house.room.operations.close();
    house.room.operations.ended().await;
    assert_eq!(ended(&admin, "op_1").await.state, OperationState::Cancelled);
    assert_eq!(admin.store_check(soon(), plain()).await.code(), Unavailable);
}
