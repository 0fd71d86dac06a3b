//! Where a notification would go now, for people: asked of the same rules and the same gates that deliver.

use crate::slots::Slots;
use notify_proto::{Channel, OnUnknown, ProviderId, SkipReason, Timestamp};
use notifyd_lifecycle::candidate::{Candidate, Choice, Gate, choose};
use notifyd_lifecycle::decide::Progress;
use notifyd_lifecycle::retry::RetryPolicy;
use notifyd_lifecycle::{Message, Plan};
use std::time::Instant;

/// The candidates of one channel, in the order they are tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The channel.
    pub channel: Channel,
    /// Its candidates; none when no provider serves it.
    pub steps: Vec<Step>,
}

/// One candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Who.
    pub provider: ProviderId,
    /// Its name.
    pub name: String,
    /// Lower is tried first.
    pub priority: i32,
    /// What a notification that is due now would make of it.
    pub verdict: Verdict,
    /// Whether it may be called now.
    pub gate: Gate,
    /// Why, as far as there is more to say.
    pub why: Option<String>,
    /// Since when it may not be called.
    pub since: Option<Timestamp>,
    /// When that may change by itself.
    pub until: Option<Timestamp>,
}

/// What a notification that is due now makes of a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is called.
    Taken,
    /// Its next free slot is waited for.
    Awaited,
    /// It is called when the one that is awaited stays busy for longer than a notification waits.
    Overflow,
    /// It cannot be called.
    PassedOver,
    /// It is called when those before it fail.
    InReserve,
    /// It was tried in this cycle; of one notification alone.
    Tried,
    /// It can never take it; of one notification alone.
    RuledOut,
}

impl Verdict {
    /// The word for programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Awaited => "awaited",
            Self::Overflow => "overflow",
            Self::PassedOver => "passed_over",
            Self::InReserve => "in_reserve",
            Self::Tried => "tried",
            Self::RuledOut => "ruled_out",
        }
    }
}

/// Asks the choice itself, three times for each channel: whom it would take, whom after a while, which is none when
/// nobody passes over a busy one (`overflow`), and in which order it looks.
pub(crate) fn route(
    slots: &Slots,
    overflow: bool,
    channels: &[Channel],
    pinned: Option<ProviderId>,
    now: Instant,
    wall: Timestamp,
) -> Vec<Route> {
    let candidates = slots.directory().candidates();
    // As if all were switched on and none could be called, so that it looks at every one.
    let all: Vec<_> = candidates.iter().map(|it| Candidate { active: true, ..it.clone() }).collect();
    let of = |channel: Channel| {
        let plan = plan(channel, pinned);
        let message = Message::text(channel, "somebody".into(), "");
        let progress = Progress::default();
        let [choice, later] = [false, overflow].map(|restless| {
            choose(&plan, &message, &progress, restless, candidates, |it| slots.gate(it.id, false, now))
        });
        let mut steps = Vec::new();
        let _ = choose(&plan, &message, &progress, false, &all, |candidate| {
            steps.push(step(slots, candidate, [&choice, &later], now, wall));
            Gate::Closed(SkipReason::Disabled)
        });
        Route { channel, steps }
    };
    channels.iter().copied().map(of).collect()
}

fn plan(channel: Channel, pinned: Option<ProviderId>) -> Plan {
    Plan {
        channels: vec![channel],
        pinned,
        allow_failover: false,
        retry: RetryPolicy::Delays(vec![]),
        on_unknown: OnUnknown::Resend,
        failover_on_unknown: false,
    }
}

pub(crate) fn step(
    slots: &Slots,
    candidate: &Candidate,
    [choice, later]: [&Choice; 2],
    now: Instant,
    wall: Timestamp,
) -> Step {
    let standing = slots.standing(candidate.id, now);
    let takes = |choice: &Choice| matches!(choice, Choice::Try { provider, .. } if *provider == candidate.id);
    let verdict = match (choice, standing.gate) {
        _ if takes(choice) => Verdict::Taken,
        (Choice::Wait(providers), _) if providers.first() == Some(&candidate.id) => Verdict::Awaited,
        _ if takes(later) => Verdict::Overflow,
        (_, Gate::Closed(_)) => Verdict::PassedOver,
        (_, Gate::Open | Gate::Busy) => Verdict::InReserve,
    };
    let before = |at: Instant| wall - now.saturating_duration_since(at);
    Step {
        provider: candidate.id,
        name: candidate.name.clone(),
        priority: candidate.priority,
        verdict,
        gate: standing.gate,
        why: standing.why,
        since: standing.since.map(before),
        until: standing.until.map(|at| wall + at.saturating_duration_since(now)),
    }
}
