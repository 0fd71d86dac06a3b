//! How the screen is cut, from its size and what is open. The update asks here how many rows a list shows.

use super::SMALLEST;
use crate::state::{App, Over, Page, Rows};
use ratatui::layout::{Constraint, Layout, Rect};

/// Columns in which a list has room for all that it shows.
const ALL: u16 = 112;

/// Columns that a detail beside it needs.
const NARROWEST: u16 = 48;

/// The rectangles of every view.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cut {
    pub(super) header: Rect,
    pub(super) tabs: Rect,
    /// That daemon and dashboard are different builds.
    pub(super) builds: Option<Rect>,
    /// The filter, or the line in which it is written.
    pub(super) bar: Option<Rect>,
    pub(super) body: Rect,
    pub(super) keys: Rect,
    /// What is worth knowing in this view.
    pub(super) hint: Option<Rect>,
    /// What happened last.
    pub(super) last: Option<Rect>,
}

/// Cuts the screen.
pub(super) fn cut(app: &App, area: Rect) -> Cut {
    let bar = u16::from(matches!(app.over, Some(Over::Bar(_))) || !app.filter().is_empty());
    let last = u16::from(area.height >= 20 || app.notice.is_some());
    let hint = u16::from(area.height >= 36);
    let builds = u16::from(super::header::builds(app).is_some());
    let rows = [1, 1, builds, bar].map(Constraint::Length);
    let below = [1, hint, last].map(Constraint::Length);
    let [header, tabs, differ, filter, body, keys, worth, news] = Layout::vertical([
        rows[0],
        rows[1],
        rows[2],
        rows[3],
        Constraint::Min(1),
        below[0],
        below[1],
        below[2],
    ])
    .areas(area);
    let some = |area: Rect| (area.height > 0).then_some(area);
    Cut {
        header,
        tabs,
        builds: some(differ),
        bar: some(filter),
        body,
        keys,
        hint: some(worth),
        last: some(news),
    }
}

/// The panels of a view with a list.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Panels {
    /// The histogram, or the groups of dead letters.
    pub(super) top: Option<Rect>,
    /// The groups of what waits.
    pub(super) groups: Option<Rect>,
    pub(super) list: Option<Rect>,
    pub(super) detail: Option<Rect>,
}

/// Cuts the body of a view with a list.
pub(super) fn panels(app: &App, body: Rect) -> Panels {
    if app.open {
        return Panels { detail: Some(body), ..Panels::default() };
    }
    let (wide, tall) = (body.width >= 160 && body.height >= 38, body.height >= 24);
    let alone = !wide && !tall;
    if alone && app.side {
        return match app.page {
            Page::Dead => Panels { top: Some(body), ..Panels::default() },
            Page::Retries => Panels { groups: Some(body), ..Panels::default() },
            _ => Panels { detail: Some(body), ..Panels::default() },
        };
    }
    let top = match app.page {
        // One more for the count of each bar, where the list has room enough.
        Page::Retries if tall => 9 + u16::from(body.height >= 29),
        Page::Dead if tall => 8,
        _ => 0,
    };
    let groups = match app.page {
        Page::Retries if tall => {
            let groups = app.retries.groups.as_ref().map_or(0, |groups| groups.groups.len());
            (count(groups) + 3).clamp(5, (body.height / 4).max(5))
        }
        _ => 0,
    };
    let rows = [Constraint::Length(top), Constraint::Length(groups), Constraint::Min(1)];
    let [top_area, groups_area, rest] = Layout::vertical(rows).areas(body);
    let (top, groups) = ((top > 0).then_some(top_area), (groups > 0).then_some(groups_area));
    if wide && app.page != Page::Webhooks {
        let [list, detail] =
            Layout::horizontal([Constraint::Length(list_of(rest.width)), Constraint::Min(1)]).areas(rest);
        return Panels { top, groups, list: Some(list), detail: Some(detail) };
    }
    let rows = app.rows().map_or(0, Rows::len);
    if rows == 0 && !(app.page == Page::Webhooks && app.side) {
        // There is nothing to tell of.
        return Panels { top, groups, list: Some(rest), detail: None };
    }
    // Retries have their room for what stands above them; Enter opens one.
    if tall && app.page != Page::Retries {
        // A short list leaves its room to the detail; one of notifications would jump.
        let list = match app.page {
            Page::Webhooks => (count(app.webhooks.list.len()) + 3).clamp(6, rest.height * 4 / 10),
            page if page.speaks() => rest.height * 56 / 100,
            _ => (count(rows) + 3).clamp(6, rest.height * 56 / 100),
        };
        let [list, detail] = Layout::vertical([Constraint::Length(list), Constraint::Min(1)]).areas(rest);
        return Panels { top, groups, list: Some(list), detail: Some(detail) };
    }
    Panels { top, groups, list: Some(rest), detail: None }
}

fn count(rows: usize) -> u16 {
    u16::try_from(rows).unwrap_or(1_000).min(1_000)
}

/// How many rows the list of the view shows.
pub fn rows_shown(app: &App) -> usize {
    let area = Rect::new(0, 0, app.size.0, app.size.1);
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        return 1;
    }
    let body = cut(app, area).body;
    let list = match app.page {
        Page::Overview | Page::Live => body,
        Page::Webhooks if app.side && !app.open => {
            panels(app, body).detail.map_or(body, |area| super::webhooks::cut(area).1)
        }
        _ => panels(app, body).list.unwrap_or(body),
    };
    usize::from(list.height.saturating_sub(3)).max(1)
}

/// How far down the text that lies over the view can be scrolled.
pub fn scrolled_most(app: &App) -> usize {
    super::over::most(app, cut(app, Rect::new(0, 0, app.size.0, app.size.1)).body)
}

/// How wide the list is beside a detail: as wide as on a smaller terminal, where it stands alone, or more than half.
fn list_of(width: u16) -> u16 {
    (width / 100 * 58).max(width.saturating_sub(NARROWEST).min(ALL))
}
