//! What is sent.

use crate::Call;
use notify_proto::Timestamp;
use notifyd_lifecycle::Message;
use serde::Serialize;
use serde_json::{Map, Value};

#[derive(Serialize)]
struct Document<'a> {
    r#type: &'static str,
    timestamp: String,
    data: Notice<'a>,
}

/// What is not there is left out.
#[derive(Serialize)]
struct Notice<'a> {
    id: String,
    attempt: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    recipient: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    meta_data: Option<&'a Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    correlation_id: Option<&'a str>,
}

/// The bytes that are signed and sent. All but `timestamp` and `attempt` is the same on every attempt.
pub(super) fn write(call: &Call<'_>, now: Timestamp) -> serde_json::Result<Vec<u8>> {
    let Message { subject, content, tenant_id, event_type, category, meta_data, correlation_id, .. } =
        call.message;
    serde_json::to_vec(&Document {
        r#type: "notification.send",
        timestamp: now.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        data: Notice {
            id: call.notification.to_string(),
            attempt: call.attempt,
            recipient: call.to.first().map(String::as_str),
            tenant: tenant_id.as_deref(),
            event_type: event_type.as_deref(),
            category: category.as_deref(),
            title: subject.as_deref(),
            body: content.as_deref(),
            meta_data: meta_data.as_ref(),
            correlation_id: correlation_id.as_deref(),
        },
    })
}
