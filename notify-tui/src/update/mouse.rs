//! The mouse: a click on a view's name, a row or a column's head, and the wheel.

use super::act::act;
use super::moved;
use super::travel::show;
use crate::message::{Action, Cmd};
use crate::state::{App, Over, Page};
use crate::view::{Hit, hit};
use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

/// Rows that one step of the wheel goes.
const STEP: usize = 3;

/// Takes what somebody did with the mouse.
pub(super) fn take(app: &mut App, event: MouseEvent, cmds: &mut Vec<Cmd>) {
    let by = match event.kind {
        MouseEventKind::ScrollDown => Action::Down,
        MouseEventKind::ScrollUp => Action::Up,
        MouseEventKind::Down(MouseButton::Left) => return click(app, event.column, event.row, cmds),
        _ => return,
    };
    let most = crate::view::scrolled_most(app);
    match &mut app.over {
        None => {
            for _ in 0..STEP {
                act(app, by, cmds);
            }
        }
        Some(Over::Help(_, top) | Over::Log(top) | Over::Reader(_, _, top)) => {
            let step = if by == Action::Down {
                top.saturating_add(STEP)
            } else {
                (*top).min(most).saturating_sub(STEP)
            };
            *top = step.min(most);
        }
        Some(_) => {}
    }
}

/// What lies over the view is answered with keys.
fn click(app: &mut App, column: u16, row: u16, cmds: &mut Vec<Cmd>) {
    if app.over.is_some() {
        return;
    }
    match hit(app, column, row) {
        None => {}
        Some(Hit::Tab(page)) => show(app, page, cmds),
        Some(Hit::Head(word)) => {
            if app.rows_mut().is_some_and(|rows| rows.sort_on(&word)) {
                moved(app, cmds);
            } else {
                // What it can be sorted by, or how it always is.
                act(app, Action::Sort, cmds);
            }
        }
        Some(Hit::Line { line, height, side }) => line_of(app, line, height, side, cmds),
    }
}

/// The cursor goes there; where it stands already, what is under it is opened.
fn line_of(app: &mut App, line: usize, height: usize, side: bool, cmds: &mut Vec<Cmd>) {
    match app.page {
        Page::Overview => {
            if app.attention_at == line && app.panel == 0 {
                return act(app, Action::Open, cmds);
            }
            (app.attention_at, app.panel) = (line, 0);
        }
        Page::Live => app.live.pick(line, height),
        page => {
            app.side = side;
            if side && page != Page::Webhooks {
                let last = crate::view::side_lines(app).saturating_sub(1);
                let top = (app.side_at + 1).saturating_sub(height);
                if app.side_at == top + line {
                    return act(app, Action::Open, cmds);
                }
                app.side_at = (top + line).min(last);
                return;
            }
            let before = app.rows().and_then(crate::state::Rows::here);
            let Some(rows) = app.rows_mut() else { return };
            if !rows.pick(line, height) {
                return;
            }
            if rows.here() == before && page != Page::Webhooks {
                return act(app, Action::Open, cmds);
            }
            moved(app, cmds);
        }
    }
}
