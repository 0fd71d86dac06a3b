//! View 2: the line of work in front of each provider, and those that no provider stands behind.

use super::absent;
use super::look::{Look, Tone, grouped, spread};
use super::panel::{self, Detail, Words, fact, heading};
use super::providers::HOUR;
use super::table::{Cell, Column, fit, left, right};
use super::time::{ago, ahead, percent, rate, took_or};
use crate::message::Slot;
use crate::state::App;
use notify_proto::hold::{HoldView, QueueView};
use notify_proto::overview::QueueLine;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

pub(super) const COLUMNS: [Column; 14] = [
    left("QUEUE", 24, 0),
    left("STATE", 18, 0),
    right("READY", 10, 0),
    right("BUSY", 9, 1),
    right("SCHED", 9, 3),
    right("OLDEST", 8, 1),
    right("IN/s", 8, 3),
    right("OUT/s", 8, 2),
    right("EMPTY", 12, 2),
    right("ERR%", 6, 4),
    right("P50", 7, 7),
    right("P95", 7, 5),
    right("P99", 7, 6),
    right("DEPTH 15m", 15, 8),
];

/// How a queue stands, with its mark.
fn state(word: &str) -> (String, Tone) {
    let (mark, tone) = match word {
        "running" => ("+", Tone::Good),
        "late" => ("!", Tone::Warn),
        "limited" | "throttled" | "circuit_half_open" | "draining" => ("~", Tone::Warn),
        "circuit_open" => ("x", Tone::Bad),
        _ => ("-", Tone::Warn),
    };
    (format!("{mark} {}", word.replace('_', " ")), tone)
}

/// What the first screen says of it besides.
fn line_of<'a>(app: &'a App, name: &str) -> Option<&'a QueueLine> {
    let (_, overview) = app.overview.as_ref()?;
    overview.queues.iter().find(|line| line.name == name)
}

/// Calls under way, and how many there may be.
fn calls(queue: &QueueView) -> String {
    queue.limit.map_or_else(|| "--".into(), |limit| format!("{}/{limit}", queue.busy))
}

/// In how long it is empty, or why it does not get there.
fn empties(queue: &QueueView) -> String {
    match (&queue.empty_in_ms, &queue.never_empty) {
        (Some(ms), _) => super::look::span(ms / 1_000),
        (None, Some(why)) => why.replace('_', " "),
        (None, None) => "--".into(),
    }
}

pub(super) fn list(app: &App, look: Look, frame: &mut Frame<'_>, area: Rect) {
    let (sort, back) = app.queues.list.order();
    let words = Words {
        title: "Queues",
        columns: &COLUMNS,
        order: format!("{sort}{}", if back { ", backwards" } else { "" }),
        total: String::new(),
        skipped: 0,
        more: false,
        empty: "No queues: there is no provider yet. notifyctl provider seed adds some.",
        slot: Slot::List,
        focus: true,
        main: true,
    };
    panel::list(app, look, frame, area, &app.queues.list, &words, |queue| {
        let line = line_of(app, &queue.name);
        let ms = |pick: fn(&notify_proto::overview::Percentiles) -> Option<f64>| {
            Cell::from(took_or(line.and_then(|line| pick(&line.wait_ms))))
        };
        let trend = line.map(|line| look.spark(line.trend.iter().copied(), 15)).unwrap_or_default();
        vec![
            queue.name.as_str().into(),
            state(&queue.state).into(),
            grouped(queue.waiting + queue.on_disk).into(),
            calls(queue).into(),
            if queue.later > 0 { grouped(queue.later) } else { "--".into() }.into(),
            queue.oldest_at.map_or_else(|| "--".into(), |at| ago(app, at)).into(),
            rate(queue.arriving_per_second).into(),
            rate(queue.rate_per_second).into(),
            empties(queue).into(),
            percent(line.and_then(|line| line.error_share)).into(),
            ms(|ms| ms.p50),
            ms(|ms| ms.p95),
            ms(|ms| ms.p99),
            trend.into(),
        ]
    });
}

/// A hold in one line.
pub(super) fn hold(app: &App, hold: &HoldView) -> String {
    let limit = hold.limit.map(|limit| format!(" to {limit}")).unwrap_or_default();
    let until =
        hold.until.map_or_else(|| "until somebody ends it".into(), |at| format!("ends {}", ahead(app, at)));
    let reason = hold.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("{}{limit} by {}, {until}{reason}", hold.kind, hold.actor)
}

