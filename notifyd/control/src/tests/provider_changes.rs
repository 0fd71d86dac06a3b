//! Providers that are changed, removed, and asked where they stand.

use super::fakes::{House, Refused, because, dry, furnished, house, plain, soon};
use notify_proto::Channel;
use notify_proto::ErrorCode::{Conflict, Invalid, NotFound};
use notify_proto::control::{
    ControlClient, Limit, NewProvider, ProviderChange, RouteRequest, UpdatedProvider,
};
use notify_proto::view::ProviderView;
use notifyd_store::Store as _;
use serde_json::{Value, json};

/// An admin in a house with a relay that has a secret.
async fn with_relay() -> (House, ControlClient) {
    let house = house();
    let admin = house.admin().await;
    let relay = json!({
        "name": "relay", "kind": "smtp", "rate_per_second": 5.0, "burst": 3, "secret": "hunter2",
        "config": {"host": "mail.example.org", "username": "shop"}
    });
    let relay: NewProvider = serde_json::from_value(relay).unwrap();
    admin.provider_add(soon(), relay, plain()).await.unwrap().unwrap();
    (house, admin)
}

fn change(fields: Value) -> Box<ProviderChange> {
    Box::new(serde_json::from_value(fields).unwrap())
}

/// Key, before and after of each.
fn told(updated: &UpdatedProvider) -> Vec<(&str, &str, &str)> {
    updated.changed.iter().map(|it| (it.key.as_str(), it.from.as_str(), it.to.as_str())).collect()
}

async fn shown(admin: &ControlClient) -> ProviderView {
    admin.provider_show(soon(), "relay".into()).await.unwrap().unwrap()
}

#[tokio::test]
async fn only_what_is_given_changes_and_all_of_it_is_told() {
    let (house, admin) = with_relay().await;
    let fields = json!({
        "rename": "mail", "priority": -2, "rate_per_second": "lift", "burst": {"set": 9},
        "config": {"host": "mx.example.org", "username": "shop"}, "secret": "hunter3"
    });
    assert!(!format!("{:?}", change(fields.clone())).contains("hunter3"));
    let dry = admin.provider_update(soon(), "relay".into(), change(fields.clone()), dry()).await;
    let before = shown(&admin).await;
    let why = because("rotated");
    let done = admin.provider_update(soon(), "relay".into(), change(fields), why).await.unwrap().unwrap();
    assert_eq!(told(&done), told(&dry.unwrap().unwrap()), "a dry run tells the same");
    assert_eq!(
        told(&done),
        [
            ("name", "relay", "mail"),
            ("priority", "100", "-2"),
            ("rate", "5/s", "none"),
            ("burst", "3", "9"),
            ("config.host", "\"mail.example.org\"", "\"mx.example.org\""),
            ("secret", "set", "replaced"),
        ]
    );
    let now = admin.provider_show(soon(), before.id.to_string()).await.unwrap().unwrap();
    assert_eq!(now, done.provider);
    assert_eq!((now.channels, now.max_in_flight, now.created_at), (before.channels, 32, before.created_at));
    assert_eq!(admin.provider_show(soon(), "relay".into()).await.code(), NotFound);
    let secret = house.store.provider_secret(before.id).await.unwrap().unwrap();
    assert_eq!(secret.expose(), "hunter3");
    let log = house.on_disk().await;
    assert!(log.contains("provider.updaterelay: name relay -> mail, priority 100 -> -2"), "it is audited");
    assert!(!log.contains("hunter"), "without the secrets");
}

#[tokio::test]
async fn nothing_changes_unless_all_of_it_can() {
    let (house, admin) = with_relay().await;
    admin.provider_seed(soon(), vec![], plain()).await.unwrap().unwrap();
    let before = shown(&admin).await;
    for (fields, code, hint) in [
        (json!({}), Conflict, "nothing would change"),
        (json!({"priority": 100, "rate_per_second": {"set": 5.0}}), Conflict, "nothing would change"),
        (json!({"secret": "hunter2"}), Conflict, "nothing would change"),
        (json!({"channels": []}), Conflict, "nothing would change"),
        (json!({"rename": "mock", "priority": 1}), Conflict, "mock exists already"),
        (json!({"rename": "Relay"}), Invalid, "1 to 64 characters"),
        (json!({"priority": 1, "channels": ["sms"]}), Invalid, "cannot serve sms; it can email"),
        (json!({"priority": 1, "max_in_flight": 0}), Invalid, "1 to 10000"),
        (json!({"priority": 1, "rate_per_second": {"set": 0.0}}), Invalid, "above 0"),
        (json!({"priority": 1, "burst": {"set": 0}}), Invalid, "burst"),
        (json!({"priority": 1, "config": {"bad": 1}}), Invalid, "bad: there is no such field"),
    ] {
        let refused = admin.provider_update(soon(), "relay".into(), change(fields.clone()), plain()).await;
        let error = refused.unwrap().unwrap_err();
        assert_eq!(error.code, code, "{fields}");
        assert!(error.message.contains(hint), "{fields}: {}", error.message);
    }
    let nobody = admin.provider_update(soon(), "nobody".into(), change(json!({"priority": 1})), plain());
    assert_eq!(nobody.await.code(), NotFound);
    assert_eq!(shown(&admin).await, before);
    // A login without its secret is refused; the one that is stored counts.
    let login = json!({"config": {"username": "other"}});
    admin.provider_update(soon(), "relay".into(), change(login.clone()), plain()).await.unwrap().unwrap();
    assert_eq!(admin.provider_update(soon(), "mock".into(), change(login), plain()).await.code(), Invalid);
    assert!(!house.on_disk().await.contains("hunter"));
}

