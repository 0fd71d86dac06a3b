//! Webhooks as operators have them: made, changed, switched, looked at, told again.

use super::bulk::{self, a_second_later, of, turn};
use super::fakes::{House, Refused, StoppedClock, because, dry, furnished, plain, sent, soon};
use chrono::TimeDelta;
use notify_proto::ErrorCode::{Conflict, Invalid, NotFound};
use notify_proto::bulk::BulkRequest;
use notify_proto::control::{ControlClient, Limit, Role};
use notify_proto::webhook::{
    DeliveryRequest, FreshWebhook, OwnSecret, RecoverRequest, WebhookAsk, WebhookView,
};
use notify_proto::{BulkOp, DeliveryId, Open, WebhookEvent, WebhookFault, WebhookId, WebhookStatus};
use notifyd_lifecycle::Clock as _;
use notifyd_store::Store as _;
use notifyd_store::webhooks::Tried;
use serde_json::{Value, json};

pub(super) fn ask(fields: Value) -> WebhookAsk {
    serde_json::from_value(fields).unwrap()
}

pub(super) async fn create(admin: &ControlClient, fields: Value) -> FreshWebhook {
    admin.webhook_create(soon(), "acme".into(), ask(fields), plain()).await.unwrap().unwrap()
}

/// One with a header of its own.
pub(super) async fn hook(admin: &ControlClient) -> WebhookView {
    create(admin, json!({"url": "https://hooks.example.org/n", "headers": {"X-Token": "hunter2"}}))
        .await
        .webhook
}

/// The webhook refuses, or takes, all that is owed to it.
async fn answer(house: &House, id: WebhookId, taken: bool, fault: Option<WebhookFault>) {
    let webhooks = house.store.webhooks();
    let webhook = webhooks.endpoints().find(id).unwrap().clone();
    let owed = webhooks.load(webhook.no, StoppedClock.now(), 100).await.unwrap().owed;
    let tried = |owed: notifyd_store::webhooks::Owed| Tried {
        no: owed.no,
        webhook: webhook.no,
        number: owed.tries + 1,
        at: StoppedClock.now(),
        duration_ms: 7,
        code: Some(if taken { 200 } else { 500 }),
        body: Some("who is +15005550006?".into()),
        error: (!taken).then(|| "it answered 500".into()),
        again_at: None,
        fault,
    };
    webhooks.acknowledge(owed.into_iter().map(tried).collect()).await.unwrap();
}

async fn listed(client: &ControlClient, id: WebhookId) -> Vec<notify_proto::webhook::DeliveryView> {
    client.webhook_deliveries(soon(), id, DeliveryRequest::default()).await.unwrap().unwrap().items
}

