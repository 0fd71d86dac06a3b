//! The help: what the keys do, what the marks mean, and what this program is not.

use super::look::{Look, Tone};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::widgets::Paragraph;

const TEXT: &str = "\
q, Ctrl-C  quit                 p    pause: no request at all, or go on
r, Ctrl-R  look, or connect     + -  interval: 1, 2, 5, 15, 60 s
?, Esc     this help

. pending  o queued  > sending  ~ retrying  + delivered  x failed
- cancelled. Circuits: + closed  ~ half-open  x OPEN  - switched off

This is the status view: it looks and changes nothing. Single
notifications, keys and all changes: notifyctl help examples";

pub(super) fn draw(look: Look, frame: &mut Frame<'_>, area: Rect) {
    frame.render_widget(Paragraph::new(TEXT).block(look.block("help", Tone::Strong)), area);
}
