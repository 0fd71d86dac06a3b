//! How much of what waits is how old, or due in how long: a table with a row for each service, channel or provider, and a
//! column for each span of time.

use crate::view::write_time;
use crate::{Timestamp, UnknownWord};
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// Columns when nothing is said, the one of totals among them.
pub const BUCKETS: u32 = 8;

/// Fewest columns.
pub const MIN_BUCKETS: u32 = 4;
/// Most columns.
pub const MAX_BUCKETS: u32 = 16;

/// Which table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShapeRequest {
    /// `queued`, `retries`, `scheduled`, `webhooks`, or the queue of a provider by its name or id; all that is queued when absent.
    #[serde(default)]
    pub queue: Option<String>,
    /// What has a row; when absent the provider, for the queue of one provider the service.
    #[serde(default)]
    pub by: Option<ShapeBy>,
    /// Columns, the one of totals among them: 4 to 16, 8 when absent.
    #[serde(default)]
    pub buckets: Option<u32>,
}

/// What has a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShapeBy {
    /// Whose it is.
    Service,
    /// The channel it is tried on next.
    Channel,
    /// The provider it goes to next.
    Provider,
}

impl ShapeBy {
    /// The word as written everywhere.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Channel => "channel",
            Self::Provider => "provider",
        }
    }
}

impl FromStr for ShapeBy {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        [Self::Service, Self::Channel, Self::Provider].into_iter().find(|by| by.as_str() == text).ok_or_else(
            || UnknownWord {
                given: text.chars().take(40).collect(),
                vocabulary: "row of a shape",
                allowed: "service, channel, provider".into(),
            },
        )
    }
}

/// The table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShapeView {
    /// `queued`, `retries`, `scheduled`, `webhooks`, or the name of the provider in front of which the queue stands.
    pub queue: String,
    /// What has a row: `service`, `channel` or `provider`.
    pub by: String,
    /// What the columns measure: `age` since it was due, `age_accepted` since it was accepted, or `due_in`.
    pub measure: String,
    /// When it was counted.
    #[serde(serialize_with = "write_time")]
    pub as_of: Timestamp,
    /// The columns, in their order; what is in one of them is not in the next.
    pub buckets: Vec<ShapeBucket>,
    /// All rows together.
    pub total: ShapeRow,
    /// The rows, those with most first.
    pub rows: Vec<ShapeRow>,
    /// Notifications, or events owed to webhooks, that stand in no row and no column, because there were too many to look at.
    pub uncounted: u64,
    /// What else there is to know, a sentence each.
    pub notes: Vec<String>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShapeBucket {
    /// Its heading, such as `5m`.
    pub label: String,
    /// From this many milliseconds on; null for whatever is less.
    pub from_ms: Option<u64>,
    /// To below this many milliseconds; null for whatever is more.
    pub to_ms: Option<u64>,
}

/// A row.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShapeRow {
    /// Of what; a name in brackets is none of anything.
    pub name: String,
    /// The id of the service, provider or webhook.
    pub id: Option<String>,
    /// How many stand in each column.
    pub counts: Vec<u64>,
    /// How many that are.
    pub total: u64,
    /// How many of these stand in this row by estimate: they are on disk, and would go to this provider first now.
    pub estimated: u64,
}

impl ShapeRow {
    /// Adds what stands in another row.
    pub fn add(&mut self, counts: &[u64], estimated: u64) {
        self.counts.resize(self.counts.len().max(counts.len()), 0);
        for (mine, other) in self.counts.iter_mut().zip(counts) {
            *mine += other;
        }
        self.total += counts.iter().sum::<u64>();
        self.estimated += estimated;
    }
}
