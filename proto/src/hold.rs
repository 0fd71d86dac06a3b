//! What operators force by hand: holds on the queue in front of a provider, each with its reason and its end.

use crate::view::{write_opt_time, write_time};
use crate::{HoldKind, Open, ProviderId, Timestamp};
use serde::{Deserialize, Serialize};

/// A hold that is wanted. A provider has at most one of each kind: a new one replaces the old.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldRequest {
    /// The provider, by name or id.
    pub provider: String,
    /// What is forced on it.
    pub kind: HoldKind,
    /// Calls at once, 1 to one below its own limit; for `limit` alone.
    #[serde(default)]
    pub limit: Option<u32>,
    /// After how many milliseconds it ends by itself; null when somebody has to end it.
    #[serde(default)]
    pub for_ms: Option<u64>,
}

/// A hold as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldView {
    /// Its id, such as `hold_3`; never given twice.
    pub id: String,
    /// The provider it is on.
    pub provider_id: ProviderId,
    /// That provider's name.
    pub provider_name: String,
    /// What is forced on it.
    pub kind: Open<HoldKind>,
    /// Calls at once; for `limit` alone.
    pub limit: Option<u32>,
    /// Why, in the operator's words.
    pub reason: Option<String>,
    /// Who made it.
    pub actor: String,
    /// When it was made.
    #[serde(serialize_with = "write_time")]
    pub made_at: Timestamp,
    /// When it ends by itself; null when somebody has to end it.
    #[serde(serialize_with = "write_opt_time")]
    pub until: Option<Timestamp>,
}

/// The queue in front of one provider.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QueueView {
    /// Its name: the provider's.
    pub name: String,
    /// The provider's id.
    pub provider_id: ProviderId,
    /// `running`, `limited`, `throttled` (the provider asked to be left alone), `circuit_half_open`, `circuit_open`, `draining`, `paused` or `disabled`.
    pub state: String,
    /// Queued notifications in memory that go to this provider next, also those held until it opens.
    pub waiting: u64,
    /// Queued notifications that are on disk alone and would go to this provider first now: an estimate, as each gets
    /// its provider only when it is read.
    #[serde(default)]
    pub on_disk: u64,
    /// Calls finished per second, over the last minute.
    #[serde(default)]
    pub rate_per_second: f64,
    /// Notifications that came to the queue per second, over the last minute.
    #[serde(default)]
    pub arriving_per_second: f64,
    /// In how long it is empty when it goes on like that; null when it does not get empty now, see `never_empty`.
    #[serde(default)]
    pub empty_in_ms: Option<u64>,
    /// Why it does not get empty when it goes on like that: `grows`, `stands_still`, or the state that lets nothing go for
    /// now, such as `paused`; null when it does.
    #[serde(default)]
    pub never_empty: Option<String>,
    /// When the oldest of those in memory was accepted.
    #[serde(serialize_with = "write_opt_time")]
    pub oldest_at: Option<Timestamp>,
    /// Calls under way.
    pub busy: u32,
    /// Calls at once, with the limits that operators force.
    pub limit: u32,
    /// Why the circuit is not closed.
    pub circuit_reason: Option<String>,
    /// When a `throttled` one or one whose circuit is open may go on by itself.
    #[serde(default, serialize_with = "write_opt_time")]
    pub opens_at: Option<Timestamp>,
    /// What operators force on it.
    pub holds: Vec<HoldView>,
}

/// All queues.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QueueList {
    /// The queues, in the order in which their providers are tried.
    pub queues: Vec<QueueView>,
    /// Queued notifications that stand in no queue: nobody serves their channel now, or they are on their way.
    pub elsewhere: u64,
}

/// What a circuit breaker is forced to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Force {
    /// The next call is a probe.
    HalfOpen,
    /// As if nothing had ever failed.
    Closed,
}

impl Force {
    /// The word as written in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HalfOpen => "half_open",
            Self::Closed => "closed",
        }
    }
}
