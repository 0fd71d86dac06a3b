//! Services, keys, providers, and what operators force on them.

use crate::directory::{HoldOn, Provider};
use notify_proto::{Channel, HoldKind, KeyId, ProviderId, ServiceId, Timestamp};
use notifyd_lifecycle::Secret;
use notifyd_lifecycle::key::KeyHash;
use serde_json::Value;
use std::time::Duration;

/// A new service.
#[derive(Debug, Clone)]
pub struct NewService {
    /// Its id.
    pub id: ServiceId,
    /// Its unique name.
    pub name: String,
    /// For people.
    pub description: Option<String>,
    /// Requests per second it may make.
    pub rate_per_second: Option<f64>,
}

/// What there is of a service, as far as its removal is about it. Large numbers are not counted to their end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Belongings {
    /// Notifications that have not come to their end, up to one more than [`Belongings::MANY_UNFINISHED`].
    pub unfinished: u64,
    /// Notifications in all, up to one more than [`Belongings::MANY`].
    pub notifications: u64,
}

impl Belongings {
    /// How many of what is under way are counted.
    pub const MANY_UNFINISHED: u64 = 10_000;
    /// How many notifications are counted.
    pub const MANY: u64 = 1_000_000;
}

/// A new key of a service.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// Its id.
    pub id: KeyId,
    /// The service it opens.
    pub service: ServiceId,
    /// What people tell it by.
    pub prefix: String,
    /// Its stored form.
    pub hash: KeyHash,
    /// For people.
    pub label: Option<String>,
    /// When it stops working.
    pub expires_at: Option<Timestamp>,
}

/// A new provider.
#[derive(Debug)]
pub struct NewProvider {
    /// Its id.
    pub id: ProviderId,
    /// Its unique name.
    pub name: String,
    /// Its type.
    pub kind: String,
    /// What it serves.
    pub channels: Vec<Channel>,
    /// Lower is tried first.
    pub priority: i32,
    /// Whether everything it touches is simulated.
    pub simulated: bool,
    /// Calls per second allowed.
    pub rate_per_second: Option<f64>,
    /// Calls at once after a pause.
    pub burst: Option<u32>,
    /// Calls under way at once.
    pub max_in_flight: u32,
    /// Settings without secrets.
    pub config: Value,
    /// The secret; sealed before it is written.
    pub secret: Option<Secret<String>>,
}

/// New values of a provider, checked as a whole.
#[derive(Debug)]
pub struct ProviderUpdate {
    /// Which.
    pub id: ProviderId,
    /// Its revision when it was looked at: with another one, somebody else changed it meanwhile.
    pub revision: i64,
    /// Its unique name.
    pub name: String,
    /// What it serves.
    pub channels: Vec<Channel>,
    /// Lower is tried first.
    pub priority: i32,
    /// Calls per second allowed.
    pub rate_per_second: Option<f64>,
    /// Calls at once after a pause.
    pub burst: Option<u32>,
    /// Calls under way at once.
    pub max_in_flight: u32,
    /// Settings without secrets.
    pub config: Value,
    /// Another secret; none keeps the one there is.
    pub secret: Option<Secret<String>>,
    /// Its name so far and what changes, for the audit log; without secrets.
    pub what: String,
}

impl ProviderUpdate {
    /// One that changes nothing yet.
    pub fn of(row: &Provider) -> Self {
        Self {
            id: row.id,
            revision: row.revision,
            name: row.name.clone(),
            channels: row.channels.clone(),
            priority: row.priority,
            rate_per_second: row.rate_per_second,
            burst: row.burst,
            max_in_flight: row.max_in_flight,
            config: row.config.clone(),
            secret: None,
            what: row.name.clone(),
        }
    }
}

/// What an operator wants to force.
#[derive(Debug, Clone)]
pub struct NewHold {
    /// On what.
    pub on: HoldOn,
    /// What.
    pub kind: HoldKind,
    /// Calls at once; for `limit` alone.
    pub limit: Option<u32>,
    /// How long it stands; none when somebody has to end it.
    pub lasts: Option<Duration>,
    /// Its word in the audit log.
    pub verb: &'static str,
}
