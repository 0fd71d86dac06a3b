//! What a caller sees of recipients, subjects and bodies: masks or nothing, unless it may and wants to see them.
//!
//! Providers repeat addresses and messages in their answers, so every text that came from one is searched for them.

use notify_proto::filter::{Field, Filter, Term};
use notify_proto::send::{OneOrMany, Recipient};
use notify_proto::view::{NotificationDetail, NotificationView};
use notify_proto::webhook::DeliveryStory;
use notifyd_lifecycle::address::{mask, mask_in, mask_mailboxes, normalise};
use notifyd_lifecycle::quote::unquoted;
use serde_json::Value;
use std::borrow::Cow;

/// Longest body shown, bytes.
pub(crate) const MAX_BODY: usize = 4 * 1_024;

/// Cuts a body to [`MAX_BODY`] at a character's border.
pub(crate) fn cut(view: &mut NotificationView) {
    if let Some(content) = &mut view.content
        && content.len() > MAX_BODY
    {
        content.truncate(content.floor_char_boundary(MAX_BODY));
        content.push('…');
    }
}

/// Masks a notification with its story.
pub(crate) fn detail(detail: &mut NotificationDetail) {
    let known = Known::of(&detail.notification);
    notification(&mut detail.notification);
    for attempt in &mut detail.attempts {
        known.hide(&mut attempt.error_message);
        if let Some(answer) = &mut attempt.response_data {
            known.hide_in(answer);
        }
    }
    for event in &mut detail.events {
        known.hide(&mut event.detail);
    }
}

/// Masks an event that a webhook is told of this notification: what is said, and what the endpoint answered.
pub(crate) fn told(about: &NotificationView, story: &mut DeliveryStory) {
    let known = Known::of(about);
    let DeliveryStory { delivery, attempts, body } = story;
    known.hide(&mut delivery.response_body);
    known.hide(&mut delivery.error_message);
    for attempt in attempts {
        known.hide(&mut attempt.response_body);
        known.hide(&mut attempt.error_message);
    }
    let Some(Value::Object(said)) = body else { return };
    for (name, value) in said {
        match name.as_str() {
            "content" | "subject" => *value = Value::Null,
            "recipient" => masked(value),
            _ => known.hide_in(value),
        }
    }
}

/// The same of a notification of which nothing is known any more.
pub(crate) fn silence(story: &mut DeliveryStory) {
    story.delivery.response_body = None;
    story.attempts.iter_mut().for_each(|attempt| attempt.response_body = None);
    story.body = None;
}

/// Addresses, in any of the forms of a recipient.
fn masked(value: &mut Value) {
    match value {
        Value::String(text) => *text = mask(text),
        Value::Array(all) => all.iter_mut().for_each(masked),
        Value::Object(map) => map.values_mut().for_each(masked),
        _ => {}
    }
}

/// Masks a notification.
pub(crate) fn notification(view: &mut NotificationView) {
    // Whoever has no error, which is most, need not be looked at for what it might repeat.
    if view.error_message.is_some() {
        Known::of(view).hide(&mut view.error_message);
    }
    view.content = None;
    view.subject = None;
    match &mut view.recipient {
        Recipient::One(one) => *one = mask(one),
        Recipient::Many(many) => many.iter_mut().for_each(|one| *one = mask(one)),
        Recipient::PerChannel(map) => map.values_mut().for_each(|list| match list {
            OneOrMany::One(one) => *one = mask(one),
            OneOrMany::Many(many) => many.iter_mut().for_each(|one| *one = mask(one)),
        }),
    }
}

/// A filter in words, with its addresses and what it looks for in messages masked.
pub(crate) fn filter(filter: &Filter) -> String {
    if filter.terms.is_empty() {
        return "*".to_owned();
    }
    let mut filter = filter.clone();
    for term in &mut filter.terms {
        match term {
            Term::Is { field: Field::Recipient, values, .. } => {
                for value in values {
                    *value = mask(value);
                }
            }
            Term::Is { field: Field::Content, values, .. } => {
                for value in values {
                    "***".clone_into(value);
                }
            }
            // A bare word may be an address.
            Term::Is { field: Field::Any, values, .. } => {
                for value in values.iter_mut().filter(|value| value.contains('@') || value.starts_with('+')) {
                    *value = mask(value);
                }
            }
            _ => {}
        }
    }
    filter.to_string()
}

/// What must not come up in other texts of a notification.
struct Known {
    /// Its addresses, as asked and in their normal forms, longest first.
    addresses: Vec<String>,
    /// Its texts.
    texts: Vec<String>,
}

impl Known {
    fn of(view: &NotificationView) -> Self {
        let asked: Vec<&String> = match &view.recipient {
            Recipient::One(one) => vec![one],
            Recipient::Many(many) => many.iter().collect(),
            Recipient::PerChannel(map) => map
                .values()
                .flat_map(|list| match list {
                    OneOrMany::One(one) => std::slice::from_ref(one),
                    OneOrMany::Many(many) => many.as_slice(),
                })
                .collect(),
        };
        let mut all = Vec::new();
        for address in asked {
            all.push(address.clone());
            all.extend(view.channels.iter().filter_map(|channel| normalise(channel.known()?, address).ok()));
        }
        all.sort_by_key(|address| std::cmp::Reverse(address.len()));
        all.dedup();
        let texts = view.subject.iter().chain(&view.content).cloned().collect();
        Self { addresses: all, texts }
    }

    fn hide(&self, text: &mut Option<String>) {
        if let Some(text) = text {
            self.hide_text(text);
        }
    }

    fn hide_text(&self, text: &mut String) {
        if let Cow::Owned(masked) = mask_in(text, self.addresses.iter().map(String::as_str)) {
            *text = masked;
        }
        // Copies are not in the view.
        if let Cow::Owned(masked) = mask_mailboxes(text) {
            *text = masked;
        }
        if let Cow::Owned(rest) = unquoted(text, self.texts.iter().map(String::as_str)) {
            *text = rest;
        }
    }

    fn hide_in(&self, value: &mut Value) {
        match value {
            Value::String(text) => self.hide_text(text),
            Value::Array(all) => all.iter_mut().for_each(|value| self.hide_in(value)),
            Value::Object(map) => map.values_mut().for_each(|value| self.hide_in(value)),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use notify_proto::Timestamp;

    #[test]
    fn a_filter_is_told_without_its_addresses() {
        let told = |text| filter(&Filter::parse(text, Timestamp::UNIX_EPOCH).unwrap());
        assert_eq!(told("*"), "*");
        assert_eq!(told("to:+15005550142 service:a"), "to:+1********42 service:a");
        assert_eq!(told("-content:hunter2,otp"), "-content:***,***");
        for text in ["ann@example.org", "-to:ann@example.org,+15005550142", "+15005550142"] {
            let told = told(text);
            assert!(!told.contains("ann") && !told.contains("5005550"), "{told}");
        }
    }
}
