//! What was told, for those who look.

use super::endpoint::Endpoints;
use crate::desk::Desk;
use crate::error::{Result, StoreError};
use crate::row::{millis, moment, word};
use hdrhistogram::Histogram;
use notify_proto::webhook::{DeliveryDetail, DeliveryView, TryView, WebhookStats};
use notify_proto::{DeliveryId, NotificationId, Open, Timestamp, WebhookEvent, WebhookId, WebhookStatus};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};

/// Deliveries of webhooks that are gone, and old tests, removed by one pass of the sweep at most.
const SWEEP: i64 = 500;

/// How long a test is kept, milliseconds: 30 days, as what is told of notifications is by default.
const TESTS_KEPT_MS: i64 = 30 * 86_400_000;

/// Deliveries whose times are looked at for statistics, at most.
const MAX_TIMES: i64 = 100_000;

/// Longest time from owed to taken that is told apart from longer ones, milliseconds: two days.
const LONGEST_MS: u64 = 2 * 86_400_000;

/// Which deliveries of a webhook.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// Those that stand there; any when there is none.
    pub status: Vec<WebhookStatus>,
    /// Those of these events; any when there is none.
    pub events: Vec<WebhookEvent>,
    /// Owed at this moment or later.
    pub since: Option<Timestamp>,
    /// Owed before.
    pub until: Option<Timestamp>,
    /// How many are passed over.
    pub skip: u64,
    /// How many at most.
    pub limit: u64,
}

/// A condition in SQL, and its values.
pub(crate) struct Wanted {
    pub text: String,
    pub values: Vec<Value>,
}

impl Page {
    pub(crate) fn wanted(&self, no: i64) -> Wanted {
        let mut text = String::from("d.webhook = ?");
        let mut values = vec![Value::from(no)];
        let mut one_of = |column: &str, words: Vec<&'static str>| {
            if !words.is_empty() {
                let marks = vec!["?"; words.len()].join(", ");
                text.extend([" AND d.", column, " IN (", &marks, ")"]);
                values.extend(words.into_iter().map(|word| Value::from(word.to_owned())));
            }
        };
        one_of("status", self.status.iter().map(|it| it.as_str()).collect());
        one_of("event", self.events.iter().map(|it| it.as_str()).collect());
        for (condition, at) in [("d.created_at >= ?", self.since), ("d.created_at < ?", self.until)] {
            if let Some(at) = at {
                text.push_str(" AND ");
                text.push_str(condition);
                values.push(Value::from(millis(at)));
            }
        }
        Wanted { text, values }
    }
}

/// What [`view`] reads.
const COLUMNS: &str = "d.id, d.webhook, n.id, d.event, d.status, d.tries, d.last_at, d.due_at, d.acked_at, d.code, t.body, \
    d.error, d.created_at, d.no, t.duration_ms";

const FROM: &str = "FROM deliveries d LEFT JOIN notifications n ON n.seq = d.seq \
    LEFT JOIN tries t ON t.delivery = d.no AND t.number = d.tries";

fn view(row: &Row<'_>, endpoints: &Endpoints) -> rusqlite::Result<DeliveryView> {
    let time = |column: usize| row.get::<_, Option<i64>>(column).map(|at| at.map(moment));
    let webhook = endpoints.get(row.get(1)?).map(|it| it.id);
    Ok(DeliveryView {
        id: DeliveryId::from_bytes(row.get(0)?),
        webhook_id: webhook.unwrap_or(WebhookId::from_bytes([0; 16])),
        notification_id: row.get::<_, Option<[u8; 16]>>(2)?.map(NotificationId::from_bytes),
        event: Open::Known(word(row, 3)?),
        status: Open::Known(word(row, 4)?),
        attempt_count: row.get(5)?,
        last_attempt_at: time(6)?,
        next_attempt_at: time(7)?,
        acknowledged_at: time(8)?,
        duration_ms: row.get(14)?,
        response_status_code: row.get(9)?,
        response_body: row.get(10)?,
        error_message: row.get(11)?,
        created_at: moment(row.get(12)?),
    })
}

