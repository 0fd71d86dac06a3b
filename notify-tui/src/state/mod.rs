//! What the program knows.

mod link;
mod rates;

pub use link::{Badge, Link, wait};
pub use rates::Rates;

use crate::message::Moment;
use notify_proto::control::Welcome;
use notify_proto::view::StatusView;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// The intervals `+` and `-` go through.
pub const INTERVALS: [u64; 5] = [1, 2, 5, 15, 60];

/// The last answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Data {
    /// What the daemon said.
    pub status: StatusView,
    /// When.
    pub at: Moment,
    /// How long it took.
    pub round_trip: Duration,
    /// Changes per second since the answer before.
    pub rates: Option<Rates>,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// What.
    pub text: String,
    /// Until when it is news.
    pub until: Instant,
}

/// The whole of it.
#[derive(Debug, Clone, PartialEq)]
pub struct App {
    /// Now, as of the last message.
    pub now: Moment,
    /// The connection.
    pub link: Link,
    /// Who answers, once it has.
    pub welcome: Option<Welcome>,
    /// Where, once it has.
    pub socket: Option<PathBuf>,
    /// The last answer, kept when the connection is lost.
    pub data: Option<Data>,
    /// Since when nobody asks.
    pub paused: Option<Moment>,
    /// Between two looks.
    pub interval: Duration,
    /// When to look next.
    pub next_look: Instant,
    /// Since when an answer is awaited.
    pub asked: Option<Instant>,
    /// Whether the help is shown.
    pub help: bool,
    /// What happened last, worth a line for a while.
    pub notice: Option<Notice>,
    /// Whether the screen has to be painted.
    pub dirty: bool,
    /// Spreads reconnecting programs; changes with every use.
    pub seed: u64,
}

impl App {
    /// At the start; the first thing to do is to connect.
    pub fn new(now: Moment, interval: Duration, seed: u64) -> Self {
        Self {
            now,
            link: Link::Connecting { since: now.instant },
            welcome: None,
            socket: None,
            data: None,
            paused: None,
            interval,
            next_look: now.instant,
            asked: None,
            help: false,
            notice: None,
            dirty: true,
            seed,
        }
    }

    /// Says something for a while.
    pub fn say(&mut self, text: String) {
        self.notice = Some(Notice { text, until: self.now.instant + Duration::from_secs(15) });
    }

    /// How old the last answer is.
    pub fn age(&self) -> Option<Duration> {
        self.data.as_ref().map(|data| self.now.instant.saturating_duration_since(data.at.instant))
    }

    /// The interval in force: doubled while answers take more than half of it.
    pub fn pace(&self) -> Duration {
        if self.slow() { self.interval * 2 } else { self.interval }
    }

    /// Whether answers take more than half the interval.
    pub fn slow(&self) -> bool {
        self.data.as_ref().is_some_and(|data| data.round_trip > self.interval / 2)
    }

    /// When the next tick is needed: for what is due, or for the ages on the screen.
    pub fn wake(&self) -> Instant {
        let second = self.now.instant + Duration::from_secs(1);
        let due = match &self.link {
            _ if self.paused.is_some() => second,
            Link::Lost { retry_at, trying: false, .. } => *retry_at,
            Link::Up if self.asked.is_none() => self.next_look,
            _ => second,
        };
        due.min(second).max(self.now.instant)
    }

    /// The word in the corner.
    pub fn badge(&self) -> Badge {
        Badge::of(self)
    }
}
