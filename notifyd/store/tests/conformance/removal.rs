//! A service goes as a whole, and only when nothing of it is under way.

use super::fixture::{Opened, draft, who};
use super::operations::{begin, bulk, dead, finish};
use super::webhooks::{owed, tally, webhook};
use notify_proto::{BulkOp, NotificationId, ServiceId, WebhookEvent};
use notifyd_store::api::{Accepted, Belongings, Edit};
use notifyd_store::{Scope, StoreError};
use std::time::Duration;

fn id(it: &Opened) -> ServiceId {
    it.store.directory().find_service("acme").unwrap().id
}

async fn name_of(it: &Opened, id: NotificationId) -> Option<String> {
    it.store.notification(Scope::All, id).await.unwrap().map(|it| it.notification.service_name)
}

/// Until nothing is left to do.
async fn swept(it: &Opened) -> usize {
    let mut all = 0;
    loop {
        let pass = it.store.sweep(it.now()).await.unwrap();
        all += pass.notifications;
        if !pass.more {
            return all;
        }
    }
}

pub async fn nothing_is_removed_under_what_is_on_its_way(it: Opened) {
    let waits = it.accept(draft("one")).await;
    let acme = id(&it);
    let later = Edit { scheduled_at: Some(it.now() + Duration::from_secs(60)), ..Edit::default() };
    for turn in ["queued", "scheduled"] {
        let there = it.store.belongings(acme).await.unwrap();
        assert_eq!(there, Belongings { unfinished: 1, notifications: 1 }, "{turn}");
        let refused = it.store.remove_service(acme, true, who()).await;
        assert!(matches!(refused, Err(StoreError::Unfinished { count: 1, .. })), "{turn}: {refused:?}");
        it.store.edit(Scope::All, waits, later.clone()).await.unwrap();
    }
    it.turn(Duration::from_secs(60));
    it.store.release(it.now(), 10).await.unwrap();
    let job = it.only_job().await;
    it.store.claim(vec![it.claim(&job).await]).await.unwrap();
    assert!(it.store.remove_service(acme, true, who()).await.is_err(), "it is being sent");
    // What was undone of the removal is there: its name, its key, its number.
    let it = it.restart().await;
    assert_eq!(id(&it), acme);
    let nobody = ServiceId::from_bytes([9; 16]);
    assert!(matches!(it.store.belongings(nobody).await, Err(StoreError::NotFound { .. })));
    assert!(matches!(it.store.remove_service(nobody, true, who()).await, Err(StoreError::NotFound { .. })));
}

pub async fn all_of_a_service_goes_and_a_restart_goes_on_with_it(it: Opened) {
    let hook = webhook(&it, "acme", 1, WebhookEvent::ALL).await;
    let texts: Vec<String> = (0..600).map(|n| format!("e{n}")).collect();
    let mine = dead(&it, &texts.iter().map(String::as_str).collect::<Vec<_>>()).await;
    it.accept_of("other", draft("another's")).await;
    assert!(!owed(&it, &hook).await.is_empty() && it.store.webhooks().pending() > 0);
    let acme = id(&it);
    it.store.remove_service(acme, true, who()).await.unwrap();
    assert!(it.store.directory().find_service("acme").is_none());
    assert!(it.store.webhooks().endpoints().get(hook.no).is_none(), "nobody is told any more");
    assert_eq!(it.store.webhooks().pending(), 0);
    assert!(it.store.keys(acme).await.unwrap().is_empty());
    let first = it.store.sweep(it.now()).await.unwrap();
    assert_eq!((first.notifications, first.more), (500, true));
    // What is left of it counts for nobody.
    let others = webhook(&it, "other", 2, &[WebhookEvent::Created]).await;
    it.accept_of("other", draft("one more of another's")).await;
    assert_eq!(it.store.webhooks().tallies(), [(others.no, tally(1, 0, 0))].into());
    let it = it.restart().await;
    assert_eq!(
        (it.store.webhooks().pending(), it.store.webhooks().tallies()),
        (1, [(others.no, tally(1, 0, 0))].into())
    );
    assert_eq!(swept(&it).await, 100);
    assert_eq!(name_of(&it, mine[0]).await, None);
    let counts = it.store.count(Scope::All, notify_proto::filter::Filter::default()).await.unwrap();
    assert_eq!(counts.values().sum::<u64>(), 2, "{counts:?}");
    assert_eq!(
        (it.store.webhooks().pending(), it.store.webhooks().tallies()),
        (1, [(others.no, tally(1, 0, 0))].into())
    );
    assert_eq!(it.store.counts().0.iter().sum::<u64>(), 2);
    assert_eq!(swept(&it).await, 0, "and that was all");
}

pub async fn what_is_kept_tells_whose_it_was_and_starts_no_more(it: Opened) {
    let mine = dead(&it, &["one"]).await[0];
    let acme = id(&it);
    let before = it.store.directory().find_service("acme").unwrap().no;
    it.store.remove_service(acme, false, who()).await.unwrap();
    assert_eq!(swept(&it).await, 0);
    // Another one of this name is another one.
    assert_ne!(it.service("acme").await, before, "its number is never given again");
    let it = it.restart().await;
    let kept = it.store.notification(Scope::All, mine).await.unwrap().unwrap().notification;
    assert_eq!((kept.service_id, kept.service_name.as_str()), (acme, "acme"));
    let by_name = notify_proto::filter::Filter::parse("service:acme", it.now()).unwrap();
    let counts = it.store.count(Scope::All, by_name).await.unwrap();
    assert_eq!(counts.values().sum::<u64>(), 1, "it is found by the name it had");
    let now = it.service("acme").await;
    assert!(it.store.notification(Scope::Service(now), mine).await.unwrap().is_none());
    assert!(matches!(it.store.retry(Scope::All, mine, who()).await, Err(StoreError::ServiceGone)));
    let begun = begin(&it, bulk(&it, BulkOp::Retry, "status:failed")).await;
    let ended = finish(&it, begun.no, 10).await;
    assert_eq!((ended.done, ended.refused), (0, 1));
}

pub async fn who_is_in_when_it_goes_is_refused(it: Opened) {
    let no = it.service("acme").await;
    let acme = id(&it);
    let late = it.notification(no, draft("late"));
    it.store.remove_service(acme, true, who()).await.unwrap();
    assert!(matches!(it.store.accept(late).await, Err(StoreError::ServiceGone)));
    // In one batch with the removal, too.
    let no = it.service("acme").await;
    let acme = id(&it);
    let late = it.notification(no, draft("later"));
    let (removed, accepted) = tokio::join!(it.store.remove_service(acme, true, who()), it.store.accept(late));
    match (removed, accepted) {
        (Ok(()), Err(StoreError::ServiceGone))
        | (Err(StoreError::Unfinished { .. }), Ok(Accepted::Fresh(_))) => {}
        other => panic!("{other:?}"),
    }
}
