//! A list: cursor and marks follow ids, and while something is marked nothing moves.

use super::Rows;
use super::weights::Weights;
use std::collections::BTreeSet;

/// What can stand in a list.
pub trait Item: Clone {
    /// What it can be sorted by; what comes first is the order in which the daemon gives it.
    const SORTS: &'static [&'static str];
    /// The heads of the columns that show this, in the same order; empty where none does.
    const HEADS: &'static [&'static str];
    /// What tells it from others.
    fn id(&self) -> String;
    /// All words it can be found by.
    fn words(&self) -> String;
    /// Where it stands when it is sorted by this.
    fn rank(&self, by: usize) -> Rank;
}

/// Where a row stands in a sorted list: by number, then by name.
pub type Rank = (f64, String);

/// Rows with a cursor and marks.
#[derive(Debug, Clone, PartialEq)]
pub struct List<T> {
    rows: Vec<T>,
    /// As the daemon gave them, before the words and the order.
    given: Vec<T>,
    cursor: usize,
    id: Option<String>,
    marks: BTreeSet<String>,
    /// Where a range of marks began.
    range: Option<String>,
    top: usize,
    /// Rows that came while marks held the list still.
    newer: usize,
    sort: usize,
    reverse: bool,
    /// By id, where a row stands by the last of its orders: what they go by is not in the rows.
    weights: Weights,
    words: String,
    /// Whether an answer was here.
    pub loaded: bool,
    /// Whether the cursor stays on the first row.
    pub follow: bool,
    /// Whether the row under the cursor stays, even where the daemon gives it no more: somebody reads it.
    pub pinned: bool,
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            given: Vec::new(),
            cursor: 0,
            id: None,
            marks: BTreeSet::new(),
            range: None,
            top: 0,
            newer: 0,
            sort: 0,
            reverse: false,
            weights: Weights::new(),
            words: String::new(),
            loaded: false,
            follow: false,
            pinned: false,
        }
    }
}

impl<T: Item> List<T> {
    /// Takes what the daemon gave. While something is marked, rows are brought up to date and none comes or goes.
    pub fn fill(&mut self, given: Vec<T>) {
        self.loaded = true;
        if !self.marks.is_empty() {
            for row in &mut self.rows {
                let id = row.id();
                if let Some(fresh) = given.iter().find(|fresh| fresh.id() == id) {
                    *row = fresh.clone();
                }
            }
            let known = |fresh: &&T| !self.rows.iter().any(|row| row.id() == fresh.id());
            self.newer = given.iter().filter(known).count();
            self.given = given;
            return;
        }
        self.given = given;
        self.arrange();
    }

    /// Takes where rows stand by the last of their orders, by id. While something is marked nothing moves.
    pub fn weigh(&mut self, weights: Weights) {
        self.weights = weights;
        if self.marks.is_empty() && self.sort > 0 && self.loaded {
            self.arrange();
        }
    }

    /// Forgets the rows, and the marks with them.
    pub fn clear(&mut self) {
        *self = Self {
            sort: self.sort,
            reverse: self.reverse,
            weights: std::mem::take(&mut self.weights),
            words: std::mem::take(&mut self.words),
            follow: self.follow,
            ..Self::default()
        };
    }

    fn arrange(&mut self) {
        self.newer = 0;
        let read = self.current().filter(|_| self.pinned).cloned();
        let words: Vec<_> = self.words.split_whitespace().map(str::to_lowercase).collect();
        let fits = |row: &&T| {
            let text = row.words().to_lowercase();
            words.iter().all(|word| match word.strip_prefix('-') {
                Some(not) if !not.is_empty() => !text.contains(not),
                _ => text.contains(word.as_str()),
            })
        };
        self.rows = self.given.iter().filter(fits).cloned().collect();
        if self.sort > 0 {
            let (by, weights) = (self.sort, &self.weights);
            let rank = |row: &T| {
                let (number, name) = row.rank(by);
                let of = weights.get(&row.id()).map(Vec::as_slice).unwrap_or_default();
                let weight = (by + of.len()).checked_sub(T::SORTS.len()).and_then(|at| of.get(at));
                (weight.copied().unwrap_or(number), name)
            };
            self.rows.sort_by(|a, b| {
                let (a, b) = (rank(a), rank(b));
                a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1))
            });
        }
        if self.reverse {
            self.rows.reverse();
        }
        if let Some(row) = read.filter(|read| !self.rows.iter().any(|row| row.id() == read.id())) {
            self.rows.insert(self.cursor.min(self.rows.len()), row);
        }
        self.seek();
    }

    /// Puts the cursor back on its row; where that is gone, it stays at its place.
    fn seek(&mut self) {
        if self.follow && !self.pinned {
            self.cursor = 0;
        } else if let Some(id) = &self.id
            && let Some(at) = self.rows.iter().position(|row| row.id() == *id)
        {
            self.cursor = at;
        }
        self.land(self.cursor);
    }

    fn land(&mut self, at: usize) {
        self.cursor = at.min(self.rows.len().saturating_sub(1));
        // Without rows the id stays, for when they come.
        if let Some(row) = self.rows.get(self.cursor) {
            self.id = Some(row.id());
        }
    }

    /// All rows.
    pub fn rows(&self) -> &[T] {
        &self.rows
    }

    /// Brings one row up to date that the daemon gives no more.
    pub fn renew(&mut self, fresh: T) {
        let id = fresh.id();
        if let Some(row) = self.rows.iter_mut().find(|row| row.id() == id) {
            *row = fresh;
        }
    }

    /// The row under the cursor.
    pub fn current(&self) -> Option<&T> {
        self.rows.get(self.cursor)
    }

    /// The rows that this many lines show, and where the first of them stands. Only these are painted.
    pub fn window(&self, height: usize) -> (usize, &[T]) {
        let top = self.top_for(height);
        (top, &self.rows[top..(top + height).min(self.rows.len())])
    }

    fn top_for(&self, height: usize) -> usize {
        let height = height.max(1);
        let lowest = (self.cursor + 1).saturating_sub(height);
        // No line stays empty while there is a row for it.
        self.top.clamp(lowest, self.cursor).min(self.rows.len().saturating_sub(height))
    }

    /// Where the cursor stands.
    pub const fn cursor(&self) -> usize {
        self.cursor
    }

    /// What is sorted by, and whether backwards.
    pub fn order(&self) -> (&'static str, bool) {
        (T::SORTS.get(self.sort).copied().unwrap_or_default(), self.reverse)
    }
}