pub(super) fn detail(app: &App, look: Look) -> Detail {
    let Some(queue) = app.queues.list.current() else { return Detail::default() };
    let mut lines = vec![fact(look, "state", &queue.state.replace('_', " "))];
    if queue.provider_id.is_some() {
        let waiting = match queue.on_disk {
            0 => format!("{} in memory", grouped(queue.waiting)),
            on_disk => format!("{} in memory, about {} on disk", grouped(queue.waiting), grouped(on_disk)),
        };
        lines.push(fact(look, "waiting", &waiting));
        lines.push(fact(look, "busy", &format!("{} calls at once", calls(queue).replace('/', " of "))));
        lines.push(fact(look, "empty in", &empties(queue)));
    } else if queue.name == "webhooks" {
        let later = match queue.later {
            0 => String::new(),
            later => format!(", {} are told again later", grouped(later)),
        };
        lines.push(fact(look, "waiting", &format!("{} events are owed now{later}", grouped(queue.waiting))));
        lines.extend(queue.next_at.map(|at| fact(look, "next", &ahead(app, at))));
    } else {
        lines.push(fact(look, "waiting", &format!("{} for their time", grouped(queue.later))));
        lines.extend(queue.next_at.map(|at| fact(look, "next", &ahead(app, at))));
    }
    if let Some(why) = &queue.circuit_reason {
        lines.push(fact(look, "circuit", why));
    }
    if let Some(at) = queue.opens_at {
        lines.push(fact(look, "probe", &ahead(app, at)));
    }
    lines.extend(queue.holds.iter().map(|it| fact(look, "held", &hold(app, it))));
    if app.queues.elsewhere > 0 {
        lines.push(fact(
            look,
            "elsewhere",
            &format!("{} queued stand in no queue", grouped(app.queues.elsewhere)),
        ));
    }
    let line = |metric: &str| app.points(&format!("provider/{}/{metric}", queue.name));
    for (name, metric) in [("depth 60m", "ready"), ("out/s 60m", "calls")] {
        let points = line(metric).filter(|points| !points.is_empty());
        lines.extend(
            points.map(|points| fact(look, name, &look.spark(spread(points, HOUR, 20).into_iter(), 20))),
        );
    }
    lines.extend(absent::trouble(app, Slot::Also).map(|why| fact(look, "trends", &why)));
    (lines, matrix(app, look, &queue.name))
}

/// Cells that names in the matrix have at least.
const NAME: usize = 12;

/// Cells of the matrix: beside the list, beside the facts, or below them.
fn room(size: (u16, u16)) -> usize {
    match size {
        (160.., 45..) => 46,
        (120.., _) => 62,
        (wide, _) => usize::from(wide.saturating_sub(2)).min(62),
    }
}

/// How old what waits is, or in how long it is due.
fn matrix(app: &App, look: Look, name: &str) -> Vec<Line<'static>> {
    let Some(shape) = app.queues.shape.as_ref().filter(|shape| shape.queue == name) else {
        return vec![Line::raw(absent::asking(app))];
    };
    let measure = shape.measure.replace('_', " ");
    let what = if name == "webhooks" && shape.by == "provider" { "webhook" } else { shape.by.as_str() };
    let heads = shape.buckets.iter().map(|bucket| bucket.label.clone()).chain(["TOTAL".to_owned()]);
    let mut table: Vec<(String, Vec<String>)> = vec![(what.to_uppercase(), heads.collect())];
    for row in std::iter::once(&shape.total).chain(&shape.rows) {
        let label = if row.name.is_empty() { "all" } else { row.name.as_str() };
        table.push((look.text(label), row.counts.iter().chain([&row.total]).map(|n| grouped(*n)).collect()));
    }
    // What numbers need is theirs, and names have the rest.
    let widest =
        |column: usize| table.iter().map(|(_, cells)| cells.get(column).map_or(0, String::len)).max();
    let widths =
        |gap: usize| (0..=shape.buckets.len()).map(|it| widest(it).unwrap_or(0) + gap).collect::<Vec<_>>();
    // In little room numbers stand closer, before any line is folded.
    let wide = Some(widths(2)).filter(|widths| widths.iter().sum::<usize>() + NAME <= room(app.size));
    let widths = wide.unwrap_or_else(|| widths(1));
    let label = room(app.size).saturating_sub(widths.iter().sum()).max(NAME);
    let mut lines = vec![heading(look, &look.text(&format!("what waits, by {what} and {measure}")))];
    for (n, (name, cells)) in table.into_iter().enumerate() {
        let mut text = fit(&name, label, false, look);
        for (cell, width) in cells.iter().zip(&widths) {
            text.push_str(&fit(cell, *width, true, look));
        }
        lines.push(Line::styled(text, look.style(if n == 0 { Tone::Dim } else { Tone::Plain })));
    }
    if shape.uncounted > 0 {
        lines.push(Line::raw(format!("{} more were not looked at", grouped(shape.uncounted))));
    }
    lines
}
