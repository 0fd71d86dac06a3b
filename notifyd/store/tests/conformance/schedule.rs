use super::delivering::record;
use super::fixture::{Opened, draft, who};
use super::webhooks;
use notify_proto::filter::Filter;
use notify_proto::view::NotificationPage;
use notify_proto::{GroupBy, NotificationId, WebhookEvent};
use notifyd_lifecycle::Transition;
use notifyd_lifecycle::steer::Wish;
use notifyd_store::api::{Bucket, Page, Total};
use notifyd_store::{Scope, StoreError};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// One that is due in so many minutes.
async fn due(it: &Opened, service: &str, minutes: u32) -> NotificationId {
    let mut later = draft(&format!("{service} in {minutes}"));
    later.scheduled_at = Some(it.now() + minutes * MINUTE);
    later.dedup = None;
    it.accept_of(service, later).await
}

/// One that is retried in so many minutes.
async fn retrying(it: &Opened, minutes: u32) -> NotificationId {
    let id = it.accept(draft(&format!("retried in {minutes}"))).await;
    let job = it.only_job().await;
    let claim = it.claim(&job).await;
    it.store.claim(vec![claim]).await.unwrap();
    let retry = Transition::retry_at(it.now() + minutes * MINUTE, "transient");
    it.store.record(vec![record(it, &job, retry)]).await.unwrap();
    id
}

async fn page(it: &Opened, filter: &str, limit: u32, cursor: Option<String>) -> NotificationPage {
    let filter = Filter::parse(filter, it.now()).unwrap();
    it.store.schedule(Page { filter, limit, cursor, total: Total::Whole, ..Page::default() }).await.unwrap()
}

fn ids(page: &NotificationPage) -> Vec<NotificationId> {
    page.items.iter().map(|item| item.id).collect()
}

pub async fn pages_are_soonest_first_and_go_on_within_a_moment(it: Opened) {
    let mut expected = Vec::new();
    let last = due(&it, "acme", 20).await;
    for _ in 0..5 {
        expected.push(due(&it, "acme", 10).await);
    }
    let retried = retrying(&it, 5).await;
    expected.insert(0, retried);
    expected.push(last);
    it.accept(draft("due now")).await;
    let mut seen = Vec::new();
    let mut cursor = None;
    loop {
        let shown = page(&it, "*", 2, cursor).await;
        assert_eq!((shown.total, shown.partial), (Some(7), false));
        seen.extend(ids(&shown));
        cursor = shown.next_cursor;
        if cursor.is_none() {
            break;
        }
        // What comes and goes before the place where a page ended shifts nothing.
        let before = due(&it, "acme", 1).await;
        it.store.steer(Scope::All, before, Wish::Bury { notify: false }, "a.verb", who()).await.unwrap();
    }
    assert_eq!(seen, expected);
    // A cursor of another list is none of this one.
    let newest = it.store.list(Scope::All, Page { limit: 1, ..Page::default() }).await.unwrap();
    let foreign = Page { cursor: newest.next_cursor, ..Page::default() };
    assert!(matches!(it.store.schedule(foreign).await, Err(StoreError::NotFound { kind: "cursor", .. })));
}

pub async fn filters_and_a_bound_narrow_it(it: Opened) {
    let (soon, retried, later) =
        (due(&it, "acme", 2).await, retrying(&it, 5).await, due(&it, "other", 60).await);
    for (filter, expected, total) in [
        ("*", vec![soon, retried, later], Some(3)),
        ("due:<1m", vec![], Some(0)),
        ("due:<5m", vec![soon], Some(1)),
        ("due:<10m", vec![soon, retried], Some(2)),
        ("due:<10m due:<3m", vec![soon], Some(1)),
        ("status:retrying", vec![retried], None),
        ("status:scheduled", vec![soon, later], None),
        ("-service:acme due:<2h", vec![later], None),
        ("attempts:>=1", vec![retried], None),
        ("to:+1500555*", vec![soon, retried, later], None),
    ] {
        let found = page(&it, filter, 10, None).await;
        assert_eq!((ids(&found), found.total, found.next_cursor), (expected, total, None), "{filter}");
    }
}

pub async fn a_page_says_when_it_stopped_looking(it: Opened) {
    let wanted = due(&it, "wanted", 30).await;
    let service = it.service("acme").await;
    // One more than a page looks at, all before the one that is looked for.
    let many: Vec<_> = (0..20_001)
        .map(|n| {
            let mut later = draft("one of many");
            later.scheduled_at = Some(it.now() + MINUTE + Duration::from_millis(n));
            later.dedup = None;
            it.notification(service, later)
        })
        .collect();
    let mut many = many.into_iter().peekable();
    while many.peek().is_some() {
        let some = many.by_ref().take(500).map(|new| {
            let store = std::sync::Arc::clone(&it.store);
            tokio::spawn(async move { store.accept(new).await })
        });
        for accepted in some.collect::<Vec<_>>() {
            accepted.await.unwrap().unwrap();
        }
    }
    let groups = it.store.waiting_groups(Filter::default(), GroupBy::Service, 10).await.unwrap();
    assert!(groups.partial && groups.scanned == 20_000, "{groups:?}");
    assert_eq!((groups.groups[0].name.as_str(), groups.groups[0].pending), ("acme", 20_000));
    let first = page(&it, "service:wanted", 10, None).await;
    assert!(first.partial && first.items.is_empty() && first.next_cursor.is_some());
    let second = page(&it, "service:wanted", 10, first.next_cursor).await;
    assert_eq!((ids(&second), second.partial, second.next_cursor), (vec![wanted], false, None));
}

