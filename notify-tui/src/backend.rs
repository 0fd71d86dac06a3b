//! What a frame costs the terminal: of what has not changed nothing is written, not even a style that is put back.
//!
//! The library's own way of drawing ends every frame with 25 bytes that put back colours and hide the cursor once more,
//! and names row and column of every cell it goes to. A screen that is left open all day over a thin line should cost
//! what has changed on it.

use crossterm::cursor::{MoveTo, MoveToColumn};
use crossterm::queue;
use crossterm::style::{Attribute, Colors, Print, SetAttribute, SetColors};
use ratatui::backend::{Backend, ClearType, CrosstermBackend, IntoCrossterm as _, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};
use ratatui::style::{Color, Modifier};
use std::io::{self, Write};

/// The attributes a cell can have.
const ATTRIBUTES: [(Modifier, Attribute); 9] = [
    (Modifier::BOLD, Attribute::Bold),
    (Modifier::DIM, Attribute::Dim),
    (Modifier::ITALIC, Attribute::Italic),
    (Modifier::UNDERLINED, Attribute::Underlined),
    (Modifier::SLOW_BLINK, Attribute::SlowBlink),
    (Modifier::RAPID_BLINK, Attribute::RapidBlink),
    (Modifier::REVERSED, Attribute::Reverse),
    (Modifier::HIDDEN, Attribute::Hidden),
    (Modifier::CROSSED_OUT, Attribute::CrossedOut),
];

/// A terminal that is written to as little as it takes. It is the only one that writes there meanwhile.
pub(crate) struct Sparing<W: Write> {
    inner: CrosstermBackend<W>,
    /// Whether the cursor is known to be hidden.
    hidden: bool,
}

impl<W: Write> Sparing<W> {
    pub(crate) const fn new(writer: W) -> Self {
        Self { inner: CrosstermBackend::new(writer), hidden: false }
    }
}

/// How the next character would look.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Pen {
    fg: Color,
    bg: Color,
    modifier: Modifier,
}

impl Pen {
    /// That of a terminal which was told nothing: every frame begins and ends with it.
    const PLAIN: Self = Self { fg: Color::Reset, bg: Color::Reset, modifier: Modifier::empty() };

    /// What makes it the other. An attribute can be put off only with all the others: those that do it alone are not
    /// the same on every terminal.
    fn turn_into(&mut self, next: Self, out: &mut impl Write) -> io::Result<()> {
        if *self == next {
            return Ok(());
        }
        if next == Self::PLAIN || !next.modifier.contains(self.modifier) {
            queue!(out, SetAttribute(Attribute::Reset))?;
            *self = Self::PLAIN;
        }
        for (modifier, attribute) in ATTRIBUTES {
            if (next.modifier - self.modifier).contains(modifier) {
                queue!(out, SetAttribute(attribute))?;
            }
        }
        if (self.fg, self.bg) != (next.fg, next.bg) {
            let colors = Colors {
                foreground: (self.fg != next.fg).then(|| next.fg.into_crossterm()),
                background: (self.bg != next.bg).then(|| next.bg.into_crossterm()),
            };
            queue!(out, SetColors(colors))?;
        }
        *self = next;
        Ok(())
    }
}

impl<W: Write> Backend for Sparing<W> {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let out = &mut self.inner;
        let mut pen = Pen::PLAIN;
        let mut at = None;
        for (x, y, cell) in content {
            match at {
                Some(place) if place == (x, y) => {}
                Some((_, row)) if row == y => queue!(out, MoveToColumn(x))?,
                _ => queue!(out, MoveTo(x, y))?,
            }
            pen.turn_into(Pen { fg: cell.fg, bg: cell.bg, modifier: cell.modifier }, out)?;
            queue!(out, Print(cell.symbol()))?;
            // After a wide character the next cell is one further, so its column is named.
            at = Some((x.saturating_add(1), y));
        }
        pen.turn_into(Pen::PLAIN, out)
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        if !self.hidden {
            self.inner.hide_cursor()?;
            self.hidden = true;
        }
        Ok(())
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        self.hidden = false;
        self.inner.show_cursor()
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        self.inner.get_cursor_position()
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        self.inner.set_cursor_position(position)
    }

    fn clear(&mut self) -> io::Result<()> {
        self.inner.clear()
    }

    fn clear_region(&mut self, region: ClearType) -> io::Result<()> {
        self.inner.clear_region(region)
    }

    fn size(&self) -> io::Result<Size> {
        self.inner.size()
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        self.inner.window_size()
    }

    fn flush(&mut self) -> io::Result<()> {
        Backend::flush(&mut self.inner)
    }
}

