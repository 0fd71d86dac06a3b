//! What a dashboard asks: the overview, series, events, the audit log.

use super::fakes::{Refused, because, furnished, pause, plain, sent, soon};
use notify_proto::ErrorCode::{Invalid, NotFound};
use notify_proto::audit::AuditRequest;
use notify_proto::control::ControlClient;
use notify_proto::happening::{EventsRequest, EventsView};
use notify_proto::overview::{MAX_WEBHOOKS, Overview, OverviewReply};
use notify_proto::series::SeriesRequest;
use notify_proto::{AlertKind, Channel, Severity};
use notifyd_engine::{Figures, Pace, ProviderFigures, Quantiles};

async fn look(client: &ControlClient, since: Option<u64>) -> OverviewReply {
    client.overview(soon(), since, MAX_WEBHOOKS).await.unwrap().unwrap()
}

async fn seen(client: &ControlClient) -> Overview {
    *look(client, None).await.overview.unwrap()
}

async fn heard(client: &ControlClient, request: EventsRequest) -> EventsView {
    client.events(soon(), Box::new(request)).await.unwrap().unwrap()
}

fn words(view: &EventsView) -> Vec<&str> {
    view.events.iter().map(|event| event.event.as_str()).collect()
}

#[tokio::test]
async fn an_overview_in_which_nothing_moved_is_not_sent_again() {
    let (_house, admin) = furnished().await;
    let first = look(&admin, None).await;
    assert!(first.overview.is_some());
    let again = look(&admin, Some(first.rev)).await;
    assert_eq!(again, OverviewReply { rev: first.rev, overview: None });
    assert!(serde_json::to_string(&again).unwrap().len() < 30);
    assert_eq!(look(&admin, None).await.rev, first.rev, "made anew, it is the same");
    sent(&admin, "hello").await;
    let moved = look(&admin, None).await;
    assert_eq!((moved.rev, moved.overview.unwrap().by_status["queued"]), (first.rev + 1, 1));
    assert!(look(&admin, Some(first.rev)).await.overview.is_some(), "who has the one before gets this one");
}

#[tokio::test]
async fn an_overview_has_the_lines_of_everything_and_what_was_measured() {
    let (house, admin) = furnished().await;
    let id = notifyd_store::Store::directory(&*house.store).find_provider("mock").unwrap().id;
    let quick = Quantiles { count: 9, ms: Some([84.04, 310.0, 1_300.0, 10_000.0]) };
    let figures = ProviderFigures {
        lately: [200, 50, 30],
        calls_per_second: 0.66,
        call: quick,
        last_error: Some((house.room.now(), "503 upstream".into())),
        calls_trend: vec![1.0, 2.04],
        ..ProviderFigures::default()
    };
    let mut pace = Pace { failed_1h: 101, told: (40, 30), ..Pace::default() };
    pace.means[1] = 812.44;
    pace.p99s[1] = vec![None, Some(9.96)];
    *house.engine.figures.lock().unwrap() = Figures {
        pace,
        providers: [(id, figures)].into(),
        channels: vec![(Channel::Email, [Quantiles::default(), quick, quick])],
        trends: (0..10_u32).map(|n| vec![f64::from(n)]).collect(),
        ..Figures::default()
    };
    let hook = super::webhooks::hook(&admin).await.id;
    let view = seen(&admin).await;
    let names: Vec<_> = view.queues.iter().map(|queue| queue.name.as_str()).collect();
    assert_eq!(names, ["mock", "webhooks", "retries", "scheduled"]);
    let (queue, provider) = (&view.queues[0], &view.providers[0]);
    assert_eq!((queue.ready, queue.busy, queue.error_share), (7, 2, Some(0.25)));
    assert_eq!((provider.calls, provider.ok_share, provider.circuit.as_str()), (200, Some(0.75), "closed"));
    assert_eq!((provider.call_ms.p50, provider.call_ms.max), (Some(84.0), Some(10_000.0)));
    assert_eq!(
        (provider.last_error.as_deref(), &provider.trend[..]),
        (Some("503 upstream"), &[1.0, 2.0][..])
    );
    assert_eq!((view.webhooks[0].id.as_str(), view.webhooks[0].state.as_str()), (&*hook.to_string(), "ok"));
    assert_eq!(view.webhooks_left_off, 0);
    let fewer = admin.overview(soon(), None, 0).await.unwrap().unwrap().overview.unwrap();
    assert_eq!((fewer.webhooks.len(), fewer.webhooks_left_off), (0, 1));
    assert_eq!((view.counters.dead_1h, view.counters.ack_share), (101, Some(0.75)));
    assert!((view.rates.delivered - 812.4).abs() < 1e-9);
    assert_eq!((view.trends.busy.clone(), view.trends.ack.clone()), (vec![7.0], vec![Some(100.0)]));
    assert_eq!(view.latency[1].trend, [None, Some(10.0)]);
    let [email] = &view.channels[..] else { panic!("{:?}", view.channels) };
    assert_eq!((email.channel.known(), email.wait_ms.count), (Some(Channel::Email), 0));
    assert_eq!((email.call_ms.p50, email.deliver_ms.p50), (Some(84.0), Some(84.0)));
    let kinds: Vec<_> = view.attention.iter().map(|alert| alert.kind.known()).collect();
    assert!(kinds.contains(&Some(AlertKind::DeadLetters)), "{kinds:?}");
}

