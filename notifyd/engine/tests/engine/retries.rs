//! R8 on paused time: retries follow the published schedule.
//!
//! Two hundred worlds with policies by name, by priority and of their own, with providers that fail in every way, and
//! with restarts in the middle. For each notification its calls, as the provider wrote them down, are held against its
//! records: a retry starts when the delay of its policy is over, 10 % more or less, and never before a provider wants to
//! be asked again; it costs what the contract says, and ends as the contract says.

use crate::sim::{World, in_every_world};
use crate::slow::Step;
use notify_proto::{FailureReason, NotificationId, Status, Timestamp};
use notifyd_engine::Options;
use notifyd_lifecycle::Clock as _;
use notifyd_lifecycle::breaker::BreakerRules;
use notifyd_store::api::Record;
use rand::Rng as _;
use rand::seq::IndexedRandom as _;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// How often each end and each step was seen, over all worlds: what never happened proves nothing.
static SEEN: [AtomicUsize; 7] = [const { AtomicUsize::new(0) }; 7];

#[derive(Clone, Copy)]
enum What {
    Retried,
    Raised,
    Held,
    Delivered,
    Exhausted,
    Expired,
    OverARestart,
}

fn seen(what: What) {
    SEEN[what as usize].fetch_add(1, Ordering::Relaxed);
}

#[test]
fn retries_follow_the_published_schedule() {
    in_every_world(async |mut world| {
        let play = play(&mut world).await;
        play.judge(&world);
    });
    if std::env::var_os("SEED").is_none() {
        let seen: Vec<_> = SEEN.iter().map(|seen| seen.load(Ordering::Relaxed)).collect();
        assert!(seen.iter().all(|seen| *seen >= 50), "{seen:?}: the case proves little");
    }
}

/// One notification, and what was promised about it.
struct Promise {
    id: NotificationId,
    delays: Vec<f64>,
    expires_at: Option<Timestamp>,
}

struct Play {
    promises: Vec<Promise>,
    /// When the engine ran: start and stop.
    runs: Vec<(Timestamp, Timestamp)>,
    /// What providers ask for when they throttle.
    retry_after: Duration,
    /// When they did.
    throttles: Vec<Timestamp>,
    /// Whether circuits may open, so that a retry may wait for more than its time.
    circuits: bool,
}

/// A policy at random: what to ask for, and the delays that are published for it.
fn policy(world: &mut World) -> (Value, Vec<f64>) {
    let standard = vec![300.0, 900.0, 1_800.0];
    let urgent = vec![2.0, 4.0, 8.0, 300.0, 900.0, 1_800.0];
    // Half an hour of waiting is a lot of looks: it is waited for in some of the worlds only.
    let long = world.seed.is_multiple_of(5);
    let dice = &mut world.dice;
    match dice.random_range(if long { 0 } else { 4 }..9) {
        0 => (json!({"retry": {"policy": "standard"}}), standard),
        1 => (json!({"retry": {"policy": "urgent"}}), urgent),
        2 => (json!({"priority": (["instant", "high"].choose(dice).unwrap())}), urgent),
        3 => (json!({"priority": (["normal", "low"].choose(dice).unwrap())}), standard),
        4 => (json!({"retry": {"policy": "fixed"}}), vec![60.0, 60.0, 60.0]),
        5 => (json!({"retry": {"policy": "exponential"}}), vec![2.0, 4.0, 8.0]),
        6 => (json!({"retry": {"delays": []}}), vec![]),
        7 => {
            let delays: Vec<u32> = (0..dice.random_range(1..6)).map(|_| dice.random_range(0..60)).collect();
            (json!({"retry": {"delays": delays}}), delays.into_iter().map(f64::from).collect())
        }
        _ => {
            let (base, factor) = (dice.random_range(1..20), f64::from(dice.random_range(10..40)) / 10.0);
            let (cap, max) = (dice.random_range(1..60), dice.random_range(0..6));
            let delays = (0..max).map(|n| (f64::from(base) * factor.powi(n)).min(f64::from(cap))).collect();
            (json!({"retry": {"base": base, "factor": factor, "cap": cap, "max_retries": max}}), delays)
        }
    }
}

