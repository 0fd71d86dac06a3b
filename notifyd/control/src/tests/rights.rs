//! Who may do what.

use super::bulk::bulk;
use super::fakes::{Refused, dry, furnished, house, pause, plain, sent, soon, text};
use notify_proto::ErrorCode::{Forbidden, Invalid};
use notify_proto::audit::AuditRequest;
use notify_proto::control::{
    Hello, Limit, ListRequest, NewProvider, NewService, ProviderChange, Role, RouteRequest, ServiceChange,
    StatsRequest,
};
use notify_proto::filter::Filter;
use notify_proto::hold::Force;
use notify_proto::schedule::GroupRequest;
use notify_proto::series::SeriesRequest;
use notify_proto::shape::ShapeRequest;
use notify_proto::upkeep::PruneRequest;
use notify_proto::webhook::{DeliveryRequest, RecoverRequest, WebhookAsk};
use notify_proto::{BulkOp, GroupBy, WebhookEvent};
use notifyd_store::Store as _;
use serde_json::Value;

#[tokio::test]
async fn verbs_before_a_fitting_hello_are_refused() {
    let house = house();
    let client = house.connect(Role::Admin);
    let error = client.service_list(soon()).await.unwrap().unwrap_err();
    assert!(error.code == Invalid && error.message.contains("hello"), "{error:?}");
    assert_eq!(client.ping(soon()).await.code(), Invalid);
    let newer = Hello { client: "notifyctl 9".into(), protocol: 9, oldest_protocol: 9 };
    let welcome = client.hello(soon(), newer.clone()).await.unwrap().unwrap();
    assert!(!welcome.fits(&newer), "it is told which protocols would do");
    assert_eq!(client.status(soon()).await.code(), Invalid);
    assert_eq!(client.service_unlock(soon(), "acme".into(), plain()).await.code(), Invalid);
    client.hello(soon(), Hello::of("notifyctl 0.1.0")).await.unwrap().unwrap();
    client.ping(soon()).await.unwrap().unwrap();
}

