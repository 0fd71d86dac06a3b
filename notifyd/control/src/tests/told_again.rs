//! What waits for a time, together with what webhooks did not take.

use super::fakes::{House, Refused, StoppedClock, furnished, sent, soon};
use super::schedule::scheduled;
use super::webhooks::create;
use chrono::TimeDelta;
use notify_proto::ErrorCode::Invalid;
use notify_proto::control::{ControlClient, ListRequest, WithWebhooks};
use notify_proto::filter::Filter;
use notify_proto::line::NotificationLine;
use notify_proto::{Status, WebhookId};
use notifyd_lifecycle::Clock as _;
use notifyd_store::Store as _;
use notifyd_store::webhooks::Tried;
use serde_json::json;

/// The webhook takes nothing of what is owed to it; each is told again a few minutes after the one before it.
pub(super) async fn refuse(house: &House, id: WebhookId, minutes: &[i64]) {
    let webhooks = house.store.webhooks();
    let webhook = webhooks.endpoints().find(id).unwrap().clone();
    let owed = webhooks.load(webhook.no, StoppedClock.now(), 100).await.unwrap().owed;
    assert_eq!(owed.len(), minutes.len());
    let tried = owed.into_iter().zip(minutes).map(|(owed, minutes)| Tried {
        no: owed.no,
        webhook: webhook.no,
        number: owed.tries + 1,
        at: StoppedClock.now(),
        duration_ms: 7,
        code: Some(503),
        body: None,
        error: None,
        again_at: Some(StoppedClock.now() + TimeDelta::minutes(*minutes)),
        fault: None,
    });
    webhooks.acknowledge(tried.collect()).await.unwrap();
}

fn filter(text: &str) -> Filter {
    Filter::parse(text, StoppedClock.now()).unwrap()
}

/// All of them, so many at a time: in how many minutes each is due, and whether it is told to a webhook.
async fn walk(admin: &ControlClient, first: ListRequest) -> Vec<(i64, bool)> {
    let mut request = first;
    let mut all: Vec<NotificationLine> = Vec::new();
    loop {
        let page = admin.notification_lines(soon(), request.clone(), true).await.unwrap().unwrap();
        assert!(page.items.len() <= request.size() as usize);
        all.extend(page.items);
        request.cursor = page.next_cursor;
        if request.cursor.is_none() {
            break;
        }
    }
    let minutes = |it: &NotificationLine| {
        (it.next_attempt_at.or(it.scheduled_at).unwrap() - StoppedClock.now()).num_minutes()
    };
    all.iter().map(|it| (minutes(it), it.webhook.is_some())).collect()
}

#[tokio::test]
async fn what_is_due_is_one_list_whatever_the_size_of_its_pages() {
    let (house, admin) = furnished().await;
    let hook =
        create(&admin, json!({"url": "https://hooks.example.org:8443/n?key=1", "events": ["created"]})).await;
    for text in ["one", "two", "three", "four"] {
        sent(&admin, text).await;
    }
    refuse(&house, hook.webhook.id, &[1, 4, 6, 20]).await;
    create(&admin, json!({"url": "https://other.example.org/n", "events": ["delivered"]})).await;
    for minutes in [2, 3, 6, 7, 30] {
        scheduled(&admin, minutes).await;
    }
    let all = [
        (1, true),
        (2, false),
        (3, false),
        (4, true),
        (6, false),
        (6, true),
        (7, false),
        (20, true),
        (30, false),
    ];
    let of = |limit, webhooks| ListRequest { limit, webhooks, ..ListRequest::default() };
    for limit in 1..=10 {
        assert_eq!(walk(&admin, of(limit, WithWebhooks::Also)).await, all, "{limit} at a time");
        let only: Vec<_> = all.into_iter().filter(|(_, told)| *told).collect();
        assert_eq!(walk(&admin, of(limit, WithWebhooks::Only)).await, only, "{limit} at a time");
    }
    let page = admin.notification_lines(soon(), of(0, WithWebhooks::Also), true).await.unwrap().unwrap();
    assert_eq!((page.total, page.partial), (Some(9), false));
    let told = &page.items[0];
    assert_eq!(
        (told.status.known(), told.retry_count, told.recipient.as_str()),
        (Some(Status::Retrying), 1, "")
    );
    assert_eq!(
        told.provider_name.as_deref(),
        Some("hooks.example.org:8443"),
        "who is told, not with which key"
    );
    assert_eq!(told.error_message.as_deref(), Some("HTTP 503"));
    assert!(told.max_retries > 1 && !told.delays_left_seconds.is_empty(), "{told:?}");
    let again = told.webhook.as_ref().unwrap();
    assert_eq!((again.webhook_id, again.code), (hook.webhook.id, Some(503)));
}

