//! What operators force by hand on providers, as the loop obeys it.
//!
//! How long a hold stands is a duration: its end is taken from the wall clock once, when it is heard of, and is monotonic
//! from then on, so that setting the clock ends nothing early and keeps nothing longer.

use notify_proto::{HoldKind, ProviderId, SkipReason, Timestamp};
use notifyd_store::{Directory, Hold, HoldOn};
use std::collections::HashMap;
use std::time::Instant;

/// One hold.
struct Standing {
    no: i64,
    kind: HoldKind,
    limit: Option<u32>,
    /// When it ends by itself.
    until: Option<Instant>,
}

impl Standing {
    fn stands(&self, now: Instant) -> bool {
        self.until.is_none_or(|until| until > now)
    }
}

/// All of them.
#[derive(Default)]
pub(crate) struct Holds {
    all: HashMap<ProviderId, Vec<Standing>>,
}

impl Holds {
    /// Takes over what stands now; `now` by both clocks. What is known already keeps its end.
    pub(crate) fn refresh(&mut self, directory: &Directory, (wall, now): (Timestamp, Instant)) {
        let known: HashMap<i64, Option<Instant>> =
            self.all.drain().flat_map(|(_, holds)| holds).map(|it| (it.no, it.until)).collect();
        let end = |hold: &Hold| {
            let left = hold.until.map(|until| (until - wall).to_std().unwrap_or_default());
            left.and_then(|left| now.checked_add(left))
        };
        for hold in directory.holds() {
            // What waits in a queue of no provider never comes to this loop.
            let HoldOn::Provider(provider) = hold.on else { continue };
            let until = known.get(&hold.no).copied().unwrap_or_else(|| end(hold));
            let standing = Standing { no: hold.no, kind: hold.kind, limit: hold.limit, until };
            self.all.entry(provider).or_default().push(standing);
        }
    }

    fn on(&self, provider: ProviderId, now: Instant) -> impl Iterator<Item = &Standing> {
        self.all.get(&provider).into_iter().flatten().filter(move |hold| hold.stands(now))
    }

    /// Why a provider is passed over, if it is, and until when: a pause before a drain before a circuit.
    pub(crate) fn closes(&self, provider: ProviderId, now: Instant) -> Option<(SkipReason, Option<Instant>)> {
        let closing = self.on(provider, now).filter_map(|hold| {
            let (rank, reason) = match hold.kind {
                HoldKind::Pause => (0, SkipReason::Paused),
                HoldKind::Drain => (1, SkipReason::Draining),
                HoldKind::CircuitOpen => (2, SkipReason::BreakerOpen),
                HoldKind::Limit | HoldKind::Disabled | HoldKind::Enabled => return None,
            };
            Some((rank, reason, hold.until))
        });
        closing.min_by_key(|(rank, ..)| *rank).map(|(_, reason, until)| (reason, until))
    }

    /// Calls at once that a provider may have at most, if that is limited.
    pub(crate) fn limit(&self, provider: ProviderId, now: Instant) -> Option<u32> {
        self.on(provider, now).filter_map(|hold| hold.limit).min()
    }

    /// When what switches a provider on or off for a time ends, if anything does.
    pub(crate) fn switched_until(&self, provider: ProviderId, now: Instant) -> Option<Instant> {
        self.on(provider, now).find(|hold| hold.kind.switches().is_some())?.until
    }

    /// Which kinds stand on a provider.
    pub(crate) fn has(&self, provider: ProviderId, kind: HoldKind, now: Instant) -> bool {
        self.on(provider, now).any(|hold| hold.kind == kind)
    }

    /// When the next one ends by itself.
    pub(crate) fn next_end(&self, now: Instant) -> Option<Instant> {
        self.all.values().flatten().filter_map(|hold| hold.until).filter(|until| *until > now).min()
    }
}
