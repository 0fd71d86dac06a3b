//! What stands above the list of dead letters: what is wrong with them.

use super::absent;
use super::look::{Look, Tone, grouped};
use super::panel::count;
use super::table::{self, Column, Row, left, right};
use super::time::ago;
use crate::deed::several;
use crate::message::Slot;
use crate::state::App;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Clear;

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
pub(super) fn draw(app: &App, look: Look, frame: &mut Frame<'_>, area: Rect) {
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
    let known = app.dead.faults.as_ref();
    if let Some(text) = absent::instead(app, Slot::Side, known.is_some()) {
        return frame.render_widget(absent::said(&text, look), inside);
    }
    let Some(faults) = known else { return };
    if faults.groups.is_empty() {
        let text = if app.dead.filter.is_empty() {
            "Nothing is dead, so nothing is wrong with it."
        } else {
            "Nothing is dead that matches, so nothing is wrong with it."
        };
        return frame.render_widget(Line::raw(text), inside);
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