#[tokio::test]
async fn one_is_made_changed_and_removed_and_no_secret_is_told_twice() {
    let (house, admin) = furnished().await;
    let fresh = create(
        &admin,
        json!({"url": "https://hooks.example.org/n", "events": ["delivered", "notification.failed"],
               "headers": {"X-Token": "hunter2"}, "max_retries": 3, "timeout_seconds": 5}),
    )
    .await;
    let secret = fresh.secret.clone().unwrap();
    assert!(secret.starts_with("whsec_") && !format!("{fresh:?}").contains(&secret));
    let id = fresh.webhook.id;
    let viewer = house.enter(Role::Viewer).await;
    let shown = viewer.webhook_show(soon(), id).await.unwrap().unwrap();
    assert_eq!(shown, fresh.webhook, "what was told is what is there");
    assert_eq!((shown.headers["X-Token"].as_str(), shown.events.len()), ("***", 2));
    assert_eq!(viewer.webhook_list(soon(), Some("acme".into())).await.unwrap().unwrap(), [shown]);
    assert_eq!(viewer.webhook_list(soon(), Some("bolt".into())).await.code(), NotFound);

    let change =
        json!({"url": "https://hooks.example.org/v2", "headers": {"X-Token": "***", "X-Team": "ops"}});
    let done =
        admin.webhook_update(soon(), id, ask(change.clone()), because("it moved")).await.unwrap().unwrap();
    let told: Vec<_> = done.changed.iter().map(|it| format!("{}: {}", it.key, it.to)).collect();
    assert_eq!(told, ["url: https://hooks.example.org/v2", "headers.X-Team: set"]);
    assert_eq!(admin.webhook_show(soon(), id).await.unwrap().unwrap(), done.webhook);
    let private = house.store.webhooks().private(1).await.unwrap().unwrap();
    assert_eq!(
        (private.headers["X-Token"].expose().as_str(), private.secret.expose().as_str()),
        ("hunter2", secret.as_str())
    );
    assert_eq!(
        admin.webhook_update(soon(), id, ask(change), plain()).await.code(),
        Conflict,
        "nothing changes"
    );

    let removed = admin.webhook_delete(soon(), id, because("not wanted")).await.unwrap().unwrap();
    assert_eq!((removed.webhook.id, removed.owed), (id, 0));
    assert_eq!(admin.webhook_show(soon(), id).await.code(), NotFound);
    let log = house.on_disk().await;
    for verb in ["webhook.create", "webhook.update", "webhook.delete", "it moved", "not wanted"] {
        assert!(log.contains(verb), "{verb}");
    }
    assert!(!log.contains("hunter2") && !log.contains(&secret));
}

#[tokio::test]
async fn what_cannot_be_is_refused_field_by_field() {
    let (_house, admin) = furnished().await;
    let refused = |fields: Value| {
        let asked = admin.webhook_create(soon(), "acme".into(), ask(fields), plain());
        async move { asked.await.unwrap().unwrap_err() }
    };
    let error = refused(json!({"url": "http://127.0.0.1/n", "events": ["read"], "max_retries": 21})).await;
    assert_eq!(error.code, Invalid);
    for field in ["url: ", "events[0]: ", "max_retries: "] {
        assert!(error.message.contains(field), "{field}: {}", error.message);
    }
    assert!(refused(json!({"urls": "x"})).await.message.contains("urls"));
    let error = refused(json!({"url": "https://a.example", "secret": "hunter2"})).await;
    assert!(error.message.contains("whsec_") && !error.message.contains("hunter2"), "{}", error.message);
    let id = WebhookId::from_bytes([9; 16]);
    assert_eq!(
        admin.webhook_update(soon(), id, ask(json!({"redact": true})), plain()).await.code(),
        NotFound
    );
    assert_eq!(
        admin.webhook_resend(soon(), vec![DeliveryId::from_bytes([9; 16])], plain()).await.unwrap().unwrap()
            [0]
        .result
        .as_ref()
        .unwrap_err()
        .code,
        NotFound
    );
}

#[tokio::test]
async fn dry_runs_change_no_webhook() {
    let (house, admin) = furnished().await;
    let fields = || ask(json!({"url": "https://hooks.example.org/n"}));
    let fresh = admin.webhook_create(soon(), "acme".into(), fields(), dry()).await.unwrap().unwrap();
    assert_eq!((fresh.secret, fresh.webhook.id), (None, WebhookId::from_bytes([0; 16])));
    assert!(house.store.webhooks().endpoints().is_empty());
    let before = hook(&admin).await;
    let id = before.id;
    sent(&admin, "one").await;
    let change = || ask(json!({"redact": true}));
    assert!(admin.webhook_update(soon(), id, change(), dry()).await.unwrap().unwrap().webhook.redact);
    assert!(!admin.webhook_set_active(soon(), id, false, dry()).await.unwrap().unwrap().is_active);
    assert_eq!(admin.webhook_delete(soon(), id, dry()).await.unwrap().unwrap().owed, 1);
    let event = Open::Known(WebhookEvent::Delivered);
    assert_eq!(admin.webhook_test(soon(), id, event, dry()).await.unwrap().unwrap(), None);
    let rotated = admin.webhook_rotate(soon(), id, 60, None, dry()).await.unwrap().unwrap();
    assert_eq!((rotated.secret, rotated.webhook.old_secret_until.is_some()), (None, true));
    answer(&house, id, false, None).await;
    let delivery = listed(&admin, id).await[0].id;
    let resent = admin.webhook_resend(soon(), vec![delivery], dry()).await.unwrap().unwrap();
    assert_eq!(resent[0].result, Ok(WebhookStatus::Pending.into()));
    assert_eq!(house.store.webhooks().pending(), 0);
    let after = admin.webhook_show(soon(), id).await.unwrap().unwrap();
    assert_eq!(WebhookView { failing_since: None, ..after }, before);
}

