//! What providers are made and changed with, and what is told of their use.

use super::Limit;
use crate::upkeep::ChangedSetting;
use crate::view::{ProviderView, write_opt_time};
use crate::{Channel, Open, ProviderId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A new provider. Its `Debug` leaves the configuration and the secret out.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct NewProvider {
    /// Unique name, same characters as a service's.
    pub name: String,
    /// Type: `mock`, `smtp` or `webhook`.
    pub kind: String,
    /// The channels it shall serve; empty for all its type can.
    #[serde(default)]
    pub channels: Vec<Channel>,
    /// Lower is tried first; default 100.
    #[serde(default)]
    pub priority: Option<i32>,
    /// Calls per second allowed.
    #[serde(default)]
    pub rate_per_second: Option<f64>,
    /// Calls at once after a pause.
    #[serde(default)]
    pub burst: Option<u32>,
    /// Calls under way at once, 1 to 10,000; default 32.
    #[serde(default)]
    pub max_in_flight: Option<u32>,
    /// The type's own settings, without secrets.
    #[serde(default)]
    pub config: Value,
    /// The secret, stored encrypted.
    #[serde(default)]
    pub secret: Option<String>,
}

impl std::fmt::Debug for NewProvider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewProvider")
            .field("name", &self.name)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// What changes about a provider; what is absent stays. Its `Debug` leaves the configuration and the secret out.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ProviderChange {
    /// Another name.
    #[serde(default)]
    pub rename: Option<String>,
    /// The channels it shall serve, in place of those so far.
    #[serde(default)]
    pub channels: Option<Vec<Channel>>,
    /// Lower is tried first.
    #[serde(default)]
    pub priority: Option<i32>,
    /// Calls per second allowed.
    #[serde(default)]
    pub rate_per_second: Limit<f64>,
    /// Calls at once after a pause.
    #[serde(default)]
    pub burst: Limit<u32>,
    /// Calls under way at once, 1 to 10,000.
    #[serde(default)]
    pub max_in_flight: Option<u32>,
    /// The type's own settings, without secrets, in place of all of those so far.
    #[serde(default)]
    pub config: Option<Value>,
    /// Another secret.
    #[serde(default)]
    pub secret: Option<String>,
}

impl std::fmt::Debug for ProviderChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProviderChange")
            .field("rename", &self.rename)
            .field("priority", &self.priority)
            .finish_non_exhaustive()
    }
}

/// A provider that was changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UpdatedProvider {
    /// As it is now.
    pub provider: ProviderView,
    /// What is different; of a secret only that it is.
    pub changed: Vec<ChangedSetting>,
}

/// A provider that was removed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RemovedProvider {
    /// As it was.
    pub provider: ProviderView,
    /// Channels that no active provider serves any more.
    pub unserved: Vec<Open<Channel>>,
}

/// Whose way to tell.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteRequest {
    /// On this channel; on all that any provider serves when it is absent.
    #[serde(default)]
    pub channel: Option<Channel>,
    /// Of this service, by name or id.
    #[serde(default)]
    pub service: Option<String>,
    /// To this address.
    #[serde(default)]
    pub to: Option<String>,
    /// Pinned to this provider, by name or id.
    #[serde(default)]
    pub provider: Option<String>,
}

/// Where a notification that is due now would go.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteView {
    /// The candidates of each channel, in the order they are tried.
    pub steps: Vec<RouteStep>,
    /// What else there is to know, a sentence each.
    pub notes: Vec<String>,
}

/// One candidate of a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteStep {
    /// The channel.
    pub channel: Open<Channel>,
    /// Its place in the order, from 1.
    pub place: u32,
    /// Its name.
    pub provider: String,
    /// Its id.
    pub provider_id: ProviderId,
    /// Lower is tried first.
    pub priority: i32,
    /// `taken`, `awaited`, `overflow` for when that one stays busy, `passed_over`, or `in_reserve` for when those before it
    /// fail; of one notification also `tried` in this cycle, and `ruled_out` for good.
    pub verdict: String,
    /// `ready`, `busy`, or why it cannot be called: `breaker_open`, `paused`, `disabled`, `rate_limited`.
    pub state: String,
    /// More of why.
    pub why: Option<String>,
    /// Since when it is so.
    #[serde(serialize_with = "write_opt_time")]
    pub since: Option<Timestamp>,
    /// When that may change by itself.
    #[serde(serialize_with = "write_opt_time")]
    pub until: Option<Timestamp>,
}

/// What `provider seed` did with one definition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Seeded {
    /// The provider.
    pub provider: ProviderView,
    /// Whether it is new; false when one of that name was there.
    pub created: bool,
    /// What became different of one that was there.
    #[serde(default)]
    pub changed: Vec<ChangedSetting>,
}

/// The answer of one real call through a provider.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TestResult {
    /// Whether the provider took it.
    pub accepted: bool,
    /// Outcome class, one word.
    pub outcome: String,
    /// The provider's words.
    pub message: Option<String>,
    /// The provider's id of the message.
    pub external_id: Option<String>,
    /// How long it took, milliseconds.
    pub elapsed_ms: u64,
    /// Whether nothing was really sent.
    pub simulated: bool,
}
