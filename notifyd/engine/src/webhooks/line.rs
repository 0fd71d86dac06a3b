//! What is known of one endpoint: what waits for it, what is under way, and whether there is more in the log.

use super::share::Trust;
use notifyd_store::webhooks::Owed;
use std::collections::{HashSet, VecDeque};

#[derive(Default)]
pub(super) struct Line {
    /// What waits for its turn, oldest first.
    pub waiting: VecDeque<Owed>,
    /// The numbers of all that is in memory: waiting, under way, or being written down.
    known: HashSet<i64>,
    /// Tries under way.
    pub under_way: usize,
    /// Whether there may be more that is due.
    pub more: bool,
    pub loading: bool,
    /// Whether it is being made ready to be called.
    pub preparing: bool,
    /// What is known of it.
    pub trust: Trust,
    /// What was written down while more was read, which may show it as it was before.
    written: Vec<i64>,
}

impl Line {
    /// How many are in memory.
    pub(super) fn known(&self) -> usize {
        self.known.len()
    }

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

    /// More was read; how many are new.
    pub(super) fn came(&mut self, owed: Vec<Owed>) -> usize {
        let before = self.waiting.len();
        let known = &mut self.known;
        self.waiting.extend(owed.into_iter().filter(|it| known.insert(it.no)));
        self.loading = false;
        for no in self.written.drain(..) {
            self.known.remove(&no);
        }
        self.waiting.len() - before
    }

    /// What came of a try is written down.
    pub(super) fn recorded(&mut self, no: i64) {
        if self.loading {
            self.written.push(no);
        } else {
            self.known.remove(&no);
        }
    }

    /// Whether nothing of it is under way anywhere.
    pub(super) fn is_idle(&self) -> bool {
        self.known.is_empty() && !self.loading && !self.preparing
    }
}