pub async fn groups_add_up(it: Opened) {
    let first = due(&it, "other", 1).await;
    for minutes in [10, 30] {
        due(&it, "acme", minutes).await;
    }
    retrying(&it, 5).await;
    let groups = async |filter: &str, by, limit| {
        let filter = Filter::parse(filter, it.now()).unwrap();
        it.store.waiting_groups(filter, by, limit).await.unwrap()
    };
    let all = groups("*", GroupBy::Service, 10).await;
    let told: Vec<_> = all.groups.iter().map(|it| (it.name.as_str(), it.retrying, it.pending)).collect();
    assert_eq!(told, [("acme", 1, 2), ("other", 0, 1)]);
    assert_eq!((all.elsewhere, all.scanned, all.partial), (0, 4, false));
    let acme = &all.groups[0];
    assert_eq!((acme.tried_once, acme.tried_twice, acme.tried_more), (1, 0, 0));
    assert_eq!((acme.next_at, acme.last_at), (Some(it.now() + 5 * MINUTE), Some(it.now() + 30 * MINUTE)));
    assert_eq!(all.groups[1].sample, Some(first));
    let one = groups("*", GroupBy::Service, 1).await;
    assert_eq!((one.groups.len(), one.elsewhere), (1, 1));
    let waits = groups("status:retrying", GroupBy::Provider, 10).await;
    assert_eq!((waits.groups.len(), waits.groups[0].retrying, waits.groups[0].pending), (1, 1, 0));
    assert!(!waits.groups[0].name.is_empty(), "it was tried by some provider: {waits:?}");
    let channels = groups("to:+1500555*", GroupBy::Channel, 10).await;
    assert_eq!(channels.groups.iter().map(|it| it.retrying + it.pending).sum::<u64>(), 4);
}

/// By webhook it is events that wait: those that were not told yet, and those that are told again.
pub async fn what_is_owed_to_webhooks_is_told_apart(it: Opened) {
    let first = webhooks::webhook(&it, "acme", 1, &[WebhookEvent::Created]).await;
    let other = webhooks::webhook(&it, "bolt", 2, &[WebhookEvent::Created]).await;
    let ids = [it.accept(draft("one")).await, it.accept(draft("two")).await];
    it.accept_of("bolt", draft("three")).await;
    let owed = webhooks::owed(&it, &first).await;
    let again = webhooks::failed(&it, &first, &owed[0], Some(5 * MINUTE));
    webhooks::acknowledge(&it, again).await;
    let groups = async |filter: &str, limit| {
        let filter = Filter::parse(filter, it.now()).unwrap();
        it.store.waiting_groups(filter, GroupBy::Webhook, limit).await.unwrap()
    };
    let all = groups("*", 10).await;
    let told: Vec<_> =
        all.groups.iter().map(|it| (it.webhook, it.retrying, it.pending, it.tried_once)).collect();
    assert_eq!(told, [(Some(first.id), 1, 1, 1), (Some(other.id), 0, 1, 0)]);
    assert_eq!((all.elsewhere, all.scanned, all.partial), (0, 3, false));
    assert_eq!(all.groups[0].name, "acme https://hooks.example.org/n");
    let (next, last) = (all.groups[0].next_at, all.groups[0].last_at);
    assert_eq!((next, last), (Some(it.now()), Some(it.now() + 5 * MINUTE)));
    assert_eq!(all.groups[0].sample, Some(ids[1]), "the one that is due first");
    let one = groups("*", 1).await;
    assert_eq!((one.groups.len(), one.elsewhere), (1, 1));
    for (filter, webhook) in
        [("service:bolt", other.id), ("-service:bolt", first.id), ("service:ac*", first.id)]
    {
        let some = groups(filter, 10).await;
        assert_eq!(some.groups.iter().map(|it| it.webhook).collect::<Vec<_>>(), [Some(webhook)], "{filter}");
    }
    // Every line of work has its group: those in front of providers as well.
    due(&it, "bolt", 5).await;
    let queues = async |filter: &str, limit| {
        let filter = Filter::parse(filter, it.now()).unwrap();
        let found = it.store.waiting_groups(filter, GroupBy::Queue, limit).await.unwrap();
        let told = found.groups.iter().map(|it| (it.webhook, it.retrying + it.pending)).collect::<Vec<_>>();
        (told, found.elsewhere)
    };
    let all = vec![(Some(first.id), 2), (Some(other.id), 2), (None, 1)];
    assert_eq!(queues("*", 10).await, (all.clone(), 0));
    assert_eq!(queues("*", 1).await, (all[..1].to_vec(), 3));
    assert_eq!(queues("service:bolt", 10).await, (vec![all[1], all[2]], 0));
    assert_eq!(
        queues("status:scheduled", 10).await,
        (vec![all[2]], 0),
        "webhooks are known by service alone"
    );
}

pub async fn buckets_add_up(it: Opened) {
    let start = it.now();
    for minutes in [1, 4, 4, 30] {
        due(&it, "acme", minutes).await;
    }
    retrying(&it, 5).await;
    it.turn(2 * MINUTE);
    let bounds = [0, 3, 60].map(|minutes| it.now() + minutes * MINUTE);
    let buckets = it.store.histogram(bounds.to_vec()).await.unwrap();
    let bucket = |from, to, total, retrying| Bucket { from, to, total, retrying };
    let [now, three, hour] = bounds.map(Some);
    let expected = [
        bucket(None, now, 1, 0),
        bucket(now, three, 2, 0),
        bucket(three, hour, 2, 1),
        bucket(hour, None, 0, 0),
    ];
    assert_eq!(buckets, expected);
    assert!(it.now() > start);
}
