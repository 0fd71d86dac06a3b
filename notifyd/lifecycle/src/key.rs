//! API keys: `{service id, 32 hex}-{random, 32 hex}`, shown once, stored as a salted hash.

use crate::secret::Secret;
use hmac::{Hmac, Mac};
use notify_proto::ServiceId;
use sha2::{Digest, Sha256};
use std::collections::VecDeque;
use std::fmt::Write as _;
use std::time::Duration;
use subtle::ConstantTimeEq;
use uuid::Uuid;

/// The daemon's secret that keys the hashes: a stolen database alone does not let anybody test guesses.
#[derive(Debug, Clone)]
pub struct Pepper(Secret<[u8; 32]>);

impl Pepper {
    /// Derived from the master key, so that the same bytes never serve two purposes.
    pub fn derive(master: &Secret<[u8; 32]>) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"notifyd api key pepper v1");
        hash.update(master.expose());
        Self(Secret::new(hash.finalize().into()))
    }
}

/// A key's stored form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyHash {
    /// Random per key.
    pub salt: [u8; 16],
    /// HMAC-SHA256 over salt and key.
    pub hash: [u8; 32],
}

/// What tells a key from others by its stored hash, and says nothing of the key: twelve hexadecimal digits.
pub fn fingerprint(hash: &[u8; 32]) -> String {
    use std::fmt::Write as _;
    hash.iter().take(6).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl KeyHash {
    /// Hashes a key for storage.
    pub fn of(key: &str, salt: [u8; 16], pepper: &Pepper) -> Self {
        Self { salt, hash: mac(key, &salt, pepper) }
    }

    /// Whether this is the key, in constant time.
    pub fn matches(&self, key: &str, pepper: &Pepper) -> bool {
        mac(key, &self.salt, pepper).ct_eq(&self.hash).into()
    }
}

fn mac(key: &str, salt: &[u8; 16], pepper: &Pepper) -> [u8; 32] {
    // HMAC takes keys of any length, so there is no error to hand on; an all-zero tag would match nothing stored.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(pepper.0.expose()) else { return [0; 32] };
    mac.update(salt);
    mac.update(key.as_bytes());
    mac.finalize().into_bytes().into()
}

/// A fresh key and the prefix by which people tell it from others: the first eight characters of its random half.
pub fn mint(service: ServiceId, random: [u8; 16]) -> (Secret<String>, String) {
    let mut half = String::with_capacity(32);
    for byte in random {
        let _ = write!(half, "{byte:02x}");
    }
    let prefix = half[..8].to_owned();
    (Secret::new(format!("{}-{half}", service.as_uuid().simple())), prefix)
}

/// The service a key claims to open; `None` when it has not the form of a key.
pub fn claimed_service(key: &str) -> Option<ServiceId> {
    let (service, random) = key.split_once('-')?;
    let hex = |text: &str| text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
    if !hex(service) || !hex(random) {
        return None;
    }
    Uuid::parse_str(service).ok().map(ServiceId::from_uuid)
}

/// Failed attempts within [`WINDOW`] after which further ones are refused at once.
pub const MAX_FAILURES: usize = 20;

/// How long a failed attempt counts: two hours.
pub const WINDOW: Duration = Duration::from_secs(7_200);

/// Failed authentications of one service or one peer, by a clock that nobody sets. A right key is never looked at
/// through this, so a stranger cannot lock a service out.
#[derive(Debug, Clone, Default)]
pub struct Failures(VecDeque<Duration>);

impl Failures {
    /// Notes one. Answers when the lock ends, if there is one.
    pub fn note(&mut self, now: Duration) -> Option<Duration> {
        self.forget(now);
        if self.0.len() < MAX_FAILURES {
            self.0.push_back(now);
            return None;
        }
        self.locked_until(now)
    }

    /// When the lock ends; `None` when there is none.
    pub fn locked_until(&self, now: Duration) -> Option<Duration> {
        let count = self.count(now);
        let oldest = self.0.len().checked_sub(count).and_then(|index| self.0.get(index));
        oldest.filter(|_| count >= MAX_FAILURES).map(|at| *at + WINDOW)
    }

    /// Failures that still count.
    pub fn count(&self, now: Duration) -> usize {
        self.0.iter().filter(|at| **at + WINDOW > now).count()
    }

    /// The last that was noted.
    pub fn latest(&self) -> Option<Duration> {
        self.0.back().copied()
    }

    fn forget(&mut self, now: Duration) {
        while self.0.front().is_some_and(|at| *at + WINDOW <= now) {
            self.0.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pepper(byte: u8) -> Pepper {
        Pepper::derive(&Secret::new([byte; 32]))
    }

    #[test]
    fn a_key_names_its_service_and_only_it_opens() {
        let service = ServiceId::from_bytes([9; 16]);
        let (key, prefix) = mint(service, [0xab; 16]);
        assert_eq!(claimed_service(key.expose()), Some(service));
        assert_eq!(prefix, "abababab");
        let hash = KeyHash::of(key.expose(), [3; 16], &pepper(1));
        assert!(hash.matches(key.expose(), &pepper(1)));
        assert!(!hash.matches(key.expose(), &pepper(2)), "another daemon's secret");
        let (other, _) = mint(service, [0xac; 16]);
        assert!(!hash.matches(other.expose(), &pepper(1)));
    }

    #[test]
    fn what_is_no_key_claims_nothing() {
        for text in ["", "abc", "-", &"a".repeat(65), &format!("{}-{}", "g".repeat(32), "0".repeat(32))] {
            assert_eq!(claimed_service(text), None, "{text}");
        }
    }

    #[test]
    fn twenty_failures_lock_until_the_oldest_is_two_hours_old() {
        let start = Duration::from_secs(1);
        let mut failures = Failures::default();
        for n in 0..20 {
            assert_eq!(failures.note(start + Duration::from_secs(n)), None);
        }
        let later = start + Duration::from_secs(60);
        assert_eq!(failures.note(later), Some(start + WINDOW));
        assert_eq!(failures.locked_until(start + WINDOW), None);
        assert_eq!(failures.count(start + WINDOW), 19);
    }
}
