//! The tail: the last events, bounded.

use notify_proto::happening::{Event, EventFilter, EventsRequest, EventsView, MAX_EVENTS, MAX_WAIT_MS};
use std::collections::VecDeque;

/// Events that are kept.
pub const KEPT: usize = 1_000;

/// The tail.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Live {
    /// The oldest first.
    pub events: VecDeque<Event>,
    /// After which number to ask.
    pub after: Option<u64>,
    /// Events that were gone before they could be seen.
    pub dropped: u64,
    /// The filter as it was written.
    pub filter: String,
    /// Rows up from the newest; the tail runs while it is none.
    pub back: usize,
    /// Whether long lines are folded.
    pub wrap: bool,
    /// Whether the tail is held.
    pub held: bool,
    /// Whether the last answer was full, so that more is there.
    pub more: bool,
    /// Whether an answer was here.
    pub loaded: bool,
}

impl Live {
    /// What to ask next.
    pub fn request(&self) -> EventsRequest {
        EventsRequest {
            after_seq: self.after,
            last: 200,
            filter: self.filter.parse::<EventFilter>().unwrap_or_default(),
            wait_ms: if self.loaded { MAX_WAIT_MS } else { 0 },
            ..EventsRequest::default()
        }
    }

    /// Takes what came.
    pub fn fill(&mut self, view: EventsView) {
        self.loaded = true;
        self.after = Some(view.next_seq);
        self.more = view.events.len() >= MAX_EVENTS as usize;
        self.dropped += view.dropped;
        if self.back > 0 {
            self.back += view.events.len();
        }
        self.events.extend(view.events);
        while self.events.len() > KEPT {
            self.events.pop_front();
        }
        self.back = self.back.min(self.events.len().saturating_sub(1));
    }

    /// Moves by so many rows, down when positive; false at the end.
    pub fn step(&mut self, by: isize) -> bool {
        let before = self.back;
        self.back = self.back.saturating_add_signed(-by).min(self.events.len().saturating_sub(1));
        self.back != before
    }

    /// To this line of so many that are shown.
    pub fn pick(&mut self, line: usize, height: usize) {
        let here = self.events.len().saturating_sub(self.back + 1);
        let top = (here + 1).saturating_sub(height.max(1));
        if top + line < self.events.len() {
            self.back = self.events.len() - 1 - (top + line);
        }
    }

    /// The event under the cursor.
    pub fn current(&self) -> Option<&Event> {
        self.events.len().checked_sub(self.back + 1).and_then(|at| self.events.get(at))
    }
}