#[tokio::test]
async fn one_that_was_switched_off_says_why_and_gets_another_chance() {
    let (house, admin) = furnished().await;
    let id = hook(&admin).await.id;
    sent(&admin, "one").await;
    answer(&house, id, false, Some(WebhookFault::Gone)).await;
    let shown = admin.webhook_show(soon(), id).await.unwrap().unwrap();
    assert_eq!(shown.disabled_reason, Some(WebhookFault::Gone.into()));
    assert!(!shown.is_active && shown.failing_since.is_some());
    let status = admin.status(soon()).await.unwrap().unwrap();
    assert!(
        status.concerns.iter().any(|it| it.contains(&id.to_string()) && it.contains("gone")),
        "{status:?}"
    );
    let event = || Open::Known(WebhookEvent::Delivered);
    assert_eq!(admin.webhook_test(soon(), id, event(), plain()).await.code(), Conflict);
    let delivery = listed(&admin, id).await[0].id;
    let resent = admin.webhook_resend(soon(), vec![delivery], plain()).await.unwrap().unwrap();
    assert_eq!(resent[0].result.as_ref().unwrap_err().code, Conflict);
    assert_eq!(admin.webhook_recover(soon(), id, since(60), plain()).await.code(), Conflict);

    let on = admin.webhook_set_active(soon(), id, true, because("vendor says fixed")).await.unwrap().unwrap();
    assert_eq!((on.is_active, on.disabled_reason.clone(), on.failing_since), (true, None, None));
    assert_eq!(admin.webhook_show(soon(), id).await.unwrap().unwrap(), on);
    assert!(admin.webhook_test(soon(), id, event(), plain()).await.unwrap().unwrap().is_some());
    let status = admin.status(soon()).await.unwrap().unwrap();
    assert_eq!((status.webhooks_owed, status.concerns.iter().any(|it| it.contains("webhook"))), (1, false));
    assert!(!admin.webhook_set_active(soon(), id, false, plain()).await.unwrap().unwrap().is_active);
    let log = house.on_disk().await;
    for word in ["webhook.enable", "webhook.disable", "webhook.test", "vendor says fixed"] {
        assert!(log.contains(word), "{word}");
    }
}

fn since(minutes: i64) -> RecoverRequest {
    RecoverRequest {
        statuses: vec![],
        events: vec![],
        since: StoppedClock.now() - TimeDelta::minutes(minutes),
        until: Some(StoppedClock.now() + TimeDelta::days(1)),
        expect: None,
        rate_per_second: Limit::Keep,
    }
}

