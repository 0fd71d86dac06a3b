//! How fast one provider may be called: a token bucket that learns from being throttled.

use std::time::{Duration, Instant};

/// The pace of one provider. Without a configured rate it is unlimited until the provider throttles.
#[derive(Debug, Clone)]
pub struct Pace {
    /// The configured ceiling, calls per second; infinite when there is none.
    ceiling: f64,
    /// The rate in force, calls per second.
    rate: f64,
    /// The configured burst; while throttled, no more than one second's worth is allowed at once.
    burst: f64,
    tokens: f64,
    refilled: Instant,
    /// The provider said to stay away until then.
    paused_until: Option<Instant>,
}

/// Slowest learned rate, calls per second.
const FLOOR: f64 = 0.1;

/// The rate that throttling starts from when none is configured, calls per second. It only has to be of an order that
/// a handful of halvings bring down to what any provider bears.
const UNKNOWN_CEILING: f64 = 1_000.0;

/// How long to stay away when a provider throttles without saying for how long (reference/providers 1.4: 5 s).
pub const DEFAULT_PAUSE: Duration = Duration::from_secs(5);

/// Longest pause that is believed (reference/providers 1.4: 24 h).
pub const MAX_PAUSE: Duration = Duration::from_secs(86_400);

impl Pace {
    /// A full bucket. `rate` is calls per second, `burst` the calls allowed at once (default: one second's worth).
    pub fn new(rate: Option<f64>, burst: Option<u32>, now: Instant) -> Self {
        let ceiling = rate.unwrap_or(f64::INFINITY);
        let burst = burst.map_or_else(|| ceiling.max(1.0), f64::from);
        Self { ceiling, rate: ceiling, burst, tokens: burst, refilled: now, paused_until: None }
    }

    /// Changes the configured rate and burst. A pause that was asked for stays, and so does a rate that was learned from
    /// being throttled, where it is below the new one.
    pub fn set_limits(&mut self, rate: Option<f64>, burst: Option<u32>, now: Instant) {
        let learned = self.learned();
        let tokens = self.tokens_at(now);
        let paused_until = self.paused_until;
        *self = Self::new(rate, burst, now);
        self.paused_until = paused_until;
        self.rate = learned.map_or(self.ceiling, |learned| learned.min(self.ceiling));
        // Calls that were made count against the new burst too.
        self.tokens = self.tokens.min(tokens);
    }

    /// When the next call may start; `now` or earlier means at once.
    pub fn ready_at(&self, now: Instant) -> Instant {
        let paused = self.paused_until.unwrap_or(now);
        if self.rate.is_infinite() {
            return paused.max(now);
        }
        let tokens = self.tokens_at(now);
        let wait = if tokens >= 1.0 { 0.0 } else { (1.0 - tokens) / self.rate };
        // A rate so slow that its wait cannot be told is looked at again after the longest pause.
        let wait = Duration::try_from_secs_f64(wait).unwrap_or(MAX_PAUSE).min(MAX_PAUSE);
        (now + wait).max(paused)
    }

    /// Whether the provider asked to be left alone, and until when.
    pub fn paused(&self, now: Instant) -> Option<Instant> {
        self.paused_until.filter(|until| *until > now)
    }

    /// Calls that may start at once.
    pub fn left(&self, now: Instant) -> f64 {
        if self.paused(now).is_some() { 0.0 } else { self.tokens_at(now).max(0.0) }
    }

    /// A call starts.
    pub fn take(&mut self, now: Instant) {
        if self.rate.is_infinite() {
            return;
        }
        self.tokens = self.tokens_at(now) - 1.0;
        self.refilled = now;
    }

    /// A call went through: the learned rate grows by one call per second for each second's worth of successes.
    pub fn succeeded(&mut self) {
        if self.rate < self.ceiling {
            self.rate = (self.rate + 1.0 / self.rate.max(1.0)).min(self.ceiling);
            if self.ceiling.is_infinite() && self.rate >= UNKNOWN_CEILING {
                self.rate = f64::INFINITY;
            }
        }
    }

