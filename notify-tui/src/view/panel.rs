//! A view with a list: the list, what is under its cursor, and what stands above both.

use super::absent;
use super::layout::panels;
use super::look::{Look, Tone, grouped};
use super::table::{self, Column, Row};
use super::{due, faults, groups, hook, notes, providers, queues, services, webhooks};
use crate::message::Slot;
use crate::state::{App, Item, List, Page, Rows};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Paragraph, Wrap};
use unicode_width::UnicodeWidthStr as _;

/// Lines of the detail: the facts, and what happened.
pub(super) type Detail = (Vec<Line<'static>>, Vec<Line<'static>>);

/// Paints the view.
pub(super) fn draw(app: &App, page: Page, look: Look, frame: &mut Frame<'_>, body: Rect) {
    let cut = panels(app, body);
    if let Some(top) = cut.top {
        match page {
            Page::Retries => due::draw(app, look, frame, top),
            _ => faults::draw(app, look, frame, top),
        }
    }
    if let Some(area) = cut.groups {
        groups::draw(app, look, frame, area);
    }
    if let Some(list) = cut.list {
        match page {
            Page::Queues => queues::list(app, look, frame, list),
            Page::Providers => providers::list(app, look, frame, list),
            Page::Webhooks => webhooks::list(app, look, frame, list),
            Page::Services => services::list(app, look, frame, list),
            _ => notes::list(app, page, look, frame, list),
        }
    }
    let Some(area) = cut.detail else { return };
    if page == Page::Webhooks && !app.open {
        return webhooks::below(app, look, frame, area);
    }
    let title = app.rows().and_then(Rows::here).unwrap_or_else(|| "nothing under the cursor".into());
    text(app, look, frame, area, &title, detail(app, page, look));
}

/// What is said of the row under the cursor.
pub(super) fn detail(app: &App, page: Page, look: Look) -> Detail {
    match page {
        Page::Queues => queues::detail(app, look),
        Page::Notifications | Page::Retries | Page::Dead => super::story::detail(app, look),
        Page::Providers => providers::detail(app, look),
        Page::Webhooks if app.side => webhooks::told(app, look),
        Page::Webhooks => hook::detail(app, look),
        Page::Services => services::detail(app, look),
        Page::Overview | Page::Live => Detail::default(),
    }
}

/// A panel of text: facts and story side by side where there is room, else one under the other.
fn text(app: &App, look: Look, frame: &mut Frame<'_>, area: Rect, title: &str, (facts, story): Detail) {
    let scroll = if app.side || app.open { app.side_at } else { 0 };
    let focus = app.side || app.open;
    let block = look.block(&look.text(title), if focus { Tone::Strong } else { Tone::Plain });
    let inside = block.inner(area);
    frame.render_widget(Clear, area);
    frame.render_widget(block, area);
    // In the view of webhooks that one brings the deliveries, and a row of the list has all its settings.
    let slot = match app.page {
        Page::Webhooks if app.side => Some(Slot::Side),
        Page::Webhooks => None,
        _ => Some(Slot::Detail),
    };
    if let Some(why) = slot.and_then(|slot| absent::trouble(app, slot)) {
        frame.render_widget(absent::said(&why, look).style(look.style(Tone::Warn)), inside);
        return;
    }
    let from = |lines: Vec<Line<'static>>| lines.into_iter().skip(scroll).collect::<Vec<_>>();
    if inside.width >= 100 && !story.is_empty() {
        let [left, right] = Layout::horizontal([Constraint::Percentage(45), Constraint::Percentage(55)])
            .spacing(1)
            .areas(inside);
        let facts = hanging(from(facts), left.width);
        frame.render_widget(Paragraph::new(facts).wrap(Wrap { trim: false }), left);
        let story: Vec<_> = from(story).into_iter().map(|line| cut_off(line, right.width, look)).collect();
        frame.render_widget(Paragraph::new(story), right);
    } else {
        let mut all = facts;
        all.extend(story);
        let all = hanging(from(all), inside.width);
        frame.render_widget(Paragraph::new(all).wrap(Wrap { trim: false }), inside);
    }
}

