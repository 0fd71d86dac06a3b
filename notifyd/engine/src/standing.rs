//! Where work stands: each job in memory in front of its provider, and in front of whom the rest of its line would.

use crate::lines::{Lines, Loaded};
use crate::route::{Verdict, route};
use crate::slots::Slots;
use notify_proto::{Channel, ProviderId, SkipReason, Timestamp};
use notifyd_lifecycle::candidate::{Choice, Gate, choose};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

/// A job in memory, and whom it goes to next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InMemory {
    /// The store's number.
    pub seq: i64,
    /// The line it waits in on disk.
    pub lane: Arc<str>,
    /// Whose it is.
    pub service: i64,
    /// Whom it goes to next, also when it is held until something opens.
    pub provider: ProviderId,
}

/// Where work stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// What is in memory, as far as it was looked at.
    pub memory: Vec<InMemory>,
    /// Whom a fresh notification that is pinned to nobody would go to, by channel: whoever would be called or waited for
    /// now; if nobody could be, the first in order that is switched on.
    pub first: BTreeMap<Channel, ProviderId>,
}

/// Each job in memory that is in line or held, and whom it goes to next: what is held, to whom it would go if all were open.
pub(crate) fn each<'a>(lines: &'a Lines, slots: &'a Slots) -> impl Iterator<Item = (ProviderId, &'a Loaded)> {
    let candidates = slots.directory().candidates();
    let held = lines.held().filter_map(|loaded| {
        let job = &loaded.job;
        match choose(&job.plan, &job.message, &job.progress, false, candidates, |_| Gate::Open) {
            Choice::Try { provider, .. } => Some((provider, loaded)),
            _ => None,
        }
    });
    lines.queues.iter().chain(held)
}

/// Looks at all of it, by both clocks.
pub(crate) fn look(lines: &Lines, slots: &Slots, now: Instant, wall: Timestamp) -> Standing {
    let stands = |loaded: &Loaded, provider: ProviderId| InMemory {
        seq: loaded.job.seq,
        lane: Arc::clone(&loaded.line.lane),
        service: loaded.job.group.service,
        provider,
    };
    let memory = each(lines, slots).map(|(provider, loaded)| stands(loaded, provider)).collect();
    let mut first = BTreeMap::new();
    for route in route(slots, false, Channel::ALL, None, now, wall) {
        let goes = route.steps.iter().find(|it| matches!(it.verdict, Verdict::Taken | Verdict::Awaited));
        let on = || route.steps.iter().find(|it| it.gate != Gate::Closed(SkipReason::Disabled));
        if let Some(step) = goes.or_else(on) {
            first.insert(route.channel, step.provider);
        }
    }
    Standing { memory, first }
}