    /// The provider throttled: pause, and from then on half the rate.
    pub fn throttled(&mut self, after: Option<Duration>, now: Instant) {
        let already = self.paused(now).is_some();
        let until = now + after.unwrap_or(DEFAULT_PAUSE).min(MAX_PAUSE);
        self.paused_until = Some(self.paused_until.map_or(until, |at| at.max(until)));
        if already {
            // Calls that were under way when the pause began tell nothing new about the rate.
            return;
        }
        let from = if self.rate.is_infinite() { UNKNOWN_CEILING } else { self.rate };
        self.tokens = self.tokens_at(now).min(1.0);
        self.refilled = now;
        self.rate = (from / 2.0).max(FLOOR);
    }

    /// The rate in force, calls per second; infinite when there is none.
    pub const fn rate(&self) -> f64 {
        self.rate
    }

    /// The same, if it was learned from being throttled and is below what is configured.
    pub fn learned(&self) -> Option<f64> {
        (self.rate < self.ceiling).then_some(self.rate)
    }

    fn tokens_at(&self, now: Instant) -> f64 {
        let since = now.saturating_duration_since(self.refilled).as_secs_f64();
        let burst = if self.rate < self.ceiling { self.burst.min(self.rate.max(1.0)) } else { self.burst };
        (self.tokens + since * self.rate).min(burst)
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "an origin for made-up times")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_burst_comes_back_with_the_rate() {
        let start = Instant::now();
        let mut pace = Pace::new(Some(100.0), Some(50), start);
        for n in 0..8 {
            pace.throttled(None, start + Duration::from_secs(60 * n));
        }
        let later = start + Duration::from_secs(3_600);
        for _ in 0..10_000 {
            pace.succeeded();
        }
        let mut at_once = 0;
        while pace.ready_at(later) <= later {
            pace.take(later);
            at_once += 1;
        }
        assert_eq!(at_once, 50);
    }

    #[test]
    fn other_limits_hold_at_once_and_forget_nothing() {
        let start = Instant::now();
        let mut pace = Pace::new(None, None, start);
        pace.set_limits(Some(10.0), Some(2), start);
        for _ in 0..2 {
            assert!(pace.ready_at(start) <= start);
            pace.take(start);
        }
        assert_eq!(pace.ready_at(start), start + Duration::from_millis(100));
        pace.set_limits(Some(1.0), Some(5), start);
        assert_eq!(pace.ready_at(start), start + Duration::from_secs(1), "calls that were made count");
        pace.throttled(Some(Duration::from_secs(60)), start);
        pace.set_limits(Some(100.0), None, start);
        assert_eq!(pace.paused(start), Some(start + Duration::from_secs(60)));
        assert!((pace.rate() - 0.5).abs() < f64::EPSILON, "what was learned holds: {}", pace.rate());
        pace.set_limits(Some(0.25), None, start);
        assert!((pace.rate() - 0.25).abs() < f64::EPSILON, "{}", pace.rate());
        let mut free = Pace::new(Some(1.0), Some(1), start);
        free.take(start);
        free.set_limits(None, None, start);
        assert!(free.ready_at(start) <= start && free.rate().is_infinite());
    }

    #[test]
    fn a_rate_too_slow_to_tell_is_no_reason_to_panic() {
        let start = Instant::now();
        let mut pace = Pace::new(Some(1e-30), Some(1), start);
        pace.take(start);
        assert_eq!(pace.ready_at(start), start + MAX_PAUSE);
    }

    #[test]
    fn without_a_rate_it_never_waits() {
        let now = Instant::now();
        let mut pace = Pace::new(None, None, now);
        for _ in 0..10_000 {
            assert_eq!(pace.ready_at(now), now);
            pace.take(now);
        }
    }

