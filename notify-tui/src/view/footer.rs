//! The last line: the keys, and what happened last.

use super::look::{Look, Tone};
use crate::state::App;
use ratatui::Frame;
use ratatui::layout::{Alignment, Constraint, Layout, Rect};
use ratatui::text::Line;

pub(super) fn draw(app: &App, look: Look, frame: &mut Frame<'_>, area: Rect) {
    let pause = if app.paused.is_some() { "p go on" } else { "p pause" };
    let keys = format!(" q quit  {pause}  r refresh  +/- interval  ? help ");
    let notice = app.notice.as_deref().unwrap_or("status view: changes by notifyctl");
    let width = u16::try_from(keys.len()).unwrap_or(area.width);
    let [left, right] = Layout::horizontal([Constraint::Length(width), Constraint::Min(0)]).areas(area);
    frame.render_widget(Line::styled(keys, look.style(Tone::Strong)), left);
    let notice = Line::styled(format!("{} ", look.text(notice)), look.style(Tone::Dim));
    frame.render_widget(notice.alignment(Alignment::Right), right);
}
