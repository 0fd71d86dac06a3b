//! What the daemon has counted since it started, told beside the things themselves: the last calls of a provider, how a
//! service does and how long that takes, and how tries end.

use crate::overview::Percentiles;
use crate::view::{write_opt_time, write_time};
use crate::{Channel, NotificationId, Open, Timestamp};
use serde::{Deserialize, Serialize};

/// Calls of a provider that are remembered.
pub const MAX_CALLS: usize = 20;

/// Services of which it is measured how long things take, at once: those that had a place before others keep it while
/// something of them is measured every minute or two.
pub const MAX_TIMED_SERVICES: usize = 64;

/// A call of a provider that was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallView {
    /// When it was answered.
    #[serde(serialize_with = "write_time")]
    pub at: Timestamp,
    /// For which notification.
    pub notification_id: NotificationId,
    /// On which channel.
    pub channel: Open<Channel>,
    /// How it ended, one word: `accepted`, `transient`, `rate_limited`, …
    pub outcome: String,
    /// How long it took, milliseconds.
    pub elapsed_ms: u64,
    /// What went wrong, without recipients.
    #[serde(default)]
    pub error: Option<String>,
}

/// How a service does, since the daemon started.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ServiceFigures {
    /// Accepted per second, over the last minute.
    pub accepted_per_second: f64,
    /// Delivered within the last 24 hours.
    pub delivered_24h: u64,
    /// Given up within the last 24 hours.
    pub failed_24h: u64,
    /// When one was accepted last.
    #[serde(serialize_with = "write_opt_time")]
    pub last_accepted_at: Option<Timestamp>,
    /// Accepted per second in the last 15 minutes, a point for a minute, the newest last.
    pub trend: Vec<f64>,
}

/// How long things took of one service in the last five minutes, to about 6 in 100.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ServiceLatency {
    /// From due to the begin of the call.
    pub wait_ms: Percentiles,
    /// Calls of providers.
    pub call_ms: Percentiles,
    /// From accepted to delivered.
    pub deliver_ms: Percentiles,
}

/// How the tries of the last hour ended that followed a failed one: each counts for what the one before it failed with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tries {
    /// Second tries.
    pub second: u64,
    /// Those of them that delivered.
    pub second_delivered: u64,
    /// Third tries.
    pub third: u64,
    /// Those of them that delivered.
    pub third_delivered: u64,
    /// Given up after a try; before the daemon started too, among the newest 100,000 dead letters.
    pub dead: u64,
    /// Since when tries have failed that way, with no hour between two of them; while this daemon runs.
    #[serde(serialize_with = "write_opt_time")]
    pub failing_since: Option<Timestamp>,
    /// When the last one failed that way.
    #[serde(serialize_with = "write_opt_time")]
    pub last_failed_at: Option<Timestamp>,
}

impl Tries {
    /// Delivered among second tries, and among third ones, 0 to 1; null where there was none.
    pub fn shares(&self) -> [Option<f64>; 2] {
        #[expect(clippy::cast_precision_loss, reason = "what is counted in an hour")]
        let share = |part: u64, all: u64| (all > 0).then(|| part as f64 / all as f64);
        [share(self.second_delivered, self.second), share(self.third_delivered, self.third)]
    }
}
