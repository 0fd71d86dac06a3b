//! What services asked for and got nothing new for: counted in memory, an hour at a time, for a day.

use notify_proto::ServiceId;
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Hours that are remembered.
const DAY: u64 = 24;

/// Why nothing new was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answered {
    /// An equal request was accepted before, and stands for this one too.
    Duplicate,
    /// It asked too often.
    Throttled,
}

/// So many of one service in one hour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AnsweredCounts {
    /// Equal to one that was accepted before.
    pub duplicates: u64,
    /// Refused because it asked too often.
    pub throttled: u64,
}

/// The hours of each service, by their number since the clock began, the oldest first.
#[derive(Default)]
pub struct Book(Mutex<HashMap<ServiceId, VecDeque<(u64, AnsweredCounts)>>>);

impl Book {
    /// One more.
    pub fn note(&self, service: ServiceId, what: Answered, steady: Duration) {
        let hour = steady.as_secs() / 3_600;
        let mut book = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let hours = book.entry(service).or_default();
        while hours.pop_front_if(|(it, _)| *it + DAY <= hour).is_some() {}
        if hours.back().is_none_or(|(it, _)| *it != hour) {
            hours.push_back((hour, AnsweredCounts::default()));
        }
        if let Some((_, counts)) = hours.back_mut() {
            match what {
                Answered::Duplicate => counts.duplicates += 1,
                Answered::Throttled => counts.throttled += 1,
            }
        }
    }

    /// Those of the last day.
    pub fn day(&self, service: ServiceId, steady: Duration) -> AnsweredCounts {
        let hour = steady.as_secs() / 3_600;
        let book = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = book.get(&service).into_iter().flatten().filter(|(it, _)| *it + DAY > hour);
        recent.fold(AnsweredCounts::default(), |sum, (_, it)| AnsweredCounts {
            duplicates: sum.duplicates + it.duplicates,
            throttled: sum.throttled + it.throttled,
        })
    }

    /// Forgets a service.
    pub fn forget(&self, service: ServiceId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&service);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_answered_counts_for_a_day() {
        let (book, acme, other) =
            (Book::default(), ServiceId::from_bytes([1; 16]), ServiceId::from_bytes([2; 16]));
        let at = |hours: u64| Duration::from_secs(hours * 3_600);
        book.note(acme, Answered::Duplicate, at(1));
        book.note(acme, Answered::Throttled, at(1));
        book.note(acme, Answered::Throttled, at(20));
        let both = AnsweredCounts { duplicates: 1, throttled: 2 };
        assert_eq!(book.day(acme, at(24)), both);
        assert_eq!(book.day(acme, at(25)), AnsweredCounts { duplicates: 0, throttled: 1 });
        assert_eq!(book.day(other, at(1)), AnsweredCounts::default());
        book.note(acme, Answered::Duplicate, at(60));
        assert_eq!(book.0.lock().unwrap()[&acme].len(), 1, "what has passed is not kept");
        book.forget(acme);
        assert_eq!(book.day(acme, at(60)), AnsweredCounts::default());
    }
}
