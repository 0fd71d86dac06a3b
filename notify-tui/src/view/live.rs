//! View 9: what happens now.

use super::absent;
use super::look::{Look, Tone, grouped};
use super::notes;
use super::panel::count;
use super::table::{self, Column, Row, left};
use super::time::clock;
use super::webhooks;
use crate::message::Slot;
use crate::state::App;
use notify_proto::happening::Event;
use notify_proto::{Open, Severity, Status};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Paragraph, Wrap};

pub(super) const COLUMNS: [Column; 7] = [
    left("TIME", 12, 0),
    left("EVENT", 22, 0),
    left("WHAT", 36, 1),
    left("SERVICE", 16, 3),
    left("CH", 8, 5),
    left("PROVIDER", 16, 4),
    left("DETAIL", 90, 2),
];

pub(super) fn draw(app: &App, look: Look, frame: &mut Frame<'_>, area: Rect) {
    let live = &app.live;
    let trouble = absent::trouble(app, Slot::List).map(|why| format!("{why}  ")).unwrap_or_default();
    let state = if live.held {
        "HELD"
    } else if live.back > 0 {
        "not at the end: G"
    } else {
        "FOLLOW"
    };
    let dropped =
        if live.dropped > 0 { format!("{} were gone  ", grouped(live.dropped)) } else { String::new() };
    let sampled = live.sampled().map(|n| format!("sampled 1 of {n}  ")).unwrap_or_default();
    let title = Line::styled(
        format!(
            " {trouble}{dropped}{sampled}{}{} kept  {state} ",
            speed(app),
            grouped(count(live.events.len()))
        ),
        look.style(Tone::Dim),
    );
    let block = look.block("What happens", Tone::Strong).title(title.right_aligned());
    let inside = block.inner(area);
    frame.render_widget(block, area);
    if live.events.is_empty() {
        let said = match absent::instead(app, Slot::List, live.loaded) {
            _ if live.held => "HELD: nothing is added until space lets it run.".into(),
            Some(text) => text,
            None if !app.filter().is_empty() => absent::NO_MATCH.into(),
            None => "Nothing has happened yet; events come by themselves.".into(),
        };
        frame.render_widget(Paragraph::new(look.text(&said)).wrap(Wrap { trim: true }), inside);
        return;
    }
    if live.wrap {
        return folded(app, look, frame, inside);
    }
    let height = usize::from(inside.height.saturating_sub(1)).max(1);
    let here = live.events.len().saturating_sub(live.back + 1);
    // The cursor stands on the last line, until there is nothing above any more.
    let from = (here + 1).saturating_sub(height);
    let seen = live.events.iter().enumerate().skip(from).take(height);
    let mut rows: Vec<_> = seen.map(|(n, event)| Row { here: n == here, ..row(app, event) }).collect();
    let columns = table::wanted(app, &COLUMNS, &mut rows);
    table::draw(frame, inside, look, &columns, &rows, app.badge().doubtful());
}

/// Events a second, over the last minute of those that are kept.
fn speed(app: &App) -> String {
    let since = app.now.wall - chrono::TimeDelta::seconds(60);
    let first = app.live.events.front().map_or(since, |event| event.at.max(since));
    let seconds = (app.now.wall - first).num_seconds().clamp(1, 60);
    let seen = app.live.events.iter().rev().take_while(|event| event.at >= since).count();
    let per_second =
        f64::from(u32::try_from(seen).unwrap_or(u32::MAX)) / f64::from(i32::try_from(seconds).unwrap_or(1));
    format!("{per_second:.1}/s  ")
}

/// Each event in as many lines as it takes; the one under the cursor is the last.
fn folded(app: &App, look: Look, frame: &mut Frame<'_>, inside: Rect) {
    let live = &app.live;
    let room = usize::from(inside.width.saturating_sub(1)).max(1);
    let here = live.events.len().saturating_sub(live.back + 1);
    let mut lines: Vec<Line<'static>> = Vec::new();
    for (n, event) in live.events.iter().enumerate().take(here + 1).rev() {
        let words = row(app, event).words();
        let options = textwrap::Options::new(room).initial_indent(" ").subsequent_indent("      ");
        let mut folded: Vec<_> = textwrap::wrap(&look.text(&words), options)
            .into_iter()
            .map(|line| {
                let line = Line::styled(line.into_owned(), look.style(tone(event)));
                if n == here { line.style(Look::cursor()) } else { line }
            })
            .collect();
        folded.append(&mut lines);
        lines = folded;
        if lines.len() >= usize::from(inside.height) {
            break;
        }
    }
    let above = lines.len().saturating_sub(usize::from(inside.height));
    frame.render_widget(Paragraph::new(lines.split_off(above)), inside);
}

fn tone(event: &Event) -> Tone {
    match event.severity.known() {
        Some(Severity::Critical) => Tone::Bad,
        Some(Severity::Warning) => Tone::Warn,
        _ => Tone::Plain,
    }
}

/// The mark of what happened: that of the status it leads to, or of how much it asks for a look.
fn mark(event: &Event) -> (&'static str, Tone) {
    let status = match event.event.as_str() {
        "created" if event.status.as_ref().and_then(Open::known) == Some(Status::Pending) => Status::Pending,
        "created" | "released" | "operator_retry" | "run_now" | "failed_over" => Status::Queued,
        "claimed" | "retry_attempted" => Status::Sending,
        "retry_scheduled" => Status::Retrying,
        "delivered" | "circuit_closed" => Status::Delivered,
        "failed" | "buried" => Status::Failed,
        "cancelled" => Status::Cancelled,
        "held" | "postponed" | "moved" | "edited" => Status::Pending,
        _ => {
            return match event.severity.known() {
                Some(Severity::Critical) => ("x", Tone::Bad),
                Some(Severity::Warning) => ("!", Tone::Warn),
                _ => (" ", Tone::Plain),
            };
        }
    };
    notes::mark(status)
}

fn row(app: &App, event: &Event) -> Row {
    let (mark, tone) = mark(event);
    let whole = app.wide || app.size.0 >= 200;
    let id = if whole { event.id.clone() } else { notes::end(&event.id) };
    let by = event.actor.as_ref().map(|actor| format!("by {actor} ")).unwrap_or_default();
    Row::plain(vec![
        clock(app, event.at).into(),
        (format!("{mark} {}", event.event), tone).into(),
        id.into(),
        event.service.clone().or_else(|| webhooks::service(app, &event.id)).unwrap_or_default().into(),
        event.channel.as_ref().map(ToString::to_string).unwrap_or_default().into(),
        event.provider.clone().unwrap_or_default().into(),
        format!("{by}{}", detail(event, whole)).into(),
    ])
}

/// What is said of it. An id at its begin goes behind it, cut as those beside it are: what happened is worth more.
fn detail(event: &Event, whole: bool) -> String {
    let text = event.detail.as_deref().unwrap_or_default();
    match text.split_once(": ") {
        Some((id, rest)) if !whole && notes::end(id) != id => format!("{rest}  {}", notes::end(id)),
        _ => text.to_owned(),
    }
}
