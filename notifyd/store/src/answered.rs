//! What services asked for and got nothing new for: counted in memory, an hour at a time, for a day.

use notify_proto::ServiceId;
use notifyd_lifecycle::Day;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Why nothing new was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answered {
    /// An equal request was accepted before, and stands for this one too.
    Duplicate,
    /// It asked too often.
    Throttled,
}

/// So many of one service.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AnsweredCounts {
    /// Equal to one that was accepted before.
    pub duplicates: u64,
    /// Refused because it asked too often.
    pub throttled: u64,
}

/// Those of the last day of each service.
#[derive(Default)]
pub struct Book(Mutex<HashMap<ServiceId, Day<2>>>);

impl Book {
    /// One more.
    pub fn note(&self, service: ServiceId, what: Answered, steady: Duration) {
        let mut book = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        book.entry(service).or_default().note(what as usize, steady);
    }

    /// Those of the last day.
    pub fn day(&self, service: ServiceId, steady: Duration) -> AnsweredCounts {
        let book = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let [duplicates, throttled] = book.get(&service).map(|day| day.sum(steady)).unwrap_or_default();
        AnsweredCounts { duplicates, throttled }
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
    fn each_service_has_its_own_day() {
        let (book, acme, other) =
            (Book::default(), ServiceId::from_bytes([1; 16]), ServiceId::from_bytes([2; 16]));
        let at = |hours: u64| Duration::from_secs(hours * 3_600);
        book.note(acme, Answered::Duplicate, at(1));
        book.note(acme, Answered::Throttled, at(1));
        book.note(acme, Answered::Throttled, at(20));
        assert_eq!(book.day(acme, at(24)), AnsweredCounts { duplicates: 1, throttled: 2 });
        assert_eq!(book.day(acme, at(25)), AnsweredCounts { duplicates: 0, throttled: 1 });
        assert_eq!(book.day(other, at(1)), AnsweredCounts::default());
        book.forget(acme);
        assert_eq!(book.day(acme, at(25)), AnsweredCounts::default());
    }
}
