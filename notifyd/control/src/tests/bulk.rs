//! Changes of all that match: counted as they are done, refused when the count is another, told without addresses.

use super::fakes::{House, Refused, StoppedClock, because, dry, furnished, plain, sent, soon};
use crate::deps::Deps;
use crate::metrics::Metrics;
use crate::session::Room;
use notify_proto::ErrorCode::{Conflict, Invalid, NotFound};
use notify_proto::bulk::{Again, BulkRequest, BulkView, Expect};
use notify_proto::control::{ControlClient, Limit, Role};
use notify_proto::filter::Filter;
use notify_proto::upkeep::OperationState;
use notify_proto::{AttemptStatus, BulkOp, Channel, FailureReason, NotificationId, Open, Timestamp};
use notifyd_lifecycle::decide::Progress;
use notifyd_lifecycle::{Clock, Transition};
use notifyd_store::Store as _;
use notifyd_store::api::{AttemptEnd, Claim, Record};
use std::sync::Arc;

/// All that match `*`.
pub(super) fn bulk(op: BulkOp) -> BulkRequest {
    of(op, "*")
}

pub(super) fn of(op: BulkOp, filter: &str) -> BulkRequest {
    let filter = Filter::parse(filter, StoppedClock.now()).unwrap();
    BulkRequest {
        again: Again::default(),
        op: op.into(),
        filter,
        until: None,
        notify: false,
        cutoff: None,
        expect: None,
        limit: None,
        rate_per_second: Limit::Keep,
    }
}

/// A second later, so that what was done before lies before a cut-off.
struct LaterClock;

impl Clock for LaterClock {
    fn now(&self) -> Timestamp {
        StoppedClock.now() + chrono::TimeDelta::seconds(1)
    }
}

/// A house with three dead letters, two of one fault, and one that waits, seen a second later.
async fn graveyard() -> (House, ControlClient, Vec<NotificationId>) {
    let (mut house, admin) = furnished().await;
    let mut ids = Vec::new();
    for error in ["to +15005550006: timeout after 5 s", "to +15005550006: timeout after 6 s", "refused"] {
        ids.push(sent(&admin, &format!("a letter about {error}")).await);
        fails(&house, error).await;
    }
    ids.push(sent(&admin, "waits").await);
    let admin = a_second_later(&mut house).await;
    (house, admin, ids)
}

/// The house as it is a second later; nothing in it moves meanwhile.
pub(super) async fn a_second_later(house: &mut House) -> ControlClient {
    let deps = Deps { clock: Arc::new(LaterClock), ..house.deps.clone() };
    let metrics = Metrics::register(&prometheus::Registry::new()).unwrap();
    house.room = Arc::new(Room::new(deps, "/run/notifyd/control.sock".into(), metrics));
    house.admin().await
}

/// The one that is queued fails with this error.
async fn fails(house: &House, error: &str) {
    let line = house.store.backlog().await.unwrap().remove(0);
    let job = house.store.load(line, 0, 1, usize::MAX).await.unwrap().remove(0);
    let provider = house.store.directory().find_provider("mock").unwrap().id;
    let at = StoppedClock.now();
    let (channel, skipped) = (Channel::Sms, vec![]);
    let claim =
        Claim { seq: job.seq, fence: job.fence, attempts: 0, at, channel, provider, skipped, retries: None };
    house.store.claim(vec![claim]).await.unwrap();
    let record = Record {
        seq: job.seq,
        id: job.id,
        group: job.group,
        fence: job.fence + 1,
        at,
        attempt: Some(AttemptEnd {
            number: 1,
            provider,
            channel,
            status: AttemptStatus::Failed,
            class: "transient",
            message: Some(error.to_owned()),
            external_id: None,
            simulated: true,
            awaits_receipt: false,
        }),
        skipped: vec![],
        attempts: 1,
        transition: Transition::fail(FailureReason::Exhausted),
        progress: Progress::default(),
        lane: "sms".into(),
        possible_duplicate: false,
    };
    house.store.record(vec![record]).await.unwrap();
}

pub(super) async fn ask(admin: &ControlClient, request: BulkRequest) -> BulkView {
    admin.notification_bulk(soon(), Box::new(request), because("carrier is back")).await.unwrap().unwrap()
}