#[tokio::test]
async fn the_histogram_has_what_webhooks_did_not_take() {
    let (house, admin) = furnished().await;
    let hook = create(&admin, json!({"url": "https://hooks.example.org/n", "events": ["created"]})).await;
    for text in ["one", "two", "three"] {
        sent(&admin, text).await;
    }
    let filled = async || {
        let view = admin.schedule_histogram(soon()).await.unwrap().unwrap();
        let filled = view.buckets.into_iter().filter(|it| it.total + it.told_again > 0);
        filled.map(|it| (it.due_in, it.total, it.told_again)).collect::<Vec<_>>()
    };
    assert_eq!(filled().await, [], "what is owed first is no retry");
    refuse(&house, hook.webhook.id, &[4, 4, 90]).await;
    scheduled(&admin, 4).await;
    assert_eq!(filled().await, [("+4m".into(), 1, 2), ("+1h".into(), 0, 1)]);
    admin.webhook_set_active(soon(), hook.webhook.id, false, super::fakes::plain()).await.unwrap().unwrap();
    assert_eq!(filled().await, [("+4m".into(), 1, 0)]);
}

#[tokio::test]
async fn what_is_told_again_later_does_not_wait_now() {
    let (house, admin) = furnished().await;
    let hook = create(&admin, json!({"url": "https://hooks.example.org/n", "events": ["created"]})).await;
    let queue = async || admin.queue_show(soon(), "webhooks".into()).await.unwrap().unwrap();
    for text in ["one", "two", "three"] {
        sent(&admin, text).await;
    }
    let (now, at) = (StoppedClock.now(), |minutes| StoppedClock.now() + TimeDelta::minutes(minutes));
    let all = queue().await;
    assert_eq!((all.waiting, all.later, all.oldest_at, all.next_at), (3, 0, Some(now), None));
    refuse(&house, hook.webhook.id, &[4, 4, 90]).await;
    let all = queue().await;
    assert_eq!((all.waiting, all.later, all.oldest_at, all.next_at), (0, 3, None, Some(at(4))));
    create(&admin, json!({"url": "https://other.example.org/n", "events": ["created"]})).await;
    sent(&admin, "four").await;
    let all = queue().await;
    assert_eq!((all.waiting, all.later, all.oldest_at), (2, 3, Some(now)), "to each of the two");
    let seen = admin.overview(soon(), None, 0).await.unwrap().unwrap().overview.unwrap();
    let line = seen.queues.iter().find(|it| it.name == "webhooks").unwrap();
    assert_eq!((line.ready, line.later, line.oldest_at), (2, 3, Some(now)));
}

#[tokio::test]
async fn a_filter_leaves_out_what_it_says_nothing_of() {
    let (house, admin) = furnished().await;
    let hook = create(&admin, json!({"url": "https://hooks.example.org/n", "events": ["created"]})).await;
    sent(&admin, "one").await;
    refuse(&house, hook.webhook.id, &[5]).await;
    let seen = async |text: &str| {
        let webhooks = WithWebhooks::Also;
        walk(&admin, ListRequest { filter: filter(text), webhooks, ..ListRequest::default() }).await.len()
    };
    for (text, count) in [
        ("due:<10m", 1),
        ("due:<4m", 0),
        ("service:acme status:retrying", 1),
        ("service:ac* -status:scheduled", 1),
        ("-service:acme", 0),
        ("status:scheduled", 0),
        ("channel:webhook", 1),
        ("channel:sms", 0),
        ("error:503", 0),
    ] {
        assert_eq!(seen(text).await, count, "{text}");
    }
    // Nobody is told while it is switched off.
    admin.webhook_set_active(soon(), hook.webhook.id, false, super::fakes::plain()).await.unwrap().unwrap();
    assert_eq!(seen("due:<10m").await, 0);
}

#[tokio::test]
async fn no_other_list_has_them_and_a_made_up_cursor_is_refused() {
    let (_house, admin) = furnished().await;
    let with = ListRequest { webhooks: WithWebhooks::Also, ..ListRequest::default() };
    assert_eq!(admin.notification_list(soon(), with.clone()).await.code(), Invalid);
    assert_eq!(admin.schedule_list(soon(), with.clone()).await.code(), Invalid);
    assert_eq!(admin.notification_lines(soon(), with.clone(), false).await.code(), Invalid);
    for cursor in ["x", "1~", "1.x~-", "~~"] {
        let request = ListRequest { cursor: Some(cursor.into()), ..with.clone() };
        assert!(admin.notification_lines(soon(), request, true).await.unwrap().is_err(), "{cursor}");
    }
}
