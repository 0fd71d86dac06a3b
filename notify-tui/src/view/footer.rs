//! The last line: the keys, and what happened last.

use super::look::{Look, Tone};
use crate::state::App;
use ratatui::Frame;
use ratatui::layout::{Alignment, Constraint, Layout, Rect};
use ratatui::text::Line;

pub(super) fn draw(app: &App, look: Look, frame: &mut Frame<'_>, area: Rect) {
    let pause = if app.paused.is_some() { "p go on" } else { "p pause" };
    let keys = format!(" q quit  {pause}  r refresh  +/- interval  ? help ");
    let said =
        look.text(app.notice.as_ref().map_or("status view: changes by notifyctl", |notice| &notice.text));
    let notice = Line::styled(format!("{said} "), look.style(Tone::Dim)).alignment(Alignment::Right);
    let keys = Line::styled(keys, look.style(Tone::Strong));
    if keys.width() + notice.width() <= usize::from(area.width) {
        let width = u16::try_from(keys.width()).unwrap_or(area.width);
        let [left, right] = Layout::horizontal([Constraint::Length(width), Constraint::Min(0)]).areas(area);
        frame.render_widget(keys, left);
        frame.render_widget(notice, right);
    } else if app.notice.is_some() {
        // What happened is news; the keys are in the help.
        frame.render_widget(notice, area);
    } else {
        frame.render_widget(keys, area);
    }
}
