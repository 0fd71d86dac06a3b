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
    /// The caller's own key of equal requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dedup_key: Option<String>,
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
            dedup_key: None,
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

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn text(to: &str) -> Message {
        Message::text(Channel::Sms, to.to_owned(), "hello")
    }

    #[test]
    fn what_is_stored_reads_back_and_leaves_out_what_is_absent() {
        let json = serde_json::to_string(&text("+15005550006")).unwrap();
        assert!(!json.contains("null"), "{json}");
        assert_eq!(serde_json::from_str::<Message>(&json).unwrap(), text("+15005550006"));
    }
}
