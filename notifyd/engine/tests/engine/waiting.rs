//! What waits: for a time, for an account, behind a provider that does not answer.

use crate::house::{Calls, House, story};
use notify_proto::Status;
use notifyd_lifecycle::Clock;
use notifyd_lifecycle::clock::SystemClock;
use serde_json::json;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_at_fault_costs_no_retry_and_holds_until_it_is_replaced() {
    let house = House::new();
    let broken = house.provider("broken", 1, json!({"outcome": "provider_config"})).await;
    let id = house.send(json!({"retry": {"delays": []}})).await;
    let held = house.until(id, |detail| story(detail).contains(&"held")).await;
    assert_eq!(held.notification.status.known(), Some(Status::Queued));
    assert_eq!(held.notification.retry_count, 0);
    house.provider("good", 2, json!({})).await;
    let detail = house.finished(id).await;
    assert_eq!(detail.notification.status.known(), Some(Status::Delivered));
    assert_eq!(house.handle.provider_state(broken).circuit, "open");
    house.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_scheduled_waits_for_its_time() {
    let house = House::new();
    house.provider("only", 1, json!({})).await;
    let soon = SystemClock.now() + Duration::from_millis(150);
    let later = house.send(json!({"scheduled_at": soon})).await;
    let tomorrow = SystemClock.now() + Duration::from_secs(86_400);
    let never = house.send(json!({"scheduled_at": tomorrow})).await;
    let detail = house.finished(later).await;
    assert_eq!(story(&detail), ["created", "released", "delivered"]);
    assert!(detail.attempts[0].attempted_at >= soon - Duration::from_millis(1));
    assert_eq!(house.detail(never).await.notification.status.known(), Some(Status::Pending));
    house.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_expires_while_it_waits_is_not_sent() {
    let house = House::new();
    // Its account is at fault, so it is held in the queue.
    house.provider("broken", 1, json!({"outcome": "provider_config"})).await;
    let id = house.send(json!({"expires_at": SystemClock.now() + Duration::from_millis(150)})).await;
    let detail = house.finished(id).await;
    assert_eq!(detail.notification.failure_reason.unwrap().to_string(), "expired");
    house.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hanging_provider_does_not_hold_up_another() {
    let house = House::new();
    let mut calls = Calls::new(&house.dir);
    let hanging = house.provider("hangs", 1, json!({"hang": true, "record_file": calls.path()})).await;
    let good = house.provider("good", 2, json!({})).await;
    let mut stuck = Vec::new();
    for _ in 0..10 {
        stuck.push(house.send(json!({"provider_id": hanging.to_string()})).await);
    }
    for _ in 0..10 {
        let id = house.send(json!({"provider_id": good.to_string()})).await;
        assert_eq!(house.finished(id).await.notification.status.known(), Some(Status::Delivered));
    }
    // All it may have in flight, and no more; calls that start together may be made in any order.
    let mut called = HashSet::new();
    for _ in 0..4 {
        called.insert(calls.next().await);
    }
    assert_eq!(called, stuck[..4].iter().copied().collect());
    assert_eq!(house.handle.provider_state(hanging).in_flight, 4);
    assert_eq!(house.handle.provider_state(good).circuit, "closed");
    house.handle.set_drain_timeout(Duration::ZERO);
    let dir = house.end().await;
    assert_eq!(Arc::strong_count(&dir), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_for_a_closed_account_does_not_stand_before_others() {
    let house = House::new();
    let broken = house.provider("broken", 1, json!({"outcome": "provider_config"})).await;
    house.provider("good", 2, json!({})).await;
    // More than any look would pass over, pinned to an account that is at fault, before the first that is not.
    let mut stuck = Vec::new();
    for _ in 0..50 {
        stuck.push(house.send(json!({"provider_id": broken.to_string()})).await);
    }
    for id in &stuck {
        house.until(*id, |detail| story(detail).contains(&"held")).await;
    }
    let id = house.send(json!({})).await;
    assert_eq!(house.finished(id).await.notification.status.known(), Some(Status::Delivered));
    house.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_provider_leaves_room_for_those_who_go_elsewhere() {
    let house = House::new();
    let mut calls = Calls::new(&house.dir);
    // The first refuses, the second never answers: what fails over waits for the second.
    house.provider("refuses", 1, json!({"outcome": "transient"})).await;
    let hangs = house.provider("hangs", 2, json!({"hang": true, "record_file": calls.path()})).await;
    let good = house.provider("good", 3, json!({})).await;
    for _ in 0..30 {
        house.send(json!({})).await;
    }
    for _ in 0..4 {
        calls.next().await;
    }
    let id = house.send(json!({"provider_id": good.to_string()})).await;
    house.finished(id).await;
    assert_eq!(house.handle.provider_state(hangs).in_flight, 4);
    house.handle.set_drain_timeout(Duration::ZERO);
    house.end().await;
}