impl<W: Write> Write for Sparing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.inner.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Write::flush(&mut self.inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    const AREA: Rect = Rect::new(0, 0, 24, 6);

    /// Text somewhere, in some style.
    fn patch() -> impl Strategy<Value = (u16, u16, String, Style)> {
        let text = prop::sample::select(vec!["a", "queue 12", "─┐", "数据", " ", "OPEN"]);
        let color = || prop::sample::select(vec![Color::Reset, Color::Red, Color::Rgb(1, 97, 3)]);
        // Bold and dim at once is what each terminal makes of it.
        let weight = prop::sample::select(vec![Modifier::empty(), Modifier::BOLD, Modifier::DIM]);
        let modifier = (weight, any::<bool>())
            .prop_map(|(weight, reversed)| if reversed { weight | Modifier::REVERSED } else { weight });
        let style = (color(), color(), modifier)
            .prop_map(|(fg, bg, modifier)| Style::reset().fg(fg).bg(bg).add_modifier(modifier));
        (0..AREA.width, 0..AREA.height, text.prop_map(str::to_owned), style)
    }

    proptest! {
        /// Whatever changes on it, the screen is what the library would have made of it.
        #[test]
        fn a_frame_looks_as_the_library_draws_it(frames in prop::collection::vec(prop::collection::vec(patch(), 0..6), 1..5)) {
            let mut ours = vt100::Parser::new(AREA.height, AREA.width, 0);
            let mut theirs = vt100::Parser::new(AREA.height, AREA.width, 0);
            let mut before = Buffer::empty(AREA);
            for frame in frames {
                let mut after = before.clone();
                for (x, y, text, style) in frame {
                    after.set_stringn(x, y, text, usize::from(AREA.width - x), style);
                }
                let (mut own, mut library) = (Vec::new(), Vec::new());
                Sparing::new(&mut own).draw(before.diff(&after).into_iter()).unwrap();
                CrosstermBackend::new(&mut library).draw(before.diff(&after).into_iter()).unwrap();
                ours.process(&own);
                theirs.process(&library);
                prop_assert_eq!(ours.screen().contents_formatted(), theirs.screen().contents_formatted());
                before = after;
            }
        }
    }

    #[test]
    fn what_has_not_changed_costs_nothing() {
        let mut out = Vec::new();
        let mut backend = Sparing::new(&mut out);
        backend.hide_cursor().unwrap();
        backend.draw(std::iter::empty()).unwrap();
        backend.hide_cursor().unwrap();
        Backend::flush(&mut backend).unwrap();
        assert_eq!(out, b"\x1b[?25l");
    }

    /// The seconds of the clock, and of two ages beside each other in one row.
    #[test]
    fn what_a_second_changes_is_all_that_is_written() {
        let mut before = Buffer::empty(AREA);
        before.set_string(0, 0, "14:32:07", Style::new());
        before.set_string(0, 2, "OPEN 8s  probe in 4s", Style::new().add_modifier(Modifier::BOLD));
        let mut after = before.clone();
        after.set_string(7, 0, "8", Style::new());
        after.set_string(5, 2, "9", Style::new().add_modifier(Modifier::BOLD));
        after.set_string(18, 2, "3", Style::new().add_modifier(Modifier::BOLD));
        let mut out = Vec::new();
        Sparing::new(&mut out).draw(before.diff(&after).into_iter()).unwrap();
        assert_eq!(out, b"\x1b[1;8H8\x1b[3;6H\x1b[1m9\x1b[19G3\x1b[0m");
    }
}