#[tokio::test]
async fn what_was_told_is_looked_at_without_recipients() {
    let (house, admin) = furnished().await;
    let id = hook(&admin).await.id;
    let about = sent(&admin, "the secret body").await;
    answer(&house, id, false, None).await;
    let viewer = house.enter(Role::Viewer).await;
    let page = viewer.webhook_deliveries(soon(), id, DeliveryRequest::default()).await.unwrap().unwrap();
    assert_eq!(
        (page.total, page.items[0].response_body.as_deref()),
        (1, None),
        "it may repeat what it was told"
    );
    assert_eq!(viewer.notification_webhooks(soon(), about).await.unwrap().unwrap(), page.items);
    let other = DeliveryRequest { statuses: vec![WebhookStatus::Acknowledged.into()], ..Default::default() };
    assert_eq!(viewer.webhook_deliveries(soon(), id, other).await.unwrap().unwrap().total, 0);
    let delivery = page.items[0].id;
    let story = viewer.webhook_delivery(soon(), delivery, true, false).await.unwrap().unwrap();
    let text = serde_json::to_string(&story).unwrap();
    assert!(!text.contains("5005550006") && !text.contains("the secret body"), "{text}");
    assert_eq!((story.attempts.len(), story.delivery.error_message.as_deref()), (1, Some("it answered 500")));
    assert!(story.attempts[0].response_body.as_deref().unwrap().starts_with("who is "));
    assert_eq!(
        viewer.webhook_delivery(soon(), delivery, true, true).await.code(),
        notify_proto::ErrorCode::Forbidden
    );
    let story = admin.webhook_delivery(soon(), delivery, true, true).await.unwrap().unwrap();
    assert_eq!(story.body.unwrap()["content"], "the secret body");
    assert_eq!(admin.webhook_delivery(soon(), delivery, false, false).await.unwrap().unwrap().body, None);
    let stats =
        viewer.webhook_stats(soon(), id, StoppedClock.now() - TimeDelta::hours(1)).await.unwrap().unwrap();
    assert_eq!((stats.by_status["failed"], stats.by_code["500"], stats.owed), (1, 1, 0));
    assert_eq!((stats.last_ack_at, stats.last_nack_at), (None, Some(StoppedClock.now())));
    assert_eq!((stats.busy, stats.limit, stats.disable_after_seconds), (2, 8, Some(86_400)));
    assert_eq!(stats.retry_delays, [60, 300, 900]);
    let line = viewer.overview(soon(), None, 9).await.unwrap().unwrap().overview.unwrap().webhooks.remove(0);
    assert_eq!((line.waiting, line.retrying, line.failed), (0, 0, 1));
    let resent = admin.webhook_resend(soon(), vec![delivery], because("once more")).await.unwrap().unwrap();
    assert_eq!(resent[0].result, Ok(WebhookStatus::Pending.into()));
    assert_eq!(house.store.webhooks().pending(), 1);
    let log = house.on_disk().await;
    assert!(log.contains("webhook.reveal") && log.contains("webhook.resend") && log.contains("once more"));
}

#[tokio::test]
async fn a_burial_is_told_only_when_that_is_asked_for() {
    let (mut house, admin) = furnished().await;
    let fields = json!({"url": "https://hooks.example.org/n", "events": ["failed", "cancelled"]});
    let id = create(&admin, fields).await.webhook.id;
    let bury = |about, notify, change| admin.notification_bury(soon(), vec![about], notify, change);
    let quiet = sent(&admin, "quiet").await;
    assert!(bury(quiet, false, plain()).await.unwrap().unwrap()[0].result.is_ok());
    assert!(bury(quiet, true, plain()).await.unwrap().unwrap()[0].result.is_ok(), "it is so already");
    let aloud = sent(&admin, "aloud").await;
    assert!(bury(aloud, true, dry()).await.unwrap().unwrap()[0].result.is_ok());
    assert!(listed(&admin, id).await.is_empty(), "a dry run tells nobody");
    assert!(bury(aloud, true, because("sent by hand")).await.unwrap().unwrap()[0].result.is_ok());
    let told = |all: Vec<notify_proto::webhook::DeliveryView>| {
        all.iter().map(|it| (it.notification_id.unwrap(), it.event.known().unwrap())).collect::<Vec<_>>()
    };
    assert_eq!(told(listed(&admin, id).await), [(aloud, WebhookEvent::Failed)]);

    let in_bulk = sent(&admin, "in bulk").await;
    let admin = a_second_later(&mut house).await;
    let request = BulkRequest { notify: true, ..of(BulkOp::Bury, "service:acme") };
    let begun = bulk::ask(&admin, request).await.operation.unwrap();
    assert!(begun.target.ends_with(", telling webhooks"), "{}", begun.target);
    turn(&house).await;
    assert_eq!(told(listed(&admin, id).await)[0], (in_bulk, WebhookEvent::Failed));
    let silent = sent(&admin, "silent").await;
    assert!(bury(silent, false, plain()).await.unwrap().unwrap()[0].result.is_ok());
    assert_eq!(listed(&admin, id).await.len(), 2);
}

