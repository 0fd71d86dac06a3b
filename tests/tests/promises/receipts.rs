//! R1 for receipts: whatever step the daemon dies at, a receipt that was written down is settled, once; one that was not
//! is as if it had never been said.

use notify_proto::view::NotificationDetail;
use notify_proto::{DeliveryProof, FailureReason, Open, ReceiptStatus, Status};
use notify_tests::control::Control;
use notify_tests::daemon::{Builder, Daemon};
use notify_tests::pump::message;
use serde_json::{Value, json};

/// The story, once it has come to this: each step says so in the log.
async fn until(
    daemon: &mut Daemon,
    id: &str,
    wanted: impl Fn(&NotificationDetail) -> bool,
) -> NotificationDetail {
    let control = Control::connect(&daemon.builder().socket()).await.unwrap();
    loop {
        let detail = control.story(id.parse().unwrap()).await.unwrap();
        if wanted(&detail) {
            return detail;
        }
        daemon.wait_for_log(|line| line["notification_id"] == id);
    }
}

fn proved(detail: &NotificationDetail) -> bool {
    detail.notification.delivery_proof.as_ref().and_then(Open::known) == Some(DeliveryProof::Receipt)
}

/// Sends one through a daemon that dies at this step, which it comes to because of the receipt. The next one, which says no
/// more of it.
async fn dies_at(at: &str, receipt: &Value) -> (Daemon, String) {
    let builder = Builder::new();
    let daemon = builder.start();
    let key = daemon.service("acme");
    daemon.mock("tells", &json!({"receipt": receipt}), &[]);
    let builder = daemon.kill();
    let mut daemon = builder.clone().env("NOTIFYD_FAIL_POINT", at).start();
    // The answer may be lost with the daemon.
    let _ = daemon.client(&key).await.post("/api/v1/sms", &message()).await;
    let status = daemon.wait();
    assert_eq!(status.code(), None, "{at}: it was to be killed, but {status}: {}", daemon.log());
    let daemon = builder.start();
    let id = daemon.ctl().ok(&["notification", "list", "--all", "--output", "id"]).trim().to_owned();
    (daemon, id)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receipt_that_was_written_down_is_settled_once_whatever_dies() {
    for at in ["receipt.committed", "settle.written", "settle.committed"] {
        // It comes when the attempt is long recorded, or at the same moment.
        for after in [0, 50] {
            let (mut daemon, id) = dies_at(at, &json!({"after_ms": after})).await;
            let detail = until(&mut daemon, &id, proved).await;
            let confirmed = detail.events.iter().filter(|it| it.event == "confirmed").count();
            assert_eq!(confirmed, 1, "{at}: {detail:#?}");
            let told = daemon.ctl().ok(&["notification", "explain", &id]);
            assert!(told.contains("it was confirmed by a receipt after"), "{at}: {told}");
            // The receipt may have come before its attempt was recorded; then that is in doubt and made again.
            let once = detail.attempts.len() == 1;
            assert!(once || detail.notification.possible_duplicate, "{at}: {detail:#?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_did_not_arrive_is_a_dead_letter_after_a_death_as_well() {
    let receipt = json!({"after_ms": 50, "says": "undelivered", "reason": "handset is off"});
    let (mut daemon, id) = dies_at("receipt.committed", &receipt).await;
    let failed = |it: &NotificationDetail| it.notification.status.known() == Some(Status::Failed);
    let detail = until(&mut daemon, &id, failed).await;
    let reason = detail.notification.failure_reason.as_ref().and_then(Open::known);
    assert_eq!(reason, Some(FailureReason::Undelivered), "{detail:#?}");
    let dead = daemon.ctl().ok(&["dead", "list", "--filter", "reason:undelivered", "--output", "id"]);
    assert_eq!(dead.trim(), id);
    let told = daemon.ctl().ok(&["notification", "explain", &id]);
    assert!(told.contains("a receipt says that it was not delivered after all"), "{told}");
    assert!(told.contains("handset is off"), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_was_not_written_down_was_never_said() {
    let (mut daemon, id) = dies_at("receipt.written", &json!({"after_ms": 500})).await;
    let detail = until(&mut daemon, &id, |it| it.notification.delivery_proof.is_some()).await;
    if detail.attempts.len() > 1 {
        println!(
            "skipped: the log took longer than half a second for the outcome, so the attempt was made again"
        );
        return;
    }
    let receipt = detail.attempts[0].receipt.as_ref().and_then(Open::known);
    assert_eq!(receipt, Some(ReceiptStatus::Awaited), "{detail:#?}");
    let told = daemon.ctl().ok(&["notification", "explain", &id]);
    assert!(told.contains("no receipt yet"), "{told}");
}
