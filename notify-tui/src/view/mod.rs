//! The screen. Each view is a file, and so is each rectangle around it; `layout` cuts the screen into them.
//!
//! ```text
//!  notify-tui  ops-1  notifyd 0.1.0  up 12d03h       LIVE 1s | rtt 0.4ms | ADMIN | 14:32:07 UTC
//! [1 Overview] 2 Queues  3 Notifs  4 Retries  5 Dead  6 Providers  7 Webhooks  8 Services  9 Live
//!  filter: status:failed since:1h                                                     Esc clears
//! +- Notifications ------------------------------------- 2 marked  1-12 of 4,218  newest first -+
//! |   ID           AGE CH    PRI    STATUS     SERVICE   RECIPIENT     PROVIDER  LAST ERROR     |
//! |>* 9c1f02aa     12s sms   high   ~ retrying acme      +91******4821 relay     503 upstream   |
//! +----------------------------------------------------------------------------------------------+
//! +- 9c1f02aa -----------------------------------------------------------------------------------+
//! | service  acme                                     #  TIME      PROVIDER  RESULT    TOOK      |
//! +----------------------------------------------------------------------------------------------+
//!  enter open  space mark  R retry  C cancel  / filter  ? help  q back
//!  14:31:58 notifyctl notification retry 9c1f02aa: 1 done
//! ```

mod absent;
mod alerts;
mod counters;
mod due;
mod faults;
mod footer;
mod groups;
mod header;
mod health;
mod hit;
mod hook;
mod layout;
mod live;
mod look;
mod notes;
mod numbers;
mod offers;
mod over;
mod overview;
mod panel;
mod providers;
mod queues;
mod services;
mod story;
mod table;
mod tabs;
mod time;
mod ways;
mod webhooks;

pub use hit::{Hit, at as hit};
pub use layout::{rows_shown, scrolled_most};
pub(crate) use look::span;
pub use look::{Look, Theme};

use crate::state::{App, Link, Page};
use ratatui::Frame;
use ratatui::text::Line;

/// The smallest screen on which something can be shown.
pub const SMALLEST: (u16, u16) = (60, 15);

/// Paints everything.
pub fn draw(app: &App, look: Look, frame: &mut Frame<'_>) {
    let area = frame.area();
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        let text =
            format!("needs {}x{}, have {}x{}; q quits", SMALLEST.0, SMALLEST.1, area.width, area.height);
        frame.render_widget(Line::raw(text), area);
        return;
    }
    let cut = layout::cut(app, area);
    header::draw(app, look, frame, cut.header);
    tabs::draw(app, look, frame, cut.tabs);
    if let Some((area, text)) = cut.builds.zip(header::builds(app)) {
        frame.render_widget(Line::styled(look.text(&text), look.style(look::Tone::Warn)), area);
    }
    if let Some(bar) = cut.bar {
        footer::bar(app, look, frame, bar);
    }
    footer::keys(app, look, frame, cut.keys);
    if let Some(hint) = cut.hint {
        footer::hint(app, look, frame, hint);
    }
    if app.data.is_none() || matches!(app.link, Link::Misfit(_)) {
        absent::draw(app, look, frame, cut.body);
    } else {
        match app.page {
            Page::Overview => overview::draw(app, look, frame, cut.body),
            Page::Live => live::draw(app, look, frame, cut.body),
            page => panel::draw(app, page, look, frame, cut.body),
        }
    }
    footer::last(app, look, frame, &cut);
    footer::fault(app, look, frame, cut.body);
    over::draw(app, look, frame, cut.body);
}

/// The heads of the columns of a view's list.
pub(crate) fn heads(page: Page) -> Vec<&'static str> {
    let columns: &[table::Column] = match page {
        Page::Overview => &[],
        Page::Queues => &queues::COLUMNS,
        Page::Notifications => &notes::ALL,
        Page::Retries => &notes::WAITING,
        Page::Dead => &notes::DEAD,
        Page::Providers => &providers::COLUMNS,
        Page::Webhooks => &webhooks::COLUMNS,
        Page::Services => &services::COLUMNS,
        Page::Live => &live::COLUMNS,
    };
    columns.iter().map(table::Column::head).collect()
}

/// How many rows each panel of the first screen has; none where there is no room for it.
pub(crate) fn panel_lines(app: &App) -> [usize; 4] {
    let body = layout::cut(app, ratatui::layout::Rect::new(0, 0, app.size.0, app.size.1)).body;
    overview::panel_lines(app, body)
}

/// How many rows the panel beside the list has, for its cursor.
pub(crate) fn side_lines(app: &App) -> usize {
    if app.page == Page::Dead && app.side {
        return app.dead.faults.as_ref().map_or(0, |faults| faults.groups.len());
    }
    if app.page == Page::Retries && app.side {
        return app.retries.groups.as_ref().map_or(0, |groups| groups.groups.len());
    }
    let look = Look { theme: Theme::Mono, ascii: true };
    let (left, right) = panel::detail(app, app.page, look);
    // Over the whole screen both have their own column, where there is room for two.
    if app.open && app.size.0 >= 102 { left.len().max(right.len()) } else { left.len() + right.len() }
}
