//! From view to view and back, each with its filter.

use super::{anew, export, menus};
use crate::message::Cmd;
use crate::state::{App, Page, VISITED};

/// Shows a view, remembering the one before.
pub(super) fn show(app: &mut App, page: Page, cmds: &mut Vec<Cmd>) {
    if page != app.page {
        if app.earlier.len() == VISITED {
            app.earlier.remove(0);
        }
        app.earlier.push((app.page, app.filter().to_owned()));
        app.later.clear();
        enter(app, page, cmds);
    }
    app.over = None;
}

fn enter(app: &mut App, page: Page, cmds: &mut Vec<Cmd>) {
    anew(app, cmds);
    app.page = page;
    (app.side, app.side_at, app.open, app.panel) = (false, 0, false, 0);
}

/// Back to the view before, or forth again.
pub(super) fn travel(app: &mut App, back: bool, cmds: &mut Vec<Cmd>) {
    let from = if back { &mut app.earlier } else { &mut app.later };
    let Some((page, filter)) = from.pop() else { return };
    let here = (app.page, app.filter().to_owned());
    if back {
        app.later.push(here);
    } else {
        app.earlier.push(here);
    }
    enter(app, page, cmds);
    if filter != app.filter() {
        set_filter(app, &filter, cmds);
    }
}

/// Gives the view this filter, which can be read.
pub(super) fn set_filter(app: &mut App, text: &str, cmds: &mut Vec<Cmd>) {
    anew(app, cmds);
    let page = app.page;
    if let Some(notes) = app.notes_mut() {
        notes.refilter(text);
    } else if page == Page::Live {
        app.live.restart(text.to_owned());
    } else {
        app.words.insert(page, text.to_owned());
        if let Some(rows) = app.rows_mut() {
            rows.search(text);
        }
    }
}

/// Back by one step; at the top, out, after a question while something is under way.
pub(super) fn back(app: &mut App, cmds: &mut Vec<Cmd>) {
    if app.side || app.open {
        (app.side, app.open) = (false, false);
    } else if app.earlier.is_empty() {
        match menus::leaving(app) {
            Some(menu) => app.over = Some(menu),
            None => cmds.push(Cmd::Quit),
        }
    } else {
        travel(app, true, cmds);
    }
}

/// Closes what is open, or clears marks, or the filter.
pub(super) fn close(app: &mut App, cmds: &mut Vec<Cmd>) {
    if app.panel > 0 {
        (app.panel, app.side_at) = (0, 0);
    } else if app.side || app.open {
        (app.side, app.open) = (false, false);
    } else if export::end(app, cmds) {
        // It says so itself, once it has ended.
    } else if app.rows().is_some_and(|rows| !rows.marked().is_empty()) {
        if let Some(rows) = app.rows_mut() {
            rows.unmark();
        }
    } else if !app.filter().is_empty() {
        set_filter(app, "", cmds);
    }
}
