//! How tries end that follow a failed one, told apart by what that one failed with, through whom, on which channel and
//! whose it is: of the last hour, in memory, bounded. A retry whose failed try nobody remembers any more counts nowhere. What
//! died before this run is counted as far as [`before`](crate::before) finds it.

use chrono::TimeDelta;
use notify_proto::measured::Tries;
use notify_proto::{Channel, FailureReason, ProviderId, Status, Timestamp};
use notifyd_lifecycle::fault;
use notifyd_store::api::Died;
use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What is told apart at once; what was counted longest ago makes room.
const MAX_KEYS: usize = 512;

/// Failed tries that are remembered, each in a place of its own that a later one may take.
const MAX_FAILED: i64 = 16_384;

/// Minutes of a bucket, and buckets of an hour.
const BUCKET: u64 = 5;
const BUCKETS: u64 = 12;

/// What tries have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Common {
    /// The error, as [`fault::template`] has it; see [`Common::error`].
    Error(u64),
    /// The provider.
    Provider(ProviderId),
    /// The service, by the store's number.
    Service(i64),
    /// The channel.
    Channel(Channel),
}

impl Common {
    /// By the error without what differs from one to the next.
    pub fn error(template: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        template.hash(&mut hasher);
        Self::Error(hasher.finish())
    }
}

/// A try that ended.
pub(crate) struct Ended<'a> {
    /// Whose notification's, by the store's number, and whose that is.
    pub seq: i64,
    pub service: i64,
    /// Retries that were spent when it began.
    pub retries: u32,
    /// What it led to.
    pub to: Status,
    /// Through whom, on which channel, and what went wrong, when somebody was called.
    pub call: Option<(ProviderId, Channel, Option<&'a str>)>,
    /// When.
    pub at: Timestamp,
}

/// Of the last hour.
#[derive(Default)]
struct Hour {
    /// The oldest first, each with the number of its bucket.
    counted: VecDeque<(u64, Tries)>,
    /// Since when tries have failed with no hour between two, and when the last one did.
    failing: Option<(Timestamp, Timestamp)>,
}

/// What is known of tries.
#[derive(Default)]
pub(crate) struct Counted {
    hours: HashMap<Common, Hour>,
    /// What a failed try had in common with others, by the place of its notification's number.
    failed: HashMap<i64, (i64, [Common; 3])>,
}

/// The same, shared.
#[derive(Default)]
pub(crate) struct Tallies(Mutex<Counted>);

impl Tallies {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Counted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counted {
    /// Takes the end of a try, in this minute.
    pub(crate) fn ended(&mut self, minute: u64, it: &Ended<'_>) {
        if !matches!(it.to, Status::Delivered | Status::Retrying | Status::Failed) {
            return;
        }
        let place = it.seq % MAX_FAILED;
        let before = self.failed.get(&place).filter(|(seq, _)| *seq == it.seq).map(|(_, all)| *all);
        let delivered = u64::from(it.to == Status::Delivered);
        let whose = Common::Service(it.service);
        let counts = match it.retries {
            1 => Tries { second: 1, second_delivered: delivered, ..Tries::default() },
            2 => Tries { third: 1, third_delivered: delivered, ..Tries::default() },
            _ => Tries::default(),
        };
        if let Some(before) = before.filter(|_| counts != Tries::default()) {
            for common in before.into_iter().chain([whose]) {
                self.add(minute, common, counts);
            }
        }
        let failed = it.call.filter(|_| it.to != Status::Delivered);
        let now = failed.map(|(provider, channel, error)| {
            let error = Common::error(&error.map(fault::template).unwrap_or_default());
            [error, Common::Provider(provider), Common::Channel(channel)]
        });
        if let Some(now) = now {
            for common in now.into_iter().chain([whose]) {
                self.failed_at(minute, common, it.at);
            }
        }
        if it.to == Status::Failed {
            for common in now.or(before).into_iter().flatten().chain([whose]) {
                self.add(minute, common, Tries { dead: 1, ..Tries::default() });
            }
        }
        match now {
            Some(now) if it.to == Status::Retrying => drop(self.failed.insert(place, (it.seq, now))),
            None if it.to == Status::Retrying => {}
            _ if before.is_some() => drop(self.failed.remove(&place)),
            _ => {}
        }
    }

    /// Takes one that died in this minute, before this run, if a try led to it.
    pub(crate) fn died_before(&mut self, minute: u64, it: &Died) {
        let of_a_try = match it.reason {
            Some(FailureReason::Buried | FailureReason::CrashLoop | FailureReason::Undelivered) => false,
            Some(FailureReason::Expired) => it.by.is_some(),
            _ => true,
        };
        if !of_a_try {
            return;
        }
        let by = it.by.map(|(provider, channel)| {
            [Common::error(&it.error), Common::Provider(provider), Common::Channel(channel)]
        });
        for common in by.into_iter().flatten().chain([Common::Service(it.service)]) {
            self.add(minute, common, Tries { dead: 1, ..Tries::default() });
        }
    }

