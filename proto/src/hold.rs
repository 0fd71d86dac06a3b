//! What operators force by hand: holds on queues and on the providers behind them, each with its reason and its end.

use crate::view::{write_opt_time, write_time};
use crate::{HoldKind, Open, ProviderId, Timestamp};
use serde::{Deserialize, Serialize};

/// A hold that is wanted. A queue has at most one of each kind: a new one replaces the old.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldRequest {
    /// The provider, by name or id; or a [queue that no provider stands behind](crate::SharedQueue), which can be paused.
    pub provider: String,
    /// What is forced on it.
    pub kind: HoldKind,
    /// Calls at once, 1 to one below its own limit; for `limit` alone.
    #[serde(default)]
    pub limit: Option<u32>,
    /// After how many milliseconds it ends by itself; null when somebody has to end it.
    #[serde(default)]
    pub for_ms: Option<u64>,
    /// Whether to refuse it where the same is forced already, for as long as it likes: nobody said for how long, so nothing
    /// would be done.
    #[serde(default)]
    pub unless_held: bool,
}

/// A hold as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldView {
    /// Its id, such as `hold_3`; never given twice.
    pub id: String,
    /// The queue it is on: the provider's name, or that of a queue that no provider stands behind.
    pub queue: String,
    /// The provider it is on; null when none stands behind the queue.
    pub provider_id: Option<ProviderId>,
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

/// A queue.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct QueueView {
    /// Its name: that of the provider it stands in front of, or `webhooks`, `retries` or `scheduled`.
    pub name: String,
    /// The provider's id; null when none stands behind it.
    pub provider_id: Option<ProviderId>,
    /// `running`, `limited`, `throttled` (the provider asked to be left alone), `circuit_half_open`, `circuit_open`,
    /// `draining`, `paused` or `disabled`; `late` when what waits for a time should have gone.
    pub state: String,
    /// Queued notifications in memory that go to this provider next, also those held until it opens. Of `webhooks` the
    /// events that are owed; of `retries` and `scheduled` 1 when there is one that should have gone.
    pub waiting: u64,
    /// Notifications of `retries` and `scheduled`, which wait for a time.
    #[serde(default)]
    pub later: u64,
    /// When the first of those is due, as far as that is known.
    #[serde(default, serialize_with = "write_opt_time")]
    pub next_at: Option<Timestamp>,
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
    /// When the oldest of those in memory was accepted; of what waits for a time, when the first should have gone.
    #[serde(serialize_with = "write_opt_time")]
    pub oldest_at: Option<Timestamp>,
    /// Calls under way.
    pub busy: u32,
    /// Calls at once, with the limits that operators force; null for `retries` and `scheduled`, which call nobody.
    pub limit: Option<u32>,
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
    /// The queues, in the order in which their providers are tried; those that no provider stands behind come last.
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