#[tokio::test]
async fn viewers_look_and_do_not_change() {
    let (house, admin) = furnished().await;
    let id = sent(&admin, "hello").await;
    let viewer = house.enter(Role::Viewer).await;
    viewer.status(soon()).await.unwrap().unwrap();
    viewer.service_show(soon(), "acme".into()).await.unwrap().unwrap();
    viewer.store_stats(soon()).await.unwrap().unwrap();
    viewer.overview(soon(), None, 0).await.unwrap().unwrap();
    viewer.series(soon(), SeriesRequest::default()).await.unwrap().unwrap();
    viewer.events(soon(), Box::default()).await.unwrap().unwrap();
    viewer.audit_list(soon(), AuditRequest::default()).await.unwrap().unwrap();
    assert!(viewer.operation_list(soon()).await.unwrap().unwrap().is_empty());
    viewer.notification_show(soon(), id, false).await.unwrap().unwrap();
    viewer.queue_list(soon()).await.unwrap().unwrap();
    viewer.queue_show(soon(), "mock".into()).await.unwrap().unwrap();
    viewer.queue_shape(soon(), ShapeRequest::default()).await.unwrap().unwrap();
    viewer.hold_list(soon()).await.unwrap().unwrap();
    viewer.dead_group(soon(), Filter::default()).await.unwrap().unwrap();
    viewer.notification_count(soon(), Filter::default()).await.unwrap().unwrap();
    viewer.notification_values(soon(), Filter::default()).await.unwrap().unwrap();
    viewer.provider_route(soon(), RouteRequest::default()).await.unwrap().unwrap();
    viewer.notification_explain(soon(), id).await.unwrap().unwrap();
    viewer.schedule_list(soon(), ListRequest::default()).await.unwrap().unwrap();
    viewer.schedule_histogram(soon()).await.unwrap().unwrap();
    let by = GroupRequest { filter: Filter::default(), by: GroupBy::Error.into() };
    viewer.schedule_group(soon(), by).await.unwrap().unwrap();
    viewer.webhook_list(soon(), None).await.unwrap().unwrap();
    let hook = super::webhooks::hook(&admin).await.id;
    viewer.webhook_show(soon(), hook).await.unwrap().unwrap();
    viewer.webhook_deliveries(soon(), hook, DeliveryRequest::default()).await.unwrap().unwrap();
    viewer.webhook_stats(soon(), hook, notify_proto::Timestamp::UNIX_EPOCH).await.unwrap().unwrap();
    viewer.notification_webhooks(soon(), id).await.unwrap().unwrap();
    let told = notify_proto::DeliveryId::from_bytes([1; 16]);

    let acme = || "acme".to_owned();
    let service = NewService { name: "b".into(), description: None, rate_per_second: None };
    let provider: NewProvider = serde_json::from_str(r#"{"name":"m","kind":"mock"}"#).unwrap();
    let before = notify_proto::Timestamp::UNIX_EPOCH;
    let prune = PruneRequest { before, statuses: vec![notify_proto::Status::Failed.into()], expect: None };
    let recover = RecoverRequest {
        statuses: vec![],
        events: vec![],
        since: before,
        until: None,
        expect: None,
        rate_per_second: Limit::Keep,
    };
    for change in [plain(), dry()] {
        let change = || change.clone();
        for code in [
            viewer.daemon_shutdown(soon(), None, change()).await.code(),
            viewer.daemon_reload(soon(), change()).await.code(),
            viewer.daemon_log_filter(soon(), Some("debug".into()), 600_000, change()).await.code(),
            viewer.service_update(soon(), acme(), ServiceChange::default(), change()).await.code(),
            viewer.store_backup(soon(), None, change()).await.code(),
            viewer.store_check(soon(), change()).await.code(),
            viewer.store_compact(soon(), change()).await.code(),
            viewer.store_prune(soon(), prune.clone(), change()).await.code(),
            viewer.operation_cancel(soon(), "op_1".into(), change()).await.code(),
            viewer.service_create(soon(), service.clone(), change()).await.code(),
            viewer.service_set_active(soon(), acme(), false, change()).await.code(),
            viewer.service_unlock(soon(), acme(), change()).await.code(),
            viewer.service_delete(soon(), acme(), false, change()).await.code(),
            viewer.key_create(soon(), acme(), None, None, change()).await.code(),
            viewer.key_reset(soon(), acme(), 0, change()).await.code(),
            viewer.key_revoke(soon(), acme(), "00000000".into(), change()).await.code(),
            viewer.provider_seed(soon(), vec![], change()).await.code(),
            viewer.provider_add(soon(), provider.clone(), change()).await.code(),
            viewer.provider_set_active(soon(), "mock".into(), false, None, change()).await.code(),
            viewer.provider_update(soon(), "mock".into(), Box::default(), change()).await.code(),
            viewer.provider_remove(soon(), "mock".into(), change()).await.code(),
            viewer.provider_test(soon(), "mock".into(), None, "+15005550006".into(), change()).await.code(),
            viewer.hold_set(soon(), pause(), change()).await.code(),
            viewer.hold_cancel(soon(), "hold_1".into(), change()).await.code(),
            viewer.queue_resume(soon(), "mock".into(), change()).await.code(),
            viewer.circuit_force(soon(), "mock".into(), Force::Closed, change()).await.code(),
            viewer.notification_send(soon(), acme(), text("x"), change()).await.code(),
            viewer.notification_cancel(soon(), vec![id], change()).await.code(),
            viewer.notification_retry(soon(), vec![id], None, change()).await.code(),
            viewer.notification_postpone(soon(), vec![id], before, change()).await.code(),
            viewer.notification_bury(soon(), vec![id], false, change()).await.code(),
            viewer.notification_bury(soon(), vec![id], true, change()).await.code(),
            viewer.schedule_move(soon(), vec![id], before, change()).await.code(),
            viewer.schedule_run(soon(), vec![id], change()).await.code(),
            viewer.notification_bulk(soon(), Box::new(bulk(BulkOp::Discard)), change()).await.code(),
            viewer.dead_discard(soon(), vec![id], change()).await.code(),
            viewer.webhook_create(soon(), acme(), WebhookAsk::default(), change()).await.code(),
            viewer.webhook_update(soon(), hook, WebhookAsk::default(), change()).await.code(),
            viewer.webhook_set_active(soon(), hook, false, change()).await.code(),
            viewer.webhook_delete(soon(), hook, change()).await.code(),
            viewer.webhook_test(soon(), hook, WebhookEvent::Failed.into(), change()).await.code(),
            viewer.webhook_resend(soon(), vec![told], change()).await.code(),
            viewer.webhook_recover(soon(), hook, recover.clone(), change()).await.code(),
            viewer.webhook_rotate(soon(), hook, 0, None, change()).await.code(),
        ] {
            assert_eq!(code, Forbidden);
        }
    }
    assert!(house.stops.lock().unwrap().is_empty());
}

#[tokio::test]
async fn viewers_have_nothing_revealed() {
    let (house, admin) = furnished().await;
    let id = sent(&admin, "hello").await;
    let viewer = house.enter(Role::Viewer).await;
    let reveal = || ListRequest { reveal: true, ..ListRequest::default() };
    assert_eq!(viewer.notification_show(soon(), id, true).await.code(), Forbidden);
    assert_eq!(viewer.notification_list(soon(), reveal()).await.code(), Forbidden);
    for soonest in [false, true] {
        assert_eq!(viewer.notification_lines(soon(), reveal(), soonest).await.code(), Forbidden);
    }
    assert_eq!(viewer.schedule_list(soon(), reveal()).await.code(), Forbidden);
}

#[tokio::test]
async fn viewers_look_at_what_would_be_as_well() {
    let (house, admin) = furnished().await;
    let viewer = house.enter(Role::Viewer).await;
    viewer.doctor(soon()).await.unwrap().unwrap();
    viewer.daemon_config(soon()).await.unwrap().unwrap();
    viewer.daemon_config_check(soon(), String::new()).await.unwrap().unwrap();
    viewer.notification_preview(soon(), "acme".into(), text("x")).await.unwrap().unwrap();
    assert_eq!(viewer.provider_reseed(soon(), vec![], dry()).await.code(), Forbidden);
    let once = viewer.notification_send_once(soon(), "acme".into(), text("x"), "k".into(), dry());
    assert_eq!(once.await.code(), Forbidden);
    let id = sent(&admin, "x").await;
    viewer.notification_dup(soon(), id).await.unwrap().unwrap();
    let since = notify_proto::Timestamp::UNIX_EPOCH;
    viewer.stats(soon(), StatsRequest { service: None, since }).await.unwrap().unwrap();
}

#[tokio::test]
async fn dry_runs_change_nothing() {
    let (house, admin) = furnished().await;
    let id = sent(&admin, "hello").await;
    let service = NewService { name: "b".into(), description: None, rate_per_second: None };
    let provider: NewProvider = serde_json::from_str(r#"{"name":"m","kind":"mock"}"#).unwrap();
    let keys = admin.key_list(soon(), "acme".into()).await.unwrap().unwrap();
    let prefix = keys[0].prefix.clone();

    assert_eq!(admin.service_create(soon(), service, dry()).await.unwrap().unwrap(), None);
    assert_eq!(admin.key_create(soon(), "acme".into(), None, None, dry()).await.unwrap().unwrap(), None);
    assert_eq!(admin.key_reset(soon(), "acme".into(), 0, dry()).await.unwrap().unwrap(), None);
    assert!(
        admin.key_revoke(soon(), "acme".into(), prefix, dry()).await.unwrap().unwrap().revoked_at.is_some()
    );
    assert!(!admin.service_set_active(soon(), "acme".into(), false, dry()).await.unwrap().unwrap().active);
    assert_eq!(admin.provider_add(soon(), provider, dry()).await.unwrap().unwrap().name, "m");
    assert!(
        !admin.provider_set_active(soon(), "mock".into(), false, None, dry()).await.unwrap().unwrap().active
    );
    let faster = ProviderChange { priority: Some(1), ..ProviderChange::default() };
    let update = admin.provider_update(soon(), "mock".into(), Box::new(faster), dry()).await;
    assert_eq!(update.unwrap().unwrap().provider.priority, 1);
    let removed = admin.provider_remove(soon(), "mock".into(), dry()).await.unwrap().unwrap();
    assert_eq!(removed.unserved.len(), notify_proto::Channel::ALL.len());
    assert_eq!(
        admin.notification_send(soon(), "acme".into(), text("y"), dry()).await.unwrap().unwrap(),
        None
    );
    let cancelled = admin.notification_cancel(soon(), vec![id], dry()).await.unwrap().unwrap();
    assert_eq!(cancelled[0].result.as_ref().unwrap().to_string(), "cancelled");
    let buried = admin.notification_bury(soon(), vec![id], false, dry()).await.unwrap().unwrap();
    assert_eq!(buried[0].result.as_ref().unwrap().to_string(), "failed");
    admin.daemon_shutdown(soon(), Some(1), dry()).await.unwrap().unwrap();
    assert_eq!(admin.store_backup(soon(), None, dry()).await.unwrap().unwrap(), None);
    assert_eq!(admin.store_check(soon(), dry()).await.unwrap().unwrap(), None);
    assert_eq!(admin.store_compact(soon(), dry()).await.unwrap().unwrap(), None);
    assert!(admin.operation_list(soon()).await.unwrap().unwrap().is_empty());

    assert_eq!(admin.service_list(soon()).await.unwrap().unwrap().len(), 1);
    assert!(admin.service_show(soon(), "acme".into()).await.unwrap().unwrap().active);
    assert_eq!(admin.key_list(soon(), "acme".into()).await.unwrap().unwrap(), keys);
    let providers = admin.provider_list(soon()).await.unwrap().unwrap();
    assert!(providers.len() == 1 && providers[0].active && providers[0].priority == 100);
    let counts = admin.notification_count(soon(), Filter::default()).await.unwrap().unwrap();
    assert_eq!((counts["queued"], counts["cancelled"]), (1, 0));
    assert!(house.stops.lock().unwrap().is_empty());
}

#[tokio::test]
async fn every_change_leaves_who_what_and_why() {
    let (house, admin) = furnished().await;
    let because = super::fakes::because;
    let (id, steered) = (sent(&admin, "the body").await, vec![sent(&admin, "another body").await]);
    admin.service_set_active(soon(), "acme".into(), false, because("reason one")).await.unwrap().unwrap();
    admin.service_unlock(soon(), "acme".into(), because("reason two")).await.unwrap().unwrap();
    admin
        .provider_set_active(soon(), "mock".into(), false, None, because("reason three"))
        .await
        .unwrap()
        .unwrap();
    admin.notification_cancel(soon(), vec![id], because("reason four")).await.unwrap().unwrap();
    admin.notification_show(soon(), id, true).await.unwrap().unwrap();
    let at = |minutes| house.room.now() + chrono::TimeDelta::minutes(minutes);
    let ids = || steered.clone();
    admin.notification_postpone(soon(), ids(), at(5), because("reason seven")).await.unwrap().unwrap();
    admin.schedule_move(soon(), ids(), at(10), because("reason eight")).await.unwrap().unwrap();
    admin.schedule_run(soon(), ids(), because("reason nine")).await.unwrap().unwrap();
    admin.notification_bury(soon(), ids(), false, because("reason ten")).await.unwrap().unwrap();
    let test =
        admin.provider_test(soon(), "mock".into(), None, "+15005550006".into(), because("reason five"));
    assert_eq!(test.await.unwrap().unwrap().external_id.as_deref(), Some("to +15005550006"));
    admin.daemon_shutdown(soon(), Some(5), because("reason six")).await.unwrap().unwrap();
    let refused = admin.service_unlock(soon(), "acme".into(), because("two\nlines")).await;
    assert_eq!(refused.code(), Invalid);

    let log = house.on_disk().await;
    for reason in ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"] {
        assert!(log.contains(&format!("reason {reason}")), "{reason}");
    }
    for verb in [
        "service.unlock",
        "notification.send",
        "notification.reveal",
        "notification.postpone",
        "notification.bury",
        "schedule.move",
        "schedule.run",
        "provider.test",
        "daemon.shutdown",
    ] {
        assert!(log.contains(&format!("ada(uid 1000, pid 42){verb}")), "{verb}");
    }
    assert_eq!(*house.stops.lock().unwrap(), [Some(std::time::Duration::from_secs(5))]);
}

#[tokio::test]
async fn status_says_what_needs_a_look() {
    let house = house();
    let client = house.enter(Role::Viewer).await;
    let admin = house.admin().await;
    let status = || async { client.status(soon()).await.unwrap().unwrap() };
    let first = status().await;
    assert_eq!(first.health.as_str(), "degraded");
    assert!(first.concerns[0].contains("no provider is active"), "{:?}", first.concerns);
    assert_eq!((first.in_flight, first.accepted, first.daemon.uptime_seconds), (3, 9, 120));

    let relay = NewProvider {
        name: "relay".into(),
        kind: "smtp".into(),
        channels: vec![],
        priority: Some(5),
        rate_per_second: None,
        burst: None,
        max_in_flight: None,
        config: Value::Null,
        secret: None,
    };
    admin.provider_add(soon(), relay, plain()).await.unwrap().unwrap();
    assert_eq!(status().await.health.as_str(), "healthy");
    *house.engine.circuit.lock().unwrap() = "half_open";
    assert_eq!(status().await.concerns, ["the circuit of provider relay is half-open: 5 failures in a row"]);
    house.store.close().await;
    assert_eq!(status().await.health.as_str(), "unhealthy");
}
