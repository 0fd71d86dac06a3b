//! A table of the rows that are seen: columns have a least width and give way from the least important on.

use super::look::{Look, Tone};
use crate::state::App;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// One column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    head: &'static str,
    right: bool,
    most: usize,
    /// The higher, the sooner it gives way; 0 stays.
    rank: u8,
}

impl Column {
    /// What stands above it.
    pub(super) const fn head(&self) -> &'static str {
        self.head
    }
}

/// Only those of the columns that somebody wants, of each row too; all when nothing is said.
pub(super) fn wanted(app: &App, columns: &[Column], rows: &mut [Row]) -> Vec<Column> {
    let Some(heads) = app.settings.columns.get(&app.page) else { return columns.to_vec() };
    let keep: Vec<bool> =
        columns.iter().map(|column| heads.iter().any(|head| *head == column.head.to_uppercase())).collect();
    for row in rows {
        let mut at = 0;
        row.cells.retain(|_| {
            at += 1;
            keep.get(at - 1).copied().unwrap_or(true)
        });
    }
    columns.iter().zip(keep).filter(|(_, keep)| *keep).map(|(column, _)| *column).collect()
}

/// A column whose text begins at the left.
pub(super) const fn left(head: &'static str, most: usize, rank: u8) -> Column {
    Column { head, right: false, most, rank }
}

/// A column of numbers.
pub(super) const fn right(head: &'static str, most: usize, rank: u8) -> Column {
    Column { head, right: true, most, rank }
}

/// What stands in one cell.
#[derive(Debug, Clone, Default)]
pub(super) struct Cell(String, Tone);

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self(text, Tone::Plain)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self(text.to_owned(), Tone::Plain)
    }
}

impl From<(&str, Tone)> for Cell {
    fn from((text, tone): (&str, Tone)) -> Self {
        Self(text.to_owned(), tone)
    }
}

impl From<(String, Tone)> for Cell {
    fn from((text, tone): (String, Tone)) -> Self {
        Self(text, tone)
    }
}

/// One row.
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    /// Whether the cursor stands on it.
    pub(super) here: bool,
    /// Whether it is marked.
    pub(super) marked: bool,
    /// One for each column.
    pub(super) cells: Vec<Cell>,
}

impl Row {
    /// What stands in it, one after the other.
    pub(super) fn words(&self) -> String {
        let words: Vec<_> =
            self.cells.iter().map(|cell| cell.0.trim()).filter(|text| !text.is_empty()).collect();
        words.join("  ")
    }

    /// A row without cursor and mark.
    pub(super) fn plain(cells: Vec<Cell>) -> Self {
        Self { cells, ..Self::default() }
    }
}

/// Paints it; `dim` when it may be out of date.
pub(super) fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    look: Look,
    columns: &[Column],
    rows: &[Row],
    dim: bool,
) {
    let room = usize::from(area.width).saturating_sub(3);
    let mut widths = widths(columns, rows, room);
    // Where there is room, columns stand further apart.
    let shown = widths.iter().filter(|width| **width > 0).count();
    let left_over = (room + 1).saturating_sub(widths.iter().sum::<usize>() + shown);
    let apart = left_over.checked_div(shown).unwrap_or_default().min(3);
    for (n, width) in widths.iter_mut().enumerate().filter(|(_, width)| **width > 0) {
        *width += if n > 0 || !columns[n].right { apart } else { 0 };
    }
    let mut lines = vec![Line::styled(
        format!("   {}", joined(columns.iter().map(|column| column.head.to_owned()), columns, &widths)),
        look.style(Tone::Strong),
    )];
    for row in rows.iter().take(usize::from(area.height.saturating_sub(1))) {
        let pointer = if row.here { ">" } else { " " };
        let mark = if row.marked { "* " } else { "  " };
        let mut spans = vec![Span::raw(format!("{pointer}{mark}"))];
        for (n, (cell, (column, width))) in row.cells.iter().zip(columns.iter().zip(&widths)).enumerate() {
            if *width == 0 {
                continue;
            }
            let tone = if dim { Tone::Dim } else { cell.1 };
            let gap = if n == 0 { "" } else { " " };
            let text = fit(&look.text(&cell.0), *width, column.right, look);
            spans.push(Span::styled(format!("{gap}{text}"), look.style(tone)));
        }
        let line = Line::from(spans);
        lines.push(if row.here { line.style(Look::cursor()) } else { line });
    }
    frame.render_widget(Paragraph::new(lines), area);
}

fn joined(cells: impl Iterator<Item = String>, columns: &[Column], widths: &[usize]) -> String {
    let mut text = String::new();
    for (n, (cell, (column, width))) in cells.zip(columns.iter().zip(widths)).enumerate() {
        if *width > 0 {
            if n > 0 {
                text.push(' ');
            }
            let look = Look { theme: super::Theme::Mono, ascii: true };
            text.push_str(&fit(&cell, *width, column.right, look));
        }
    }
    text
}

