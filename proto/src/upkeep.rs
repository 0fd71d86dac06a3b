//! What is told about the log as a whole, and about work that takes long.

use crate::view::{write_opt_time, write_time};
use crate::{ApiError, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How large the log is, and what it lies on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StorageView {
    /// The database.
    pub path: String,
    /// Version of its schema.
    pub schema: u32,
    /// Version of the SQLite library that reads it.
    pub sqlite_version: String,
    /// Bytes of the database.
    pub database_bytes: u64,
    /// Of these, bytes that nothing uses; `store compact` gives them back.
    pub unused_bytes: u64,
    /// Bytes of its write-ahead log.
    pub wal_bytes: u64,
    /// Bytes held in the reserve; 0 while it is given up.
    pub reserve_bytes: u64,
    /// Free bytes on the disk.
    pub disk_free_bytes: u64,
    /// Free bytes below which nothing new is taken.
    pub disk_floor_bytes: u64,
    /// Why nothing new is taken, when it is so.
    pub refusing: Option<String>,
    /// Notifications by status.
    pub by_status: BTreeMap<String, u64>,
    /// When the oldest notification in it was accepted.
    #[serde(serialize_with = "write_opt_time")]
    pub oldest_at: Option<Timestamp>,
    /// When the newest was.
    #[serde(serialize_with = "write_opt_time")]
    pub newest_at: Option<Timestamp>,
    /// Backups in the usual place, newest first.
    pub backups: Vec<BackupView>,
}

/// A backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupView {
    /// The file.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// When it was made.
    #[serde(serialize_with = "write_opt_time")]
    pub made_at: Option<Timestamp>,
}

/// Where a piece of long work stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OperationState {
    /// It goes on.
    Running,
    /// It is done.
    Done,
    /// It failed.
    Failed,
    /// Somebody had it given up.
    Cancelled,
    /// Something newer than this build.
    #[serde(other)]
    Unknown,
}

impl OperationState {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Unknown => "unknown",
        }
    }
}

/// A piece of long work that the daemon does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperationView {
    /// Its id: `op_` and a number, counted from the start of the daemon.
    pub id: String,
    /// What it does, such as `store.backup`.
    pub verb: String,
    /// Who asked for it.
    pub actor: String,
    /// Where it stands.
    pub state: OperationState,
    /// Steps done.
    pub done: u64,
    /// Steps in all, as far as known.
    pub total: u64,
    /// What a step is, such as `pages`.
    pub unit: String,
    /// When it began.
    #[serde(serialize_with = "write_time")]
    pub started_at: Timestamp,
    /// When it ended.
    #[serde(serialize_with = "write_opt_time")]
    pub finished_at: Option<Timestamp>,
    /// What came of it, a sentence.
    pub result: Option<String>,
    /// The file it made.
    #[serde(default)]
    pub path: Option<String>,
    /// Why it failed.
    pub error: Option<ApiError>,
}

/// Which final notifications to remove.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PruneRequest {
    /// Those that came to their end longer ago than this, seconds.
    pub older_than_seconds: u64,
    /// And have one of these statuses.
    pub statuses: Vec<crate::Status>,
    /// Refuse unless exactly so many would be removed.
    #[serde(default)]
    pub expect: Option<u64>,
}

/// A setting that a reload changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedSetting {
    /// Its name, such as `log.filter`.
    pub key: String,
    /// What it was, as JSON.
    pub from: String,
    /// What it is, as JSON.
    pub to: String,
}

/// What a reload did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReloadView {
    /// What is in force now.
    pub changed: Vec<ChangedSetting>,
    /// What is written in the configuration, but takes a restart.
    pub needs_restart: Vec<String>,
}
