//! A notification as lists show it: less than a third of the bytes of the whole, for who looks every second.

use crate::view::{NotificationPage, NotificationView, write_opt_time, write_time};
use crate::{
    Channel, DeliveryId, FailureReason, NotificationId, Open, Priority, Status, Timestamp, WebhookEvent,
    WebhookId,
};
use serde::{Deserialize, Serialize};

/// Longest error of a line, characters: more than any screen has room for.
const MAX_ERROR: usize = 160;

/// One notification. Members have the names and the meaning they have in [`NotificationView`], unless they say more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NotificationLine {
    /// Its id.
    pub id: NotificationId,
    /// The channel of the last attempt, or the first one asked for.
    #[serde(rename = "type")]
    pub channel: Open<Channel>,
    /// Where it stands.
    pub status: Open<Status>,
    /// How urgent.
    pub priority: Open<Priority>,
    /// The name of its service.
    #[serde(default)]
    pub service_name: String,
    /// To whom, in one line.
    #[serde(default)]
    pub recipient: String,
    /// The provider of the last attempt, or the pinned one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_name: Option<String>,
    /// Retries spent.
    #[serde(default)]
    pub retry_count: u32,
    /// Retries allowed after the first cycle.
    #[serde(default)]
    pub max_retries: u32,
    /// While it waits for a retry: the delays of the next few after that one, seconds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub delays_left_seconds: Vec<u64>,
    /// When it was accepted.
    #[serde(serialize_with = "write_time")]
    pub created_at: Timestamp,
    /// Not before.
    #[serde(default, serialize_with = "write_opt_time", skip_serializing_if = "Option::is_none")]
    pub scheduled_at: Option<Timestamp>,
    /// When the next attempt is due.
    #[serde(default, serialize_with = "write_opt_time", skip_serializing_if = "Option::is_none")]
    pub next_attempt_at: Option<Timestamp>,
    /// When it was given up.
    #[serde(default, serialize_with = "write_opt_time", skip_serializing_if = "Option::is_none")]
    pub failed_at: Option<Timestamp>,
    /// Why it was given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_reason: Option<Open<FailureReason>>,
    /// The begin of the last error, in the provider's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_message: Option<String>,
    /// The caller's own tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    /// The caller's own event type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_type: Option<String>,
    /// What a webhook did not take of it and is told again, when the line is of that: the provider is then its host, and
    /// what is retried is telling it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<ToldAgain>,
}

/// An event that a webhook did not take.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToldAgain {
    /// Its id.
    pub id: DeliveryId,
    /// Who is told.
    pub webhook_id: WebhookId,
    /// Of what.
    pub event: Open<WebhookEvent>,
    /// What it answered last, when it did.
    #[serde(default)]
    pub code: Option<u16>,
}

impl NotificationLine {
    /// Whether it is of a test that a webhook did not take, which no notification stands behind.
    pub fn is_test(&self) -> bool {
        self.webhook.as_ref().is_some_and(|told| told.id.as_uuid() == self.id.as_uuid())
    }
}

impl From<NotificationView> for NotificationLine {
    fn from(view: NotificationView) -> Self {
        Self {
            id: view.id,
            channel: view.channel_used.unwrap_or(view.channel),
            status: view.status,
            priority: view.priority,
            service_name: view.service_name,
            recipient: view.recipient.in_line(),
            provider_name: view.provider_name,
            retry_count: view.retry_count,
            max_retries: view.max_retries,
            delays_left_seconds: view.delays_left_seconds,
            created_at: view.created_at,
            scheduled_at: view.scheduled_at,
            next_attempt_at: view.next_attempt_at,
            failed_at: view.failed_at,
            failure_reason: view.failure_reason,
            error_message: view.error_message.map(|text| text.chars().take(MAX_ERROR).collect()),
            tenant_id: view.tenant_id,
            event_type: view.event_type,
            webhook: None,
        }
    }
}

/// A page of them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LinePage {
    /// In the order of the list.
    pub items: Vec<NotificationLine>,
    /// Where the next page begins; none at the end.
    pub next_cursor: Option<String>,
    /// How many match in all, where that was soon found out.
    pub total: Option<u64>,
    /// Whether the search ended before the log did.
    pub partial: bool,
}

impl From<NotificationPage> for LinePage {
    fn from(page: NotificationPage) -> Self {
        Self {
            items: page.items.into_iter().map(Into::into).collect(),
            next_cursor: page.next_cursor,
            total: page.total,
            partial: page.partial,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn view() -> NotificationView {
        serde_json::from_value(json!({
            "id": "0199aabb-ccdd-7eee-8fff-000011112222", "service_id": "0199aabb-ccdd-7eee-8fff-000011113333",
            "service_name": "shop-07", "type": "sms", "channels": ["sms"], "status": "delivered",
            "recipient": {"sms": "+1********06", "email": ["a***@e***.org", "b***@e***.org"]},
            "priority": "normal", "provider_name": "carrier-01", "retry_count": 0, "retries_left": 6,
            "max_retries": 6, "created_at": "2026-11-21T08:00:00.123Z", "simulated": false,
            "external_id": "0199aabb-ccdd-7eee-8fff-000011114444", "meta_data": {"campaign": "c1"},
            "scheduled_at": "2026-11-22T08:00:00Z",
        }))
        .unwrap()
    }

    #[test]
    fn fifty_lines_are_fifteen_kilobytes_at_most() {
        let mut line = NotificationLine::from(view());
        line.scheduled_at = None;
        let page =
            LinePage { items: vec![line; 50], next_cursor: Some("x".repeat(60)), ..LinePage::default() };
        let bytes = serde_json::to_vec(&page).unwrap().len();
        assert!(bytes <= 15_360, "{bytes} bytes (tui.md, T8)");
    }

    #[test]
    fn a_line_says_who_when_and_how_it_stands() {
        let mut view = view();
        let line = NotificationLine::from(view.clone());
        assert_eq!(line.recipient, "a***@e***.org +2");
        assert_eq!((line.channel, line.scheduled_at), (Channel::Sms.into(), view.scheduled_at));
        view.channel_used = Some(Channel::Email.into());
        view.error_message = Some("é".repeat(500));
        let line = NotificationLine::from(view);
        assert_eq!(line.channel, Channel::Email.into());
        assert_eq!(line.error_message.unwrap().chars().count(), MAX_ERROR);
    }
}
