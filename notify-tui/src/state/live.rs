//! The tail: the last events, bounded.

use notify_proto::happening::{Event, EventFilter, EventsRequest, EventsView, MAX_EVENTS, MAX_WAIT_MS};
use std::collections::VecDeque;

/// Answers that say how much of what happens is shown.
const RECENT: usize = 25;

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
    /// Of the last answers: how many events each looked at, and how many were passed over after it, as they came too fast.
    seen: VecDeque<(u64, u64)>,
    /// Whether events were passed over after the last one. Once is no sample: somebody was away, or the filter is new.
    behind: bool,
    /// Whether an answer was here.
    pub loaded: bool,
}

impl Live {
    /// Forgets what came, and begins anew with this filter.
    pub fn restart(&mut self, filter: String) {
        *self = Self { filter, wrap: self.wrap, held: self.held, ..Self::default() };
    }

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
        self.pass(&view);
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

    /// Where to go on: where the answer ends, or nearer to the newest when there is more than the next one can have.
    fn pass(&mut self, view: &EventsView) {
        let most = u64::from(MAX_EVENTS);
        let after = view.next_seq.max(view.head_seq.saturating_sub(most));
        let looked = self.after.map_or(most, |before| view.next_seq.saturating_sub(before));
        if self.seen.len() == RECENT {
            self.seen.pop_front();
        }
        let passed = after - view.next_seq;
        self.seen.push_back((looked, if self.behind { passed } else { 0 }));
        self.behind = passed > 0;
        self.after = Some(after);
    }

    /// Of how many that happened one is shown lately; none while it is all of them.
    pub fn sampled(&self) -> Option<u64> {
        let (looked, passed) = self.seen.iter().fold((0, 0), |sum, it| (sum.0 + it.0, sum.1 + it.1));
        (passed > 0).then(|| (looked + passed).div_ceil(looked.max(1)))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(next_seq: u64, head_seq: u64) -> EventsView {
        EventsView { next_seq, head_seq, ..EventsView::default() }
    }

    #[test]
    fn of_what_comes_too_fast_a_sample_is_shown_and_told() {
        let mut live = Live::default();
        live.fill(answer(1_000, 1_000));
        assert_eq!((live.after, live.sampled()), (Some(1_000), None));
        // A handful more than fits is fetched with the next answer.
        live.fill(answer(1_200, 1_400));
        assert_eq!((live.after, live.sampled()), (Some(1_200), None));
        for n in 1..=40_u64 {
            let after = live.after.unwrap();
            live.fill(answer(after + 200, after + 1_000));
            assert_eq!(live.after, Some(after + 800), "nearer to the newest: {n}");
        }
        assert_eq!(live.sampled(), Some(4));
        for _ in 0..25 {
            let after = live.after.unwrap();
            live.fill(answer(after + 10, after + 10));
        }
        assert_eq!(live.sampled(), None, "lately it is all of them");
        let after = live.after.unwrap();
        live.fill(answer(after + 10, after + 90_000));
        live.fill(answer(live.after.unwrap() + 10, live.after.unwrap() + 10));
        assert_eq!(live.sampled(), None, "somebody was away for a while");
    }
}
