//! R21 on paused time: the wall clock is set, by seconds or by hours, forward and back, while work is under way.
//!
//! What is a duration stays one: delays of retries, rests of circuits, paces, time limits. What a person asked for by the
//! clock goes by the clock. Nothing comes to a stand, nothing comes in a burst, and the order of acceptance stays.

use crate::sim::{World, in_every_world};
use crate::slow::Step;
use chrono::TimeDelta;
use notify_proto::{NotificationId, ProviderId, Timestamp};
use notifyd_engine::Options;
use notifyd_lifecycle::Clock as _;
use notifyd_lifecycle::breaker::BreakerRules;
use notifyd_store::api::{Accepted, Idempotency};
use rand::Rng as _;
use rand::seq::IndexedRandom as _;
use serde_json::json;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// How long the loops sleep at most before they look by themselves.
const LOOK: Duration = Duration::from_secs(5);

const REST: Duration = Duration::from_secs(30);
const LIMIT: Duration = Duration::from_secs(7);
const RATE: f64 = 2.0;

/// How often each rule had something to say about a time in which the clock was set.
static SEEN: [AtomicUsize; 4] = [const { AtomicUsize::new(0) }; 4];

#[test]
fn a_clock_that_is_set_neither_stalls_nor_bursts() {
    in_every_world(async |mut world| {
        let play = play(&mut world).await;
        play.judge(&world);
    });
    if std::env::var_os("SEED").is_none() {
        let seen: Vec<_> = SEEN.iter().map(|seen| seen.load(Ordering::Relaxed)).collect();
        assert!(seen.iter().all(|seen| *seen >= 100), "{seen:?}: the case proves little");
    }
}

struct Play {
    /// In the order of acceptance, with the time that the clock showed.
    accepted: Vec<(NotificationId, Timestamp)>,
    /// When that was.
    asked: HashMap<NotificationId, Duration>,
    delays: HashMap<NotificationId, Vec<u32>>,
    planned: HashMap<NotificationId, Timestamp>,
    /// When the clock was set, and what it was ahead of the steady one from then on.
    set: Vec<(Duration, TimeDelta)>,
    /// When nobody ran while it was set: retries that waited then go by the clock.
    down: Vec<(Duration, Duration)>,
    hangs: ProviderId,
    faulty: ProviderId,
    paced: ProviderId,
}

/// By how much somebody sets a clock.
fn jump(world: &mut World) -> TimeDelta {
    let seconds = match world.dice.random_range(0..4) {
        0 => world.dice.random_range(2..120),
        _ => world.dice.random_range(600..6 * 3_600),
    };
    TimeDelta::seconds(if world.dice.random_bool(0.5) { seconds } else { -seconds })
}

async fn play(world: &mut World) -> Play {
    // With room for all, so that nobody waits but for a time.
    let config =
        |world: &mut World, config| world.provider(|it| (it.config, it.max_in_flight) = (config, 1_000));
    let flaky = config(world, json!({"failure_rate": 0.7, "latency_ms": {"min": 0, "max": 50}}));
    let hangs = config(world, json!({"hang": 0.5}));
    let faulty = config(world, json!({"failure_rate": 0.3, "failure_outcome": "provider_config"}));
    let paced = world.provider(|it| (it.rate_per_second, it.burst) = (Some(RATE), Some(1)));
    let never = BreakerRules { consecutive: u32::MAX, min_calls: usize::MAX, ..BreakerRules::default() };
    let breaker = BreakerRules { open_for: REST, open_for_max: REST, ..never };
    let options = Options { breaker, attempt_timeout: LIMIT, ..Options::default() };
    let mut play = Play {
        accepted: vec![],
        asked: HashMap::new(),
        delays: HashMap::new(),
        planned: HashMap::new(),
        set: vec![(Duration::ZERO, ahead(world))],
        down: vec![],
        hangs,
        faulty,
        paced,
    };
    world.start(options.clone());
    let restart = world.dice.random_bool(0.2).then(|| world.dice.random_range(0..25));
    for step in 0..25 {
        tokio::time::sleep(Duration::from_millis(world.dice.random_range(0..5_000))).await;
        if restart == Some(step) {
            world.stop().await;
            let from = world.age();
            world.close().await;
            // Retries go by the clock then, so it is not set back for ever.
            let by = TimeDelta::seconds(world.dice.random_range(-600..6 * 3_600));
            play.set_by(world, by);
            tokio::time::sleep(Duration::from_millis(world.dice.random_range(0..60_000))).await;
            world.open();
            world.start(options.clone());
            play.down.push((from, world.age()));
        }
        match world.dice.random_range(0..8) {
            0 => play.set_clock(world),
            1 => play.repeats(world),
            2 => {
                let by = TimeDelta::seconds(world.dice.random_range(1..7_200));
                let at = world.clock.now() + by;
                let id = play.send(world, &json!({"scheduled_at": at, "provider_id": flaky.to_string()}));
                play.planned.insert(id, at);
            }
            _ => {
                let provider = *[flaky, flaky, hangs, faulty, paced].choose(&mut world.dice).unwrap();
                for _ in 0..world.dice.random_range(1..6) {
                    play.send(world, &json!({"provider_id": provider.to_string()}));
                }
            }
        }
    }
    // What is planned is not waited for: somebody sets the clock right.
    let last = play.planned.values().max().copied().unwrap_or_default();
    let by = last - world.clock.now();
    if by > TimeDelta::zero() {
        play.set_by(world, by);
    }
    world.settled(Duration::from_secs(10_000)).await;
    world.stop().await;
    play
}

