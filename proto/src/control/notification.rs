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
    /// Of lines in the order of due times: what webhooks did not take as well, or alone.
    #[serde(default)]
    pub webhooks: WithWebhooks,
}

impl ListRequest {
    /// Rows that are meant.
    pub const fn size(&self) -> u32 {
        match self.limit {
            0 => 50,
            1..=200 => self.limit,
            _ => 200,
        }
    }
}

/// Whether a list of what is due tells of webhooks that are told again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WithWebhooks {
    /// Of notifications alone.
    #[default]
    No,
    /// Of both.
    Also,
    /// Of webhooks alone.
    Only,
}
