//! What `notifyctl doctor` is told: one finding per thing that was looked at, and what to do about it.

use crate::Timestamp;
use crate::view::write_time;
use serde::{Deserialize, Serialize};

/// How something was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// As it should be.
    Ok,
    /// It was not looked at, and the sentence says why.
    Skipped,
    /// It works, and somebody should look.
    Warning,
    /// It does not work.
    Problem,
    /// Something newer than this build.
    #[serde(other)]
    Unknown,
}

impl Finding {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Skipped => "skipped",
            Self::Warning => "warning",
            Self::Problem => "problem",
            Self::Unknown => "unknown",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What: `socket`, `role`, `version`, `clock`, `intake`, `database`, `quick_check`, `integrity`,
    /// `disk`, `backup`, `provider`, `webhook`.
    pub check: String,
    /// Which of them, by name or id; none when there is one alone.
    pub name: Option<String>,
    /// How it was found.
    pub result: Finding,
    /// The same in a sentence.
    pub found: String,
    /// What to do about it.
    pub advice: Option<String>,
    /// How long the look took, milliseconds, where somebody else had to answer.
    #[serde(default)]
    pub elapsed_ms: Option<u64>,
}

impl Check {
    /// A finding that asks for nothing.
    pub fn new(check: &str, result: Finding, found: impl Into<String>) -> Self {
        let (check, found) = (check.to_owned(), found.into());
        Self { check, name: None, result, found, advice: None, elapsed_ms: None }
    }

    /// Of this one.
    #[must_use]
    pub fn of(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// With what to do about it.
    #[must_use]
    pub fn advice(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }
}

/// All that the daemon looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkup {
    /// What the daemon's clock says.
    #[serde(serialize_with = "write_time")]
    pub as_of: Timestamp,
    /// What was found.
    pub checks: Vec<Check>,
}
