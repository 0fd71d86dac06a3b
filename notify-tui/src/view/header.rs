//! The first line: who answers, how the connection is, how late it is.
//!
//! ```text
//!  notify-tui  ops-1  notifyd 0.1.0  up 12d03h  rev 88121   LIVE 1s | rx 2.1K/s | rtt 0.4ms | ADMIN | 14:32:07 UTC
//! ```

use super::look::{Look, Tone, span};
use crate::config::Times;
use crate::state::{App, Badge};
use notify_proto::control::Role;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};

pub(super) fn draw(app: &App, look: Look, frame: &mut Frame<'_>, area: Rect) {
    let right = right(app, look);
    let width = u16::try_from(right.width()).unwrap_or(area.width);
    let [left_area, right_area] =
        Layout::horizontal([Constraint::Min(0), Constraint::Length(width)]).areas(area);
    frame.render_widget(left(app, look, left_area.width), left_area);
    frame.render_widget(right, right_area);
}

/// As many of its parts as have room.
fn left(app: &App, look: Look, room: u16) -> Line<'static> {
    let mut line = Line::styled(" notify-tui", look.style(Tone::Strong));
    let Some(welcome) = &app.welcome else { return line };
    let started = app.data.as_ref().map_or(welcome.daemon.started_at, |data| data.status.daemon.started_at);
    let up = u64::try_from((app.now.wall - started).num_seconds()).unwrap_or_default();
    let rev = app.overview.as_ref().and_then(|(rev, _)| *rev);
    let parts = [
        Some(welcome.host.clone()),
        Some(format!("notifyd {}", welcome.daemon.version)),
        Some(format!("up {}", lasting(up))),
        rev.map(|rev| format!("rev {rev}")),
    ];
    for part in parts.into_iter().flatten() {
        let part = Span::raw(format!("  {}", look.text(&part)));
        if line.width() + part.width() >= usize::from(room) {
            break;
        }
        line.push_span(part);
    }
    line
}

/// How long it has been up. Of what is older than a minute nobody wants the seconds, which would move all the time.
fn lasting(seconds: u64) -> String {
    if (60..3_600).contains(&seconds) { format!("{}m", seconds / 60) } else { span(seconds) }
}

fn right(app: &App, look: Look) -> Line<'static> {
    let badge = app.badge();
    let tone = match badge {
        Badge::Live(_) => Tone::Good,
        Badge::Slow(_) | Badge::Stale(_) | Badge::Connecting => Tone::Warn,
        Badge::Lost(_) | Badge::Misfit => Tone::Bad,
        Badge::Paused(_) => Tone::Strong,
    };
    let mut spans = vec![Span::styled(badge.text(), look.style(tone))];
    if let Some(rate) = app.traffic.rate().filter(|_| !badge.doubtful() && app.size.0 >= 100) {
        spans.push(Span::raw(format!(" | rx {}", bytes(rate))));
    }
    if let Some(data) = app.data.as_ref().filter(|_| !badge.doubtful()) {
        spans.push(Span::raw(format!(" | rtt {:.1}ms", data.shown_trip.as_secs_f64() * 1_000.0)));
    }
    if let Some(welcome) = &app.welcome {
        let role = match welcome.role {
            Role::Admin if app.read_only => "READ ONLY",
            Role::Admin => "ADMIN",
            Role::Viewer => "VIEWER",
        };
        spans.push(Span::raw(format!(" | {role}")));
    }
    spans.push(Span::raw(format!(" | {} ", wall(app))));
    Line::from(spans)
}

/// That daemon and dashboard are different builds, when they are: they get on as long as their protocols fit.
pub(super) fn builds(app: &App) -> Option<String> {
    let daemon = &app.welcome.as_ref()?.daemon.version;
    let own = env!("CARGO_PKG_VERSION");
    (daemon != own)
        .then(|| format!(" notifyd {daemon} and notify-tui {own} are different builds; what only one of them knows is missing"))
}

/// The time with its zone: that of this machine when times are shown so.
fn wall(app: &App) -> String {
    match app.times {
        Times::Local => app.now.wall.with_timezone(&chrono::Local).format("%H:%M:%S %:z").to_string(),
        Times::Relative | Times::Utc => app.now.wall.format("%H:%M:%S UTC").to_string(),
    }
}

/// Bytes a second, short.
fn bytes(rate: f64) -> String {
    if rate < 1_000.0 { format!("{rate:.0}B/s") } else { format!("{:.1}K/s", rate / 1_000.0) }
}

#[cfg(test)]
mod tests {
    use super::lasting;

    #[test]
    fn an_uptime_moves_every_second_in_its_first_minute_only() {
        let told = [42, 60, 894, 3_599, 7_500, 1_047_600].map(lasting);
        assert_eq!(told, ["42s", "1m", "14m", "59m", "2h05m", "12d03h"]);
    }
}