impl<T: Item> Rows for List<T> {
    fn len(&self) -> usize {
        self.rows.len()
    }

    fn step(&mut self, by: isize) -> bool {
        let before = self.cursor;
        self.land(self.cursor.saturating_add_signed(by));
        self.follow &= self.cursor == 0;
        self.cursor != before
    }

    fn end(&mut self, first: bool) {
        if first && self.newer > 0 {
            self.marks.clear();
            self.id = None;
            self.arrange();
        }
        self.land(if first { 0 } else { usize::MAX });
        self.follow &= self.cursor == 0;
    }

    fn mark(&mut self) {
        if let Some(id) = self.here()
            && !self.marks.remove(&id)
        {
            self.marks.insert(id);
        }
        self.step(1);
        self.settle();
    }

    fn mark_range(&mut self) {
        let from = self.range.take().and_then(|id| self.rows.iter().position(|row| row.id() == id));
        match from {
            None => self.range = self.here(),
            Some(from) => {
                let range = from.min(self.cursor)..=from.max(self.cursor);
                self.marks.extend(self.rows[range].iter().map(Item::id));
            }
        }
    }

    fn mark_shown(&mut self, height: usize) {
        self.range = None;
        let shown: Vec<_> = self.window(height).1.iter().map(Item::id).collect();
        self.marks.extend(shown);
        self.settle();
    }

    fn unmark(&mut self) {
        self.range = None;
        self.marks.clear();
        self.settle();
    }

    fn marked(&self) -> Vec<String> {
        self.rows.iter().map(Item::id).filter(|id| self.marks.contains(id)).collect()
    }

    fn is_marked(&self, id: &str) -> bool {
        self.marks.contains(id)
    }

    fn here(&self) -> Option<String> {
        self.current().map(Item::id)
    }

    fn go(&mut self, id: &str) {
        self.follow = false;
        self.id = Some(id.to_owned());
        self.seek();
        self.id = Some(id.to_owned());
    }

    fn newer(&self) -> usize {
        self.newer
    }

    fn sorts(&self) -> &'static [&'static str] {
        T::SORTS
    }

    fn sort_by(&mut self, by: usize) {
        self.sort = by;
        self.arrange();
    }

    fn sort_on(&mut self, head: &str) -> bool {
        let Some(by) = T::HEADS.iter().position(|it| *it == head) else { return false };
        self.reverse = self.sort == by && !self.reverse;
        self.sort_by(by);
        true
    }

    fn pick(&mut self, line: usize, height: usize) -> bool {
        let at = self.top_for(height) + line;
        let there = at < self.rows.len();
        if there {
            self.land(at);
            self.follow &= self.cursor == 0;
        }
        there
    }

    fn turn(&mut self) {
        self.reverse = !self.reverse;
        self.arrange();
    }

    fn search(&mut self, words: &str) {
        words.clone_into(&mut self.words);
        self.arrange();
    }

    fn keep(&mut self, height: usize) {
        self.top = self.top_for(height);
    }

    fn follow(&mut self) -> bool {
        self.follow = !self.follow;
        self.seek();
        self.follow
    }
}

impl<T: Item> List<T> {
    /// Lets in what waited, once nothing is marked any more.
    fn settle(&mut self) {
        if self.marks.is_empty() && (self.newer > 0 || self.sort > 0) {
            self.arrange();
        }
    }
}
