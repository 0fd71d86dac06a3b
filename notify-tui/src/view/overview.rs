//! View 1: is anything wrong, since when, where to look; then the numbers.

use super::look::{Look, Tone, grouped};
use super::panel::count;
use super::providers::since;
use super::table::{self, Column, Row, left, right};
use super::time::{ago, lately, percent, rate, took_or};
use super::{Theme, absent, alerts, counters, health, numbers, ways, webhooks as hooks};
use crate::message::Slot;
use crate::state::App;
use notify_proto::overview::Overview;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;

const QUEUES: [Column; 12] = [
    left("QUEUE", 24, 0),
    right("READY", 9, 0),
    right("BUSY", 9, 1),
    right("SCHED", 9, 2),
    right("OLDEST", 8, 1),
    right("IN/s", 8, 3),
    right("OUT/s", 8, 1),
    right("ERR%", 6, 4),
    right("P95", 7, 3),
    right("P99", 7, 6),
    right("DEPTH 15m", 15, 5),
    left("STATE", 18, 0),
];

const PROVIDERS: [Column; 6] = [
    left("PROVIDER", 20, 0),
    left("CH", 12, 4),
    left("CIRCUIT", 18, 0),
    right("OK%", 6, 1),
    right("P95", 7, 2),
    right("CALLS/s", 8, 3),
];

const WEBHOOKS: [Column; 7] = [
    left("WEBHOOK", 30, 0),
    left("STATE", 9, 2),
    right("ACK%", 6, 0),
    right("WAIT", 7, 1),
    right("NACK", 7, 4),
    right("P95", 7, 3),
    right("LAST", 8, 2),
];

pub(super) fn draw(app: &App, look: Look, frame: &mut Frame<'_>, body: Rect) {
    match &app.overview {
        Some((_, overview)) => whole(app, overview, look, frame, body),
        None => plain(app, look, frame, body),
    }
}

/// What an older daemon tells.
fn plain(app: &App, look: Look, frame: &mut Frame<'_>, body: Rect) {
    let Some(data) = &app.data else { return };
    let concerns = health::lines(app, data, look, body.width).len();
    // At most a third of the screen for what is wrong; the counters need six rows, the providers take the rest.
    let health_rows = u16::try_from(concerns.max(1)).unwrap_or(u16::MAX).min((body.height / 3).max(1)) + 2;
    let note = u16::from(app.slots.trouble(Slot::Overview).is_some());
    let rows = [
        Constraint::Length(health_rows),
        Constraint::Length(if body.height < 14 { 0 } else { counters::HEIGHT + 2 }),
        Constraint::Min(3),
        Constraint::Length(note),
    ];
    let [health, counters, providers, note] = Layout::vertical(rows).areas(body);
    health::draw(app, data, look, frame, health);
    if counters.height > 0 {
        counters::draw(app, data, look, frame, counters);
    }
    ways::draw(app, data, look, frame, providers);
    if let Some(why) = app.slots.trouble(Slot::Overview) {
        let text = format!(" rates, latencies and trends are not here: {why}");
        frame.render_widget(Line::styled(look.text(&text), look.style(Tone::Dim)), note);
    }
}

/// The line of the attention list that stands in this row.
pub(super) fn alert_at(app: &App, body: Rect, row: u16) -> Option<usize> {
    let (_, overview) = app.overview.as_ref()?;
    let lost = lost(app, body).len();
    let [top, ..] = cut(app, overview, lost, body);
    let edges = if in_boxes(body) { 2 } else { 1 };
    let room = usize::from(top.height.saturating_sub(edges)).saturating_sub(lost);
    let from = (app.attention_at + 1).saturating_sub(room.max(1));
    let line = usize::from(row.checked_sub(top.y + 1)?).checked_sub(lost)?;
    (line < room && from + line < overview.attention.len()).then_some(from + line)
}

/// What is wrong with the connection, as it stands above what needs a look.
fn lost(app: &App, body: Rect) -> Vec<String> {
    let (width, look) =
        (usize::from(body.width.saturating_sub(2)), Look { theme: Theme::Mono, ascii: false });
    let mut lines = absent::folded(app, width, look);
    if let Some(why) = absent::trouble(app, Slot::Overview).filter(|_| lines.is_empty()) {
        lines.extend(absent::lines_of(&format!("these are not the latest numbers: {why}"), width, 2, look));
    }
    lines
}

