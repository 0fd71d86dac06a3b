//! The last lines: the keys that work now, and what happened last; and the line of the filter.

use super::look::{Look, Tone};
use super::table::fit;
use crate::keys;
use crate::message::Action;
use crate::state::{App, Bar, Over, Page};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// The actions of each view that are worth a place in the key line.
fn worth(app: &App) -> &'static [(Action, &'static str)] {
    match app.page {
        Page::Overview => &[(Action::Open, "go there"), (Action::Panel, "panel")],
        Page::Queues => &[(Action::Open, "open"), (Action::Hold, "pause/resume"), (Action::Limit, "limit")],
        page if page.speaks() && app.open => &[
            (Action::Unmark, "reveal for 30 s"),
            (Action::Raw, "as JSON"),
            (Action::CopyLine, "copy as notifyctl"),
        ],
        Page::Notifications => &[
            (Action::Open, "open"),
            (Action::Mark, "mark"),
            (Action::Retry, "retry"),
            (Action::Cancel, "cancel"),
            (Action::Bury, "bury"),
            (Action::Postpone, "postpone"),
            (Action::Bulk, "bulk"),
        ],
        Page::Retries => &[
            (Action::Open, "open"),
            (Action::Mark, "mark"),
            (Action::Retry, "run now"),
            (Action::Cancel, "cancel"),
            (Action::Postpone, "postpone"),
            (Action::Reroute, "other provider"),
            (Action::Group, "group"),
            (Action::Nearer, "sooner"),
            (Action::Further, "later"),
            (Action::Bulk, "bulk"),
        ],
        Page::Dead => &[
            (Action::Open, "open"),
            (Action::Panel, "groups"),
            (Action::Mark, "mark"),
            (Action::Retry, "retry"),
            (Action::Bury, "discard"),
            (Action::Bulk, "bulk"),
        ],
        Page::Providers => &[
            (Action::Open, "open"),
            (Action::Hold, "pause/resume"),
            (Action::Switch, "on/off"),
            (Action::Order, "order"),
            (Action::OpenCircuit, "open circuit"),
            (Action::HalfOpen, "half-open"),
            (Action::CloseCircuit, "close"),
            (Action::Test, "test"),
        ],
        Page::Webhooks => &[
            (Action::Panel, "deliveries"),
            (Action::Test, "test"),
            (Action::Switch, "on/off"),
            (Action::Resend, "resend"),
            (Action::Recover, "recover"),
            (Action::Keys, "secret"),
        ],
        Page::Services => &[
            (Action::New, "new"),
            (Action::Keys, "keys"),
            (Action::Switch, "on/off"),
            (Action::Unlock, "unlock"),
            (Action::Remove, "delete"),
        ],
        Page::Live => &[(Action::Freeze, "hold/run"), (Action::Wrap, "fold"), (Action::Open, "go there")],
    }
}

/// The key line. Keys for changes are dim while nothing can be changed.
pub(super) fn keys(app: &App, look: Look, frame: &mut Frame<'_>, area: Rect) {
    let always = [
        (Action::Filter, "filter"),
        (Action::Pause, if app.paused.is_some() { "go on" } else { "pause screen" }),
        (Action::Help, "help"),
    ];
    let end = (Action::Back, if app.earlier.is_empty() && !app.side && !app.open { "quit" } else { "back" });
    let room = usize::from(area.width);
    let locked = app.locked().is_some();
    let span = |(action, what): &(Action, &str)| {
        let chord = app.settings.keys.chord(*action, app.page)?;
        let dim = locked && keys::changes(*action);
        Some(Span::styled(format!(" {chord} {what} "), look.style(if dim { Tone::Dim } else { Tone::Plain })))
    };
    let tail: Vec<_> = [always[2], end].iter().filter_map(span).collect();
    let tail_width: usize = tail.iter().map(Span::width).sum();
    let mut line = Line::default();
    for part in worth(app).iter().chain(&always[..2]).filter_map(span) {
        if line.width() + part.width() + tail_width <= room {
            line.push_span(part);
        }
    }
    for part in tail {
        line.push_span(part);
    }
    frame.render_widget(line, area);
}

