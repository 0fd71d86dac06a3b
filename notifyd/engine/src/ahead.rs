//! What is claimed before there is room for its call. The call begins the moment another one ends, and not a commit later:
//! a provider that takes 50 ms for an answer is kept as busy as it may be, however long the disk takes.
//!
//! Until its call begins nothing is sent, so it goes back in line when its provider closes, or does not answer any more.

use crate::attempt::{LATE, Sent, What};
use crate::dispatch::{Dispatch, Ready};
use notify_proto::{ProviderId, SkipReason};
use notifyd_lifecycle::candidate::Gate;
use notifyd_lifecycle::order::URGENT;
use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

/// How long one waits for room at most. It is claimed ahead only for providers that answer within a quarter of this, so
/// whoever waits longer waits for one that does not answer any more, and may be sent by another one.
const LONGEST: Duration = Duration::from_secs(1);

/// All of it, in the order in which it is to be called: what is urgent first.
#[derive(Default)]
pub(crate) struct Ahead(BTreeMap<ProviderId, VecDeque<(Instant, Ready)>>);

impl Ahead {
    /// One more has to wait for room.
    fn push(&mut self, ready: Ready, now: Instant) {
        let line = self.0.entry(ready.claimed.provider).or_default();
        let at = if is_urgent(&ready) { line.partition_point(|(_, it)| is_urgent(it)) } else { line.len() };
        line.insert(at, (now, ready));
    }

    /// When the first of them has waited too long.
    pub(crate) fn next_stuck(&self) -> Option<Instant> {
        self.0.values().flatten().map(|(since, _)| *since + LONGEST).min()
    }

    /// Gives once more what was lost of the time to wait, when its end is noticed late: the daemon stood still, and the
    /// answers that make room may be there unread.
    fn make_up(&mut self, now: Instant) {
        for (since, _) in self.0.values_mut().flatten() {
            let lost = now.saturating_duration_since(*since + LONGEST);
            if lost > LATE {
                *since += lost + lost.min(LONGEST);
            }
        }
    }
}

impl Dispatch {
    /// Makes the call of what was claimed just now, when there is room for it: those that wait, wait for room.
    pub(crate) fn call_or_wait(&mut self, ready: Ready) {
        let now = tokio::time::Instant::now().into_std();
        if self.slots.has_room(ready.claimed.provider, is_urgent(&ready), now) {
            self.call(ready);
        } else {
            self.ahead.push(ready, now);
        }
    }

    /// Begins what there is room for, and gives back what cannot begin; all of it when the time to drain is `over`.
    pub(crate) fn mind_ahead(&mut self, over: bool) {
        let now = tokio::time::Instant::now().into_std();
        self.ahead.make_up(now);
        let mut lines = std::mem::take(&mut self.ahead.0);
        let mut unsent = Vec::new();
        for (provider, line) in &mut lines {
            let closed = match self.slots.gate(*provider, true, now) {
                Gate::Closed(reason) => Some(reason),
                Gate::Open | Gate::Busy => None,
            };
            while let Some((since, ready)) = line.pop_front() {
                let waited = now.saturating_duration_since(since);
                let stuck = over || waited >= LONGEST;
                if closed.is_none() && !over && self.slots.has_room(*provider, is_urgent(&ready), now) {
                    self.call(ready);
                } else if let Some(reason) = closed.or(stuck.then_some(SkipReason::Busy)) {
                    unsent.push(self.unsent(ready, reason, waited));
                } else {
                    line.push_front((since, ready));
                    break;
                }
            }
        }
        lines.retain(|_, line| !line.is_empty());
        self.ahead.0 = lines;
        self.settle(&mut unsent);
    }

    fn unsent(&self, ready: Ready, reason: SkipReason, waited: Duration) -> Sent {
        let at = self.inner.deps.clock.now();
        Sent { claimed: ready.claimed, what: What::Unsent(reason), elapsed: waited, at }
    }
}

fn is_urgent(ready: &Ready) -> bool {
    ready.claimed.loaded.job.group.priority <= URGENT
}
