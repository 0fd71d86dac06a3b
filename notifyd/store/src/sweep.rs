//! Removes what is past its retention, in batches that hold the writer for a few milliseconds.

use crate::api::Swept;
use crate::desk::Desk;
use crate::error::{Result, StoreError};
use crate::row::{millis, status};
use notify_proto::{Status, Timestamp};
use rusqlite::Statement;
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

/// What came to its end before these moments is removed, milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    delivered: i64,
    failed: i64,
    cancelled: i64,
}

impl Limits {
    /// Of a retention, now.
    pub fn of(retention: &Retention, now: Timestamp) -> Self {
        let until =
            |keep: Duration| millis(now).saturating_sub(i64::try_from(keep.as_millis()).unwrap_or(i64::MAX));
        Self {
            delivered: until(retention.delivered),
            failed: until(retention.failed),
            cancelled: until(retention.cancelled),
        }
    }

    fn of_status(&self, status: Status) -> Option<i64> {
        match status {
            Status::Delivered => Some(self.delivered),
            Status::Failed => Some(self.failed),
            Status::Cancelled => Some(self.cancelled),
            _ => None,
        }
    }

    fn latest(&self) -> i64 {
        self.delivered.max(self.failed).max(self.cancelled)
    }
}

/// What one look found.
pub struct Looked {
    /// The numbers of what is past its limit.
    pub old: Vec<(i64, Status)>,
    /// Where the next look begins; none when there is nothing behind it.
    pub next: Option<i64>,
}

/// The statement of [`look`].
pub const LOOK: &str = include_str!("sql/sweep_look.sql");

/// Looks at the next `batch` notifications behind `cursor`.
pub fn look(query: &mut Statement<'_>, limits: &Limits, cursor: i64, batch: i64) -> rusqlite::Result<Looked> {
    let mut rows = query.query((cursor, batch))?;
    let (mut old, mut last, mut looked) = (Vec::new(), cursor, 0);
    while let Some(row) = rows.next()? {
        let created: i64 = row.get(3)?;
        if created >= limits.latest() {
            // In the order of acceptance, so nothing behind it is older.
            break;
        }
        looked += 1;
        last = row.get(0)?;
        let status = status(row, 1)?;
        let finished: Option<i64> = row.get(2)?;
        if limits.of_status(status).zip(finished).is_some_and(|(limit, at)| at < limit) {
            old.push((last, status));
        }
    }
    Ok(Looked { old, next: (looked == batch).then_some(last) })
}

/// One pass. `cursor` is where the pass before ended; it starts over when it has seen everything.
pub fn sweep(
    desk: &mut Desk<'_>,
    retention: &Retention,
    now: Timestamp,
    cursor: i64,
) -> Result<(Swept, i64)> {
    let limits = Limits::of(retention, now);
    let Looked { old, next } =
        look(&mut *desk.prepare(LOOK)?, &limits, cursor, BATCH).map_err(StoreError::Write)?;
    for (seq, status) in &old {
        forget(desk, *seq, *status)?;
    }
    let day = millis(now).saturating_sub(crate::accept::IDEMPOTENCY_MS);
    let mut more = next.is_some();
    for sql in [
        include_str!("sql/sweep_dedup.sql"),
        include_str!("sql/sweep_idempotency.sql"),
        include_str!("sql/sweep_change_keys.sql"),
    ] {
        let removed = desk.prepare(sql)?.execute((day, BATCH)).map_err(StoreError::Write)?;
        more |= i64::try_from(removed).is_ok_and(|removed| removed == BATCH);
    }
    desk.sweep_indexes(BATCH).map_err(StoreError::Write)?;
    Ok((Swept { notifications: old.len(), more }, next.unwrap_or(0)))
}

/// Removes one with all that belongs to it.
pub fn forget(desk: &mut Desk<'_>, seq: i64, status: Status) -> Result<()> {
    for sql in [
        include_str!("sql/sweep_attempts.sql"),
        include_str!("sql/sweep_events.sql"),
        include_str!("sql/sweep_message.sql"),
        include_str!("sql/sweep_notification.sql"),
    ] {
        desk.prepare(sql)?.execute([seq]).map_err(StoreError::Write)?;
    }
    crate::webhooks::forget(desk, seq)?;
    desk.removed(status, 1);
    Ok(())
}
