//! How much of what waits is how old, in how long a queue is empty, and providers that are switched for a time.

use super::fakes::{House, Refused, StoppedClock, because, dry, furnished, plain, sent, soon, text};
use super::told_again::refuse;
use super::webhooks::create;
use notify_proto::ErrorCode::{Conflict, Invalid, NotFound};
use notify_proto::control::{ControlClient, NewProvider, NewService, RouteRequest};
use notify_proto::hold::HoldRequest;
use notify_proto::send::SendRequest;
use notify_proto::shape::{ShapeBy, ShapeRequest, ShapeRow, ShapeView};
use notify_proto::{Channel, HoldKind, ProviderId};
use notifyd_engine::{InMemory, Speeds, Standing};
use notifyd_lifecycle::Clock as _;
use notifyd_store::Store as _;
use serde_json::{Value, json};
use std::collections::HashMap;

const MINUTES_30: u64 = 1_800_000;

async fn send(admin: &ControlClient, service: &str, fields: &Value) {
    let mut body = json!({"channel": "sms", "to": "+15005550006", "content": "hi", "deduplicate": false});
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let request: SendRequest = serde_json::from_value(body).unwrap();
    admin
        .notification_send(soon(), service.into(), Box::new(request), plain())
        .await
        .unwrap()
        .unwrap()
        .unwrap();
}

async fn another(admin: &ControlClient, name: &str) {
    let provider: NewProvider =
        serde_json::from_value(json!({"name": name, "kind": "mock", "channels": ["sms"], "priority": 200}))
            .unwrap();
    admin.provider_add(soon(), provider, plain()).await.unwrap().unwrap();
}

fn id(house: &House, provider: &str) -> ProviderId {
    house.store.directory().find_provider(provider).unwrap().id
}

async fn shape(admin: &ControlClient, queue: Option<&str>, by: Option<ShapeBy>) -> ShapeView {
    let request = ShapeRequest { queue: queue.map(Into::into), by, buckets: None };
    admin.queue_shape(soon(), request).await.unwrap().unwrap()
}

/// Name, total and how many of it are estimated.
fn rows(shape: &ShapeView) -> Vec<(&str, u64, u64)> {
    let of = |row: &ShapeRow| {
        row.total == row.counts.iter().sum::<u64>() && row.counts.len() == shape.buckets.len()
    };
    assert!(shape.rows.iter().chain([&shape.total]).all(of), "{shape:?}");
    assert_eq!(shape.total.total, shape.rows.iter().map(|row| row.total).sum::<u64>());
    shape.rows.iter().map(|row| (row.name.as_str(), row.total, row.estimated)).collect()
}

/// Three of `acme` and two of `other` for any provider of texts, one for `spare` alone, one mail that nobody serves now; all
/// but two in memory.
async fn busy() -> (House, ControlClient) {
    let (house, admin) = furnished().await;
    another(&admin, "spare").await;
    let other = NewService { name: "other".into(), description: None, rate_per_second: Some(5.0) };
    admin.service_create(soon(), other, plain()).await.unwrap().unwrap();
    for _ in 0..3 {
        send(&admin, "acme", &json!({})).await;
    }
    for _ in 0..2 {
        send(&admin, "other", &json!({})).await;
    }
    send(&admin, "acme", &json!({"provider_id": "spare"})).await;
    send(&admin, "acme", &json!({"channel": "email", "to": "a@b.example"})).await;
    let (mock, spare) = (id(&house, "mock"), id(&house, "spare"));
    let directory = house.store.directory();
    let service = |name: &str| directory.find_service(name).unwrap().no;
    let in_memory =
        |seq, provider, name: &str| InMemory { seq, lane: "sms".into(), service: service(name), provider };
    // The second of acme failed over, and one more is gone from disk already.
    let memory = vec![
        in_memory(1, mock, "acme"),
        in_memory(2, spare, "acme"),
        in_memory(4, mock, "other"),
        in_memory(99, spare, "acme"),
    ];
    *house.engine.standing.lock().unwrap() = Standing { memory, first: [(Channel::Sms, mock)].into() };
    (house, admin)
}

