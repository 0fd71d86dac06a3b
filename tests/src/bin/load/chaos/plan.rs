//! What goes wrong, and when: one seed gives one sequence.

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

/// What the first provider does; behind it stands one that works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weather {
    /// Answers, now and then late.
    Fair,
    /// Fails, and may be tried again.
    Flaky,
    /// Sometimes never answers.
    Hanging,
    /// Sometimes leaves open whether it took it.
    Doubtful,
    /// Takes few a second.
    Limited,
    /// Sometimes refuses for good.
    Refusing,
    /// Its account is not in order.
    Misconfigured,
}

impl Weather {
    pub const ALL: [Self; 7] = [
        Self::Fair,
        Self::Flaky,
        Self::Hanging,
        Self::Doubtful,
        Self::Limited,
        Self::Refusing,
        Self::Misconfigured,
    ];

    /// The name of its provider.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fair => "fair",
            Self::Flaky => "flaky",
            Self::Hanging => "hanging",
            Self::Doubtful => "doubtful",
            Self::Limited => "limited",
            Self::Refusing => "refusing",
            Self::Misconfigured => "misconfigured",
        }
    }

    /// The settings of its provider.
    pub fn settings(self, record: &Path) -> Value {
        let mut settings = match self {
            Self::Fair => json!({}),
            Self::Flaky => json!({"failure_rate": 0.3}),
            Self::Hanging => json!({"hang": 0.05}),
            Self::Doubtful => json!({"failure_rate": 0.3, "failure_outcome": "ambiguous"}),
            Self::Limited => json!({"rate_limit_per_second": 20}),
            Self::Refusing => json!({"failure_rate": 0.05, "failure_outcome": "permanent"}),
            Self::Misconfigured => json!({"outcome": "provider_config"}),
        };
        settings["latency_ms"] = json!({"min": 0, "max": 40});
        settings["record_file"] = json!(record);
        settings
    }

    /// Whether work may be left behind that only its provider may finish: it may have been sent there.
    pub const fn binds(self) -> bool {
        matches!(self, Self::Hanging | Self::Doubtful)
    }
}

/// One thing that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fault {
    /// The process is killed, and started again.
    Kill,
    /// It is asked to stop, and started again.
    Stop,
    /// It stands still.
    Freeze(Duration),
    /// The disk is full; halfway through it may be killed as well, so that it starts on a full disk.
    Full(Duration, bool),
    /// The providers change.
    Weather(Weather),
}

impl Fault {
    /// What it is counted as.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::Stop => "stop",
            Self::Freeze(_) => "freeze",
            Self::Full(..) => "full_disk",
            Self::Weather(_) => "providers",
        }
    }
}

/// All faults, each with the quiet time before it, without an end.
pub struct Plan(StdRng);

impl Plan {
    pub fn new(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed))
    }
}

impl Iterator for Plan {
    type Item = (Duration, Fault);

    fn next(&mut self) -> Option<Self::Item> {
        let dice = &mut self.0;
        let mut millis = |from: u64, to: u64| Duration::from_millis(dice.random_range(from..to));
        let (pause, short, long) = (millis(200, 2_500), millis(50, 4_000), millis(500, 5_000));
        let fault = match dice.random_range(0..10) {
            0..=2 => Fault::Kill,
            3 => Fault::Stop,
            4 => Fault::Freeze(short),
            5 => Fault::Full(long, dice.random_bool(0.3)),
            _ => Fault::Weather(Weather::ALL[dice.random_range(0..Weather::ALL.len())]),
        };
        Some((pause, fault))
    }
}
