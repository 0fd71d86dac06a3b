//! The `[control]` section of the configuration.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Settings of the control socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// Where the socket is; the daemon's default place when absent.
    pub socket: Option<PathBuf>,
    /// Members of this group may look.
    pub group_read: String,
    /// Members of this group may look and change.
    pub group_admin: String,
}

impl Default for Options {
    fn default() -> Self {
        Self { socket: None, group_read: "notify".into(), group_admin: "notify-admin".into() }
    }
}