async fn play(world: &mut World) -> Play {
    let calls = world.dir().join("calls");
    let retry_after = Duration::from_secs(world.dice.random_range(1..120));
    let mut pins = vec![None];
    for priority in 1..=world.dice.random_range(1..=3) {
        let mut config = json!({
            "latency_ms": {"min": 0, "max": 300}, "record_file": calls,
            "retry_after_seconds": retry_after.as_secs(),
        });
        let throttles = world.dice.random_bool(if priority == 1 { 0.2 } else { 0.7 });
        let fails = *["transient", "transient", "ambiguous"].choose(&mut world.dice).unwrap();
        let failure = if throttles { "rate_limited" } else { fails };
        config["failure_outcome"] = json!(failure);
        match world.dice.random_range(0..4) {
            0 => config["fail_times"] = json!(world.dice.random_range(1..8)),
            // One that only throttles comes to an end after another one's failure, which is then put off.
            1 => config["failure_rate"] = json!(1.0),
            _ => config["failure_rate"] = json!(0.6),
        }
        let endless = throttles && config["failure_rate"] == json!(1.0);
        if endless && priority == 1 {
            config["failure_outcome"] = json!("transient");
        }
        let id = world.provider(|it| {
            it.priority = priority;
            it.config = config;
            it.max_in_flight = 1_000;
        });
        if !endless || priority == 1 {
            pins.push(Some(id));
        }
    }
    let circuits = world.dice.random_bool(0.2);
    let closed = BreakerRules { consecutive: u32::MAX, min_calls: usize::MAX, ..BreakerRules::default() };
    let breaker = if circuits { BreakerRules::default() } else { closed };
    let options = Options { breaker, ..Options::default() };
    let mut promises = Vec::new();
    for _ in 0..world.dice.random_range(5..15) {
        let (mut fields, delays) = policy(world);
        if let Some(pin) = pins.choose(&mut world.dice).unwrap() {
            fields["provider_id"] = json!(pin.to_string());
        }
        let expires_at = world
            .dice
            .random_bool(0.3)
            .then(|| world.clock.now() + Duration::from_secs(world.dice.random_range(2..400)));
        fields["expires_at"] = json!(expires_at);
        promises.push(Promise { id: world.send("acme", &fields), delays, expires_at });
    }
    let mut runs = Vec::new();
    for _ in 0..world.dice.random_range(0..3) {
        let start = world.clock.now();
        world.start(options.clone());
        tokio::time::sleep(Duration::from_millis(world.dice.random_range(1..120_000))).await;
        world.stop().await;
        runs.push((start, world.clock.now()));
        world.close().await;
        tokio::time::sleep(Duration::from_millis(world.dice.random_range(0..600_000))).await;
        world.open();
    }
    let start = world.clock.now();
    world.start(options);
    world.settled(Duration::from_secs(200_000)).await;
    world.stop().await;
    runs.push((start, world.clock.now()));
    Play { promises, runs, retry_after, throttles: vec![], circuits }
}

/// The calls that were really made, and when.
fn calls(file: &Path) -> HashMap<String, BTreeMap<u64, Timestamp>> {
    let mut calls: HashMap<String, BTreeMap<u64, Timestamp>> = HashMap::new();
    for line in std::fs::read_to_string(file).unwrap_or_default().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let at = Timestamp::from_timestamp_micros(line["at_us"].as_i64().unwrap()).unwrap();
        let of = calls.entry(line["notification"].as_str().unwrap().to_owned()).or_default();
        of.insert(line["attempt"].as_u64().unwrap(), at);
    }
    calls
}

impl Play {
    fn judge(mut self, world: &World) {
        let mut records: HashMap<NotificationId, Vec<Record>> = HashMap::new();
        for (_, step) in world.steps() {
            let Step::Settled(all) = step else { continue };
            for record in Arc::unwrap_or_clone(all) {
                if record.attempt.as_ref().is_some_and(|end| end.class == "rate_limited") {
                    self.throttles.push(record.at);
                }
                records.entry(record.id).or_default().push(record);
            }
        }
        let calls = calls(&world.dir().join("calls"));
        for promise in &self.promises {
            let records = records.remove(&promise.id).unwrap_or_default();
            let calls = calls.get(&promise.id.to_string()).cloned().unwrap_or_default();
            self.one(world, promise, &records, &calls);
        }
    }

