//! A provider that calls each recipient at a URL of its own, on paused time: what is wrong with one of them is nobody else's
//! matter.

use crate::posts::{Came, Does, Posts, says};
use crate::sim::World;
use notify_proto::hold::Force;
use notify_proto::{Channel, NotificationId, ProviderId, Status};
use notifyd_engine::{Handle, Options};
use serde_json::{Value, json};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

/// Much longer than the engine needs to take one and to call it.
const MOMENT: Duration = Duration::from_secs(2);

/// The recipient who listens, and the one who does what is told of.
const WELL: u16 = 80;
const ILL: u16 = 81;

/// A world in which all but one listen, and its only provider.
fn world(
    seed: u64,
    ill: impl Fn(&Came) -> Does + Send + Sync + 'static,
    config: Value,
) -> (World, Posts, ProviderId) {
    let posts = Posts::new(move |came| if came.port == ILL { ill(came) } else { says(200) });
    let mut world = World::new(seed);
    world.network = posts.network();
    let provider = world.provider(|it| {
        (it.kind, it.channels, it.simulated) = ("webhook".into(), vec![Channel::Webhook], false);
        (it.config, it.max_in_flight) = (config, 64);
    });
    (world, posts, provider)
}

fn send(world: &World, port: u16, retry: &Value) -> NotificationId {
    let to = format!("http://93.184.216.34:{port}/in");
    world.send("acme", &json!({"channel": "webhook", "to": to, "retry": retry}))
}

fn status(world: &World, id: NotificationId) -> Option<Status> {
    world.detail(id).notification.status.known()
}

/// Nothing is known against it.
fn at_ease(handle: &Handle, provider: ProviderId) {
    let state = handle.provider_state(provider);
    assert_eq!((state.circuit, state.throttled_until, state.learned_rate), ("closed", None, None));
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn a_dead_url_closes_nobody_elses_way() {
    for (seed, ill) in (0..).zip([
        says(500),
        says(503),
        Does::Answers(503, Duration::ZERO, "retry-after: 1000\r\n"),
        says(429),
        says(401),
        says(404),
        says(302),
        Does::HangsUp,
        Does::Hangs,
    ]) {
        let told = format!("{ill:?}");
        let (mut world, posts, provider) = world(seed, move |_| ill.clone(), json!({"timeout_seconds": 1}));
        let handle = world.start(Options::default());
        for _ in 0..30 {
            send(&world, ILL, &json!({"delays": [1, 1]}));
            tokio::time::sleep(SECOND / 10).await;
        }
        let before = posts.came_to(ILL).len();
        assert!(before >= 25, "{told}: it was called {before} times");
        for _ in 0..30 {
            send(&world, ILL, &json!({"delays": [1, 1]}));
            let well = send(&world, WELL, &json!({"delays": []}));
            tokio::time::sleep(MOMENT).await;
            assert_eq!(status(&world, well), Some(Status::Delivered), "{told}");
            at_ease(&handle, provider);
        }
        world.stop().await;
    }
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn what_one_url_asks_for_delays_its_own_notification() {
    let asks = |came: &Came| match came.body["data"]["attempt"].as_u64() {
        Some(1) => Does::Answers(429, Duration::ZERO, "retry-after: 1000\r\n"),
        _ => says(200),
    };
    let (mut world, posts, provider) = world(20, asks, json!({}));
    let handle = world.start(Options::default());
    let asked = send(&world, ILL, &json!({"delays": [10]}));
    tokio::time::sleep(MOMENT).await;
    let waits = world.detail(asked).notification;
    assert_eq!((waits.status.known(), waits.retry_count), (Some(Status::Retrying), 1));
    at_ease(&handle, provider);
    for _ in 0..9 {
        let well = send(&world, WELL, &json!({"delays": []}));
        tokio::time::sleep(100 * SECOND).await;
        assert_eq!(status(&world, well), Some(Status::Delivered));
        assert_eq!(posts.came_to(ILL).len(), 1, "it asked for more time");
    }
    world.settled(200 * SECOND).await;
    assert_eq!(status(&world, asked), Some(Status::Delivered));
    let came = posts.came_to(ILL);
    assert!(came.len() == 2 && came[1].at >= came[0].at + 1_000 * SECOND, "{came:?}");
    world.stop().await;
}

/// The operator's own URL is the provider: what is wrong with it is told of all who are sent to it.
#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn the_operators_url_is_the_provider() {
    let own = json!({"url": format!("http://93.184.216.34:{ILL}/in")});
    let (mut world, _, provider) = world(21, |_| says(500), own.clone());
    let handle = world.start(Options::default());
    for _ in 0..5 {
        send(&world, WELL, &json!({"delays": [1_000]}));
    }
    tokio::time::sleep(MOMENT).await;
    assert_eq!(handle.provider_state(provider).circuit, "open");
    world.stop().await;
    let throttles = |_: &Came| Does::Answers(429, Duration::ZERO, "retry-after: 1000\r\n");
    let (mut world, _, provider) = self::world(22, throttles, own);
    let handle = world.start(Options::default());
    send(&world, WELL, &json!({"delays": [1]}));
    tokio::time::sleep(MOMENT).await;
    let state = handle.provider_state(provider);
    assert!(state.throttled_until.is_some() && state.learned_rate.is_some(), "{state:?}");
    world.stop().await;
}

/// A probe that comes to a dead URL has learned nothing: the next call is another one.
#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn a_probe_of_a_dead_url_makes_room_for_the_next() {
    let (mut world, _, provider) = world(23, |_| says(500), json!({}));
    let handle = world.start(Options::default());
    tokio::time::sleep(MOMENT).await;
    handle.force(provider, Force::HalfOpen).await.unwrap();
    for _ in 0..3 {
        let ill = send(&world, ILL, &json!({"delays": []}));
        tokio::time::sleep(MOMENT).await;
        assert_eq!(status(&world, ill), Some(Status::Failed));
        assert_eq!(handle.provider_state(provider).circuit, "half_open");
    }
    let well = send(&world, WELL, &json!({"delays": []}));
    tokio::time::sleep(MOMENT).await;
    assert_eq!(status(&world, well), Some(Status::Delivered));
    at_ease(&handle, provider);
    world.stop().await;
}
