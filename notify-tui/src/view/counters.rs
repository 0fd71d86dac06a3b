//! How many notifications stand where, and how fast they move.

use super::look::{Look, Tone, grouped, span};
use crate::state::{App, Data};
use notify_proto::Status;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

/// Rows inside the border.
pub(super) const HEIGHT: u16 = 4;

/// The mark before each status, so that it can be told without colour.
const fn mark(status: Status) -> (&'static str, Tone) {
    match status {
        Status::Pending => (".", Tone::Plain),
        Status::Queued => ("o", Tone::Plain),
        Status::Sending => (">", Tone::Plain),
        Status::Retrying => ("~", Tone::Warn),
        Status::Delivered => ("+", Tone::Good),
        Status::Failed => ("x", Tone::Bad),
        Status::Cancelled => ("-", Tone::Dim),
    }
}

pub(super) fn draw(app: &App, data: &Data, look: Look, frame: &mut Frame<'_>, area: Rect) {
    let block = look.block("notifications", Tone::Strong);
    let inside = block.inner(area);
    frame.render_widget(block, area);
    let columns = [Constraint::Ratio(1, 3); 3];
    let [first, second, third] = Layout::horizontal(columns).areas(inside);
    let dim = app.badge().doubtful();
    let count = |status: &Status| {
        let (mark, tone) = mark(*status);
        let count = data.status.by_status.get(status.as_str()).copied().unwrap_or(0);
        let tone = if dim || count == 0 { Tone::Dim } else { tone };
        row(&format!("{mark} {status}"), &grouped(count), look.style(tone))
    };
    let all: Vec<_> = Status::ALL.iter().map(count).collect();
    let (left, middle) = all.split_at(4);
    frame.render_widget(Paragraph::new(left.to_vec()), first);
    let mut middle = middle.to_vec();
    let style = look.style(if dim { Tone::Dim } else { Tone::Plain });
    let oldest = data.status.oldest_queued_seconds.map_or_else(|| "--".into(), span);
    middle.push(row("oldest queued", &oldest, style));
    frame.render_widget(Paragraph::new(middle), second);
    // Rates need two answers of one daemon, and mean nothing when none comes any more.
    let rate = |of: fn(&crate::state::Rates) -> f64| {
        data.rates
            .as_ref()
            .filter(|_| !dim)
            .map_or_else(|| "--".into(), |rates| format!("{:.1}/s", of(rates)))
    };
    let right = vec![
        row("in flight", &grouped(data.status.in_flight.into()), style),
        row("accepted", &rate(|rates| rates.accepted), style),
        row("delivered", &rate(|rates| rates.delivered), style),
        row("failed", &rate(|rates| rates.failed), style),
    ];
    frame.render_widget(Paragraph::new(right), third);
}

fn row(name: &str, value: &str, style: ratatui::style::Style) -> Line<'static> {
    Line::from(vec![Span::styled(format!("{name:<14}{value:>11}"), style)])
}
