//! What is claimed ahead begins with the answer that makes room for it, and goes back in line when there is none.

use crate::house::story;
use crate::sim::World;
use notify_proto::view::NotificationDetail;
use notify_proto::{AttemptStatus, HoldKind, NotificationId, ProviderId, Status};
use notifyd_engine::Options;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// When each call of a mock began, as it wrote it down.
pub fn begun(record: &Path) -> Vec<Duration> {
    let mut begun: Vec<_> = calls(record).map(|call| at(&call)).collect();
    begun.sort_unstable();
    begun
}

/// The most calls under way at once, when each takes so long.
pub fn at_once(begun: &[Duration], takes: Duration) -> usize {
    let under_way = |at: &Duration| begun.iter().filter(|it| *it <= at && **it + takes > *at).count();
    begun.iter().map(under_way).max().unwrap_or(0)
}

fn calls(record: &Path) -> impl Iterator<Item = Value> {
    // It is not there before the first call.
    let text = std::fs::read_to_string(record).unwrap_or_default();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    lines.into_iter()
}

fn at(call: &Value) -> Duration {
    Duration::from_micros(call["at_us"].as_u64().unwrap())
}

/// A world whose log is some milliseconds away.
fn world() -> World {
    (0..1_000).map(World::new).find(|world| world.longest_way() == Duration::from_millis(3)).unwrap()
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn a_slot_stands_empty_for_no_commit() {
    const COUNT: u32 = 3_000;
    const TAKES: Duration = Duration::from_millis(50);
    let mut world = world();
    let record = world.dir().join("calls");
    let config = json!({"latency_ms": 50, "record_file": record});
    world.provider(|it| (it.max_in_flight, it.config) = (32, config));
    for _ in 0..COUNT {
        world.send("acme", &json!({}));
    }
    world.start(Options::default());
    world.settled(Duration::from_secs(60)).await;
    world.stop().await;
    let begun = begun(&record);
    assert_eq!(u32::try_from(begun.len()), Ok(COUNT));
    assert_eq!(at_once(&begun, TAKES), 32);
    let took = begun.last().unwrap().saturating_sub(begun[0]);
    let share = (f64::from(COUNT) / 32.0 - 1.0) * TAKES.as_secs_f64() / took.as_secs_f64();
    assert!(share >= 0.95, "its slots were busy for {share} of the time: {took:?}");
}

/// A provider that is quick for so many calls and then does what it is told, and another one behind it. Both write their
/// calls down.
fn quick_then(world: &mut World, calls: u32, then: &str) -> [ProviderId; 2] {
    let [first, second] = ["first", "second"].map(|name| world.dir().join(name));
    let plan =
        json!({"steps": [{"times": calls, "outcome": "accepted"}, {"for_seconds": 20, "outcome": then}]});
    let config = json!({"latency_ms": 50, "record_file": first, "plan": plan});
    let first = world.provider(|it| (it.max_in_flight, it.config) = (16, config));
    let config = json!({"latency_ms": 50, "record_file": second});
    let second = world.provider(|it| (it.priority, it.max_in_flight, it.config) = (2, 16, config));
    [first, second]
}

/// How often each was given to a provider.
fn given(world: &World, provider: &str) -> BTreeMap<String, u32> {
    let mut given = BTreeMap::new();
    for call in calls(&world.dir().join(provider)) {
        *given.entry(call["notification"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    given
}

/// Those that were claimed for a provider and went back in line for this reason: who is passed over is not held.
fn unsent(details: &[NotificationDetail], reason: &str) -> Vec<NotificationId> {
    let is_it = |detail: &&NotificationDetail| {
        let first = &detail.attempts[0];
        first.status.known() == Some(AttemptStatus::Skipped)
            && first.reason.as_deref() == Some(reason)
            && story(detail).contains(&"held")
    };
    details.iter().filter(is_it).map(|detail| detail.notification.id).collect()
}

/// Sends so many, lets things happen, and answers their stories when all are delivered.
async fn stories(
    world: &mut World,
    count: usize,
    meanwhile: impl AsyncFnOnce(&mut World),
) -> Vec<NotificationDetail> {
    let ids: Vec<_> = (0..count).map(|_| world.send("acme", &json!({}))).collect();
    world.start(Options { attempt_timeout: Duration::from_secs(30), ..Options::default() });
    meanwhile(world).await;
    world.settled(Duration::from_mins(10)).await;
    world.stop().await;
    let details: Vec<_> = ids.iter().map(|id| world.detail(*id)).collect();
    for detail in &details {
        assert_eq!(detail.notification.status.known(), Some(Status::Delivered), "{detail:#?}");
    }
    details
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn who_waits_for_one_that_hangs_is_sent_by_another() {
    let mut world = world();
    quick_then(&mut world, 200, "hang");
    let details = stories(&mut world, 400, async |_| ()).await;
    let unsent = unsent(&details, "busy");
    assert!((1..=4).contains(&unsent.len()), "a quarter of 16 at most: {unsent:?}");
    let (first, second) = (given(&world, "first"), given(&world, "second"));
    for id in unsent.iter().map(ToString::to_string) {
        assert!(!first.contains_key(&id) && second[&id] == 1, "{id}");
    }
    for detail in details.iter().filter(|it| unsent.contains(&it.notification.id)) {
        assert!(!detail.notification.possible_duplicate, "nothing was sent: {detail:#?}");
        assert_eq!(detail.notification.retry_count, 0, "{detail:#?}");
        let waited = detail.notification.delivered_at.unwrap() - detail.attempts[0].attempted_at;
        assert!(waited.num_milliseconds() < 3_000, "it did not wait for the calls that hang: {waited}");
    }
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn who_waits_for_one_that_is_paused_is_sent_by_another() {
    let mut world = world();
    let [only, _] = quick_then(&mut world, 10_000, "accepted");
    let details = stories(&mut world, 400, async |world: &mut World| {
        tokio::time::sleep(Duration::from_millis(333)).await;
        world.hold(only, HoldKind::Pause, None, None);
    })
    .await;
    let unsent = unsent(&details, "paused");
    assert!(!unsent.is_empty(), "nobody was claimed ahead");
    let first = given(&world, "first");
    assert!(unsent.iter().all(|id| !first.contains_key(&id.to_string())));
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn a_pause_of_the_daemon_is_not_taken_for_a_provider_that_hangs() {
    let mut world = world();
    let record = world.dir().join("calls");
    let config = json!({"latency_ms": 50, "record_file": record, "plan": {"steps": [
        {"times": 100, "outcome": "accepted"}, {"times": 16, "outcome": "accepted", "latency_ms": 1_500},
    ]}});
    world.provider(|it| (it.max_in_flight, it.config) = (16, config));
    let details = stories(&mut world, 400, async |_| {
        while begun(&record).len() < 116 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        // Others are claimed by now; they would have waited too long, were it not for the pause.
        tokio::time::sleep(Duration::from_millis(20)).await;
        tokio::time::advance(Duration::from_millis(1_400)).await;
    })
    .await;
    for detail in details {
        assert_eq!(detail.attempts.len(), 1, "{detail:#?}");
    }
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn what_did_not_begin_before_the_stop_is_not_in_doubt() {
    let mut world = world();
    let [_, second] = quick_then(&mut world, 100, "hang");
    world.set_active(second, false);
    let ids: Vec<_> = (0..400).map(|_| world.send("acme", &json!({}))).collect();
    world.start(Options { drain_timeout: Duration::from_millis(300), ..Options::default() });
    // All slots hang, and those claimed ahead still wait for them.
    while begun(&world.dir().join("first")).len() < 116 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    world.stop().await;
    let count = |status| {
        ids.iter().filter(|id| world.detail(**id).notification.status.known() == Some(status)).count()
    };
    assert_eq!(count(Status::Delivered), 100);
    assert_eq!(count(Status::Sending), 16, "those whose calls had begun");
    assert_eq!(count(Status::Queued), 284);
}
