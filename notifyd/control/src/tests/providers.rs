//! Providers.

use super::fakes::{Refused, dry, furnished, house, plain, soon};
use notify_proto::ErrorCode::{Conflict, Invalid, NotFound};
use notify_proto::audit::AuditRequest;
use notify_proto::control::{NewProvider, ProviderChange};
use notify_proto::measured::CallView;
use notify_proto::{Channel, NotificationId};
use serde_json::{Value, json};

fn provider(more: &Value) -> NewProvider {
    let mut all = json!({"name": "relay", "kind": "smtp"});
    all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(all).unwrap()
}

#[tokio::test]
async fn a_provider_is_added_with_defaults_and_its_secret_stays_inside() {
    let house = house();
    let admin = house.admin().await;
    let asked = provider(&json!({"config": {"host": "mail.example.org"}, "secret": "hunter2"}));
    assert!(!format!("{asked:?}").contains("hunter2"));
    let view = admin.provider_add(soon(), asked, plain()).await.unwrap().unwrap();
    assert_eq!((view.priority, view.max_in_flight, view.active, view.simulated), (100, 32, true, false));
    assert_eq!(view.channels.len(), 1, "all its type can");
    assert_eq!(admin.provider_add(soon(), provider(&json!({})), plain()).await.code(), Conflict);
    let shown = admin.provider_show(soon(), "relay".into()).await.unwrap().unwrap();
    assert_eq!(shown.config, Some(json!({"host": "mail.example.org"})));
    assert!(admin.provider_list(soon()).await.unwrap().unwrap()[0].config.is_none());
    assert_eq!(admin.provider_show(soon(), "nobody".into()).await.code(), NotFound);
    assert!(!house.on_disk().await.contains("hunter2"));
}

#[tokio::test]
async fn one_that_is_looked_at_is_told_with_its_last_calls() {
    let (house, admin) = furnished().await;
    let call = CallView {
        at: house.room.now(),
        notification_id: NotificationId::from_bytes([7; 16]),
        channel: Channel::Sms.into(),
        outcome: "transient".into(),
        elapsed_ms: 402,
        error: Some("503 upstream".into()),
    };
    house.engine.calls.lock().unwrap().push(call.clone());
    assert_eq!(admin.provider_show(soon(), "mock".into()).await.unwrap().unwrap().calls, [call]);
    assert!(admin.provider_list(soon()).await.unwrap().unwrap()[0].calls.is_empty());
}

#[tokio::test]
async fn what_is_wrong_with_a_provider_is_said() {
    let house = house();
    let admin = house.admin().await;
    for (more, hint) in [
        (json!({"kind": "fax"}), "the types are mock, smtp"),
        (json!({"name": "Relay"}), "1 to 64 characters"),
        (json!({"channels": ["sms"]}), "cannot serve sms; it can email"),
        (json!({"max_in_flight": 0}), "1 to 10000"),
        (json!({"max_in_flight": 10_001}), "1 to 10000"),
        (json!({"rate_per_second": 0.0}), "above 0"),
        (json!({"burst": 0}), "burst"),
        (json!({"config": {"bad": 1}}), "bad: there is no such field"),
    ] {
        let error = admin.provider_add(soon(), provider(&more), plain()).await.unwrap().unwrap_err();
        assert_eq!(error.code, Invalid);
        assert!(error.message.contains(hint), "{more}: {}", error.message);
    }
}

#[tokio::test]
async fn seeding_again_brings_the_definition_back_and_leaves_limits_alone() {
    let house = house();
    let admin = house.admin().await;
    let reseed = async |change| admin.provider_reseed(soon(), vec![], change).await.unwrap().unwrap();
    assert!(reseed(plain()).await[0].created, "what is not there is made");
    assert!(reseed(plain()).await[0].changed.is_empty());
    let other: ProviderChange = serde_json::from_value(json!({
        "channels": ["sms"], "priority": 7, "config": {"latency_ms": 5}
    }))
    .unwrap();
    admin.provider_update(soon(), "mock".into(), Box::new(other), plain()).await.unwrap().unwrap();
    for (change, left) in [(dry(), 1), (plain(), notify_proto::Channel::ALL.len())] {
        let told = &reseed(change).await[0];
        let keys: Vec<_> = told.changed.iter().map(|it| it.key.as_str()).collect();
        assert_eq!((told.created, keys), (false, vec!["channels", "config.latency_ms"]));
        let shown = admin.provider_show(soon(), "mock".into()).await.unwrap().unwrap();
        assert_eq!((shown.channels.len(), shown.priority), (left, 7));
    }
    let audited = admin.audit_list(soon(), AuditRequest::default()).await.unwrap().unwrap().items;
    assert_eq!(audited[0].verb, "provider.update");
    // One of that name that is of another type is somebody's own.
    admin.provider_remove(soon(), "mock".into(), plain()).await.unwrap().unwrap();
    let own = provider(&json!({"name": "mock", "config": {"host": "mail.example.org"}}));
    admin.provider_add(soon(), own, plain()).await.unwrap().unwrap();
    assert!(reseed(plain()).await[0].changed.is_empty());
}

#[tokio::test]
async fn seeding_twice_leaves_what_is_there_alone() {
    let house = house();
    let admin = house.admin().await;
    let first = admin.provider_seed(soon(), vec![], plain()).await.unwrap().unwrap();
    assert!(first.len() == 1 && first[0].created && first[0].provider.name == "mock");
    admin.provider_set_active(soon(), "mock".into(), false, None, plain()).await.unwrap().unwrap();
    let again = admin.provider_seed(soon(), vec!["mock".into()], plain()).await.unwrap().unwrap();
    assert!(!again[0].created && !again[0].provider.active);
    let needs = admin.provider_seed(soon(), vec!["smtp".into()], plain()).await.unwrap().unwrap_err();
    assert!(needs.message.contains("provider add"), "{needs:?}");
    assert_eq!(admin.provider_seed(soon(), vec!["fax".into()], plain()).await.code(), Invalid);
}

#[tokio::test]
async fn a_test_call_checks_its_address_first() {
    let (_house, admin) = furnished().await;
    let test = |channel, to: &str| admin.provider_test(soon(), "mock".into(), channel, to.into(), plain());
    assert_eq!(test(Some(notify_proto::Channel::Email), "nobody").await.code(), Invalid);
    let result = test(None, "+1 500 555-0006").await.unwrap().unwrap();
    assert!(result.accepted && result.simulated && result.elapsed_ms == 7);
    assert_eq!(result.outcome, "accepted");
}
