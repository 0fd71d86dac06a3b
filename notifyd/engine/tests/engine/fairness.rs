//! R6 on paused time: priorities hold, services take turns, nothing starves.
//!
//! Two hundred worlds with services, providers, faults and operators of their own. What is checked is the order in
//! which the engine takes work out of line, against what lay in memory then:
//!
//! * nobody is taken while somebody more urgent waits for the same provider;
//! * between two turns of a service every other service has at most one, however much it has brought;
//! * fresh and retried work alternate, as do `normal` and aged `low` work;
//! * a service that brings a message has it in memory at once, however full of others' work the memory is;
//! * everything comes to its end.
//!
//! Whoever is pinned to a provider is known to wait for that one; the others are checked as those who were preferred.

use crate::judge::{ASKED, Judge, LONGEST_OPEN};
use crate::sim::{World, in_every_world};
use notify_proto::ProviderId;
use notifyd_engine::Options;
use notifyd_lifecycle::breaker::BreakerRules;
use rand::Rng as _;
use rand::seq::IndexedRandom as _;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

#[test]
fn priorities_hold_and_services_take_turns() {
    in_every_world(async |mut world| {
        let scene = Scene::of(&mut world);
        scene.play(&mut world).await;
    });
    if std::env::var_os("SEED").is_none() {
        for (rule, asked) in ["priority", "turns", "kinds", "ageing", "loading"].iter().zip(&ASKED) {
            let asked = asked.load(Ordering::Relaxed);
            assert!(asked > 1_000, "{rule} was checked {asked} times: the case proves nothing");
        }
    }
}

/// One message that comes later.
struct Arrival {
    at: Duration,
    service: String,
    fields: Value,
}

impl Arrival {
    /// Whether it is for one of these providers only.
    fn asks_for(&self, providers: &[ProviderId]) -> bool {
        providers.iter().any(|id| self.fields["provider_id"] == id.to_string())
    }
}

/// An operator pauses a provider for a while.
struct Pause {
    provider: ProviderId,
    at: Duration,
    until: Duration,
}

/// What happens in one world.
struct Scene {
    providers: Vec<ProviderId>,
    bulk: Vec<Value>,
    arrivals: Vec<Arrival>,
    pauses: Vec<Pause>,
    options: Options,
}

impl Scene {
    fn of(world: &mut World) -> Self {
        let mut providers = Vec::new();
        for _ in 0..world.dice.random_range(1..=3) {
            providers.push(provider(world));
        }
        let services: usize = world.dice.random_range(2..=5);
        let size = if world.seed.is_multiple_of(50) { 2_000 } else { world.dice.random_range(40..120) };
        let pin = |world: &mut World, fields: &mut Value| {
            if world.dice.random_bool(0.8) {
                let provider = providers.choose(&mut world.dice).unwrap();
                fields["provider_id"] = json!(provider.to_string());
            }
        };
        let priority_of_bulk = *["normal", "low"].choose(&mut world.dice).unwrap();
        let mut bulk = json!({"priority": priority_of_bulk, "retry": {"delays": [2, 5, 5]}});
        pin(world, &mut bulk);
        let arrivals = (0..world.dice.random_range(20..60))
            .map(|_| {
                let priority =
                    *["instant", "high", "normal", "normal", "low", "low"].choose(&mut world.dice).unwrap();
                let mut fields = json!({"priority": priority, "retry": {"delays": [1, 3, 5]}});
                pin(world, &mut fields);
                let service = format!("s{}", world.dice.random_range(0..services));
                Arrival { at: Duration::from_millis(world.dice.random_range(0..20_000)), service, fields }
            })
            .collect();
        let pauses = (0..world.dice.random_range(0..3))
            .map(|_| {
                let at = Duration::from_millis(world.dice.random_range(0..15_000));
                let until = at + Duration::from_millis(world.dice.random_range(1..10_000));
                Pause { provider: *providers.choose(&mut world.dice).unwrap(), at, until }
            })
            .collect();
        let breaker = BreakerRules {
            open_for: Duration::from_secs(1),
            open_for_max: LONGEST_OPEN,
            ..BreakerRules::default()
        };
        let ageing = Duration::from_secs(*[4, 12, 600].choose(&mut world.dice).unwrap());
        let loaded = *[100, 400, 10_000].choose(&mut world.dice).unwrap();
        let overflow_after = [None, Some(Duration::ZERO), Some(Duration::from_secs(1))];
        let overflow_after = *overflow_after.choose(&mut world.dice).unwrap();
        let options = Options { loaded, ageing, breaker, overflow_after, ..Options::default() };
        Self { providers, bulk: vec![bulk; size], arrivals, pauses, options }
    }

    async fn play(self, world: &mut World) {
        // The campaign lies there before the daemon starts.
        for fields in &self.bulk {
            world.send("s0", fields);
        }
        world.start(self.options.clone());
        let mut happens: BTreeMap<Duration, Vec<Happens<'_>>> = BTreeMap::new();
        for arrival in &self.arrivals {
            happens.entry(arrival.at).or_default().push(Happens::Arrives(arrival));
        }
        for pause in &self.pauses {
            happens.entry(pause.at).or_default().push(Happens::Set(pause.provider, false));
            happens.entry(pause.until).or_default().push(Happens::Set(pause.provider, true));
        }
        let begin = world.age();
        let mut arrived = Vec::new();
        let mut set = Vec::new();
        let mut paused: Vec<ProviderId> = Vec::new();
        for (at, all) in happens {
            tokio::time::sleep((begin + at).saturating_sub(world.age())).await;
            for it in all {
                match it {
                    // Who asks for a provider that is paused is turned away at the door.
                    Happens::Arrives(it) if paused.len() == self.providers.len() || it.asks_for(&paused) => {}
                    Happens::Arrives(it) => arrived.push((world.age(), world.send(&it.service, &it.fields))),
                    Happens::Set(provider, active) => {
                        paused.retain(|id| *id != provider);
                        if !active {
                            paused.push(provider);
                        }
                        set.push((world.age(), provider));
                        world.set_active(provider, active);
                    }
                }
            }
        }
        for provider in &self.providers {
            world.set_active(*provider, true);
        }
        world.settled(Duration::from_secs(7_200)).await;
        world.stop().await;
        let judge = Judge::hear(world, self.options.ageing, set);
        judge.loading(&arrived, 4 * world.longest_way());
    }
}

enum Happens<'a> {
    Arrives(&'a Arrival),
    Set(ProviderId, bool),
}

fn provider(world: &mut World) -> ProviderId {
    let most = world.dice.random_range(1..200);
    let mut config = json!({"latency_ms": {"min": 1, "max": most}});
    let mut rate = None;
    match world.dice.random_range(0..9) {
        0 => config["failure_rate"] = json!(0.2),
        1 => config["rate_limit_per_second"] = json!(world.dice.random_range(5..30)),
        2 => {
            config["failure_rate"] = json!(0.02);
            config["failure_outcome"] = json!("rate_limited");
        }
        3 => {
            config["failure_rate"] = json!(0.03);
            config["failure_outcome"] = json!("provider_config");
        }
        4 => config["fail_times"] = json!(1),
        5 => rate = Some(f64::from(world.dice.random_range(10..100))),
        _ => {}
    }
    let max_in_flight = world.dice.random_range(1..=6);
    let priority = world.dice.random_range(1..=3);
    world.provider(|it| {
        it.config = config;
        it.rate_per_second = rate;
        it.max_in_flight = max_in_flight;
        it.priority = priority;
    })
}
