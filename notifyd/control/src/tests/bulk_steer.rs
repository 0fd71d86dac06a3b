//! Wishes for all that match: told what they would come to, refused when no moment suits, in the story of each.

use super::bulk::{a_second_later, ask, of, turn};
use super::fakes::{House, StoppedClock, dry, furnished, plain, sent, soon};
use super::schedule::scheduled;
use chrono::TimeDelta;
use notify_proto::ErrorCode::Invalid;
use notify_proto::bulk::{Again, BulkRequest, BulkView};
use notify_proto::control::ControlClient;
use notify_proto::filter::Filter;
use notify_proto::upkeep::OperationState;
use notify_proto::{BulkOp, NotificationId, Timestamp};
use notifyd_lifecycle::Clock as _;
use notifyd_store::Store as _;

fn at(minutes: i64) -> Timestamp {
    StoppedClock.now() + TimeDelta::minutes(minutes)
}

fn wish(op: BulkOp, filter: &str, until: Option<Timestamp>) -> BulkRequest {
    BulkRequest { until, ..of(op, filter) }
}

/// A house with one that is queued, one that waits for ten minutes, and one that waits for an hour; seen a second later.
async fn waiting_room() -> (House, ControlClient, [NotificationId; 3]) {
    let (mut house, admin) = furnished().await;
    let ids = [sent(&admin, "now").await, scheduled(&admin, 10).await, scheduled(&admin, 60).await];
    let admin = a_second_later(&mut house).await;
    (house, admin, ids)
}

async fn count(admin: &ControlClient, request: BulkRequest) -> BulkView {
    admin.notification_bulk(soon(), Box::new(request), dry()).await.unwrap().unwrap()
}

#[tokio::test]
async fn what_is_postponed_is_what_was_counted_and_the_rest_says_why() {
    let (house, admin, ids) = waiting_room().await;
    let request = wish(BulkOp::Postpone, "service:acme", Some(at(30)));
    let counted = count(&admin, request.clone()).await;
    assert_eq!((counted.by_status["queued"], counted.by_status["pending"]), (1, 2));
    assert_eq!((counted.refused, counted.rate_per_second, counted.operation.as_ref()), (1, None, None));
    let begun = ask(&admin, request.clone()).await.operation.unwrap();
    assert_eq!((begun.verb.as_str(), begun.total), ("notification.postpone", 3));
    assert_eq!(begun.filter.as_deref(), Some("service:acme status:scheduled,queued,retrying"));
    turn(&house).await;
    let ended = admin.operation_show(soon(), begun.id, 60).await.unwrap().unwrap();
    assert_eq!((ended.state, ended.done, ended.refused), (OperationState::Done, 2, 1));
    let until = "until 2027-01-15T08:30:00.000Z";
    assert_eq!(ended.result, Some(format!("2 notifications postponed {until}, 1 refused")));
    let why = &ended.refusals[0];
    assert_eq!(why.id, ids[2]);
    assert!(why.message.starts_with("its time is 2027-01-15T09:00:00.000Z already"), "{why:?}");
    for id in &ids[..2] {
        let told = admin.notification_show(soon(), *id, false).await.unwrap().unwrap();
        assert_eq!(told.notification.next_attempt_at, Some(at(30)));
        let last = told.events.last().unwrap();
        let detail = format!("op_1: {until}: carrier is back");
        assert_eq!((last.event.as_str(), last.detail.as_deref()), ("postponed", Some(detail.as_str())));
    }
    let target = format!("3 matching service:acme status:scheduled,queued,retrying {until}carrier is back");
    assert!(house.on_disk().await.contains(&target), "audited with its moment");
    assert_eq!(count(&admin, request).await.total, 1, "what is so already does not match again");
}

#[tokio::test]
async fn each_kind_keeps_to_what_it_can_change() {
    let (house, admin, ids) = waiting_room().await;
    let totals = |view: BulkView| (view.total, view.refused);
    let moved = wish(BulkOp::Move, "*", Some(at(5)));
    assert_eq!(totals(count(&admin, moved.clone()).await), (2, 0));
    let queued_too = wish(BulkOp::Move, "status:queued,pending", Some(at(5)));
    assert_eq!(totals(count(&admin, queued_too).await), (3, 1));
    let begun = ask(&admin, moved).await.operation.unwrap();
    turn(&house).await;
    let ended = admin.operation_show(soon(), begun.id, 60).await.unwrap().unwrap();
    let result = "2 notifications moved to 2027-01-15T08:05:00.000Z";
    assert_eq!((ended.verb.as_str(), ended.result.as_deref()), ("schedule.move", Some(result)));

    let run = BulkRequest { limit: Some(1), ..of(BulkOp::Run, "*") };
    let counted = count(&admin, run.clone()).await;
    assert_eq!((counted.total, counted.rate_per_second), (2, Some(200.0)), "it goes to providers");
    let begun = ask(&admin, run).await.operation.unwrap();
    assert_eq!((begun.verb.as_str(), begun.total), ("schedule.run", 1));
    turn(&house).await;
    let counts = admin.notification_count(soon(), Filter::default()).await;
    assert_eq!(counts.unwrap().unwrap()["queued"], 2);

    let begun = ask(&admin, of(BulkOp::Bury, "service:acme")).await.operation.unwrap();
    turn(&house).await;
    let ended = admin.operation_show(soon(), begun.id, 60).await.unwrap().unwrap();
    assert_eq!((ended.verb.as_str(), ended.done, ended.removed), ("notification.bury", 3, None));
    assert_eq!(ended.result.as_deref(), Some("3 notifications buried"));
    let told = admin.notification_show(soon(), ids[0], false).await.unwrap().unwrap();
    assert_eq!(told.events.last().unwrap().detail.as_deref(), Some("op_3: carrier is back"));
    let none = ask(&admin, of(BulkOp::Bury, "service:acme")).await;
    assert_eq!((none.total, none.operation), (0, None));
}

#[tokio::test]
async fn a_moment_that_suits_nobody_is_refused_before_anything_is_counted() {
    let (house, admin, _) = waiting_room().await;
    let far = at(60 * 24 * 367);
    let again = Again { reset_attempts: true, ..Again::default() };
    let past = Again { at: Some(at(-1)), ..Again::default() };
    for (request, word) in [
        (of(BulkOp::Postpone, "*"), "until: to postpone, give the moment"),
        (of(BulkOp::Move, "*"), "until: to move, give the moment"),
        (wish(BulkOp::Bury, "*", Some(at(5))), "until: to bury takes no moment"),
        (wish(BulkOp::Cancel, "*", Some(at(5))), "until: to cancel takes no moment"),
        (wish(BulkOp::Postpone, "*", Some(at(-1))), "has passed; give a time ahead"),
        (wish(BulkOp::Move, "*", Some(far)), "is too far ahead"),
        (BulkRequest { notify: true, ..of(BulkOp::Cancel, "*") }, "notify: it is for burials alone"),
        (BulkRequest { again: again.clone(), ..of(BulkOp::Run, "*") }, "again: it is for retries alone"),
        (BulkRequest { again: past, ..of(BulkOp::Retry, "*") }, "has passed; give a time ahead"),
    ] {
        for change in [plain(), dry()] {
            let asked = admin.notification_bulk(soon(), Box::new(request.clone()), change);
            let error = asked.await.unwrap().unwrap_err();
            assert!(error.code == Invalid && error.message.contains(word), "{error:?}");
        }
    }
    assert!(house.store.operations().list(1).await.unwrap().is_empty());
}