    #[test]
    fn throttling_pauses_halves_and_recovers() {
        let now = Instant::now();
        let mut pace = Pace::new(Some(100.0), None, now);
        pace.throttled(Some(Duration::from_secs(2)), now);
        assert_eq!(pace.paused(now), Some(now + Duration::from_secs(2)));
        pace.throttled(Some(Duration::from_secs(1)), now);
        assert!((pace.rate() - 50.0).abs() < 1e-9, "one pause halves once");
        for _ in 0..100_000 {
            pace.succeeded();
        }
        assert!((pace.rate() - 100.0).abs() < 1e-9);
    }

    /// Something that happens to a pace: calls as fast as they are allowed, or an answer.
    #[derive(Debug, Clone, Copy)]
    enum Event {
        Calls(u8),
        Wait(u16),
        Succeeded(u8),
        Throttled(Option<u8>),
    }

    fn event() -> impl Strategy<Value = Event> {
        prop_oneof![
            (1u8..20).prop_map(Event::Calls),
            (0u16..5_000).prop_map(Event::Wait),
            (1u8..200).prop_map(Event::Succeeded),
            proptest::option::of(0u8..10).prop_map(Event::Throttled),
        ]
    }

    proptest! {
        /// Whatever happens: nobody calls while it asked to be left alone, each pause that begins halves the rate once, each
        /// success raises it by no more than one call per second per second's worth of them, and it never leaves its bounds.
        #[test]
        fn it_halves_when_throttled_and_grows_by_steps(
            ceiling in proptest::option::of(0.5f64..500.0),
            events in proptest::collection::vec(event(), 1..100),
        ) {
            let mut now = Instant::now();
            let mut pace = Pace::new(ceiling, None, now);
            let highest = ceiling.unwrap_or(f64::INFINITY);
            for event in events {
                let before = pace.rate();
                match event {
                    Event::Calls(count) => {
                        for _ in 0..count {
                            now = pace.ready_at(now).max(now);
                            prop_assert_eq!(pace.paused(now), None);
                            pace.take(now);
                        }
                        prop_assert_eq!(pace.rate().to_bits(), before.to_bits());
                    }
                    Event::Wait(ms) => now += Duration::from_millis(ms.into()),
                    Event::Succeeded(count) => {
                        for _ in 0..count {
                            let one = pace.rate();
                            pace.succeeded();
                            let free = pace.rate().is_infinite();
                            prop_assert!(pace.rate() >= one && (free || pace.rate() <= one + 1.0));
                        }
                    }
                    Event::Throttled(after) => {
                        let paused = pace.paused(now);
                        let after = after.map(|seconds| Duration::from_secs(seconds.into()));
                        pace.throttled(after, now);
                        let end = (now + after.unwrap_or(DEFAULT_PAUSE)).max(paused.unwrap_or(now));
                        prop_assert_eq!(pace.paused(now), Some(end).filter(|end| *end > now), "the longest wish counts");
                        prop_assert!(pace.ready_at(now) >= end);
                        let from = if before.is_infinite() { UNKNOWN_CEILING } else { before };
                        let expected = if paused.is_some() { before } else { (from / 2.0).max(FLOOR) };
                        prop_assert_eq!(pace.rate().to_bits(), expected.to_bits());
                    }
                }
                prop_assert!(pace.rate() >= FLOOR.min(highest) && pace.rate() <= highest, "{}", pace.rate());
                prop_assert_eq!(pace.learned().is_some(), pace.rate() < highest);
            }
        }

        /// Over any run of calls made as soon as allowed, no more than burst + rate × time go out.
        #[test]
        fn it_never_exceeds_its_rate(rate in 1.0f64..500.0, burst in 1u32..50, calls in 1usize..300) {
            let origin = Instant::now();
            let mut now = origin;
            let mut pace = Pace::new(Some(rate), Some(burst), now);
            for _ in 0..calls {
                now = pace.ready_at(now).max(now);
                pace.take(now);
            }
            let elapsed = now.duration_since(origin).as_secs_f64();
            #[expect(clippy::cast_precision_loss, reason = "at most 300")]
            let made = calls as f64;
            prop_assert!(made <= f64::from(burst) + rate * elapsed + 1.0, "{} calls in {} s", made, elapsed);
        }
    }
}
