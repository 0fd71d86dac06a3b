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
    /// How long it stays open at most when it is the account that is at fault; doubles from `open_for` on each probe that
    /// finds it so. What fails otherwise may work again at any time and is probed as often as before.
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

/// When a call started: before or after the circuit opened or closed. What becomes of a call from before says nothing about
/// now: the breaker believes those alone that it let through as it stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Era(u64);

/// The breaker. Time is monotonic and handed in.
#[derive(Debug, Clone)]
pub struct Breaker {
    rules: BreakerRules,
    circuit: Circuit,
    era: Era,
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
            era: Era(0),
            in_a_row: 0,
            recent: VecDeque::new(),
            failed_probes: 0,
            cause: None,
            opened_at: None,
        }
    }

    /// Closes it, as if nothing had ever failed.
    pub fn reset(&mut self) {
        let era = self.era;
        *self = Self { era, ..Self::new(self.rules) };
        self.turn(Circuit::Closed);
    }

    /// From now on it stands so.
    const fn turn(&mut self, circuit: Circuit) {
        self.circuit = circuit;
        self.era.0 += 1;
    }

    /// Makes the next call a probe, whatever it was.
    pub const fn half_open(&mut self) {
        self.turn(Circuit::HalfOpen { probing: false });
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

    /// A call starts. Its end is told with the answer.
    pub fn start(&mut self, now: Instant) -> Era {
        if let Circuit::HalfOpen { .. } = self.circuit(now) {
            self.circuit = Circuit::HalfOpen { probing: true };
        }
        self.era
    }

    /// A call was given up before it went out, so it says nothing about the provider.
    pub fn abandon(&mut self, call: Era) {
        if let (Circuit::HalfOpen { .. }, true) = (self.circuit, call == self.era) {
            self.circuit = Circuit::HalfOpen { probing: false };
        }
    }

    /// A call ended.
    pub fn finish(
        &mut self,
        call: Era,
        outcome: &Outcome,
        cause: Option<&str>,
        now: Instant,
    ) -> Option<Change> {
        if call != self.era {
            return None;
        }
        match outcome {
            Outcome::ProviderConfig => Some(self.open(true, cause, now)),
            Outcome::Transient | Outcome::Ambiguous => self.failed(cause, now),
            Outcome::RateLimited { .. } => {
                self.abandon(call);
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
            return Some(self.open(false, cause, now));
        }
        None
    }

    fn succeeded(&mut self, now: Instant) -> Option<Change> {
        self.in_a_row = 0;
        self.remember(now, false);
        if self.circuit == Circuit::Closed {
            return None;
        }
        self.turn(Circuit::Closed);
        self.failed_probes = 0;
        self.cause = None;
        self.opened_at = None;
        self.recent.clear();
        Some(Change::Closed)
    }

    /// `account`: whether it is the account that is at fault.
    fn open(&mut self, account: bool, cause: Option<&str>, now: Instant) -> Change {
        let probed = matches!(self.circuit, Circuit::HalfOpen { .. });
        self.failed_probes = if account && probed { self.failed_probes + 1 } else { 0 };
        let doubled = self.rules.open_for.saturating_mul(1 << self.failed_probes.min(16));
        self.turn(Circuit::Open { until: now + doubled.min(self.rules.open_for_max) });
        self.cause = cause.map(str::to_owned);
        self.opened_at.get_or_insert(now);
        self.in_a_row = 0;
        self.recent.clear();
        Change::Opened
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
    use proptest::prelude::*;

    const OK: Outcome = Outcome::Accepted { external_id: None };

    fn second(n: u64, origin: Instant) -> Instant {
        origin + Duration::from_secs(n)
    }

    /// A call that starts and ends at once.
    fn call(breaker: &mut Breaker, outcome: &Outcome, cause: Option<&str>, now: Instant) -> Option<Change> {
        let era = breaker.start(now);
        breaker.finish(era, outcome, cause, now)
    }

    #[test]
    fn five_in_a_row_open_it_and_one_good_probe_closes_it() {
        let t = Instant::now();
        let mut breaker = Breaker::new(BreakerRules::default());
        for n in 0..4 {
            assert_eq!(call(&mut breaker, &Outcome::Transient, None, second(n, t)), None);
        }
        let opened = call(&mut breaker, &Outcome::Transient, Some("503"), second(4, t));
        assert_eq!(opened, Some(Change::Opened));
        assert_eq!(breaker.cause(), Some("503"));
        assert!(!breaker.admits(second(63, t)));
        assert!(breaker.admits(second(64, t)));
        let probe = breaker.start(second(64, t));
        assert!(!breaker.admits(second(64, t)), "one probe at a time");
        assert_eq!(breaker.finish(probe, &OK, None, second(65, t)), Some(Change::Closed));
        assert_eq!(breaker.word(second(65, t)), "closed");
    }

    #[test]
    fn an_account_at_fault_is_probed_ever_more_seldom_and_anything_else_as_often_as_before() {
        let t = Instant::now();
        for (outcome, rests) in
            [(Outcome::ProviderConfig, [60, 120, 240]), (Outcome::Transient, [60, 60, 60])]
        {
            let mut breaker = Breaker::new(BreakerRules::default());
            for _ in 0..5 {
                call(&mut breaker, &outcome, Some("no"), t);
            }
            let mut now = 0;
            for rest in rests {
                assert!(!breaker.admits(second(now + rest - 1, t)), "{outcome:?} {rest}");
                now += rest;
                assert!(breaker.admits(second(now, t)), "{outcome:?} {rest}");
                call(&mut breaker, &outcome, Some("no"), second(now, t));
            }
        }
    }

    #[test]
    fn half_of_twenty_open_it_and_a_bad_recipient_is_no_failure() {
        let t = Instant::now();
        let mut breaker = Breaker::new(BreakerRules::default());
        for n in 0..18 {
            let outcome = if n % 2 == 0 { Outcome::Transient } else { Outcome::Permanent };
            assert_eq!(call(&mut breaker, &outcome, None, second(n, t)), None);
        }
        call(&mut breaker, &OK, None, second(18, t));
        let opened = call(&mut breaker, &Outcome::Transient, None, second(19, t));
        assert_eq!(opened, Some(Change::Opened));
    }

    #[test]
    fn an_abandoned_probe_leaves_room_for_another() {
        let t = Instant::now();
        let mut breaker = Breaker::new(BreakerRules::default());
        call(&mut breaker, &Outcome::ProviderConfig, None, t);
        let probe = breaker.start(second(61, t));
        breaker.abandon(probe);
        assert!(breaker.admits(second(61, t)));
    }

    #[test]
    fn by_hand_it_is_half_open_or_closed_at_once() {
        let t = Instant::now();
        let mut breaker = Breaker::new(BreakerRules::default());
        call(&mut breaker, &Outcome::ProviderConfig, Some("401"), t);
        breaker.half_open();
        assert!(breaker.admits(t));
        let probe = breaker.start(t);
        assert!(!breaker.admits(t), "one probe at a time");
        assert_eq!(breaker.finish(probe, &Outcome::Transient, None, t), Some(Change::Opened));
        breaker.reset();
        assert_eq!((breaker.word(t), breaker.cause()), ("closed", None));
        for _ in 0..4 {
            assert_eq!(call(&mut breaker, &Outcome::Transient, None, t), None, "it starts to count anew");
        }
        assert_eq!(call(&mut breaker, &Outcome::Transient, None, t), Some(Change::Opened));
        assert!(breaker.admits(second(60, t)), "failed probes from before it was closed count no more");
    }

    #[test]
    fn what_was_under_way_when_it_opened_says_nothing_however_late_it_ends() {
        let t = Instant::now();
        let config = Outcome::ProviderConfig;
        let limited = Outcome::RateLimited { after: None };
        for outcome in [&OK, &Outcome::Transient, &Outcome::Permanent, &Outcome::Ambiguous, &config, &limited]
        {
            let mut breaker = Breaker::new(BreakerRules::default());
            let early: Vec<_> = (0..30).map(|_| breaker.start(t)).collect();
            call(&mut breaker, &config, Some("401"), t);
            assert_eq!(breaker.finish(early[0], outcome, None, second(1, t)), None);
            assert_eq!((breaker.admits(second(59, t)), breaker.cause()), (false, Some("401")));
            // Neither when its time is over, nor beside the probe, nor after that closed it.
            assert_eq!(breaker.finish(early[1], outcome, None, second(60, t)), None);
            let probe = breaker.start(second(61, t));
            assert_eq!(breaker.finish(early[2], outcome, None, second(62, t)), None);
            breaker.abandon(early[3]);
            assert!(!breaker.admits(second(62, t)), "one probe at a time: {outcome:?}");
            assert_eq!(breaker.finish(probe, &OK, None, second(63, t)), Some(Change::Closed));
            for call in &early[4..] {
                assert_eq!(breaker.finish(*call, outcome, None, second(64, t)), None);
            }
            assert!(breaker.admits(second(64, t)), "{outcome:?}");
        }
    }

    /// Something that happens to a breaker.
    #[derive(Debug, Clone, Copy)]
    enum Event {
        Wait(u64),
        Start,
        End(usize, u8),
    }

    fn event() -> impl Strategy<Value = Event> {
        prop_oneof![
            1 => (0u64..90).prop_map(Event::Wait),
            3 => Just(Event::Start),
            3 => (0usize..8, 0u8..6).prop_map(|(which, how)| Event::End(which, how)),
        ]
    }

    fn outcome(how: u8) -> Outcome {
        match how {
            0 | 1 => OK,
            2 | 3 => Outcome::Transient,
            4 => Outcome::RateLimited { after: None },
            _ => Outcome::ProviderConfig,
        }
    }

    proptest! {
        /// Whatever starts and ends in whatever order: while it is open nobody gets through, while it is not closed one
        /// at a time does, only failures of its own time open it, and it says why until it closes.
        #[test]
        fn it_lets_through_whom_it_should(events in proptest::collection::vec(event(), 1..300)) {
            let rules = BreakerRules::default();
            let mut breaker = Breaker::new(rules);
            let mut now = Instant::now();
            let mut calls: Vec<(Era, u32)> = Vec::new();
            // How often it turned, when it last opened, and who failed since then without a success between.
            let (mut turned, mut opened, mut in_a_row) = (0, None, 0);
            for event in events {
                match event {
                    Event::Wait(seconds) => now += Duration::from_secs(seconds),
                    Event::Start if breaker.admits(now) => {
                        if let Some(at) = opened {
                            prop_assert!(now >= at + rules.open_for, "it rests first");
                            let probing = calls.iter().filter(|call| call.1 == turned).count();
                            prop_assert_eq!(probing, 0, "one probe at a time");
                        }
                        calls.push((breaker.start(now), turned));
                    }
                    Event::Start => prop_assert!(opened.is_some()),
                    Event::End(which, how) if !calls.is_empty() => {
                        let (call, then) = calls.swap_remove(which % calls.len());
                        let outcome = outcome(how);
                        let change = breaker.finish(call, &outcome, Some(outcome.class()), now);
                        let failed = matches!(outcome, Outcome::Transient | Outcome::ProviderConfig);
                        if then == turned {
                            in_a_row = match outcome { OK => 0, Outcome::Transient => in_a_row + 1, _ => in_a_row };
                        }
                        match change {
                            Some(Change::Opened) => {
                                prop_assert!(failed && then == turned);
                                prop_assert_eq!(breaker.cause(), Some(outcome.class()));
                                (turned, opened, in_a_row) = (turned + 1, Some(now), 0);
                            }
                            Some(Change::Closed) => {
                                prop_assert!(outcome == OK && then == turned && opened.is_some());
                                prop_assert_eq!(breaker.cause(), None);
                                (turned, opened, in_a_row) = (turned + 1, None, 0);
                            }
                            None => prop_assert!(
                                then != turned || !failed
                                    || (opened.is_none() && outcome == Outcome::Transient && in_a_row < 5)
                            ),
                        }
                    }
                    Event::End(..) => {}
                }
                prop_assert_eq!(breaker.cause().is_some(), opened.is_some());
                prop_assert_eq!(breaker.word(now) == "closed", opened.is_none());
            }
        }
    }
}
