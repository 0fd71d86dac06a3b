//! The columns of everything that is listed.

use super::{Cell, Column, Row, Show, Tone, short};
use notify_proto::bulk::{FaultGroup, Refusal};
use notify_proto::control::{Changed, Seeded};
use notify_proto::hold::{HoldView, QueueView};
use notify_proto::send::{OneOrMany, Recipient};
use notify_proto::upkeep::{BackupView, ChangedSetting, OperationState, OperationView};
use notify_proto::view::{
    AttemptView, EventView, KeyView, NotificationView, ProviderView, ServiceView, rfc3339,
};
use notify_proto::webhook::{DeliveryView, Resent, TryView, WebhookView};
use notify_proto::{AttemptStatus, HoldKind, Open, ReceiptStatus, Status, Timestamp, WebhookStatus};
use serde::{Serialize, Serializer};
use std::fmt::Display;

/// A column that every table has.
pub(crate) const fn always<T>(name: &'static str, cell: fn(&T) -> Cell) -> Column<T> {
    Column { name, show: Show::Always, cell }
}

/// A column that only a wide table has.
pub(crate) const fn wide<T>(name: &'static str, cell: fn(&T) -> Cell) -> Column<T> {
    Column { name, show: Show::Wide, cell }
}

fn yes(value: bool) -> Cell {
    Cell::Word(if value { "yes" } else { "no" }.into(), Tone::Plain)
}

fn joined<T: Display>(all: &[T]) -> Cell {
    Cell::Text(all.iter().map(ToString::to_string).collect::<Vec<_>>().join(","))
}

/// A status with its tone.
pub(crate) fn status(status: &Open<Status>) -> Cell {
    let tone = match status.known() {
        Some(Status::Delivered) => Tone::Good,
        Some(Status::Failed) => Tone::Bad,
        Some(Status::Retrying) => Tone::Warn,
        Some(Status::Cancelled) => Tone::Dim,
        _ => Tone::Plain,
    };
    Cell::Word(status.to_string(), tone)
}

fn circuit(provider: &ProviderView) -> Cell {
    circuit_word(&provider.circuit)
}

fn circuit_word(word: &str) -> Cell {
    let tone = match word {
        "closed" => Tone::Good,
        "open" => Tone::Bad,
        _ => Tone::Warn,
    };
    Cell::Word(word.to_owned(), tone)
}

/// What operators force, by its words.
fn held(holds: &[HoldView]) -> Cell {
    if holds.is_empty() {
        return Cell::None;
    }
    Cell::Word(holds.iter().map(|hold| hold.kind.to_string()).collect::<Vec<_>>().join(","), Tone::Warn)
}

/// To whom, in one line.
pub(crate) fn recipient(recipient: &Recipient) -> String {
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

impl Row for ServiceView {
    const COLUMNS: &'static [Column<Self>] = &[
        always("name", |it| it.name.as_str().into()),
        wide("id", |it| it.id.to_string().into()),
        always("active", |it| yes(it.active)),
        always("keys", |it| it.active_keys.into()),
        always("rate", |it| it.rate_per_second.map(|rate| format!("{rate}/s")).into()),
        always("failures", |it| it.auth_failures.into()),
        always("locked_until", |it| it.locked_until.into()),
        always("created", |it| it.created_at.into()),
        always("description", |it| it.description.clone().into()),
    ];

    fn id(&self) -> String {
        self.id.to_string()
    }
}

impl Row for KeyView {
    const COLUMNS: &'static [Column<Self>] = &[
        always("prefix", |it| it.prefix.as_str().into()),
        wide("id", |it| it.id.to_string().into()),
        always("label", |it| it.label.clone().into()),
        always("created", |it| it.created_at.into()),
        always("last_used", |it| it.last_used_at.into()),
        always("expires", |it| it.expires_at.into()),
        always("revoked", |it| it.revoked_at.into()),
    ];

    fn id(&self) -> String {
        self.id.to_string()
    }
}

