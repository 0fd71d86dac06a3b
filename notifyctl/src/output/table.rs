//! Tables for people: columns side by side, cut to the terminal, nothing wrapped.

use super::style::{Tone, paint};
use super::text::{cut, cut_front, width};

/// One line of a table.
pub(super) struct Line(pub(super) Vec<Field>);

/// One value of a line.
pub(super) struct Field {
    pub(super) text: String,
    pub(super) tone: Tone,
    pub(super) right: bool,
}

/// Blanks between two columns.
const GAP: usize = 2;

/// The narrowest a column is cut to.
const NARROW: usize = 9;

/// The same of one with ids: their end is kept, by which filters find them.
const END_OF_ID: usize = 13;

/// Takes the columns out in which nothing stands but what is absent, the last ones first, until the others have room. The
/// first column stays.
pub(super) fn leave_out_absent(lines: &mut [Line], header: bool, columns: usize) {
    let mut widths = widest(lines);
    for index in (1..widths.len()).rev() {
        if total(&widths) <= columns {
            return;
        }
        let mut rows = lines.iter().skip(usize::from(header));
        if rows.all(|line| line.0.get(index).is_none_or(|field| field.text == "-")) {
            widths.remove(index);
            for line in lines.iter_mut().filter(|line| line.0.len() > index) {
                line.0.remove(index);
            }
        }
    }
}

/// Lays the lines out. Off a terminal, `columns` is `None` and nothing is cut. On one, the first column, which names the
/// thing, stays whole, and the last ones go when there is no room for them.
pub(super) fn lay_out(lines: &[Line], columns: Option<usize>, color: bool) -> Vec<String> {
    let mut widths = widest(lines);
    let mut least = vec![NARROW; widths.len()];
    for line in lines {
        for (least, field) in least.iter_mut().zip(&line.0) {
            *least = if is_id(&field.text) { END_OF_ID } else { *least };
        }
    }
    if let Some(columns) = columns {
        shrink(&mut widths, &least, columns);
        while widths.len() > 1 && total(&widths) > columns {
            widths.pop();
        }
    }
    lines.iter().map(|line| write(line, &widths, color)).collect()
}

/// How wide each column would be.
fn widest(lines: &[Line]) -> Vec<usize> {
    let count = lines.iter().map(|line| line.0.len()).max().unwrap_or(0);
    let mut widths = vec![0; count];
    for line in lines {
        for (widest, field) in widths.iter_mut().zip(&line.0) {
            *widest = (*widest).max(width(&field.text));
        }
    }
    widths
}

/// Takes from the widest column until all fit, or until none can give any more.
fn shrink(widths: &mut [usize], least: &[usize], columns: usize) {
    while total(widths) > columns {
        let more = widths.iter_mut().zip(least).skip(1).filter(|(width, least)| **width > **least);
        match more.map(|(width, _)| width).max() {
            Some(widest) => *widest -= 1,
            None => return,
        }
    }
}

/// Whether it is an id as notifications and webhooks have it.
fn is_id(text: &str) -> bool {
    text.len() == 36 && text.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit())
}

fn total(widths: &[usize]) -> usize {
    widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1)
}

fn write(line: &Line, widths: &[usize], color: bool) -> String {
    let mut text = String::new();
    for (index, (field, columns)) in line.0.iter().zip(widths).enumerate() {
        let shown =
            if is_id(&field.text) { cut_front(&field.text, *columns) } else { cut(&field.text, *columns) };
        let blanks = " ".repeat(columns - width(&shown).min(*columns));
        let painted = paint(color, field.tone, &shown);
        let gap = if index == 0 { "" } else { "  " };
        let last = index + 1 == line.0.len().min(widths.len());
        text.push_str(gap);
        if field.right {
            text.push_str(&blanks);
        }
        text.push_str(&painted);
        if !field.right && !last {
            text.push_str(&blanks);
        }
    }
    text.truncate(text.trim_end().len());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(fields: &[&str]) -> Line {
        let field = |text: &&str| Field {
            text: (*text).to_owned(),
            tone: Tone::Plain,
            right: text.bytes().all(|b| b.is_ascii_digit()),
        };
        Line(fields.iter().map(field).collect())
    }

    #[test]
    fn columns_line_up_and_numbers_stand_right() {
        let lines =
            lay_out(&[line(&["NAME", "COUNT"]), line(&["日本", "5"]), line(&["x", "1234567"])], None, false);
        assert_eq!(lines, ["NAME  COUNT", "日本        5", "x     1234567"]);
    }

    #[test]
    fn where_there_is_no_room_what_is_absent_goes_first() {
        let table = |columns| {
            let mut lines = [line(&["NAME", "ENDS", "EVENT", "BY"]), line(&["-", "-", "queue.pause", "-"])];
            leave_out_absent(&mut lines, true, columns);
            lay_out(&lines, Some(columns), false)
        };
        assert_eq!(table(30), ["NAME  ENDS  EVENT        BY", "-     -     queue.pause  -"]);
        assert_eq!(table(23), ["NAME  ENDS  EVENT", "-     -     queue.pause"]);
        assert_eq!(table(22), ["NAME  EVENT", "-     queue.pause"]);
    }

    #[test]
    fn on_a_terminal_the_widest_columns_are_cut() {
        let long = "x".repeat(60);
        let lines = lay_out(&[line(&["short", &long]), line(&["a", "b"])], Some(30), false);
        assert!(lines.iter().all(|line| width(line) <= 30), "{lines:?}");
        assert!(lines[0].ends_with('…'));
        let narrow = lay_out(&[line(&["abcdef", "abcdef", "abcdef"])], Some(15), false);
        assert_eq!(narrow, ["abcdef  abcdef"], "the last column has no room");
        let other = lay_out(&[line(&["x", "01a20346-c93e-71c6-8aa0-cc4a044cc91f"])], Some(20), false);
        assert_eq!(other, ["x  …aa0-cc4a044cc91f"], "the end of an id finds it");
        let id = lay_out(&[line(&["01a1f-b7cd-7e8c", "queued"])], Some(4), false);
        assert_eq!(id, ["01a1f-b7cd-7e8c"], "a name that is cut names nothing");
    }
}
