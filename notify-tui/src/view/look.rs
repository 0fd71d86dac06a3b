//! How things look: colours never alone, and glyphs the terminal has.

use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::border;
use ratatui::widgets::{Block, BorderType, Borders};

/// The colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// The sixteen of the terminal.
    Default,
    /// For light backgrounds.
    Light,
    /// As far apart as they go.
    HighContrast,
    /// Such that the colour-blind can tell them apart.
    Cb,
    /// None.
    Mono,
}

impl Theme {
    /// All.
    const ALL: [Self; 5] = [Self::Default, Self::Light, Self::HighContrast, Self::Cb, Self::Mono];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Light => "light",
            Self::HighContrast => "high-contrast",
            Self::Cb => "cb",
            Self::Mono => "mono",
        }
    }

    /// Its colour for what is good, what needs a look, what is bad.
    const fn colors(self) -> Option<(Color, Color, Color)> {
        match self {
            Self::Default => Some((Color::Green, Color::Yellow, Color::Red)),
            Self::Light => Some((Color::Rgb(0, 97, 0), Color::Rgb(122, 72, 0), Color::Rgb(168, 0, 0))),
            Self::HighContrast => Some((Color::LightGreen, Color::LightYellow, Color::LightRed)),
            Self::Cb => Some((Color::Rgb(0, 158, 115), Color::Rgb(230, 159, 0), Color::Rgb(213, 94, 0))),
            Self::Mono => None,
        }
    }
}

impl std::str::FromStr for Theme {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let all = Self::ALL.map(Self::as_str).join(", ");
        let found = Self::ALL.into_iter().find(|theme| theme.as_str() == text);
        found.ok_or_else(|| format!("`{text}` is none of {all}"))
    }
}

/// What the terminal can, and how somebody likes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// The colours.
    pub theme: Theme,
    /// Whether only ASCII characters are safe.
    pub ascii: bool,
}

/// What something says, beyond its word.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Tone {
    #[default]
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
    pub fn here(ascii: bool, theme: Theme, variable: &dyn Fn(&str) -> Option<String>) -> Self {
        let set = |name| variable(name).filter(|text| !text.is_empty());
        let term = set("TERM");
        let locale =
            ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set).unwrap_or_default().to_lowercase();
        let utf8 = locale.contains("utf-8") || locale.contains("utf8");
        Self {
            theme: if set("NO_COLOR").is_some() || term.as_deref() == Some("dumb") {
                Theme::Mono
            } else {
                theme
            },
            ascii: ascii || !utf8 || term.as_deref() == Some("linux"),
        }
    }

    pub(super) fn style(self, tone: Tone) -> Style {
        let color = |pick: fn((Color, Color, Color)) -> Color| {
            self.theme.colors().map_or_else(Style::new, |colors| Style::new().fg(pick(colors)))
        };
        match tone {
            Tone::Plain => Style::new(),
            Tone::Good => color(|colors| colors.0),
            Tone::Warn => color(|colors| colors.1),
            Tone::Bad => color(|colors| colors.2).add_modifier(Modifier::BOLD),
            Tone::Dim => Style::new().add_modifier(Modifier::DIM),
            Tone::Strong => Style::new().add_modifier(Modifier::BOLD),
        }
    }

    /// The row under the cursor.
    pub(super) fn cursor() -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// Numbers as a line of little columns, the newest last, in so many cells; a blank where there is none.
    pub(super) fn spark(self, points: impl Iterator<Item = f64>, cells: usize) -> String {
        let all: Vec<f64> = points.collect();
        let all = &all[all.len().saturating_sub(cells)..];
        let top = all.iter().copied().fold(0.0, f64::max);
        let glyphs: &[char] = if self.ascii {
            &['.', ':', '-', '=', '+', '*', '#']
        } else {
            &['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']
        };
        let glyph = |point: &f64| {
            // What is not known is not nothing.
            if !point.is_finite() {
                return ' ';
            }
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                clippy::cast_precision_loss,
                reason = "a few steps"
            )]
            let step = if top > 0.0 {
                (point.max(0.0) / top * (glyphs.len() - 1) as f64).round() as usize
            } else {
                0
            };
            glyphs[step.min(glyphs.len() - 1)]
        };
        all.iter().map(glyph).collect()
    }

    pub(super) fn block(self, title: &str, tone: Tone) -> Block<'static> {
        let block = Block::bordered().title(format!(" {title} ")).title_style(self.style(tone));
        if self.ascii { block.border_set(ASCII) } else { block.border_type(BorderType::Plain) }
    }

    /// The same without sides and bottom, where rows are few.
    pub(super) fn edge(self, title: &str, tone: Tone, boxed: bool) -> Block<'static> {
        let block = self.block(title, tone);
        if boxed { block } else { block.borders(Borders::TOP) }
    }

    /// Text the terminal can show: in ASCII, everything else becomes a question mark.
    pub(super) fn text(self, text: &str) -> String {
        let safe = |c: char| if c.is_control() || (self.ascii && !c.is_ascii()) { '?' } else { c };
        text.chars().map(safe).collect()
    }
}

