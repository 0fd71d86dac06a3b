//! Between rows and values.

use crate::api::Job;
use notify_proto::{Channel, NotificationId, Priority, Status, Timestamp};
use notifyd_lifecycle::clock::{from_millis, to_millis};
use notifyd_lifecycle::decide::Progress;
use notifyd_lifecycle::order::Group;
use notifyd_lifecycle::{Message, Plan};
use rusqlite::Row;
use rusqlite::types::Type;
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// A moment as stored.
pub const fn millis(at: Timestamp) -> i64 {
    to_millis(at)
}

/// A stored moment.
pub fn moment(ms: i64) -> Timestamp {
    from_millis(ms)
}

/// What `messages.body` holds, to be written.
#[derive(Serialize)]
pub struct Body<'a> {
    /// How.
    pub plan: &'a Plan,
    /// What.
    pub message: &'a Message,
}

/// What `messages.body` holds, as read.
#[derive(Deserialize)]
pub struct StoredBody {
    /// How.
    pub plan: Plan,
    /// What.
    pub message: Message,
}

/// A word of a vocabulary.
pub fn word<T>(row: &Row<'_>, column: usize) -> rusqlite::Result<T>
where
    T: FromStr,
    T::Err: std::error::Error + Send + Sync + 'static,
{
    let text = row.get_ref(column)?.as_str()?;
    text.parse()
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error)))
}

/// The same, where it may be absent.
pub fn opt_word<T>(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<T>>
where
    T: FromStr,
    T::Err: std::error::Error + Send + Sync + 'static,
{
    if row.get_ref(column)? == rusqlite::types::ValueRef::Null {
        Ok(None)
    } else {
        word(row, column).map(Some)
    }
}

/// A status.
pub fn status(row: &Row<'_>, column: usize) -> rusqlite::Result<Status> {
    word(row, column)
}

/// A channel.
pub fn channel(row: &Row<'_>, column: usize) -> rusqlite::Result<Channel> {
    word(row, column)
}

/// A priority, stored as its rank.
pub fn priority(row: &Row<'_>, column: usize) -> rusqlite::Result<Priority> {
    let rank: usize = row.get(column)?;
    Priority::ALL
        .get(rank)
        .copied()
        .ok_or(rusqlite::Error::IntegralValueOutOfRange(column, i64::try_from(rank).unwrap_or(i64::MAX)))
}

/// Stored JSON.
pub fn json<T: for<'de> Deserialize<'de>>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text = row.get_ref(column)?.as_str()?;
    serde_json::from_str(text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error)))
}

/// Progress is stored only when there is some.
pub fn progress(row: &Row<'_>, column: usize) -> rusqlite::Result<Progress> {
    if row.get_ref(column)? == rusqlite::types::ValueRef::Null {
        Ok(Progress::default())
    } else {
        json(row, column)
    }
}

/// The stored form of progress.
pub fn progress_text(progress: &Progress) -> Option<String> {
    // Progress is plain data that always serialises; were it not so, a fresh cycle is the safe reading.
    if *progress == Progress::default() { None } else { serde_json::to_string(progress).ok() }
}

/// A job from the columns `seq, id, service, priority, retried, created_at, expires_at, fence, attempts, retry_count,
/// progress, body, queued_at`; whether it is held, none of them tells.
pub fn job(row: &Row<'_>) -> rusqlite::Result<Job> {
    let body: StoredBody = json(row, 11)?;
    Ok(Job {
        seq: row.get(0)?,
        id: NotificationId::from_bytes(row.get(1)?),
        group: Group { service: row.get(2)?, priority: priority(row, 3)?, retried: row.get(4)? },
        created_at: moment(row.get(5)?),
        queued_at: moment(row.get(12)?),
        expires_at: row.get::<_, Option<i64>>(6)?.map(moment),
        fence: row.get(7)?,
        attempts: row.get(8)?,
        retry_count: row.get(9)?,
        progress: progress(row, 10)?,
        bytes: row.get_ref(11)?.as_str()?.len(),
        plan: body.plan,
        message: body.message,
        held: false,
    })
}
