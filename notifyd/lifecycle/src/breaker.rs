//! The circuit breaker of one provider: it stops calling what is broken and probes until it works again.

use crate::outcome::Outcome;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// When it opens and for how long.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BreakerRules {
    /// Failures in a row that open it.
    pub consecutive: u32,
    /// Share of failures within [`window`](Self::window) that opens it, 0 to 1.
    pub failure_rate: f64,
    /// Calls within the window before the share counts.
    pub min_calls: usize,
    /// How far back the share looks.
    pub window: Duration,
    /// How long it stays open before a probe.
    pub open_for: Duration,
    /// How long it stays open at most when it is the account that is at fault; doubles from `open_for` on each failed
    /// probe.
    pub open_for_max: Duration,
}

impl Default for BreakerRules {
    /// The figures of the delivery contract: 5 in a row, or half of at least 20 within 30 s; open for 60 s.
    fn default() -> Self {
        Self {
            consecutive: 5,
            failure_rate: 0.5,
            min_calls: 20,
            window: Duration::from_secs(30),
            open_for: Duration::from_secs(60),
            open_for_max: Duration::from_secs(3_600),
        }
    }
}

/// Where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Circuit {
    /// Calls go through.
    Closed,
    /// Calls are refused until then.
    Open {
        /// When a probe is allowed.
        until: Instant,
    },
    /// One probe decides.
    HalfOpen {
        /// Whether the probe is under way.
        probing: bool,
    },
}

/// What changed, for the log and the metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It opened.
    Opened,
    /// It closed.
    Closed,
}

/// The breaker. Time is monotonic and handed in.
#[derive(Debug, Clone)]
pub struct Breaker {
    rules: BreakerRules,
    circuit: Circuit,
    in_a_row: u32,
    /// Calls within the window: when, and whether they failed. At most [`MAX_REMEMBERED`].
    recent: VecDeque<(Instant, bool)>,
    failed_probes: u32,
    cause: Option<String>,
    /// When it opened first, while it is not closed.
    opened_at: Option<Instant>,
}

/// Calls the share looks at, at most; bounds the memory of a busy provider.
const MAX_REMEMBERED: usize = 1_024;

impl Breaker {
    /// Changes the rules; what it has counted stays.
    pub const fn set_rules(&mut self, rules: BreakerRules) {
        self.rules = rules;
    }

    /// A closed one.
    pub const fn new(rules: BreakerRules) -> Self {
        Self {
            rules,
            circuit: Circuit::Closed,
            in_a_row: 0,
            recent: VecDeque::new(),
            failed_probes: 0,
            cause: None,
            opened_at: None,
        }
    }

    /// Closes it, as if nothing had ever failed.
    pub fn reset(&mut self) {
        *self = Self::new(self.rules);
    }

    /// Makes the next call a probe, whatever it was.
    pub const fn half_open(&mut self) {
        self.circuit = Circuit::HalfOpen { probing: false };
    }

    /// Where it stands at `now`; an open one whose time is over is half open.
    pub fn circuit(&self, now: Instant) -> Circuit {
        match self.circuit {
            Circuit::Open { until } if now >= until => Circuit::HalfOpen { probing: false },
            other => other,
        }
    }

    /// The word shown to people.
    pub fn word(&self, now: Instant) -> &'static str {
        match self.circuit(now) {
            Circuit::Closed => "closed",
            Circuit::Open { .. } => "open",
            Circuit::HalfOpen { .. } => "half_open",
        }
    }

    /// Why it is not closed.
    pub fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    /// Since when it is not closed; probes that failed meanwhile change nothing about that.
    pub const fn opened_at(&self) -> Option<Instant> {
        self.opened_at
    }

    /// Whether a call may start now. A half-open breaker admits one.
    pub fn admits(&self, now: Instant) -> bool {
        match self.circuit(now) {
            Circuit::Closed => true,
            Circuit::Open { .. } => false,
            Circuit::HalfOpen { probing } => !probing,
        }
    }

    /// A call starts.
    pub fn start(&mut self, now: Instant) {
        if let Circuit::HalfOpen { .. } = self.circuit(now) {
            self.circuit = Circuit::HalfOpen { probing: true };
        }
    }

    /// A call was given up before it went out, so it says nothing about the provider.
    pub fn abandon(&mut self) {
        if let Circuit::HalfOpen { .. } = self.circuit {
            self.circuit = Circuit::HalfOpen { probing: false };
        }
    }

    /// A call ended.
    pub fn finish(&mut self, outcome: &Outcome, cause: Option<&str>, now: Instant) -> Option<Change> {
        match outcome {
            Outcome::ProviderConfig => self.open(cause, now),
            Outcome::Transient | Outcome::Ambiguous => self.failed(cause, now),
            Outcome::RateLimited { .. } => {
                self.abandon();
                None
            }
            // A refused message or recipient is an answer of a provider that works.
            Outcome::Accepted { .. } | Outcome::Permanent | Outcome::RecipientInvalid(_) => {
                self.succeeded(now)
            }
        }
    }

    fn failed(&mut self, cause: Option<&str>, now: Instant) -> Option<Change> {
        self.in_a_row += 1;
        self.remember(now, true);
        let calls = self.recent.len();
        let failures = self.recent.iter().filter(|(_, failed)| *failed).count();
        #[expect(clippy::cast_precision_loss, reason = "at most 1,024")]
        let rate = failures as f64 / calls as f64;
        let probing = matches!(self.circuit, Circuit::HalfOpen { .. });
        if probing
            || self.in_a_row >= self.rules.consecutive
            || (calls >= self.rules.min_calls && rate >= self.rules.failure_rate)
        {
            return self.open(cause, now);
        }
        None
    }

    fn succeeded(&mut self, now: Instant) -> Option<Change> {
        if let Circuit::Open { .. } = self.circuit(now) {
            // A call that was under way when it opened; only a probe closes it.
            return None;
        }
        self.in_a_row = 0;
        self.remember(now, false);
        if self.circuit == Circuit::Closed {
            return None;
        }
        self.circuit = Circuit::Closed;
        self.failed_probes = 0;
        self.cause = None;
        self.opened_at = None;
        self.recent.clear();
        Some(Change::Closed)
    }

    fn open(&mut self, cause: Option<&str>, now: Instant) -> Option<Change> {
        let was_open = matches!(self.circuit, Circuit::Open { .. });
        if was_open && !self.admits(now) {
            // A call that was under way when it opened: its failure is no news.
            return None;
        }
        if matches!(self.circuit, Circuit::HalfOpen { .. }) {
            self.failed_probes += 1;
        }
        let doubled = self.rules.open_for.saturating_mul(1 << self.failed_probes.min(16));
        self.circuit = Circuit::Open { until: now + doubled.min(self.rules.open_for_max) };
        self.cause = cause.map(str::to_owned);
        self.opened_at.get_or_insert(now);
        self.in_a_row = 0;
        self.recent.clear();
        Some(Change::Opened)
    }

    fn remember(&mut self, now: Instant, failed: bool) {
        while self.recent.len() >= MAX_REMEMBERED
            || self.recent.front().is_some_and(|(at, _)| now.duration_since(*at) > self.rules.window)
        {
            self.recent.pop_front();
        }
        self.recent.push_back((now, failed));
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "an origin for made-up times")]
mod tests {
    use super::*;

