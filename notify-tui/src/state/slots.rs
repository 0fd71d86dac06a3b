//! What is asked when: each slot has at most one question under way, and a moment from which on the next is due.

use crate::ask::{Failure, Slot};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How one slot stands.
#[derive(Debug, Clone, Default, PartialEq)]
struct Stand {
    /// The number of the question under way, and since when.
    asked: Option<(u64, Instant)>,
    /// From when on to ask; at once when there is none.
    due: Option<Instant>,
    /// What was wrong with the last answer.
    trouble: Option<String>,
    /// Whether none came in time.
    late: bool,
    /// Whether there was an answer of any kind.
    heard: bool,
}

/// All slots.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Slots {
    stands: BTreeMap<Slot, Stand>,
    last: u64,
}

impl Slots {
    /// The number for a question that is asked now.
    pub fn ask(&mut self, slot: Slot, now: Instant) -> u64 {
        self.last += 1;
        self.stands.entry(slot).or_default().asked = Some((self.last, now));
        self.last
    }

    /// Whether the answer with this number is awaited; it is not any more then.
    pub fn take(&mut self, slot: Slot, number: u64) -> bool {
        let Some(stand) = self.stands.get_mut(&slot) else { return false };
        stand.asked.take_if(|(asked, _)| *asked == number).is_some()
    }

    /// Notes how an answer was, and when the next question is due.
    pub fn heard(&mut self, slot: Slot, trouble: Option<&Failure>, due: Instant) {
        let stand = self.stands.entry(slot).or_default();
        stand.late = trouble == Some(&Failure::Late);
        (stand.trouble, stand.due, stand.heard) = (trouble.map(Failure::text), Some(due), true);
    }

    /// Due at this moment, or at once.
    pub fn due(&mut self, slot: Slot, due: Option<Instant>) {
        self.stands.entry(slot).or_default().due = due;
    }

    /// Due this soon at the latest.
    pub fn hurry(&mut self, by: Instant) {
        for stand in self.stands.values_mut() {
            stand.due = stand.due.map(|due| due.min(by));
        }
    }

    /// Whether a question is under way.
    pub fn pending(&self, slot: Slot) -> bool {
        self.stands.get(&slot).is_some_and(|stand| stand.asked.is_some())
    }

    /// Whether some question has been under way for longer than this.
    pub fn waits(&self, now: Instant, longer: Duration) -> bool {
        let slow = |stand: &Stand| {
            stand.asked.is_some_and(|(_, since)| now.saturating_duration_since(since) > longer)
        };
        self.stands.values().any(slow)
    }

    /// When to ask next: nothing while a question is under way.
    pub fn next(&self, slot: Slot, now: Instant) -> Option<Instant> {
        match self.stands.get(&slot) {
            Some(Stand { asked: Some(_), .. }) => None,
            Some(Stand { due: Some(due), .. }) => Some(*due),
            _ => Some(now),
        }
    }

    /// What was wrong with the last answer.
    pub fn trouble(&self, slot: Slot) -> Option<&str> {
        self.stands.get(&slot)?.trouble.as_deref()
    }

    /// Whether the last question had no answer in time. What is known stays; the header says how old it is.
    pub fn late(&self, slot: Slot) -> bool {
        self.stands.get(&slot).is_some_and(|stand| stand.late)
    }

    /// Whether there was an answer of any kind.
    pub fn answered(&self, slot: Slot) -> bool {
        self.stands.get(&slot).is_some_and(|stand| stand.heard)
    }

    /// Forgets a slot; true when a question was under way.
    pub fn forget(&mut self, slot: Slot) -> bool {
        self.stands.remove(&slot).is_some_and(|stand| stand.asked.is_some())
    }

    /// Forgets all, as the connection is gone.
    pub fn clear(&mut self) {
        self.stands.clear();
    }
}
