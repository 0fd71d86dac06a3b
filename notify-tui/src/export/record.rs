//! A notification as a row of a file: byte for byte what `notifyctl notification export` writes.

use notify_proto::text::csv_field;
use notify_proto::view::{NotificationView, rfc3339};

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
    ("recipient", |it| Some(it.recipient.in_full())),
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

/// The first line of a CSV file, with its end.
pub(super) fn head() -> String {
    COLUMNS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(",") + "\n"
}

/// One record.
pub(super) fn csv(row: &NotificationView) -> String {
    let fields: Vec<_> =
        COLUMNS.iter().map(|(_, of)| of(row).as_deref().map_or_else(String::new, csv_field)).collect();
    fields.join(",")
}