/// Those of one webhook, newest first.
pub fn deliveries(
    connection: &Connection,
    endpoints: &Endpoints,
    no: i64,
    page: &Page,
) -> Result<Vec<DeliveryView>> {
    let Wanted { text, mut values } = page.wanted(no);
    let sql = format!("SELECT {COLUMNS} {FROM} WHERE {text} ORDER BY d.no DESC LIMIT ? OFFSET ?");
    let bound = |number: u64| Value::from(i64::try_from(number).unwrap_or(i64::MAX));
    values.extend([bound(page.limit), bound(page.skip)]);
    all(connection, &sql, values, endpoints)
}

/// Those of one notification, oldest first.
pub fn of_notification(
    connection: &Connection,
    endpoints: &Endpoints,
    id: NotificationId,
) -> Result<Vec<DeliveryView>> {
    let sql = format!(
        "SELECT {COLUMNS} {FROM} WHERE d.seq = (SELECT seq FROM notifications WHERE id = ?) ORDER BY d.no"
    );
    let mut found = all(connection, &sql, vec![Value::from(id.as_bytes().to_vec())], endpoints)?;
    found.retain(|it| endpoints.find(it.webhook_id).is_some());
    Ok(found)
}

fn all(
    connection: &Connection,
    sql: &str,
    values: Vec<Value>,
    endpoints: &Endpoints,
) -> Result<Vec<DeliveryView>> {
    let mut query = connection.prepare_cached(sql).map_err(StoreError::Read)?;
    let rows =
        query.query_map(params_from_iter(values), |row| view(row, endpoints)).map_err(StoreError::Read)?;
    rows.collect::<rusqlite::Result<_>>().map_err(StoreError::Read)
}

/// How many of one webhook's match.
pub fn count(connection: &Connection, no: i64, page: &Page) -> Result<u64> {
    let Wanted { text, values } = page.wanted(no);
    connection
        .prepare_cached(&format!("SELECT count(*) FROM deliveries d WHERE {text}"))
        .and_then(|mut query| query.query_row(params_from_iter(values), |row| row.get(0)))
        .map_err(StoreError::Read)
}

/// One with its tries; none when its webhook is gone.
pub fn delivery(
    connection: &Connection,
    endpoints: &Endpoints,
    id: DeliveryId,
) -> Result<Option<DeliveryDetail>> {
    let found = connection
        .prepare_cached(&format!("SELECT {COLUMNS} {FROM} WHERE d.id = ?"))
        .and_then(|mut query| {
            query
                .query_row([id.as_bytes()], |row| Ok((row.get::<_, i64>(13)?, view(row, endpoints)?)))
                .optional()
        })
        .map_err(StoreError::Read)?;
    let Some((no, delivery)) = found.filter(|(_, it)| endpoints.find(it.webhook_id).is_some()) else {
        return Ok(None);
    };
    let mut query = connection.prepare_cached(include_str!("../sql/tries.sql")).map_err(StoreError::Read)?;
    let rows = query
        .query_map([no], |row| {
            Ok(TryView {
                number: row.get(0)?,
                at: moment(row.get(1)?),
                duration_ms: row.get(2)?,
                response_status_code: row.get(3)?,
                error_message: row.get(4)?,
                response_body: row.get(5)?,
            })
        })
        .map_err(StoreError::Read)?;
    let attempts = rows.collect::<rusqlite::Result<_>>().map_err(StoreError::Read)?;
    Ok(Some(DeliveryDetail { delivery, attempts }))
}

