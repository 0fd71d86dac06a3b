//! The numbers of the first view: the strip, the chart of what is delivered, and how long things take.

use super::look::{Look, Tone, grouped, spread};
use super::table::{self, Cell, Column, Row, left, right};
use super::time::{ahead, percent, rate, took_or};
use crate::state::App;
use notify_proto::LatencyKind;
use notify_proto::overview::Overview;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

/// The numbers above all: name, value, and what it means.
fn facts(app: &App, overview: &Overview) -> [(&'static str, String, String); 8] {
    let by = |name: &str| overview.by_status.get(name).copied().unwrap_or(0);
    let counters = &overview.counters;
    let ready: u64 = overview.queues.iter().filter(|line| line.provider).map(|line| line.ready).sum();
    let change =
        |points: &[f64]| match (points.len().checked_sub(5).and_then(|at| points.get(at)), points.last()) {
            (Some(before), Some(now)) if (now - before).abs() >= 0.5 => format!("{:+.0}/m", now - before),
            _ => String::new(),
        };
    let next = overview.queues.iter().find(|line| line.name == "scheduled").and_then(|line| line.next_at);
    let next =
        next.map(|at| format!("next {}", ahead(app, at).trim_start_matches("in "))).unwrap_or_default();
    let ended = overview.rates.delivered + overview.rates.failed;
    let failing =
        if ended > 0.0 { format!("{:.1}%", overview.rates.failed / ended * 100.0) } else { String::new() };
    let share = f64::from(counters.busy) * 100.0 / f64::from(counters.limit.max(1));
    [
        ("READY", grouped(ready), change(&overview.trends.ready)),
        ("BUSY", format!("{}/{}", counters.busy, counters.limit), format!("{share:.0}%")),
        ("SCHEDULED", grouped(by("pending")), next),
        ("RETRYING", grouped(by("retrying")), change(&overview.trends.retrying)),
        ("DEAD", grouped(by("failed")), format!("+{} 1h", grouped(counters.dead_1h))),
        ("DELIV/s", rate(overview.rates.delivered), format!("in {}/s", rate(overview.rates.accepted))),
        ("FAIL/s", rate(overview.rates.failed), failing),
        (
            "ACK 5m",
            counters.ack_share.map_or_else(|| "--".into(), |share| format!("{}%", percent(Some(share)))),
            format!("{} owed", grouped(counters.webhooks_owed)),
        ),
    ]
}

/// Each in a box.
pub(super) fn boxes(app: &App, overview: &Overview, look: Look, frame: &mut Frame<'_>, area: Rect) {
    let tone = if app.badge().doubtful() { Tone::Dim } else { Tone::Strong };
    let areas = Layout::horizontal([Constraint::Ratio(1, 8); 8]).split(area);
    for ((name, value, also), area) in facts(app, overview).into_iter().zip(areas.iter()) {
        let lines = vec![Line::styled(value, look.style(tone)), Line::styled(also, look.style(Tone::Dim))];
        frame.render_widget(Paragraph::new(lines).block(look.block(name, Tone::Plain)), *area);
    }
}

/// The same without boxes, in two lines; in a third one how long things took.
pub(super) fn strip(app: &App, overview: &Overview, look: Look, frame: &mut Frame<'_>, area: Rect) {
    let tone = if app.badge().doubtful() { Tone::Dim } else { Tone::Strong };
    let facts = facts(app, overview);
    // What the words and numbers of the second line leave to its two trends.
    let cells = usize::from(area.width.saturating_sub(50) / 2).min(15);
    let fact = |(name, value, _): &(&'static str, String, String)| {
        let trend = match *name {
            "DELIV/s" => &overview.trends.delivered[..],
            "FAIL/s" => &overview.trends.failed,
            _ => &[],
        };
        let trend = if cells < 5 || trend.is_empty() {
            String::new()
        } else {
            look.spark(spread(trend, POINTS, cells).into_iter(), cells)
        };
        let gap = if trend.is_empty() { "" } else { " " };
        [
            Span::raw(format!(" {} ", name.to_lowercase())),
            Span::styled(format!("{value} "), look.style(tone)),
            Span::raw(format!("{trend}{gap}")),
        ]
    };
    let line = |facts: &[_]| Line::from(facts.iter().flat_map(fact).collect::<Vec<_>>());
    let lines = vec![line(&facts[..5]), line(&facts[5..]), took(overview, look, tone)];
    frame.render_widget(Paragraph::new(lines), area);
}

/// How long things took, in one line.
fn took(overview: &Overview, look: Look, tone: Tone) -> Line<'static> {
    let of = |kind| overview.latency.iter().find(|line| line.kind.known() == Some(kind)).map(|line| &line.ms);
    let (wait, call, ack) =
        (of(LatencyKind::QueueWait), of(LatencyKind::ProviderCall), of(LatencyKind::WebhookAck));
    let parts = [
        (" wait p50 ", wait.and_then(|ms| ms.p50)),
        (" p95 ", wait.and_then(|ms| ms.p95)),
        (" p99 ", wait.and_then(|ms| ms.p99)),
        ("   provider p95 ", call.and_then(|ms| ms.p95)),
        ("   hook p95 ", ack.and_then(|ms| ms.p95)),
    ];
    let spans = parts
        .into_iter()
        .flat_map(|(name, ms)| [Span::raw(name), Span::styled(took_or(ms), look.style(tone))]);
    Line::from(spans.collect::<Vec<_>>())
}