impl Row for ProviderView {
    const COLUMNS: &'static [Column<Self>] = &[
        always("name", |it| it.name.as_str().into()),
        wide("id", |it| it.id.to_string().into()),
        always("type", |it| it.kind.as_str().into()),
        always("channels", |it| joined(&it.channels)),
        always("priority", |it| it.priority.to_string().into()),
        always("active", |it| yes(it.active)),
        always("circuit", circuit),
        wide("circuit_reason", |it| it.circuit_reason.clone().into()),
        wide("circuit_until", |it| it.circuit_until.into()),
        wide("throttled_until", |it| it.throttled_until.into()),
        always("held", |it| held(&it.holds)),
        always("ends", |it| switched(it).and_then(|hold| hold.until).into()),
        wide("switched_by", |it| switched(it).map(|hold| hold.actor.clone()).into()),
        wide("switched_because", |it| switched(it).and_then(|hold| hold.reason.clone()).into()),
        always("in_flight", |it| it.in_flight.into()),
        wide("max_in_flight", |it| it.max_in_flight.into()),
        wide("rate", |it| it.rate_per_second.map(|rate| format!("{rate}/s")).into()),
        wide("learned_rate", |it| it.learned_rate.map(|rate| format!("{rate}/s")).into()),
        wide("burst", |it| it.burst.into()),
        always("simulated", |it| yes(it.simulated)),
        wide("created", |it| it.created_at.into()),
    ];

    fn id(&self) -> String {
        self.id.to_string()
    }
}

/// What has switched a provider on or off for a time.
fn switched(provider: &ProviderView) -> Option<&HoldView> {
    provider.holds.iter().find(|hold| hold.kind.known().is_some_and(|kind| kind.switches().is_some()))
}

/// A circuit breaker, for a list of its own.
#[derive(Debug, Serialize)]
pub(crate) struct CircuitRow {
    provider: String,
    provider_id: String,
    circuit: String,
    reason: Option<String>,
    /// When it lets a call through again by itself.
    #[serde(serialize_with = "write")]
    until: Option<Timestamp>,
    /// The hold that keeps it open.
    hold: Option<HoldView>,
}

#[expect(clippy::ref_option, reason = "serde's signature")]
fn write<S: Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    at.map(rfc3339).serialize(serializer)
}

impl From<ProviderView> for CircuitRow {
    fn from(provider: ProviderView) -> Self {
        let open = |hold: &HoldView| hold.kind.known() == Some(HoldKind::CircuitOpen);
        Self {
            provider: provider.name,
            provider_id: provider.id.to_string(),
            circuit: provider.circuit,
            reason: provider.circuit_reason,
            until: provider.circuit_until,
            hold: provider.holds.into_iter().find(open),
        }
    }
}

impl Row for CircuitRow {
    const COLUMNS: &'static [Column<Self>] = &[
        always("provider", |it| it.provider.as_str().into()),
        wide("id", |it| it.provider_id.as_str().into()),
        always("circuit", |it| circuit_word(&it.circuit)),
        always("reason", |it| it.reason.clone().into()),
        always("forced_by", |it| it.hold.as_ref().map(|hold| hold.actor.clone()).into()),
        always("until", |it| it.until.into()),
    ];

    fn id(&self) -> String {
        self.provider_id.clone()
    }
}

impl Row for QueueView {
    const COLUMNS: &'static [Column<Self>] = &[
        always("queue", |it| it.name.as_str().into()),
        wide("id", |it| it.provider_id.to_string().into()),
        always("state", |it| {
            let tone = match it.state.as_str() {
                "running" => Tone::Good,
                "circuit_open" => Tone::Bad,
                "disabled" => Tone::Dim,
                _ => Tone::Warn,
            };
            Cell::Word(it.state.clone(), tone)
        }),
        always("waiting", |it| it.waiting.into()),
        always("on_disk", |it| it.on_disk.into()),
        always("busy", |it| it.busy.into()),
        always("limit", |it| it.limit.into()),
        always("rate", |it| format!("{:.1}/s", it.rate_per_second).into()),
        wide("arriving", |it| format!("{:.1}/s", it.arriving_per_second).into()),
        always("empty_in", empty_in),
        wide("empty_in_ms", |it| it.empty_in_ms.into()),
        always("oldest", |it| it.oldest_at.into()),
        always("reason", |it| match named(it) {
            Some(hold) => hold.reason.clone().into(),
            None if it.state == "throttled" => "the provider asked to be left alone".into(),
            None => it.circuit_reason.clone().into(),
        }),
        always("ends", |it| named(it).map_or(it.opens_at, |hold| hold.until).into()),
    ];

    fn id(&self) -> String {
        self.provider_id.to_string()
    }
}

