//! What is told about all that waits for a time.

use crate::filter::Filter;
use crate::measured::Tries;
use crate::view::{write_opt_time, write_time};
use crate::{GroupBy, NotificationId, Open, Timestamp, WebhookId};
use serde::{Deserialize, Serialize};

/// How much waits for a time, by how far ahead that is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistogramView {
    /// The moment at which it was counted.
    #[serde(serialize_with = "write_time")]
    pub as_of: Timestamp,
    /// The spans, soonest first. They may become others: `from` and `to` say what one is.
    pub buckets: Vec<HistogramBucket>,
    /// How many wait for an operator and for no time, counted up to 10,001.
    pub held: u64,
}

/// Which of what waits for a time, and by what it is told apart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GroupRequest {
    /// Those that match; webhooks are known by their service alone.
    #[serde(default)]
    pub filter: Filter,
    /// By what.
    pub by: Open<GroupBy>,
}

/// What waits for a time, told apart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WaitingGroups {
    /// By what.
    pub by: Open<GroupBy>,
    /// The largest groups, the largest first.
    pub groups: Vec<WaitingGroup>,
    /// What matches and is in none of these groups.
    pub elsewhere: u64,
    /// How many were looked at, those that are due first.
    pub scanned: u64,
    /// Whether there are later ones that were not.
    pub partial: bool,
}

/// One group of what waits for a time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct WaitingGroup {
    /// What they have in common; empty where they have none of it.
    pub name: String,
    /// The webhook that is to be told, where they are told apart by that.
    #[serde(default)]
    pub webhook: Option<WebhookId>,
    /// How many wait for a retry.
    pub retrying: u64,
    /// How many are scheduled; of what is owed to a webhook, how many were not told yet.
    pub pending: u64,
    /// How many were tried once so far.
    pub tried_once: u64,
    /// How many were tried twice.
    pub tried_twice: u64,
    /// How many were tried more often.
    pub tried_more: u64,
    /// When the first of them is due.
    #[serde(default, serialize_with = "write_opt_time")]
    pub next_at: Option<Timestamp>,
    /// When the last of them is due.
    #[serde(default, serialize_with = "write_opt_time")]
    pub last_at: Option<Timestamp>,
    /// The one that is due first.
    #[serde(default)]
    pub sample: Option<NotificationId>,
    /// Its error, with placeholders for what differs from one to the next.
    #[serde(default)]
    pub error: Option<String>,
    /// How the tries of the last hour ended that followed a failed one of this group; null when the daemon does not tell.
    #[serde(default)]
    pub tries: Option<Tries>,
}

/// What is due within one span.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistogramBucket {
    /// Its name: `late` for what is past due, `now` for what is due within a minute, and from there on how far ahead it
    /// begins: `+1m`, `+2m`, `+3m`, `+4m`, `+5m`, `+6m`, `+8m`, `+10m`, `+12m`, `+15m`, `+20m`, `+25m`, `+30m`, `+45m`,
    /// `+1h`, `+2h`, `+3h`, `+6h`, `+12h`, `+24h`. Each ends where the next one begins; the last has no end.
    pub due_in: String,
    /// Due from here on; null for what is late.
    #[serde(serialize_with = "write_opt_time")]
    pub from: Option<Timestamp>,
    /// Due before this; null for the last, which has no end.
    #[serde(serialize_with = "write_opt_time")]
    pub to: Option<Timestamp>,
    /// How many notifications.
    pub total: u64,
    /// How many of them are scheduled.
    pub pending: u64,
    /// How many of them wait for a retry.
    pub retrying: u64,
    /// How many events are told again that webhooks did not take, beside all these.
    #[serde(default)]
    pub told_again: u64,
}