/// Cells of the name of a fact.
const NAME: usize = 11;

/// Lines of facts: what has no room in one goes on in the next, under its begin. A word that is longer than the room, such
/// as an id, is left whole.
pub(super) fn hanging(lines: Vec<Line<'static>>, width: u16) -> Vec<Line<'static>> {
    lines.into_iter().flat_map(|line| hung(line, usize::from(width))).collect()
}

fn hung(line: Line<'static>, width: usize) -> Vec<Line<'static>> {
    if line.width() <= width {
        return vec![line];
    }
    let (name, value) = match line.spans.as_slice() {
        [name, value] if name.width() == NAME => (name, value),
        _ => return folded(&line, width),
    };
    let room = width.saturating_sub(NAME).max(1);
    let options =
        textwrap::Options::new(room).word_splitter(textwrap::WordSplitter::NoHyphenation).break_words(false);
    let parts = textwrap::wrap(&value.content, options);
    if parts.iter().any(|part| part.width() > room) {
        return vec![line];
    }
    let begin = |n: usize| if n == 0 { name.clone() } else { Span::raw(" ".repeat(NAME)) };
    let part = |(n, part): (usize, &std::borrow::Cow<'_, str>)| {
        Line::from(vec![begin(n), Span::styled(part.to_string(), value.style)])
    };
    parts.iter().enumerate().map(part).collect()
}

/// A line that is no fact, folded between words: what has no room goes on further in, so that each begin is seen.
fn folded(line: &Line<'static>, width: usize) -> Vec<Line<'static>> {
    let text = line.to_string();
    let indent = (text.len() - text.trim_start().len() + 4).min(width / 2);
    let mut lines: Vec<Line<'static>> = vec![Line::default()];
    for span in &line.spans {
        for word in span.content.split_inclusive(' ') {
            let last = lines.last().map_or(0, Line::width);
            if last > indent && last + word.trim_end().width() > width {
                lines.push(Line::raw(" ".repeat(indent)));
            }
            if let Some(line) = lines.last_mut() {
                line.push_span(Span::styled(word.to_owned(), span.style));
            }
        }
    }
    lines
}

/// A line in so many cells: what does not fit ends with an ellipsis.
fn cut_off(mut line: Line<'static>, width: u16, look: Look) -> Line<'static> {
    let mut room = usize::from(width);
    if line.width() <= room {
        return line;
    }
    line.spans.retain_mut(|span| {
        let (has, left) = (span.width(), room);
        room = room.saturating_sub(has);
        // The ellipsis needs a cell, in this span or in the one behind it.
        if has > left {
            span.content = table::fit(&span.content, left, false, look).into();
        }
        left > 0
    });
    line
}

/// A fact with its name.
pub(super) fn fact(look: Look, name: &str, value: &str) -> Line<'static> {
    let name = Span::styled(format!("{name:<NAME$}"), look.style(Tone::Dim));
    Line::from(vec![name, Span::raw(look.text(value))])
}

/// A heading among facts.
pub(super) fn heading(look: Look, text: &str) -> Line<'static> {
    Line::styled(text.to_owned(), look.style(Tone::Strong))
}

/// What a list says in its title, and when it has no rows.
pub(super) struct Words<'a> {
    pub(super) title: &'a str,
    pub(super) columns: &'a [Column],
    /// Behind the count: the order.
    pub(super) order: String,
    /// How many match in all, with its sign; empty when it is not known.
    pub(super) total: String,
    /// Rows before the first.
    pub(super) skipped: usize,
    /// Whether there are more before it, and nobody knows how many.
    pub(super) more: bool,
    /// What to say when there is none.
    pub(super) empty: &'a str,
    /// Whence its rows come.
    pub(super) slot: Slot,
    /// Whether it has the keys.
    pub(super) focus: bool,
    /// Whether it is the list of the view; else one beside it.
    pub(super) main: bool,
}

/// Paints a list: the rows that fit, and no others.
pub(super) fn list<T: Item>(
    app: &App,
    look: Look,
    frame: &mut Frame<'_>,
    area: Rect,
    list: &List<T>,
    words: &Words<'_>,
    cells: impl Fn(&T) -> Vec<table::Cell>,
) {
    let height = usize::from(area.height.saturating_sub(3));
    let (top, seen) = list.window(height);
    let mut rows: Vec<Row> = seen
        .iter()
        .enumerate()
        .map(|(n, item)| Row {
            here: top + n == list.cursor() && words.focus,
            marked: list.is_marked(&item.id()),
            cells: cells(item),
        })
        .collect();
    let tone = if words.focus { Tone::Strong } else { Tone::Plain };
    let mut block = look.block(words.title, tone);
    let mut right = Vec::new();
    let marked = list.marked().len();
    if marked > 0 {
        let newer = if list.newer() > 0 { format!(", {} newer: g", list.newer()) } else { String::new() };
        right.push(format!("{marked} marked{newer}"));
    }
    if !rows.is_empty() {
        let first = words.skipped + top;
        let total = if words.total.is_empty() { String::new() } else { format!(" of {}", words.total) };
        let sign = if !words.more {
            ""
        } else if look.ascii {
            ">="
        } else {
            "≥"
        };
        right.push(format!(
            "{sign}{}-{}{total}",
            grouped(count(first + 1)),
            grouped(count(first + rows.len()))
        ));
    }
    if !words.order.is_empty() {
        right.push(words.order.clone());
    }
    if list.follow {
        right.push("FOLLOW".into());
    }
    let right = Line::styled(format!(" {} ", right.join("  ")), look.style(Tone::Dim)).right_aligned();
    block = block.title(right);
    let inside = block.inner(area);
    frame.render_widget(block, area);
    if let Some(why) = absent::trouble(app, words.slot) {
        frame.render_widget(absent::said(&why, look).style(look.style(Tone::Warn)), inside);
    } else if !rows.is_empty() {
        let columns =
            if words.main { table::wanted(app, words.columns, &mut rows) } else { words.columns.to_vec() };
        table::draw(frame, inside, look, &columns, &rows, app.badge().doubtful());
    } else {
        let said = match absent::instead(app, words.slot, list.loaded) {
            Some(text) => text,
            None if app.filter().is_empty() => words.empty.into(),
            None => absent::NO_MATCH.into(),
        };
        frame.render_widget(absent::said(&said, look), inside);
    }
}

/// As the daemon counts.
pub(super) fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_fact_goes_on_further_in_and_keeps_its_colours() {
        let line = Line::from(vec![Span::raw("  1 07:58:01Z relay  sms "), Span::raw("x 503 unavailable")]);
        let text = |width| {
            let lines = hanging(vec![line.clone()], width);
            lines.iter().map(|line| line.to_string().trim_end().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(text(30), ["  1 07:58:01Z relay  sms x 503", "      unavailable"]);
        assert_eq!(text(80).len(), 1);
        assert_eq!(text(3).concat().matches("unavailable").count(), 1);
        let long = hanging(vec![Line::raw("  a/very/long/word behind")], 10);
        assert_eq!(long[0].to_string().trim_end(), "  a/very/long/word", "cut by the panel, not taken apart");
    }

    #[test]
    fn a_fact_goes_on_under_its_begin() {
        let look = Look { theme: crate::view::Theme::Mono, ascii: true };
        let text = |width| {
            let lines = hanging(vec![fact(look, "channels", "sms, email, whatsapp, push")], width);
            lines.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(text(26), ["channels   sms, email,", "           whatsapp, push"]);
        assert_eq!(text(40), ["channels   sms, email, whatsapp, push"]);
        assert_eq!(text(18), text(40), "no word is taken apart");
    }
}