/// In how long a queue is empty, or why it does not get empty now: nothing to say of one that is.
fn empty_in(queue: &QueueView) -> Cell {
    match (queue.empty_in_ms, queue.never_empty.as_deref()) {
        (Some(0), _) | (None, None) => Cell::None,
        (Some(ms), _) => Cell::Text(format!("~{}", short(ms.div_ceil(1_000)))),
        (None, Some("stands_still")) => Cell::Word("stands still".into(), Tone::Warn),
        // It grows, or the state that stops it for now, in the word of its own column.
        (None, Some(why)) => Cell::Word(why.to_owned(), Tone::Warn),
    }
}

/// The hold that the state of a queue names.
fn named(queue: &QueueView) -> Option<&HoldView> {
    let kind = match queue.state.as_str() {
        "disabled" => HoldKind::Disabled,
        "paused" => HoldKind::Pause,
        "draining" => HoldKind::Drain,
        "limited" => HoldKind::Limit,
        "circuit_open" => HoldKind::CircuitOpen,
        _ => return None,
    };
    queue.holds.iter().find(|hold| hold.kind.known() == Some(kind))
}

impl Row for HoldView {
    const COLUMNS: &'static [Column<Self>] = &[
        always("id", |it| it.id.as_str().into()),
        always("provider", |it| it.provider_name.as_str().into()),
        always("kind", |it| it.kind.to_string().into()),
        always("limit", |it| it.limit.into()),
        always("made", |it| it.made_at.into()),
        always("ends", |it| it.until.into()),
        always("by", |it| it.actor.as_str().into()),
        always("reason", |it| it.reason.clone().into()),
    ];

    fn id(&self) -> String {
        self.id.clone()
    }
}

impl Row for Seeded {
    const COLUMNS: &'static [Column<Self>] = &[
        always("name", |it| it.provider.name.as_str().into()),
        wide("id", |it| it.provider.id.to_string().into()),
        always("type", |it| it.provider.kind.as_str().into()),
        always("created", |it| yes(it.created)),
        always("simulated", |it| yes(it.provider.simulated)),
    ];

    fn id(&self) -> String {
        self.provider.id.to_string()
    }
}

impl Row for NotificationView {
    const COLUMNS: &'static [Column<Self>] = &[
        always("id", |it| it.id.to_string().into()),
        always("created", |it| it.created_at.into()),
        always("status", |it| status(&it.status)),
        always("channel", |it| it.channel_used.as_ref().unwrap_or(&it.channel).to_string().into()),
        always("priority", |it| it.priority.to_string().into()),
        always("service", |it| it.service_name.as_str().into()),
        always("recipient", |it| recipient(&it.recipient).into()),
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
        wide("recipient", |it| recipient(&it.0.recipient).into()),
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

impl Row for OperationView {
    const COLUMNS: &'static [Column<Self>] = &[
        always("id", |it| it.id.as_str().into()),
        always("verb", |it| it.verb.as_str().into()),
        always("state", |it| {
            let tone = match it.state {
                OperationState::Done => Tone::Good,
                OperationState::Failed => Tone::Bad,
                OperationState::Cancelled => Tone::Warn,
                OperationState::Running | OperationState::Unknown => Tone::Plain,
            };
            Cell::Word(it.state.as_str().into(), tone)
        }),
        always("done", |it| it.done.into()),
        always("total", |it| it.total.into()),
        wide("unit", |it| it.unit.as_str().into()),
        always("started", |it| it.started_at.into()),
        always("finished", |it| it.finished_at.into()),
        wide("actor", |it| it.actor.as_str().into()),
        wide("path", |it| it.path.clone().into()),
        wide("bytes", |it| it.bytes.map(Cell::Bytes).into()),
        wide("removed", |it| it.removed.into()),
        always("result", |it| it.result.clone().into()),
        always("error", |it| it.error.as_ref().map(|error| error.message.clone()).into()),
        always("refused", |it| it.refused.into()),
        wide("target", |it| it.target.as_str().into()),
        wide("reason", |it| it.reason.clone().into()),
        wide("cutoff", |it| it.cutoff.into()),
        wide("rate", |it| it.rate_per_second.map(|rate| format!("{rate}/s")).into()),
    ];

