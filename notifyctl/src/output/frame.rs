//! One look of many. On a terminal it is drawn over the one before it, and cut to the rows there are: what has scrolled away
//! cannot be drawn over.

use super::{Out, text};
use crate::cli::Format;
use crate::failure::Stop;
use serde_json::Value;
use std::io::{self, Write};

/// Begins a frame that is shown at once when it is whole; it is drawn over the one before it.
const BEGIN: &str = "\u{1b}[?2026h";
const END: &str = "\u{1b}[?2026l";

/// Columns and rows of a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) columns: usize,
    pub(crate) rows: usize,
}

/// Standard output, or what is kept of it until a look is whole.
pub(super) struct Held {
    pub(super) inner: Box<dyn Write>,
    pub(super) look: Option<Vec<u8>>,
}

impl Write for Held {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.look {
            Some(look) => look.write(bytes),
            None => self.inner.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl Out {
    /// One look of many: drawn in place for a person at a terminal; a document on a line for a person's pipe and for JSON;
    /// the same text again in the other formats.
    pub(crate) fn frame(
        &self,
        what: &str,
        document: Value,
        draw: impl FnOnce() -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        let (json, people) = (matches!(self.format, Format::Json | Format::Jsonl), self.for_people());
        if json || (people && !self.terminal.stdout) {
            self.document(what, document)?;
        } else if people {
            self.draw(draw)?;
        } else {
            draw()?;
        }
        Ok(self.flush()?)
    }

    fn draw(&self, draw: impl FnOnce() -> Result<(), Stop>) -> Result<(), Stop> {
        // It may have another size each time.
        if let Some(measure) = self.terminal.measure {
            self.size.set(measure());
        }
        self.stdout.borrow_mut().look = Some(Vec::new());
        let drawn = draw();
        let look = self.stdout.borrow_mut().look.take().unwrap_or_default();
        drawn?;
        let lines = fitted(&String::from_utf8_lossy(&look), self.size.get());
        let widths = lines.iter().map(|line| visible(line)).collect();
        let up = match self.drawn.replace(widths) {
            before if before.is_empty() => String::new(),
            before => format!("\u{1b}[{}F\u{1b}[J", rows(&before, self.size.get())),
        };
        let text: String = lines.iter().flat_map(|line| [line, "\n"]).collect();
        Ok(self.raw(&format!("{BEGIN}{up}{text}{END}"))?)
    }
}

/// The lines that have room above the one the cursor stands in, the last of them says how many have not.
fn fitted(look: &str, size: Option<Size>) -> Vec<String> {
    let lines: Vec<_> = look.lines().map(str::to_owned).collect();
    let widths: Vec<_> = lines.iter().map(|line| visible(line)).collect();
    let Some(Size { columns, rows: all }) = size else { return lines };
    let room = all.saturating_sub(1).max(1);
    if rows(&widths, size) <= room {
        return lines;
    }
    let fit = (0..lines.len()).rev().find(|count| rows(&widths[..*count], size) < room).unwrap_or(0);
    let mut shown = lines[..fit].to_vec();
    let left = lines.len() - fit;
    let noun = if left == 1 { "line has" } else { "lines have" };
    shown.push(text::cut(&format!("{left} more {noun} no room"), columns));
    shown
}

/// Rows that lines of these widths take; what is too wide goes on in the next one.
fn rows(widths: &[usize], size: Option<Size>) -> usize {
    let columns = size.map_or(usize::MAX, |size| size.columns.max(1));
    widths.iter().map(|width| width.div_ceil(columns).max(1)).sum()
}

/// Columns of a line, without the codes of its colours.
fn visible(line: &str) -> usize {
    let mut parts = line.split('\u{1b}');
    let first = parts.next().map_or(0, text::width);
    first + parts.map(|part| text::width(part.split_once('m').map_or("", |(_, rest)| rest))).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_that_is_too_high_says_what_has_no_room() {
        let size = |columns, rows| Some(Size { columns, rows });
        let five = "a\nb\nc\nd\ne\n";
        assert_eq!(fitted(five, None).len(), 5);
        assert_eq!(fitted(five, size(80, 6)).len(), 5, "the cursor has a row of its own");
        assert_eq!(fitted(five, size(80, 5)), ["a", "b", "c", "2 more lines have no room"]);
        assert_eq!(fitted(five, size(80, 1)), ["5 more lines have no room"]);
        assert_eq!(fitted("12345678\n12345678\nx\n", size(4, 5)), ["12345678", "2 m…"], "they go on below");
    }

    #[test]
    fn colours_take_no_room() {
        assert_eq!(visible("a\u{1b}[32mbc\u{1b}[0m d"), 5);
        assert_eq!(rows(&[0, 4, 5], Some(Size { columns: 4, rows: 9 })), 4);
    }
}
