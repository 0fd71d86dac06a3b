//! What changes while services are told: webhooks, the clock, the bounds. On paused time.

use crate::posts::{Does, Posts, says};
use crate::sim::World;
use crate::slow::stand;
use crate::webhooks::{HOUR, MOMENT, SECOND, pauses, statuses, told, webhook, who, world};
use notify_proto::{RetryProfile, WebhookStatus};
use notifyd_engine::{Options, WebhookOptions};
use notifyd_store::Store as _;
use notifyd_store::api::Verdict;
use notifyd_store::webhooks::{Settings, Webhook, WebhookUpdate};
use serde_json::json;
use std::sync::Arc;

/// One that is switched on again is told at once what it has been owed all the while.
#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn what_was_owed_is_told_as_soon_as_a_webhook_is_switched_on() {
    let posts = Posts::new(|came| says(if came.body["webhook_attempt"] == 1 { 503 } else { 200 }));
    let mut world = world(8, &posts);
    let hook = webhook(&world, "acme", 80, |_| {});
    world.start(Options::default());
    world.send("acme", &json!({}));
    tokio::time::sleep(MOMENT).await;
    switch(&world, &hook, false);
    // Its time comes and goes.
    tokio::time::sleep(HOUR).await;
    assert_eq!(posts.came_to(80).len(), 1);
    switch(&world, &hook, true);
    tokio::time::sleep(MOMENT / 10).await;
    assert_eq!((posts.came_to(80).len(), statuses(&world, &hook)), (2, vec![WebhookStatus::Acknowledged]));
    world.stop().await;
}

fn switch(world: &World, hook: &Webhook, active: bool) {
    let now = Arc::clone(world.store().webhooks().endpoints().get(hook.no).unwrap());
    let update = WebhookUpdate {
        no: now.no,
        id: now.id,
        revision: now.revision,
        settings: Settings { active, ..now.settings.clone() },
        private: None,
        renewed: false,
        old_until: None,
        verb: "webhook.enable",
    };
    assert_eq!(stand(world.store().webhooks().update(update, who())).unwrap(), Verdict::Applied);
}

/// A retry keeps its delay when the clock is set, and does not wait for a look that comes by chance.
#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn a_clock_that_is_set_moves_no_retry() {
    for (seed, by) in [(9, -6), (10, 6)] {
        let posts = Posts::new(|came| says(if came.body["webhook_attempt"] == 6 { 200 } else { 503 }));
        let mut world = world(seed, &posts);
        webhook(&world, "acme", 80, |it| it.schedule.profile = RetryProfile::Persistent);
        world.start(Options::default());
        // It looks by itself after 30 and after 60 seconds; between them is the retry after 16.
        tokio::time::sleep(16 * SECOND).await;
        world.send("acme", &json!({}));
        tokio::time::sleep(19 * SECOND).await;
        assert_eq!(posts.came_to(80).len(), 5);
        world.clock.set(chrono::TimeDelta::hours(by));
        tokio::time::sleep(60 * SECOND).await;
        let pauses = pauses(&posts.came_to(80));
        assert!(pauses.len() == 5 && (16.0..18.0).contains(&pauses[4]), "set by {by} h: {pauses:?}");
        world.stop().await;
    }
}

/// More connections are taken as soon as they are allowed, by those who wait for one and by one that had all it might.
#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn changed_bounds_hold_at_once() {
    let posts = Posts::new(|_| Does::Hangs);
    let mut world = world(11, &posts);
    let hook = webhook(&world, "acme", 80, |it| it.timeout = 100 * SECOND);
    let bound = |concurrency, connections| {
        let webhooks = WebhookOptions { concurrency, connections, ..WebhookOptions::default() };
        Options { webhooks, ..Options::default() }
    };
    let handle = world.start(bound(1, 256));
    for _ in 0..10 {
        world.send("acme", &json!({}));
    }
    tokio::time::sleep(MOMENT).await;
    assert_eq!(posts.came_to(80).len(), 1);
    handle.set_options(bound(3, 256));
    tokio::time::sleep(MOMENT / 10).await;
    assert_eq!(posts.came_to(80).len(), 3, "while the first one hangs");
    handle.set_options(bound(100, 8));
    tokio::time::sleep(MOMENT).await;
    assert_eq!(posts.came_to(80).len(), 3, "of all there are, those of which nothing is known have a part");
    handle.set_options(bound(5, 256));
    tokio::time::sleep(MOMENT / 10).await;
    assert_eq!((posts.came_to(80).len(), posts.most()), (5, 5));
    assert_eq!(told(&world, &hook).len(), 10);
    world.stop().await;
}
