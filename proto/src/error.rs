//! What the control socket refuses, in words for people and a code for scripts.

use serde::{Deserialize, Serialize};

/// The kind of a refusal; `notifyctl` turns it into its exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The arguments are wrong; the message names the field.
    Invalid,
    /// No such thing.
    NotFound,
    /// The caller's role does not allow it.
    Forbidden,
    /// The state does not allow it, such as cancelling what is already delivered.
    Conflict,
    /// The daemon cannot do it now; repeating may work.
    Unavailable,
    /// The daemon tried and failed.
    Failed,
    /// A code of a newer daemon.
    #[serde(other)]
    Unknown,
}

/// A refusal of the daemon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    /// What kind.
    pub code: ErrorCode,
    /// One sentence for a person.
    pub message: String,
    /// What to do next, when there is something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl ApiError {
    /// A refusal without a hint.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: None }
    }

    /// The same with what to do next.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
