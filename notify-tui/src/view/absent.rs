//! No data yet: what was tried, what it means, what to do next.

use super::look::{Look, Tone, span};
use super::table;
use crate::message::{Action, Slot};
use crate::state::{App, Link};
use notify_proto::control::{OLDEST_PROTOCOL, PROTOCOL};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Paragraph, Wrap};
use std::borrow::Cow;

/// Of a filter that finds nothing; it stands above.
pub(super) const NO_MATCH: &str = "Nothing matches the filter; Esc clears it.";

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

/// The key of an action here.
fn key(app: &App, action: Action) -> &str {
    app.settings.keys.chord(action, app.page).unwrap_or_default()
}

/// What stands where an answer is not here yet: that it was asked for, or why nobody asks.
pub(super) fn asking(app: &App) -> &'static str {
    match app.link {
        Link::Lost { .. } | Link::Misfit(_) => "not known: there is no connection",
        _ if app.paused.is_some() => "paused, so nothing is asked: p goes on, r asks once",
        _ => "asking ...",
    }
}

/// Why the last question of a slot was refused, and what to do. Where no answer came in time what is known stays.
pub(super) fn trouble(app: &App, slot: Slot) -> Option<String> {
    why(app, slot).filter(|_| !app.slots.late(slot))
}

fn why(app: &App, slot: Slot) -> Option<String> {
    let why = app.slots.trouble(slot)?;
    Some(format!("{why}; {} tries again", key(app, Action::Refresh)))
}

/// What stands in place of an answer: why the last question had none, or that there was none yet. None when it is `there`.
pub(super) fn instead(app: &App, slot: Slot, there: bool) -> Option<String> {
    let absent = || (!there).then(|| why(app, slot).unwrap_or_else(|| asking(app).into()));
    trouble(app, slot).or_else(absent)
}

/// That, in a panel of its own.
pub(super) fn said(text: &str, look: Look) -> Paragraph<'static> {
    Paragraph::new(look.text(text)).wrap(Wrap { trim: true })
}

/// Text in as many lines as it takes, none of them cut; at most so many.
pub(super) fn lines_of(text: &str, width: usize, most: usize, look: Look) -> Vec<String> {
    let text = look.text(text);
    // A path or a flag is not taken apart at its hyphens.
    let whole = textwrap::WordSplitter::NoHyphenation;
    let options = textwrap::Options::new(width.max(1)).word_splitter(whole);
    let mut lines: Vec<_> = textwrap::wrap(&text, options).into_iter().map(Cow::into_owned).collect();
    if lines.len() > most {
        let rest = lines.split_off(most.saturating_sub(1)).join(" ");
        lines.push(table::fit(&rest, width, false, look));
    }
    lines
}

/// What is wrong with the connection, in lines of this width.
pub(super) fn folded(app: &App, width: usize, look: Look) -> Vec<String> {
    lines(app).iter().flat_map(|text| lines_of(text, width, 3, look)).collect()
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
        let keys = format!("{} now   {} quit", key(app, Action::Refresh), key(app, Action::Back));
        let lines = said.iter().map(|text| Line::raw(look.text(text)));
        lines.chain([Line::default(), Line::styled(keys, look.style(Tone::Strong))]).collect()
    };
    let text = Paragraph::new(lines).wrap(Wrap { trim: true }).block(look.block(title, tone));
    frame.render_widget(text, area);
}
