//! Webhooks and what they are told.

use super::{always, joined, status, wide, yes};
use crate::output::{Cell, Column, Row, Tone};
use notify_proto::webhook::{DeliveryView, TryView, WebhookView};

impl Row for WebhookView {
    const COLUMNS: &'static [Column<Self>] = &[
        always("id", |it| it.id.to_string().into()),
        always("service", |it| it.service_name.as_str().into()),
        always("active", |it| match &it.disabled_reason {
            Some(reason) => Cell::Word(reason.to_string(), Tone::Bad),
            None => yes(it.is_active),
        }),
        always("failing_since", |it| it.failing_since.map_or(Cell::None, Cell::Time)),
        always("url", |it| it.url.as_str().into()),
        wide("events", |it| joined(&it.events)),
        wide("headers", |it| joined(&it.headers.keys().collect::<Vec<_>>())),
        wide("retry_profile", |it| it.retry_profile.to_string().into()),
        wide("max_retries", |it| it.max_retries.into()),
        wide("timeout_seconds", |it| it.timeout_seconds.into()),
        wide("redact", |it| yes(it.redact)),
        wide("secret_set", |it| it.secret_set_at.into()),
        wide("old_secret_until", |it| it.old_secret_until.into()),
        wide("created", |it| it.created_at.into()),
        wide("updated", |it| it.updated_at.into()),
        wide("description", |it| it.description.clone().into()),
    ];

    fn id(&self) -> String {
        self.id.to_string()
    }
}

impl Row for DeliveryView {
    const COLUMNS: &'static [Column<Self>] = &[
        always("id", |it| it.id.to_string().into()),
        always("event", |it| it.event.to_string().into()),
        always("status", |it| status(&it.status)),
        always("tries", |it| it.attempt_count.into()),
        always("code", |it| it.response_status_code.map(u64::from).into()),
        always("owed", |it| it.created_at.into()),
        wide("duration_ms", |it| it.duration_ms.into()),
        wide("last_attempt", |it| it.last_attempt_at.into()),
        wide("acknowledged", |it| it.acknowledged_at.into()),
        always("next_attempt", |it| it.next_attempt_at.into()),
        always("notification", |it| it.notification_id.map(|id| id.to_string()).into()),
        wide("webhook", |it| it.webhook_id.to_string().into()),
        wide("answer", |it| it.response_body.clone().into()),
        always("error", |it| it.error_message.clone().into()),
    ];

    fn id(&self) -> String {
        self.id.to_string()
    }
}

impl Row for TryView {
    const COLUMNS: &'static [Column<Self>] = &[
        always("number", |it| it.number.into()),
        always("at", |it| it.at.into()),
        always("duration_ms", |it| it.duration_ms.into()),
        always("code", |it| it.response_status_code.map(u64::from).into()),
        always("error", |it| it.error_message.clone().into()),
        always("answer", |it| it.response_body.clone().into()),
    ];

    fn id(&self) -> String {
        self.number.to_string()
    }
}
