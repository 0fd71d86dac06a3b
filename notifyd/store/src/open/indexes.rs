//! What the writer knows by heart, read back at start.

use crate::accept::{DEDUP, IDEMPOTENCY, IDEMPOTENCY_MS, idempotency_fingerprint};
use crate::error::{Result, StoreError};
use crate::key_index::KeyIndex;
use notify_proto::Timestamp;
use rusqlite::Connection;

/// The next number of a notification, above every one that was ever remembered.
pub fn next_seq(connection: &Connection) -> Result<i64> {
    connection.query_row(include_str!("../sql/next_seq.sql"), [], |row| row.get(0)).map_err(StoreError::Read)
}

/// Refills both indexes.
pub fn indexes(connection: &Connection, now: Timestamp) -> Result<(KeyIndex, KeyIndex)> {
    let any =
        |sql: &str| connection.query_row(sql, [], |row| row.get::<_, bool>(0)).map_err(StoreError::Read);
    let since = now.timestamp_millis() - IDEMPOTENCY_MS;
    let mut dedup = KeyIndex::new(DEDUP, any(include_str!("../sql/dedup_spilled.sql"))?);
    let mut query = connection.prepare(include_str!("../sql/dedup_restore.sql")).map_err(StoreError::Read)?;
    let mut rows = query.query([since]).map_err(StoreError::Read)?;
    while let Some(row) = rows.next().map_err(StoreError::Read)? {
        let entries = row.get_ref(0).map_err(StoreError::Read)?;
        dedup.restore_log(entries.as_blob().map_err(|error| StoreError::Corrupt(error.to_string()))?);
    }
    let mut idempotency = KeyIndex::new(IDEMPOTENCY, any(include_str!("../sql/idempotency_spilled.sql"))?);
    let mut query =
        connection.prepare(include_str!("../sql/idempotency_restore.sql")).map_err(StoreError::Read)?;
    let mut rows = query.query([since]).map_err(StoreError::Read)?;
    while let Some(row) = rows.next().map_err(StoreError::Read)? {
        let read = || -> rusqlite::Result<(i64, i64, String)> { Ok((row.get(0)?, row.get(1)?, row.get(2)?)) };
        let (no, service, key) = read().map_err(StoreError::Read)?;
        idempotency.restore(idempotency_fingerprint(service, &key), no);
    }
    Ok((dedup, idempotency))
}
