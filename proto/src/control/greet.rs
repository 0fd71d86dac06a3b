//! Who calls and who answers: the first call of every connection.

use crate::view::DaemonInfo;
use serde::{Deserialize, Serialize};

/// The protocol this build speaks. A change that an older peer cannot read raises it.
pub const PROTOCOL: u32 = 1;

/// The oldest protocol this build still speaks.
pub const OLDEST_PROTOCOL: u32 = 1;

/// What a caller may do, decided from the socket peer's uid and groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Look, with recipients masked.
    Viewer,
    /// Look and change.
    Admin,
}

/// Who is calling; the first call of every connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// Program and version, such as `notifyctl 0.1.0`.
    pub client: String,
    /// Newest protocol it speaks.
    pub protocol: u32,
    /// Oldest protocol it speaks.
    pub oldest_protocol: u32,
}

impl Hello {
    /// The greeting of this build.
    pub fn of(client: impl Into<String>) -> Self {
        Self { client: client.into(), protocol: PROTOCOL, oldest_protocol: OLDEST_PROTOCOL }
    }
}

/// Who answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// Newest protocol the daemon speaks.
    pub protocol: u32,
    /// Oldest protocol it speaks.
    pub oldest_protocol: u32,
    /// The caller's role.
    pub role: Role,
    /// Host name.
    pub host: String,
    /// The daemon.
    pub daemon: DaemonInfo,
}

impl Welcome {
    /// Whether both sides have a protocol in common.
    pub const fn fits(&self, hello: &Hello) -> bool {
        hello.protocol >= self.oldest_protocol && self.protocol >= hello.oldest_protocol
    }
}
