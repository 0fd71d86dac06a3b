//! What is sent and how, as stored with a notification and never changed while it is under way.

use crate::retry::RetryPolicy;
use notify_proto::send::{Attachment, Recipient};
use notify_proto::{Channel, OnUnknown, ProviderId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The content: everything a provider needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// To whom, as asked.
    pub recipient: Recipient,
    /// The checked and normalised addresses of each channel.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub addresses: BTreeMap<Channel, Vec<String>>,
    /// Email: visible copies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cc: Vec<String>,
    /// Email: hidden copies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bcc: Vec<String>,
    /// Email: where answers go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
    /// Email: files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// Subject or title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// Email: HTML alternative.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html_body: Option<String>,
    /// WhatsApp: media by URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_url: Option<String>,
    /// SMS: the sender shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender_id: Option<String>,
    /// Extras of a channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel_options: Option<Map<String, Value>>,
    /// The caller's own tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    /// The caller's own event type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_type: Option<String>,
    /// The caller's own category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// The caller's own data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta_data: Option<Map<String, Value>>,
    /// Correlation id of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
}

impl Message {
    /// A plain text to one address, which is in its normal form already.
    pub fn text(channel: Channel, address: String, content: impl Into<String>) -> Self {
        Self {
            recipient: Recipient::One(address.clone()),
            addresses: [(channel, vec![address])].into(),
            cc: vec![],
            bcc: vec![],
            reply_to: None,
            attachments: vec![],
            subject: None,
            content: Some(content.into()),
            html_body: None,
            media_url: None,
            sender_id: None,
            channel_options: None,
            tenant_id: None,
            event_type: None,
            category: None,
            meta_data: None,
            correlation_id: None,
        }
    }
}

/// How it is to be delivered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Channels in fallback order; at least one.
    pub channels: Vec<Channel>,
    /// The pinned provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pinned: Option<ProviderId>,
    /// Whether others may take over from the pinned one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allow_failover: bool,
    /// The delays between cycles.
    pub retry: RetryPolicy,
    /// What to do after an attempt of unknown end.
    pub on_unknown: OnUnknown,
    /// Whether another provider may take over after an attempt of unknown end.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub failover_on_unknown: bool,
}

impl Plan {
    /// The line of work it waits in while `channel` is to be tried: the channel, followed by those that come after it, as
    /// in `sms+email`, and by `@provider` when only that provider will do. Whoever stands in one line can be taken by the
    /// same ones, so that those who wait for a channel nobody serves hold up nobody who may go by another.
    pub fn lane(&self, channel: Channel) -> String {
        let mut lane = channel.as_str().to_owned();
        for after in self.channels.iter().skip_while(|it| **it != channel).skip(1) {
            lane.push('+');
            lane.push_str(after.as_str());
        }
        if let Some(provider) = self.pinned.filter(|_| !self.allow_failover) {
            lane.push('@');
            lane.push_str(&provider.to_string());
        }
        lane
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use notify_proto::OnUnknown;

    pub(crate) fn text(to: &str) -> Message {
        Message::text(Channel::Sms, to.to_owned(), "hello")
    }

    #[test]
    fn a_pin_has_a_lane_of_its_own() {
        let provider = ProviderId::from_bytes([1; 16]);
        let mut plan = Plan {
            channels: vec![Channel::Sms],
            pinned: None,
            allow_failover: false,
            retry: RetryPolicy::Delays(vec![]),
            on_unknown: OnUnknown::Resend,
            failover_on_unknown: false,
        };
        assert_eq!(plan.lane(Channel::Sms), "sms");
        plan.pinned = Some(provider);
        assert_eq!(plan.lane(Channel::Sms), format!("sms@{provider}"));
        plan.channels = vec![Channel::Push, Channel::Sms, Channel::Email];
        assert_eq!(plan.lane(Channel::Push), format!("push+sms+email@{provider}"));
        plan.allow_failover = true;
        assert_eq!(
            (plan.lane(Channel::Sms), plan.lane(Channel::Email)),
            ("sms+email".into(), "email".into())
        );
        plan.channels = vec![Channel::Sms];
        assert_eq!(plan.lane(Channel::Sms), "sms");
    }

    #[test]
    fn what_is_stored_reads_back_and_leaves_out_what_is_absent() {
        let json = serde_json::to_string(&text("+15005550006")).unwrap();
        assert!(!json.contains("null"), "{json}");
        assert_eq!(serde_json::from_str::<Message>(&json).unwrap(), text("+15005550006"));
    }
}
