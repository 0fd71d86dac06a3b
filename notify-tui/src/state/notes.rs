//! The three lists of notifications: one page in memory, wherever it stands among millions.

use super::List;
use super::Rows as _;
use chrono::TimeDelta;
use notify_proto::bulk::FaultGroups;
use notify_proto::filter::{Field, Filter, FilterError, Term};
use notify_proto::line::{LinePage, NotificationLine};
use notify_proto::schedule::{HistogramView, WaitingGroups};
use notify_proto::view::NotificationDetail;
use notify_proto::webhook::DeliveryView;
use notify_proto::{GroupBy, NotificationId, Timestamp};
use std::collections::BTreeMap;

/// Up to how far ahead retries are shown, minutes, with the word for it.
pub const WINDOWS: [(&str, i64); 6] =
    [("late", 0), ("<5m", 5), ("<15m", 15), ("<1h", 60), ("<6h", 360), ("<24h", 1_440)];

/// By what waiting work is told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct By(pub GroupBy);

impl Default for By {
    fn default() -> Self {
        Self(GroupBy::Error)
    }
}

impl By {
    /// The next one.
    pub fn next(self) -> Self {
        let at = GroupBy::ALL.iter().position(|by| *by == self.0).unwrap_or_default();
        Self(GroupBy::ALL[(at + 1) % GroupBy::ALL.len()])
    }
}

/// One notification, with who was told of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Story {
    /// All that is known of it.
    pub detail: NotificationDetail,
    /// Who was told what.
    pub told: Vec<DeliveryView>,
    /// Whether recipients and bodies are in it.
    pub revealed: bool,
}

/// A filtered list of notifications.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Notes {
    /// The page.
    pub list: List<NotificationLine>,
    /// The filter as it was written.
    pub filter: String,
    /// Where the pages so far began; the first begins nowhere.
    before: Vec<Option<String>>,
    /// Where this page begins.
    pub cursor: Option<String>,
    /// Before when what is listed was made: newer ones have pushed the row under the cursor off the page, so that it is held.
    pub held: Option<Timestamp>,
    /// Rows before this page.
    pub skipped: usize,
    sizes: Vec<usize>,
    /// Where the next one begins.
    pub next: Option<String>,
    /// Whether the search gave up before the page was full.
    pub partial: bool,
    /// How many match, by status.
    pub counts: Option<BTreeMap<String, u64>>,
    /// The one under the cursor, once it was told.
    pub story: Option<Box<Story>>,
    /// What is wrong with dead letters; of the view of dead letters.
    pub faults: Option<FaultGroups>,
    /// When work falls due; of the view of retries.
    pub histogram: Option<HistogramView>,
    /// What waits, told apart; of the view of retries.
    pub groups: Option<WaitingGroups>,
    /// By what.
    pub by: By,
    /// Whether those with most attempts come first; of the view of notifications.
    pub most_tried: bool,
    /// Which of [`WINDOWS`] bounds when it is due; none when it is past the last.
    pub window: Option<usize>,
    /// Whose recipient and body somebody asked to see.
    pub reveal: Option<(NotificationId, std::time::Instant)>,
}

impl Notes {
    /// The filter as the daemon takes it; `only` is what the view itself asks for.
    pub fn asked(&self, only: Option<&str>, now: Timestamp) -> Result<Filter, FilterError> {
        let mut filter = Filter::parse(&self.filter, now)?;
        if let Some((_, minutes)) = self.window.and_then(|at| WINDOWS.get(at)) {
            filter.terms.push(Term::DueBefore(now + TimeDelta::minutes(*minutes)));
        }
        if let Some(status) = only {
            filter.and(Term::Is { field: Field::Status, values: vec![status.to_owned()], negate: false });
        }
        Ok(filter)
    }

    /// How much webhooks did not take and are told again.
    pub fn told_again(&self) -> u64 {
        self.histogram.iter().flat_map(|it| &it.buckets).map(|bucket| bucket.told_again).sum()
    }

    /// Takes another filter; all that stood there is gone.
    pub fn refilter(&mut self, text: &str) {
        let (faults, histogram, groups) = (self.faults.take(), self.histogram.take(), self.groups.take());
        let (by, window, most_tried) = (self.by, self.window, self.most_tried);
        let mut list = std::mem::take(&mut self.list);
        list.clear();
        let filter = text.to_owned();
        let kept = Self { by, most_tried, window, ..Self::default() };
        *self = Self { list, filter, faults, histogram, groups, ..kept };
    }

    /// A nearer bound on when it is due, or a further one; none at either end.
    pub fn turn_window(&mut self, nearer: bool) {
        self.window = match (self.window, nearer) {
            (None, true) => Some(WINDOWS.len() - 1),
            (None, false) => Some(0),
            (Some(at), true) => at.checked_sub(1),
            (Some(at), false) => Some(at + 1).filter(|at| *at < WINDOWS.len()),
        };
    }

    /// Takes a page. With `by_age` the list is newest first: when newer ones have pushed the row under the cursor off the
    /// page, the rows stay that are there, and from then on they alone are asked for. Nothing moves, and no row is missing.
    pub fn fill(&mut self, page: LinePage, by_age: bool) {
        if let Some(((row, first), last)) =
            self.list.current().zip(self.list.rows().first()).zip(page.items.last())
            && by_age
            && page.next_cursor.is_some()
            && row.created_at < last.created_at
        {
            self.held = Some(first.created_at + TimeDelta::milliseconds(1));
            return;
        }
        self.next = page.next_cursor;
        self.partial = page.partial;
        self.list.fill(page.items);
    }

    /// To the page behind this one; false when there is none.
    pub fn turn(&mut self) -> bool {
        let Some(next) = self.next.take() else { return false };
        self.sizes.push(self.list.len());
        self.skipped += self.list.len();
        self.before.push(self.cursor.replace(next));
        self.list.clear();
        true
    }

    /// To the page before this one; false when there is none.
    pub fn turn_back(&mut self) -> bool {
        let Some(before) = self.before.pop() else { return false };
        self.skipped -= self.sizes.pop().unwrap_or_default().min(self.skipped);
        self.cursor = before;
        self.next = None;
        self.list.clear();
        true
    }

    /// To the first page, of the newest; false when it is this one.
    pub fn restart(&mut self) -> bool {
        if self.before.is_empty() && self.held.is_none() {
            return false;
        }
        self.held = None;
        self.before.clear();
        self.sizes.clear();
        (self.cursor, self.next, self.skipped) = (None, None, 0);
        self.list.clear();
        true
    }

    /// How many match in all.
    pub fn total(&self) -> Option<u64> {
        self.counts.as_ref().map(|counts| counts.values().sum())
    }

    /// The story of the one under the cursor, if it is here.
    pub fn told(&self) -> Option<&Story> {
        let id = self.list.current()?.id;
        self.story.as_deref().filter(|story| story.detail.notification.id == id)
    }
}
