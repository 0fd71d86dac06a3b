//! Who changed what and why, as it is written in the log.

use crate::Timestamp;
use crate::view::write_time;
use serde::{Deserialize, Serialize};

/// Rows of one page, at most.
pub const MAX_ROWS: u32 = 200;

/// Which changes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AuditRequest {
    /// Those at this moment or later.
    pub since: Option<Timestamp>,
    /// Those whose actor begins so, such as `ada`.
    pub actor: Option<String>,
    /// Those of this verb, or of all that begin so when it ends with `*`, such as `queue.*`.
    pub verb: Option<String>,
    /// Where the page before ended.
    pub after: Option<String>,
    /// Rows, 1 to [`MAX_ROWS`]; 0 means 50.
    pub limit: u32,
}

/// A page of changes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AuditPage {
    /// The newest first.
    pub items: Vec<AuditView>,
    /// Where the next page starts; null on the last.
    pub next: Option<String>,
    /// Whether the look stopped at its bound (100,000 rows) before the page was full: more may match further on.
    pub partial: bool,
}

/// A change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditView {
    /// Its number in the log.
    pub id: String,
    /// When.
    #[serde(serialize_with = "write_time")]
    pub at: Timestamp,
    /// Who: user name, uid and pid of the socket peer, or the service.
    pub actor: String,
    /// What was done, such as `queue.pause`.
    pub verb: String,
    /// To what.
    pub target: String,
    /// Why, in the words of who did it.
    #[serde(default)]
    pub reason: Option<String>,
}
