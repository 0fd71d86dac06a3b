//! How much of what the webhooks of a service were told they took: counted row by row, newest first, up to a bound.

use crate::error::{Result, StoreError};
use crate::row::millis;
use crate::stats::latency;
use hdrhistogram::Histogram;
use notify_proto::view::Acks;
use notify_proto::{Timestamp, WebhookStatus};
use rusqlite::{Connection, ErrorCode};

/// Events looked at, over all webhooks.
pub const MAX_SCAN: usize = 100_000;

/// Events are numbered as they are written, which is the order of their times but for those that waited to be written and
/// for a clock that was set: one that is so much older than what is asked for ends the look. Milliseconds.
const SLACK_MS: i64 = 3_600_000;

/// Longest time from owed to taken that is told apart from longer ones, milliseconds: two days.
const LONGEST_MS: u64 = 2 * 86_400_000;

/// Counts what was owed to these webhooks since then, of one tenant or of all.
pub fn acks(
    connection: &Connection,
    webhooks: &[i64],
    tenant_id: Option<&str>,
    since: Timestamp,
) -> Result<Acks> {
    let times = Histogram::new_with_bounds(1, LONGEST_MS, 2)
        .map_err(|error| StoreError::Corrupt(error.to_string()))?;
    let mut count = Count { acks: Acks::default(), times };
    let mut left = MAX_SCAN;
    for (before, webhook) in webhooks.iter().enumerate() {
        // What those before it did not need is shared by it and those that follow.
        let share = (left / (webhooks.len() - before)).max(1);
        match count.look(connection, *webhook, share, tenant_id, since) {
            Ok(seen) => left = left.saturating_sub(seen),
            // No time is left: what was counted until then is the newest.
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => {
                count.acks.partial = true;
                break;
            }
            Err(error) => return Err(StoreError::Read(error)),
        }
    }
    let Count { mut acks, times } = count;
    let of = |status: WebhookStatus| acks.by_status.get(status.as_str()).copied().unwrap_or_default();
    let (taken, failed) = (of(WebhookStatus::Acknowledged), of(WebhookStatus::Failed));
    #[expect(clippy::cast_precision_loss, reason = "at most as many as are looked at")]
    let rate = taken as f64 / (taken + failed) as f64;
    acks.ack_rate = (taken + failed > 0).then_some(rate);
    acks.ack_ms = latency(&times);
    Ok(acks)
}

/// What was counted so far.
struct Count {
    acks: Acks,
    times: Histogram<u64>,
}

impl Count {
    /// Counts what one webhook was told, at most so many; how many were looked at.
    fn look(
        &mut self,
        connection: &Connection,
        webhook: i64,
        most: usize,
        tenant_id: Option<&str>,
        since: Timestamp,
    ) -> rusqlite::Result<usize> {
        let from = millis(since);
        let mut query = connection.prepare_cached(include_str!("../sql/delivery_acks.sql"))?;
        let mut rows = query.query((webhook, most + 1, from, tenant_id))?;
        let mut seen = 0;
        while let Some(row) = rows.next()? {
            if row.get::<_, i64>(0)? < from.saturating_sub(SLACK_MS) {
                break;
            }
            if seen == most {
                self.acks.partial = true;
                break;
            }
            seen += 1;
            if !row.get::<_, bool>(3)? {
                continue;
            }
            self.acks.total += 1;
            *self.acks.by_status.entry(row.get(1)?).or_default() += 1;
            if let Some(took) = row.get::<_, Option<i64>>(2)? {
                self.times.saturating_record(u64::try_from(took).unwrap_or_default());
            }
        }
        Ok(seen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A log in which so many events were owed to each webhook, one a millisecond, and taken after ten.
    fn log(events: &[(i64, u32)]) -> Connection {
        let log = Connection::open_in_memory().unwrap();
        log.execute_batch(include_str!("../../migrations/0008_webhooks.sql")).unwrap();
        log.execute_batch("CREATE TABLE messages (seq INTEGER PRIMARY KEY, body TEXT)").unwrap();
        let mut owe = log
            .prepare(
                "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2) \
                 INSERT INTO deliveries (id, webhook, n, event, status, attempt, retries, created_at, since, acked_at) \
                 SELECT randomblob(16), ?1, 1, 'created', 'acknowledged', 0, 0, i, i, i + 10 FROM n",
            )
            .unwrap();
        for (webhook, count) in events {
            owe.execute((webhook, count)).unwrap();
        }
        drop(owe);
        log
    }

    #[test]
    fn there_is_a_bound_and_who_needs_less_leaves_it_to_others() {
        let most = u32::try_from(MAX_SCAN).unwrap();
        let count = |events: &[(i64, u32)]| {
            let webhooks: Vec<_> = events.iter().map(|(webhook, _)| *webhook).collect();
            let acks = acks(&log(events), &webhooks, None, Timestamp::UNIX_EPOCH).unwrap();
            assert_eq!((acks.ack_rate, acks.ack_ms.p99), (Some(1.0), Some(10)));
            (acks.total, acks.partial)
        };
        assert_eq!(count(&[(1, most)]), (most.into(), false));
        assert_eq!(count(&[(1, most + 1)]), (most.into(), true));
        assert_eq!(count(&[(1, 10), (2, most - 10)]), (most.into(), false));
        assert_eq!(count(&[(1, 10), (2, most)]), (most.into(), true));
        assert_eq!(count(&[(1, most), (2, 10)]), (u64::from(most) / 2 + 10, true), "each has its share");
    }
}
