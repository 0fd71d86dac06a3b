//! What services send, and what becomes of it: counted once a second off the feed, so that it costs nothing on the way of a
//! notification. What had left the feed before it was read is not counted.

use crate::history::{Of, refresh};
use crate::measures::minute;
use crate::{Handle, Inner, Quantiles};
use notify_proto::measured::ServiceFigures;
use notify_proto::{Status, Timestamp};
use notifyd_lifecycle::Day;
use notifyd_store::feed::{Feed, FeedEvent};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Services that are counted one by one: those of which something happened last.
pub(crate) const MAX_SERVICES: usize = 64;

/// Events read with one lock of the feed.
const CHUNK: usize = 4_096;

/// What is known of one service.
#[derive(Default)]
pub(crate) struct OfService {
    /// Accepted.
    pub accepted: u64,
    /// When one was accepted last.
    accepted_at: Option<Timestamp>,
    /// Delivered and given up.
    ended: Day<2>,
    /// When something happened last, by the feed.
    moved: u64,
}

/// What is known of all.
#[derive(Default)]
pub(crate) struct Counted {
    /// Where to read on.
    place: u64,
    pub of: HashMap<i64, OfService>,
}

/// The same, shared.
#[derive(Default)]
pub(crate) struct Services(Mutex<Counted>);

impl Services {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Counted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads what happened since the last look.
pub(crate) fn read(inner: &Inner) {
    inner.services.lock().read(inner.deps.store.feed(), inner.deps.clock.steady());
}

impl Counted {
    fn read(&mut self, feed: &Feed, steady: Duration) {
        while self.place < feed.end() {
            let page = feed.read(self.place, CHUNK);
            self.place = page.next;
            for event in &page.events {
                self.take(event, steady);
            }
        }
    }

    fn take(&mut self, event: &FeedEvent, steady: Duration) {
        if self.of.len() >= MAX_SERVICES && !self.of.contains_key(&event.service) {
            let longest = self.of.iter().min_by_key(|(_, of)| of.moved).map(|(no, _)| *no);
            longest.and_then(|no| self.of.remove(&no));
        }
        let of = self.of.entry(event.service).or_default();
        of.moved = self.place;
        match (event.event, event.to) {
            ("created", _) => {
                of.accepted += 1;
                of.accepted_at = Some(event.at);
            }
            ("delivered", _) => of.ended.note(0, steady),
            ("failed" | "buried" | "undelivered", Status::Failed) => of.ended.note(1, steady),
            _ => {}
        }
    }
}

impl Handle {
    /// How services do, by the store's number: those of which something happened last.
    pub fn services(&self) -> HashMap<i64, ServiceFigures> {
        refresh(&self.inner);
        let steady = self.inner.deps.clock.steady();
        let mut all: HashMap<i64, ServiceFigures> = HashMap::new();
        for (no, of) in &self.inner.services.lock().of {
            let [delivered_24h, failed_24h] = of.ended.sum(steady);
            let last_accepted_at = of.accepted_at;
            let it =
                ServiceFigures { delivered_24h, failed_24h, last_accepted_at, ..ServiceFigures::default() };
            all.insert(*no, it);
        }
        let past = self.inner.history.lock();
        for (no, it) in &mut all {
            it.accepted_per_second = past.mean(Of::Service(*no), 0, 60);
            it.trend = past.means(Of::Service(*no), 0, 60, 15);
        }
        all
    }

    /// How long things took of services in the last five minutes, by the store's number: from due to the begin of the call,
    /// calls, from accepted to delivered. At most [`MAX_TIMED_SERVICES`](notify_proto::measured::MAX_TIMED_SERVICES).
    pub fn service_latencies(&self) -> HashMap<i64, [Quantiles; 3]> {
        self.inner.measures.lock().services.quantiles(minute(self.inner.deps.clock.steady()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use notify_proto::NotificationId;

    fn event(service: i64, event: &'static str, to: Status) -> FeedEvent {
        FeedEvent::new(Timestamp::default(), NotificationId::from_bytes([1; 16]), service, event, to)
    }

    #[test]
    fn what_happened_is_counted_once_and_for_a_day() {
        let feed = Feed::default();
        let mut all = Counted::default();
        feed.publish(&[
            event(1, "created", Status::Queued),
            event(1, "created", Status::Queued),
            event(2, "created", Status::Pending),
            event(1, "delivered", Status::Delivered),
            event(1, "confirmed", Status::Delivered),
            event(1, "failed", Status::Failed),
        ]);
        let at = |hours: u64| Duration::from_secs(hours * 3_600);
        all.read(&feed, at(100));
        all.read(&feed, at(100));
        feed.publish(&[event(1, "delivered", Status::Delivered)]);
        all.read(&feed, at(110));
        let one = &all.of[&1];
        let day = |of: &OfService, hours| of.ended.sum(at(hours));
        assert_eq!((one.accepted, day(one, 110), day(one, 123)), (2, [2, 1], [2, 1]));
        assert_eq!((day(one, 124), day(one, 134)), ([1, 0], [0, 0]));
        assert_eq!((all.of[&2].accepted, day(&all.of[&2], 110)), (1, [0, 0]));
    }

    #[test]
    fn of_many_services_those_are_known_of_which_something_happened_last() {
        let feed = Feed::default();
        let mut all = Counted::default();
        for no in 0..200 {
            feed.publish(&[event(no, "created", Status::Queued)]);
            all.read(&feed, Duration::ZERO);
        }
        assert_eq!(all.of.len(), MAX_SERVICES);
        assert!(all.of.contains_key(&199) && !all.of.contains_key(&0));
    }
}
