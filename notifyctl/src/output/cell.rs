//! What a table is made of.

use super::style::Tone;
use super::time::short;
use super::{Out, text};
use notify_proto::Timestamp;
use notify_proto::upkeep::{grouped, size};
use notify_proto::view::rfc3339;
use serde::Serialize;
use serde_json::{Value, json};

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    /// There is none.
    None,
    /// Text, from anywhere.
    Text(String),
    /// A word of ours with what it says.
    Word(String, Tone),
    /// A word of ours that people read otherwise.
    Said { word: String, text: String, tone: Tone },
    /// A number.
    Number(u64),
    /// A number that is not whole, to a tenth, and its unit, which people see.
    Figure(f64, &'static str),
    /// So many bytes.
    Bytes(u64),
    /// A moment.
    Time(Timestamp),
}

impl Cell {
    pub(super) fn human(&self, out: &Out) -> String {
        match self {
            Self::None => "-".into(),
            Self::Text(text) | Self::Word(text, _) | Self::Said { text, .. } => text::clean(text),
            Self::Number(number) => grouped(*number),
            Self::Figure(value, "ms") => milliseconds(*value),
            Self::Figure(value, unit) => format!("{value:.1}{unit}"),
            Self::Bytes(bytes) => size(*bytes),
            Self::Time(at) => out.moment(*at),
        }
    }

    pub(super) fn machine(&self, out: &Out) -> String {
        match self {
            Self::None => String::new(),
            Self::Text(text) | Self::Word(text, _) | Self::Said { word: text, .. } => text.clone(),
            Self::Number(number) | Self::Bytes(number) => number.to_string(),
            Self::Figure(value, _) => format!("{value:.1}"),
            Self::Time(at) => out.moment(*at),
        }
    }

    pub(super) fn json(&self) -> Value {
        match self {
            Self::None => Value::Null,
            Self::Text(text) | Self::Word(text, _) | Self::Said { word: text, .. } => json!(text),
            Self::Number(number) | Self::Bytes(number) => json!(number),
            Self::Figure(value, _) => json!((value * 10.0).round() / 10.0),
            Self::Time(at) => json!(rfc3339(*at)),
        }
    }

    pub(super) const fn tone(&self) -> Tone {
        match self {
            Self::Word(_, tone) | Self::Said { tone, .. } => *tone,
            Self::None => Tone::Dim,
            _ => Tone::Plain,
        }
    }

    pub(super) const fn right(&self) -> bool {
        matches!(self, Self::Number(_) | Self::Figure(..) | Self::Bytes(_))
    }
}

/// So many as they are read at a glance: from ten seconds on they are seconds, from a minute on minutes.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "nothing takes that long")]
fn milliseconds(ms: f64) -> String {
    match ms {
        60_000.0.. => short((ms / 1_000.0).round() as u64),
        10_000.0.. => format!("{:.1}s", ms / 1_000.0),
        _ => format!("{ms:.1}ms"),
    }
}

impl Cell {
    /// A part of a whole, of a hundred.
    pub(crate) fn percent(share: Option<f64>) -> Self {
        share.map_or(Self::None, |share| Self::Figure(share * 100.0, "%"))
    }
}

impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::None, Into::into)
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<u64> for Cell {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<u32> for Cell {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl From<Timestamp> for Cell {
    fn from(at: Timestamp) -> Self {
        Self::Time(at)
    }
}

/// When a column is shown in a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Show {
    /// Always.
    Always,
    /// With `-o wide`.
    Wide,
}

/// A column.
pub(crate) struct Column<T: 'static> {
    /// Its name in `--columns` and in every header.
    pub(crate) name: &'static str,
    /// When a table shows it; `plain` and `csv` have all columns.
    pub(crate) show: Show,
    /// Its value.
    pub(crate) cell: fn(&T) -> Cell,
}

/// What can stand in a list.
pub(crate) trait Row: Serialize + Sized + 'static {
    /// Its columns.
    const COLUMNS: &'static [Column<Self>];

    /// Its id, for `-o id`.
    fn id(&self) -> String;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_times_are_told_in_larger_units() {
        let told = [84.0, 1_300.0, 9_999.9, 23_461.9, 62_914.6, 591_396.9].map(milliseconds);
        assert_eq!(told, ["84.0ms", "1300.0ms", "9999.9ms", "23.5s", "1m03s", "9m51s"]);
    }
}
