//! What is known of one endpoint: what waits for it, what is under way, and whether there is more in the log.

use notifyd_store::webhooks::Owed;
use std::collections::{HashSet, VecDeque};

#[derive(Default)]
pub(super) struct Line {
    /// What waits for its turn, oldest first.
    pub waiting: VecDeque<Owed>,
    /// The numbers of all that is in memory: waiting, under way, or being written down.
    pub known: HashSet<i64>,
    /// Tries under way.
    pub under_way: usize,
    /// Whether there may be more that is due.
    pub more: bool,
    pub loading: bool,
    /// Whether it is being made ready to be called.
    pub preparing: bool,
    /// Whether it did not listen the last time.
    pub suspect: bool,
}

impl Line {
    /// Whether more is to be read, when fewer than so many wait.
    pub(super) fn wants_load(&self, few: usize) -> bool {
        self.more && !self.loading && self.waiting.len() < few
    }

    /// Lets go of all that waits; it is in the log. How many those were.
    pub(super) fn forget_waiting(&mut self) -> usize {
        let gone = self.waiting.len();
        for owed in self.waiting.drain(..) {
            self.known.remove(&owed.no);
        }
        self.more = false;
        gone
    }

    /// Whether there is nothing to be known of it.
    pub(super) fn is_idle(&self) -> bool {
        self.known.is_empty() && !self.more && !self.loading && !self.preparing && !self.suspect
    }
}
