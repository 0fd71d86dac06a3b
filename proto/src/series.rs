//! What the daemon has measured over time: 15 minutes by the second, 24 hours by the minute.
//!
//! A series is named by a key: a metric of the whole, such as `delivered`, or one of a provider or webhook, such as
//! `provider/msg91/calls` and `webhook/ID/acks`.

use crate::Timestamp;
use crate::view::write_time;
use serde::{Deserialize, Serialize};

/// Keys of one request, at most.
pub const MAX_KEYS: usize = 32;

/// Points of all series of one answer together, at most.
pub const MAX_POINTS: usize = 6_000;

/// Points of a second that are kept.
pub const SECONDS: u32 = 900;

/// Points of a minute that are kept.
pub const MINUTES: u32 = 1_440;

/// Metrics of the whole, each with its unit.
pub const OF_ALL: [(&str, &str); 10] = [
    ("accepted", "per second"),
    ("delivered", "per second"),
    ("failed", "per second"),
    ("retried", "per second"),
    ("ready", "notifications"),
    ("retrying", "notifications"),
    ("scheduled", "notifications"),
    ("busy", "calls"),
    ("told", "per second"),
    ("acks", "per second"),
];

/// Metrics of a provider.
pub const OF_PROVIDER: [(&str, &str); 4] =
    [("calls", "per second"), ("errors", "per second"), ("ready", "notifications"), ("busy", "calls")];

/// Metrics of a webhook.
pub const OF_WEBHOOK: [(&str, &str); 2] = [("told", "per second"), ("acks", "per second")];

/// Which series.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SeriesRequest {
    /// Their keys, at most [`MAX_KEYS`]; when there is none, all of the whole.
    pub keys: Vec<String>,
    /// Milliseconds between two points: 1,000 or 60,000; 0 for 1,000.
    pub step_ms: u64,
    /// Points of each, the newest; at most [`SECONDS`] or [`MINUTES`], 0 for all of these.
    pub n: u32,
}

/// The series.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeriesView {
    /// When the last point ends.
    #[serde(serialize_with = "write_time")]
    pub as_of: Timestamp,
    /// Milliseconds between two points.
    pub step_ms: u64,
    /// One for each key, in the order asked for.
    #[serde(default)]
    pub series: Vec<SeriesLine>,
}

/// One series.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SeriesLine {
    /// Its key.
    pub key: String,
    /// What its points count, such as `per second`.
    pub unit: String,
    /// The oldest first, the newest last, all that end at the same moment; fewer than asked for when it is not known for
    /// longer.
    pub points: Vec<f64>,
}
