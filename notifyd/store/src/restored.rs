//! A log that is older than what was sent: a backup that was put in its place, or a copy from elsewhere. Nobody knows what
//! was sent since, so nothing that had not come to its end is sent again by itself: it waits for an operator.

use crate::error::{Result, StoreError};
use crate::operations;
use notify_proto::Timestamp;
use notifyd_lifecycle::Transition;
use rusqlite::{Connection, OptionalExtension};

/// Holds everything that is not final, if this log is a restored one: it says itself that it is a copy, or a later run than
/// any it knows has used its directory. How many were held; none when it is the log it should be.
pub fn hold(connection: &mut Connection, last_run: i64, now: Timestamp) -> Result<Option<usize>> {
    let marked: Option<i64> = connection
        .query_row(include_str!("sql/mark_get.sql"), ["backup_at"], |row| row.get(0))
        .optional()
        .map_err(StoreError::Read)?;
    let known: i64 = connection
        .query_row(include_str!("sql/run_last.sql"), [], |row| row.get(0))
        .map_err(StoreError::Read)?;
    if marked.is_none() && last_run <= known {
        return Ok(None);
    }
    hold_all(connection, now).map(Some).map_err(StoreError::Write)
}

/// One transaction, so that a start that is interrupted finds the mark again.
fn hold_all(connection: &mut Connection, now: Timestamp) -> rusqlite::Result<usize> {
    let held = Transition::hold_restored();
    let transaction = connection.transaction()?;
    let at = now.timestamp_millis();
    transaction.execute(include_str!("sql/restored_attempts.sql"), [at])?;
    transaction.execute(
        include_str!("sql/restored_events.sql"),
        (at, held.event(), held.to().as_str(), held.reason()),
    )?;
    let count = transaction.execute(include_str!("sql/restored.sql"), [held.to().as_str()])?;
    // Nobody knows what of it was done since.
    operations::lost(&transaction, true, now)?;
    transaction.execute(include_str!("sql/mark_remove.sql"), ["backup_at"])?;
    transaction.commit()?;
    Ok(count)
}
