//! Services are told what happened to their notifications, on paused time.

use crate::posts::{Came, Does, Posts, says};
use crate::sim::World;
use crate::slow::stand;
use notify_proto::webhook::DeliveryDetail;
use notify_proto::{
    DeliveryId, RetryProfile, SharedQueue, WebhookEvent, WebhookFault, WebhookId, WebhookStatus,
};
use notifyd_engine::{Options, WebhookOptions};
use notifyd_lifecycle::Secret;
use notifyd_lifecycle::webhook::{EventSet, Keys, Schedule};
use notifyd_store::Store as _;
use notifyd_store::api::Audit;
use notifyd_store::webhooks::{NewWebhook, Page, Private, Settings, Webhook};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

const SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";
pub const SECOND: Duration = Duration::from_secs(1);
pub const HOUR: Duration = Duration::from_secs(3_600);

/// Much longer than the engine needs to hear of something and to tell it.
pub const MOMENT: Duration = Duration::from_secs(10);

pub fn who() -> Audit {
    Audit { actor: "a test".into(), reason: None, key: None }
}

/// A webhook of a service at this port of the network.
pub fn webhook(world: &World, service: &str, port: u16, change: impl FnOnce(&mut Settings)) -> Arc<Webhook> {
    let mut settings = Settings {
        url: format!("http://93.184.216.34:{port}/hook"),
        description: None,
        events: [WebhookEvent::Created].into_iter().collect(),
        schedule: Schedule { profile: RetryProfile::Standard, max_retries: None },
        timeout: 30 * SECOND,
        redact: false,
        active: true,
    };
    change(&mut settings);
    let private = Private { secret: Secret::new(SECRET.into()), old: None, headers: BTreeMap::new() };
    let id = WebhookId::from_bytes([u8::try_from(port % 256).unwrap(); 16]);
    let no = world.tenant(service).service().no;
    let new = NewWebhook { id, service: no, settings, private, most: 10_000 };
    stand(world.store().webhooks().create(new, who())).unwrap();
    Arc::clone(world.store().webhooks().endpoints().find(id).unwrap())
}

pub fn told(world: &World, webhook: &Webhook) -> Vec<DeliveryDetail> {
    let webhooks = world.store().webhooks();
    let page = Page { limit: 10_000, ..Page::default() };
    let mut all = stand(webhooks.deliveries(webhook.no, page)).unwrap();
    all.reverse();
    all.iter().map(|it| stand(webhooks.delivery(it.id)).unwrap().unwrap()).collect()
}

pub fn statuses(world: &World, webhook: &Webhook) -> Vec<WebhookStatus> {
    told(world, webhook).iter().map(|it| it.delivery.status.known().unwrap()).collect()
}

pub fn world(seed: u64, posts: &Posts) -> World {
    let mut world = World::new(seed);
    world.network = posts.network();
    world.provider(|_| {});
    world
}

