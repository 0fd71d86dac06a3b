//! What a dashboard has: alerts, lines of work, providers, webhooks, latencies, series, events, the audit log.

use super::{always, joined, wide};
use crate::output::{Cell, Column, Row, Tone};
use notify_proto::audit::AuditView;
use notify_proto::happening::Event;
use notify_proto::overview::{Alert, LatencyLine, Percentiles, ProviderLine, QueueLine, WebhookLine};
use notify_proto::series::SeriesLine;
use notify_proto::{LatencyKind, Open, Severity};
use serde::Serialize;

/// A number that is not whole.
const fn decimal(value: f64) -> Cell {
    Cell::Figure(value, "")
}

/// Per second.
const fn rate(value: f64) -> Cell {
    Cell::Figure(value, "/s")
}

/// Milliseconds.
fn ms(value: Option<f64>) -> Cell {
    value.map_or(Cell::None, |value| Cell::Figure(value, "ms"))
}

/// How bad, in its colour.
pub(crate) fn severity(word: &Open<Severity>) -> Cell {
    let tone = match word.known() {
        Some(Severity::Critical) => Tone::Bad,
        Some(Severity::Info) => Tone::Plain,
        Some(Severity::Warning) | None => Tone::Warn,
    };
    Cell::Word(word.to_string(), tone)
}

fn state(word: &str) -> Cell {
    let tone = match word {
        "running" | "ok" | "closed" => Tone::Good,
        "circuit_open" | "open" => Tone::Bad,
        "disabled" | "off" => Tone::Dim,
        _ => Tone::Warn,
    };
    Cell::Word(word.to_owned(), tone)
}

impl Row for Alert {
    const COLUMNS: &'static [Column<Self>] = &[
        always("severity", |it| severity(&it.severity)),
        wide("kind", |it| it.kind.to_string().into()),
        always("object", |it| it.object.to_string().into()),
        always("name", |it| it.name.as_str().into()),
        always("fact", |it| it.fact.as_str().into()),
        always("since", |it| it.since.into()),
        always("until", |it| it.until.into()),
        wide("look", |it| it.look.clone().into()),
    ];

    fn id(&self) -> String {
        self.name.clone()
    }
}

impl Row for QueueLine {
    const COLUMNS: &'static [Column<Self>] = &[
        always("queue", |it| it.name.as_str().into()),
        always("state", |it| state(&it.state)),
        always("ready", |it| it.ready.into()),
        wide("on_disk", |it| it.on_disk.into()),
        always("busy", |it| it.busy.into()),
        always("limit", |it| it.limit.into()),
        always("later", |it| it.later.into()),
        always("oldest", |it| it.oldest_at.into()),
        wide("next", |it| it.next_at.into()),
        always("in", |it| rate(it.in_per_second)),
        always("out", |it| rate(it.out_per_second)),
        always("errors", |it| Cell::percent(it.error_share)),
        wide("wait_p50", |it| ms(it.wait_ms.p50)),
        always("wait_p95", |it| ms(it.wait_ms.p95)),
        always("wait_p99", |it| ms(it.wait_ms.p99)),
    ];

    fn id(&self) -> String {
        self.name.clone()
    }
}

impl Row for ProviderLine {
    const COLUMNS: &'static [Column<Self>] = &[
        always("provider", |it| it.name.as_str().into()),
        always("active", |it| super::yes(it.active)),
        wide("simulated", |it| super::yes(it.simulated)),
        wide("priority", |it| it.priority.to_string().into()),
        always("channels", |it| joined(&it.channels)),
        always("circuit", |it| state(&it.circuit)),
        always("since", |it| it.circuit_since.into()),
        wide("probe", |it| it.circuit_until.into()),
        wide("throttled_until", |it| it.throttled_until.into()),
        always("calls", |it| rate(it.calls_per_second)),
        always("ok", |it| Cell::percent(it.ok_share)),
        wide("throttled", |it| rate(it.throttled_per_second)),
        always("busy", |it| it.busy.into()),
        always("limit", |it| it.limit.into()),
        wide("p50", |it| ms(it.call_ms.p50)),
        always("p95", |it| ms(it.call_ms.p95)),
        wide("p99", |it| ms(it.call_ms.p99)),
        always("last_error", |it| it.last_error.clone().into()),
        wide("last_error_at", |it| it.last_error_at.into()),
    ];

    fn id(&self) -> String {
        self.name.clone()
    }
}

impl Row for WebhookLine {
    const COLUMNS: &'static [Column<Self>] = &[
        always("id", |it| it.id.as_str().into()),
        always("service", |it| it.service.as_str().into()),
        wide("url", |it| it.url.as_str().into()),
        always("state", |it| state(&it.state)),
        wide("failing_since", |it| it.failing_since.into()),
        always("acked", |it| Cell::percent(it.ack_share)),
        always("acks", |it| rate(it.acks_per_second)),
        always("waiting", |it| it.waiting.into()),
        always("retrying", |it| it.retrying.into()),
        always("failed", |it| it.failed.into()),
        always("nacks", |it| it.nacks.into()),
        wide("p50", |it| ms(it.ack_ms.p50)),
        always("p95", |it| ms(it.ack_ms.p95)),
        wide("p99", |it| ms(it.ack_ms.p99)),
        always("code", |it| it.last_code.map(u32::from).into()),
        always("last", |it| it.last_at.into()),
    ];

    fn id(&self) -> String {
        self.id.clone()
    }
}