/// How one webhook has done since then.
pub fn stats(connection: &Connection, no: i64, since: Timestamp) -> Result<WebhookStats> {
    let mut stats = WebhookStats::default();
    let mut query =
        connection.prepare_cached(include_str!("../sql/delivery_stats.sql")).map_err(StoreError::Read)?;
    let mut rows = query.query((no, millis(since))).map_err(StoreError::Read)?;
    while let Some(row) = rows.next().map_err(StoreError::Read)? {
        let mut read = || -> rusqlite::Result<()> {
            let count: u64 = row.get(2)?;
            let status: String = row.get(0)?;
            let last = match word(row, 0)? {
                WebhookStatus::Acknowledged => Some(&mut stats.last_ack_at),
                WebhookStatus::Retrying | WebhookStatus::Failed => Some(&mut stats.last_nack_at),
                WebhookStatus::Pending => None,
            };
            if let Some(last) = last {
                *last = (*last).max(row.get::<_, Option<i64>>(4)?.map(moment));
            }
            let event = stats.by_event.entry(row.get(3)?).or_default();
            *event.entry(status.clone()).or_default() += count;
            *stats.by_status.entry(status).or_default() += count;
            if let Some(code) = row.get::<_, Option<u16>>(1)? {
                *stats.by_code.entry(code.to_string()).or_default() += count;
            }
            Ok(())
        };
        read().map_err(StoreError::Read)?;
    }
    let (owed, oldest): (u64, Option<i64>) = connection
        .prepare_cached(include_str!("../sql/delivery_owed_of.sql"))
        .and_then(|mut query| query.query_row([no], |row| Ok((row.get(0)?, row.get(1)?))))
        .map_err(StoreError::Read)?;
    (stats.owed, stats.oldest) = (owed, oldest.map(moment));
    // Three digits are enough for people.
    let Ok(mut times) = Histogram::<u64>::new_with_max(LONGEST_MS, 3) else { return Ok(stats) };
    let mut query =
        connection.prepare_cached(include_str!("../sql/delivery_times.sql")).map_err(StoreError::Read)?;
    let mut rows = query.query((no, millis(since), MAX_TIMES)).map_err(StoreError::Read)?;
    while let Some(row) = rows.next().map_err(StoreError::Read)? {
        let taken: i64 = row.get(0).map_err(StoreError::Read)?;
        times.saturating_record(u64::try_from(taken).unwrap_or_default());
    }
    let at = |quantile: f64| (!times.is_empty()).then(|| times.value_at_quantile(quantile));
    (stats.ack_p50_ms, stats.ack_p99_ms) = (at(0.5), at(0.99));
    Ok(stats)
}

/// Removes what was told of a notification, with it.
pub(crate) fn forget(desk: &mut Desk<'_>, seq: i64) -> Result<()> {
    let found = {
        let mut query = desk.prepare(include_str!("../sql/sweep_told.sql"))?;
        let rows = query
            .query_map([seq], |row| Ok((row.get(0)?, row.get(1)?, word(row, 2)?, row.get(3)?)))
            .map_err(StoreError::Write)?;
        rows.collect::<rusqlite::Result<Vec<(i64, i64, WebhookStatus, bool)>>>().map_err(StoreError::Write)?
    };
    for (no, webhook, status, known) in found {
        remove(desk, no)?;
        if known {
            desk.told(webhook, Some(status), None);
        }
    }
    Ok(())
}

fn remove(desk: &Desk<'_>, no: i64) -> Result<()> {
    for sql in [include_str!("../sql/sweep_tries.sql"), include_str!("../sql/sweep_delivery.sql")] {
        desk.prepare(sql)?.execute([no]).map_err(StoreError::Write)?;
    }
    Ok(())
}

/// Removes what is left of webhooks that are gone, and old tests.
pub(crate) fn sweep(desk: &mut Desk<'_>, now: Timestamp) -> Result<()> {
    let old = millis(now).saturating_sub(TESTS_KEPT_MS);
    let find = |sql: &str, value: i64| -> Result<Vec<i64>> {
        let mut query = desk.prepare(sql)?;
        let rows = query.query_map((value, SWEEP), |row| row.get(0)).map_err(StoreError::Write)?;
        rows.collect::<rusqlite::Result<_>>().map_err(StoreError::Write)
    };
    let mut gone = find(include_str!("../sql/sweep_tests.sql"), old)?;
    let removed: Option<i64> = desk
        .prepare(include_str!("../sql/removed_webhook.sql"))?
        .query_row([], |row| row.get(0))
        .optional()
        .map_err(StoreError::Write)?;
    if let Some(no) = removed {
        let of = find(include_str!("../sql/sweep_deliveries.sql"), no)?;
        if of.is_empty() {
            desk.prepare(include_str!("../sql/removed_webhook_done.sql"))?
                .execute([no])
                .map_err(StoreError::Write)?;
        }
        gone.extend(of);
    }
    gone.into_iter().try_for_each(|no| remove(desk, no))
}