fn ahead(world: &World) -> TimeDelta {
    world.clock.now() - Timestamp::default() - TimeDelta::from_std(world.age()).unwrap()
}

impl Play {
    fn set_clock(&mut self, world: &mut World) {
        let by = jump(world);
        self.set_by(world, by);
    }

    fn set_by(&mut self, world: &World, by: TimeDelta) {
        world.clock.set(by);
        self.set.push((world.age(), ahead(world)));
    }

    fn send(&mut self, world: &mut World, fields: &serde_json::Value) -> NotificationId {
        let delays: Vec<u32> =
            (0..world.dice.random_range(1..5)).map(|_| world.dice.random_range(0..200)).collect();
        let mut fields = fields.clone();
        fields["retry"] = json!({"delays": delays});
        let now = world.clock.now();
        let id = world.send("acme", &fields);
        self.accepted.push((id, now));
        self.asked.insert(id, world.age());
        self.delays.insert(id, delays);
        id
    }

    /// Somebody repeats a request right before and right after the clock is set.
    fn repeats(&mut self, world: &mut World) {
        let content = format!("{} at {:?}", world.seed, world.age());
        let fields =
            json!({"message": content, "deduplicate": true, "retry": {"delays": [0, 0, 0, 0, 0, 0, 0, 0]}});
        let key = || Some(Idempotency { key: content.clone(), request: [1; 32] });
        let now = world.clock.now();
        let Accepted::Fresh(first) = world.ask("acme", &fields, key()) else { panic!("it is new") };
        self.accepted.push((first.id, now));
        self.delays.insert(first.id, vec![0; 8]);
        assert_eq!(first.created_at, now, "the time it was accepted, by the clock");
        self.set_clock(world);
        let on = world.clock.now() - now;
        // By the clock the window may be over; before it is, and whenever the clock was set back, the first answers.
        let known = on < TimeDelta::hours(24);
        match world.ask("acme", &fields, key()) {
            Accepted::Replayed { receipt, duplicate: false } => assert!(known && receipt.id == first.id),
            other => panic!("{on} later by the clock: {other:?}"),
        }
        match world.ask("acme", &fields, None) {
            Accepted::Duplicate(receipt) => {
                assert!(on <= TimeDelta::minutes(30) && receipt.id == first.id, "{on} later by the clock");
            }
            Accepted::Fresh(again) => {
                assert!(on >= TimeDelta::minutes(30), "{on} later by the clock");
                self.accepted.push((again.id, world.clock.now()));
                self.delays.insert(again.id, vec![0; 8]);
            }
            other => panic!("{on} later by the clock: {other:?}"),
        }
    }

    /// Whether the clock was set in this time, while somebody ran.
    fn jumped(&self, from: Duration, to: Duration) -> bool {
        self.set.iter().any(|(at, _)| from <= *at && *at <= to)
    }

    fn was_down(&self, from: Duration, to: Duration) -> bool {
        self.down.iter().any(|(stop, start)| *stop <= to && *start >= from)
    }

