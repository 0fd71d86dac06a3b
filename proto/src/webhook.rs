//! Webhooks as people and programs see them.

use crate::view::{write_opt_time, write_time};
use crate::{
    DeliveryId, NotificationId, Open, RetryProfile, ServiceId, Timestamp, WebhookEvent, WebhookFault,
    WebhookId, WebhookStatus,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What stands for the value of a header, which is never told.
pub const HIDDEN: &str = "***";

/// One webhook. Its secret is never in it, and of its headers only the names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WebhookView {
    /// Its id.
    pub id: WebhookId,
    /// Whose it is.
    pub service_id: ServiceId,
    /// The name of that service.
    pub service_name: String,
    /// Where it is.
    pub url: String,
    /// For people.
    pub description: Option<String>,
    /// Whether it is told anything.
    pub is_active: bool,
    /// Why the daemon has switched it off.
    pub disabled_reason: Option<Open<WebhookFault>>,
    /// Since when it has taken nothing that it was told.
    #[serde(serialize_with = "write_opt_time")]
    pub failing_since: Option<Timestamp>,
    /// What it is told of.
    pub events: Vec<Open<WebhookEvent>>,
    /// The headers that are sent along; their values are hidden.
    pub headers: BTreeMap<String, String>,
    /// Retries instead of those of its profile.
    pub max_retries: Option<u32>,
    /// Time for one try, seconds.
    pub timeout_seconds: u32,
    /// When it is asked again.
    pub retry_profile: Open<RetryProfile>,
    /// Whether it is told nothing of what is sent to whom.
    pub redact: bool,
    /// Until when the secret before this one signs as well.
    #[serde(serialize_with = "write_opt_time")]
    pub old_secret_until: Option<Timestamp>,
    /// When it was created.
    #[serde(serialize_with = "write_time")]
    pub created_at: Timestamp,
    /// When it was changed last.
    #[serde(serialize_with = "write_time")]
    pub updated_at: Timestamp,
}

/// One event owed to one webhook.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeliveryView {
    /// Its id, which is the `webhook-id` of every try.
    pub id: DeliveryId,
    /// To which webhook.
    pub webhook_id: WebhookId,
    /// Of which notification; null in a test.
    pub notification_id: Option<NotificationId>,
    /// What happened.
    pub event: Open<WebhookEvent>,
    /// Where it stands.
    pub status: Open<WebhookStatus>,
    /// Tries so far.
    pub attempt_count: u32,
    /// When the last one ended.
    #[serde(serialize_with = "write_opt_time")]
    pub last_attempt_at: Option<Timestamp>,
    /// When the next one is due.
    #[serde(serialize_with = "write_opt_time")]
    pub next_attempt_at: Option<Timestamp>,
    /// When the endpoint took it.
    #[serde(serialize_with = "write_opt_time")]
    pub acknowledged_at: Option<Timestamp>,
    /// The status of the last answer.
    pub response_status_code: Option<u16>,
    /// The body of the last answer, at most 4 KiB.
    pub response_body: Option<String>,
    /// What went wrong last.
    pub error_message: Option<String>,
    /// When it was owed.
    #[serde(serialize_with = "write_time")]
    pub created_at: Timestamp,
}

/// One try to tell an event to a webhook.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TryView {
    /// 1 for the first.
    pub number: u32,
    /// When it ended.
    #[serde(serialize_with = "write_time")]
    pub at: Timestamp,
    /// How long it took, milliseconds.
    pub duration_ms: u64,
    /// The status of the answer.
    pub response_status_code: Option<u16>,
    /// The body of the answer, at most 4 KiB.
    pub response_body: Option<String>,
    /// What went wrong.
    pub error_message: Option<String>,
}

/// One event owed to one webhook, with all its tries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeliveryDetail {
    /// It.
    pub delivery: DeliveryView,
    /// Oldest first.
    pub attempts: Vec<TryView>,
}

/// How a webhook has done in some time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct WebhookStats {
    /// Events owed in that time, by where they stand now.
    pub by_status: BTreeMap<String, u64>,
    /// Events owed in all, whenever it was.
    pub owed: u64,
    /// When the oldest of them was owed.
    #[serde(serialize_with = "write_opt_time")]
    pub oldest: Option<Timestamp>,
    /// Median time from owed to taken, milliseconds; null when nothing was taken.
    pub ack_p50_ms: Option<u64>,
    /// The same of 99 in 100.
    pub ack_p99_ms: Option<u64>,
    /// The statuses of the last answers, by how many.
    pub by_code: BTreeMap<String, u64>,
}
