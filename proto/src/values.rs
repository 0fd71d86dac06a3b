//! What the newest notifications have in their fields: what a filter can be completed with, and counted by.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Notifications looked at, the newest.
pub const MAX_LOOKED_AT: u64 = 10_000;

/// Values of a field that are told, the most frequent.
pub const MAX_VALUES: usize = 50;

/// The fields, by their names in filters.
pub const FIELDS: [&str; 8] =
    ["status", "channel", "priority", "service", "provider", "reason", "type", "tenant"];

/// Values by field.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ValuesView {
    /// How many notifications were looked at.
    pub scanned: u64,
    /// Whether there are older ones that were not.
    pub partial: bool,
    /// Of those that match, by field: the most frequent values, the most frequent first.
    pub values: BTreeMap<String, Vec<ValueCount>>,
}

/// A value, and how many have it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ValueCount {
    /// The value.
    pub value: String,
    /// How many.
    pub count: u64,
}
