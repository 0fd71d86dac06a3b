//! Webhooks as people and programs see them.

use crate::bulk::Expect;
use crate::control::Limit;
use crate::upkeep::{ChangedSetting, OperationView};
use crate::view::{write_opt_time, write_time};
use crate::{
    ApiError, DeliveryId, NotificationId, Open, RetryProfile, ServiceId, Timestamp, WebhookEvent,
    WebhookFault, WebhookId, WebhookStatus,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt;

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
    /// When its secret was set; null when that was before it was noted.
    #[serde(default, serialize_with = "write_opt_time")]
    pub secret_set_at: Option<Timestamp>,
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
    /// How long the last try took, milliseconds; null before the first.
    #[serde(default)]
    pub duration_ms: Option<u64>,
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
    /// When it took something last; of what was owed in that time, and of all that this run of the daemon has told it.
    #[serde(default, serialize_with = "write_opt_time")]
    pub last_ack_at: Option<Timestamp>,
    /// When it last did not take what it was told, the same.
    #[serde(default, serialize_with = "write_opt_time")]
    pub last_nack_at: Option<Timestamp>,
    /// Tries under way now.
    #[serde(default)]
    pub busy: u32,
    /// How many there may be at the same time: one for an endpoint that did not take the last.
    #[serde(default)]
    pub limit: u32,
    /// When what it does not take is told again, seconds after each try.
    #[serde(default)]
    pub retry_delays: Vec<u64>,
    /// How long it may take nothing before it is switched off, seconds; null: for ever.
    #[serde(default)]
    pub disable_after_seconds: Option<u64>,
    /// Events owed in that time, by what happened, and by where they stand now.
    #[serde(default)]
    pub by_event: BTreeMap<String, BTreeMap<String, u64>>,
}

/// What an operator asks of a webhook: the members that the body of the service API has. Its `Debug` says which, and not
/// what: secrets are in it.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WebhookAsk(pub Map<String, Value>);

impl fmt::Debug for WebhookAsk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// A signing secret of the caller's own. Its `Debug` leaves it out.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OwnSecret(pub String);

impl fmt::Debug for OwnSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OwnSecret")
    }
}

/// A webhook with a new secret, which is shown this once. Its `Debug` leaves the secret out.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct FreshWebhook {
    /// It.
    pub webhook: WebhookView,
    /// What it is signed with from now on; none on a dry run, and when the caller brought it along.
    pub secret: Option<String>,
}

impl fmt::Debug for FreshWebhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FreshWebhook").field("webhook", &self.webhook).finish_non_exhaustive()
    }
}

/// A webhook that was changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UpdatedWebhook {
    /// As it is now.
    pub webhook: WebhookView,
    /// What is different; of a header only that it is.
    pub changed: Vec<ChangedSetting>,
}

/// A webhook that was removed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RemovedWebhook {
    /// As it was.
    pub webhook: WebhookView,
    /// Events that were owed to it, and that it is not told any more.
    pub owed: u64,
}

/// Which events of a webhook.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DeliveryRequest {
    /// Those that stand there; any when there is none.
    #[serde(default)]
    pub statuses: Vec<Open<WebhookStatus>>,
    /// Those of these events; any when there is none.
    #[serde(default)]
    pub events: Vec<Open<WebhookEvent>>,
    /// Owed at this moment or later.
    #[serde(default)]
    pub since: Option<Timestamp>,
    /// Owed before.
    #[serde(default)]
    pub until: Option<Timestamp>,
    /// How many are passed over.
    #[serde(default)]
    pub skip: u64,
    /// Rows, 1 to 200; 0 means 50.
    #[serde(default)]
    pub limit: u32,
}

/// Some of the events of a webhook.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DeliveryPage {
    /// Newest first; without the bodies of the answers.
    pub items: Vec<DeliveryView>,
    /// How many match in all.
    pub total: u64,
}

/// One event owed to one webhook, with its tries and what it says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeliveryStory {
    /// It.
    pub delivery: DeliveryView,
    /// Oldest first.
    pub attempts: Vec<TryView>,
    /// What is said when it is told now; null unless it was asked for.
    #[serde(default)]
    pub body: Option<Value>,
}

/// What became of one that shall be told once more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resent {
    /// Which.
    pub id: DeliveryId,
    /// Where it stands now, or why it was refused.
    pub result: Result<Open<WebhookStatus>, ApiError>,
}

/// Which events a webhook is told once more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecoverRequest {
    /// Those that stand there; those that were given up when there is none.
    #[serde(default)]
    pub statuses: Vec<Open<WebhookStatus>>,
    /// Those of these events; any when there is none.
    #[serde(default)]
    pub events: Vec<Open<WebhookEvent>>,
    /// Owed at this moment or later.
    pub since: Timestamp,
    /// Owed before; now when it is absent. A moment of the daemon's clock, so that what was counted is what is told.
    #[serde(default)]
    pub until: Option<Timestamp>,
    /// Refuse unless so many match.
    #[serde(default)]
    pub expect: Option<Expect>,
    /// How many a second; the usual pace unless something is said.
    #[serde(default)]
    pub rate_per_second: Limit<f64>,
}

/// What matches, and the operation that has it told once more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecoverView {
    /// How many match.
    pub total: u64,
    /// Owed at this moment or later.
    #[serde(serialize_with = "write_time")]
    pub since: Timestamp,
    /// Owed before.
    #[serde(serialize_with = "write_time")]
    pub until: Timestamp,
    /// How many a second; none when nothing holds it up.
    pub rate_per_second: Option<f64>,
    /// What does it; none on a dry run, or when nothing matches.
    pub operation: Option<OperationView>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_and_what_is_made_show_no_secret() {
        let ask: WebhookAsk =
            serde_json::from_str(r#"{"headers":{"X-A":"hunter2"},"secret":"hunter2"}"#).unwrap();
        let told = format!("{ask:?} {:?}", OwnSecret("hunter2".into()));
        assert!(told.contains("headers") && !told.contains("hunter2"), "{told}");
    }
}
