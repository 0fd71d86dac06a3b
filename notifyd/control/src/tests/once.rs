//! Changes that carry a key.

use super::fakes::{Refused, because, furnished, plain, sent, soon, text};
use notify_proto::ErrorCode::{Conflict, Forbidden, Invalid, NotFound};
use notify_proto::control::{Change, ControlClient, Role};
use notify_proto::transport::within;
use std::time::Duration;

fn keyed(key: &str) -> Change {
    Change { key: Some(key.into()), ..Change::default() }
}

async fn keys(admin: &ControlClient) -> usize {
    admin.key_list(soon(), "acme".into()).await.unwrap().unwrap().len()
}

#[tokio::test]
async fn what_is_asked_for_again_is_made_once_and_answered_alike() {
    let (house, admin) = furnished().await;
    let before = keys(&admin).await;
    let create = |client: ControlClient, key: &'static str| async move {
        client.key_create(soon(), "acme".into(), None, None, keyed(key)).await
    };
    let first = create(admin.clone(), "k1").await.unwrap().unwrap();
    let again = create(house.admin().await, "k1").await.unwrap().unwrap();
    assert_eq!(again, first, "the key that is shown once is shown to whoever waits for it");
    let other = create(admin.clone(), "k2").await.unwrap().unwrap();
    assert_ne!(other, first);
    assert_eq!(keys(&admin).await, before + 2);
    // Without a key each is one of its own.
    admin.key_create(soon(), "acme".into(), None, None, plain()).await.unwrap().unwrap();
    assert_eq!(keys(&admin).await, before + 3);
    let (other, label) = (keyed("k1"), Some("ci".to_owned()));
    assert_eq!(admin.key_create(soon(), "acme".into(), label, None, other).await.code(), Conflict);
    let why = Change { reason: Some("another reason".into()), ..keyed("k1") };
    assert_eq!(admin.service_unlock(soon(), "acme".into(), why).await.code(), Conflict);
    let viewer = house.enter(Role::Viewer).await;
    assert_eq!(create(viewer, "k1").await.code(), Forbidden);
}

#[tokio::test]
async fn what_was_refused_or_rehearsed_may_be_asked_for_again() {
    let (_house, admin) = furnished().await;
    let enable = |name: &str, change| admin.service_set_active(soon(), name.into(), true, change);
    admin.service_set_active(soon(), "acme".into(), false, because("unpaid")).await.unwrap().unwrap();
    assert_eq!(enable("later", keyed("k")).await.code(), NotFound);
    let dry = Change { dry_run: true, ..keyed("k") };
    assert_eq!(enable("acme", dry.clone()).await.unwrap().unwrap().name, "acme");
    assert_eq!(enable("acme", keyed("k")).await.unwrap().unwrap().name, "acme");
    for key in ["", "two\nlines", &"x".repeat(201)] {
        assert_eq!(enable("acme", keyed(key)).await.code(), Invalid, "{key:?}");
    }
    assert_eq!(enable("acme", because("no key")).await.code(), Conflict, "it is enabled now");
}

/// Whoever goes away leaves the change to be made or not, and whoever comes back finds out which.
#[tokio::test]
async fn a_change_goes_on_when_whoever_asked_has_gone() {
    let (_house, admin) = furnished().await;
    for round in 0..50 {
        let key = || keyed(&format!("k{round}"));
        let send = |patience| {
            let text = text(&round.to_string());
            admin.notification_send(within(patience), "acme".into(), text, key())
        };
        let first = send(Duration::from_micros(100 * round)).await;
        let second = send(Duration::from_secs(10)).await.unwrap().unwrap().unwrap();
        assert!(!second.duplicate, "it was accepted by the very call it answers");
        if let Ok(first) = first {
            assert_eq!(first.unwrap().unwrap(), second);
        }
    }
    let id = sent(&admin, "one more").await;
    assert!(admin.notification_show(soon(), id, false).await.unwrap().is_ok());
    assert_eq!(admin.status(soon()).await.unwrap().unwrap().by_status["queued"], 51);
}
