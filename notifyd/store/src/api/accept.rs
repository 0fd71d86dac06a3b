//! Accepting.

use super::Audit;
use notify_proto::{Channel, NotificationId, Status, Timestamp};
use notifyd_lifecycle::admission::Draft;
use sha2::{Digest as _, Sha256};

/// A draft to be accepted.
#[derive(Debug)]
pub struct NewNotification {
    /// Its id.
    pub id: NotificationId,
    /// The store's number of its service.
    pub service: i64,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// The checked request.
    pub draft: Draft,
    /// The caller's idempotency key, if any.
    pub idempotency: Option<Idempotency>,
    /// Name of the provider that would be chosen now; repeated when the answer is replayed.
    pub provider_name: Option<String>,
    /// The operator who asks for it, for the audit log; none when an application does.
    pub asked_by: Option<Audit>,
}

/// An idempotency key and what it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotency {
    /// 1 to 255 characters, chosen by the caller.
    pub key: String,
    /// SHA-256 of path and body: the same key with another request is refused.
    pub request: [u8; 32],
}

impl Idempotency {
    /// This key for a request of this kind with this body.
    pub fn of(key: &str, subject: &str, body: &[u8]) -> Self {
        let mut hash = Sha256::new();
        hash.update((subject.len() as u64).to_le_bytes());
        hash.update(subject);
        hash.update(body);
        Self { key: key.to_owned(), request: hash.finalize().into() }
    }
}

/// What became of an acceptance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accepted {
    /// It is on disk.
    Fresh(Receipt),
    /// An equal one within the window answers instead.
    Duplicate(Receipt),
    /// The idempotency key was used with this request before: this was the answer.
    Replayed {
        /// The stored answer.
        receipt: Receipt,
        /// Whether that answer was a duplicate's.
        duplicate: bool,
    },
    /// The idempotency key was used with another request.
    KeyReused,
}

/// What the answer to an acceptance is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The notification.
    pub id: NotificationId,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// Its status then (for a duplicate: now).
    pub status: Status,
    /// Its first channel.
    pub channel: Channel,
    /// The provider that would be chosen.
    pub provider_name: Option<String>,
}
