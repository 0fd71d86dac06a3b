//! What is owed is read, sent by the engine, and what came of it is written down.

use super::rows::{note_failing, switch_off};
use super::{Next, Owed, Story, Tried};
use crate::api::Verdict;
use crate::desk::{Desk, Step};
use crate::directory::Directory;
use crate::error::{Result, StoreError};
use crate::row::{StoredBody, channel, json, millis, moment, opt_word, priority, word};
use notify_proto::{DeliveryId, NotificationId, Timestamp, WebhookStatus};
use rusqlite::{Connection, OptionalExtension, Row};

/// What is due; up to its condition also what reads [`one`].
const LOAD: &str = include_str!("../sql/delivery_load.sql");

/// All webhooks to which something is owed, with the time of what is due first: one index seek for each.
pub fn owed(connection: &Connection) -> Result<Vec<(i64, Timestamp)>> {
    let mut next =
        connection.prepare_cached(include_str!("../sql/delivery_owed_next.sql")).map_err(StoreError::Read)?;
    let (mut found, mut last) = (Vec::new(), -1);
    loop {
        let row = next
            .query_row([last], |row| Ok((row.get(0)?, moment(row.get(1)?))))
            .optional()
            .map_err(StoreError::Read)?;
        let Some((webhook, due)) = row else { return Ok(found) };
        found.push((webhook, due));
        last = webhook;
    }
}

/// What is owed to one webhook and due, oldest first.
pub fn load(
    connection: &Connection,
    directory: &Directory,
    webhook: i64,
    now: Timestamp,
    limit: usize,
) -> Result<Next> {
    let mut query = connection.prepare_cached(LOAD).map_err(StoreError::Read)?;
    let mut rows = query.query((webhook, millis(now), limit)).map_err(StoreError::Read)?;
    let mut owed = Vec::new();
    while let Some(row) = rows.next().map_err(StoreError::Read)? {
        match read(row, directory) {
            Ok(it) => owed.push(it),
            Err(error) => {
                let no: i64 = row.get(0).map_err(StoreError::Read)?;
                tracing::error!(no, %error, "an event owed to a webhook cannot be read; it is passed over");
            }
        }
    }
    let next: Option<i64> = connection
        .prepare_cached(include_str!("../sql/delivery_next.sql"))
        .and_then(|mut query| query.query_row((webhook, millis(now)), |row| row.get(0)))
        .map_err(StoreError::Read)?;
    Ok(Next { owed, next: next.map(moment) })
}

/// One as it is sent, whether it is owed or not.
pub fn one(connection: &Connection, directory: &Directory, id: DeliveryId) -> Result<Option<Owed>> {
    let (columns, _) = LOAD.split_once("WHERE").unwrap_or((LOAD, ""));
    connection
        .prepare_cached(&format!("{columns}WHERE d.id = ?1"))
        .and_then(|mut query| query.query_row([id.as_bytes()], |row| read(row, directory)).optional())
        .map_err(StoreError::Read)
}

/// From the columns of [`LOAD`].
fn read(row: &Row<'_>, directory: &Directory) -> rusqlite::Result<Owed> {
    let seq: Option<i64> = row.get(9)?;
    Ok(Owed {
        no: row.get(0)?,
        id: DeliveryId::from_bytes(row.get(1)?),
        event: word(row, 2)?,
        n: row.get(3)?,
        tries: row.get(4)?,
        before: row.get(5)?,
        since: moment(row.get(6)?),
        created_at: moment(row.get(7)?),
        due_at: row.get::<_, Option<i64>>(8)?.map(moment),
        story: seq.map(|_| story(row, directory)).transpose()?.map(Box::new),
    })
}

fn story(row: &Row<'_>, directory: &Directory) -> rusqlite::Result<Story> {
    let StoredBody { message, .. } = json(row, 22)?;
    let provider: Option<i64> = row.get(26)?;
    let failed = |reason: Option<String>| reason.and_then(|word| word.parse().ok());
    Ok(Story {
        id: NotificationId::from_bytes(row.get(10)?),
        service: row.get(11)?,
        channel: channel(row, 12)?,
        priority: priority(row, 13)?,
        created_at: moment(row.get(14)?),
        scheduled_at: row.get::<_, Option<i64>>(15)?.map(moment),
        max_retries: row.get(16)?,
        simulated: row.get(17)?,
        possible_duplicate: row.get(18)?,
        attempt: row.get(19)?,
        retries: row.get(20)?,
        next_at: row.get::<_, Option<i64>>(21)?.map(moment),
        message,
        status: opt_word(row, 23)?,
        failure: failed(row.get(24)?),
        detail: row.get(25)?,
        provider_name: provider.and_then(|no| directory.known_no(no)).map(|it| it.name.clone()),
        external_id: row.get(27)?,
        said: row.get(28)?,
        taken: row.get::<_, Option<String>>(29)?.as_deref() == Some("delivered"),
    })
}

/// Writes down what came of tries whose delivery still stands as it was loaded.
pub fn acknowledge(desk: &mut Desk<'_>, tries: &[Tried]) -> Result<Vec<Verdict>> {
    desk.takes(Step::Acknowledge);
    desk.follow_clock()?;
    let mut update = desk.prepare(include_str!("../sql/delivery_tried.sql"))?;
    let mut insert = desk.prepare(include_str!("../sql/try_add.sql"))?;
    let endpoints = desk.endpoints();
    let mut moved = false;
    let mut verdicts = Vec::with_capacity(tries.len());
    for it in tries {
        let status = it.status();
        let lag = it.again_at.map_or(0, |_| desk.lag(it.at));
        let due = it.again_at.map(|at| millis(at) + lag);
        moved |= lag != 0;
        let acked = (status == WebhookStatus::Acknowledged).then_some(millis(it.at));
        let again: Option<bool> = update
            .query_row(
                (it.no, it.number, status.as_str(), due, millis(it.at), acked, it.code, it.error.as_deref()),
                |row| row.get(0),
            )
            .optional()
            .map_err(StoreError::Write)?;
        let Some(again) = again else {
            verdicts.push(Verdict::SomeoneElses);
            continue;
        };
        insert
            .execute((
                it.no,
                it.number,
                millis(it.at),
                it.duration_ms,
                it.code,
                it.error.as_deref(),
                it.body.as_deref(),
            ))
            .map_err(StoreError::Write)?;
        let Some(webhook) = endpoints.get(it.webhook) else {
            verdicts.push(Verdict::Applied);
            continue;
        };
        let before = if again { WebhookStatus::Retrying } else { WebhookStatus::Pending };
        desk.told(it.webhook, Some(before), Some(status));
        if acked.is_some() && webhook.failing_since.is_some() {
            note_failing(desk, it.webhook, None)?;
        } else if acked.is_none() && webhook.failing_since.is_none() {
            note_failing(desk, it.webhook, Some(it.at))?;
        }
        if let Some(fault) = it.fault {
            switch_off(desk, it.webhook, fault)?;
        }
        verdicts.push(Verdict::Applied);
    }
    // Whoever made the try knows when the next one is, by the clock as it was then.
    if moved {
        desk.webhooks_moved();
    }
    Ok(verdicts)
}