pub(super) use notify_proto::upkeep::grouped;

/// Points over so many cells, the newest at the right, where the whole time has so many points. A cell of several shows the
/// highest, so that no peak comes and goes as it moves on; one of which nothing is known, nothing.
pub(super) fn spread(points: &[f64], whole: usize, cells: usize) -> Vec<f64> {
    let unknown = whole.saturating_sub(points.len());
    let at = |n: usize| n * whole / cells.max(1);
    let cell = |n: usize| {
        let (from, to) = (at(n).max(unknown) - unknown, at(n + 1).max(at(n) + 1).max(unknown) - unknown);
        let known = points.get(from..to.min(points.len())).unwrap_or_default();
        known.iter().copied().fold(f64::NAN, f64::max)
    };
    (0..cells).map(cell).collect()
}

/// A span in its two largest units.
pub(crate) fn span(seconds: u64) -> String {
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
    fn points_have_their_place_and_no_peak_is_lost() {
        let shown = |points: &[f64], whole, cells| {
            let all = spread(points, whole, cells).into_iter();
            all.map(|point| if point.is_nan() { -1.0 } else { point }).collect::<Vec<_>>()
        };
        assert_eq!(shown(&[1.0, 9.0, 2.0, 3.0], 4, 2), [9.0, 3.0]);
        assert_eq!(shown(&[1.0, 9.0, 2.0, 3.0], 4, 3), [1.0, 9.0, 3.0]);
        assert_eq!(shown(&[7.0], 4, 4), [-1.0, -1.0, -1.0, 7.0], "the rest is not known");
        assert_eq!(shown(&[1.0, 2.0], 2, 4), [1.0, 1.0, 2.0, 2.0]);
        assert_eq!(shown(&[], 60, 2), [-1.0, -1.0]);
        for cells in 1..130 {
            for peak in 0..60 {
                let mut points = vec![0.0; 60];
                points[peak] = 5.0;
                assert!(shown(&points, 60, cells).contains(&5.0), "{peak} in {cells}");
            }
        }
    }

    #[test]
    fn colour_and_glyphs_follow_the_environment() {
        let look = |set: &'static [(&str, &str)]| {
            Look::here(false, Theme::Cb, &move |name| {
                set.iter().find(|(it, _)| *it == name).map(|(_, value)| (*value).to_owned())
            })
        };
        assert_eq!(look(&[("LANG", "en_US.UTF-8")]), Look { theme: Theme::Cb, ascii: false });
        assert_eq!(look(&[("LANG", "C")]), Look { theme: Theme::Cb, ascii: true });
        assert_eq!(
            look(&[("LC_ALL", "C.utf8"), ("NO_COLOR", "1")]),
            Look { theme: Theme::Mono, ascii: false }
        );
        assert_eq!(look(&[("LANG", "C.UTF-8"), ("TERM", "linux")]), Look { theme: Theme::Cb, ascii: true });
        assert_eq!(look(&[("TERM", "dumb")]).theme, Theme::Mono);
        assert_eq!(
            "sepia".parse::<Theme>().unwrap_err(),
            "`sepia` is none of default, light, high-contrast, cb, mono"
        );
        assert_eq!(Look { theme: Theme::Mono, ascii: true }.text("a\u{1b}[mé"), "a?[m?");
    }
}
