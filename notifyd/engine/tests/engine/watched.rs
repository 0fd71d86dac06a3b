//! What those who watch are told of calls, tries and services.

use crate::sim::World;
use notify_proto::Channel;
use notify_proto::measured::Tries;
use notifyd_engine::{Common, Handle, Options};
use notifyd_store::Store as _;
use serde_json::json;
use std::time::Duration;

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn calls_tries_and_services_are_told_as_they_went() {
    let mut world = World::new(1);
    let broken = world.provider(|it| it.config = json!({"outcome": "transient"}));
    let handle = world.start(Options::default());
    let id = world.send("acme", &json!({"retry": {"delays": [1, 1]}}));
    world.settled(Duration::from_secs(60)).await;
    let calls = handle.calls(broken);
    assert_eq!(calls.len(), 3, "{calls:#?}");
    assert!(calls.iter().all(|call| call.notification_id == id && call.outcome == "transient"), "{calls:#?}");
    assert!(calls[0].at >= calls[2].at, "the newest first");
    let error = calls[0].error.clone().unwrap();
    let (failing_since, last_failed_at) = (Some(calls[2].at), Some(calls[0].at));
    let expected = Tries { second: 1, third: 1, dead: 1, failing_since, last_failed_at, ..Tries::default() };
    let no = world.store().directory().find_service("acme").unwrap().no;
    for common in [
        Common::Provider(broken),
        Common::Channel(Channel::Sms),
        Common::Service(no),
        Common::error(&notifyd_lifecycle::fault::template(&error)),
    ] {
        assert_eq!(handle.tries(common), expected, "{common:?}");
    }
    assert_eq!(handle.tries(Common::error("moods")), Tries::default());
    tokio::time::sleep(Duration::from_secs(2)).await;
    let service = &handle.services()[&no];
    assert_eq!((service.delivered_24h, service.failed_24h), (0, 1));
    assert!(service.last_accepted_at.is_some());
    let [wait, call, deliver] = handle.service_latencies()[&no];
    assert_eq!((wait.count, call.count, deliver.count), (3, 3, 0));
    tokio::time::sleep(Duration::from_secs(360)).await;
    assert!(handle.service_latencies().is_empty(), "five minutes later nothing is left of it");
    world.stop().await;
}

/// What died in the last hour: of all, and by what each has in common.
fn dead(handle: &Handle, all: &[Common]) -> (u64, Vec<u64>) {
    let whole = handle.figures().pace.failed_1h;
    (whole, all.iter().map(|common| handle.tries(*common).dead).collect())
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn what_died_in_the_last_hour_is_known_after_a_restart_until_the_hour_is_over() {
    const MINUTE: Duration = Duration::from_secs(60);
    let mut world = World::new(1);
    let broken = world.provider(|it| it.config = json!({"outcome": "permanent"}));
    let handle = world.start(Options::default());
    world.send("acme", &json!({}));
    world.send("other", &json!({}));
    world.settled(MINUTE).await;
    tokio::time::sleep(20 * MINUTE).await;
    world.send("acme", &json!({}));
    world.settled(MINUTE).await;
    let no = |world: &World, name| world.store().directory().find_service(name).unwrap().no;
    let error = handle.calls(broken)[0].error.clone().unwrap();
    let all = [
        Common::error(&notifyd_lifecycle::fault::template(&error)),
        Common::Provider(broken),
        Common::Channel(Channel::Sms),
        Common::Service(no(&world, "acme")),
        Common::Service(no(&world, "other")),
    ];
    let three = (3, vec![3, 3, 3, 2, 1]);
    assert_eq!(dead(&handle, &all), three);

    world.stop().await;
    drop(handle);
    world.close().await;
    tokio::time::sleep(10 * MINUTE).await;
    world.open();
    let handle = world.start(Options::default());
    handle.started().await;
    // Whoever looks before the log was read sees less, and nothing twice afterwards.
    assert!(dead(&handle, &all).0 <= 3);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(dead(&handle, &all), three);
    world.send("acme", &json!({}));
    world.settled(MINUTE).await;
    assert_eq!(dead(&handle, &all), (4, vec![4, 4, 4, 3, 1]), "what dies from now on comes on top");

    // The first two are 31 minutes old by now, the third is 11.
    tokio::time::sleep(33 * MINUTE).await;
    assert_eq!(dead(&handle, &all), (2, vec![2, 2, 2, 2, 0]));
    tokio::time::sleep(20 * MINUTE).await;
    assert_eq!(dead(&handle, &all), (1, vec![1, 1, 1, 1, 0]));

    // What is older than an hour is not read at all.
    world.stop().await;
    drop(handle);
    world.close().await;
    tokio::time::sleep(30 * MINUTE).await;
    world.open();
    let handle = world.start(Options::default());
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(dead(&handle, &all).0, 0);
    world.stop().await;
}
