//! The last events, in memory, for whoever watches: bounded, so a slow watcher misses some and is told how many.

use notify_proto::{NotificationId, Status, Timestamp};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use tokio::sync::watch;

/// Events kept; at 56 bytes each the ring takes under 4 MiB when full.
pub const CAPACITY: usize = 65_536;

/// A committed transition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedEvent {
    /// When.
    pub at: Timestamp,
    /// Which notification.
    pub id: NotificationId,
    /// The store's number of its service.
    pub service: i64,
    /// What happened, one word.
    pub event: &'static str,
    /// Its status now.
    pub to: Status,
}

/// Some events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FeedPage {
    /// Oldest first.
    pub events: Vec<FeedEvent>,
    /// Where to go on.
    pub next: u64,
    /// Events that had left the ring before they were read.
    pub dropped: u64,
}

/// The ring.
#[derive(Debug)]
pub struct Feed {
    ring: Mutex<Ring>,
    end: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Ring {
    events: VecDeque<FeedEvent>,
    /// Sequence of the first event in the ring.
    start: u64,
}

impl Default for Feed {
    fn default() -> Self {
        Self { ring: Mutex::default(), end: watch::Sender::new(0) }
    }
}

impl Feed {
    /// Adds what one commit did.
    pub fn publish(&self, events: &[FeedEvent]) {
        if events.is_empty() {
            return;
        }
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        ring.events.extend(events);
        let excess = ring.events.len().saturating_sub(CAPACITY);
        ring.events.drain(..excess);
        ring.start += excess as u64;
        let end = ring.start + ring.events.len() as u64;
        drop(ring);
        self.end.send_replace(end);
    }

    /// Where the feed ends now: the place to start watching from.
    pub fn end(&self) -> u64 {
        *self.end.borrow()
    }

    /// A watch on the end of the feed.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.end.subscribe()
    }

    /// Up to `max` events from `after` on.
    pub fn read(&self, after: u64, max: usize) -> FeedPage {
        let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let dropped = ring.start.saturating_sub(after);
        let from = after.max(ring.start);
        let skip = usize::try_from(from - ring.start).unwrap_or(usize::MAX);
        let events: Vec<_> = ring.events.iter().skip(skip).take(max).copied().collect();
        FeedPage { next: from + events.len() as u64, events, dropped }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(n: u8) -> FeedEvent {
        FeedEvent {
            at: Timestamp::default(),
            id: NotificationId::from_bytes([n; 16]),
            service: 1,
            event: "created",
            to: Status::Queued,
        }
    }

    #[test]
    fn a_watcher_reads_on_from_where_it_was_and_is_told_what_it_missed() {
        let feed = Feed::default();
        feed.publish(&[event(1), event(2)]);
        let page = feed.read(0, 1);
        assert_eq!((page.events, page.next, page.dropped), (vec![event(1)], 1, 0));
        assert_eq!(feed.read(1, 10).events, [event(2)]);
        for _ in 0..CAPACITY / 64 {
            feed.publish(&[event(3); 64]);
        }
        let late = feed.read(1, 5);
        assert_eq!(late.dropped, 1);
        assert_eq!(late.next, 7);
        assert_eq!(feed.end(), 2 + CAPACITY as u64);
    }
}
