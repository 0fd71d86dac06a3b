//! The screen. Each rectangle is a file; this one cuts the screen into them.
//!
//! ```text
//!  notify-tui  ops-1  notifyd 0.1.0  up 12d03h       LIVE 1s | rtt 0.4ms | ADMIN | 14:32:07 UTC
//! +- degraded -----------------------------------------------------------------------------------+
//! | ! provider mock is simulated: what it takes is not really sent                               |
//! +----------------------------------------------------------------------------------------------+
//! +- notifications -----------------------------------------------------------------------------+
//! | o queued     1,284   ~ retrying   3,977   in flight      48   accepted     812.4/s           |
//! | ...                                                                                          |
//! +----------------------------------------------------------------------------------------------+
//! +- providers ----------------------------------------------------------------------------------+
//! | PROVIDER         CIRCUIT      BUSY     PRIO  CHANNELS       STATE                            |
//! | relay            + closed     3/32       10  email                                           |
//! +----------------------------------------------------------------------------------------------+
//!  q quit  p pause  r refresh  +/- interval  ? help            status view: changes by notifyctl
//! ```

mod absent;
mod counters;
mod footer;
mod header;
mod health;
mod help;
mod look;
mod providers;

pub use look::Look;

use crate::state::{App, Link};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
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
    let rows = [Constraint::Length(1), Constraint::Min(1), Constraint::Length(1)];
    let [top, body, bottom] = Layout::vertical(rows).areas(area);
    header::draw(app, look, frame, top);
    footer::draw(app, look, frame, bottom);
    if app.help {
        help::draw(look, frame, body);
    } else if app.data.is_none() || matches!(app.link, Link::Misfit(_)) {
        absent::draw(app, look, frame, body);
    } else {
        panels(app, look, frame, body);
    }
}

fn panels(app: &App, look: Look, frame: &mut Frame<'_>, body: Rect) {
    let Some(data) = &app.data else { return };
    let concerns = health::lines(app, data, look, body.width).len();
    // At most a third of the screen for what is wrong; the counters need six rows, the providers take the rest.
    let health = u16::try_from(concerns.max(1)).unwrap_or(u16::MAX).min((body.height / 3).max(1)) + 2;
    let rows = [Constraint::Length(health), Constraint::Length(counters::HEIGHT + 2), Constraint::Min(3)];
    let [health, counters, providers] = Layout::vertical(rows).areas(body);
    health::draw(app, data, look, frame, health);
    counters::draw(app, data, look, frame, counters);
    providers::draw(app, data, look, frame, providers);
}
