//! What is told about the log as a whole, and about work that takes long.

use crate::bulk::Refusal;
use crate::view::{write_opt_time, write_time};
use crate::{ApiError, Open, Status, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OperationView {
    /// Its id: `op_` and a number, which is given once.
    pub id: String,
    /// What it does, such as `store.backup`.
    pub verb: String,
    /// Who asked for it.
    pub actor: String,
    /// Why, in the words of who asked.
    #[serde(default)]
    pub reason: Option<String>,
    /// What it works on, in words.
    #[serde(default)]
    pub target: String,
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
    /// Bytes of that file, or bytes given back.
    #[serde(default)]
    pub bytes: Option<u64>,
    /// Notifications it removed.
    #[serde(default)]
    pub removed: Option<u64>,
    /// The filter of the notifications it changes.
    #[serde(default)]
    pub filter: Option<String>,
    /// What came later is not touched.
    #[serde(default, serialize_with = "write_opt_time")]
    pub cutoff: Option<Timestamp>,
    /// How many a second it changes at most.
    #[serde(default)]
    pub rate_per_second: Option<f64>,
    /// Notifications that did not allow it.
    #[serde(default)]
    pub refused: u64,
    /// The first of those.
    #[serde(default)]
    pub refusals: Vec<Refusal>,
    /// Why it failed.
    pub error: Option<ApiError>,
}

/// Which final notifications to remove.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PruneRequest {
    /// Those that came to their end before this. A moment and not an age, so that what was counted is what is removed.
    pub before: Timestamp,
    /// And have one of these statuses.
    pub statuses: Vec<Open<Status>>,
    /// Refuse unless exactly so many would be removed.
    #[serde(default)]
    pub expect: Option<u64>,
}

/// What is removed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PruneView {
    /// How many there are to be removed, by status.
    pub by_status: BTreeMap<String, u64>,
    /// The operation that removes them; none on a dry run, or when there are none.
    pub operation: Option<OperationView>,
}

/// What a reload did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReloadView {
    /// Settings that are different now.
    pub changed: Vec<ChangedSetting>,
    /// Keys that are different in the file and take a restart.
    pub needs_restart: Vec<String>,
}

/// A setting that is different now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedSetting {
    /// Its key, such as `delivery.workers`.
    pub key: String,
    /// Its value before, as it is written in the file.
    pub from: String,
    /// Its value now.
    pub to: String,
}

/// The settings in force.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ConfigView {
    /// The file they were read from; none where there is none.
    pub file: Option<String>,
    /// Each of them.
    pub settings: Vec<SettingView>,
}

/// One setting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SettingView {
    /// Its key, such as `delivery.workers`.
    pub key: String,
    /// Its value; `***` in place of a secret.
    pub value: Value,
    /// What it would be if nobody said anything.
    pub default: Value,
    /// Whether a reload changes it; others take a restart.
    pub live: bool,
}

/// What is logged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogFilterView {
    /// The filter in force.
    pub filter: String,
    /// The configured one, which is in force again afterwards.
    pub configured: String,
    /// Until when, if that is not the configured one.
    #[serde(serialize_with = "write_opt_time")]
    pub until: Option<Timestamp>,
}

/// A size for people, such as `12.3 MiB`.
#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
pub fn size(bytes: u64) -> String {
    let (mut value, mut unit) = (bytes as f64, "B");
    for larger in ["KiB", "MiB", "GiB", "TiB"] {
        // What would be rounded up to 1024 belongs to the next unit.
        if value < 1_023.95 {
            break;
        }
        (value, unit) = (value / 1_024.0, larger);
    }
    if unit == "B" { format!("{bytes} B") } else { format!("{value:.1} {unit}") }
}

/// A number for people: thousands apart.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_the_largest_unit_that_fits() {
        let sizes = [0, 1_023, 1_024, 1_048_575, 12_897_485, 1 << 31, u64::MAX].map(size);
        assert_eq!(sizes, ["0 B", "1023 B", "1.0 KiB", "1.0 MiB", "12.3 MiB", "2.0 GiB", "16777216.0 TiB"]);
    }

    #[test]
    fn thousands_are_apart() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn an_operation_of_a_newer_daemon_can_be_read() {
        let json = r#"{"id":"op_1","verb":"store.defragment","actor":"ada","state":"resting","done":0,"total":0,
            "unit":"pages","started_at":"2026-01-01T00:00:00Z","finished_at":null,"result":null,"error":null,"mood":1}"#;
        let view: OperationView = serde_json::from_str(json).unwrap();
        assert_eq!((view.state, view.bytes, view.refused), (OperationState::Unknown, None, 0));
    }
}
