//! The second line: the views, and what is wrong somewhere.

use super::look::{Look, Tone};
use crate::state::{App, Page};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};

pub(super) fn draw(app: &App, look: Look, frame: &mut Frame<'_>, area: Rect) {
    let right = right(app, look);
    let width = u16::try_from(right.width()).unwrap_or(2);
    let [left_area, right_area] =
        Layout::horizontal([Constraint::Min(0), Constraint::Length(width)]).areas(area);
    frame.render_widget(shown(app, look, area), left_area);
    frame.render_widget(right, right_area);
}

/// How many need a look, and the way to the help.
fn right(app: &App, look: Look) -> Line<'static> {
    let concerns = match (&app.overview, &app.data) {
        (Some((_, overview)), _) => overview.attention.len(),
        (None, Some(data)) => data.status.concerns.len(),
        (None, None) => 0,
    };
    let (said, tone) =
        if concerns > 0 { (format!("!{concerns} "), Tone::Warn) } else { (String::new(), Tone::Plain) };
    Line::from(vec![Span::styled(said, look.style(tone)), Span::raw("? help ")])
}

/// The names of the views, as long as there is room.
fn shown(app: &App, look: Look, area: Rect) -> Line<'static> {
    let room = usize::from(area.width).saturating_sub(right(app, look).width());
    // Whole names, short ones, or only that of the view.
    let forms: [fn(Page) -> &'static str; 3] = [|page| page.title().0, |page| page.title().1, |_| ""];
    let lines = forms.map(|name| line(app, look, name));
    let [whole, short, bare] = lines;
    [whole, short].into_iter().find(|line| line.width() <= room).unwrap_or(bare)
}

/// The view whose name stands there.
pub(super) fn at(app: &App, area: Rect, column: u16) -> Option<Page> {
    let look = Look { theme: super::Theme::Mono, ascii: true };
    let shown = shown(app, look, area);
    let mut left = usize::from(column.checked_sub(area.x)?);
    for (page, span) in Page::ALL.into_iter().zip(&shown.spans) {
        if left < span.width() {
            return Some(page);
        }
        left -= span.width();
    }
    None
}

fn line(app: &App, look: Look, name: fn(Page) -> &'static str) -> Line<'static> {
    let spans = Page::ALL.map(|page| {
        if page == app.page {
            let name = if name(page).is_empty() { page.title().1 } else { name(page) };
            Span::styled(format!("[{} {name}]", page.digit()), look.style(Tone::Strong))
        } else {
            Span::raw(format!(" {} {}", page.digit(), name(page)).trim_end().to_owned() + " ")
        }
    });
    Line::from(spans.to_vec())
}