#[tokio::test]
async fn all_that_is_queued_has_a_row_whether_in_memory_or_on_disk() {
    let (house, admin) = busy().await;
    let by_provider = shape(&admin, None, None).await;
    assert_eq!(
        (by_provider.queue.as_str(), by_provider.by.as_str(), by_provider.measure.as_str()),
        ("queued", "provider", "age")
    );
    assert_eq!(by_provider.as_of, StoppedClock.now());
    // Of four that are mock's, two are in memory; spare has the one that failed over and the pinned one, both for sure.
    assert_eq!(rows(&by_provider), [("mock", 4, 2), ("spare", 2, 0), ("(any of email)", 1, 0)]);
    assert_eq!(by_provider.rows[0].id, Some(id(&house, "mock").to_string()));
    assert_eq!((by_provider.total.total, by_provider.total.estimated), (7, 2));
    assert_eq!(
        (by_provider.total.counts[0], by_provider.buckets[0].label.as_str()),
        (7, "<1s"),
        "the clock stands"
    );
    assert!(
        by_provider.notes.len() == 1 && by_provider.notes[0].starts_with("2 of 7 stand"),
        "{:?}",
        by_provider.notes
    );
    let by_service = shape(&admin, Some("queued"), Some(ShapeBy::Service)).await;
    assert_eq!(rows(&by_service), [("acme", 5, 0), ("other", 2, 0)], "whose it is is known");
    let by_channel = shape(&admin, None, Some(ShapeBy::Channel)).await;
    assert_eq!(rows(&by_channel), [("sms", 6, 0), ("email", 1, 0)]);
    assert!(by_channel.notes.is_empty() && by_channel.rows[0].id.is_none());

    let of_one = shape(&admin, Some("mock"), None).await;
    assert_eq!((of_one.queue.as_str(), of_one.by.as_str()), ("mock", "service"));
    assert_eq!(rows(&of_one), [("acme", 2, 1), ("other", 2, 1)]);
    let spare = id(&house, "spare").to_string();
    assert_eq!(rows(&shape(&admin, Some(&spare), Some(ShapeBy::Provider)).await), [("spare", 2, 0)]);
    admin.provider_remove(soon(), "spare".into(), plain()).await.unwrap().unwrap();
    let after = shape(&admin, None, None).await;
    assert!(rows(&after).contains(&("(spare, removed)", 2, 0)), "{after:?}");
    assert_eq!(
        admin
            .queue_shape(soon(), ShapeRequest { queue: Some("spare".into()), ..ShapeRequest::default() })
            .await
            .code(),
        NotFound
    );
}

#[tokio::test]
async fn what_waits_for_a_time_stands_where_that_is() {
    let (_house, admin) = busy().await;
    let ahead = |seconds| StoppedClock.now() + chrono::TimeDelta::seconds(seconds);
    for seconds in [30, 120, 4_000, 100_000] {
        send(&admin, "other", &json!({"scheduled_at": ahead(seconds)})).await;
    }
    let scheduled = shape(&admin, Some("scheduled"), None).await;
    assert_eq!((scheduled.queue.as_str(), scheduled.measure.as_str()), ("scheduled", "due_in"));
    let labels: Vec<_> = scheduled.buckets.iter().map(|it| it.label.as_str()).collect();
    assert_eq!(labels, ["late", "<1m", "5m", "15m", "30m", "1h", "1h+"]);
    assert_eq!(scheduled.total.counts, [0, 1, 1, 0, 0, 0, 2]);
    assert_eq!(rows(&scheduled), [("mock", 4, 4)], "whom it goes to is decided when it is due");
    let wider =
        ShapeRequest { queue: Some("scheduled".into()), by: Some(ShapeBy::Service), buckets: Some(16) };
    let wider = admin.queue_shape(soon(), wider).await.unwrap().unwrap();
    assert_eq!(
        (wider.buckets.len(), wider.total.counts.iter().rposition(|count| *count > 0)),
        (15, Some(10))
    );
    let retries = shape(&admin, Some("retries"), Some(ShapeBy::Service)).await;
    assert_eq!((retries.total.counts, retries.rows.len()), (vec![0; 7], 0));
    for buckets in [0, 3, 17] {
        let wrong = ShapeRequest { buckets: Some(buckets), ..ShapeRequest::default() };
        let refused = admin.queue_shape(soon(), wrong).await.unwrap().unwrap_err();
        assert!(refused.code == Invalid && refused.message.starts_with("buckets: "), "{refused:?}");
    }
}

