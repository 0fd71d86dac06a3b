//! The last lines: the keys that work now, and what happened last; and the line of the filter.

use super::absent;
use super::layout::Cut;
use super::look::{Look, Tone};
use super::offers::{more, works, worth};
use super::table::fit;
use crate::deed::Deed;
use crate::keys;
use crate::message::Action;
use crate::state::{App, Bar, Link, Over, Page};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Paragraph};
use unicode_width::UnicodeWidthStr as _;

/// The keys of what lies over the view, which takes all of them.
fn over(over: &Over) -> &'static str {
    match over {
        Over::Help(..) => " type to search  pgdn pgup scroll  Esc close",
        Over::Log(_) | Over::Reader(..) => " j k pgdn pgup scroll  Esc close",
        Over::Bar(Bar { command: true, .. }) => " enter do it  Esc leave it",
        Over::Bar(_) => " enter filter  tab complete  Esc leave it",
        Over::Menu(_) => " the key before a line chooses it  Esc leave it",
        Over::Dialog(asked) if asked.quick() && asked.fields.len() > 1 => {
            " y go on  N leave it  tab next field  Esc leave it"
        }
        Over::Dialog(asked) if asked.quick() => " y go on  N leave it",
        Over::Dialog(asked) if matches!(asked.deed, Deed::Bulk(_) | Deed::Recover(..)) => {
            " + - pace  enter go on  ctrl-u empty it  Esc leave it"
        }
        Over::Dialog(_) => " enter, tab next field  ctrl-u empty it  Esc leave it",
        Over::Secret(..) => " y copy  Esc close",
    }
}

/// The key line. Keys for changes are dim while nothing can be changed.
pub(super) fn keys(app: &App, look: Look, frame: &mut Frame<'_>, area: Rect) {
    if let Some(it) = &app.over {
        return frame.render_widget(Line::raw(over(it)), area);
    }
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
    if matches!(app.link, Link::Lost { .. } | Link::Misfit(_)) {
        let only = [(Action::Refresh, "now"), end];
        return frame.render_widget(Line::from(only.iter().filter_map(span).collect::<Vec<_>>()), area);
    }
    let tail: Vec<_> = [always[2], end].iter().filter_map(span).collect();
    let tail_width: usize = tail.iter().map(Span::width).sum();
    let mut line = Line::default();
    let worth = worth(app).iter().filter(|(action, _)| works(app, *action));
    let more = more(app);
    let more = more.iter().filter(|(action, _)| works(app, *action));
    for part in worth.chain(&always[..2]).chain(more).filter_map(span) {
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
        page if app.notes_of(page).is_some_and(|notes| notes.held.is_some()) => {
            "the list stays with the row under the cursor; newer ones came, and g shows them".into()
        }
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

/// What happened last, with the tone of it, and whether all of it has to be read.
fn news(app: &App) -> (String, Tone, bool) {
    if let Some(notice) = &app.notice {
        return (notice.text.clone(), Tone::Strong, true);
    }
    let work = app.running().next().map(|work| {
        let share = if work.total > 0 { format!(" {} of {}", work.done, work.total) } else { String::new() };
        format!("{} {}{share} {}", work.id, work.verb, work.unit)
    });
    let export = app.export.as_ref().map(|export| crate::update::progress(app, export));
    let under_way: Vec<_> = export.into_iter().chain(work).collect();
    if !under_way.is_empty() {
        return (under_way.join(" | "), Tone::Warn, false);
    }
    if let Some(entry) = app.log.last() {
        let result = entry.result.as_deref().unwrap_or("...");
        return (format!("{} {result}  ({})", entry.at.format("%H:%M:%S"), entry.line), Tone::Dim, false);
    }
    let locked = app.locked().filter(|_| app.welcome.is_some());
    let text = locked.unwrap_or("every change is shown and logged as a notifyctl line: L");
    (text.to_owned(), Tone::Dim, false)
}

/// Most lines that news take.
const MOST: usize = 4;

/// What happened last. What has to be read to its end goes over the hint, or over the last lines of the body.
pub(super) fn last(app: &App, look: Look, frame: &mut Frame<'_>, cut: &Cut) {
    let width = usize::from(cut.body.width.saturating_sub(2));
    let mut lost = absent::lines(app);
    // What to do goes first: it is not cut then, wherever the rest ends.
    lost.sort_by_key(|text| !text.starts_with("Next: "));
    // These say themselves that the connection is lost, in full.
    let said = app.data.is_none() || (app.page == Page::Overview && app.overview.is_some());
    let (lines, tone) = if lost.is_empty() || (said && app.notice.is_some()) {
        let (text, tone, whole) = news(app);
        let most = match cut.last {
            _ if !whole => 1,
            Some(_) => MOST,
            None => 2,
        };
        (absent::lines_of(&text, width, most, look), tone)
    } else if cut.last.is_some() {
        (absent::lines_of(&lost.join("; "), width, if said { 1 } else { MOST }, look), Tone::Bad)
    } else {
        // On a small screen only what to do.
        (absent::lines_of(lost.first().map_or("", String::as_str), width, 2, look), Tone::Bad)
    };
    let style = look.style(tone);
    let text: Vec<_> = lines.iter().map(|line| Line::styled(format!(" {line}"), style)).collect();
    let rows = u16::try_from(text.len()).unwrap_or(1);
    let area = match cut.last {
        Some(last) => Rect { y: last.bottom().saturating_sub(rows), height: rows, ..last },
        // A small screen has no line for it: what has just happened goes over the last of its body.
        None if (lost.is_empty() || said) && app.notice.is_none() && app.export.is_none() => return,
        None => Rect { y: cut.body.bottom().saturating_sub(rows), height: rows, ..cut.body },
    };
    // Where it needs more than the hint's line, the keys go up into the body.
    if cut.last.is_some() && area.y <= cut.keys.y {
        let above = Rect { y: area.y.saturating_sub(1), ..cut.keys };
        frame.render_widget(Clear, above);
        keys(app, look, frame, above);
    }
    frame.render_widget(Clear, area);
    frame.render_widget(Paragraph::new(text), area);
}

/// What is wrong with what was written in the bar, in as many lines as it takes, over the first lines of the body.
pub(super) fn fault(app: &App, look: Look, frame: &mut Frame<'_>, body: Rect) {
    let Some(Over::Bar(Bar { error: Some(error), .. })) = &app.over else { return };
    let width = usize::from(body.width.saturating_sub(4));
    let most = usize::from(body.height.saturating_sub(2)).max(1);
    let lines = absent::lines_of(error, width, most, look);
    let rows = u16::try_from(lines.len() + 2).unwrap_or(body.height).min(body.height);
    let area = Rect { height: rows, ..body };
    let style = look.style(Tone::Bad);
    let text: Vec<_> = lines.into_iter().map(|line| Line::styled(format!(" {line}"), style)).collect();
    let block = look.block("this cannot be read", Tone::Bad);
    frame.render_widget(Clear, area);
    frame.render_widget(Paragraph::new(text).block(block), area);
}

/// The end of a text that is longer than its room: what is written stands there.
fn end(text: &str, room: usize) -> String {
    let mut cut = text;
    while cut.width() > room {
        let mut rest = cut.chars();
        rest.next();
        cut = rest.as_str();
    }
    cut.to_owned()
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
        Span::raw(end(&look.text(text), usize::from(area.width.saturating_sub(4)))),
        Span::styled("_", look.style(Tone::Strong)),
    ];
    let known = if *command { Vec::new() } else { crate::update::suggestions(app, text) };
    if error.is_some() {
        spans.push(Span::styled("  Esc leaves it", look.style(Tone::Dim)));
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
