//! What would become of a notification is said, and nothing is written.

use super::fakes::{Refused, furnished, plain, sent, soon, text};
use notify_proto::ErrorCode::NotFound;
use notify_proto::control::{ControlClient, ListRequest, Role, StatsRequest};
use notify_proto::explain::Preview;
use notify_proto::send::SendRequest;
use serde_json::json;

async fn preview(client: &ControlClient, request: SendRequest) -> Preview {
    client.notification_preview(soon(), "acme".into(), Box::new(request)).await.unwrap().unwrap()
}

#[tokio::test]
async fn it_says_what_would_become_of_it_and_writes_nothing() {
    let (house, admin) = furnished().await;
    let fine = preview(&admin, *text("hello")).await;
    assert_eq!((fine.verdict.as_str(), fine.route.steps.len()), ("accepted", 1));
    assert_eq!((fine.route.steps[0].verdict.as_str(), fine.due_at), ("taken", None));
    assert!(fine.sentences.iter().any(|it| it.contains("mock would be called first, on sms")), "{fine:?}");
    assert_eq!(
        admin.notification_list(soon(), ListRequest::default()).await.unwrap().unwrap().items.len(),
        0
    );

    let id = sent(&admin, "hello").await;
    let again = preview(&admin, *text("hello")).await;
    assert_eq!((again.verdict.as_str(), again.duplicate_of), ("duplicate", Some(id)));
    let other = SendRequest { deduplicate: Some(false), ..*text("hello") };
    assert_eq!(preview(&admin, other).await.verdict, "accepted");
    // Nobody finds out by guessing what was sent to whom.
    let viewer = house.enter(Role::Viewer).await;
    let guessed = preview(&viewer, *text("hello")).await;
    assert_eq!((guessed.verdict.as_str(), guessed.duplicate_of), ("accepted", None));
    assert!(guessed.sentences.iter().any(|it| it.contains("admins alone")), "{guessed:?}");

    *house.engine.circuit.lock().unwrap() = "open";
    let held = preview(&admin, *text("another")).await;
    assert!(held.sentences.iter().any(|it| it.contains("held until somebody can")), "{held:?}");
    let many = admin.notification_list(soon(), ListRequest::default()).await.unwrap().unwrap().items.len();
    assert_eq!(many, 1, "one was sent, and none was previewed");
}

#[tokio::test]
async fn it_says_why_it_would_be_refused() {
    let (_house, admin) = furnished().await;
    let wrong: SendRequest = serde_json::from_value(
        json!({"channel": "sms", "to": "nobody", "content": "", "provider_id": "none"}),
    )
    .unwrap();
    let refused = preview(&admin, wrong).await;
    assert_eq!((refused.verdict.as_str(), refused.duplicate_of), ("refused", None));
    for field in ["content", "provider_id"] {
        assert!(refused.refusals.iter().any(|it| it.starts_with(field)), "{field}: {refused:?}");
    }
    admin.service_set_active(soon(), "acme".into(), false, plain()).await.unwrap().unwrap();
    let closed = preview(&admin, *text("hello")).await;
    assert_eq!((closed.verdict.as_str(), closed.refusals.len()), ("refused", 1));
    assert_eq!(closed.route.steps.len(), 1, "where it would go is told all the same");
    let nobody = admin.notification_preview(soon(), "nobody".into(), text("x")).await;
    assert_eq!(nobody.code(), NotFound);
}

#[tokio::test]
async fn which_one_stands_for_equal_requests_is_said() {
    let (house, admin) = furnished().await;
    let id = sent(&admin, "hello").await;
    let dup = async |id| admin.notification_dup(soon(), id).await.unwrap().unwrap();
    let stands = dup(id).await;
    assert_eq!((stands.deduplicated, stands.stands), (true, Some(id)));
    assert_eq!(stands.until, Some(house.room.now() + chrono::TimeDelta::minutes(30)));
    let alone = SendRequest { deduplicate: Some(false), ..*text("hello") };
    let alone = admin.notification_send(soon(), "acme".into(), Box::new(alone), plain());
    let alone = dup(alone.await.unwrap().unwrap().unwrap().id).await;
    assert_eq!((alone.deduplicated, alone.stands), (false, None));

    admin.notification_cancel(soon(), vec![id], plain()).await.unwrap().unwrap();
    let released = dup(id).await;
    assert!(released.stands.is_none() && released.sentence.contains("it is cancelled"), "{released:?}");
    let other = sent(&admin, "hello").await;
    let replaced = dup(id).await;
    assert_eq!(replaced.stands, Some(other));
    assert!(replaced.sentence.starts_with(&other.to_string()), "{replaced:?}");
    let nobody = notify_proto::NotificationId::from_bytes([9; 16]);
    assert_eq!(admin.notification_dup(soon(), nobody).await.code(), NotFound);
}

#[tokio::test]
async fn what_was_accepted_since_then_is_counted_for_all_or_for_one() {
    let (house, admin) = furnished().await;
    sent(&admin, "hello").await;
    let request = |service: Option<&str>, hours| StatsRequest {
        service: service.map(str::to_owned),
        since: house.room.now() + chrono::TimeDelta::hours(hours),
    };
    let all = admin.stats(soon(), request(None, -1)).await.unwrap().unwrap();
    assert_eq!((all.total, all.by_status.get("queued"), all.by_channel.get("sms")), (1, Some(&1), Some(&1)));
    assert_eq!(admin.stats(soon(), request(Some("acme"), -1)).await.unwrap().unwrap(), all);
    assert_eq!(admin.stats(soon(), request(None, 1)).await.unwrap().unwrap().total, 0);
    assert_eq!(admin.stats(soon(), request(Some("nobody"), -1)).await.code(), NotFound);
}
