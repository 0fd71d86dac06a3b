//! A notification as a row of a file: byte for byte what `notifyctl notification export` writes.

use notify_proto::send::{OneOrMany, Recipient};
use notify_proto::view::{NotificationView, rfc3339};
use std::fmt::Write as _;
use std::io;

/// A column: its head, and what stands in it.
type Column = (&'static str, fn(&NotificationView) -> Option<String>);

/// The columns of a CSV file.
const COLUMNS: &[Column] = &[
    ("id", |it| Some(it.id.to_string())),
    ("created", |it| Some(rfc3339(it.created_at))),
    ("status", |it| Some(it.status.to_string())),
    ("channel", |it| Some(it.channel_used.as_ref().unwrap_or(&it.channel).to_string())),
    ("priority", |it| Some(it.priority.to_string())),
    ("service", |it| Some(it.service_name.clone())),
    ("recipient", |it| Some(recipient(&it.recipient))),
    ("provider", |it| it.provider_name.clone()),
    ("retries", |it| Some(it.retry_count.to_string())),
    ("next", |it| it.next_attempt_at.map(rfc3339)),
    ("max_retries", |it| Some(it.max_retries.to_string())),
    ("scheduled", |it| it.scheduled_at.map(rfc3339)),
    ("delivered", |it| it.delivered_at.map(rfc3339)),
    ("failed", |it| it.failed_at.map(rfc3339)),
    ("cancelled", |it| it.cancelled_at.map(rfc3339)),
    ("expires", |it| it.expires_at.map(rfc3339)),
    ("reason", |it| it.failure_reason.as_ref().map(ToString::to_string)),
    ("proof", |it| it.delivery_proof.as_ref().map(ToString::to_string)),
    ("external_id", |it| it.external_id.clone()),
    ("simulated", |it| Some(yes(it.simulated))),
    ("possible_duplicate", |it| Some(yes(it.possible_duplicate))),
    ("dedup_key", |it| it.dedup_key.clone()),
    ("tenant", |it| it.tenant_id.clone()),
    ("event_type", |it| it.event_type.clone()),
    ("batch", |it| it.batch_id.clone()),
    ("correlation_id", |it| it.correlation_id.clone()),
    ("subject", |it| it.subject.clone()),
    ("content", |it| it.content.clone()),
    ("error", |it| it.error_message.clone()),
];

fn yes(value: bool) -> String {
    if value { "yes" } else { "no" }.into()
}

fn recipient(recipient: &Recipient) -> String {
    match recipient {
        Recipient::One(one) => one.clone(),
        Recipient::Many(many) => many.join(","),
        Recipient::PerChannel(map) => {
            let one = |(channel, list): (&String, &OneOrMany)| {
                format!("{channel}:{}", list.clone().into_vec().join(","))
            };
            map.iter().map(one).collect::<Vec<_>>().join(" ")
        }
    }
}

/// The first line of a CSV file, with its end.
pub(super) fn head() -> String {
    COLUMNS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(",") + "\n"
}

/// One record.
pub(super) fn csv(row: &NotificationView) -> String {
    let fields: Vec<_> =
        COLUMNS.iter().map(|(_, of)| of(row).as_deref().map_or_else(String::new, field)).collect();
    fields.join(",")
}

/// One line of JSON.
pub(super) fn json(row: &NotificationView) -> io::Result<String> {
    Ok(safe(&serde_json::to_string(row)?))
}

/// Whether a terminal that shows it would do more than that.
fn hostile(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
}

/// JSON that any terminal can be shown. It has such characters nowhere but in its strings.
pub(crate) fn safe(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        if hostile(c) {
            let _ = write!(text, "\\u{:04x}", u32::from(c));
        } else {
            text.push(c);
        }
    }
    text
}

/// A field of a CSV record: quoted after RFC 4180 where it has to be; line ends stay, other control characters are escaped.
pub(crate) fn field(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for c in text.chars() {
        if hostile(c) && !matches!(c, '\n' | '\r' | '\t') {
            clean.extend(c.escape_default());
        } else {
            clean.push(c);
        }
    }
    if clean.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", clean.replace('"', "\"\"")) } else { clean }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hostile_is_escaped_and_reads_back() {
        let value = serde_json::json!({"a\u{9b}": "x\u{1b}\u{7f}\u{85}\u{202e}\n\"ä日"});
        let text = safe(&value.to_string());
        assert!(!text.contains(hostile), "{text:?}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
        let fields = ["plain", "a,b", "say \"hi\"", "two\nlines", "esc\u{1b}[m", ""].map(field);
        assert_eq!(fields, ["plain", "\"a,b\"", "\"say \"\"hi\"\"\"", "\"two\nlines\"", "esc\\u{1b}[m", ""]);
    }
}