    /// Of the last hour.
    pub(crate) fn of(&self, minute: u64, common: Common) -> Tries {
        let Some(hour) = self.hours.get(&common) else { return Tries::default() };
        let (failing_since, last_failed_at) = hour.failing.unzip();
        let mut sum = Tries { failing_since, last_failed_at, ..Tries::default() };
        for (bucket, tries) in &hour.counted {
            if bucket + BUCKETS > minute / BUCKET {
                add(&mut sum, tries);
            }
        }
        sum
    }

    /// A try failed at this moment, in this minute.
    fn failed_at(&mut self, minute: u64, common: Common, at: Timestamp) {
        self.add(minute, common, Tries::default());
        if let Some(hour) = self.hours.get_mut(&common) {
            let goes_on = |(_, last): &(Timestamp, Timestamp)| at - *last < TimeDelta::hours(1);
            let since = hour.failing.filter(goes_on).map_or(at, |(since, _)| since);
            hour.failing = Some((since, at));
        }
    }

    fn add(&mut self, minute: u64, common: Common, tries: Tries) {
        let bucket = minute / BUCKET;
        if self.hours.len() >= MAX_KEYS && !self.hours.contains_key(&common) {
            let newest = |hour: &Hour| hour.counted.back().map(|(bucket, _)| *bucket);
            let oldest =
                self.hours.iter().map(|(common, hour)| (newest(hour), *common)).min_by_key(|it| it.0);
            match oldest {
                // What is older than all that is known makes no room for itself.
                Some((at, _)) if at > Some(bucket) => return,
                oldest => oldest.and_then(|(_, common)| self.hours.remove(&common)),
            };
        }
        let hour = &mut self.hours.entry(common).or_default().counted;
        while hour.pop_front_if(|(it, _)| *it + BUCKETS <= bucket).is_some() {}
        // Mostly it is the last; what an earlier run left comes later than what is older than that.
        let place = hour.partition_point(|(it, _)| *it < bucket);
        match hour.get_mut(place) {
            Some((it, sum)) if *it == bucket => add(sum, &tries),
            _ => hour.insert(place, (bucket, tries)),
        }
    }
}

const fn add(sum: &mut Tries, more: &Tries) {
    sum.second += more.second;
    sum.second_delivered += more.second_delivered;
    sum.third += more.third;
    sum.third_delivered += more.third_delivered;
    sum.dead += more.dead;
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: ProviderId = ProviderId::from_bytes([1; 16]);
    const B: ProviderId = ProviderId::from_bytes([2; 16]);

    fn end(seq: i64, retries: u32, to: Status, by: ProviderId, error: Option<&str>) -> Ended<'_> {
        Ended {
            seq,
            service: 7,
            retries,
            to,
            call: Some((by, Channel::Sms, error)),
            at: Timestamp::UNIX_EPOCH,
        }
    }

    /// What is counted of the last hour.
    fn counted(all: &Counted, minute: u64, common: Common) -> Tries {
        Tries { failing_since: None, last_failed_at: None, ..all.of(minute, common) }
    }

    #[test]
    fn a_fault_lasts_from_its_first_try_to_its_last_one() {
        let mut all = Counted::default();
        let at = |minute: i64| Timestamp::UNIX_EPOCH + TimeDelta::minutes(minute);
        let seen = |all: &Counted, common| {
            let tries = all.of(200, common);
            tries.failing_since.zip(tries.last_failed_at)
        };
        let refused = Common::error("refused");
        for (seq, minute) in [(1, 0), (2, 59), (3, 118)] {
            let end = Ended { at: at(minute), ..end(seq, 0, Status::Retrying, A, Some("refused")) };
            all.ended(minute.unsigned_abs(), &end);
        }
        for common in [refused, Common::Provider(A), Common::Channel(Channel::Sms), Common::Service(7)] {
            assert_eq!(seen(&all, common), Some((at(0), at(118))));
        }
        all.ended(120, &Ended { at: at(120), ..end(3, 1, Status::Delivered, A, None) });
        assert_eq!(seen(&all, refused), Some((at(0), at(118))), "what is delivered is no fault");
        all.ended(178, &Ended { at: at(178), ..end(4, 0, Status::Failed, A, Some("refused")) });
        assert_eq!(seen(&all, refused), Some((at(178), at(178))), "it began anew after an hour without one");
        assert_eq!(seen(&all, Common::Provider(B)), None);
    }