/// What is worth knowing in this view, and where the log of changes is.
pub(super) fn hint(app: &App, look: Look, frame: &mut Frame<'_>, area: Rect) {
    let newer = app.rows().map_or(0, crate::state::Rows::newer);
    let text = match app.page {
        _ if newer > 0 => format!("the list holds still while anything is marked ({newer} newer rows, g loads them)"),
        Page::Overview => "what needs a look stands on top, the worst first; Enter goes where it can be mended".into(),
        Page::Queues => "EMPTY is in how long it is, at the rates of now; a pause ends by itself".into(),
        Page::Notifications => "marks and cursor follow ids; the list holds still while anything is marked".into(),
        Page::Retries => {
            "bulk actions use the filter you see, a fixed cut-off time and a counted dry run before you confirm".into()
        }
        Page::Dead => "a retry starts with a fresh budget of attempts; what is discarded is gone for good".into(),
        Page::Providers => "percentiles are of the last 5 minutes; a circuit that is opened by hand closes by itself".into(),
        Page::Webhooks => {
            "resend can reach the receiver twice; receivers should key on notification id + event".into()
        }
        Page::Services => "figures are counted since the daemon started; a new key is shown once".into(),
        Page::Live => "the daemon keeps the last 65,536 events; of more than 1,000/s a sample is shown".into(),
    };
    let end = app
        .settings
        .keys
        .chord(Action::Log, app.page)
        .map(|chord| format!("{chord} log "))
        .unwrap_or_default();
    let room = usize::from(area.width).saturating_sub(end.len() + 1);
    let text = fit(&look.text(&text), room, false, look);
    frame.render_widget(Line::styled(format!(" {text}{end}"), look.style(Tone::Dim)), area);
}

/// What happened last.
pub(super) fn last(app: &App, look: Look, frame: &mut Frame<'_>, area: Rect) {
    let running = app.running().next().map(|work| {
        let share = if work.total > 0 { format!(" {} of {}", work.done, work.total) } else { String::new() };
        format!(" {} {}{share} {} ", work.id, work.verb, work.unit)
    });
    let entry = app.log.last().map(|entry| {
        let result = entry.result.as_deref().unwrap_or("...");
        format!(" {} {result}  ({})", entry.at.format("%H:%M:%S"), entry.line)
    });
    let news = app.notice.as_ref().map(|notice| format!(" {}", notice.text));
    let hint = || {
        let locked = app.locked().filter(|_| app.welcome.is_some());
        format!(" {}", locked.unwrap_or("every change is shown and logged as a notifyctl line: L"))
    };
    let lost = super::absent::lines(app);
    if !lost.is_empty() {
        let text = format!(" {}", lost.join("; "));
        return frame.render_widget(Line::styled(look.text(&text), look.style(Tone::Bad)), area);
    }
    let (text, tone) = match (running, news, entry) {
        (Some(text), None, _) => (text, Tone::Warn),
        (_, Some(text), _) => (text, Tone::Strong),
        (None, None, Some(text)) => (text, Tone::Dim),
        (None, None, None) => (hint(), Tone::Dim),
    };
    frame.render_widget(Line::styled(look.text(&text), look.style(tone)), area);
}

/// The filter of the view, or the line in which it is written.
pub(super) fn bar(app: &App, look: Look, frame: &mut Frame<'_>, area: Rect) {
    let Some(Over::Bar(Bar { command, text, error })) = &app.over else {
        let line = Line::from(vec![
            Span::styled(" filter: ", look.style(Tone::Dim)),
            Span::styled(look.text(app.filter()), look.style(Tone::Strong)),
            Span::styled("   / edit  Esc clear", look.style(Tone::Dim)),
        ]);
        frame.render_widget(line, area);
        return;
    };
    let prompt = if *command { " :" } else { " /" };
    let mut spans = vec![
        Span::styled(prompt, look.style(Tone::Strong)),
        Span::raw(look.text(text)),
        Span::styled("_", look.style(Tone::Strong)),
    ];
    let known = if *command { Vec::new() } else { crate::update::suggestions(app, text) };
    if let Some(error) = error {
        spans.push(Span::styled(format!("  {}", look.text(error)), look.style(Tone::Bad)));
    } else if !known.is_empty() && !text.is_empty() {
        let words = format!("  tab: {}", known.join("  "));
        spans.push(Span::styled(look.text(&words), look.style(Tone::Dim)));
    } else if text.is_empty() {
        let hint = match (*command, app.page) {
            (true, _) => "a view, filter NAME, save NAME, notification ID, service NAME, export, quit",
            (false, Page::Live) => "event:failed,circuit_open severity:warning service:acme -channel:sms",
            (false, page) if page.speaks() => {
                "status:failed service:acme -channel:sms since:1h error:503 to:+1500*"
            }
            (false, _) => "words that a row has to have; -word leaves out",
        };
        spans.push(Span::styled(format!("  {hint}"), look.style(Tone::Dim)));
    }
    frame.render_widget(Line::from(spans), area);
}
