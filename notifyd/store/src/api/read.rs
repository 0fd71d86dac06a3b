//! Reading.

use notify_proto::filter::Filter;
use notify_proto::{Channel, FailureReason, ProviderId, Status, Timestamp};
use std::collections::HashSet;
use std::sync::Arc;

/// A page to read.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// Which.
    pub filter: Filter,
    /// Rows to skip; a cursor is cheaper.
    pub skip: u32,
    /// Rows, at most 1,000.
    pub limit: u32,
    /// Where the page before ended.
    pub cursor: Option<String>,
    /// Whether to count all that match.
    pub total: Total,
    /// Those with most attempts first, of what one look comes past; such a page has none after it.
    pub most_tried: bool,
}

/// Whether to count all that match.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Total {
    /// No.
    #[default]
    Not,
    /// If that takes no longer than to look for the page.
    Soon,
    /// Whatever it takes.
    Whole,
}

/// What waits for a time between two moments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    /// From here on; none for whatever was due before.
    pub from: Option<Timestamp>,
    /// Up to here; none for whatever is due later.
    pub to: Option<Timestamp>,
    /// How many.
    pub total: u64,
    /// How many of them wait for a retry. The others are scheduled.
    pub retrying: u64,
}

/// What waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waits {
    /// For its turn.
    Queued,
    /// For the time of its next try.
    Retrying,
    /// For the time that its sender gave.
    Scheduled,
}

/// How to look at what waits.
#[derive(Debug, Clone)]
pub struct Look {
    /// At what.
    pub what: Waits,
    /// The moments that part the places, each farther from now than the one before: back in time for what is queued, ahead
    /// for what waits for a time. One place more than edges; with no edge, only how many there are.
    pub edges: Vec<Timestamp>,
    /// Numbers of queued notifications that are told of one by one besides.
    pub apart: HashSet<i64>,
}

/// How many wait in each place, of one line and one service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The line: see [`Plan::lane`](notifyd_lifecycle::Plan::lane).
    pub lane: Arc<str>,
    /// Whose.
    pub service: i64,
    /// How many, by place, the one nearest to now first.
    pub counts: Vec<u64>,
}

/// What a look at what waits found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// All of it.
    pub places: Vec<Place>,
    /// Those asked for by number that are queued, each of which is also among all.
    pub apart: Vec<(i64, Place)>,
    /// Whether what is queued is placed by when it was accepted, as too many are to know of each since when it is due.
    pub by_acceptance: bool,
    /// Whether all were looked at; if not, what waits for a time was looked at in the order in which it is due.
    pub whole: bool,
}

/// A dead letter: when and of what it died.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Died {
    /// When.
    pub at: Timestamp,
    /// Whose it was, by the store's number.
    pub service: i64,
    /// Who was called last, and on which channel.
    pub by: Option<(ProviderId, Channel)>,
    /// Why it was given up.
    pub reason: Option<FailureReason>,
    /// What went wrong last, as [`fault::template`](notifyd_lifecycle::fault::template) has it; empty when nobody said.
    pub error: String,
}

/// What a look at dead letters found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiedPage {
    /// Those that died in the time asked for.
    pub died: Vec<Died>,
    /// Below which number to look on, when there may be more.
    pub next: Option<i64>,
}

/// Notifications by status, kept as they change; no query.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts(pub [u64; 7]);

impl Counts {
    /// How many have this status.
    pub const fn of(&self, status: Status) -> u64 {
        self.0[status as usize]
    }
}
