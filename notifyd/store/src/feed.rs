//! The last events, in memory, for whoever watches: bounded, so a slow watcher misses some and is told how many. Most are
//! committed steps of notifications; between them stand what operators changed and what else the daemon has to tell.

use notify_proto::{Channel, NotificationId, ObjectKind, ProviderId, Severity, Status, Timestamp};
use notifyd_lifecycle::Transition;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// Events kept; at 96 bytes each the ring takes about 6 MiB when full.
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
    /// Why, one word.
    pub reason: Option<&'static str>,
    /// On which channel, when the step was one of an attempt or the first.
    pub channel: Option<Channel>,
    /// Through whom, when it was one of an attempt.
    pub provider: Option<ProviderId>,
}

impl FeedEvent {
    /// A step that is not that of an attempt.
    pub const fn new(
        at: Timestamp,
        id: NotificationId,
        service: i64,
        event: &'static str,
        to: Status,
    ) -> Self {
        Self { at, id, service, event, to, reason: None, channel: None, provider: None }
    }

    /// The same, by the rule it follows.
    pub const fn of(at: Timestamp, id: NotificationId, service: i64, step: &Transition) -> Self {
        Self { reason: step.reason(), ..Self::new(at, id, service, step.event(), step.to()) }
    }
}

/// Something else that happened, such as a change by an operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// When.
    pub at: Timestamp,
    /// What happened, one word.
    pub event: &'static str,
    /// How much it asks for a look.
    pub severity: Severity,
    /// To what kind of thing.
    pub object: ObjectKind,
    /// Its id, or its name when it has none.
    pub id: String,
    /// Who did it, when somebody did.
    pub actor: Option<String>,
    /// More, in words; without recipients.
    pub detail: Option<String>,
}

/// An event of the ring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// A step of a notification.
    Step(FeedEvent),
    /// Something else.
    Remark(Arc<Remark>),
}

impl Item {
    /// When it happened.
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Step(event) => event.at,
            Self::Remark(remark) => remark.at,
        }
    }
}

/// Some events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedPage<T = FeedEvent> {
    /// Oldest first.
    pub events: Vec<T>,
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
    items: VecDeque<Item>,
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
        self.add(events.iter().copied().map(Item::Step));
    }

    /// Adds what else there is to tell.
    pub fn remark(&self, remarks: impl IntoIterator<Item = Remark>) {
        self.add(remarks.into_iter().map(|remark| Item::Remark(Arc::new(remark))));
    }

    fn add(&self, items: impl Iterator<Item = Item>) {
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let before = ring.items.len();
        ring.items.extend(items);
        if ring.items.len() == before {
            return;
        }
        let excess = ring.items.len().saturating_sub(CAPACITY);
        ring.items.drain(..excess);
        ring.start += excess as u64;
        let end = ring.start + ring.items.len() as u64;
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

    /// The steps of notifications among up to `max` events from `after` on. Only the last page has none.
    pub fn read(&self, after: u64, max: usize) -> FeedPage {
        let FeedPage { events, mut next, dropped } = self.read_all(after, max);
        let steps = |items: Vec<Item>| {
            let step = |item| match item {
                Item::Step(event) => Some(event),
                Item::Remark(_) => None,
            };
            items.into_iter().filter_map(step).collect::<Vec<_>>()
        };
        let mut events = steps(events);
        while events.is_empty() && next < self.end() {
            let more = self.read_all(next, max);
            next = more.next;
            events = steps(more.events);
        }
        FeedPage { events, next, dropped }
    }

    /// Up to `max` events from `after` on.
    pub fn read_all(&self, after: u64, max: usize) -> FeedPage<Item> {
        let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let dropped = ring.start.saturating_sub(after);
        let end = ring.start + ring.items.len() as u64;
        // Whoever asks beyond the end has it from another run.
        let from = after.clamp(ring.start, end);
        let skip = usize::try_from(from - ring.start).unwrap_or(usize::MAX);
        let events: Vec<_> = ring.items.iter().skip(skip).take(max).cloned().collect();
        FeedPage { next: from + events.len() as u64, events, dropped }
    }

    /// Where the first event that is kept stands.
    pub fn start(&self) -> u64 {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner).start
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(n: u8) -> FeedEvent {
        FeedEvent::new(
            Timestamp::default(),
            NotificationId::from_bytes([n; 16]),
            1,
            "created",
            Status::Queued,
        )
    }

    fn remark() -> Remark {
        Remark {
            at: Timestamp::default(),
            event: "queue.pause",
            severity: Severity::Info,
            object: ObjectKind::Queue,
            id: "mock".into(),
            actor: Some("ada".into()),
            detail: None,
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
        assert_eq!(feed.start(), 2);
    }

    #[test]
    fn remarks_stand_between_steps_and_who_wants_steps_alone_reads_past_them() {
        let feed = Feed::default();
        feed.remark([remark(), remark()]);
        feed.publish(&[event(1)]);
        feed.remark([remark()]);
        let all = feed.read_all(0, 10);
        assert_eq!((all.events.len(), all.next), (4, 4));
        assert_eq!(all.events[2], Item::Step(event(1)));
        let steps = feed.read(0, 1);
        assert_eq!((steps.events, steps.next), (vec![event(1)], 3));
        let rest = feed.read(3, 1);
        assert_eq!((rest.events, rest.next), (vec![], 4));
        assert_eq!(feed.read_all(99, 1).next, 4, "a place that is not there yet is the end");
    }
}
