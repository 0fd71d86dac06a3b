//! The one superset body with which a notification is asked for: the bodies of `/sms`, `/email` and the others are this
//! with fewer fields, and `notifyctl notification send` builds the same.

use crate::{Channel, OnUnknown, Priority, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// To whom: one address, several, or one per channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Recipient {
    /// One address of the (only or first) channel.
    One(String),
    /// Several addresses of one message; email only.
    Many(Vec<String>),
    /// An address, or several, per channel.
    PerChannel(BTreeMap<String, OneOrMany>),
}

impl Recipient {
    /// All of them in one line, with their channels where they have some.
    pub fn in_full(&self) -> String {
        match self {
            Self::One(one) => one.clone(),
            Self::Many(many) => many.join(","),
            Self::PerChannel(map) => {
                let one = |(channel, list): (&String, &OneOrMany)| {
                    format!("{channel}:{}", list.clone().into_vec().join(","))
                };
                map.iter().map(one).collect::<Vec<_>>().join(" ")
            }
        }
    }

    /// In one line: the first address, and how many more there are.
    pub fn in_line(&self) -> String {
        let all: Vec<&str> = match self {
            Self::One(one) => vec![one],
            Self::Many(all) => all.iter().map(String::as_str).collect(),
            Self::PerChannel(channels) => channels
                .values()
                .flat_map(|to| match to {
                    OneOrMany::One(one) => std::slice::from_ref(one),
                    OneOrMany::Many(all) => all,
                })
                .map(String::as_str)
                .collect(),
        };
        match all.as_slice() {
            [] => String::new(),
            [one] => (*one).to_owned(),
            [first, rest @ ..] => format!("{first} +{}", rest.len()),
        }
    }
}

/// A string or a list of strings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum OneOrMany {
    /// A single string.
    One(String),
    /// A list.
    Many(Vec<String>),
}

impl OneOrMany {
    /// As a list.
    pub fn into_vec(self) -> Vec<String> {
        match self {
            Self::One(one) => vec![one],
            Self::Many(many) => many,
        }
    }
}

/// A file sent along with a mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attachment {
    /// The name the recipient sees.
    pub filename: String,
    /// MIME type, such as `application/pdf`.
    pub content_type: String,
    /// The bytes in standard base64. 10 MiB decoded over all attachments of a mail.
    pub content_base64: String,
}

/// How to retry: a policy by name, a list of delays, or a formula.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
pub struct Retry {
    /// A policy by name: `standard`, `urgent`, `fixed`, `exponential`, or one of the configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// Delays in seconds, one per retry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delays: Option<Vec<u32>>,
    /// First delay in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<u32>,
    /// Growth per retry, 1 to 10.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub factor: Option<f64>,
    /// Longest delay in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cap: Option<u32>,
    /// Number of retries after the first cycle, 0 to 50.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_retries: Option<u32>,
}

/// The body. Unknown fields are refused by name; every rule about the values is in `lifecycle::admission`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SendRequest {
    /// The channel, in the general form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    /// Channels in fallback order, in the general form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channels: Option<Vec<Channel>>,
    /// To whom; `to` is the same by another name.
    #[serde(alias = "to", skip_serializing_if = "Option::is_none")]
    pub recipient: Option<Recipient>,
    /// Email: visible copies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cc: Option<OneOrMany>,
    /// Email: hidden copies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bcc: Option<OneOrMany>,
    /// Email: where answers go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
    /// Email: files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attachments: Option<Vec<Attachment>>,
    /// The text; `message` and `body` are the same by other names.
    #[serde(alias = "message", alias = "body", skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// Subject of a mail, title of a push, Teams or Slack message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Email: HTML alternative.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub html_body: Option<String>,
    /// WhatsApp: a picture or file by URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media_url: Option<String>,
    /// SMS: the sender shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender_id: Option<String>,
    /// Extras of a channel, passed to the provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel_options: Option<Map<String, Value>>,
    /// Pins the provider, by name or id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider_id: Option<String>,
    /// Lets other providers take over from the pinned one after a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_failover: Option<bool>,
    /// How urgent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    /// Whether an equal request within the window answers the existing notification; default true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deduplicate: Option<bool>,
    /// Requests of the service with this key are equal, whatever else they say: it stands for their recipient and content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dedup_key: Option<String>,
    /// The window in seconds, 1 to 86,400.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dedup_window_seconds: Option<u32>,
    /// Not before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheduled_at: Option<Timestamp>,
    /// Not after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// How to retry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retry>,
    /// What to do when an attempt's end is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_unknown: Option<OnUnknown>,
    /// Lets another provider take over after an attempt of unknown end; default false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failover_on_unknown: Option<bool>,
    /// For subscriptions and statistics.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_type: Option<String>,
    /// For preferences.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// The caller's own tenant, free text of at most 128 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    /// The caller's own data, at most 16 KiB as JSON; returned and sent in webhooks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meta_data: Option<Map<String, Value>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_and_forms_are_read() {
        let body = r#"{"to":["a@b.c","d@e.f"],"message":"hi"}"#;
        let request: SendRequest = serde_json::from_str(body).unwrap();
        assert_eq!(request.recipient, Some(Recipient::Many(vec!["a@b.c".into(), "d@e.f".into()])));
        assert_eq!(request.content.as_deref(), Some("hi"));
        let map: SendRequest =
            serde_json::from_str(r#"{"recipient":{"email":"a@b.c","sms":"+15005550006"}}"#).unwrap();
        assert!(matches!(map.recipient, Some(Recipient::PerChannel(_))));
    }

    #[test]
    fn an_unknown_field_is_named() {
        let error = serde_json::from_str::<SendRequest>(r#"{"recipiant":"x"}"#).unwrap_err().to_string();
        assert!(error.contains("`recipiant`"), "{error}");
    }
}
