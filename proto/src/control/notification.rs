//! What is asked of notifications, and what became of them.

use crate::filter::Filter;
use crate::{ApiError, NotificationId, Open, Status};
use serde::{Deserialize, Serialize};

/// What became of a send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// The notification.
    pub id: NotificationId,
    /// Where it stands.
    pub status: Open<Status>,
    /// Whether it is an earlier equal one.
    pub duplicate: bool,
}

/// What became of one id of a bulk change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// The id.
    pub id: NotificationId,
    /// Its status now, or why it was refused.
    pub result: Result<Open<Status>, ApiError>,
}

/// How to list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ListRequest {
    /// Which.
    pub filter: Filter,
    /// Rows, 1 to 200; 0 means 50.
    pub limit: u32,
    /// Where the page before ended.
    #[serde(default)]
    pub cursor: Option<String>,
    /// Show recipients, subjects and bodies. Needs the admin role and is audited.
    #[serde(default)]
    pub reveal: bool,
    /// Those with most attempts first, of what one look comes past: one page, which says when it is partial.
    #[serde(default)]
    pub most_tried: bool,
}
