use super::fixture::{Opened, new_provider, who};
use notify_proto::ProviderId;
use notifyd_lifecycle::Secret;
use notifyd_store::StoreError;
use notifyd_store::api::NewService;
use notifyd_store::door::Entry;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

const PEER: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn knock(it: &Opened, name: &str, key: &str) -> Entry {
    let directory = it.store.directory();
    let service = directory.find_service(name).map(|service| service.id);
    it.store.door().knock(&directory, service, key, PEER, it.now())
}

pub async fn services_and_keys_come_and_go(it: Opened) {
    let first = it.service_with_key("acme").await;
    assert!(matches!(knock(&it, "acme", first.expose()), Entry::Open(_)));
    let id = it.store.directory().find_service("acme").unwrap().id;
    let (second, new) = it.new_key(id);
    let soon = it.now() + Duration::from_secs(3_600);
    it.store.create_key(new, Some(soon), who()).await.unwrap();
    assert!(matches!(knock(&it, "acme", first.expose()), Entry::Open(_)), "old and new overlap");
    it.turn(Duration::from_secs(3_600));
    assert!(matches!(knock(&it, "acme", first.expose()), Entry::Wrong));
    assert!(matches!(knock(&it, "acme", second.expose()), Entry::Open(_)));
    it.store.set_service_active(id, false, who()).await.unwrap();
    assert!(matches!(knock(&it, "acme", second.expose()), Entry::Inactive));
    it.store.set_service_active(id, true, who()).await.unwrap();
    let keys = it.store.keys(id).await.unwrap();
    assert_eq!(keys.len(), 2);
    it.store.revoke_key(keys[1].id, who()).await.unwrap();
    assert!(matches!(knock(&it, "acme", second.expose()), Entry::Wrong));
    assert!(it.store.keys(id).await.unwrap()[1].revoked_at.is_some());
    it.store.sweep(it.now()).await.unwrap();
    assert!(it.store.keys(id).await.unwrap()[1].last_used_at.is_some());
}

pub async fn a_stranger_cannot_lock_a_service_out(it: Opened) {
    let key = it.service_with_key("acme").await;
    for _ in 0..20 {
        assert!(matches!(knock(&it, "acme", "wrong"), Entry::Wrong));
    }
    assert!(matches!(knock(&it, "acme", "wrong"), Entry::Locked(_)));
    let id = it.store.directory().find_service("acme").unwrap().id;
    assert_eq!(it.store.door().failures(id, it.now()).0, 20);
    assert!(matches!(knock(&it, "acme", key.expose()), Entry::Open(_)));
    assert_eq!(it.store.door().failures(id, it.now()).0, 0, "a right key resets the count");
    for _ in 0..21 {
        knock(&it, "acme", "wrong");
    }
    it.store.door().unlock(id);
    assert!(matches!(knock(&it, "acme", "wrong"), Entry::Wrong));
    for _ in 0..20 {
        assert!(matches!(knock(&it, "nobody", "wrong"), Entry::Wrong));
    }
    assert!(matches!(knock(&it, "nobody", "wrong"), Entry::Locked(_)), "strangers are counted by peer");
}

pub async fn a_lock_is_as_long_whatever_the_clock_says(it: Opened) {
    it.service_with_key("acme").await;
    for _ in 0..20 {
        knock(&it, "acme", "wrong");
    }
    let id = it.store.directory().find_service("acme").unwrap().id;
    for by in [3 * 3_600, -6 * 3_600] {
        it.set_clock(by);
        let until = it.now() + Duration::from_secs(7_200);
        assert!(matches!(knock(&it, "acme", "wrong"), Entry::Locked(at) if at == until), "set by {by} s");
        assert_eq!(it.store.door().failures(id, it.now()), (20, Some(until)), "set by {by} s");
    }
    it.turn(Duration::from_secs(7_200));
    assert!(matches!(knock(&it, "acme", "wrong"), Entry::Wrong));
}

pub async fn a_provider_keeps_its_secret(it: Opened) {
    let id = ProviderId::from_bytes([5; 16]);
    let mut new = new_provider(id, "relay");
    new.secret = Some(Secret::new("hunter2".into()));
    it.store.create_provider(new, who()).await.unwrap();
    let it = it.restart().await;
    assert_eq!(it.store.provider_secret(id).await.unwrap().unwrap().expose(), "hunter2");
    it.store.set_provider_active(id, false, who()).await.unwrap();
    assert!(!it.store.directory().find_provider("relay").unwrap().active);
    let nobody = ProviderId::from_bytes([6; 16]);
    assert!(it.store.provider_secret(nobody).await.unwrap().is_none());
    let missing = it.store.set_provider_active(nobody, true, who()).await;
    assert!(matches!(missing, Err(StoreError::NotFound { kind: "provider", .. })));
}

pub async fn names_are_taken_once(it: Opened) {
    it.service("acme").await;
    let id = notify_proto::ServiceId::from_bytes([4; 16]);
    let (_, key) = it.new_key(id);
    let again = NewService { id, name: "acme".into(), description: None, rate_per_second: None };
    let taken = it.store.create_service(again, key, who()).await;
    assert!(matches!(taken, Err(StoreError::Exists { kind: "service", .. })));
    it.provider("p").await;
    let taken = it.store.create_provider(new_provider(ProviderId::from_bytes([3; 16]), "p"), who()).await;
    assert!(matches!(taken, Err(StoreError::Exists { kind: "provider", .. })));
    assert_eq!(it.store.directory().services().len(), 1);
}
