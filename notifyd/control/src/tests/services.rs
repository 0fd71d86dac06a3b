//! Services are changed whole or not at all.

use super::fakes::{Refused, because, dry, furnished, plain, soon};
use notify_proto::ErrorCode::{Conflict, Invalid, NotFound};
use notify_proto::audit::AuditRequest;
use notify_proto::control::{Limit, ServiceChange};
use notify_proto::measured::ServiceFigures;
use notifyd_engine::Quantiles;

#[tokio::test]
async fn a_service_is_changed_and_the_audit_log_says_how() {
    let (_house, admin) = furnished().await;
    let update = |description: Limit<&str>, rate| ServiceChange {
        description: match description {
            Limit::Set(text) => Limit::Set(text.to_owned()),
            Limit::Lift => Limit::Lift,
            Limit::Keep => Limit::Keep,
        },
        rate_per_second: rate,
    };
    let acme = || "acme".to_owned();
    let both = update(Limit::Set("Web shop"), Limit::Set(50.0));
    let would = admin.service_update(soon(), acme(), both.clone(), dry()).await.unwrap().unwrap();
    assert_eq!((would.changed.len(), would.service.rate_per_second), (2, Some(50.0)));
    let shown = admin.service_show(soon(), acme()).await.unwrap().unwrap();
    assert_eq!((shown.description, shown.rate_per_second), (None, None), "a dry run changes nothing");

    admin.service_update(soon(), acme(), both.clone(), because("more traffic")).await.unwrap().unwrap();
    let shown = admin.service_show(soon(), acme()).await.unwrap().unwrap();
    assert_eq!((shown.description.as_deref(), shown.rate_per_second), (Some("Web shop"), Some(50.0)));
    assert_eq!(
        admin.service_update(soon(), acme(), both, plain()).await.code(),
        Conflict,
        "it is that already"
    );
    admin.service_update(soon(), acme(), update(Limit::Keep, Limit::Lift), plain()).await.unwrap().unwrap();
    let shown = admin.service_show(soon(), acme()).await.unwrap().unwrap();
    assert_eq!((shown.description.as_deref(), shown.rate_per_second), (Some("Web shop"), None));

    let rows = admin.audit_list(soon(), AuditRequest::default()).await.unwrap().unwrap().items;
    let row = rows.iter().rev().find(|row| row.verb == "service.update").unwrap();
    assert_eq!(row.target, "acme: description none -> Web shop, rate none -> 50/s");
    assert_eq!(row.reason.as_deref(), Some("more traffic"));
    for (wrong, code) in [
        (update(Limit::Set("two\nlines"), Limit::Keep), Invalid),
        (update(Limit::Keep, Limit::Set(0.0)), Invalid),
        (ServiceChange::default(), Conflict),
    ] {
        assert_eq!(admin.service_update(soon(), acme(), wrong, plain()).await.code(), code);
    }
    let nobody = update(Limit::Keep, Limit::Set(1.0));
    assert_eq!(admin.service_update(soon(), "nobody".into(), nobody, plain()).await.code(), NotFound);
}

#[tokio::test]
async fn a_service_is_told_with_what_it_sends() {
    let (house, admin) = furnished().await;
    assert_eq!(admin.service_list(soon()).await.unwrap().unwrap()[0].figures, None);
    let no = notifyd_store::Store::directory(&*house.store).find_service("acme").unwrap().no;
    let figures = ServiceFigures {
        accepted_per_second: 2.000_04,
        failed_24h: 3,
        trend: vec![0.123_456],
        ..ServiceFigures::default()
    };
    house.engine.services.lock().unwrap().insert(no, figures);
    let told = admin.service_show(soon(), "acme".into()).await.unwrap().unwrap().figures.unwrap();
    assert_eq!((told.failed_24h, &told.trend[..]), (3, &[0.123][..]));
    assert!((told.accepted_per_second - 2.0).abs() < 1e-9);
    let listed = admin.service_list(soon()).await.unwrap().unwrap();
    assert_eq!((&listed[0].figures, listed[0].latency), (&Some(told), None));

    let took = Quantiles { count: 3, ms: Some([84.04, 90.0, 95.0, 120.0]) };
    house.engine.latencies.lock().unwrap().insert(no, [Quantiles::default(), took, took]);
    let latency = admin.service_show(soon(), "acme".into()).await.unwrap().unwrap().latency.unwrap();
    assert_eq!((latency.wait_ms.count, latency.wait_ms.p50), (0, None));
    assert_eq!((latency.call_ms.p50, latency.deliver_ms.max), (Some(84.0), Some(120.0)));
    let listed = admin.service_list(soon()).await.unwrap().unwrap();
    assert_eq!(listed[0].latency, Some(latency));
}

#[tokio::test]
async fn what_stands_so_already_is_not_switched_and_no_row_says_so() {
    let (_house, admin) = furnished().await;
    let ask = notify_proto::webhook::WebhookAsk(serde_json::Map::from_iter([(
        "url".to_owned(),
        "https://hooks.example.org/n".into(),
    )]));
    let hook = admin.webhook_create(soon(), "acme".into(), ask, plain()).await.unwrap().unwrap().webhook.id;
    let switch = async |on| {
        let service = admin.service_set_active(soon(), "acme".into(), on, plain()).await.unwrap().map(drop);
        let provider = admin.provider_set_active(soon(), "mock".into(), on, None, plain()).await.unwrap();
        let webhook = admin.webhook_set_active(soon(), hook, on, plain()).await.unwrap();
        [service, provider.map(drop), webhook.map(drop)]
    };
    for on in [false, true] {
        assert_eq!(switch(on).await, [Ok(()), Ok(()), Ok(())]);
        let word = if on { "enabled" } else { "disabled" };
        for refused in switch(on).await.map(Result::unwrap_err) {
            assert_eq!(refused.code, Conflict);
            assert!(refused.message.ends_with(&format!("is {word} already; nothing would change")));
        }
        let dry = admin.service_set_active(soon(), "acme".into(), on, dry()).await;
        assert_eq!(dry.code(), Conflict, "and a dry run says so, too");
    }
    let rows = admin.audit_list(soon(), AuditRequest::default()).await.unwrap().unwrap().items;
    let switched = rows.iter().filter(|row| row.verb.ends_with("able")).count();
    assert_eq!(switched, 6, "{rows:?}");
}
