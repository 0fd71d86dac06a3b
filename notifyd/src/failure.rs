//! Every way the daemon can end, with its exit code (delivery contract, "Durability" 4).

use crate::settings::SettingsError;
use notifyd_store::{Fatal, StoreError};
use std::error::Error;
use std::fmt::Write as _;
use std::process::ExitCode;

/// Why the daemon does not run.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The configuration is wrong.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// A file the configuration points to is wrong.
    #[error("{0}")]
    Configuration(String),
    /// The log cannot be opened, or failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The HTTP intake cannot start.
    #[error(transparent)]
    Intake(#[from] notifyd_intake::BindError),
    /// The control socket cannot start.
    #[error(transparent)]
    Control(#[from] notifyd_control::BindError),
    /// A file or directory cannot be used.
    #[error("{act} {}: {source}", path.display())]
    Io {
        /// What was tried.
        act: &'static str,
        /// On what.
        path: std::path::PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A commit failed in a way that only a restart mends.
    #[error("the log failed: {}; what was acknowledged is on disk, start notifyd again", _0.text)]
    Fatal(Fatal),
    /// A mistake of the program.
    #[error("internal error: {0}")]
    Bug(String),
}

impl Failure {
    /// The documented exit code.
    pub const fn code(&self) -> u8 {
        match self {
            Self::Settings(_)
            | Self::Configuration(_)
            | Self::Store(
                StoreError::NewerSchema { .. } | StoreError::WrongKey { .. } | StoreError::Foreign { .. },
            ) => 78,
            Self::Store(StoreError::Damaged { .. } | StoreError::Strange { .. } | StoreError::Corrupt(_))
            | Self::Fatal(Fatal { damaged: true, .. }) => 65,
            Self::Store(StoreError::Locked(_))
            | Self::Control(notifyd_control::BindError::Answered { .. }) => 75,
            Self::Store(_) | Self::Intake(_) | Self::Control(_) | Self::Io { .. } | Self::Fatal(_) => 74,
            Self::Bug(_) => 70,
        }
    }

    /// The same for `main`.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code())
    }

    /// The sentence and its causes on one line.
    pub fn sentence(&self) -> String {
        let mut text = self.to_string();
        let mut source = self.source();
        while let Some(cause) = source {
            let cause_text = cause.to_string();
            if !text.ends_with(&cause_text) {
                let _ = write!(text, ": {cause_text}");
            }
            source = cause.source();
        }
        text
    }
}