/// The engine of this house has no wheels: takes the steps it would take.
pub(super) async fn turn(house: &House) {
    for operation in house.store.operations().moving().await.unwrap() {
        house.store.operations().advance(operation.no, 500).await.unwrap();
    }
}

#[tokio::test]
async fn a_dry_run_counts_what_is_then_done() {
    let (house, admin, ids) = graveyard().await;
    let counted =
        admin.notification_bulk(soon(), Box::new(bulk(BulkOp::Retry)), dry()).await.unwrap().unwrap();
    assert_eq!((counted.total, counted.by_status["failed"], counted.by_service["acme"]), (3, 3, 3));
    assert_eq!((counted.samples.as_slice(), counted.refused), (&ids[..3], 0));
    assert_eq!((counted.rate_per_second, counted.cutoff), (Some(200.0), LaterClock.now()));
    assert_eq!(counted.operation, None);
    assert!(admin.operation_list(soon()).await.unwrap().unwrap().is_empty());
    let request = BulkRequest {
        cutoff: Some(counted.cutoff),
        expect: Some(Expect { count: 3, percent: 0 }),
        rate_per_second: Limit::Lift,
        ..bulk(BulkOp::Retry)
    };
    let begun = ask(&admin, request).await.operation.unwrap();
    assert_eq!(
        (begun.verb.as_str(), begun.state, begun.total),
        ("notification.retry", OperationState::Running, 3)
    );
    assert_eq!((begun.filter.as_deref(), begun.rate_per_second), (Some("status:failed"), None));
    let waiting = {
        let (admin, id) = (admin.clone(), begun.id.clone());
        tokio::spawn(async move { admin.operation_show(soon(), id, 60).await.unwrap().unwrap() })
    };
    turn(&house).await;
    let ended = waiting.await.unwrap();
    assert_eq!((ended.state, ended.done, ended.refused), (OperationState::Done, 3, 0));
    assert_eq!(ended.result.as_deref(), Some("3 notifications retried"));
    assert_eq!(ended.reason.as_deref(), Some("carrier is back"));
    let counts = admin.notification_count(soon(), Filter::default()).await.unwrap().unwrap();
    assert_eq!((counts["queued"], counts["failed"]), (4, 0));
    assert!(house.on_disk().await.contains("3 matching status:failedcarrier is back"));
}

#[tokio::test]
async fn another_count_than_expected_changes_nothing() {
    let (house, admin, _) = graveyard().await;
    let expecting = |count, percent| {
        let expect = Some(Expect { count, percent });
        BulkRequest { expect, ..bulk(BulkOp::Retry) }
    };
    for change in [plain(), dry()] {
        let refused =
            admin.notification_bulk(soon(), Box::new(expecting(4, 0)), change).await.unwrap().unwrap_err();
        assert_eq!(refused.message, "3 match, not 4; nothing was changed");
        assert_eq!(refused.code, Conflict);
    }
    assert_eq!(admin.notification_bulk(soon(), Box::new(expecting(4, 20)), plain()).await.code(), Conflict);
    assert!(house.store.operations().list(1).await.unwrap().is_empty());
    assert!(ask(&admin, expecting(4, 25)).await.operation.is_some());
    let none = ask(&admin, of(BulkOp::Retry, "service:nobody")).await;
    assert_eq!((none.total, none.operation), (0, None));
}

#[tokio::test]
async fn what_cannot_be_asked_for_is_refused() {
    let (_house, admin, _) = graveyard().await;
    let mut strange = bulk(BulkOp::Retry);
    strange.op = Open::Unknown("polish".into());
    let slow = BulkRequest { rate_per_second: Limit::Set(0.0), ..bulk(BulkOp::Retry) };
    let none = BulkRequest { limit: Some(0), ..bulk(BulkOp::Retry) };
    for (request, field) in [(strange, "op:"), (slow, "rate:"), (none, "limit:")] {
        let error = admin.notification_bulk(soon(), Box::new(request), plain()).await.unwrap().unwrap_err();
        assert!(error.code == Invalid && error.message.starts_with(field), "{error:?}");
    }
    // A cut-off that lies ahead is now.
    let ahead =
        BulkRequest { cutoff: Some(LaterClock.now() + chrono::TimeDelta::days(1)), ..bulk(BulkOp::Cancel) };
    let counted = admin.notification_bulk(soon(), Box::new(ahead), dry()).await.unwrap().unwrap();
    assert_eq!((counted.cutoff, counted.by_status["queued"]), (LaterClock.now(), 1));
}

