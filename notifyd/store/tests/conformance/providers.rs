//! Providers that change and go.

use super::delivering::record;
use super::fixture::{Opened, draft, new_provider, who};
use notify_proto::filter::Filter;
use notify_proto::{Channel, ProviderId, Status};
use notifyd_lifecycle::{Secret, Transition};
use notifyd_store::api::{Page, ProviderUpdate, Verdict};
use notifyd_store::{Provider, Scope, StoreError};
use serde_json::json;
use std::sync::Arc;

fn relay(it: &Opened) -> Arc<Provider> {
    Arc::clone(it.store.directory().find_provider("relay").unwrap())
}

async fn with_secret(it: &Opened) -> Arc<Provider> {
    let mut new = new_provider(ProviderId::from_bytes([5; 16]), "relay");
    new.secret = Some(Secret::new("hunter2".into()));
    it.store.create_provider(new, who()).await.unwrap();
    relay(it)
}

async fn secret(it: &Opened, id: ProviderId) -> Option<String> {
    it.store.provider_secret(id).await.unwrap().map(|secret| secret.expose().clone())
}

pub async fn a_provider_changes_and_keeps_its_secret(it: Opened) {
    let before = with_secret(&it).await;
    let limits = ProviderUpdate {
        channels: vec![Channel::Email],
        priority: -3,
        rate_per_second: Some(2.5),
        burst: Some(7),
        max_in_flight: 1,
        ..ProviderUpdate::of(&before)
    };
    assert_eq!(it.store.update_provider(limits, who()).await.unwrap(), Verdict::Applied);
    let now = relay(&it);
    assert_eq!((now.channels.as_slice(), now.priority), (&[Channel::Email][..], -3));
    assert_eq!((now.rate_per_second, now.burst, now.max_in_flight), (Some(2.5), Some(7), 1));
    assert!(now.revision > before.revision);
    assert_eq!(now.client, before.client, "nothing its client is built from");
    let settings = ProviderUpdate { config: json!({"latency_ms": 1}), ..ProviderUpdate::of(&now) };
    it.store.update_provider(settings, who()).await.unwrap();
    let settled = relay(&it);
    assert!(settled.client > now.client);
    assert_eq!(secret(&it, now.id).await.as_deref(), Some("hunter2"));
    let other =
        ProviderUpdate { secret: Some(Secret::new("hunter3".into())), ..ProviderUpdate::of(&settled) };
    it.store.update_provider(other, who()).await.unwrap();
    assert!(relay(&it).client > settled.client);
    let it = it.restart().await;
    assert_eq!(secret(&it, now.id).await.as_deref(), Some("hunter3"));
    let kept = relay(&it);
    assert_eq!((&kept.config, kept.priority), (&json!({"latency_ms": 1}), -3));
}

pub async fn a_change_from_an_older_look_changes_nothing(it: Opened) {
    let before = with_secret(&it).await;
    it.provider("p").await;
    let first = ProviderUpdate { priority: 1, ..ProviderUpdate::of(&before) };
    assert_eq!(it.store.update_provider(first, who()).await.unwrap(), Verdict::Applied);
    let late = ProviderUpdate {
        priority: 2,
        secret: Some(Secret::new("late".into())),
        ..ProviderUpdate::of(&before)
    };
    assert_eq!(it.store.update_provider(late, who()).await.unwrap(), Verdict::SomeoneElses);
    let taken = ProviderUpdate { name: "p".into(), priority: 3, ..ProviderUpdate::of(&relay(&it)) };
    let taken = it.store.update_provider(taken, who()).await;
    assert!(matches!(taken, Err(StoreError::Exists { kind: "provider", .. })), "{taken:?}");
    let nobody = ProviderUpdate { id: ProviderId::from_bytes([9; 16]), ..ProviderUpdate::of(&before) };
    let nobody = it.store.update_provider(nobody, who()).await;
    assert!(matches!(nobody, Err(StoreError::NotFound { kind: "provider", .. })), "{nobody:?}");
    assert_eq!((relay(&it).priority, relay(&it).revision), (1, before.revision + 1));
    assert_eq!(secret(&it, before.id).await.as_deref(), Some("hunter2"));
}

pub async fn a_removed_provider_stays_in_the_stories(it: Opened) {
    let old = it.provider("p").await;
    let done = it.accept(draft("one")).await;
    let job = it.only_job().await;
    it.store.claim(vec![it.claim(&job).await]).await.unwrap();
    // It answers after it was removed.
    let outcome = record(&it, &job, Transition::deliver());
    it.store.remove_provider(old, who()).await.unwrap();
    assert!(it.store.directory().providers().is_empty() && it.store.directory().candidates().is_empty());
    assert_eq!(it.store.record(vec![outcome]).await.unwrap(), [Verdict::Applied]);
    // Written down for it when the claim was on its way already.
    let late = it.accept(draft("two")).await;
    let job = it.only_job().await;
    let mut claim = it.claim(&job).await;
    let new = claim.provider;
    claim.provider = old;
    it.store.claim(vec![claim]).await.unwrap();
    assert_ne!(new, old, "the name was free");

    let it = it.restart().await;
    for id in [done, late] {
        let detail = it.store.notification(Scope::All, id).await.unwrap().unwrap();
        assert_eq!((detail.notification.provider_id, detail.attempts[0].provider_id), (Some(old), Some(old)));
        assert_eq!(detail.attempts[0].provider_name.as_deref(), Some("p"));
    }
    assert_eq!(it.store.interrupted(0, 10).await.unwrap()[0].provider, Some(old));
    let filter = Filter::parse("provider:p", it.now()).unwrap();
    let listed = it.store.list(Scope::All, Page { filter, limit: 10, ..Page::default() }).await.unwrap();
    assert_eq!(listed.items.len(), 2);
    let stats = it.store.stats(Scope::All, None, notify_proto::Timestamp::UNIX_EPOCH).await.unwrap();
    assert_eq!(stats.by_provider["p"], 2);
    assert_eq!(it.store.counts().of(Status::Delivered), 1);
}

pub async fn what_is_removed_is_gone_and_its_number_too(it: Opened) {
    let first = with_secret(&it).await;
    it.store.remove_provider(first.id, who()).await.unwrap();
    assert_eq!(secret(&it, first.id).await, None);
    assert!(it.store.directory().find_provider(&first.id.to_string()).is_none());
    let again = it.store.remove_provider(first.id, who()).await;
    assert!(matches!(again, Err(StoreError::NotFound { kind: "provider", .. })), "{again:?}");
    let late = it.store.update_provider(ProviderUpdate::of(&first), who()).await;
    assert!(matches!(late, Err(StoreError::NotFound { kind: "provider", .. })), "{late:?}");
    // It was the last, so a number that is only counted up from those there are would come again.
    let it = it.restart().await;
    it.store.create_provider(new_provider(ProviderId::from_bytes([6; 16]), "relay"), who()).await.unwrap();
    assert_ne!(relay(&it).no, first.no);
    assert_eq!(it.store.directory().known_no(first.no).map(|it| it.id), Some(first.id));
}
