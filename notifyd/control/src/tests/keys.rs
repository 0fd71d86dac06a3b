//! Services and their keys.

use super::fakes::{Refused, furnished, plain, soon};
use notify_proto::ErrorCode::{Conflict, Invalid, NotFound};
use notify_proto::control::NewService;
use notifyd_lifecycle::Clock as _;
use notifyd_lifecycle::key::claimed_service;
use notifyd_store::Store as _;
use notifyd_store::door::Entry;
use std::net::{IpAddr, Ipv4Addr};

fn opens(house: &super::fakes::House, key: &str) -> bool {
    let now = super::fakes::StoppedClock.now();
    let peer = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let entry = house.store.door().knock(&house.store.directory(), claimed_service(key), key, peer, now);
    matches!(entry, Entry::Open(_))
}

#[tokio::test]
async fn a_service_is_created_once_and_its_key_opens_the_door() {
    let (house, admin) = furnished().await;
    let service = NewService { name: "b2".into(), description: Some("x".into()), rate_per_second: Some(5.0) };
    let fresh = admin.service_create(soon(), service.clone(), plain()).await.unwrap().unwrap().unwrap();
    assert_eq!((fresh.service.name.as_str(), fresh.service.active_keys), ("b2", 1));
    assert!(opens(&house, &fresh.api_key));
    assert!(!format!("{fresh:?}").contains(&fresh.api_key));
    assert_eq!(admin.service_create(soon(), service, plain()).await.code(), Conflict);
    let names: Vec<_> =
        admin.service_list(soon()).await.unwrap().unwrap().into_iter().map(|it| it.name).collect();
    assert_eq!(names, ["acme", "b2"]);
    assert_eq!(admin.service_show(soon(), "nobody".into()).await.code(), NotFound);
    let by_id = admin.service_show(soon(), fresh.service.id.to_string()).await.unwrap().unwrap();
    assert_eq!(by_id.name, "b2");
}

#[tokio::test]
async fn what_is_wrong_with_a_service_is_said() {
    let (_house, admin) = furnished().await;
    for (name, rate) in [("Acme", None), ("", None), ("b", Some(0.0)), ("b", Some(-1.0))] {
        let service = NewService { name: name.into(), description: None, rate_per_second: rate };
        assert_eq!(admin.service_create(soon(), service, plain()).await.code(), Invalid, "{name} {rate:?}");
    }
    let long = NewService { name: "b".into(), description: Some("x".repeat(257)), rate_per_second: None };
    assert_eq!(admin.service_create(soon(), long, plain()).await.code(), Invalid);
}

#[tokio::test]
async fn keys_come_go_and_are_replaced() {
    let (house, admin) = furnished().await;
    let acme = || "acme".to_owned();
    let create = admin.key_create(soon(), acme(), Some("ci".into()), None, plain());
    let first = create.await.unwrap().unwrap().unwrap();
    assert!(opens(&house, &first.api_key));
    assert_eq!(first.key.label.as_deref(), Some("ci"));

    let second = admin.key_reset(soon(), acme(), 0, plain()).await.unwrap().unwrap().unwrap();
    assert!(opens(&house, &second.api_key) && !opens(&house, &first.api_key));
    let third = admin.key_reset(soon(), acme(), 3_600, plain()).await.unwrap().unwrap().unwrap();
    assert!(opens(&house, &second.api_key), "the grace time is on");
    let listed = admin.key_list(soon(), acme()).await.unwrap().unwrap();
    let seen: Vec<_> = listed.iter().rev().take(3).map(|key| key.fingerprint.clone()).collect();
    assert_eq!(seen, [third.key.fingerprint.clone(), second.key.fingerprint, first.key.fingerprint]);
    assert!(seen[0] != seen[1] && seen.iter().all(|it| it.len() == 12), "{seen:?}");

    let revoked = admin.key_revoke(soon(), acme(), third.key.prefix.clone(), plain()).await.unwrap().unwrap();
    assert!(revoked.revoked_at.is_some());
    assert!(!opens(&house, &third.api_key));
    assert_eq!(admin.key_revoke(soon(), acme(), third.key.prefix, plain()).await.code(), NotFound);
    assert_eq!(admin.key_reset(soon(), acme(), u64::MAX, plain()).await.code(), Invalid);
    let past = Some(super::fakes::StoppedClock.now());
    assert_eq!(admin.key_create(soon(), acme(), None, past, plain()).await.code(), Invalid);
    let log = house.on_disk().await;
    for key in [first.api_key, second.api_key, third.api_key] {
        assert!(!log.contains(&key), "a key is on disk");
    }
}

#[tokio::test]
async fn a_locked_service_is_unlocked() {
    let (house, admin) = furnished().await;
    let id = admin.service_show(soon(), "acme".into()).await.unwrap().unwrap().id;
    let wrong = format!("{}-{}", id.as_uuid().simple(), "0".repeat(32));
    for _ in 0..=20 {
        assert!(!opens(&house, &wrong));
    }
    let locked = admin.service_show(soon(), "acme".into()).await.unwrap().unwrap();
    assert!(locked.auth_failures == 20 && locked.locked_until.is_some());
    let open = admin.service_unlock(soon(), "acme".into(), plain()).await.unwrap().unwrap();
    assert!(open.auth_failures == 0 && open.locked_until.is_none());
}
