//! Accepts a notification: idempotency first, then deduplication, then the rows, all in one transaction.

use crate::api::{Accepted, Backlog, Idempotency, NewNotification, Receipt};
use crate::audit;
use crate::desk::{Desk, Step};
use crate::error::{Result, StoreError};
use crate::feed::FeedEvent;
use crate::key_index::Statements;
use crate::row::{Body, channel, millis, moment, status};
use notify_proto::{NotificationId, Status, Timestamp};
use notifyd_lifecycle::Transition;
use notifyd_lifecycle::admission::Dedup;
use notifyd_lifecycle::decide::Progress;
use notifyd_lifecycle::order::Group;
use rusqlite::OptionalExtension;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// The index of deduplication keys.
pub const DEDUP: Statements = Statements {
    name: "dedup",
    find: include_str!("sql/dedup_find.sql"),
    spill: include_str!("sql/dedup_spill.sql"),
    log: Some(include_str!("sql/dedup_log.sql")),
    page: include_str!("sql/dedup_spill_page.sql"),
    sweep: include_str!("sql/dedup_spill_sweep.sql"),
};

/// The index of idempotency keys.
pub const IDEMPOTENCY: Statements = Statements {
    name: "idempotency",
    find: include_str!("sql/idempotency_find.sql"),
    spill: include_str!("sql/idempotency_spill.sql"),
    log: None,
    page: include_str!("sql/idempotency_spill_page.sql"),
    sweep: include_str!("sql/idempotency_spill_sweep.sql"),
};

/// How long an answer is kept for its idempotency key, milliseconds: 24 hours.
pub const IDEMPOTENCY_MS: i64 = 86_400_000;

/// An acceptance with everything that can be made ready outside the writer thread.
pub struct Prepared {
    new: NewNotification,
    body: String,
    lane: Arc<str>,
}

impl Prepared {
    /// What it adds to a transaction, in rows of up to 4 KiB.
    pub fn weight(&self) -> usize {
        1 + self.body.len() / 4_096
    }

    /// The number of whoever sends it.
    pub const fn service(&self) -> i64 {
        self.new.service
    }
}

/// Makes the stored form ready.
pub fn prepare(new: NewNotification) -> Result<Prepared> {
    let body = Body { plan: &new.draft.plan, message: &new.draft.message };
    let body = serde_json::to_string(&body).map_err(|error| StoreError::Corrupt(error.to_string()))?;
    if new.draft.plan.channels.is_empty() {
        return Err(StoreError::Corrupt("a draft has no channel".to_owned()));
    }
    let lane = new.draft.plan.lane(&new.draft.message.addresses, &Progress::default());
    Ok(Prepared { lane: lane.into(), body, new })
}

/// The fingerprint of an idempotency key.
pub fn idempotency_fingerprint(service: i64, key: &str) -> u64 {
    let mut hash = Sha256::new();
    hash.update(service.to_le_bytes());
    hash.update(key);
    let digest = hash.finalize();
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    u64::from_le_bytes(first)
}

/// The fingerprint of a deduplication key: its first half.
fn dedup_fingerprint(dedup: &Dedup) -> u64 {
    let mut first = [0; 8];
    first.copy_from_slice(&dedup.key.0[..8]);
    u64::from_le_bytes(first)
}

/// Writes it.
pub fn accept(desk: &mut Desk<'_>, prepared: Prepared) -> Result<Accepted> {
    let Prepared { new, body, lane } = prepared;
    desk.takes(Step::Accept);
    if let Some(idempotency) = &new.idempotency
        && let Some(answer) = replay(desk, new.service, idempotency, new.created_at)?
    {
        return Ok(answer);
    }
    if let Some(receipt) = duplicate(desk, &new)? {
        remember(desk, &new, &receipt, true)?;
        note(desk, &new, &receipt)?;
        return Ok(Accepted::Duplicate(receipt));
    }
    let receipt = insert(desk, &new, &body, &lane)?;
    remember(desk, &new, &receipt, false)?;
    note(desk, &new, &receipt)?;
    Ok(Accepted::Fresh(receipt))
}

/// What an operator sends is written down with the operator's name.
fn note(desk: &mut Desk<'_>, new: &NewNotification, receipt: &Receipt) -> Result<()> {
    match &new.asked_by {
        Some(who) => audit::write(desk, "notification.send", &receipt.id.to_string(), who),
        None => Ok(()),
    }
}

