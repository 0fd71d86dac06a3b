//! Terminals never get raw control bytes, whoever wrote the text.

use notify_proto::text::hostile;
use unicode_width::UnicodeWidthChar as _;

/// The text with control characters written as escapes.
pub(super) fn clean(text: &str) -> String {
    if !text.contains(hostile) {
        return text.to_owned();
    }
    let mut clean = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if hostile(c) { clean.extend(c.escape_default()) } else { clean.push(c) }
    }
    clean
}

/// Columns a text takes on a terminal.
pub(super) fn width(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

/// The end of a word of ASCII, with an ellipsis before it.
pub(super) fn cut_front(text: &str, columns: usize) -> String {
    match text.len().checked_sub(columns.max(1)) {
        None | Some(0) => text.to_owned(),
        Some(gone) => format!("…{}", text.get(gone + 1..).unwrap_or_default()),
    }
}

/// The text, cut to so many columns with an ellipsis.
pub(super) fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut left = columns.saturating_sub(1);
    let kept = text.chars().take_while(|c| {
        let width = c.width().unwrap_or(0);
        let fits = width <= left;
        left = left.saturating_sub(width);
        fits
    });
    let mut kept: String = kept.collect();
    kept.push('…');
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_become_escapes() {
        assert_eq!(clean("a\u{1b}[31mb\nc\td\u{9b}e\u{202e}f"), "a\\u{1b}[31mb\\nc\\td\\u{9b}e\\u{202e}f");
        assert_eq!(clean("zäh 日本"), "zäh 日本");
    }

    #[test]
    fn wide_characters_count_twice() {
        assert_eq!(width("日本"), 4);
        assert_eq!(cut("日本語", 5), "日本…");
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcd", 3), "ab…");
    }
}
