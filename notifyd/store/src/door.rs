//! Which key opens which service, and who knocks too often.
//!
//! A right key always passes, whoever failed before, so a stranger cannot lock a service out. Failures are kept in
//! memory only: a flood of wrong keys writes nothing.
//!
//! Each failure counts against the id that was named, whether there is such a service or not, and against the peer,
//! whatever it named. Were either different for services that exist, a lock would tell which ones do.

use crate::answered::{Answered, AnsweredCounts, Book};
use crate::desk::Shared;
use crate::directory::{Directory, Service};
use crate::feed::Remark;
use notify_proto::{KeyId, ObjectKind, ServiceId, Severity, Timestamp};
use notifyd_lifecycle::key::{Failures, KeyHash, Pepper, mint};
use notifyd_lifecycle::{Clock, Entropy, Household, Secret};
use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The answer to a key.
#[derive(Debug, Clone)]
pub enum Entry {
    /// It opens this service.
    Open(Arc<Service>),
    /// It is the right key of a service that is switched off.
    Inactive,
    /// Unknown service or wrong key: the same answer for both.
    Wrong,
    /// Wrong, and there were too many; further failures are refused until then.
    Locked(Timestamp),
}

/// Services and peers whose failures are remembered, at most this many of each.
const MAX_REMEMBERED: usize = 20_000;

/// The door.
pub struct Door {
    pepper: Pepper,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    shared: Arc<Shared>,
    failed: Mutex<Failed>,
    used: Mutex<HashMap<KeyId, Timestamp>>,
    answered: Book,
}

/// Who failed.
#[derive(Default)]
struct Failed {
    services: HashMap<ServiceId, Failures>,
    peers: HashMap<Household, Failures>,
}

impl Door {
    /// A door whose hashes are keyed with `pepper`. Locks are told to those who watch.
    pub fn new(
        pepper: Pepper,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        shared: Arc<Shared>,
    ) -> Self {
        Self {
            pepper,
            clock,
            entropy,
            shared,
            failed: Mutex::default(),
            used: Mutex::default(),
            answered: Book::default(),
        }
    }

    /// Tries a key. `service` is the one that the caller at `peer` says it is, if it names one at all.
    pub fn knock(
        &self,
        directory: &Directory,
        service: Option<ServiceId>,
        key: &str,
        peer: IpAddr,
        now: Timestamp,
    ) -> Entry {
        let peer = Household::of(peer);
        let Some(known) = service.and_then(|id| directory.service(id)) else {
            // The work of a comparison, so that the time does not tell whether the service exists.
            let _ = KeyHash::of(key, [0; 16], &self.pepper);
            return self.note_failure(service, peer, now);
        };
        let right = known
            .keys
            .iter()
            .find(|candidate| candidate.valid(now) && candidate.hash.matches(key, &self.pepper));
        if let Some(key) = right {
            self.note_use(known.id, key.id, peer, now);
            return if known.active { Entry::Open(Arc::clone(known)) } else { Entry::Inactive };
        }
        let answer = self.note_failure(service, peer, now);
        // Of a service that is locked only the failure that did it is answered so.
        if matches!(answer, Entry::Wrong) && self.failures(known.id, now).1.is_some() {
            self.tell_locked(known, now);
        }
        answer
    }

    fn tell_locked(&self, service: &Service, now: Timestamp) {
        self.shared.feed.remark([Remark {
            at: now,
            event: "service_locked",
            severity: Severity::Warning,
            object: ObjectKind::Service,
            id: service.name.clone(),
            actor: None,
            detail: Some("too many wrong keys; a right one still opens it".to_owned()),
        }]);
    }

    fn note_use(&self, service: ServiceId, key: KeyId, peer: Household, now: Timestamp) {
        let mut failed = lock(&self.failed);
        // Both are almost always empty, and looking something up in an empty map costs nothing.
        failed.services.remove(&service);
        failed.peers.remove(&peer);
        drop(failed);
        let mut used = lock(&self.used);
        let last = used.entry(key).or_insert(now);
        if (now - *last).num_seconds() >= 1 {
            *last = now;
        }
    }