/// Whether panels stand in boxes; in few rows a line parts them.
const fn in_boxes(body: Rect) -> bool {
    body.height >= 28
}

/// The rows of panels: what needs a look, the numbers, the trends, the queues, and the pair below.
fn cut(app: &App, overview: &Overview, lost: usize, body: Rect) -> [Rect; 5] {
    let said =
        if overview.attention.is_empty() { alerts::quiet(app).len() } else { overview.attention.len() };
    let wanted = u16::try_from(said + lost).unwrap_or(u16::MAX);
    let least = u16::try_from(lost).unwrap_or(u16::MAX).min(body.height / 3);
    let edges = if in_boxes(body) { 2 } else { 1 };
    let mut attention_rows = wanted.min((body.height / 5).max(2).max(least)) + edges;
    let mut middle = if in_boxes(body) { 9 } else { 0 };
    let pairs = u16::try_from(overview.providers.len().max(overview.webhooks.len())).unwrap_or(u16::MAX);
    let mut lower =
        if body.height < 16 { 0 } else { pairs.saturating_add(1 + edges).clamp(4, (body.height / 4).max(4)) };
    let numbers = match body.height {
        28.. => 4,
        16.. => 3,
        _ => 2,
    };
    // Five queues have room before the other panels have all of theirs.
    let queues = u16::try_from(overview.queues.len().clamp(1, 5)).unwrap_or(5) + 1 + edges;
    let mut short = (attention_rows + numbers + middle + lower + queues).saturating_sub(body.height);
    for (panel, least) in
        [(&mut middle, 8), (&mut lower, 6), (&mut attention_rows, (4 + edges).max(least + edges))]
    {
        let given = short.min(panel.saturating_sub(least));
        *panel -= given;
        short -= given;
    }
    let rows = [
        Constraint::Length(attention_rows),
        Constraint::Length(numbers),
        Constraint::Length(middle),
        Constraint::Min(4),
        Constraint::Length(lower),
    ];
    Layout::vertical(rows).areas(body)
}

/// How many rows each panel has: what needs a look, the queues, and the two below, where there is room for them.
pub(super) fn panel_lines(app: &App, body: Rect) -> [usize; 4] {
    let Some((_, overview)) = &app.overview else { return [0; 4] };
    let [.., below] = cut(app, overview, lost(app, body).len(), body);
    let below = usize::from(below.height > 0);
    [
        overview.attention.len(),
        overview.queues.len(),
        overview.providers.len() * below,
        overview.webhooks.len() * below,
    ]
}

fn whole(app: &App, overview: &Overview, look: Look, frame: &mut Frame<'_>, body: Rect) {
    let lost = lost(app, body);
    let [top, numbers, trends, queues, below] = cut(app, overview, lost.len(), body);
    let boxes = in_boxes(body);
    alerts::draw(app, overview, &lost, look, frame, (top, boxes));
    if trends.height > 0 {
        numbers::boxes(app, overview, look, frame, numbers);
        let [chart_area, latency_area] =
            Layout::horizontal([Constraint::Percentage(50), Constraint::Percentage(50)]).areas(trends);
        numbers::chart(app, overview, look, frame, chart_area);
        numbers::latency(app, overview, look, frame, latency_area);
    } else {
        numbers::strip(app, overview, look, frame, numbers);
    }
    lines_of_work(app, overview, look, frame, (queues, boxes));
    if below.height == 0 {
        return;
    }
    let [left, right] =
        Layout::horizontal([Constraint::Percentage(46), Constraint::Percentage(54)]).areas(below);
    providers(app, overview, look, frame, (left, boxes));
    webhooks(app, overview, look, frame, (right, boxes));
}

