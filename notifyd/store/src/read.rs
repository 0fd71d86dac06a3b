//! Reads one notification with its attempts and its story.

use crate::api::{Job, Scope};
use crate::directory::Directory;
use crate::error::{Result, StoreError};
use crate::row::{StoredBody, channel, json, moment, opt_word, priority, status, word};
use notify_proto::view::{AttemptView, EventView, NotificationDetail, NotificationView};
use notify_proto::{Channel, NotificationId, Open, Status, Timestamp};
use notifyd_lifecycle::dedup::DedupKey;
use rusqlite::{Connection, OptionalExtension, Row};

/// The columns every view of a notification is made of; [`view`] reads them in this order.
pub const COLUMNS: &str = "n.seq, n.id, n.service, n.status, n.priority, n.channel, n.created_at, n.scheduled_at, n.due_at, \
    n.expires_at, n.retry_count, n.max_retries, n.channel_used, n.provider, n.external_id, n.delivery_proof, \
    n.finished_at, n.failure_reason, n.error, n.simulated, n.possible_duplicate, m.body";

/// Bytes of the stored form of a row of [`COLUMNS`].
pub fn stored_bytes(row: &Row<'_>) -> usize {
    row.get_ref(BODY).ok().and_then(|body| body.as_str().ok()).map_or(0, str::len)
}

/// Where [`COLUMNS`] has the body.
const BODY: usize = 21;

/// One notification, its attempts, its events.
pub fn notification(
    connection: &Connection,
    directory: &Directory,
    scope: Scope,
    id: NotificationId,
) -> Result<Option<NotificationDetail>> {
    // One moment for all of it: its story must not be a step ahead of it.
    let connection = connection.unchecked_transaction().map_err(StoreError::Read)?;
    let sql =
        format!("SELECT {COLUMNS} FROM notifications n JOIN messages m ON m.seq = n.seq WHERE n.id = ?1");
    let found = connection
        .prepare_cached(&sql)
        .and_then(|mut query| {
            query
                .query_row([id.as_bytes()], |row| Ok((row.get::<_, i64>(0)?, view(row, directory)?)))
                .optional()
        })
        .map_err(StoreError::Read)?;
    let Some((seq, notification)) = found else { return Ok(None) };
    if let Scope::Service(no) = scope
        && directory.service_no(no).is_none_or(|service| service.id != notification.service_id)
    {
        return Ok(None);
    }
    let attempts = attempts(&connection, directory, seq, id).map_err(StoreError::Read)?;
    let events = events(&connection, seq).map_err(StoreError::Read)?;
    Ok(Some(NotificationDetail { notification, attempts, events, retry_delays: Vec::new() }))
}

/// One notification as the engine works with it.
pub fn job(connection: &Connection, id: NotificationId) -> Result<Option<Job>> {
    connection
        .prepare_cached(include_str!("sql/job.sql"))
        .and_then(|mut query| query.query_row([id.as_bytes()], crate::row::job).optional())
        .map_err(StoreError::Read)
}

/// What equal requests to a notification are known by.
pub fn dedup_key(connection: &Connection, id: NotificationId) -> Result<Option<DedupKey>> {
    let found: Option<Option<[u8; 16]>> = connection
        .prepare_cached(include_str!("sql/dedup_key.sql"))
        .and_then(|mut query| query.query_row([id.as_bytes()], |row| row.get(0)).optional())
        .map_err(StoreError::Read)?;
    Ok(found.flatten().map(DedupKey))
}