impl Row for LatencyLine {
    const COLUMNS: &'static [Column<Self>] = &[
        always("latency", |it| it.kind.to_string().into()),
        always("count", |it| it.ms.count.into()),
        always("p50", |it| ms(it.ms.p50)),
        always("p95", |it| ms(it.ms.p95)),
        always("p99", |it| ms(it.ms.p99)),
        always("max", |it| ms(it.ms.max)),
    ];

    fn id(&self) -> String {
        self.kind.to_string()
    }
}

/// How long something took of one thing.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Took {
    pub(crate) name: String,
    pub(crate) kind: Open<LatencyKind>,
    pub(crate) ms: Percentiles,
}

impl Row for Took {
    const COLUMNS: &'static [Column<Self>] = &[
        always("name", |it| it.name.as_str().into()),
        always("latency", |it| it.kind.to_string().into()),
        always("count", |it| it.ms.count.into()),
        always("p50", |it| ms(it.ms.p50)),
        always("p95", |it| ms(it.ms.p95)),
        always("p99", |it| ms(it.ms.p99)),
        always("max", |it| ms(it.ms.max)),
    ];

    fn id(&self) -> String {
        self.name.clone()
    }
}

/// The same of a webhook.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct WebhookTook {
    pub(crate) id: String,
    pub(crate) service: String,
    pub(crate) url: String,
    pub(crate) kind: Open<LatencyKind>,
    pub(crate) ms: Percentiles,
}

impl Row for WebhookTook {
    const COLUMNS: &'static [Column<Self>] = &[
        always("id", |it| it.id.as_str().into()),
        always("service", |it| it.service.as_str().into()),
        wide("url", |it| it.url.as_str().into()),
        always("latency", |it| it.kind.to_string().into()),
        always("count", |it| it.ms.count.into()),
        always("p50", |it| ms(it.ms.p50)),
        always("p95", |it| ms(it.ms.p95)),
        always("p99", |it| ms(it.ms.p99)),
        always("max", |it| ms(it.ms.max)),
    ];

    fn id(&self) -> String {
        self.id.clone()
    }
}

impl Row for SeriesLine {
    const COLUMNS: &'static [Column<Self>] = &[
        always("series", |it| it.key.as_str().into()),
        always("unit", |it| it.unit.as_str().into()),
        always("points", |it| (it.points.len() as u64).into()),
        always("last", |it| it.points.last().copied().map_or(Cell::None, decimal)),
        always("least", |it| it.points.iter().copied().reduce(f64::min).map_or(Cell::None, decimal)),
        always("most", |it| it.points.iter().copied().reduce(f64::max).map_or(Cell::None, decimal)),
        always("mean", |it| {
            #[expect(clippy::cast_precision_loss, reason = "a few thousand points")]
            let count = it.points.len() as f64;
            if it.points.is_empty() { Cell::None } else { decimal(it.points.iter().sum::<f64>() / count) }
        }),
    ];

    fn id(&self) -> String {
        self.key.clone()
    }
}

impl Row for Event {
    const COLUMNS: &'static [Column<Self>] = &[
        wide("seq", |it| it.seq.into()),
        always("at", |it| it.at.into()),
        always("event", |it| it.event.as_str().into()),
        always("severity", |it| severity(&it.severity)),
        wide("object", |it| it.object.to_string().into()),
        always("id", |it| it.id.as_str().into()),
        always("service", |it| it.service.clone().into()),
        always("channel", |it| it.channel.as_ref().map(ToString::to_string).into()),
        always("provider", |it| it.provider.clone().into()),
        wide("status", |it| it.status.as_ref().map(ToString::to_string).into()),
        always("actor", |it| it.actor.clone().into()),
        always("detail", |it| it.detail.clone().into()),
    ];

    fn id(&self) -> String {
        self.id.clone()
    }
}

/// An event in one line, for people who follow.
pub(crate) fn spoken(event: &Event) -> String {
    let mut line = vec![event.event.clone(), event.object.to_string(), event.id.clone()];
    let more = [
        ("service", event.service.clone()),
        ("channel", event.channel.as_ref().map(ToString::to_string)),
        ("provider", event.provider.clone()),
        ("by", event.actor.clone()),
    ];
    for (name, value) in more {
        if let Some(value) = value {
            line.push(format!("{name} {value}"));
        }
    }
    let detail = event.detail.as_ref().map(|detail| format!(": {detail}")).unwrap_or_default();
    line.join(" ") + &detail
}

impl Row for AuditView {
    const COLUMNS: &'static [Column<Self>] = &[
        wide("id", |it| it.id.as_str().into()),
        always("at", |it| it.at.into()),
        always("actor", |it| it.actor.as_str().into()),
        always("verb", |it| it.verb.as_str().into()),
        always("target", |it| it.target.as_str().into()),
        always("reason", |it| it.reason.clone().into()),
    ];

    fn id(&self) -> String {
        self.id.clone()
    }
}
