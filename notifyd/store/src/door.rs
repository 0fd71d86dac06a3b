//! Which key opens which service, and who knocks too often.
//!
//! A right key always passes, whoever failed before, so a stranger cannot lock a service out. Failures are kept in
//! memory only: a flood of wrong keys writes nothing.

use crate::directory::{Directory, Service};
use notify_proto::{KeyId, ServiceId, Timestamp};
use notifyd_lifecycle::key::{Failures, KeyHash, Pepper, mint};
use notifyd_lifecycle::{Clock, Entropy, Secret};
use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

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

/// Services and peers whose failures are remembered, at most; the least recently used half is forgotten beyond.
const MAX_REMEMBERED: usize = 20_000;

/// The door.
pub struct Door {
    pepper: Pepper,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    services: Mutex<HashMap<ServiceId, Failures>>,
    peers: Mutex<HashMap<IpAddr, Failures>>,
    used: Mutex<HashMap<KeyId, Timestamp>>,
}

impl Door {
    /// A door whose hashes are keyed with `pepper`.
    pub fn new(pepper: Pepper, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self {
            pepper,
            clock,
            entropy,
            services: Mutex::default(),
            peers: Mutex::default(),
            used: Mutex::default(),
        }
    }

    /// Tries a key. `peer` counts failures of services that do not exist.
    pub fn knock(
        &self,
        directory: &Directory,
        service: Option<ServiceId>,
        key: &str,
        peer: IpAddr,
        now: Timestamp,
    ) -> Entry {
        let service = service.and_then(|id| directory.service(id));
        let right = service.and_then(|service| {
            service
                .keys
                .iter()
                .find(|candidate| candidate.valid(now) && candidate.hash.matches(key, &self.pepper))
        });
        match (service, right) {
            (Some(service), Some(key)) => {
                self.note_use(service.id, key.id, now);
                if service.active { Entry::Open(Arc::clone(service)) } else { Entry::Inactive }
            }
            (Some(service), None) => self.failed(&self.services, service.id, now),
            (None, _) => {
                // The work of a comparison, so that the time does not tell whether the service exists.
                let _ = KeyHash::of(key, [0; 16], &self.pepper);
                self.failed(&self.peers, peer, now)
            }
        }
    }

    fn failed<K: Eq + Hash>(&self, all: &Mutex<HashMap<K, Failures>>, who: K, now: Timestamp) -> Entry {
        let steady = self.clock.steady();
        let mut all = lock(all);
        if all.len() >= MAX_REMEMBERED {
            all.retain(|_, failures| failures.locked_until(steady).is_some());
            if all.len() >= MAX_REMEMBERED {
                all.clear();
            }
        }
        let locked = all.entry(who).or_default().note(steady);
        locked.map_or(Entry::Wrong, |until| Entry::Locked(now + until.saturating_sub(steady)))
    }

    fn note_use(&self, service: ServiceId, key: KeyId, now: Timestamp) {
        let mut services = lock(&self.services);
        if !services.is_empty() {
            services.remove(&service);
        }
        drop(services);
        let mut used = lock(&self.used);
        let last = used.entry(key).or_insert(now);
        if (now - *last).num_seconds() >= 1 {
            *last = now;
        }
    }

    /// Failures of a service within the last two hours, and until when it is locked.
    pub fn failures(&self, service: ServiceId, now: Timestamp) -> (usize, Option<Timestamp>) {
        let steady = self.clock.steady();
        lock(&self.services).get(&service).map_or((0, None), |it| {
            (it.count(steady), it.locked_until(steady).map(|until| now + until.saturating_sub(steady)))
        })
    }

    /// Forgets the failures of a service.
    pub fn unlock(&self, service: ServiceId) {
        lock(&self.services).remove(&service);
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