    fn one(&self, world: &World, promise: &Promise, records: &[Record], calls: &BTreeMap<u64, Timestamp>) {
        let id = promise.id;
        let (mut retries, mut cost) = (0, false);
        let mut ended = None;
        for record in records {
            let class = record.attempt.as_ref().map(|end| end.class);
            cost |= matches!(class, Some("transient" | "ambiguous"));
            match record.transition.event() {
                "retry_scheduled" => {
                    assert!(cost, "{id}: a cycle without a failure cost a retry: {records:#?}");
                    assert!(
                        retries < promise.delays.len(),
                        "{id}: more retries than published: {records:#?}"
                    );
                    let throttled = (class == Some("rate_limited")).then_some(self.retry_after);
                    let next = calls.range(u64::from(record.attempts) + 1..).next().map(|(_, at)| *at);
                    self.on_time(world, promise, record.at, promise.delays[retries], throttled, next);
                    (retries, cost) = (retries + 1, false);
                }
                "held" => {
                    assert!(!cost, "{id}: a cycle with a failure cost nothing: {records:#?}");
                    seen(What::Held);
                }
                "failed" => ended = record.transition.failure(),
                _ => {}
            }
        }
        let view = world.detail(id).notification;
        assert_eq!(usize::try_from(view.retry_count).unwrap(), retries, "{id}");
        match view.failure_reason.and_then(|reason| reason.known()) {
            None => {
                assert_eq!(view.status.known(), Some(Status::Delivered), "{id}");
                seen(What::Delivered);
            }
            Some(FailureReason::Exhausted) => {
                assert_eq!((retries, cost), (promise.delays.len(), true), "{id}: {records:#?}");
                assert_eq!(ended, Some(FailureReason::Exhausted));
                seen(What::Exhausted);
            }
            Some(FailureReason::Expired) => {
                self.expired(
                    world,
                    promise,
                    records.last(),
                    ended.is_some(),
                    view.failed_at.unwrap(),
                    retries,
                );
            }
            Some(other) => panic!("{id} ended as {other}: {records:#?}"),
        }
        if let Some(expires_at) = promise.expires_at {
            let late: Vec<_> = calls.values().filter(|at| **at > expires_at).collect();
            assert!(late.is_empty(), "{id} was sent after {expires_at}: {late:?}");
        }
    }

    /// What the engine may need from a moment to a call: its ways to the log, and a look that was just over.
    fn slack(world: &World) -> Duration {
        10 * world.longest_way() + Duration::from_millis(50)
    }

    /// A retry starts when its delay is over.
    fn on_time(
        &self,
        world: &World,
        promise: &Promise,
        failed: Timestamp,
        delay: f64,
        at_least: Option<Duration>,
        next: Option<Timestamp>,
    ) {
        let id = promise.id;
        let Some(next) = next else {
            // Nothing followed: it expired before, or it waits for an account for ever.
            assert!(promise.expires_at.is_some(), "{id}: no call after the failure at {failed}");
            return;
        };
        let at_least = at_least.unwrap_or_default();
        let earliest = failed + Duration::from_secs_f64(delay * 0.9).max(at_least);
        let due = failed + Duration::from_secs_f64(delay * 1.1).max(at_least);
        // Moments are stored in milliseconds.
        assert!(next + Duration::from_millis(2) >= earliest, "{id}: {next} is before {earliest}");
        seen(What::Retried);
        if at_least.as_secs_f64() > delay * 1.1 {
            seen(What::Raised);
        }
        // What came due while nobody ran follows when somebody does.
        let run = self.runs.iter().find(|(_, stop)| *stop > due).map_or(due, |(start, _)| due.max(*start));
        if run > due {
            seen(What::OverARestart);
        }
        let stopped = self.runs.iter().any(|(_, stop)| *stop >= due && *stop <= due + Self::slack(world));
        let waits = self.circuits || self.throttled_within(failed, next) || stopped;
        assert!(
            waits || next <= run + Self::slack(world),
            "{id}: {next} is after {due}, running since {run}"
        );
    }

    /// Whether a provider may have asked to be left alone for so long that a retry waited for it.
    fn throttled_within(&self, failed: Timestamp, next: Timestamp) -> bool {
        self.throttles.iter().any(|at| *at <= next && *at + self.retry_after >= failed)
    }

    fn expired(
        &self,
        world: &World,
        promise: &Promise,
        last: Option<&Record>,
        by_record: bool,
        failed_at: Timestamp,
        retries: usize,
    ) {
        let id = promise.id;
        let expires_at = promise.expires_at.expect("only what has an end expires");
        if let Some(last) = last.filter(|_| by_record && failed_at < expires_at) {
            // It said so early, because the next attempt would have come too late.
            let delay = promise.delays.get(retries).copied().unwrap_or(f64::MAX);
            let next = last.at + Duration::from_secs_f64(delay * 1.1).max(self.retry_after);
            assert!(
                next >= expires_at,
                "{id} was given up at {failed_at}, though {next} is before {expires_at}"
            );
        } else {
            let runs = self
                .runs
                .iter()
                .find(|(_, stop)| *stop > expires_at)
                .map_or(expires_at, |(start, _)| expires_at.max(*start));
            // Looked at every five seconds at the latest; a call under way may finish first.
            let latest = runs + Duration::from_secs(6) + Self::slack(world);
            assert!(failed_at <= latest, "{id}: {failed_at} is long after {expires_at}");
        }
        seen(What::Expired);
    }
}
