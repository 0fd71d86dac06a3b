//! What lies over the view: help, log, text to read, menus, questions, secrets.

use super::look::{Look, Tone};
use super::table::fit;
use crate::keys::{ACTIONS, Scope, changes};
use crate::state::{App, Dialog, Over};
use ratatui::Frame;
use ratatui::layout::{Constraint, Flex, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Paragraph, Wrap};
use std::borrow::Cow;

/// Lines that one text of a question takes at most.
const MAX_FOLDED: usize = 3;

pub(super) fn draw(app: &App, look: Look, frame: &mut Frame<'_>, body: Rect) {
    match &app.over {
        None | Some(Over::Bar(_)) => {}
        Some(Over::Help(search, top)) => {
            let typed = if search.is_empty() {
                "type to search, Esc closes".to_owned()
            } else {
                format!("/{search}")
            };
            page(&format!("help: {typed}"), help(app, search, look, body.width), *top, look, frame, body);
        }
        Some(Over::Log(top)) => {
            let title = "what was done here  (Esc closes)";
            page(title, log(app, look, body.width), *top, look, frame, body);
        }
        Some(Over::Reader(title, lines, top)) => {
            let lines: Vec<_> = lines.iter().map(|line| Line::raw(look.text(line))).collect();
            page(&format!("{title}  (Esc closes)"), lines, *top, look, frame, body);
        }
        Some(Over::Menu(menu)) => {
            let mut lines: Vec<_> = menu
                .choices
                .iter()
                .map(|(key, text, _)| {
                    Line::from(vec![
                        Span::styled(format!(" {key} "), look.style(Tone::Strong)),
                        Span::raw(look.text(text)),
                    ])
                })
                .collect();
            lines.push(Line::styled(" Esc leaves it", look.style(Tone::Dim)));
            boxed(&menu.title, lines, look, frame, body);
        }
        Some(Over::Dialog(asked)) => dialog(asked, look, frame, body),
        Some(Over::Secret(what, secret)) => {
            let lines = vec![
                Line::raw(look.text(what)),
                Line::default(),
                Line::styled(look.text(&secret.0), look.style(Tone::Strong)),
                Line::default(),
                Line::raw("It is shown this once and stored nowhere. y copies it, Esc closes this."),
            ];
            boxed("shown this once", lines, look, frame, body);
        }
    }
}

/// A box in the middle, as large as it has to be.
fn boxed(title: &str, lines: Vec<Line<'static>>, look: Look, frame: &mut Frame<'_>, body: Rect) {
    let widest = lines.iter().map(Line::width).max().unwrap_or(0).max(title.len() + 4).max(30);
    let width = u16::try_from(widest + 4).unwrap_or(body.width).min(body.width);
    let room = usize::from(width.saturating_sub(4)).max(1);
    let height: usize = lines.iter().map(|line| line.width().div_ceil(room).max(1)).sum();
    let height = u16::try_from(height + 3).unwrap_or(body.height).min(body.height);
    let [area] = Layout::horizontal([Constraint::Length(width)]).flex(Flex::Center).areas(body);
    let [area] = Layout::vertical([Constraint::Length(height)]).flex(Flex::Center).areas(area);
    frame.render_widget(Clear, area);
    let block = look.block(&look.text(title), Tone::Strong).padding(ratatui::widgets::Padding::horizontal(1));
    frame.render_widget(Paragraph::new(lines).wrap(Wrap { trim: false }).block(block), area);
}

/// How far down the text that lies over the view can be scrolled.
pub(super) fn most(app: &App, body: Rect) -> usize {
    let look = Look { theme: super::Theme::Mono, ascii: false };
    let lines = match &app.over {
        Some(Over::Help(search, _)) => help(app, search, look, body.width).len(),
        Some(Over::Log(_)) => log(app, look, body.width).len(),
        Some(Over::Reader(_, lines, _)) => lines.len(),
        _ => 0,
    };
    lines.saturating_sub(usize::from(body.height.saturating_sub(2)).max(1))
}