    #[test]
    fn a_try_counts_for_what_the_one_before_it_failed_with() {
        let mut all = Counted::default();
        let slow = Some("timeout after 10 s");
        for seq in 1..=4 {
            all.ended(3, &end(seq, 0, Status::Retrying, A, slow));
            let to = if seq == 4 { Status::Retrying } else { Status::Delivered };
            all.ended(4, &end(seq, 1, to, B, Some("refused").filter(|_| seq == 4)));
        }
        all.ended(5, &end(4, 2, Status::Failed, B, Some("refused")));
        // Nobody knows what this one failed with.
        all.ended(5, &end(9, 1, Status::Delivered, B, None));
        // A failover within a try is none.
        all.ended(5, &end(4, 1, Status::Queued, B, Some("refused")));
        let second = Tries { second: 4, second_delivered: 3, ..Tries::default() };
        let timeout = Common::error("timeout after <n> s");
        assert_eq!((counted(&all, 5, timeout), counted(&all, 5, Common::Provider(A))), (second, second));
        let third = Tries { third: 1, dead: 1, ..Tries::default() };
        assert_eq!(
            (counted(&all, 5, Common::error("refused")), counted(&all, 5, Common::Provider(B))),
            (third, third)
        );
        let both = Tries { third: 1, dead: 1, ..second };
        assert_eq!(
            (counted(&all, 5, Common::Service(7)), counted(&all, 5, Common::Channel(Channel::Sms))),
            (both, both)
        );
        assert_eq!(second.shares(), [Some(0.75), None]);
        assert!(all.failed.is_empty(), "what has ended is not remembered");
        assert_eq!(counted(&all, 70, timeout), Tries::default(), "an hour later it counts no more");
    }

    #[test]
    fn who_was_not_called_dies_of_what_was_wrong_before() {
        let mut all = Counted::default();
        all.ended(1, &end(1, 0, Status::Retrying, A, Some("refused")));
        all.ended(2, &Ended { call: None, ..end(1, 1, Status::Failed, A, None) });
        let tries = counted(&all, 2, Common::error("refused"));
        assert_eq!(tries, Tries { second: 1, dead: 1, ..Tries::default() });
    }

    #[test]
    fn what_died_before_this_run_counts_until_its_hour_is_over() {
        let mut all = Counted::default();
        let died = Died {
            at: notify_proto::Timestamp::UNIX_EPOCH,
            service: 7,
            by: Some((A, Channel::Sms)),
            reason: Some(FailureReason::Exhausted),
            error: "refused".into(),
        };
        all.ended(60, &end(1, 0, Status::Failed, A, Some("refused")));
        // It comes in after what is newer.
        all.died_before(59, &died);
        all.died_before(21, &died);
        let expired = Died { reason: Some(FailureReason::Expired), ..died.clone() };
        all.died_before(21, &expired);
        for reason in [FailureReason::Buried, FailureReason::CrashLoop, FailureReason::Undelivered] {
            all.died_before(21, &Died { reason: Some(reason), ..died.clone() });
        }
        all.died_before(21, &Died { by: None, ..expired });
        all.died_before(21, &Died { by: None, ..died });
        let refused = Common::error("refused");
        for common in [refused, Common::Provider(A), Common::Channel(Channel::Sms)] {
            assert_eq!([60, 79, 80, 115, 120].map(|minute| all.of(minute, common).dead), [4, 4, 2, 1, 0]);
        }
        assert_eq!(counted(&all, 60, Common::Service(7)).dead, 5, "who was never called is still somebody's");
    }

    #[test]
    fn what_died_before_makes_no_room_for_itself() {
        let mut all = Counted::default();
        for seq in 0..600_i64 {
            all.ended(60, &Ended { service: seq, ..end(seq, 0, Status::Failed, A, None) });
        }
        assert_eq!(all.hours.len(), MAX_KEYS);
        let known: Vec<_> = all.hours.keys().copied().collect();
        let at = notify_proto::Timestamp::UNIX_EPOCH;
        all.died_before(30, &Died { at, service: 1_000, by: None, reason: None, error: String::new() });
        assert!(known.iter().all(|common| all.hours.contains_key(common)));
    }

    #[test]
    fn memory_has_a_bound() {
        let mut all = Counted::default();
        for seq in 0..40_000_i64 {
            let error = format!("error {}", "x".repeat(usize::try_from(seq % 2_000).unwrap()));
            let minute = u64::try_from(seq).unwrap() / 100;
            all.ended(minute, &end(seq, 0, Status::Failed, A, Some(&error)));
            all.ended(minute, &end(seq, 0, Status::Retrying, A, Some(&error)));
        }
        assert!(all.hours.len() <= MAX_KEYS && all.failed.len() <= 16_384);
        assert!(all.hours.values().all(|hour| hour.counted.len() <= 12));
        assert!(all.of(399, Common::Provider(A)).dead > 5_000, "what is used stays");
    }
}