#[tokio::test]
async fn it_is_given_up_at_once_and_tells_how_far_it_came() {
    let (house, admin, _) = graveyard().await;
    let begun = ask(&admin, bulk(BulkOp::Retry)).await.operation.unwrap();
    house.store.operations().advance(1, 2).await.unwrap();
    admin.operation_cancel(soon(), begun.id.clone(), dry()).await.unwrap().unwrap();
    let now = admin.operation_show(soon(), begun.id.clone(), 0).await.unwrap().unwrap();
    assert_eq!((now.state, now.done), (OperationState::Running, 2));
    let ended =
        admin.operation_cancel(soon(), begun.id.clone(), because("too early")).await.unwrap().unwrap();
    assert_eq!(ended.state, OperationState::Cancelled);
    assert_eq!(ended.result.as_deref(), Some("given up after 2 of 3 were retried"));
    turn(&house).await;
    assert_eq!(admin.operation_cancel(soon(), begun.id.clone(), plain()).await.code(), Conflict);
    let shown = admin.operation_show(soon(), begun.id, 60).await.unwrap().unwrap();
    assert_eq!(shown, ended);
    assert!(house.on_disk().await.contains("operation.cancelop_1too early"));
}

#[tokio::test]
async fn nobody_reads_an_address_in_what_was_asked_for() {
    let (house, admin, _) = graveyard().await;
    let begun = ask(&admin, of(BulkOp::Retry, "to:+15005550006")).await.operation.unwrap();
    let viewer = house.enter(Role::Viewer).await;
    let listed = viewer.operation_list(soon()).await.unwrap().unwrap();
    assert_eq!(listed, [begun]);
    assert!(!format!("{listed:?}").contains("+15005550006"), "{listed:?}");
    let groups = viewer.dead_group(soon(), Filter::default()).await.unwrap().unwrap();
    assert!(!format!("{groups:?}").contains("+15005550006"), "{groups:?}");
}

#[tokio::test]
async fn dead_letters_are_grouped_and_discarded() {
    let (house, admin, ids) = graveyard().await;
    let found = admin.dead_group(soon(), Filter::default()).await.unwrap().unwrap();
    assert_eq!((found.groups.len(), found.elsewhere, found.scanned, found.partial), (2, 0, 3, false));
    let first = &found.groups[0];
    assert_eq!((first.count, first.sample, first.provider_name.as_deref()), (2, ids[1], Some("mock")));
    assert!(first.error.as_deref().unwrap().ends_with("timeout after <n> s"), "{first:?}");
    assert_eq!(first.reason, Some(FailureReason::Exhausted.into()));

    let verdicts = admin.dead_discard(soon(), vec![ids[2], ids[3]], dry()).await.unwrap().unwrap();
    assert_eq!(verdicts[0].result.as_ref().unwrap().to_string(), "discarded");
    assert_eq!(verdicts[1].result.as_ref().unwrap_err().message, "it is queued and cannot be discarded");
    let again = admin.dead_discard(soon(), vec![ids[2], ids[3]], because("a test")).await.unwrap().unwrap();
    assert_eq!(again, verdicts, "the dry run said so");
    let gone = admin.dead_discard(soon(), vec![ids[2]], plain()).await.unwrap().unwrap();
    assert_eq!(gone[0].result.as_ref().unwrap_err().code, NotFound);

    let request = of(BulkOp::Discard, &format!("fault:{}", first.fault));
    let begun = ask(&admin, request).await.operation.unwrap();
    assert_eq!(begun.verb, "dead.discard");
    turn(&house).await;
    let ended = admin.operation_show(soon(), begun.id, 60).await.unwrap().unwrap();
    assert_eq!((ended.removed, ended.result.as_deref()), (Some(2), Some("2 notifications discarded")));
    let counts = admin.notification_count(soon(), Filter::default()).await.unwrap().unwrap();
    assert_eq!((counts["queued"], counts["failed"]), (1, 0));
    let log = house.on_disk().await;
    assert!(log.contains(&format!("dead.discard{}a test", ids[2])));
    assert!(log.contains("dead.discard2 matching fault:"), "audited with the count");
}
