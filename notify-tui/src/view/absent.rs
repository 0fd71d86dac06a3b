//! No data yet: what was tried, what it means, what to do next.

use super::look::{Look, Tone, span};
use crate::state::{App, Link};
use notify_proto::control::{OLDEST_PROTOCOL, PROTOCOL};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Paragraph, Wrap};

/// What is wrong with the connection, a sentence each; nothing when it stands.
pub(super) fn lines(app: &App) -> Vec<String> {
    match &app.link {
        Link::Connecting { .. } | Link::Up => Vec::new(),
        Link::Misfit(welcome) => {
            let older = if welcome.protocol < OLDEST_PROTOCOL { "notifyd" } else { "notify-tui" };
            vec![
                format!(
                    "notifyd {} speaks protocol {} to {}, this notify-tui {OLDEST_PROTOCOL} to {PROTOCOL}",
                    welcome.daemon.version, welcome.oldest_protocol, welcome.protocol
                ),
                format!("Next: upgrade {older}"),
            ]
        }
        Link::Lost { why, .. } => {
            let (text, next) = match why {
                Some(why) => (why.to_string(), why.trouble.next()),
                None => ("the connection broke; has notifyd ended?".into(), "systemctl status notifyd"),
            };
            let mut lines = vec![text, format!("Next: {next}")];
            lines.extend(app.data.as_ref().zip(app.age()).map(|(data, age)| {
                let at = data.at.wall.format("%H:%M:%SZ");
                format!("showing data of {at} ({} old), read only", span(age.as_secs()))
            }));
            lines
        }
    }
}

pub(super) fn draw(app: &App, look: Look, frame: &mut Frame<'_>, area: Rect) {
    let said = lines(app);
    let (title, tone) = match &app.link {
        Link::Misfit(_) => ("the protocols do not fit", Tone::Bad),
        Link::Lost { .. } => ("notifyd not reachable", Tone::Bad),
        Link::Connecting { .. } | Link::Up => ("connecting", Tone::Warn),
    };
    let lines: Vec<Line<'_>> = if said.is_empty() {
        let place = app.socket.as_ref().map(|path| format!(" to {}", path.display())).unwrap_or_default();
        vec![Line::raw(look.text(&format!("connecting{place}; r tries again at once, q quits")))]
    } else {
        said.iter().map(|text| Line::raw(look.text(text))).collect()
    };
    let text = Paragraph::new(lines).wrap(Wrap { trim: true }).block(look.block(title, tone));
    frame.render_widget(text, area);
}
