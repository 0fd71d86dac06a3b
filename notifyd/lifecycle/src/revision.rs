//! The edit of a notification that was not sent yet: held to the very rules of a new one, so that nothing gets in by
//! the back door.

use crate::admission::{AdmissionRules, FieldError, admit};
use crate::candidate::Candidate;
use notify_proto::send::{Recipient, SendRequest};
use notify_proto::{Channel, Priority, ProviderId, ServiceId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// New values; absent ones stay. Unknown fields are refused by name.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Revision {
    /// To whom.
    pub recipient: Option<Recipient>,
    /// The text.
    pub content: Option<String>,
    /// Subject or title.
    pub subject: Option<String>,
    /// How urgent.
    pub priority: Option<Priority>,
    /// Not before; a time that has passed means now.
    pub scheduled_at: Option<Timestamp>,
    /// The caller's own data.
    pub meta_data: Option<Map<String, Value>>,
}

/// A checked revision.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Revised {
    /// To whom, as asked and as normalised addresses per channel.
    pub recipient: Option<(Recipient, BTreeMap<Channel, Vec<String>>)>,
    /// The text.
    pub content: Option<String>,
    /// Subject or title.
    pub subject: Option<String>,
    /// How urgent.
    pub priority: Option<Priority>,
    /// Not before.
    pub scheduled_at: Option<Timestamp>,
    /// The caller's own data.
    pub meta_data: Option<Map<String, Value>>,
}

/// Checks a revision of a notification with these channels and this expiry.
pub fn revise(
    revision: Revision,
    channels: &[Channel],
    expires_at: Option<Timestamp>,
    now: Timestamp,
    rules: &AdmissionRules,
) -> Result<Revised, Vec<FieldError>> {
    if revision == Revision::default() {
        let message = "give at least one of recipient, content, subject, priority, scheduled_at, meta_data";
        return Err(vec![FieldError { field: "$".to_owned(), message: message.to_owned() }]);
    }
    let Revision { recipient, content, subject, priority, scheduled_at, meta_data } = revision;
    let request = SendRequest {
        channels: Some(channels.to_vec()),
        recipient: recipient.clone(),
        // A text that stays was checked before.
        content: content.clone().or_else(|| Some("unchanged".to_owned())),
        subject: subject.clone(),
        scheduled_at,
        meta_data: meta_data.clone(),
        ..SendRequest::default()
    };
    // The providers are not in question.
    let anybody = Candidate {
        id: ProviderId::from_bytes([0; 16]),
        name: String::new(),
        channels: channels.iter().copied().collect(),
        priority: 0,
        active: true,
    };
    let (addresses, mut errors) =
        match admit(request, None, ServiceId::from_bytes([0; 16]), None, now, rules, &[anybody]) {
            Ok(draft) => (draft.message.addresses, Vec::new()),
            Err(errors) => (BTreeMap::new(), errors),
        };
    if recipient.is_none() {
        // That it is missing is no error here.
        errors.retain(|error| error.field != "recipient");
    }
    if let (Some(at), Some(end)) = (scheduled_at, expires_at)
        && at >= end
    {
        let message = "must be earlier than the notification's expires_at".to_owned();
        errors.push(FieldError { field: "scheduled_at".to_owned(), message });
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let recipient = recipient.map(|recipient| (recipient, addresses));
    Ok(Revised { recipient, content, subject, priority, scheduled_at, meta_data })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn try_json(body: Value) -> Result<Revised, Vec<String>> {
        let revision = serde_json::from_value(body).unwrap();
        let expires = Timestamp::from_timestamp_millis(1_000_000);
        revise(revision, &[Channel::Sms], expires, Timestamp::default(), &AdmissionRules::default())
            .map_err(|errors| errors.into_iter().map(|error| error.field).collect())
    }

    #[test]
    fn each_value_is_taken_alone_and_normalised() {
        let revised = try_json(json!({"recipient": "+1 500 555 0006"})).unwrap();
        assert_eq!(revised.recipient.unwrap().1[&Channel::Sms], ["+15005550006"]);
        assert_eq!(try_json(json!({"subject": "x"})).unwrap().subject.as_deref(), Some("x"));
        assert_eq!(try_json(json!({"content": "x"})).unwrap().content.as_deref(), Some("x"));
        assert_eq!(try_json(json!({"priority": "high"})).unwrap().priority, Some(Priority::High));
        let past = try_json(json!({"scheduled_at": "1960-01-01T00:00:00Z"})).unwrap();
        assert!(past.scheduled_at.is_some(), "a time that has passed means now");
    }

    #[test]
    fn every_wrong_value_is_named_as_in_a_new_request() {
        let body = json!({"recipient": "nobody", "content": " ", "subject": "a\nb",
            "scheduled_at": "1970-01-02T00:00:00Z", "meta_data": {"x": "y".repeat(20_000)}});
        let mut fields = try_json(body).unwrap_err();
        fields.sort();
        assert_eq!(fields, ["content", "meta_data", "recipient", "scheduled_at", "subject"]);
        assert_eq!(try_json(json!({})).unwrap_err(), ["$"]);
        assert_eq!(try_json(json!({"subject": null})).unwrap_err(), ["$"]);
        assert_eq!(try_json(json!({"recipient": {"email": "a@b.c"}})).unwrap_err()[0], "recipient.email");
    }
}
