//! What is told about all that waits for a time.

use crate::Timestamp;
use crate::view::{write_opt_time, write_time};
use serde::{Deserialize, Serialize};

/// How much waits for a time, by how far ahead that is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistogramView {
    /// The moment at which it was counted.
    #[serde(serialize_with = "write_time")]
    pub as_of: Timestamp,
    /// The spans, soonest first.
    pub buckets: Vec<HistogramBucket>,
    /// How many wait for an operator and for no time, counted up to 10,001.
    pub held: u64,
}

/// What is due within one span.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistogramBucket {
    /// Its name: `late`, `<1m`, `<5m`, `<15m`, `<1h`, `<6h`, `<24h`, `<7d`, `later`.
    pub due_in: String,
    /// Due from here on; null for what is late.
    #[serde(serialize_with = "write_opt_time")]
    pub from: Option<Timestamp>,
    /// Due before this; null for what is later.
    #[serde(serialize_with = "write_opt_time")]
    pub to: Option<Timestamp>,
    /// How many.
    pub total: u64,
    /// How many of them are scheduled; null when there are too many to tell.
    pub pending: Option<u64>,
    /// How many of them wait for a retry; null when there are too many to tell.
    pub retrying: Option<u64>,
}
