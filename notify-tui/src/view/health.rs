//! What is wrong, above all numbers.

use super::absent;
use super::look::{Look, Tone, span};
use crate::state::{App, Data};
use notify_proto::view::Health;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Paragraph;

/// What is wrong, folded to a frame of this width: a sentence that is cut says half the way out.
pub(super) fn lines(app: &App, data: &Data, look: Look, width: u16) -> Vec<Line<'static>> {
    let absent = absent::lines(app).into_iter().map(|text| (look.text(&text), Tone::Bad));
    let concern = |text: &String| (format!("! {}", look.text(text)), Tone::Warn);
    let all = absent.chain(data.status.concerns.iter().map(concern));
    let room = usize::from(width.saturating_sub(2)).max(1);
    let folded = all.flat_map(|(text, tone)| {
        let folded = textwrap::wrap(&text, room).into_iter();
        folded.map(|part| Line::styled(part.into_owned(), look.style(tone))).collect::<Vec<_>>()
    });
    folded.collect()
}

pub(super) fn draw(app: &App, data: &Data, look: Look, frame: &mut Frame<'_>, area: Rect) {
    let badge = app.badge();
    let (mark, tone) = match data.status.health {
        Health::Healthy => ("+", Tone::Good),
        Health::Degraded => ("!", Tone::Warn),
        Health::Unhealthy => ("x", Tone::Bad),
    };
    let health = data.status.health.as_str();
    let title = if badge.doubtful() {
        let age = app.age().unwrap_or_default().as_secs();
        format!("was {health} {} ago", span(age))
    } else {
        format!("{mark} {health}")
    };
    let mut lines = lines(app, data, look, area.width);
    if lines.is_empty() {
        lines.push(Line::raw("Nothing needs a look."));
    }
    let room = usize::from(area.height.saturating_sub(2));
    if lines.len() > room && room > 0 {
        let more = lines.len() - room + 1;
        lines.truncate(room - 1);
        lines.push(Line::styled(format!("and {more} more: notifyctl status"), look.style(Tone::Warn)));
    }
    let tone = if badge.doubtful() { Tone::Dim } else { tone };
    frame.render_widget(Paragraph::new(lines).block(look.block(&title, tone)), area);
}
