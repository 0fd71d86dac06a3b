//! How long things took of each service: of at most [`MAX_TIMED_SERVICES`] at once.
//!
//! Their histograms have steps of 6 in 100 and are a seventh as large as the others: 2.2 KB at most, whatever comes. So a
//! service takes up to 48 KB (three quantities, each of six minutes and of all of them), and all of them 3.1 MB. Nothing is
//! allocated for a call but where a service or its minute begins, or what took longer than anything before makes room.

use crate::sliding::{Quantiles, Sliding};
use notify_proto::measured::MAX_TIMED_SERVICES;
use std::collections::HashMap;
use std::time::Duration;

/// How long things took of one.
#[derive(Default)]
struct OfService {
    wait: Sliding<1>,
    call: Sliding<1>,
    deliver: Sliding<1>,
    /// When something was measured last.
    last: u64,
}

/// Of those that have a place.
#[derive(Default)]
pub(crate) struct Timed {
    of: HashMap<i64, OfService>,
    /// The last minute in which no place was free.
    full: Option<u64>,
}

impl Timed {
    /// A call was answered.
    pub(crate) fn called(&mut self, service: i64, minute: u64, waited: Duration, elapsed: Duration) {
        if let Some(of) = self.place(service, minute) {
            of.wait.record(minute, waited);
            of.call.record(minute, elapsed);
        }
    }

    /// A notification was delivered so long after it was accepted.
    pub(crate) fn delivered(&mut self, service: i64, minute: u64, after: Duration) {
        if let Some(of) = self.place(service, minute) {
            of.deliver.record(minute, after);
        }
    }

    /// The place of a service. Of more than have one, a newcomer gets that of whoever was measured longest ago, but only if
    /// that was not in this minute or the one before: so many take turns that none of them would be told rightly otherwise.
    fn place(&mut self, service: i64, minute: u64) -> Option<&mut OfService> {
        if self.of.len() >= MAX_TIMED_SERVICES && !self.of.contains_key(&service) {
            // It is looked for once a minute, however many come.
            if self.full == Some(minute) {
                return None;
            }
            let longest = self.of.iter().min_by_key(|(_, of)| of.last);
            let Some(idle) = longest.filter(|(_, of)| of.last + 1 < minute).map(|(no, _)| *no) else {
                self.full = Some(minute);
                return None;
            };
            self.of.remove(&idle);
        }
        let of = self.of.entry(service).or_default();
        of.last = minute;
        Some(of)
    }

    /// Keeps nothing of services that are no more.
    pub(crate) fn retain(&mut self, is_there: impl Fn(i64) -> bool) {
        self.of.retain(|no, _| is_there(*no));
    }

    /// Of each of which something was measured: waits, calls, from accepted to delivered.
    pub(crate) fn quantiles(&mut self, minute: u64) -> HashMap<i64, [Quantiles; 3]> {
        let of = |(no, it): (&i64, &mut OfService)| {
            (*no, [&mut it.wait, &mut it.call, &mut it.deliver].map(|it| it.quantiles(minute)))
        };
        let measured = |(_, all): &(i64, [Quantiles; 3])| all.iter().any(|it| it.count > 0);
        self.of.iter_mut().map(of).filter(measured).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);
    const MOST: i64 = 64;

    fn timed(services: std::ops::Range<i64>, minute: u64) -> Timed {
        let mut all = Timed::default();
        for no in services {
            all.called(no, minute, MS, 2 * MS);
        }
        all
    }

    #[test]
    fn each_service_is_timed_for_itself_while_it_is_used() {
        let mut all = timed(1..3, 7);
        all.called(1, 8, 5 * MS, 900 * MS);
        all.delivered(1, 8, 2_000 * MS);
        let found = all.quantiles(8);
        let counts = |no| found[&no].map(|it| it.count);
        assert_eq!((counts(1), counts(2)), ([2, 2, 1], [1, 1, 0]));
        let [wait, call, deliver] = found[&1].map(|it| it.ms.unwrap()[3]);
        for (found, took) in [(wait, 5.0), (call, 900.0), (deliver, 2_000.0)] {
            assert!((took * 0.94..took * 1.07).contains(&found), "{found}, not {took}");
        }
        assert_eq!(
            all.quantiles(13).keys().collect::<Vec<_>>(),
            [&1],
            "what is five minutes old counts no more"
        );
        all.retain(|no| no != 1);
        assert!(all.quantiles(8).is_empty());
    }

    #[test]
    fn a_place_is_given_up_by_whoever_was_measured_longest_ago() {
        let mut all = timed(0..MOST, 7);
        all.called(1_000, 8, MS, MS);
        assert!(!all.of.contains_key(&1_000), "they were all measured a minute ago");
        for no in 1..MOST {
            all.called(no, 8, MS, MS);
        }
        all.called(1_000, 9, MS, MS);
        all.called(1_001, 9, MS, MS);
        assert_eq!(all.of.len(), 64);
        assert_eq!([0, 1, 1_000, 1_001].map(|no| all.of.contains_key(&no)), [false, true, true, false]);
        assert_eq!((all.quantiles(9)[&1][0].count, all.full), (2, Some(9)), "who has a place keeps it");
    }

    #[test]
    fn its_size_has_a_bound() {
        let day = Duration::from_hours(24);
        let mut all = Timed::default();
        for (no, minute) in (0..2 * MOST).flat_map(|no| (10..20).map(move |minute| (no, minute))) {
            all.called(no, minute, day, day);
            all.delivered(no, minute, day);
        }
        let bytes: usize = all
            .of
            .values()
            .map(|of| of.wait.bytes() + of.call.bytes() + of.deliver.bytes() + size_of::<OfService>())
            .sum();
        assert!((2_900_000..3_150_000).contains(&bytes), "{bytes}");
    }
}
