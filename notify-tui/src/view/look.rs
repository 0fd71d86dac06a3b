//! How things look: colours never alone, and glyphs the terminal has.

use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::border;
use ratatui::widgets::{Block, BorderType};

/// What the terminal can.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Whether to colour.
    pub color: bool,
    /// Whether only ASCII characters are safe.
    pub ascii: bool,
}

/// What something says, beyond its word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    Good,
    Warn,
    Bad,
    Dim,
    Strong,
}

const ASCII: border::Set<'static> = border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};

impl Look {
    /// From the flag and the environment: no colour with `NO_COLOR` or on a dumb terminal, ASCII where the locale is
    /// not UTF-8 or on the Linux console.
    pub fn here(ascii: bool, variable: &dyn Fn(&str) -> Option<String>) -> Self {
        let set = |name| variable(name).filter(|text| !text.is_empty());
        let term = set("TERM");
        let locale =
            ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set).unwrap_or_default().to_lowercase();
        let utf8 = locale.contains("utf-8") || locale.contains("utf8");
        Self {
            color: set("NO_COLOR").is_none() && term.as_deref() != Some("dumb"),
            ascii: ascii || !utf8 || term.as_deref() == Some("linux"),
        }
    }

    pub(super) fn style(self, tone: Tone) -> Style {
        let color = |color| if self.color { Style::new().fg(color) } else { Style::new() };
        match tone {
            Tone::Plain => Style::new(),
            Tone::Good => color(Color::Green),
            Tone::Warn => color(Color::Yellow),
            Tone::Bad => color(Color::Red).add_modifier(Modifier::BOLD),
            Tone::Dim => Style::new().add_modifier(Modifier::DIM),
            Tone::Strong => Style::new().add_modifier(Modifier::BOLD),
        }
    }

    pub(super) fn block(self, title: &str, tone: Tone) -> Block<'static> {
        let block = Block::bordered().title(format!(" {title} ")).title_style(self.style(tone));
        if self.ascii { block.border_set(ASCII) } else { block.border_type(BorderType::Plain) }
    }

    /// Text the terminal can show: in ASCII, everything else becomes a question mark.
    pub(super) fn text(self, text: &str) -> String {
        let safe = |c: char| if c.is_control() || (self.ascii && !c.is_ascii()) { '?' } else { c };
        text.chars().map(safe).collect()
    }
}

/// Thousands apart.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A span in its two largest units.
pub(super) fn span(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{}h{:02}m", seconds / 3_600, seconds / 60 % 60),
        _ => format!("{}d{:02}h", seconds / 86_400, seconds / 3_600 % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_and_glyphs_follow_the_environment() {
        let look = |set: &'static [(&str, &str)]| {
            Look::here(false, &move |name| {
                set.iter().find(|(it, _)| *it == name).map(|(_, value)| (*value).to_owned())
            })
        };
        assert_eq!(look(&[("LANG", "en_US.UTF-8")]), Look { color: true, ascii: false });
        assert_eq!(look(&[("LANG", "C")]), Look { color: true, ascii: true });
        assert_eq!(look(&[("LC_ALL", "C.utf8"), ("NO_COLOR", "1")]), Look { color: false, ascii: false });
        assert_eq!(look(&[("LANG", "C.UTF-8"), ("TERM", "linux")]), Look { color: true, ascii: true });
        assert!(!look(&[("TERM", "dumb")]).color);
        assert_eq!(Look { color: false, ascii: true }.text("a\u{1b}[mé"), "a?[m?");
    }
}
