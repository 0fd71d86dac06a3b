//! A webhook is created once for an idempotency key.

use super::fixture::{Opened, draft, who};
use super::webhooks::{private, settings};
use notify_proto::WebhookId;
use notifyd_store::StoreError;
use notifyd_store::api::{Accepted, Idempotency};
use notifyd_store::webhooks::{Created, NewWebhook};
use std::sync::Arc;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3_600);

fn id(byte: u8) -> WebhookId {
    WebhookId::from_bytes([byte; 16])
}

fn key(key: &str, request: u8) -> Idempotency {
    Idempotency { key: key.into(), request: [request; 32] }
}

/// Asks for a webhook of this id; a service may have two.
async fn create(it: &Opened, service: &str, byte: u8, key: Idempotency) -> Result<Created, StoreError> {
    let service = it.service(service).await;
    let new = NewWebhook { id: id(byte), service, settings: settings(), private: private(), most: 2 };
    it.store.webhooks().create_once(new, key, who()).await
}

async fn before(it: &Opened, service: &str, key: Idempotency) -> Option<Created> {
    let service = it.service(service).await;
    it.store.webhooks().created_before(service, key).await.unwrap()
}

pub async fn a_webhook_is_created_once_for_a_key(it: Opened) {
    assert_eq!(before(&it, "acme", key("k", 1)).await, None);
    assert_eq!(create(&it, "acme", 1, key("k", 1)).await.unwrap(), Created::Fresh(id(1)));
    assert_eq!(create(&it, "acme", 2, key("k", 1)).await.unwrap(), Created::Before(id(1)));
    assert_eq!(before(&it, "acme", key("k", 1)).await, Some(Created::Before(id(1))));
    let it = it.restart().await;
    assert_eq!(create(&it, "acme", 3, key("k", 1)).await.unwrap(), Created::Before(id(1)));
    let endpoints = it.store.webhooks().endpoints();
    assert_eq!(endpoints.all().map(|it| it.id).collect::<Vec<_>>(), [id(1)]);
    // All at once, whoever comes first.
    let service = it.service("bolt").await;
    let asked: Vec<_> = (10..18)
        .map(|byte| {
            let store = Arc::clone(&it.store);
            let new = NewWebhook { id: id(byte), service, settings: settings(), private: private(), most: 2 };
            tokio::spawn(async move { store.webhooks().create_once(new, key("at once", 7), who()).await })
        })
        .collect();
    let mut created = Vec::new();
    for asked in asked {
        created.push(asked.await.unwrap().unwrap());
    }
    let fresh: Vec<_> = created.iter().filter(|it| matches!(it, Created::Fresh(_))).collect();
    let [Created::Fresh(first)] = fresh[..] else { panic!("{created:?}") };
    assert_eq!(created.iter().filter(|it| **it == Created::Before(*first)).count(), 7);
}

pub async fn a_key_stands_for_one_request_whatever_it_asks_for(it: Opened) {
    create(&it, "acme", 1, key("k", 1)).await.unwrap();
    assert_eq!(create(&it, "acme", 2, key("k", 2)).await.unwrap(), Created::KeyReused);
    assert_eq!(before(&it, "acme", key("k", 2)).await, Some(Created::KeyReused));
    let sent = it.accept_with_key(draft("one"), "k", 2).await;
    assert!(matches!(sent, Accepted::KeyReused), "{sent:?}");
    let sent = it.accept_with_key(draft("one"), "of a notification", 3).await;
    assert!(matches!(sent, Accepted::Fresh(_)), "{sent:?}");
    assert_eq!(create(&it, "acme", 2, key("of a notification", 4)).await.unwrap(), Created::KeyReused);
    // Another service has keys of its own.
    assert_eq!(create(&it, "bolt", 3, key("k", 9)).await.unwrap(), Created::Fresh(id(3)));
    assert_eq!(it.store.webhooks().endpoints().len(), 2);
}

pub async fn a_creation_that_fails_leaves_its_key_free(it: Opened) {
    create(&it, "acme", 1, key("one", 1)).await.unwrap();
    create(&it, "acme", 2, key("two", 2)).await.unwrap();
    let many = create(&it, "acme", 3, key("three", 3)).await;
    assert!(matches!(many, Err(StoreError::TooMany { kind: "webhooks", most: 2 })), "{many:?}");
    assert_eq!(before(&it, "acme", key("three", 3)).await, None);
    assert_eq!(create(&it, "acme", 4, key("two", 2)).await.unwrap(), Created::Before(id(2)));
    let first = it.store.webhooks().endpoints().find(id(1)).unwrap().no;
    it.store.webhooks().remove(first, id(1), who()).await.unwrap();
    assert_eq!(create(&it, "acme", 3, key("three", 3)).await.unwrap(), Created::Fresh(id(3)));
}

pub async fn a_key_of_a_webhook_ends_after_a_day(it: Opened) {
    create(&it, "acme", 1, key("k", 1)).await.unwrap();
    it.turn(23 * HOUR);
    assert_eq!(create(&it, "acme", 2, key("k", 1)).await.unwrap(), Created::Before(id(1)));
    it.turn(2 * HOUR);
    assert_eq!(before(&it, "acme", key("k", 1)).await, None);
    assert_eq!(create(&it, "acme", 2, key("k", 5)).await.unwrap(), Created::Fresh(id(2)));
}