#[tokio::test]
async fn what_needs_attention_is_told_the_worst_first() {
    let (house, admin) = furnished().await;
    assert!(seen(&admin).await.attention.is_empty());
    admin.hold_set(soon(), pause(), because("carrier maintenance")).await.unwrap().unwrap();
    *house.engine.circuit.lock().unwrap() = "open";
    let alerts = seen(&admin).await.attention;
    let told: Vec<_> = alerts.iter().map(|alert| (alert.severity.known(), alert.fact.as_str())).collect();
    assert_eq!(
        told,
        [
            (Some(Severity::Critical), "its circuit is open: 5 failures in a row"),
            (Some(Severity::Info), "paused by ada(uid 1000, pid 42): carrier maintenance")
        ]
    );
    assert_eq!(alerts[0].look.as_deref(), Some("notifyctl provider circuit show mock"));
}

#[tokio::test]
async fn series_are_found_by_their_keys() {
    let (_house, admin) = furnished().await;
    let all = admin.series(soon(), SeriesRequest::default()).await.unwrap().unwrap();
    assert_eq!((all.series.len(), all.step_ms), (10, 1_000));
    let keys = || vec!["delivered".to_owned(), "provider/mock/errors".to_owned()];
    let request = SeriesRequest { keys: keys(), step_ms: 60_000, n: 2 };
    let two = admin.series(soon(), request).await.unwrap().unwrap();
    assert_eq!((two.series[0].unit.as_str(), &two.series[0].points[..]), ("per second", &[61.0, 61.0][..]));
    assert_eq!(two.series[1].key, "provider/mock/errors");
    let wrong = async |key: &str| {
        let request = SeriesRequest { keys: vec![key.to_owned()], ..SeriesRequest::default() };
        admin.series(soon(), request).await.unwrap().unwrap_err()
    };
    assert!(wrong("moods").await.message.contains("use one of accepted, delivered"));
    assert!(wrong("a/b").await.message.contains("provider/NAME/METRIC"));
    assert_eq!(wrong("provider/nobody/calls").await.code, NotFound);
    assert_eq!(wrong("webhook/x/acks").await.code, NotFound);
    let odd = SeriesRequest { step_ms: 7, ..SeriesRequest::default() };
    assert_eq!(admin.series(soon(), odd).await.code(), Invalid);
    let many = SeriesRequest { keys: vec!["busy".into(); 33], ..SeriesRequest::default() };
    assert_eq!(admin.series(soon(), many).await.code(), Invalid);
}

