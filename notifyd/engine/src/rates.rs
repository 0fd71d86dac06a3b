//! How fast things move: calls finished of each provider, and what comes to each line of the queue, over the last minute.
//! Counters are looked at now and then, by a clock that nobody sets; a rate is what was counted since the look before.

use crate::Deps;
use notify_proto::ProviderId;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How far back a rate reaches, at least, once there is so much to look back on.
const SPAN: Duration = Duration::from_secs(60);

/// Shortest time that a rate is told of: a call in the first instant is no thousand per second.
const LEAST: Duration = Duration::from_secs(1);

/// How fast things move.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Speeds {
    /// Calls finished per second.
    pub finished: HashMap<ProviderId, f64>,
    /// Notifications that came to a line of the queue per second.
    pub arriving: BTreeMap<Arc<str>, f64>,
}

/// What the counters were at some moment.
#[derive(Clone, Default)]
struct Sample {
    at: Duration,
    finished: HashMap<ProviderId, u64>,
    arrived: BTreeMap<Arc<str>, u64>,
}

/// The counters, and what they were.
#[derive(Default)]
pub(crate) struct Rates(Mutex<Counted>);

#[derive(Default)]
struct Counted {
    finished: HashMap<ProviderId, u64>,
    /// The oldest first: one that is a minute old or older, and all that are younger.
    samples: VecDeque<Sample>,
}

impl Rates {
    /// A call of a provider was answered.
    pub(crate) fn finished(&self, provider: ProviderId) {
        *self.lock().finished.entry(provider).or_default() += 1;
    }

    /// Remembers where the counters are; those of providers that are gone are forgotten.
    pub(crate) fn sample(&self, deps: &Deps) {
        let directory = deps.store.directory();
        let mut counted = self.lock();
        counted.finished.retain(|id, _| directory.providers().iter().any(|it| it.id == *id));
        counted.sample(deps.clock.steady(), deps.store.arrivals());
    }

    /// How fast things have moved since a minute ago.
    pub(crate) fn speeds(&self, deps: &Deps) -> Speeds {
        self.lock().speeds(deps.clock.steady(), &deps.store.arrivals())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Counted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counted {
    fn sample(&mut self, at: Duration, arrived: BTreeMap<Arc<str>, u64>) {
        let finished = self.finished.clone();
        self.samples.push_back(Sample { at, finished, arrived });
        while self.samples.get(1).is_some_and(|next| next.at + SPAN <= at) {
            self.samples.pop_front();
        }
    }

    fn speeds(&self, now: Duration, arrived: &BTreeMap<Arc<str>, u64>) -> Speeds {
        let old_enough = self.samples.iter().rev().find(|sample| sample.at + SPAN <= now);
        let Some(since) = old_enough.or_else(|| self.samples.front()) else { return Speeds::default() };
        let seconds = now.saturating_sub(since.at).max(LEAST).as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "what is counted in a minute")]
        let rate =
            |now: u64, then: Option<&u64>| now.saturating_sub(then.copied().unwrap_or(0)) as f64 / seconds;
        Speeds {
            finished: self
                .finished
                .iter()
                .map(|(id, now)| (*id, rate(*now, since.finished.get(id))))
                .collect(),
            arriving: arrived
                .iter()
                .map(|(lane, now)| (Arc::clone(lane), rate(*now, since.arrived.get(lane))))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const P: ProviderId = ProviderId::from_bytes([1; 16]);

    fn arrived(sms: u64) -> BTreeMap<Arc<str>, u64> {
        [("sms".into(), sms)].into()
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn rates(counted: &Counted, seconds: u64, sms: u64) -> (f64, f64) {
        let speeds = counted.speeds(at(seconds), &arrived(sms));
        (speeds.finished.get(&P).copied().unwrap_or_default(), speeds.arriving["sms"])
    }

    fn same(found: (f64, f64), expected: (f64, f64)) {
        let near = |a: f64, b: f64| (a - b).abs() < 1e-9;
        assert!(near(found.0, expected.0) && near(found.1, expected.1), "{found:?}, not {expected:?}");
    }

    #[test]
    fn a_rate_is_that_of_the_last_minute() {
        let mut counted = Counted::default();
        assert_eq!(counted.speeds(at(100), &arrived(7)), Speeds::default(), "nothing was looked at yet");
        // Ten finished and twenty came in each of two minutes, then nothing any more.
        for tick in 0..=60_u64 {
            let seconds = tick * 5;
            let moved = seconds.min(120);
            counted.finished.insert(P, moved * 10);
            counted.sample(at(100 + seconds), arrived(moved * 20));
            if (5..=120).contains(&seconds) {
                same(rates(&counted, 100 + seconds, moved * 20), (10.0, 20.0));
            }
        }
        assert!(counted.samples.len() <= 14, "{} looks are remembered", counted.samples.len());
        same(rates(&counted, 400, 2_400), (0.0, 0.0));
        same(rates(&counted, 400, 2_460), (0.0, 1.0));
    }

    #[test]
    fn what_is_a_minute_old_counts_no_more() {
        let mut counted = Counted::default();
        counted.sample(at(0), arrived(0));
        counted.finished.insert(P, 600);
        for seconds in 30..=90 {
            counted.sample(at(seconds), arrived(600));
            let expected =
                if seconds < 90 { 600.0 / f64::from(u32::try_from(seconds).unwrap()) } else { 0.0 };
            same(rates(&counted, seconds, 600), (expected, expected));
        }
    }

    #[test]
    fn the_first_instant_is_no_rate_of_thousands() {
        let mut counted = Counted::default();
        counted.sample(at(5), arrived(0));
        counted.finished.insert(P, 3);
        same(rates(&counted, 5, 2), (3.0, 2.0));
    }
}
