use super::fixture::{Opened, draft, receipt};
use notify_proto::Status;
use notifyd_lifecycle::Transition;
use notifyd_store::Scope;
use notifyd_store::api::{Accepted, Changed, Idempotency, Verdict};
use std::sync::Arc;
use std::time::Duration;

pub async fn what_is_accepted_can_be_read_at_once(it: Opened) {
    let id = it.accept(draft("one")).await;
    let detail = it.store.notification(Scope::All, id).await.unwrap().unwrap();
    assert_eq!(detail.notification.status.known(), Some(Status::Queued));
    assert_eq!(detail.notification.content.as_deref(), Some("one"));
    assert_eq!(detail.notification.service_name, "acme");
    assert_eq!(detail.events.len(), 1);
    assert_eq!(detail.events[0].event, "created");
    assert_eq!(it.store.counts().of(Status::Queued), 1);
    assert_eq!(it.store.accepted(), 1);
}

pub async fn an_equal_request_answers_the_existing_one(it: Opened) {
    let id = it.accept(draft("same")).await;
    let service = it.service("acme").await;
    let second = it.store.accept(it.notification(service, draft("same"))).await.unwrap();
    assert!(matches!(&second, Accepted::Duplicate(receipt) if receipt.id == id));
    let other = it.store.accept(it.notification(service, draft("other"))).await.unwrap();
    assert!(matches!(other, Accepted::Fresh(_)));
}

pub async fn a_failed_original_releases_its_key(it: Opened) {
    let id = it.accept(draft("same")).await;
    let revoked = it.store.revoke(Scope::All, id, super::fixture::who()).await.unwrap();
    assert_eq!(revoked, Changed::Done(Status::Cancelled));
    let again = it.accept(draft("same")).await;
    assert_ne!(again, id);
}

pub async fn outside_the_window_it_is_a_new_one(it: Opened) {
    it.accept(draft("same")).await;
    it.turn(Duration::from_secs(1_800));
    it.accept(draft("same")).await;
}

pub async fn without_deduplication_everything_is_new(it: Opened) {
    for _ in 0..3 {
        let mut each = draft("same");
        each.dedup = None;
        it.accept(each).await;
    }
    assert_eq!(it.queued().await.len(), 3);
}

pub async fn simultaneous_equal_requests_give_one(it: Opened) {
    let service = it.service("acme").await;
    let it = Arc::new(it);
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let it = Arc::clone(&it);
            tokio::spawn(
                async move { it.store.accept(it.notification(service, draft("same"))).await.unwrap() },
            )
        })
        .collect();
    let mut fresh = 0;
    let mut ids = std::collections::HashSet::new();
    for task in tasks {
        let accepted = task.await.unwrap();
        fresh += usize::from(matches!(accepted, Accepted::Fresh(_)));
        ids.insert(receipt(&accepted).id);
    }
    assert_eq!((fresh, ids.len()), (1, 1));
}

pub async fn an_idempotency_key_replays_its_answer(it: Opened) {
    let first = it.accept_with_key(draft("one"), "k", 1).await;
    let again = it.accept_with_key(draft("one"), "k", 1).await;
    let Accepted::Replayed { receipt: replayed, duplicate } = &again else { panic!("{again:?}") };
    assert_eq!((replayed, *duplicate), (receipt(&first), false));
    assert_eq!(it.accept_with_key(draft("two"), "k", 2).await, Accepted::KeyReused);
    let acme = it.service("acme").await;
    let replay = |service: i64, key: &str, request: u8| {
        let idempotency = Idempotency { key: key.into(), request: [request; 32] };
        it.store.replay(service, idempotency, it.now())
    };
    assert_eq!(replay(acme, "k", 1).await.unwrap(), Some(again.clone()));
    assert_eq!(replay(acme, "k", 2).await.unwrap(), Some(Accepted::KeyReused));
    assert_eq!(replay(acme, "unknown", 1).await.unwrap(), None);
    assert_eq!(replay(it.service("other").await, "k", 1).await.unwrap(), None);
    let duplicate = it.accept_with_key(draft("one"), "other", 1).await;
    assert!(matches!(duplicate, Accepted::Duplicate(_)));
    let again = it.accept_with_key(draft("one"), "other", 1).await;
    assert!(matches!(again, Accepted::Replayed { duplicate: true, .. }));
    it.turn(Duration::from_secs(86_400));
    assert!(matches!(it.accept_with_key(draft("two"), "k", 2).await, Accepted::Fresh(_)));
}

pub async fn keys_and_duplicates_survive_a_restart(it: Opened) {
    let first = receipt(&it.accept_with_key(draft("one"), "k", 1).await).clone();
    let delivered = it.accept(draft("gone out")).await;
    let job = it.queued().await.remove(1).1;
    let claim = it.claim(&job).await;
    assert_eq!(it.store.claim(vec![claim]).await.unwrap(), [Verdict::Applied]);
    let record = super::delivering::record(&it, &job, Transition::deliver());
    it.store.record(vec![record]).await.unwrap();
    let it = it.restart().await;
    let again = it.accept_with_key(draft("one"), "k", 1).await;
    assert!(matches!(&again, Accepted::Replayed { receipt, .. } if *receipt == first));
    let service = it.service("acme").await;
    let again = it.store.accept(it.notification(service, draft("gone out"))).await.unwrap();
    assert!(matches!(&again, Accepted::Duplicate(receipt) if receipt.id == delivered), "{again:?}");
    assert_eq!(receipt(&again).status, Status::Delivered);
}