    const OK: Outcome = Outcome::Accepted { external_id: None };

    fn second(n: u64, origin: Instant) -> Instant {
        origin + Duration::from_secs(n)
    }

    #[test]
    fn five_in_a_row_open_it_and_one_good_probe_closes_it() {
        let t = Instant::now();
        let mut breaker = Breaker::new(BreakerRules::default());
        for n in 0..4 {
            assert_eq!(breaker.finish(&Outcome::Transient, None, second(n, t)), None);
        }
        assert_eq!(breaker.finish(&Outcome::Transient, Some("503"), second(4, t)), Some(Change::Opened));
        assert_eq!(breaker.cause(), Some("503"));
        assert!(!breaker.admits(second(63, t)));
        assert!(breaker.admits(second(64, t)));
        breaker.start(second(64, t));
        assert!(!breaker.admits(second(64, t)), "one probe at a time");
        assert_eq!(breaker.finish(&OK, None, second(65, t)), Some(Change::Closed));
        assert_eq!(breaker.word(second(65, t)), "closed");
    }

    #[test]
    fn a_failed_probe_opens_it_for_twice_as_long() {
        let t = Instant::now();
        let mut breaker = Breaker::new(BreakerRules::default());
        breaker.finish(&Outcome::ProviderConfig, Some("401"), t);
        breaker.start(second(60, t));
        breaker.finish(&Outcome::ProviderConfig, Some("401"), second(60, t));
        assert!(!breaker.admits(second(179, t)));
        assert!(breaker.admits(second(180, t)));
    }

    #[test]
    fn half_of_twenty_open_it_and_a_bad_recipient_is_no_failure() {
        let t = Instant::now();
        let mut breaker = Breaker::new(BreakerRules::default());
        for n in 0..18 {
            let outcome = if n % 2 == 0 { Outcome::Transient } else { Outcome::Permanent };
            assert_eq!(breaker.finish(&outcome, None, second(n, t)), None);
        }
        breaker.finish(&OK, None, second(18, t));
        assert_eq!(breaker.finish(&Outcome::Transient, None, second(19, t)), Some(Change::Opened));
    }

    #[test]
    fn an_abandoned_probe_leaves_room_for_another() {
        let t = Instant::now();
        let mut breaker = Breaker::new(BreakerRules::default());
        breaker.finish(&Outcome::ProviderConfig, None, t);
        breaker.start(second(61, t));
        breaker.abandon();
        assert!(breaker.admits(second(61, t)));
    }

    #[test]
    fn by_hand_it_is_half_open_or_closed_at_once() {
        let t = Instant::now();
        let mut breaker = Breaker::new(BreakerRules::default());
        breaker.finish(&Outcome::ProviderConfig, Some("401"), t);
        breaker.half_open();
        assert!(breaker.admits(t));
        breaker.start(t);
        assert!(!breaker.admits(t), "one probe at a time");
        assert_eq!(breaker.finish(&Outcome::Transient, None, t), Some(Change::Opened));
        breaker.reset();
        assert_eq!((breaker.word(t), breaker.cause()), ("closed", None));
        for _ in 0..4 {
            assert_eq!(breaker.finish(&Outcome::Transient, None, t), None, "it starts to count anew");
        }
        assert_eq!(breaker.finish(&Outcome::Transient, None, t), Some(Change::Opened));
        assert!(breaker.admits(second(60, t)), "failed probes from before it was closed count no more");
    }

    #[test]
    fn a_success_that_was_under_way_does_not_close_it() {
        let t = Instant::now();
        let mut breaker = Breaker::new(BreakerRules::default());
        breaker.finish(&Outcome::ProviderConfig, None, t);
        assert_eq!(breaker.finish(&OK, None, second(1, t)), None);
        assert!(!breaker.admits(second(1, t)));
    }
}