/// A column that may be as wide as this is one of long texts: it gives way first, down to [`LEGIBLE`], before any other
/// column goes, and gets back what is left.
const LONG: usize = 40;
const LEGIBLE: usize = 20;

/// A column of text is cut no shorter than this; then it goes.
const NARROW: usize = 8;

/// How wide each column is; 0 for those that have no room. From what is seen alone.
fn widths(columns: &[Column], rows: &[Row], room: usize) -> Vec<usize> {
    let mut widths: Vec<usize> = columns
        .iter()
        .enumerate()
        .map(|(n, column)| {
            let seen = rows.iter().filter_map(|row| row.cells.get(n)).map(|cell| cell.0.width());
            seen.max().unwrap_or(0).max(column.head.width()).min(column.most)
        })
        .collect();
    let total = |widths: &[usize]| {
        widths.iter().filter(|width| **width > 0).map(|width| width + 1).sum::<usize>().saturating_sub(1)
    };
    let natural = widths.clone();
    let long = |n: usize| !columns[n].right && columns[n].most >= LONG;
    for n in (0..columns.len()).filter(|n| long(*n)) {
        let over = total(&widths).saturating_sub(room);
        widths[n] = widths[n].saturating_sub(over).max(widths[n].min(LEGIBLE));
    }
    while total(&widths) > room {
        // The widest of the last rank first gets narrower, down to 8 cells, then the column goes.
        let seen = || {
            columns
                .iter()
                .zip(&widths)
                .enumerate()
                .filter(|(_, (column, width))| column.rank > 0 && **width > 0)
        };
        let Some(last) = seen().map(|(_, (column, _))| column.rank).max() else { break };
        let Some(n) = seen().rfind(|(_, (column, _))| column.rank == last).map(|(n, _)| n) else { break };
        let over = total(&widths) - room;
        let narrower = widths[n].saturating_sub(over).max(NARROW);
        widths[n] = if !columns[n].right && narrower < widths[n] { narrower } else { 0 };
    }
    for n in (0..columns.len()).filter(|n| long(*n)) {
        if widths[n] > 0 {
            widths[n] = natural[n].min(widths[n] + room.saturating_sub(total(&widths)));
        }
    }
    // What must stay takes what there is.
    let mut left = room;
    for width in &mut widths {
        *width = (*width).min(left);
        left = left.saturating_sub(*width + usize::from(*width > 0));
    }
    widths
}

/// The text in exactly so many cells, cut with an ellipsis.
pub(super) fn fit(text: &str, width: usize, right: bool, look: Look) -> String {
    let has = text.width();
    if has <= width {
        let blank = " ".repeat(width - has);
        return if right { format!("{blank}{text}") } else { format!("{text}{blank}") };
    }
    let mut cut = String::new();
    let mut used = 0;
    for c in text.chars() {
        let wide = c.width().unwrap_or(0);
        if used + wide + 1 > width {
            break;
        }
        cut.push(c);
        used += wide;
    }
    if used < width {
        cut.push(if look.ascii { '~' } else { '…' });
        used += 1;
    }
    format!("{cut}{}", " ".repeat(width.saturating_sub(used)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_fills_its_cells_and_no_more() {
        let look = Look { theme: super::super::Theme::Mono, ascii: false };
        assert_eq!(fit("abc", 5, true, look), "  abc");
        assert_eq!(fit("abcdef", 4, false, look), "abc…");
        assert_eq!(fit("日本語", 4, false, look).width(), 4);
        assert_eq!(fit("abc", 0, false, look), "");
    }

    #[test]
    fn the_least_important_column_goes_first() {
        let columns = [left("A", 10, 0), left("B", 10, 2), right("C", 10, 1)];
        let row = Row::plain(vec!["aaaaaaaaaa".into(), "bbbbbbbbbb".into(), "cccccccccc".into()]);
        assert_eq!(widths(&columns, std::slice::from_ref(&row), 40), [10, 10, 10]);
        assert_eq!(widths(&columns, std::slice::from_ref(&row), 30), [10, 8, 10]);
        assert_eq!(widths(&columns, std::slice::from_ref(&row), 24), [10, 0, 10]);
        assert_eq!(widths(&columns, &[row], 4), [4, 0, 0]);
        let columns = [left("A", 10, 0), left("B", 60, 1), left("C", 10, 4)];
        let row = Row::plain(vec!["aaaaaaaaaa".into(), "b".repeat(60).into(), "cccccccccc".into()]);
        assert_eq!(
            widths(&columns, std::slice::from_ref(&row), 60),
            [10, 38, 10],
            "long texts give way first"
        );
        assert_eq!(widths(&columns, &[row], 36), [10, 25, 0], "and get back what is left");
    }
}