/// A view from [`COLUMNS`].
pub fn view(row: &Row<'_>, directory: &Directory) -> rusqlite::Result<NotificationView> {
    let StoredBody { plan, message } = json(row, BODY)?;
    let service = directory.whose(row.get(2)?);
    let status: Status = status(row, 3)?;
    let provider_no: Option<i64> = row.get(13)?;
    let provider = match provider_no {
        Some(no) => directory.known_no(no),
        None => plan.pinned.and_then(|id| directory.known_id(id)),
    };
    let finished: Option<Timestamp> = row.get::<_, Option<i64>>(16)?.map(moment);
    let when = |wanted: Status| finished.filter(|_| status == wanted);
    let retry_count: u32 = row.get(10)?;
    let max_retries: u32 = row.get(11)?;
    Ok(NotificationView {
        id: NotificationId::from_bytes(row.get(1)?),
        service_id: service.map_or(notify_proto::ServiceId::from_bytes([0; 16]), |(id, _)| id),
        service_name: service.map(|(_, name)| name.to_owned()).unwrap_or_default(),
        channel: Open::Known(channel(row, 5)?),
        channels: plan.channels.iter().copied().map(Open::Known).collect(),
        channel_used: opt_word::<Channel>(row, 12)?.map(Open::Known),
        status: status.into(),
        delivery_proof: opt_word(row, 15)?.map(Open::Known),
        recipient: message.recipient,
        subject: message.subject,
        content: message.content,
        priority: Open::Known(priority(row, 4)?),
        provider_id: provider.map(|provider| provider.id),
        provider_name: provider.map(|provider| provider.name.clone()),
        external_id: row.get(14)?,
        retry_count,
        delays_left_seconds: if status == Status::Retrying {
            plan.retry.left(retry_count)
        } else {
            Vec::new()
        },
        retries_left: max_retries.saturating_sub(retry_count),
        max_retries,
        created_at: moment(row.get(6)?),
        scheduled_at: row.get::<_, Option<i64>>(7)?.map(moment),
        next_attempt_at: row.get::<_, Option<i64>>(8)?.map(moment),
        delivered_at: when(Status::Delivered),
        failed_at: when(Status::Failed),
        cancelled_at: when(Status::Cancelled),
        expires_at: row.get::<_, Option<i64>>(9)?.map(moment),
        error_message: row.get(18)?,
        failure_reason: opt_word(row, 17)?.map(Open::Known),
        simulated: row.get(19)?,
        possible_duplicate: row.get(20)?,
        dedup_key: message.dedup_key,
        tenant_id: message.tenant_id,
        event_type: message.event_type,
        batch_id: None,
        correlation_id: message.correlation_id,
        meta_data: message.meta_data,
    })
}

fn attempts(
    connection: &Connection,
    directory: &Directory,
    seq: i64,
    id: NotificationId,
) -> rusqlite::Result<Vec<AttemptView>> {
    let mut query = connection.prepare_cached(include_str!("sql/attempts.sql"))?;
    let rows = query.query_map([seq], |row| {
        let number: u32 = row.get(0)?;
        let no: Option<i64> = row.get(2)?;
        let provider = no.and_then(|no| directory.known_no(no));
        let started: i64 = row.get(5)?;
        let finished: Option<i64> = row.get(6)?;
        let status: notify_proto::AttemptStatus = word(row, 3)?;
        let message: Option<String> = row.get(8)?;
        let reason: Option<String> = row.get(4)?;
        // One that a receipt settled was never answered: what is said of it is still what went wrong.
        let delivered =
            status == notify_proto::AttemptStatus::Delivered && reason.as_deref() == Some("accepted");
        Ok(AttemptView {
            id: format!("{id}.{number}"),
            number,
            channel: Open::Known(channel(row, 1)?),
            provider_id: provider.map(|provider| provider.id),
            provider_name: provider.map(|provider| provider.name.clone()),
            status: status.into(),
            reason,
            attempted_at: moment(started),
            finished_at: finished.map(moment),
            duration_ms: finished.and_then(|finished| u64::try_from(finished - started).ok()),
            external_id: row.get(7)?,
            response_data: message.clone().filter(|_| delivered).map(serde_json::Value::String),
            error_message: message.filter(|_| !delivered),
            simulated: row.get(9)?,
            receipt: opt_word(row, 10)?.map(Open::Known),
        })
    })?;
    rows.collect()
}

fn events(connection: &Connection, seq: i64) -> rusqlite::Result<Vec<EventView>> {
    let mut query = connection.prepare_cached(include_str!("sql/events.sql"))?;
    let rows = query.query_map([seq], |row| {
        Ok(EventView {
            sequence: 0,
            at: moment(row.get(0)?),
            event: row.get(1)?,
            from: opt_word::<Status>(row, 2)?.map(Open::Known),
            to: Open::Known(status(row, 3)?),
            reason: row.get(4)?,
            detail: row.get(5)?,
        })
    })?;
    let mut all: Vec<EventView> = rows.collect::<rusqlite::Result<_>>()?;
    for (number, event) in (1..).zip(&mut all) {
        event.sequence = number;
    }
    Ok(all)
}

/// When the oldest queued notification was accepted.
pub fn oldest_queued(connection: &Connection, lines: &[crate::api::Backlog]) -> Result<Option<Timestamp>> {
    let mut query =
        connection.prepare_cached(include_str!("sql/oldest_of_line.sql")).map_err(StoreError::Read)?;
    let mut oldest: Option<i64> = None;
    for line in lines {
        let group = line.group;
        let first: Option<i64> = query
            .query_row((&*line.lane, group.priority as i64, group.retried, group.service), |row| row.get(0))
            .optional()
            .map_err(StoreError::Read)?;
        oldest = match (oldest, first) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }
    Ok(oldest.map(moment))
}