#[tokio::test]
async fn events_are_told_in_order_and_waited_for() {
    let (house, admin) = furnished().await;
    let start = heard(&admin, EventsRequest::default()).await;
    assert!(start.events.is_empty() && start.next_seq == start.head_seq);
    let id = sent(&admin, "hello").await;
    admin.hold_set(soon(), pause(), because("maintenance")).await.unwrap().unwrap();
    let after = |after| EventsRequest { after_seq: Some(after), ..EventsRequest::default() };
    let view = heard(&admin, after(start.next_seq)).await;
    assert_eq!(words(&view), ["created", "notification.send", "queue.pause"]);
    assert_eq!(
        (view.events[0].id.clone(), view.events[0].service.as_deref()),
        (id.to_string(), Some("acme"))
    );
    assert_eq!(view.events[0].seq, start.next_seq + 1);
    assert_eq!(view.events[2].detail.as_deref(), Some("maintenance"));
    assert_eq!(view.next_seq, view.events[2].seq);
    let filter = || "event:queue.* object:queue".parse().unwrap();
    let only = heard(&admin, EventsRequest { filter: filter(), ..after(start.next_seq) }).await;
    assert_eq!((words(&only), only.next_seq), (vec!["queue.pause"], view.next_seq));
    let last =
        EventsRequest { last: 1, filter: "event:created".parse().unwrap(), ..EventsRequest::default() };
    assert_eq!(words(&heard(&admin, last).await), ["created"]);
    let since = EventsRequest { since: Some(house.room.now()), max: 2, ..EventsRequest::default() };
    assert_eq!(heard(&admin, since).await.events.len(), 2);
    // A wait ends with the first event that matches, and long before its time.
    let other = house.admin().await;
    let wait = EventsRequest { wait_ms: 15_000, filter: filter(), ..after(view.next_seq) };
    let (told, ()) = tokio::join!(heard(&admin, wait), async {
        sent(&other, "another").await;
        other.queue_resume(soon(), "mock".into(), plain()).await.unwrap().unwrap();
    });
    assert_eq!(words(&told), ["queue.resume"]);
    let beyond = heard(&admin, after(1_000_000)).await;
    assert!(beyond.events.is_empty() && beyond.next_seq == beyond.head_seq, "of another run");
    let wrong = EventsRequest { max: 201, ..EventsRequest::default() };
    assert_eq!(admin.events(soon(), Box::new(wrong)).await.code(), Invalid);
}

#[tokio::test]
async fn who_is_too_late_is_told_how_much_was_missed() {
    let (house, admin) = furnished().await;
    let event = notifyd_store::feed::FeedEvent::new(
        house.room.now(),
        notify_proto::NotificationId::from_bytes([1; 16]),
        1,
        "created",
        notify_proto::Status::Queued,
    );
    let feed = notifyd_store::Store::feed(&*house.store);
    let before = feed.end();
    for _ in 0..notifyd_store::feed::CAPACITY / 64 {
        feed.publish(&[event; 64]);
    }
    let late = heard(&admin, EventsRequest { after_seq: Some(0), ..EventsRequest::default() }).await;
    assert_eq!((late.dropped, late.events[0].seq), (before, before + 1));
    // An answer is not larger than it may be, and the next one goes on where it ended.
    let (mut seqs, mut next) = (Vec::new(), before);
    while seqs.len() < 1_000 {
        let some = heard(&admin, EventsRequest { after_seq: Some(next), ..EventsRequest::default() }).await;
        let bytes = serde_json::to_string(&some).unwrap().len();
        assert!((19_000..=20_480).contains(&bytes) && some.dropped == 0, "{bytes}");
        seqs.extend(some.events.iter().map(|event| event.seq));
        next = some.next_seq;
    }
    assert!(seqs.iter().copied().eq(before + 1..=next));
}

#[tokio::test]
async fn the_audit_log_is_read_page_by_page() {
    let (_house, admin) = furnished().await;
    admin.hold_set(soon(), pause(), because("one")).await.unwrap().unwrap();
    admin.queue_resume(soon(), "mock".into(), because("two")).await.unwrap().unwrap();
    let list = async |request| admin.audit_list(soon(), request).await.unwrap().unwrap();
    let all = AuditRequest::default;
    let first = list(AuditRequest { limit: 1, verb: Some("queue.*".into()), ..all() }).await;
    assert_eq!((first.items[0].verb.as_str(), first.items[0].target.as_str()), ("queue.resume", "mock"));
    let second = AuditRequest { limit: 1, verb: Some("queue.*".into()), after: first.next, ..all() };
    assert_eq!(list(second).await.items[0].reason.as_deref(), Some("one"));
    assert!(list(AuditRequest { actor: Some("bob".into()), ..all() }).await.items.is_empty());
    assert!(list(AuditRequest { actor: Some("ada".into()), ..all() }).await.items.len() >= 3);
    assert_eq!(admin.audit_list(soon(), AuditRequest { limit: 201, ..all() }).await.code(), Invalid);
    let made_up = AuditRequest { after: Some("x".into()), ..all() };
    assert_eq!(admin.audit_list(soon(), made_up).await.code(), NotFound);
}
