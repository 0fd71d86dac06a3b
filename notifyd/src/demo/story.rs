//! The stories of the demo: who plays, by which plan, and how long the engine waits so that a person can watch it.

use crate::settings::{Breaker, Delivery, PolicyByPriority, Settings};
use clap::ValueEnum;
use serde_json::{Value, json};

/// What is played instead of an ordinary day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Story {
    /// The first provider stops answering, then refuses; the second takes over until the first works again
    Outage,
}

/// A provider of the demo.
pub(super) struct Part {
    pub name: &'static str,
    pub priority: i32,
    pub config: Value,
}

/// The parts of the outage, seconds: it works, does not answer, refuses, and works again.
const OUTAGE: [u64; 4] = [5, 2, 6, 12];

/// How long a circuit rests, seconds: short of the time that the provider refuses, so that one probe fails.
const REST: u64 = 3;

/// How long a call may take, seconds.
const CALL: u64 = 2;

/// The ordinary day.
pub(super) fn ordinary() -> [Part; 2] {
    let flaky = json!({"latency_ms": {"min": 20, "max": 250}, "failure_rate": 0.25});
    [
        Part { name: "steady", priority: 20, config: json!({"latency_ms": {"min": 5, "max": 40}}) },
        Part { name: "flaky", priority: 10, config: flaky },
    ]
}

/// Shortens what is a matter of minutes in a story, unless somebody has set it.
pub(super) fn hurry(settings: &mut Settings) {
    if settings.breaker == Breaker::default() {
        (settings.breaker.open_seconds, settings.breaker.open_seconds_max) = (REST, REST);
    }
    let delivery = &mut settings.delivery;
    if delivery.attempt_timeout_seconds == Delivery::default().attempt_timeout_seconds {
        delivery.attempt_timeout_seconds = CALL;
    }
    let policies = &mut delivery.policy_by_priority;
    if *policies == PolicyByPriority::default() {
        (policies.normal, policies.low) = (policies.instant.clone(), policies.instant.clone());
    }
}

impl Story {
    /// Who plays.
    pub(super) fn cast(self) -> [Part; 2] {
        let Self::Outage = self;
        let [before, silent, down, after] = OUTAGE;
        let latency = json!({"min": 5, "max": 40});
        let plan = json!({"repeat": true, "steps": [
            {"for_seconds": before, "outcome": "accepted"},
            {"for_seconds": silent, "outcome": "hang"},
            {"for_seconds": down, "outcome": "transient", "message": "connection refused"},
            {"for_seconds": after, "outcome": "accepted"},
        ]});
        [
            Part { name: "north", priority: 10, config: json!({"latency_ms": latency, "plan": plan}) },
            Part { name: "south", priority: 20, config: json!({"latency_ms": latency}) },
        ]
    }

    /// What the plan is.
    pub(super) fn about(self) -> String {
        let Self::Outage = self;
        let [before, silent, down, after] = OUTAGE;
        format!(
            "The story `outage`, again and again: north works for {before} s, does not answer for {silent} s, refuses for \
             {down} s, works for {after} s.\nsouth works all the time. Each line below is read from the log and the \
             engine when it has happened.\n\n"
        )
    }
}