fn insert(desk: &mut Desk<'_>, new: &NewNotification, body: &str, lane: &Arc<str>) -> Result<Receipt> {
    let draft = &new.draft;
    let transition = draft.scheduled_at.map_or(Transition::accept(), Transition::schedule);
    let seq = desk.next_seq();
    let channel = draft.plan.channels[0];
    let created = millis(new.created_at);
    desk.prepare(include_str!("sql/accept.sql"))?
        .execute((
            seq,
            new.id.as_bytes(),
            new.service,
            transition.to().as_str(),
            draft.priority as u8,
            channel.as_str(),
            &**lane,
            created,
            draft.scheduled_at.map(millis),
            draft.expires_at.map(millis),
            draft.plan.retry.max_retries(),
        ))
        .map_err(StoreError::Write)?;
    let dedup_key = draft.dedup.as_ref().map(|dedup| dedup.key.0);
    desk.prepare(include_str!("sql/accept_message.sql"))?
        .execute((seq, dedup_key, body))
        .map_err(StoreError::Write)?;
    desk.prepare(include_str!("sql/event.sql"))?
        .execute((
            seq,
            1,
            created,
            transition.event(),
            None::<&str>,
            transition.to().as_str(),
            None::<&str>,
            None::<&str>,
        ))
        .map_err(StoreError::Write)?;
    if let Some(dedup) = &draft.dedup {
        desk.dedup().add(dedup_fingerprint(dedup), seq);
    }
    desk.accepted(
        seq,
        channel,
        draft.priority,
        FeedEvent {
            channel: Some(channel),
            ..FeedEvent::of(new.created_at, new.id, new.service, &transition)
        },
    )?;
    if transition.to() == Status::Queued {
        let group = Group { priority: draft.priority, retried: false, service: new.service };
        desk.ring(Backlog { lane: Arc::clone(lane), group }, seq);
    }
    if transition.to() == Status::Pending || draft.expires_at.is_some() {
        desk.ring_timer();
    }
    Ok(Receipt {
        id: new.id,
        created_at: new.created_at,
        status: transition.to(),
        channel,
        provider_name: new.provider_name.clone(),
    })
}

/// An equal one within the window that was not given up.
fn duplicate(desk: &mut Desk<'_>, new: &NewNotification) -> Result<Option<Receipt>> {
    let Some(dedup) = &new.draft.dedup else { return Ok(None) };
    let found = equal(desk, dedup, new.created_at)?;
    Ok(found.map(|receipt| Receipt { provider_name: new.provider_name.clone(), ..receipt }))
}

/// One within the window before this moment that was not given up and has this key; nothing is written.
pub fn equal(desk: &mut Desk<'_>, dedup: &Dedup, now: Timestamp) -> Result<Option<Receipt>> {
    let (connection, index, _) = desk.indexes();
    let Some(seq) = index.find(connection, dedup_fingerprint(dedup)).map_err(StoreError::Write)? else {
        return Ok(None);
    };
    let window = i64::try_from(dedup.window.as_millis()).unwrap_or(i64::MAX);
    let since = millis(now).saturating_sub(window);
    let found = desk
        .prepare(include_str!("sql/duplicate.sql"))?
        .query_row((seq, dedup.key.0, since), |row| {
            Ok(Receipt {
                id: NotificationId::from_bytes(row.get(0)?),
                created_at: moment(row.get(1)?),
                status: status(row, 2)?,
                channel: channel(row, 3)?,
                provider_name: None,
            })
        })
        .optional();
    found.map_err(StoreError::Write)
}

/// The answer given before for this idempotency key.
pub fn replay(
    desk: &mut Desk<'_>,
    service: i64,
    idempotency: &Idempotency,
    now: Timestamp,
) -> Result<Option<Accepted>> {
    let (connection, _, index) = desk.indexes();
    let fingerprint = idempotency_fingerprint(service, &idempotency.key);
    let Some(no) = index.find(connection, fingerprint).map_err(StoreError::Write)? else { return Ok(None) };
    let oldest = millis(now).saturating_sub(IDEMPOTENCY_MS);
    let found = desk
        .prepare(include_str!("sql/idempotency_get.sql"))?
        .query_row((no, service, &idempotency.key, oldest), |row| {
            if row.get::<_, [u8; 32]>(0)? != idempotency.request {
                return Ok(Accepted::KeyReused);
            }
            let receipt = Receipt {
                id: NotificationId::from_bytes(row.get(1)?),
                created_at: moment(row.get(2)?),
                status: status(row, 3)?,
                channel: channel(row, 4)?,
                provider_name: row.get(5)?,
            };
            Ok(Accepted::Replayed { receipt, duplicate: row.get(6)? })
        })
        .optional();
    found.map_err(StoreError::Write)
}

fn remember(desk: &mut Desk<'_>, new: &NewNotification, receipt: &Receipt, duplicate: bool) -> Result<()> {
    let Some(idempotency) = &new.idempotency else { return Ok(()) };
    let at: Timestamp = new.created_at;
    let no = {
        let mut insert = desk.prepare(include_str!("sql/idempotency_add.sql"))?;
        insert
            .insert((
                new.service,
                &idempotency.key,
                idempotency.request,
                receipt.id.as_bytes(),
                millis(receipt.created_at),
                receipt.status.as_str(),
                receipt.channel.as_str(),
                &receipt.provider_name,
                duplicate,
                millis(at),
            ))
            .map_err(StoreError::Write)?
    };
    desk.idempotency().add(idempotency_fingerprint(new.service, &idempotency.key), no);
    Ok(())
}
