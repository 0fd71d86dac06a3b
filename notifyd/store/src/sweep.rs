//! Removes what is past its retention, in batches that hold the writer for a few milliseconds.

use crate::api::Swept;
use crate::desk::Desk;
use crate::error::{Result, StoreError};
use crate::row::{millis, status};
use notify_proto::{Status, Timestamp};
use std::time::Duration;

/// How long final notifications are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Delivered ones.
    pub delivered: Duration,
    /// Dead letters.
    pub failed: Duration,
    /// Revoked ones.
    pub cancelled: Duration,
}

impl Default for Retention {
    /// 30 days each (delivery contract, "Durability" 5).
    fn default() -> Self {
        let month = Duration::from_secs(30 * 86_400);
        Self { delivered: month, failed: month, cancelled: month }
    }
}

/// Notifications looked at per pass. Removing one takes about 20 µs, so a pass stays far below 50 ms.
const BATCH: i64 = 500;

/// One pass. `cursor` is where the pass before ended; it starts over when it has seen everything.
pub fn sweep(
    desk: &mut Desk<'_>,
    retention: &Retention,
    now: Timestamp,
    cursor: i64,
) -> Result<(Swept, i64)> {
    let until =
        |keep: Duration| millis(now).saturating_sub(i64::try_from(keep.as_millis()).unwrap_or(i64::MAX));
    let oldest = [retention.delivered, retention.failed, retention.cancelled].map(until);
    let newest_allowed = oldest.iter().copied().max().unwrap_or(0);
    let mut old: Vec<(i64, Status)> = Vec::new();
    let mut last = cursor;
    let mut looked = 0;
    {
        let mut query = desk.prepare(include_str!("sql/sweep_look.sql"))?;
        let mut rows = query.query((cursor, BATCH)).map_err(StoreError::Write)?;
        while let Some(row) = rows.next().map_err(StoreError::Write)? {
            let created: i64 = row.get(3).map_err(StoreError::Write)?;
            if created >= newest_allowed {
                // In the order of acceptance, so nothing behind it is older.
                break;
            }
            looked += 1;
            last = row.get(0).map_err(StoreError::Write)?;
            let status = status(row, 1).map_err(StoreError::Write)?;
            let finished: Option<i64> = row.get(2).map_err(StoreError::Write)?;
            let limit = match status {
                Status::Delivered => oldest[0],
                Status::Failed => oldest[1],
                Status::Cancelled => oldest[2],
                _ => continue,
            };
            if finished.is_some_and(|at| at < limit) {
                old.push((last, status));
            }
        }
    }
    for (seq, status) in &old {
        for sql in [
            include_str!("sql/sweep_attempts.sql"),
            include_str!("sql/sweep_events.sql"),
            include_str!("sql/sweep_message.sql"),
            include_str!("sql/sweep_notification.sql"),
        ] {
            desk.prepare(sql)?.execute([seq]).map_err(StoreError::Write)?;
        }
        desk.removed(*status, 1);
    }
    let day = millis(now).saturating_sub(crate::accept::IDEMPOTENCY_MS);
    let mut more = looked == BATCH;
    let next = if more { last } else { 0 };
    for sql in [include_str!("sql/sweep_dedup.sql"), include_str!("sql/sweep_idempotency.sql")] {
        let removed = desk.prepare(sql)?.execute((day, BATCH)).map_err(StoreError::Write)?;
        more |= i64::try_from(removed).is_ok_and(|removed| removed == BATCH);
    }
    desk.sweep_indexes(BATCH).map_err(StoreError::Write)?;
    Ok((Swept { notifications: old.len(), more }, next))
}
