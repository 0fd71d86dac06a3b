//! Who goes first.

use crate::house::{Calls, House, open, provider, send_as};
use notifyd_engine::Options;
use serde_json::json;
use std::collections::HashSet;
use std::sync::Arc;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_services_bulk_does_not_delay_another() {
    let dir = Arc::new(tempfile::tempdir().unwrap());
    let mut calls = Calls::new(&dir);
    let store = open(dir.path());
    provider(store.as_ref(), "only", 1, json!({"record_file": calls.path()})).await;
    let mut bulk = HashSet::new();
    for _ in 0..400 {
        bulk.insert(send_as(&store, "campaigner", &json!({})).await);
    }
    let mut mine = Vec::new();
    for _ in 0..3 {
        mine.push(send_as(&store, "acme", &json!({})).await);
    }
    // Little fits into memory: most of the bulk has to wait on disk.
    let house = House::on(dir, store, Options { loaded: 100, ..Options::default() });
    let mut place_of_mine = Vec::new();
    for place in 0..403 {
        let id = calls.next().await;
        if mine.contains(&id) {
            place_of_mine.push(place);
        } else {
            assert!(bulk.remove(&id), "{id} was called twice");
        }
    }
    assert!(bulk.is_empty());
    // Services take turns. Which of the two was loaded first is chance, and four calls are under way at once, so a
    // few places are allowed besides.
    let last = *place_of_mine.last().unwrap();
    assert!(place_of_mine.len() == 3 && last < 100, "{place_of_mine:?}");
    house.end().await;
}