    fn note_failure(&self, service: Option<ServiceId>, peer: Household, now: Timestamp) -> Entry {
        let steady = self.clock.steady();
        let mut failed = lock(&self.failed);
        let by_service = service.and_then(|id| failed.services.get(&id)?.locked_until(steady));
        let by_peer = failed.peers.get(&peer).and_then(|failures| failures.locked_until(steady));
        if let Some(until) = by_service.max(by_peer) {
            return Entry::Locked(now + until.saturating_sub(steady));
        }
        if let Some(id) = service {
            note(&mut failed.services, id, steady);
        }
        note(&mut failed.peers, peer, steady);
        Entry::Wrong
    }

    /// Failures of a service within the last two hours, and until when it is locked.
    pub fn failures(&self, service: ServiceId, now: Timestamp) -> (usize, Option<Timestamp>) {
        let steady = self.clock.steady();
        lock(&self.failed).services.get(&service).map_or((0, None), |it| {
            (it.count(steady), it.locked_until(steady).map(|until| now + until.saturating_sub(steady)))
        })
    }

    /// Forgets the failures of a service.
    pub fn unlock(&self, service: ServiceId) {
        lock(&self.failed).services.remove(&service);
    }

    /// A service was answered, and nothing new was accepted.
    pub fn note(&self, service: ServiceId, what: Answered) {
        self.answered.note(service, what, self.clock.steady());
    }

    /// How often that was so within the last 24 hours, since the daemon started.
    pub fn answered(&self, service: ServiceId) -> AnsweredCounts {
        self.answered.day(service, self.clock.steady())
    }

    /// Forgets all that is known of a service, which was removed.
    pub fn forget(&self, service: ServiceId) {
        self.unlock(service);
        self.answered.forget(service);
    }

    /// Keys used since the last call, for the log.
    pub fn take_used(&self) -> HashMap<KeyId, Timestamp> {
        std::mem::take(&mut *lock(&self.used))
    }

    /// A fresh key of a service: the key itself, the prefix people tell it by, and its stored form.
    pub fn mint(&self, service: ServiceId) -> (Secret<String>, String, KeyHash) {
        let mut random = [0; 16];
        let mut salt = [0; 16];
        self.entropy.fill(&mut random);
        self.entropy.fill(&mut salt);
        let (key, prefix) = mint(service, random);
        let hash = KeyHash::of(key.expose(), salt, &self.pepper);
        (key, prefix, hash)
    }

    /// Ten random bytes, as ids need them.
    pub fn random_id_bytes(&self) -> [u8; 10] {
        let mut bytes = [0; 10];
        self.entropy.fill(&mut bytes);
        bytes
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Notes a failure. When too many are remembered, those that no longer count go first; then a quarter of the rest, the
/// longest silent before others and the locked last, so that nobody clears a lock by failing under many names.
fn note<K: Eq + Hash + Copy>(all: &mut HashMap<K, Failures>, who: K, now: Duration) {
    if all.len() >= MAX_REMEMBERED && !all.contains_key(&who) {
        all.retain(|_, failures| failures.count(now) > 0);
        if all.len() >= MAX_REMEMBERED {
            let rank = |failures: &Failures| (failures.locked_until(now).is_some(), failures.latest());
            let mut ranked: Vec<_> = all.iter().map(|(who, failures)| (rank(failures), *who)).collect();
            let (gone, _, _) = ranked.select_nth_unstable_by_key(MAX_REMEMBERED / 4, |(rank, _)| *rank);
            for (_, who) in gone {
                all.remove(who);
            }
        }
    }
    all.entry(who).or_default().note(now);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_bounded_and_a_lock_outlasts_a_crowd() {
        let mut all = HashMap::new();
        let start = Duration::ZERO;
        for _ in 0..20 {
            note(&mut all, 0, start);
        }
        for who in 1..=3 * MAX_REMEMBERED {
            let later = start + Duration::from_millis(who as u64);
            note(&mut all, who, later);
            assert!(all.len() <= MAX_REMEMBERED);
        }
        assert!(all[&0].locked_until(start + Duration::from_mins(2)).is_some());
        assert!(!all.contains_key(&1), "the longest silent went");
        assert!(all.contains_key(&(3 * MAX_REMEMBERED)));
        note(&mut all, 0, start + Duration::from_hours(3));
        assert_eq!(all[&0].count(start + Duration::from_hours(3)), 1);
    }
}
