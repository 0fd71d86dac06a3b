//! What the mock says later, on paused time.

use super::*;
use crate::{Heard, Network, Sink, build};
use notify_proto::{NotificationId, ProviderId, Says};
use notifyd_lifecycle::Message;
use notifyd_lifecycle::clock::SystemClock;
use serde_json::{Value, json};
use tokio::sync::mpsc::Receiver;
use tokio::sync::mpsc::error::TryRecvError;
use tokio::time::Instant;

fn whose() -> ProviderId {
    ProviderId::from_bytes([3; 16])
}

fn id() -> NotificationId {
    NotificationId::from_parts(1, [0xab; 10])
}

/// A mock, and what it is heard to say.
fn mock(config: &Value) -> (Arc<dyn Provider>, Receiver<Heard>) {
    let (receipts, heard) = Sink::channel();
    let context =
        BuildContext { seed: 7, clock: Arc::new(SystemClock), receipts, network: Network::default() }
            .of(whose());
    (build("mock", config, None, &context).unwrap(), heard)
}

async fn call(provider: &Arc<dyn Provider>, attempt: u32, to: &str) -> Report {
    let message: Message = serde_json::from_value(json!({"recipient": to})).unwrap();
    let to = [to.to_owned()];
    provider
        .send(Call { notification: id(), attempt, channel: Channel::Sms, to: &to, message: &message })
        .await
}

#[tokio::test(start_paused = true)]
async fn a_receipt_comes_after_its_time_for_the_id_that_was_told() {
    let receipt = json!({"after_ms": 4_000, "says": "undelivered", "reason": "handset is off"});
    let (provider, mut heard) = mock(&json!({"latency_ms": 50, "receipt": receipt}));
    let report = call(&provider, 2, "+15005550006").await;
    assert!(report.awaits_receipt);
    let answered = Instant::now();
    let (provider, receipt) = heard.recv().await.unwrap();
    assert_eq!(answered.elapsed(), Duration::from_secs(4));
    let Outcome::Accepted { external_id: Some(told) } = report.outcome else { panic!("{report:?}") };
    assert_eq!((provider, receipt.of, receipt.says), (whose(), Reference::Message(told), Says::Undelivered));
    assert_eq!(receipt.reason.as_deref(), Some("handset is off"));
}

#[tokio::test(start_paused = true)]
async fn a_scene_has_its_own_and_one_that_never_comes_is_awaited() {
    let plan = json!({
        "recipients": [
            {"to": "+1*", "outcome": "accepted", "receipt": "never"},
            {"to": "+2*", "outcome": "accepted", "receipt": {"after_ms": {"min": 5, "max": 9}}},
            {"to": "+3*", "outcome": "transient"},
            {"to": "+4*", "outcome": "accepted"},
        ],
    });
    let (provider, mut heard) = mock(&json!({"plan": plan, "receipt": {"after_ms": 60_000}}));
    assert!(call(&provider, 1, "+1").await.awaits_receipt);
    assert!(!call(&provider, 1, "+3").await.awaits_receipt, "there is nothing to tell of it");
    for (to, within) in [("+2", 5..=9), ("+4", 60_000..=60_000)] {
        let start = Instant::now();
        assert!(call(&provider, 1, to).await.awaits_receipt);
        assert_eq!(heard.recv().await.unwrap().1.says, Says::Delivered);
        assert!(within.contains(&start.elapsed().as_millis()), "{to}: {:?}", start.elapsed());
    }
    tokio::time::sleep(Duration::from_hours(2)).await;
    assert_eq!(heard.try_recv(), Err(TryRecvError::Empty));
}

#[tokio::test(start_paused = true)]
async fn without_an_answer_it_is_told_by_the_callers_own_reference() {
    for config in [
        json!({"outcome": "ambiguous", "receipt": {}}),
        json!({"hang": true, "receipt": {}}),
        json!({"plan": {"steps": [{"times": 9, "outcome": "hang", "receipt": {}}]}}),
    ] {
        let (provider, mut heard) = mock(&config);
        let answer = tokio::time::timeout(Duration::from_secs(1), call(&provider, 3, "+1")).await;
        assert!(answer.is_err() || answer.is_ok_and(|report| report.awaits_receipt), "{config}");
        assert_eq!(heard.recv().await.unwrap().1.of, Reference::Attempt(id(), 3), "{config}");
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_who_does_not_listen() {
    let (provider, heard) = mock(&json!({"receipt": {}}));
    drop(heard);
    assert!(call(&provider, 1, "+1").await.awaits_receipt);
    // A test call has no receipts: what it sends is no notification.
    let (receipts, network) = (Sink::channel().0, Network::default());
    let context = BuildContext { seed: 7, clock: Arc::new(SystemClock), receipts, network };
    let provider = build("mock", &json!({"receipt": {}}), None, &context).unwrap();
    assert!(call(&provider, 1, "+1").await.awaits_receipt);
    let (silent, mut heard) = mock(&json!({"latency_ms": 1}));
    assert!(!call(&silent, 1, "+1").await.awaits_receipt);
    tokio::time::sleep(Duration::from_hours(2)).await;
    assert_eq!(heard.try_recv(), Err(TryRecvError::Empty));
}
