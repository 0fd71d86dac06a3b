//! Which steps of a notification webhooks tell of, and what they say.

use crate::transition::Transition;
use notify_proto::send::Recipient;
use notify_proto::view::{write_opt_time, write_time};
use notify_proto::{
    Channel, FailureReason, NotificationId, Priority, ServiceId, Status, Timestamp, WebhookEvent,
};
use serde::Serialize;
use serde_json::{Map, Value};

/// A set of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventSet(u8);

impl EventSet {
    /// All there are.
    pub const ALL: Self = Self(0b11_1111);

    /// From the stored form; bits that this version does not know are dropped.
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits & Self::ALL.0)
    }

    /// The stored form.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Whether it has this one.
    pub const fn has(self, event: WebhookEvent) -> bool {
        self.0 & (1 << event as u8) != 0
    }

    /// Its members, in the order of the vocabulary.
    pub fn iter(self) -> impl Iterator<Item = WebhookEvent> {
        WebhookEvent::ALL.iter().copied().filter(move |event| self.has(*event))
    }
}

impl FromIterator<WebhookEvent> for EventSet {
    fn from_iter<I: IntoIterator<Item = WebhookEvent>>(events: I) -> Self {
        Self(events.into_iter().fold(0, |bits, event| bits | (1 << event as u8)))
    }
}

/// What a step from one status to another, told in the story by this event, is to webhooks; none when they are not told.
pub fn told(from: Status, to: Status, event: &str) -> Option<WebhookEvent> {
    // An operator who buries one knows of it; services hear of it when that is wished.
    if from == to || event == Transition::bury().event() {
        return None;
    }
    match to {
        Status::Delivered => Some(WebhookEvent::Delivered),
        Status::Failed => Some(WebhookEvent::Failed),
        Status::Cancelled => Some(WebhookEvent::Cancelled),
        Status::Retrying if from == Status::Sending || from == Status::Queued => {
            Some(WebhookEvent::RetryScheduled)
        }
        Status::Pending | Status::Queued | Status::Sending | Status::Retrying => None,
    }
}

/// The dotted name of an event, such as `notification.delivered`.
pub fn dotted(event: WebhookEvent) -> String {
    format!("notification.{event}")
}

/// The body of every event: the same fields always, null when unknown.
#[derive(Debug, Clone, Serialize)]
pub struct Body<'a> {
    /// The short name.
    pub event: WebhookEvent,
    /// The dotted name.
    pub event_type: String,
    /// Of which notification.
    pub notification_id: NotificationId,
    /// Whose.
    pub service_id: ServiceId,
    /// Its first channel.
    #[serde(rename = "type")]
    pub channel: Channel,
    /// Its status after this step.
    pub status: Status,
    /// To whom; null when the webhook hears no content.
    pub recipient: Option<&'a Recipient>,
    /// The text; null when the webhook hears no content.
    pub content: Option<&'a str>,
    /// The subject; null when the webhook hears no content.
    pub subject: Option<&'a str>,
    /// How urgent.
    pub priority: Priority,
    /// When it was accepted.
    #[serde(serialize_with = "write_time")]
    pub created_at: Timestamp,
    /// The time it was asked for.
    #[serde(serialize_with = "write_opt_time")]
    pub scheduled_at: Option<Timestamp>,
    /// When it was delivered.
    #[serde(serialize_with = "write_opt_time")]
    pub delivered_at: Option<Timestamp>,
    /// When it was given up.
    #[serde(serialize_with = "write_opt_time")]
    pub failed_at: Option<Timestamp>,
    /// When it was revoked.
    #[serde(serialize_with = "write_opt_time")]
    pub cancelled_at: Option<Timestamp>,
    /// Why it was revoked, in the words of whoever did.
    pub cancellation_reason: Option<&'a str>,
    /// The provider's id of it.
    pub external_id: Option<&'a str>,
    /// Through whom the last attempt was made.
    pub provider_name: Option<&'a str>,
    /// What the provider said of the attempt that was taken.
    pub provider_response: Option<&'a str>,
    /// What went wrong last.
    pub error_message: Option<&'a str>,
    /// Why it was given up.
    pub failure_reason: Option<FailureReason>,
    /// Number of the last attempt; null before the first.
    pub attempt_number: Option<u32>,
    /// Attempts so far.
    pub total_attempts: u32,
    /// Retries there may be.
    pub max_retries: u32,
    /// Retries spent.
    pub retry_count: u32,
    /// When it is tried again.
    #[serde(serialize_with = "write_opt_time")]
    pub next_attempt_at: Option<Timestamp>,
    /// Which try this is to tell this event to this webhook; 1 for the first.
    pub webhook_attempt: u32,
    /// The place of the event in the notification's story; ascending.
    pub sequence: u32,
    /// The caller's own tenant.
    pub tenant_id: Option<&'a str>,
    /// Correlation id of the request that asked for it.
    pub correlation_id: Option<&'a str>,
    /// The caller's own data.
    pub meta_data: Option<&'a Map<String, Value>>,
    /// Whether a mock provider only pretended.
    pub simulated: bool,
    /// Whether the recipient may have got it twice.
    pub possible_duplicate: bool,
    /// Whether nothing happened and the webhook is only tested.
    pub test: bool,
}

impl Body<'_> {
    /// The same without what was sent and to whom.
    #[must_use]
    pub fn redacted(self) -> Self {
        Self { recipient: None, content: None, subject: None, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_keeps_what_it_has() {
        for bits in 0..=EventSet::ALL.bits() {
            let set = EventSet::from_bits(bits);
            assert_eq!(set.iter().collect::<EventSet>(), set);
            assert_eq!(set.iter().count(), bits.count_ones() as usize);
        }
        assert_eq!(EventSet::from_bits(u8::MAX), EventSet::ALL);
        assert_eq!(EventSet::ALL.iter().count(), WebhookEvent::ALL.len());
    }

    #[test]
    fn each_end_is_told_once_and_what_only_moves_is_not() {
        use Status::{Cancelled, Delivered, Failed, Pending, Queued, Retrying, Sending};
        let told = |from, to| super::told(from, to, "x");
        assert_eq!(told(Sending, Delivered), Some(WebhookEvent::Delivered));
        assert_eq!(told(Retrying, Delivered), Some(WebhookEvent::Delivered), "by a receipt");
        assert_eq!(told(Delivered, Delivered), None, "proved");
        assert_eq!(told(Delivered, Failed), Some(WebhookEvent::Failed), "by a receipt");
        assert_eq!(told(Queued, Failed), Some(WebhookEvent::Failed));
        assert_eq!(super::told(Queued, Failed, Transition::bury().event()), None);
        assert_eq!(told(Queued, Cancelled), Some(WebhookEvent::Cancelled));
        assert_eq!(told(Sending, Retrying), Some(WebhookEvent::RetryScheduled));
        assert_eq!(told(Queued, Retrying), Some(WebhookEvent::RetryScheduled));
        assert_eq!(told(Retrying, Retrying), None, "postponed");
        assert_eq!(told(Pending, Retrying), None);
        for to in [Pending, Queued, Sending] {
            assert_eq!(told(Failed, to), None);
        }
    }
}
