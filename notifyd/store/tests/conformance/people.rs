use super::fixture::{Opened, new_provider, who};
use notify_proto::{ProviderId, ServiceId};
use notifyd_lifecycle::Secret;
use notifyd_store::StoreError;
use notifyd_store::api::NewService;
use notifyd_store::door::Entry;
use notifyd_store::feed::Item;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

const PEER: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn knock(it: &Opened, name: &str, key: &str) -> Entry {
    let directory = it.store.directory();
    knock_from(it, PEER, directory.find_service(name).map(|service| service.id), key)
}

fn knock_from(it: &Opened, peer: IpAddr, service: Option<ServiceId>, key: &str) -> Entry {
    it.store.door().knock(&it.store.directory(), service, key, peer, it.now())
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
    let start = it.store.feed().end();
    for _ in 0..20 {
        assert!(matches!(knock(&it, "acme", "wrong"), Entry::Wrong));
    }
    assert!(matches!(knock(&it, "acme", "wrong"), Entry::Locked(_)));
    let told = it.store.feed().read_all(start, 10).events;
    let [Item::Remark(told)] = told.as_slice() else { panic!("it is told once: {told:?}") };
    assert_eq!((told.event, told.id.as_str()), ("service_locked", "acme"));
    let id = it.store.directory().find_service("acme").unwrap().id;
    assert_eq!(it.store.door().failures(id, it.now()).0, 20);
    assert!(matches!(knock(&it, "acme", key.expose()), Entry::Open(_)));
    assert_eq!(it.store.door().failures(id, it.now()).0, 0, "a right key resets the count");
    assert!(matches!(knock(&it, "acme", "wrong"), Entry::Wrong), "and that of its peer");
    for _ in 0..21 {
        knock(&it, "acme", "wrong");
    }
    it.store.door().unlock(id);
    assert_eq!(it.store.door().failures(id, it.now()), (0, None));
    let elsewhere = IpAddr::from([192, 0, 2, 1]);
    assert!(matches!(knock_from(&it, elsewhere, Some(id), "wrong"), Entry::Wrong));
    for _ in 0..19 {
        assert!(matches!(knock_from(&it, elsewhere, None, "wrong"), Entry::Wrong));
    }
    assert!(matches!(knock_from(&it, elsewhere, None, "wrong"), Entry::Locked(_)), "no service was named");
}

/// Whatever a stranger tries, and from wherever, an id that exists is answered like one that does not.
pub async fn failures_do_not_tell_which_services_exist(it: Opened) {
    it.service_with_key("acme").await;
    let known = it.store.directory().find_service("acme").unwrap().id;
    let unknown = ServiceId::from_bytes([9; 16]);
    let told = |entry: Entry| match entry {
        Entry::Wrong => "wrong",
        Entry::Locked(_) => "locked",
        Entry::Open(_) | Entry::Inactive => "open",
    };
    // A different peer for each, then both ids from each peer: the first fills up a service, the second finds it full.
    let mut answers = Vec::new();
    for (net, id) in [(1, known), (2, unknown)] {
        let mut of_this = Vec::new();
        for host in [1, 1, 2] {
            let peer = IpAddr::from([10, net, 0, host]);
            of_this.extend((0..21).map(|_| told(knock_from(&it, peer, Some(id), "wrong"))));
        }
        answers.push(of_this);
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!((answers[0][19], answers[0][20], answers[0][42]), ("wrong", "locked", "locked"));
    // A peer that is locked hears the same of an id it never named, and so does its whole network.
    let locked: IpAddr = "2001:db8::1".parse().unwrap();
    for _ in 0..20 {
        knock_from(&it, locked, None, "wrong");
    }
    it.store.door().unlock(known);
    for peer in [locked, "2001:db8::2".parse().unwrap()] {
        for id in [known, ServiceId::from_bytes([8; 16])] {
            assert_eq!(told(knock_from(&it, peer, Some(id), "wrong")), "locked");
        }
    }
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
