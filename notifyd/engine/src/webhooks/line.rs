//! What is known of one endpoint: what waits for it, what is under way, and whether there is more in the log.

use super::share::Trust;
use notifyd_store::webhooks::Owed;
use std::collections::{HashMap, VecDeque};

#[derive(Default)]
pub(super) struct Line {
    /// What waits for its turn, oldest first.
    pub waiting: VecDeque<Owed>,
    /// The numbers of all that is in memory, waiting, under way or being written down, with the tries that were made before
    /// it came.
    known: HashMap<i64, u32>,
    /// Tries under way.
    pub under_way: usize,
    /// Whether there may be more that is due.
    pub more: bool,
    pub loading: bool,
    /// Whether it is being made ready to be called.
    pub preparing: bool,
    /// What is known of it.
    pub trust: Trust,
    /// What was written down while more was read, which may show it as it was before; with the number of the try.
    written: Vec<(i64, u32)>,
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
        // One that has a try more is owed once more, though nobody has heard yet that the try was written down.
        let is_new = |it: &Owed| known.insert(it.no, it.tries).is_none_or(|tries| tries < it.tries);
        self.waiting.extend(owed.into_iter().filter(is_new));
        self.loading = false;
        for (no, number) in std::mem::take(&mut self.written) {
            self.forget(no, number);
        }
        self.waiting.len() - before
    }

    /// What came of a try is written down.
    pub(super) fn recorded(&mut self, no: i64, number: u32) {
        if self.loading {
            self.written.push((no, number));
        } else {
            self.forget(no, number);
        }
    }

    /// Forgets one of which this try is written down, unless it has come once more since.
    fn forget(&mut self, no: i64, number: u32) {
        if self.known.get(&no).is_some_and(|tries| *tries < number) {
            self.known.remove(&no);
        }
    }

    /// Whether nothing of it is under way anywhere.
    pub(super) fn is_idle(&self) -> bool {
        self.known.is_empty() && !self.loading && !self.preparing
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use notify_proto::{DeliveryId, Timestamp, WebhookEvent};

    fn owed(no: i64, tries: u32) -> Owed {
        Owed {
            no,
            id: DeliveryId::from_bytes([1; 16]),
            event: WebhookEvent::Delivered,
            n: 1,
            tries,
            before: 0,
            since: Timestamp::UNIX_EPOCH,
            created_at: Timestamp::UNIX_EPOCH,
            due_at: None,
            story: None,
        }
    }

    /// A line of which this one is under way for the first time.
    fn under_way() -> Line {
        let mut line = Line::default();
        assert_eq!(line.came(vec![owed(7, 0)]), 1);
        line.waiting.pop_front().unwrap();
        line
    }

    #[test]
    fn what_is_under_way_or_was_read_before_it_was_written_down_does_not_come_again() {
        let mut line = under_way();
        assert_eq!(line.came(vec![owed(7, 0), owed(8, 0)]), 1);
        line.loading = true;
        line.recorded(7, 1);
        assert_eq!(line.came(vec![owed(7, 0)]), 0, "what was read is older");
        assert_eq!(line.known(), 1);
        assert_eq!(line.came(vec![owed(7, 1)]), 1, "told once more");
    }

    #[test]
    fn one_that_is_owed_once_more_before_its_try_is_heard_of_comes_again() {
        let mut line = under_way();
        assert_eq!(line.came(vec![owed(7, 1)]), 1);
        line.recorded(7, 1);
        assert_eq!((line.known(), line.came(vec![owed(7, 1)])), (1, 0), "once");
        line.waiting.clear();
        line.recorded(7, 2);
        assert!(line.is_idle());
        let mut line = under_way();
        line.loading = true;
        line.recorded(7, 1);
        assert_eq!((line.came(vec![owed(7, 1)]), line.known()), (1, 1));
    }
}