    fn id(&self) -> String {
        self.id.clone()
    }
}

impl Row for Refusal {
    const COLUMNS: &'static [Column<Self>] =
        &[always("id", |it| it.id.to_string().into()), always("why", |it| it.message.as_str().into())];

    fn id(&self) -> String {
        self.id.to_string()
    }
}

impl Row for BackupView {
    const COLUMNS: &'static [Column<Self>] = &[
        always("path", |it| it.path.as_str().into()),
        always("bytes", |it| Cell::Bytes(it.bytes)),
        always("made", |it| it.made_at.into()),
    ];

    fn id(&self) -> String {
        self.path.clone()
    }
}

impl Row for ChangedSetting {
    const COLUMNS: &'static [Column<Self>] = &[
        always("key", |it| it.key.as_str().into()),
        always("from", |it| it.from.as_str().into()),
        always("to", |it| it.to.as_str().into()),
    ];

    fn id(&self) -> String {
        self.key.clone()
    }
}

/// What became of one id of a change.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Outcome {
    id: String,
    status: Option<Open<Status>>,
    error: Option<notify_proto::ApiError>,
}

impl From<Changed> for Outcome {
    fn from(changed: Changed) -> Self {
        let (status, error) = match changed.result {
            Ok(status) => (Some(status), None),
            Err(error) => (None, Some(error)),
        };
        Self { id: changed.id.to_string(), status, error }
    }
}

impl Row for Outcome {
    const COLUMNS: &'static [Column<Self>] = &[
        always("id", |it| it.id.as_str().into()),
        always("status", |it| it.status.as_ref().map_or(Cell::Word("refused".into(), Tone::Bad), status)),
        always("error", |it| it.error.as_ref().map(|error| error.message.clone()).into()),
    ];

    fn id(&self) -> String {
        self.id.clone()
    }
}

/// What became of one event that is told once more.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Told {
    id: String,
    status: Option<Open<WebhookStatus>>,
    error: Option<notify_proto::ApiError>,
}

impl From<Resent> for Told {
    fn from(resent: Resent) -> Self {
        let (status, error) = match resent.result {
            Ok(status) => (Some(status), None),
            Err(error) => (None, Some(error)),
        };
        Self { id: resent.id.to_string(), status, error }
    }
}

impl Row for Told {
    const COLUMNS: &'static [Column<Self>] = &[
        always("id", |it| it.id.as_str().into()),
        always("status", |it| it.status.as_ref().map_or(Cell::Word("refused".into(), Tone::Bad), told)),
        always("error", |it| it.error.as_ref().map(|error| error.message.clone()).into()),
    ];

    fn id(&self) -> String {
        self.id.clone()
    }
}

/// Where an event owed to a webhook stands, with its tone.
fn told(status: &Open<WebhookStatus>) -> Cell {
    let tone = match status.known() {
        Some(WebhookStatus::Acknowledged) => Tone::Good,
        Some(WebhookStatus::Failed) => Tone::Bad,
        Some(WebhookStatus::Retrying) => Tone::Warn,
        _ => Tone::Plain,
    };
    Cell::Word(status.to_string(), tone)
}

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
        always("status", |it| told(&it.status)),
        always("tries", |it| it.attempt_count.into()),
        always("code", |it| it.response_status_code.map(u64::from).into()),
        always("owed", |it| it.created_at.into()),
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

/// A name and how many.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Count {
    pub(crate) name: String,
    pub(crate) count: u64,
}

impl Row for Count {
    const COLUMNS: &'static [Column<Self>] =
        &[always("name", |it| it.name.as_str().into()), always("count", |it| it.count.into())];

    fn id(&self) -> String {
        self.name.clone()
    }
}

/// One round trip.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RoundTrip {
    pub(crate) number: u32,
    /// In microseconds, which is what a local socket takes.
    pub(crate) round_trip_us: u64,
}

impl Row for RoundTrip {
    const COLUMNS: &'static [Column<Self>] =
        &[always("number", |it| it.number.into()), always("round_trip_us", |it| it.round_trip_us.into())];

    fn id(&self) -> String {
        self.number.to_string()
    }
}
