//! Notifications, with their attempts and what happened to them.

use super::{always, status, wide, yes};
use crate::output::{Cell, Column, Row, Tone};
use notify_proto::bulk::FaultGroup;
use notify_proto::view::{AttemptView, EventView, NotificationView};
use notify_proto::{AttemptStatus, Open, ReceiptStatus};
use serde::Serialize;

impl Row for NotificationView {
    const COLUMNS: &'static [Column<Self>] = &[
        always("id", |it| it.id.to_string().into()),
        always("created", |it| it.created_at.into()),
        always("status", |it| status(&it.status)),
        always("channel", |it| it.channel_used.as_ref().unwrap_or(&it.channel).to_string().into()),
        always("priority", |it| it.priority.to_string().into()),
        always("service", |it| it.service_name.as_str().into()),
        always("recipient", |it| it.recipient.in_full().into()),
        always("provider", |it| it.provider_name.clone().into()),
        always("retries", |it| it.retry_count.into()),
        always("next", |it| it.next_attempt_at.into()),
        wide("max_retries", |it| it.max_retries.into()),
        wide("scheduled", |it| it.scheduled_at.into()),
        wide("delivered", |it| it.delivered_at.into()),
        wide("failed", |it| it.failed_at.into()),
        wide("cancelled", |it| it.cancelled_at.into()),
        wide("expires", |it| it.expires_at.into()),
        wide("reason", |it| it.failure_reason.as_ref().map(ToString::to_string).into()),
        wide("proof", |it| it.delivery_proof.as_ref().map(ToString::to_string).into()),
        wide("external_id", |it| it.external_id.clone().into()),
        wide("simulated", |it| yes(it.simulated)),
        wide("possible_duplicate", |it| yes(it.possible_duplicate)),
        wide("dedup_key", |it| it.dedup_key.clone().into()),
        wide("tenant", |it| it.tenant_id.clone().into()),
        wide("event_type", |it| it.event_type.clone().into()),
        wide("batch", |it| it.batch_id.clone().into()),
        wide("correlation_id", |it| it.correlation_id.clone().into()),
        wide("subject", |it| it.subject.clone().into()),
        wide("content", |it| it.content.clone().into()),
        always("error", |it| it.error_message.clone().into()),
    ];

    fn id(&self) -> String {
        self.id.to_string()
    }
}

/// A dead letter, for a list of its own.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub(crate) struct Dead(pub(crate) NotificationView);

impl Row for Dead {
    const COLUMNS: &'static [Column<Self>] = &[
        always("id", |it| it.0.id.to_string().into()),
        always("died", |it| it.0.failed_at.into()),
        always("service", |it| it.0.service_name.as_str().into()),
        always("channel", |it| it.0.channel_used.as_ref().unwrap_or(&it.0.channel).to_string().into()),
        always("provider", |it| it.0.provider_name.clone().into()),
        always("retries", |it| it.0.retry_count.into()),
        always("reason", |it| {
            let bad = |reason: &Open<_>| Cell::Word(reason.to_string(), Tone::Bad);
            it.0.failure_reason.as_ref().map_or(Cell::None, bad)
        }),
        wide("created", |it| it.0.created_at.into()),
        wide("priority", |it| it.0.priority.to_string().into()),
        wide("recipient", |it| it.0.recipient.in_full().into()),
        wide("possible_duplicate", |it| yes(it.0.possible_duplicate)),
        always("error", |it| it.0.error_message.clone().into()),
    ];

    fn id(&self) -> String {
        self.0.id.to_string()
    }
}

impl Row for FaultGroup {
    const COLUMNS: &'static [Column<Self>] = &[
        always("fault", |it| it.fault.as_str().into()),
        always("count", |it| it.count.into()),
        always("reason", |it| it.reason.as_ref().map(ToString::to_string).into()),
        always("provider", |it| it.provider_name.clone().into()),
        always("first", |it| it.first_at.into()),
        always("last", |it| it.last_at.into()),
        always("sample", |it| it.sample.to_string().into()),
        always("error", |it| it.error.clone().into()),
    ];

    fn id(&self) -> String {
        self.fault.clone()
    }
}

impl Row for AttemptView {
    const COLUMNS: &'static [Column<Self>] = &[
        always("number", |it| it.number.into()),
        always("started", |it| it.attempted_at.into()),
        always("channel", |it| it.channel.to_string().into()),
        always("provider", |it| it.provider_name.clone().into()),
        always("status", |it| {
            let tone = match it.status.known() {
                Some(AttemptStatus::Delivered) => Tone::Good,
                Some(AttemptStatus::Failed) => Tone::Bad,
                Some(AttemptStatus::InDoubt) => Tone::Warn,
                _ => Tone::Dim,
            };
            Cell::Word(it.status.to_string(), tone)
        }),
        always("reason", |it| it.reason.clone().into()),
        always("duration_ms", |it| it.duration_ms.into()),
        always("external_id", |it| it.external_id.clone().into()),
        always("receipt", |it| {
            let Some(receipt) = &it.receipt else { return Cell::None };
            let tone = match receipt.known() {
                Some(ReceiptStatus::Delivered) => Tone::Good,
                Some(ReceiptStatus::Undelivered) => Tone::Bad,
                Some(ReceiptStatus::Contradicted) => Tone::Warn,
                Some(ReceiptStatus::Awaited) | None => Tone::Dim,
            };
            Cell::Word(receipt.to_string(), tone)
        }),
        always("error", |it| it.error_message.clone().into()),
    ];

    fn id(&self) -> String {
        self.id.clone()
    }
}

impl Row for EventView {
    const COLUMNS: &'static [Column<Self>] = &[
        always("sequence", |it| it.sequence.into()),
        always("at", |it| it.at.into()),
        always("event", |it| it.event.as_str().into()),
        always("from", |it| it.from.as_ref().map(ToString::to_string).into()),
        always("to", |it| status(&it.to)),
        always("reason", |it| it.reason.clone().into()),
        always("detail", |it| it.detail.clone().into()),
    ];

    fn id(&self) -> String {
        self.sequence.to_string()
    }
}