/// Delivered and failed over the last quarter of an hour.
pub(super) fn chart(app: &App, overview: &Overview, look: Look, frame: &mut Frame<'_>, area: Rect) {
    let trends = &overview.trends;
    let top = trends.delivered.iter().chain(&trends.failed).copied().fold(0.0, f64::max);
    let block = look
        .block("Delivered/s, and failed/s below", Tone::Plain)
        .title(Line::styled(" 15m ", look.style(Tone::Dim)).right_aligned());
    let inside = block.inner(area);
    frame.render_widget(block, area);
    let width = usize::from(inside.width).saturating_sub(SCALE);
    let height = usize::from(inside.height);
    if height < 3 || width < 10 || trends.delivered.is_empty() {
        frame.render_widget(Line::raw("Not known for long enough yet."), inside);
        return;
    }
    let dim = app.badge().doubtful();
    let mut lines = Vec::new();
    let bars = height - 2;
    let spread_out = spread(&trends.delivered, POINTS, width);
    let mut add = |label: &str, text: String, tone: Tone| {
        let text = Span::styled(text, look.style(if dim { Tone::Dim } else { tone }));
        lines.push(Line::from(vec![Span::styled(format!("{label:>5} "), look.style(Tone::Dim)), text]));
    };
    for row in (0..bars).rev() {
        let text: String = spread_out.iter().map(|point| cell(*point, top, row, bars, look.ascii)).collect();
        let label = match row {
            _ if row + 1 == bars => short(top),
            0 => "0".into(),
            _ => String::new(),
        };
        add(&label, text, Tone::Good);
    }
    let failed = look.spark(spread(&trends.failed, POINTS, width).into_iter(), width);
    add("fail", format!("{failed:>width$}"), Tone::Bad);
    add("", axis(width), Tone::Dim);
    frame.render_widget(Paragraph::new(lines), inside);
}

/// Columns of the numbers beside a chart.
const SCALE: usize = 6;

/// A rate in at most five characters.
fn short(rate: f64) -> String {
    match rate {
        ..10.0 => format!("{rate:.1}"),
        ..1_000.0 => format!("{rate:.0}"),
        ..100_000.0 => format!("{:.1}k", rate / 1_000.0),
        _ => format!("{:.0}k", rate / 1_000.0),
    }
}

/// The quarter of an hour, with marks where there is room for them.
fn axis(width: usize) -> String {
    let end = width.saturating_sub(3);
    if width < 30 {
        return format!("-15m{:>end$}", "now", end = end.saturating_sub(1));
    }
    let third = width / 3;
    format!("{:<third$}{:<rest$}{:<last$}now", "-15m", "-10m", "-5m", rest = third, last = end - 2 * third)
}

/// One cell of a column chart of so many rows, the lowest being 0.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a few steps"
)]
pub(super) fn cell(point: f64, top: f64, row: usize, rows: usize, ascii: bool) -> char {
    const EIGHTHS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    if point.is_nan() {
        return ' ';
    }
    let full = if top > 0.0 { point / top * rows as f64 } else { 0.0 };
    let part = (full - row as f64).clamp(0.0, 1.0);
    match (ascii, part) {
        (true, part) if part > 0.5 => '#',
        (true, part) if part > 0.0 => '.',
        (true, _) => ' ',
        (false, part) => EIGHTHS[(part * 8.0).round() as usize],
    }
}

/// Points of the whole quarter of an hour.
const POINTS: usize = 60;

/// How long things took.
pub(super) fn latency(app: &App, overview: &Overview, look: Look, frame: &mut Frame<'_>, area: Rect) {
    const COLUMNS: [Column; 6] = [
        left("", 16, 0),
        right("P50", 7, 0),
        right("P95", 7, 0),
        right("P99", 7, 1),
        right("MAX", 7, 2),
        right("P99 15m", 15, 3),
    ];
    let block = look.block("Latency, last 5m", Tone::Plain);
    let inside = block.inner(area);
    frame.render_widget(block, area);
    let row = |line: &notify_proto::overview::LatencyLine| {
        let name = match line.kind.known() {
            Some(LatencyKind::QueueWait) => "queue wait".to_owned(),
            Some(LatencyKind::ProviderCall) => "provider call".to_owned(),
            Some(LatencyKind::AcceptToDeliver) => "accept->deliver".to_owned(),
            Some(LatencyKind::WebhookAck) => "webhook ack".to_owned(),
            None => line.kind.to_string(),
        };
        let trend = look.spark(line.trend.iter().map(|point| point.unwrap_or(f64::NAN)), 15);
        let ms = [line.ms.p50, line.ms.p95, line.ms.p99, line.ms.max].map(|ms| Cell::from(took_or(ms)));
        Row::plain(std::iter::once(name.into()).chain(ms).chain([trend.into()]).collect())
    };
    let rows: Vec<_> = overview.latency.iter().map(row).collect();
    if rows.is_empty() {
        return frame.render_widget(Line::raw("Nothing was measured yet."), inside);
    }
    table::draw(frame, inside, look, &COLUMNS, &rows, app.badge().doubtful());
}
