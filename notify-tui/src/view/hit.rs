//! What lies under the mouse.

use super::layout::{Panels, cut, panels};
use super::{Look, SMALLEST, Theme, tabs, webhooks};
use crate::state::{App, Page};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::layout::{Position, Rect};

/// What somebody points at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hit {
    /// The name of a view.
    Tab(Page),
    /// The head of a column.
    Head(String),
    /// This line of the list that has the keys, or could have them.
    Line {
        /// Counted from the first that is shown.
        line: usize,
        /// How many are shown.
        height: usize,
        /// Whether it is of the list beside the main one.
        side: bool,
    },
}

/// What is there.
pub fn at(app: &App, column: u16, row: u16) -> Option<Hit> {
    let area = Rect::new(0, 0, app.size.0, app.size.1);
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        return None;
    }
    let cut = cut(app, area);
    let point = Position::new(column, row);
    if cut.tabs.contains(point) {
        return tabs::at(app, cut.tabs, column).map(Hit::Tab);
    }
    if !cut.body.contains(point) || app.open {
        return None;
    }
    let (list, side) = match app.page {
        Page::Overview => return super::overview::alert_at(app, cut.body, row).map(first),
        Page::Live => (Some(cut.body), None),
        page => {
            let Panels { top, groups, list, detail } = panels(app, cut.body);
            let side = match page {
                Page::Dead => top,
                Page::Retries => groups,
                Page::Webhooks => detail.map(|area| webhooks::cut(area).1),
                _ => None,
            };
            (list, side)
        }
    };
    [(list, false), (side, true)].into_iter().find_map(|(area, side)| {
        let area = area.filter(|area| area.contains(point))?;
        let height = usize::from(area.height.saturating_sub(3));
        match (point.y - area.y).checked_sub(2) {
            Some(line) if usize::from(line) < height => Some(Hit::Line { line: line.into(), height, side }),
            None if point.y > area.y => word(app, point).map(Hit::Head),
            _ => None,
        }
    })
}

const fn first(line: usize) -> Hit {
    Hit::Line { line, height: 0, side: false }
}

/// The word that stands there: only what is painted says which columns have room, and where.
fn word(app: &App, point: Position) -> Option<String> {
    let mut terminal = Terminal::new(TestBackend::new(app.size.0, app.size.1)).ok()?;
    let look = Look { theme: Theme::Mono, ascii: true };
    terminal.draw(|frame| super::draw(app, look, frame)).ok()?;
    let buffer = terminal.backend().buffer();
    let letter = |x: u16| buffer.cell((x, point.y)).map(|cell| cell.symbol().to_owned());
    let blank = |x: u16| letter(x).is_none_or(|text| matches!(text.as_str(), " " | "|"));
    if blank(point.x) {
        return None;
    }
    let from = (0..=point.x).rev().take_while(|x| !blank(*x)).last()?;
    let word: String = (from..app.size.0).take_while(|x| !blank(*x)).filter_map(letter).collect();
    Some(word)
}