/// A table in a box or below a line, with as many rows as have room.
fn boxed(
    app: &App,
    look: Look,
    frame: &mut Frame<'_>,
    (area, boxes): (Rect, bool),
    (panel, title, empty, off): (usize, &str, &str, u64),
    columns: &[Column],
    mut rows: Vec<Row>,
) {
    let room = usize::from(area.height.saturating_sub(if boxes { 3 } else { 2 }));
    let more = rows.len().saturating_sub(room);
    // Of webhooks the daemon tells of so many only.
    let (all, more) = (count(rows.len()) + off, count(more) + off);
    let text = match (all, more) {
        (0, _) => title.to_owned(),
        (_, 0) => format!("{title}: {}", grouped(all)),
        _ => format!("{title}: {}, {} more", grouped(all), grouped(more)),
    };
    let focus = app.panel == panel;
    let block = look.edge(&text, if focus { Tone::Strong } else { Tone::Plain }, boxes);
    let inside = block.inner(area);
    frame.render_widget(block, area);
    if rows.is_empty() {
        return frame.render_widget(Line::styled(empty.to_owned(), look.style(Tone::Dim)), inside);
    }
    let mut from = 0;
    if let Some(row) = rows.get_mut(app.side_at).filter(|_| focus) {
        row.here = true;
        from = (app.side_at + 1).saturating_sub(room.max(1));
    }
    let seen = &rows[from..rows.len().min(from + room)];
    table::draw(frame, inside, look, columns, seen, app.badge().doubtful());
}

fn lines_of_work(app: &App, overview: &Overview, look: Look, frame: &mut Frame<'_>, area: (Rect, bool)) {
    let row = |line: &notify_proto::overview::QueueLine| {
        let tone = match line.state.as_str() {
            "running" => Tone::Good,
            "circuit_open" | "late" => Tone::Bad,
            _ => Tone::Warn,
        };
        let busy = line.limit.map_or_else(|| line.busy.to_string(), |limit| format!("{}/{limit}", line.busy));
        Row::plain(vec![
            line.name.as_str().into(),
            grouped(line.ready).into(),
            busy.into(),
            grouped(line.later).into(),
            line.oldest_at.map_or_else(|| "--".into(), |at| ago(app, at)).into(),
            rate(line.in_per_second).into(),
            rate(line.out_per_second).into(),
            percent(line.error_share).into(),
            took_or(line.wait_ms.p95).into(),
            took_or(line.wait_ms.p99).into(),
            look.spark(line.trend.iter().copied(), 15).into(),
            (line.state.replace('_', " "), tone).into(),
        ])
    };
    let rows: Vec<_> = overview.queues.iter().map(row).collect();
    boxed(app, look, frame, area, (1, "Queues", "No queues: there is no provider yet.", 0), &QUEUES, rows);
}

fn providers(app: &App, overview: &Overview, look: Look, frame: &mut Frame<'_>, area: (Rect, bool)) {
    let row = |line: &notify_proto::overview::ProviderLine| {
        Row::plain(vec![
            line.name.as_str().into(),
            line.channels.iter().map(ToString::to_string).collect::<Vec<_>>().join(",").into(),
            since(app, line.active, &line.circuit, line.circuit_since).into(),
            percent(line.ok_share).into(),
            took_or(line.call_ms.p95).into(),
            rate(line.calls_per_second).into(),
        ])
    };
    let rows: Vec<_> = overview.providers.iter().map(row).collect();
    boxed(app, look, frame, area, (2, "Providers", "None yet: notifyctl provider seed", 0), &PROVIDERS, rows);
}

fn webhooks(app: &App, overview: &Overview, look: Look, frame: &mut Frame<'_>, area: (Rect, bool)) {
    let row = |line: &notify_proto::overview::WebhookLine| {
        let (state, tone) = match line.state.as_str() {
            "ok" | "failing" if hooks::takes_some(app, &line.id) => hooks::LOW,
            "ok" => ("+ ok", Tone::Good),
            "failing" => ("! failing", Tone::Warn),
            "disabled" => ("x off", Tone::Bad),
            _ => ("- off", Tone::Dim),
        };
        let host = hooks::bare(&line.url);
        let code = line.last_code.map(|code| format!("{code} ")).unwrap_or_default();
        let last = line.last_at.map_or_else(|| "--".into(), |at| format!("{code}{}", lately(app, at)));
        Row::plain(vec![
            format!("{}/{host}", line.service).into(),
            (state, tone).into(),
            percent(line.ack_share).into(),
            grouped(line.waiting).into(),
            grouped(line.nacks).into(),
            took_or(line.ack_ms.p95).into(),
            last.into(),
        ])
    };
    let rows: Vec<_> = overview.webhooks.iter().map(row).collect();
    let words = (3, "Webhooks", "None yet: notifyctl webhook create", overview.webhooks_left_off);
    boxed(app, look, frame, area, words, &WEBHOOKS, rows);
}