#[tokio::test]
async fn long_settings_are_told_in_short() {
    let (_house, admin) = with_relay().await;
    let fields = json!({"config": {"ca_file": "\u{e4}".repeat(5_000), "username": "shop"}});
    let done = admin.provider_update(soon(), "relay".into(), change(fields), plain()).await.unwrap().unwrap();
    assert_eq!(done.changed[0].key, "config.ca_file");
    assert_eq!(done.changed[0].to.chars().count(), 63);
    assert_eq!(told(&done)[1], ("config.host", "\"mail.example.org\"", "none"));
}

#[tokio::test]
async fn a_removed_provider_leaves_its_name_and_no_secret() {
    let (house, admin) = with_relay().await;
    admin.provider_seed(soon(), vec![], plain()).await.unwrap().unwrap();
    let before = shown(&admin).await;
    let removed = admin.provider_remove(soon(), "relay".into(), because("closed")).await.unwrap().unwrap();
    assert_eq!((removed.provider.id, removed.provider.active), (before.id, false));
    assert_eq!(removed.unserved, [], "the mock serves mail too");
    assert_eq!(admin.provider_remove(soon(), "relay".into(), plain()).await.code(), NotFound);
    assert_eq!(admin.provider_remove(soon(), before.id.to_string(), plain()).await.code(), NotFound);
    assert!(house.store.provider_secret(before.id).await.unwrap().is_none());
    let again: NewProvider = serde_json::from_value(json!({"name": "relay", "kind": "smtp"})).unwrap();
    assert_ne!(admin.provider_add(soon(), again, plain()).await.unwrap().unwrap().id, before.id);
    admin.provider_set_active(soon(), "relay".into(), false, None, plain()).await.unwrap().unwrap();
    let removed = admin.provider_remove(soon(), "relay".into(), plain()).await.unwrap().unwrap();
    assert_eq!(removed.unserved, [], "it served nothing");
    let removed = admin.provider_remove(soon(), "mock".into(), plain()).await.unwrap().unwrap();
    assert_eq!(removed.unserved.len(), Channel::ALL.len());
    assert!(house.on_disk().await.contains("provider.removerelayclosed"));
}

#[tokio::test]
async fn a_route_is_told_for_the_channels_that_fit() {
    let (house, admin) = furnished().await;
    let ask = |request: Value| {
        let request: RouteRequest = serde_json::from_value(request).unwrap();
        admin.provider_route(soon(), request)
    };
    let all = ask(json!({})).await.unwrap().unwrap();
    assert_eq!((all.steps.len(), all.notes.len()), (Channel::ALL.len(), 0));
    let relay = json!({"name": "relay", "kind": "smtp", "priority": 5});
    admin.provider_add(soon(), serde_json::from_value(relay).unwrap(), plain()).await.unwrap().unwrap();
    let email = ask(json!({"channel": "email", "service": "acme"})).await.unwrap().unwrap();
    let told: Vec<_> =
        email.steps.iter().map(|it| (it.place, it.provider.as_str(), it.verdict.as_str())).collect();
    assert_eq!(told, [(1, "relay", "taken"), (2, "mock", "in_reserve")]);
    let pinned = ask(json!({"channel": "email", "provider": "mock"})).await.unwrap().unwrap();
    assert_eq!((pinned.steps.len(), pinned.steps[0].provider.as_str()), (1, "mock"));
    let alone = ask(json!({"channel": "sms", "provider": "relay"})).await.unwrap().unwrap();
    assert_eq!(alone.steps, []);
    assert_eq!(alone.notes, ["sms: relay does not serve it; what is due fails with no_provider"]);
    assert_eq!(ask(json!({"provider": "relay"})).await.unwrap().unwrap().steps.len(), 1, "what it serves");
    let to = ask(json!({"to": "+1 500 555 0006"})).await.unwrap().unwrap();
    let of = |channel: Channel| to.steps.iter().any(|step| step.channel.known() == Some(channel));
    assert!(of(Channel::Sms) && !of(Channel::Email), "{to:?}");
    *house.engine.circuit.lock().unwrap() = "open";
    admin.service_set_active(soon(), "acme".into(), false, plain()).await.unwrap().unwrap();
    let held = ask(json!({"channel": "sms", "service": "acme"})).await.unwrap().unwrap();
    let step = &held.steps[0];
    assert_eq!((step.verdict.as_str(), step.state.as_str()), ("passed_over", "breaker_open"));
    assert!(step.why.is_some() && step.since.is_some() && step.until.is_none());
    assert!(held.notes[0].contains("acme is disabled") && held.notes[1].contains("is held"), "{held:?}");
    for (request, code) in [
        (json!({"service": "nobody"}), NotFound),
        (json!({"provider": "nobody"}), NotFound),
        (json!({"channel": "email", "to": "+15005550006"}), Invalid),
        (json!({"to": "\u{7}"}), Invalid),
    ] {
        assert_eq!(ask(request.clone()).await.code(), code, "{request}");
    }
    let empty = super::fakes::house();
    let nobody = empty.admin().await;
    assert_eq!(nobody.provider_route(soon(), RouteRequest::default()).await.code(), Conflict);
}

#[test]
fn a_limit_that_is_not_told_of_stays() {
    let change: ProviderChange = serde_json::from_value(json!({"rate_per_second": "keep"})).unwrap();
    assert_eq!(change, ProviderChange::default());
    assert_eq!(serde_json::to_value(Limit::Set(2.5)).unwrap(), json!({"set": 2.5}));
}