/// Text over the whole body.
fn page(title: &str, lines: Vec<Line<'static>>, top: usize, look: Look, frame: &mut Frame<'_>, body: Rect) {
    frame.render_widget(Clear, body);
    let block = look.block(&look.text(title), Tone::Strong);
    let room = usize::from(body.height.saturating_sub(2)).max(1);
    let top = top.min(lines.len().saturating_sub(room));
    let lines: Vec<_> = lines.into_iter().skip(top).take(room).collect();
    frame.render_widget(Paragraph::new(lines).block(block), body);
}

/// Where there is no room for all, what it is about is cut, and what is asked for stays.
fn dialog(dialog: &Dialog, look: Look, frame: &mut Frame<'_>, body: Rect) {
    let asked = asked(dialog, look);
    let wide = usize::from(body.width.saturating_sub(6)).max(1);
    let high = |line: &Line<'_>| line.width().div_ceil(wide).max(1);
    let room = usize::from(body.height.saturating_sub(3)).saturating_sub(asked.iter().map(high).sum());
    let mut about: Vec<Line<'static>> = Vec::new();
    for line in &dialog.lines {
        about.extend(folded(&look.text(line), wide, look).into_iter().map(Line::raw));
    }
    if about.len() > room {
        about.truncate(room.saturating_sub(1));
        about.push(Line::styled("... a larger terminal shows the rest", look.style(Tone::Dim)));
    }
    about.extend(asked);
    boxed(&dialog.title, about, look, frame, body);
}

/// A text in lines of this width, cut between words and under its begin; of one that is very long, such as a command with
/// many ids, the first lines.
fn folded(text: &str, wide: usize, look: Look) -> Vec<String> {
    // A name, and after some blanks what is said of it.
    let name = text.find("  ").filter(|at| *at < 12);
    let begin = name.map_or(0, |at| at + text[at..].len() - text[at..].trim_start().len());
    let indent = " ".repeat(if begin * 3 < wide { begin } else { 0 });
    let options = textwrap::Options::new(wide)
        .subsequent_indent(&indent)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    let mut lines: Vec<_> = textwrap::wrap(text, options).into_iter().map(Cow::into_owned).collect();
    if lines.len() > MAX_FOLDED {
        lines.truncate(MAX_FOLDED);
        if let Some(last) = lines.last_mut() {
            *last = fit(&format!("{last}{last}"), wide, false, look);
        }
    }
    lines
}

/// What is to be written, and how to leave.
fn asked(dialog: &Dialog, look: Look) -> Vec<Line<'static>> {
    let mut lines = vec![Line::default()];
    for (n, (name, value)) in dialog.fields.iter().enumerate() {
        let here = n == dialog.at;
        let name = if n + 1 == dialog.fields.len() && dialog.wanted != "y" {
            format!("type {} to go on", dialog.wanted)
        } else {
            (*name).to_owned()
        };
        let pointer = if here { "> " } else { "  " };
        let cursor = if here { "_" } else { "" };
        let style = look.style(if here { Tone::Strong } else { Tone::Plain });
        lines.push(Line::styled(look.text(&format!("{pointer}{name}: {value}{cursor}")), style));
    }
    let tab = if dialog.fields.len() > 1 { "tab next field, " } else { "" };
    match &dialog.error {
        Some(error) => lines.push(Line::styled(look.text(error), look.style(Tone::Bad))),
        None => {
            lines.push(Line::styled(format!("{tab}Esc leaves everything as it is"), look.style(Tone::Dim)));
        }
    }
    lines
}

/// Where the words behind a key begin.
const INDENT: &str = "                      ";

/// What stands in the help behind the keys.
const LEGEND: &[(&str, &[&str])] = &[
    (
        "marks",
        &[
            " . pending  o queued  > sending  ~ retrying  + delivered  x failed  - cancelled",
            " circuits: + closed  ~ half-open  x OPEN  - switched off",
        ],
    ),
    (
        "filters",
        &[
            " status:failed,retrying service:acme -channel:sms error:\"503\" since:1h due:<10m",
            " all of them have to fit; a comma is or, a - leaves out, a * is any end, or (id, to) any begin",
            " derived: scheduled (pending), held (queued, kept back), dead (failed)",
            " a word alone finds ids, recipients and errors; more: notifyctl help filters",
        ],
    ),
];