#[tokio::test]
async fn what_webhooks_did_not_take_is_among_the_retries() {
    let (house, admin) = furnished().await;
    let hook =
        create(&admin, json!({"url": "https://hooks.example.org/a//n?key=1", "events": ["created"]})).await;
    for text in ["one", "two", "three"] {
        sent(&admin, text).await;
    }
    let hook = hook.webhook.id;
    refuse(&house, hook, &[1, 4, 90]).await;
    let slow = create(&admin, json!({"url": "https://slow.example.org/n", "events": ["created"]})).await;
    sent(&admin, "four").await;

    let retries = shape(&admin, Some("retries"), None).await;
    assert_eq!(
        rows(&retries),
        [("acme/hooks.example.org (webhook)", 3, 0)],
        "what is owed first is no retry"
    );
    assert_eq!(retries.rows[0].id, Some(hook.to_string()));
    assert_eq!(retries.total.counts, [0, 0, 2, 0, 0, 0, 1]);
    assert_eq!(retries.notes, ["3 of them are events that webhooks did not take and are told again"]);
    assert_eq!(rows(&shape(&admin, Some("retries"), Some(ShapeBy::Channel)).await), [("webhook", 3, 0)]);
    let by_service = shape(&admin, Some("retries"), Some(ShapeBy::Service)).await;
    let acme = house.store.directory().find_service("acme").unwrap().id.to_string();
    assert_eq!((rows(&by_service), &by_service.rows[0].id), (vec![("acme", 3, 0)], &Some(acme)));

    // All that is owed: the fourth to each of the two at once.
    let owed = shape(&admin, Some("webhooks"), None).await;
    assert_eq!(
        (owed.queue.as_str(), owed.by.as_str(), owed.measure.as_str()),
        ("webhooks", "provider", "due_in")
    );
    let first = ("acme/hooks.example.org (webhook)", 4, 0);
    assert_eq!(rows(&owed), [first, ("acme/slow.example.org (webhook)", 1, 0)]);
    assert_eq!((owed.total.counts, owed.uncounted, owed.notes), (vec![0, 2, 2, 0, 0, 0, 1], 0, vec![]));

    // What is switched off is tried no more, and its events wait.
    for id in [hook, slow.webhook.id] {
        admin.webhook_set_active(soon(), id, false, plain()).await.unwrap().unwrap();
    }
    let retries = shape(&admin, Some("retries"), None).await;
    assert!(retries.rows.is_empty() && retries.notes.is_empty(), "{retries:?}");
    let owed = shape(&admin, Some("webhooks"), None).await;
    assert_eq!(rows(&owed)[0], ("acme/hooks.example.org (webhook, off)", 4, 0));
}

#[tokio::test]
async fn a_queue_tells_in_how_long_it_is_empty() {
    let (house, admin) = busy().await;
    let (mock, spare) = (id(&house, "mock"), id(&house, "spare"));
    let queue = |name: &str| admin.queue_show(soon(), name.into());
    let empty = async |name: &str| {
        let queue = queue(name).await.unwrap().unwrap();
        (queue.empty_in_ms, queue.never_empty)
    };
    // Seven wait in memory, as this engine always says; five texts are on disk, of which it read three and one that is gone.
    let first = queue("mock").await.unwrap().unwrap();
    assert_eq!((first.waiting, first.on_disk, first.rate_per_second), (7, 1, 0.0));
    assert_eq!(queue("spare").await.unwrap().unwrap().on_disk, 1, "the pinned one");
    assert_eq!(empty("mock").await, (None, Some("stands_still".into())));
    let speeds = |finished, arriving| {
        let finished = HashMap::from([(mock, finished), (spare, 1.0)]);
        *house.engine.speeds.lock().unwrap() =
            Speeds { finished, arriving: [("sms".into(), arriving)].into() };
    };
    speeds(1.0, 0.75);
    assert_eq!(empty("mock").await, (Some(32_000), None), "eight at 0.25/s");
    assert_eq!(empty("spare").await, (Some(8_000), None), "eight at 1/s: nothing comes to it");
    speeds(1.0, 1.5);
    assert_eq!(empty("mock").await, (None, Some("grows".into())));
    speeds(1.234_56, 0.0);
    admin.hold_set(soon(), super::fakes::pause(), plain()).await.unwrap().unwrap();
    let paused = queue("mock").await.unwrap().unwrap();
    assert_eq!((paused.empty_in_ms, paused.never_empty.as_deref()), (None, Some("paused")));
    assert!((paused.rate_per_second - 1.235).abs() < 1e-9, "{paused:?}");
    let list = admin.queue_list(soon()).await.unwrap().unwrap();
    assert_eq!(list.queues.iter().map(|queue| queue.on_disk).collect::<Vec<_>>(), [1, 1, 0, 0, 0]);
}