#[tokio::test]
async fn a_recovery_is_checked_before_it_begins() {
    let (house, admin) = furnished().await;
    let id = hook(&admin).await.id;
    for text in ["one", "two", "three"] {
        sent(&admin, text).await;
    }
    answer(&house, id, false, None).await;
    // The clock of this house stands: what happened now is not before now.
    let recover = |request: RecoverRequest, change| admin.webhook_recover(soon(), id, request, change);
    let counted = recover(since(60), dry()).await.unwrap().unwrap();
    assert_eq!((counted.total, counted.until, counted.operation), (0, StoppedClock.now(), None));
    assert_eq!(recover(since(-1), dry()).await.code(), Invalid);
    let owed = RecoverRequest { statuses: vec![WebhookStatus::Retrying.into()], ..since(60) };
    assert_eq!(recover(owed, dry()).await.code(), Invalid);
    let unknown = RecoverRequest { statuses: vec![Open::Unknown("lost".into())], ..since(60) };
    assert_eq!(recover(unknown, dry()).await.code(), Invalid);
    let fast = RecoverRequest { rate_per_second: Limit::Set(0.0), ..since(60) };
    assert_eq!(recover(fast, dry()).await.code(), Invalid);
    let many = notify_proto::bulk::Expect { count: 7, percent: 0 };
    let expecting = RecoverRequest { expect: Some(many), ..since(60) };
    let error = recover(expecting, plain()).await.unwrap().unwrap_err();
    assert!(error.code == Conflict && error.message.contains("0 match, not 7"), "{error:?}");
}

#[tokio::test]
async fn a_secret_is_rotated_with_a_time_in_which_both_sign() {
    let (house, admin) = furnished().await;
    let fresh = create(&admin, json!({"url": "https://hooks.example.org/n"})).await;
    let (id, first) = (fresh.webhook.id, fresh.secret.unwrap());
    let rotated = admin.webhook_rotate(soon(), id, 86_400, None, because("rotation")).await.unwrap().unwrap();
    let second = rotated.secret.unwrap();
    assert_ne!(first, second);
    assert_eq!(rotated.webhook.old_secret_until, Some(StoppedClock.now() + TimeDelta::days(1)));
    let private = || async { house.store.webhooks().private(1).await.unwrap().unwrap() };
    let now = private().await;
    assert_eq!((now.secret.expose(), now.old.unwrap().expose()), (&second, &first));
    let own = || Some(OwnSecret(format!("whsec_{}", "MTIz".repeat(10))));
    let rotated = admin.webhook_rotate(soon(), id, 0, own(), plain()).await.unwrap().unwrap();
    assert_eq!((rotated.secret, rotated.webhook.old_secret_until), (None, None), "its owner knows it");
    assert!(private().await.old.is_none());
    assert_eq!(admin.webhook_rotate(soon(), id, 0, own(), plain()).await.code(), Conflict, "the same");
    let short = Some(OwnSecret("whsec_eA==".into()));
    assert_eq!(admin.webhook_rotate(soon(), id, 0, short, plain()).await.code(), Invalid);
    assert_eq!(admin.webhook_rotate(soon(), id, 604_801, None, plain()).await.code(), Invalid);
    assert!(house.on_disk().await.contains("webhook.secret.rotate"));
}