    fn seen(&self, rule: usize, from: Duration, to: Duration) {
        if self.jumped(from, to) {
            SEEN[rule].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// From when on the clock showed this time for long enough that somebody looked, after it was asked for.
    fn shown(&self, at: Timestamp, asked: Duration, long_enough: Duration) -> Duration {
        let ends = self.set.iter().skip(1).map(|(at, _)| *at).chain([Duration::MAX]);
        let mut since = None;
        for ((begin, ahead), end) in self.set.iter().zip(ends) {
            let shows = (at - *ahead - Timestamp::default()).to_std().unwrap_or_default();
            let from = shows.max(*begin).max(asked);
            if shows > *begin || from >= end {
                since = None;
            }
            if from >= end {
                continue;
            }
            let since = *since.get_or_insert(from);
            if end.saturating_sub(since) >= long_enough {
                return since;
            }
        }
        Duration::MAX
    }

    fn judge(&self, world: &World) {
        let slack = LOOK + 10 * world.longest_way() + Duration::from_millis(100);
        let ids: Vec<_> = world.newest(self.accepted.len()).into_iter().rev().collect();
        let accepted: Vec<_> = self.accepted.iter().map(|(id, _)| *id).collect();
        assert_eq!(ids, accepted, "the order of acceptance, whatever the clock said");
        for (id, at) in &self.accepted {
            assert_eq!(world.detail(*id).notification.created_at, *at);
        }
        let mut seqs: HashMap<i64, NotificationId> = HashMap::new();
        let mut failed: HashMap<i64, Duration> = HashMap::new();
        let mut called: HashMap<i64, (Duration, ProviderId)> = HashMap::new();
        let mut retries: HashMap<i64, usize> = HashMap::new();
        let mut rests: BTreeMap<Duration, Duration> = BTreeMap::new();
        let mut paces: Vec<Duration> = Vec::new();
        for (at, step) in world.steps() {
            match step {
                Step::Loaded(jobs) => seqs.extend(jobs.iter().map(|job| (job.seq, job.id))),
                Step::Claimed(claims) => {
                    for claim in claims {
                        let id = seqs[&claim.seq];
                        if let Some(failed) = failed.remove(&claim.seq) {
                            let retry = retries.entry(claim.seq).or_default();
                            let delay = Duration::from_secs(self.delays[&id][*retry].into());
                            *retry += 1;
                            let waits = [self.faulty, self.paced].contains(&claim.provider);
                            if !self.was_down(failed, at) {
                                self.seen(0, failed, at);
                                let waited = at.saturating_sub(failed) + Duration::from_millis(2);
                                assert!(
                                    waited >= delay.mul_f64(0.9),
                                    "{id}: a burst: {waited:?} for {delay:?}"
                                );
                                let late = delay.mul_f64(1.1) + slack;
                                assert!(waits || waited <= late, "{id}: a stall: {waited:?} for {delay:?}");
                            }
                        } else if let Some(planned) = self.planned.get(&id)
                            && !retries.contains_key(&claim.seq)
                            && !called.contains_key(&claim.seq)
                        {
                            assert!(
                                claim.at + TimeDelta::milliseconds(2) >= *planned,
                                "{id} before its time"
                            );
                            let asked = self.asked[&id];
                            let shown = self.shown(*planned, asked, slack);
                            self.seen(1, asked, at);
                            assert!(
                                at <= shown.saturating_add(slack) || self.was_down(shown, at + slack),
                                "{id} at {at:?}, though the clock showed {planned} at {shown:?}"
                            );
                        }
                        if claim.provider == self.faulty {
                            let rest = rests.range(..at).next_back().map(|(_, until)| *until);
                            assert!(
                                rest.is_none_or(|until| at >= until),
                                "{id}: called at {at:?}, in {rest:?}"
                            );
                        }
                        if claim.provider == self.paced && !self.was_down(Duration::ZERO, at) {
                            paces.push(at);
                        }
                        called.insert(claim.seq, (at, claim.provider));
                    }
                }
                Step::Settled(records) => {
                    for record in records.iter() {
                        let Some(end) = &record.attempt else { continue };
                        let (begun, provider) = called[&record.seq];
                        if record.transition.event() == "retry_scheduled" {
                            failed.insert(record.seq, at);
                        }
                        // Whoever was under way when the rest began does not prolong it.
                        let resting = rests.values().next_back().is_some_and(|until| at < *until);
                        if end.class == "provider_config" && !resting && !self.was_down(at, at + REST) {
                            self.seen(2, at, at + REST);
                            rests.insert(at, at + REST);
                        }
                        if provider == self.hangs && end.class == "ambiguous" {
                            self.seen(3, begun, at);
                            let took = at.saturating_sub(begun);
                            let ways = 4 * world.longest_way() + Duration::from_millis(10);
                            assert!(
                                took >= LIMIT && took <= LIMIT + ways,
                                "{}: cut off after {took:?}",
                                record.id
                            );
                        }
                    }
                }
                Step::Recorded(_) => {}
            }
        }
        for (index, first) in paces.iter().enumerate() {
            for (more, later) in paces[index..].iter().enumerate() {
                let most = 2.0 + RATE * later.saturating_sub(*first).as_secs_f64();
                assert!(
                    f64::from(u32::try_from(more).unwrap()) <= most,
                    "a burst from {first:?} to {later:?}"
                );
            }
        }
    }
}
