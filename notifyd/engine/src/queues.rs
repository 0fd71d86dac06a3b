//! What stands in front of each provider, counted when somebody asks.

use crate::lines::{Lines, Loaded};
use crate::slots::Slots;
use crate::standing::each;
use notify_proto::{ProviderId, Timestamp};
use std::collections::HashMap;

/// The queue in front of one provider.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Queue {
    /// Notifications in memory that go to this provider next, also those held until something opens.
    pub waiting: u64,
    /// When the oldest of them was accepted.
    pub oldest: Option<Timestamp>,
    /// Calls under way.
    pub in_flight: u32,
}

impl Queue {
    fn add(&mut self, loaded: &Loaded) {
        let accepted = loaded.job.created_at;
        self.waiting += 1;
        self.oldest = Some(self.oldest.map_or(accepted, |oldest| oldest.min(accepted)));
    }
}

/// Counts them.
pub(crate) fn count(lines: &Lines, slots: &Slots) -> HashMap<ProviderId, Queue> {
    let mut queues: HashMap<ProviderId, Queue> = slots
        .in_flight()
        .map(|(provider, in_flight)| (provider, Queue { in_flight, ..Queue::default() }))
        .collect();
    for (provider, loaded) in each(lines, slots) {
        queues.entry(provider).or_default().add(loaded);
    }
    queues
}