/// Seconds between the tries at an endpoint.
pub fn pauses(came: &[Came]) -> Vec<f64> {
    came.windows(2).map(|two| two[1].at.as_secs_f64() - two[0].at.as_secs_f64()).collect()
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn each_profile_asks_again_when_it_says() {
    for profile in RetryProfile::ALL {
        let posts = Posts::new(|_| says(503));
        let mut world = world(1, &posts);
        let hook = webhook(&world, "acme", 80, |it| it.schedule.profile = *profile);
        world.start(Options::default());
        world.send("acme", &json!({}));
        tokio::time::sleep(26 * HOUR).await;
        let came = posts.came_to(80);
        let schedule = Schedule { profile: *profile, max_retries: None };
        let mut owed = Duration::ZERO;
        let pauses = pauses(&came);
        for (retry, pause) in (1..).zip(&pauses) {
            let published = schedule.delay(retry, owed).expect("there is no such retry").as_secs_f64();
            let late = pause - published;
            assert!((-0.01..published / 10.0 + 1.0).contains(&late), "{profile} {retry}: {pauses:?}");
            owed += Duration::from_secs_f64(*pause);
        }
        assert_eq!(schedule.delay(u32::try_from(came.len()).unwrap(), owed), None, "{pauses:?}");
        assert_eq!(statuses(&world, &hook), [WebhookStatus::Failed]);
        // Under one id, with a body that says which try it is.
        assert!(came.iter().all(|it| it.headers["webhook-id"] == came[0].headers["webhook-id"]));
        for (number, it) in (1..).zip(&came) {
            assert_eq!(
                (&it.body["webhook_attempt"], &it.headers["x-webhook-attempt"]),
                (&json!(number), &number.to_string())
            );
        }
        world.stop().await;
    }
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn every_step_is_told_signed_and_in_full() {
    let posts = Posts::new(|_| says(200));
    let mut world = World::new(2);
    world.network = posts.network();
    let steps = json!([{"times": 1, "outcome": "transient"}, {"times": 1, "outcome": "accepted"}]);
    world.provider(|it| it.config = json!({"plan": {"steps": steps}}));
    let hook = webhook(&world, "acme", 80, |it| it.events = EventSet::ALL);
    let quiet = webhook(&world, "acme", 81, |it| (it.events, it.redact) = (EventSet::ALL, true));
    world.start(Options::default());
    let more = json!({"retry": {"delays": [30]}, "tenant_id": "t7", "meta_data": {"order": 7}});
    let id = world.send("acme", &more);
    world.settled(HOUR).await;
    let gone = world.send("acme", &json!({"scheduled_at": "1970-06-01T00:00:00Z"}));
    stand(world.tenant("acme").revoke(gone, Some("changed my mind".into()))).unwrap();
    tokio::time::sleep(MOMENT).await;
    let came: Vec<_> =
        posts.came_to(80).into_iter().filter(|it| it.body["notification_id"] == id.to_string()).collect();
    let mut events: Vec<_> = came
        .iter()
        .map(|it| (it.body["sequence"].as_u64().unwrap(), it.body["event"].as_str().unwrap()))
        .collect();
    events.sort_unstable();
    let words: Vec<_> = events.iter().map(|(_, event)| *event).collect();
    assert_eq!(words, ["created", "retry_scheduled", "retry_attempted", "delivered"]);
    for it in &came {
        let (id, at) = (&it.headers["webhook-id"], &it.headers["webhook-timestamp"]);
        let keys = Keys::parse(SECRET).unwrap();
        assert_eq!(it.headers["webhook-signature"], keys.sign(id, at.parse().unwrap(), it.text.as_bytes()));
        let dotted = format!("notification.{}", it.body["event"].as_str().unwrap());
        assert_eq!((&it.headers["x-webhook-event"], &it.body["event_type"]), (&dotted, &json!(dotted)));
        assert_eq!(it.headers["user-agent"], "NotificationService-Webhook/1.0");
        assert_eq!((&it.body["tenant_id"], &it.body["meta_data"]["order"]), (&json!("t7"), &json!(7)));
        assert_eq!((&it.body["content"], &it.body["recipient"]), (&json!("hi"), &json!("+15005550006")));
    }
    let of = |event: &str| came.iter().find(|it| it.body["event"] == event).unwrap().body.clone();
    let scheduled = of("retry_scheduled");
    assert_eq!(
        (&scheduled["status"], &scheduled["retry_count"], &scheduled["attempt_number"]),
        (&json!("retrying"), &json!(1), &json!(1))
    );
    assert!(
        scheduled["next_attempt_at"].is_string() && scheduled["error_message"].is_string(),
        "{scheduled}"
    );
    let delivered = of("delivered");
    assert_eq!((&delivered["provider_name"], &delivered["attempt_number"]), (&json!("p0"), &json!(2)));
    assert!(delivered["delivered_at"].is_string() && delivered["error_message"].is_null(), "{delivered}");
    let cancelled = posts.came_to(80).into_iter().find(|it| it.body["event"] == "cancelled").unwrap().body;
    assert_eq!(cancelled["cancellation_reason"], "changed my mind");
    assert!(cancelled["cancelled_at"].is_string());
    let redacted = posts.came_to(81);
    assert_eq!(redacted.len(), 6);
    assert!(
        redacted
            .iter()
            .all(|it| ["recipient", "content", "subject"].iter().all(|hidden| it.body[hidden].is_null()))
    );
    assert!(
        statuses(&world, &hook)
            .iter()
            .chain(&statuses(&world, &quiet))
            .all(|it| *it == WebhookStatus::Acknowledged)
    );
    world.stop().await;
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn those_that_hang_delay_nobody_else_and_connections_are_bounded() {
    let posts = Posts::new(|came| if came.port == 80 { says(200) } else { Does::Hangs });
    let mut world = world(3, &posts);
    let well = webhook(&world, "acme", 80, |_| {});
    for port in 81..181 {
        webhook(&world, "acme", port, |_| {});
    }
    let webhooks = WebhookOptions { connections: 64, ..WebhookOptions::default() };
    world.start(Options { webhooks, ..Options::default() });
    // Nobody knows yet who listens and who does not.
    world.send("acme", &json!({}));
    tokio::time::sleep(HOUR / 6).await;
    assert_eq!(posts.came_to(80).len(), 1);
    for _ in 0..20 {
        let before = posts.came_to(80).len();
        world.send("acme", &json!({}));
        tokio::time::sleep(MOMENT).await;
        assert_eq!(posts.came_to(80).len(), before + 1);
    }
    assert!(statuses(&world, &well).iter().all(|it| *it == WebhookStatus::Acknowledged));
    assert!(posts.most() <= 64, "{} connections", posts.most());
    // Those get their turn as well.
    tokio::time::sleep(2 * HOUR).await;
    assert!((81..181).all(|port| !posts.came_to(port).is_empty()));
    world.stop().await;
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn what_is_under_way_is_known_and_how_much_there_may_be() {
    // The first tells that it listens; then it does not answer, and then it does not listen.
    let posts = Posts::new(|came| match came.body["meta_data"]["does"].as_str() {
        Some("first") => says(200),
        Some("hangs") => Does::Hangs,
        _ => says(503),
    });
    let mut world = world(9, &posts);
    let hook = webhook(&world, "acme", 80, |settings| settings.timeout = 30 * SECOND);
    let engine = world.start(Options::default());
    let telling = |world: &World| {
        let hook = Arc::clone(world.store().webhooks().endpoints().get(hook.no).unwrap());
        (engine.telling(&hook), engine.figures().telling)
    };
    world.send("acme", &json!({"meta_data": {"does": "first"}}));
    tokio::time::sleep(MOMENT).await;
    let (well, all) = telling(&world);
    assert_eq!((well.busy, well.limit, all), (0, 8, (0, 256)));
    assert!(well.last[0].is_some() && well.last[1].is_none());
    for _ in 0..9 {
        world.send("acme", &json!({"meta_data": {"does": "hangs"}}));
    }
    tokio::time::sleep(MOMENT).await;
    let (full, all) = telling(&world);
    assert_eq!((full.busy, full.limit, all), (8, 8, (8, 256)));
    tokio::time::sleep(31 * SECOND).await;
    let (suspect, all) = telling(&world);
    assert_eq!((suspect.busy, suspect.limit, all.0), (1, 1, 1), "one by one");
    assert!(suspect.last[1] > suspect.last[0]);
    world.stop().await;
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn each_answer_is_taken_for_what_it_is() {
    let posts = Posts::new(|came| match came.port {
        80 => says(if came.body["webhook_attempt"] == 1 { 500 } else { 200 }),
        81 => Does::Answers(429, Duration::ZERO, "retry-after: 1000\r\n"),
        82 => says(404),
        83 => says(410),
        84 => Does::HangsUp,
        85 => Does::Answers(302, Duration::ZERO, "location: http://93.184.216.34:99/\r\n"),
        _ => panic!("{came:?}"),
    });
    let mut world = world(4, &posts);
    let hooks: Vec<_> = (80..86).map(|port| webhook(&world, "acme", port, |_| {})).collect();
    world.start(Options::default());
    world.send("acme", &json!({}));
    tokio::time::sleep(900 * SECOND).await;
    let tries = |port: u16| posts.came_to(port).len();
    assert_eq!((tries(80), statuses(&world, &hooks[0])), (2, vec![WebhookStatus::Acknowledged]));
    assert_eq!(
        (tries(81), statuses(&world, &hooks[1])),
        (1, vec![WebhookStatus::Retrying]),
        "it asked for time"
    );
    assert_eq!((tries(82), statuses(&world, &hooks[2])), (1, vec![WebhookStatus::Failed]));
    assert_eq!((tries(83), statuses(&world, &hooks[3])), (1, vec![WebhookStatus::Failed]));
    assert_eq!((tries(84), statuses(&world, &hooks[4])), (3, vec![WebhookStatus::Retrying]));
    assert_eq!((tries(85), statuses(&world, &hooks[5])), (1, vec![WebhookStatus::Failed]), "not followed");
    let gone = Arc::clone(world.store().webhooks().endpoints().get(hooks[3].no).unwrap());
    assert_eq!((gone.settings.active, gone.fault), (false, Some(WebhookFault::Gone)));
    tokio::time::sleep(HOUR).await;
    assert!(tries(81) >= 2);
    let detail = &told(&world, &hooks[4])[0];
    assert_eq!(detail.attempts.len(), 4);
    assert!(detail.attempts.iter().all(|it| it.error_message.is_some() && it.response_status_code.is_none()));
    world.stop().await;
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn who_takes_nothing_for_too_long_is_switched_off() {
    let posts = Posts::new(|_| says(500));
    let mut world = world(5, &posts);
    let hook = webhook(&world, "acme", 80, |_| {});
    let webhooks = WebhookOptions { disable_after: Some(2 * HOUR), ..WebhookOptions::default() };
    world.start(Options { webhooks, ..Options::default() });
    let active = |world: &World| world.store().webhooks().endpoints().get(hook.no).unwrap().settings.active;
    for _ in 0..7 {
        world.send("acme", &json!({}));
        tokio::time::sleep(HOUR / 4).await;
        assert!(active(&world));
    }
    tokio::time::sleep(HOUR).await;
    world.send("acme", &json!({}));
    tokio::time::sleep(MOMENT).await;
    let off = Arc::clone(world.store().webhooks().endpoints().get(hook.no).unwrap());
    assert_eq!((off.settings.active, off.fault), (false, Some(WebhookFault::Failing)));
    let before = posts.came_to(80).len();
    world.send("acme", &json!({}));
    tokio::time::sleep(HOUR).await;
    assert_eq!(posts.came_to(80).len(), before, "nothing is told to it any more");
    world.stop().await;
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn what_is_owed_is_told_by_the_next_run_under_the_same_id() {
    let posts = Posts::new(|_| says(200));
    let mut world = world(6, &posts);
    let hook = webhook(&world, "acme", 80, |_| {});
    for _ in 0..300 {
        world.send("acme", &json!({}));
    }
    let ids: Vec<DeliveryId> = told(&world, &hook).iter().map(|it| it.delivery.id).collect();
    world.close().await;
    world.open();
    world.start(Options::default());
    tokio::time::sleep(MOMENT * 6).await;
    let mut came: Vec<DeliveryId> =
        posts.came_to(80).iter().map(|it| it.headers["webhook-id"].parse().unwrap()).collect();
    came.sort_unstable();
    let mut expected = ids;
    expected.sort_unstable();
    assert_eq!(came, expected, "each once");
    assert_eq!(world.store().webhooks().pending(), 0);
    world.stop().await;
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn what_is_told_once_more_and_a_test_go_out_at_once() {
    let posts = Posts::new(|_| says(200));
    let mut world = world(7, &posts);
    let hook = webhook(&world, "acme", 80, |_| {});
    world.start(Options::default());
    world.send("acme", &json!({}));
    tokio::time::sleep(MOMENT).await;
    let first = told(&world, &hook).remove(0).delivery.id;
    assert!(stand(world.store().webhooks().redeliver(first, who())).unwrap());
    let test = DeliveryId::from_bytes([7; 16]);
    stand(world.store().webhooks().test(hook.no, test, WebhookEvent::Failed, who())).unwrap();
    tokio::time::sleep(MOMENT).await;
    let came = posts.came_to(80);
    let ids: Vec<_> = came.iter().map(|it| it.headers["webhook-id"].clone()).collect();
    assert_eq!(ids, [first.to_string(), first.to_string(), test.to_string()]);
    assert_eq!((&came[1].body["webhook_attempt"], &came[2].body["test"]), (&json!(2), &json!(true)));
    assert_eq!(statuses(&world, &hook), [WebhookStatus::Acknowledged; 2]);
    world.stop().await;
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn nobody_is_told_while_the_queue_of_webhooks_is_paused() {
    let posts = Posts::new(|_| says(200));
    let mut world = world(12, &posts);
    let hooks: Vec<_> = [80, 81].map(|port| webhook(&world, "acme", port, |_| {})).into();
    let pause = world.pause(SharedQueue::Webhooks, HOUR);
    world.start(Options::default());
    let first = world.send("acme", &json!({}));
    tokio::time::sleep(59 * 60 * SECOND).await;
    assert_eq!(posts.came_to(80).len() + posts.came_to(81).len(), 0);
    assert!(world.detail(first).notification.status.known().unwrap().is_final(), "deliveries go on");
    world.end(&pause);
    tokio::time::sleep(MOMENT).await;
    assert_eq!((posts.came_to(80).len(), posts.came_to(81).len()), (1, 1));
    // Over a restart, and ended by itself.
    world.pause(SharedQueue::Webhooks, HOUR);
    world.stop().await;
    world.start(Options::default());
    world.send("acme", &json!({"priority": "low"}));
    tokio::time::sleep(59 * 60 * SECOND).await;
    assert_eq!(posts.came_to(80).len(), 1);
    tokio::time::sleep(2 * 60 * SECOND).await;
    for hook in &hooks {
        assert_eq!(statuses(&world, hook), [WebhookStatus::Acknowledged; 2]);
    }
    world.stop().await;
}