#[tokio::test]
async fn a_provider_that_is_switched_for_a_time_says_so_everywhere() {
    let (house, admin) = furnished().await;
    let switch = |on, for_ms, change| admin.provider_set_active(soon(), "mock".into(), on, for_ms, change);
    let preview = switch(false, Some(MINUTES_30), dry()).await.unwrap().unwrap();
    assert_eq!(
        (preview.active, preview.holds.len(), preview.holds[0].kind.known()),
        (false, 1, Some(HoldKind::Disabled))
    );
    assert!(admin.hold_list(soon()).await.unwrap().unwrap().is_empty());

    let off = switch(false, Some(MINUTES_30), because("vendor restarts")).await.unwrap().unwrap();
    assert!(!off.active);
    let hold = off.holds[0].clone();
    assert_eq!(
        (hold.reason.as_deref(), hold.actor.as_str()),
        (Some("vendor restarts"), "ada(uid 1000, pid 42)")
    );
    assert_eq!(hold.until, Some(hold.made_at + chrono::TimeDelta::minutes(30)));
    assert_eq!(admin.hold_list(soon()).await.unwrap().unwrap(), std::slice::from_ref(&hold));
    let shown = admin.provider_show(soon(), "mock".into()).await.unwrap().unwrap();
    assert_eq!((shown.active, shown.holds), (false, vec![hold.clone()]));
    let queue = admin.queue_show(soon(), "mock".into()).await.unwrap().unwrap();
    assert_eq!((queue.state.as_str(), queue.never_empty.as_deref()), ("disabled", Some("disabled")));
    let concerns = admin.status(soon()).await.unwrap().unwrap().concerns;
    let told =
        "provider mock is disabled until 2027-01-15T08:30:00.000Z by ada(uid 1000, pid 42): vendor restarts";
    assert!(concerns.iter().any(|concern| concern == told), "{concerns:?}");
    let refused =
        admin.notification_send(soon(), "acme".into(), text("x"), plain()).await.unwrap().unwrap_err();
    assert!(refused.message.contains("no active provider serves sms"), "{refused:?}");

    // Again: another time in place of the first. By hand: back at once.
    let again = switch(false, Some(60_000), plain()).await.unwrap().unwrap();
    assert!(again.holds.len() == 1 && again.holds[0].id != hold.id, "{again:?}");
    admin.hold_cancel(soon(), again.holds[0].id.clone(), plain()).await.unwrap().unwrap();
    assert!(admin.provider_show(soon(), "mock".into()).await.unwrap().unwrap().active);
    // What it is for good is no state to come back from.
    for on in [true, false] {
        let switched = switch(on, None, plain()).await.unwrap();
        assert_eq!(switched.is_err(), on, "it is on already");
        let refused = switch(on, Some(60_000), plain()).await.unwrap().unwrap_err();
        assert!(refused.code == Conflict && refused.message.contains("already, and for good"), "{refused:?}");
    }
    let on = switch(true, Some(60_000), plain()).await.unwrap().unwrap();
    assert_eq!((on.active, on.holds[0].kind.known()), (true, Some(HoldKind::Enabled)));
    let good = switch(true, None, dry()).await.unwrap().unwrap();
    assert!(good.active && good.holds.is_empty());
    let good = switch(true, None, plain()).await.unwrap().unwrap();
    assert!(
        good.active && good.holds.is_empty() && admin.hold_list(soon()).await.unwrap().unwrap().is_empty()
    );

    for wrong in [0, 367 * 86_400_000] {
        assert_eq!(switch(false, Some(wrong), plain()).await.code(), Invalid);
    }
    let by_hold =
        HoldRequest { for_ms: Some(60_000), ..super::fakes::hold("mock", HoldKind::Disabled, None) };
    let refused = admin.hold_set(soon(), by_hold, plain()).await.unwrap().unwrap_err();
    assert!(refused.code == Invalid && refused.hint.unwrap().contains("provider disable mock --for"));
    let log = house.on_disk().await;
    assert!(log.contains("provider.disablemockvendor restarts"));
}

#[tokio::test]
async fn a_route_says_that_a_service_has_none_of_its_own() {
    let (_house, admin) = busy().await;
    let notes = async |service: &str| {
        let request = RouteRequest { service: Some(service.into()), ..RouteRequest::default() };
        admin.provider_route(soon(), request).await.unwrap().unwrap().notes
    };
    assert_eq!(
        notes("acme").await,
        ["service acme has no routing of its own: all services go by this order"]
    );
    assert!(
        notes("other").await[0]
            .ends_with("its own limit of 5 requests per second is kept when they are accepted")
    );
}
