//! What those who watch are told of calls, tries and services.

use crate::sim::World;
use notify_proto::Channel;
use notify_proto::measured::Tries;
use notifyd_engine::{Common, Options};
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
    let expected = Tries { second: 1, third: 1, dead: 1, ..Tries::default() };
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
    world.stop().await;
}
