//! How grave the question before a change is at least, as somebody likes it.

use super::over::Dialog;
use crate::deed::Deed;

/// The levels, each graver than the one before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confirm {
    /// Each change asks as much as it has to.
    #[default]
    None,
    /// At least a `y`.
    Yes,
    /// At least the count of what is changed.
    Count,
    /// The name of what is changed.
    Name,
}

impl Confirm {
    /// All, with their words in the configuration.
    pub const ALL: [(Self, &'static str); 4] =
        [(Self::None, "none"), (Self::Yes, "yes"), (Self::Count, "count"), (Self::Name, "name")];

    /// Its word.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(it, _)| *it == self).map_or("none", |(_, word)| word)
    }
}

impl std::str::FromStr for Confirm {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().find(|(_, word)| *word == text).map(|(it, _)| *it);
        found.ok_or_else(|| format!("`{text}` is none of {}", Self::ALL.map(|(_, word)| word).join(", ")))
    }
}

impl Dialog {
    /// How grave it is.
    fn level(&self) -> Confirm {
        match self.wanted.as_str() {
            "y" => Confirm::Yes,
            text if text.chars().all(|c| c.is_ascii_digit()) => Confirm::Count,
            _ => Confirm::Name,
        }
    }

    /// As it is, or as grave as this.
    pub fn at_least(mut self, floor: Confirm) -> Self {
        if self.level() >= floor {
            return self;
        }
        let (count, name) = self.deed.subject();
        self.wanted = match floor {
            Confirm::None | Confirm::Yes => "y".into(),
            Confirm::Count => count.to_string(),
            Confirm::Name => name,
        };
        if let Some(last) = self.fields.last_mut() {
            *last = ("type it to go on", String::new());
        }
        self
    }

    /// The question before what would be done at once; none when nobody wants one.
    pub fn before(deed: &Deed, floor: Confirm) -> Option<Self> {
        if floor == Confirm::None || deed.looks() {
            return None;
        }
        let lines = vec![format!("same as {}", deed.line(None))];
        Some(
            Self::yes("as the configuration wants it, a question first", lines, deed.clone()).at_least(floor),
        )
    }
}
