//! What an equal request would be answered with, and what was counted over a time.

use crate::view::write_opt_time;
use crate::{NotificationId, Open, Status, Timestamp};
use serde::{Deserialize, Serialize};

/// Which one stands for equal requests to one notification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repeat {
    /// The one that was asked about.
    pub id: NotificationId,
    /// Whether it is told apart from equal ones; else each is sent.
    pub deduplicated: bool,
    /// The one that an equal request is answered with; null when such a request is accepted and sent.
    pub stands: Option<NotificationId>,
    /// Where that one stands.
    pub status: Option<Open<Status>>,
    /// When it was accepted.
    #[serde(serialize_with = "write_opt_time")]
    pub accepted_at: Option<Timestamp>,
    /// Until when it stands for equal requests that name no window of their own.
    #[serde(serialize_with = "write_opt_time")]
    pub until: Option<Timestamp>,
    /// All of it in a sentence.
    pub sentence: String,
}

/// What to count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatsRequest {
    /// Only of this service, by name or id.
    #[serde(default)]
    pub service: Option<String>,
    /// What was accepted at or after this moment.
    pub since: Timestamp,
}
