//! What stands above the lists of retries and of dead letters: when work falls due, and what is wrong with the dead.

use super::absent;
use super::look::{Look, Tone, grouped};
use super::panel::count;
use super::table::{self, Column, Row, left, right};
use super::time::ago;
use crate::deed::several;
use crate::message::Slot;
use crate::state::{App, WINDOWS};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Paragraph};

/// When work falls due.
pub(super) fn histogram(app: &App, look: Look, frame: &mut Frame<'_>, area: Rect) {
    let by = app.data.as_ref().map(|data| &data.status.by_status);
    let count = |name: &str| by.and_then(|by| by.get(name)).copied().unwrap_or_default();
    let window = app.retries.window.and_then(|at| WINDOWS.get(at)).map_or("all", |(name, _)| *name);
    let told = format!(
        " retries {}  scheduled {}  [ ] shows {window} ",
        grouped(count("retrying")),
        grouped(count("pending"))
    );
    let block = look
        .block("When work falls due", Tone::Plain)
        .title(Line::styled(told, look.style(Tone::Dim)).right_aligned());
    let inside = block.inner(area);
    frame.render_widget(block, area);
    let Some(histogram) = &app.retries.histogram else {
        frame.render_widget(Line::raw(waits(app)), inside);
        return;
    };
    let most = histogram.buckets.iter().map(|bucket| bucket.total).max().unwrap_or(0).max(1);
    let bars = usize::from(inside.height.saturating_sub(2)).max(1);
    let cell = usize::from(inside.width) / histogram.buckets.len().max(1);
    let mut lines: Vec<Line<'_>> = Vec::new();
    for row in (0..bars).rev() {
        let spans = histogram.buckets.iter().map(|bucket| {
            let step = most.div_ceil(u64::try_from(bars).unwrap_or(1)).max(1);
            let full = bucket.total > step * u64::try_from(row).unwrap_or(0);
            let glyph = if look.ascii { '#' } else { '█' };
            let bar: String =
                std::iter::repeat_n(if full { glyph } else { ' ' }, cell.saturating_sub(2).min(8)).collect();
            let tone = if bucket.from.is_none() { Tone::Bad } else { Tone::Plain };
            Span::styled(format!("{bar:<cell$}"), look.style(tone))
        });
        lines.push(Line::from(spans.collect::<Vec<_>>()));
    }
    let counts = histogram
        .buckets
        .iter()
        .map(|bucket| Span::styled(format!("{:<cell$}", grouped(bucket.total)), look.style(Tone::Strong)));
    let names = histogram
        .buckets
        .iter()
        .map(|bucket| Span::styled(format!("{:<cell$}", look.text(&bucket.due_in)), look.style(Tone::Dim)));
    lines.push(Line::from(counts.collect::<Vec<_>>()));
    lines.push(Line::from(names.collect::<Vec<_>>()));
    frame.render_widget(Paragraph::new(lines), inside);
}

fn waits(app: &App) -> String {
    app.slots.trouble(Slot::Side).map_or_else(|| absent::asking(app).into(), str::to_owned)
}

const COLUMNS: [Column; 8] = [
    left("FAULT", 8, 0),
    right("COUNT", 9, 0),
    left("REASON", 17, 1),
    left("PROVIDER", 16, 2),
    right("FIRST", 11, 4),
    right("LAST", 11, 3),
    right("24h", 24, 5),
    left("ERROR", 80, 1),
];

/// What is wrong with dead letters.
pub(super) fn faults(app: &App, look: Look, frame: &mut Frame<'_>, area: Rect) {
    let focus = app.side;
    let mut block = look.block("What is wrong", if focus { Tone::Strong } else { Tone::Plain });
    if let Some(faults) = &app.dead.faults {
        let more = if faults.partial { " of the newest" } else { "" };
        let text =
            format!(" {}{more}  Tab, enter: only these ", several(count(faults.groups.len()), "group"));
        block = block.title(Line::styled(text, look.style(Tone::Dim)).right_aligned());
    }
    let inside = block.inner(area);
    frame.render_widget(Clear, area);
    frame.render_widget(block, area);
    let Some(faults) = &app.dead.faults else {
        frame.render_widget(Line::raw(waits(app)), inside);
        return;
    };
    if faults.groups.is_empty() {
        return frame
            .render_widget(Line::raw("Nothing is dead that matches, so nothing is wrong with it."), inside);
    }
    let height = usize::from(inside.height.saturating_sub(1)).max(1);
    let top = if focus { (app.side_at + 1).saturating_sub(height) } else { 0 };
    let groups = faults.groups.iter().enumerate().skip(top).take(height);
    let rows: Vec<_> = groups
        .map(|(n, group)| Row {
            here: focus && n == app.side_at,
            marked: false,
            cells: vec![
                group.fault.as_str().into(),
                grouped(group.count).into(),
                group.reason.as_ref().map(ToString::to_string).unwrap_or_default().into(),
                group.provider_name.clone().unwrap_or_default().into(),
                ago(app, group.first_at).into(),
                ago(app, group.last_at).into(),
                look.spark(group.trend.iter().map(|count| f64::from(*count)), 24).into(),
                group.error.clone().unwrap_or_default().into(),
            ],
        })
        .collect();
    table::draw(frame, inside, look, &COLUMNS, &rows, app.badge().doubtful());
}