fn help(app: &App, search: &str, look: Look, width: u16) -> Vec<Line<'static>> {
    let locked = app.locked().is_some();
    let mut here = Vec::new();
    let mut lists = Vec::new();
    let mut all = Vec::new();
    let room = usize::from(width.saturating_sub(2)).max(INDENT.len() * 2);
    for (action, name, _, scope, what) in ACTIONS {
        let into = match scope {
            Scope::In(pages) if pages.contains(&app.page) => &mut here,
            Scope::In(_) => continue,
            Scope::List => &mut lists,
            Scope::Global => &mut all,
        };
        let chords = app.settings.keys.chords(*action);
        // A key that means something else in this view is overridden.
        let (own, taken): (Vec<_>, Vec<_>) =
            chords.iter().partition(|chord| app.settings.keys.meaning(chord, app.page) == Some(*action));
        let join = |all: Vec<&String>| all.iter().map(|it| it.as_str()).collect::<Vec<_>>().join(" ");
        let note = if taken.is_empty() {
            String::new()
        } else {
            format!(" ({} means something else here)", join(taken))
        };
        let text = format!(" {:<20} {what}{note}", join(own));
        if search.is_empty() || text.to_lowercase().contains(&search.to_lowercase()) || name.contains(search)
        {
            let tone = if locked && changes(*action) { Tone::Dim } else { Tone::Plain };
            let options = textwrap::Options::new(room).subsequent_indent(INDENT);
            let lines = textwrap::wrap(&text, options);
            into.extend(lines.into_iter().map(|line| Line::styled(line.into_owned(), look.style(tone))));
        }
    }
    let mut lines = Vec::new();
    for (title, mut rows) in [("in this view", here), ("in lists", lists), ("everywhere", all)] {
        if !rows.is_empty() {
            lines.push(Line::styled(title, look.style(Tone::Strong)));
            lines.append(&mut rows);
        }
    }
    for (title, texts) in LEGEND {
        let found = |text: &&&str| format!("{title} {text}").to_lowercase().contains(&search.to_lowercase());
        let mut rows: Vec<_> = texts.iter().filter(found).map(|text| Line::raw(*text)).collect();
        if !rows.is_empty() {
            lines.push(Line::styled(*title, look.style(Tone::Strong)));
            lines.append(&mut rows);
        }
    }
    lines
}

/// A text of the log in as many lines as it takes.
fn folded_whole(text: &str, wide: usize) -> Vec<String> {
    let options = textwrap::Options::new(wide)
        .subsequent_indent(if wide > 40 { "            " } else { "" })
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    textwrap::wrap(text, options).into_iter().map(Cow::into_owned).collect()
}

fn log(app: &App, look: Look, width: u16) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let room = usize::from(width.saturating_sub(2)).max(1);
    for entry in &app.log {
        let who = entry.who.as_ref().map(|who| format!("{who}: ")).unwrap_or_default();
        // All of it: somebody may want to say it again in a shell.
        let text = look.text(&format!(" {} {who}{}", entry.at.format("%H:%M:%S"), entry.line));
        lines.extend(folded_whole(&text, room).into_iter().map(Line::raw));
        let result = look.text(&format!("          {}", entry.result.as_deref().unwrap_or("...")));
        let result = folded_whole(&result, room).into_iter();
        lines.extend(result.map(|line| Line::styled(line, look.style(Tone::Dim))));
    }
    if lines.is_empty() {
        lines.push(Line::raw(" Nothing was changed from here yet."));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_cut_between_words_and_goes_on_under_its_begin() {
        let look = Look { theme: crate::view::Theme::Mono, ascii: true };
        let text = "same as  notifyctl notification cancel --filter status:scheduled --yes";
        let lines = folded(text, 40, look);
        assert_eq!(
            lines,
            ["same as  notifyctl notification cancel", "         --filter status:scheduled --yes"]
        );
        assert_eq!(folded("one two three", 8, look), ["one two", "three"]);
        let many = folded(&"0197a6c2 ".repeat(99), 40, look);
        assert!(many.len() == MAX_FOLDED && many[2].ends_with('~'), "{many:?}");
    }
}
