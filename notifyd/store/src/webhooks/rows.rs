//! The table of webhooks.

use super::endpoint::Webhook;
use super::{NewWebhook, WebhookUpdate};
use crate::api::{Audit, Verdict};
use crate::audit;
use crate::desk::Desk;
use crate::error::{Result, StoreError};
use crate::row::{millis, moment, opt_word, word};
use notify_proto::{Timestamp, WebhookFault, WebhookId};
use notifyd_lifecycle::webhook::{EventSet, Schedule, Settings};
use rusqlite::{Connection, OptionalExtension, Row};
use std::time::Duration;

/// Those whose numbers lie between two.
const WEBHOOKS: &str = include_str!("../sql/webhooks.sql");

fn webhook(row: &Row<'_>) -> rusqlite::Result<Webhook> {
    Ok(Webhook {
        no: row.get(0)?,
        id: WebhookId::from_bytes(row.get(1)?),
        service: row.get(2)?,
        settings: Settings {
            url: row.get(3)?,
            description: row.get(4)?,
            events: EventSet::from_bits(row.get(5)?),
            schedule: Schedule { profile: word(row, 6)?, max_retries: row.get(7)? },
            timeout: Duration::from_secs(row.get(8)?),
            redact: row.get(9)?,
            active: row.get(11)?,
        },
        old_until: row.get::<_, Option<i64>>(10)?.map(moment),
        fault: opt_word(row, 12)?,
        failing_since: row.get::<_, Option<i64>>(13)?.map(moment),
        revision: row.get(14)?,
        client: row.get(15)?,
        created_at: moment(row.get(16)?),
        updated_at: moment(row.get(17)?),
        secret_at: row.get::<_, Option<i64>>(18)?.map(moment),
    })
}

/// Reads all of them.
pub fn all(connection: &Connection) -> rusqlite::Result<Vec<Webhook>> {
    let mut query = connection.prepare_cached(WEBHOOKS)?;
    let rows = query.query_map((0, i64::MAX), webhook)?;
    rows.collect()
}

/// Reads one.
pub fn one(connection: &Connection, no: i64) -> rusqlite::Result<Option<Webhook>> {
    let mut query = connection.prepare_cached(WEBHOOKS)?;
    query.query_row((no, no), webhook).optional()
}

/// The sealed part of one.
pub fn sealed(connection: &Connection, no: i64) -> Result<Option<Vec<u8>>> {
    connection
        .prepare_cached(include_str!("../sql/webhook_private.sql"))
        .and_then(|mut query| query.query_row([no], |row| row.get(0)).optional())
        .map_err(StoreError::Read)
}

/// Adds one; `sealed` is its sealed part.
pub fn create(desk: &mut Desk<'_>, new: &NewWebhook, sealed: &[u8], who: &Audit) -> Result<()> {
    desk.still_there(new.service)?;
    let added = desk
        .prepare(include_str!("../sql/webhook_add.sql"))?
        .execute(rusqlite::params![
            new.id.as_bytes(),
            new.service,
            new.settings.url,
            new.settings.description,
            new.settings.events.bits(),
            new.settings.schedule.profile.as_str(),
            new.settings.schedule.max_retries,
            new.settings.timeout.as_secs(),
            new.settings.redact,
            sealed,
            new.settings.active,
            millis(desk.now()),
            new.most,
        ])
        .map_err(StoreError::Write)?;
    if added == 0 {
        return Err(StoreError::TooMany { kind: "webhooks", most: new.most });
    }
    let no = desk.last_row();
    audit::write(desk, "webhook.create", &new.id.to_string(), who)?;
    desk.webhook_changed(no);
    Ok(())
}

/// Changes one, unless somebody else did since it was looked at; `sealed` is its new sealed part.
pub fn update(
    desk: &mut Desk<'_>,
    update: &WebhookUpdate,
    sealed: Option<&[u8]>,
    who: &Audit,
) -> Result<Verdict> {
    let it = &update.settings;
    let changed = desk
        .prepare(include_str!("../sql/webhook_update.sql"))?
        .execute(rusqlite::params![
            update.no,
            update.revision,
            it.url,
            it.description,
            it.events.bits(),
            it.schedule.profile.as_str(),
            it.schedule.max_retries,
            it.timeout.as_secs(),
            it.redact,
            sealed,
            it.active,
            update.old_until.map(millis),
            millis(desk.now()),
            update.renewed,
        ])
        .map_err(StoreError::Write)?;
    if changed == 0 {
        let there = desk.prepare(WEBHOOKS)?.exists((update.no, update.no)).map_err(StoreError::Write)?;
        return if there { Ok(Verdict::SomeoneElses) } else { Err(missing(update.id)) };
    }
    audit::write(desk, update.verb, &update.id.to_string(), who)?;
    desk.webhook_changed(update.no);
    Ok(Verdict::Applied)
}

/// Removes one, with all that is owed to it and all that was told.
pub fn remove(desk: &mut Desk<'_>, no: i64, id: WebhookId, who: &Audit) -> Result<()> {
    if !take_away(desk, no)? {
        return Err(missing(id));
    }
    audit::write(desk, "webhook.delete", &id.to_string(), who)
}

/// Removes those of a service that goes; its row in the audit log is for them as well.
pub fn remove_all(desk: &mut Desk<'_>, service: i64) -> Result<()> {
    let all: Vec<i64> = {
        let mut query = desk.prepare(include_str!("../sql/webhooks_of.sql"))?;
        let rows = query.query_map([service], |row| row.get(0)).map_err(StoreError::Write)?;
        rows.collect::<rusqlite::Result<_>>().map_err(StoreError::Write)?
    };
    for no in all {
        take_away(desk, no)?;
    }
    Ok(())
}

/// Whether it was there.
fn take_away(desk: &mut Desk<'_>, no: i64) -> Result<bool> {
    let removed =
        desk.prepare(include_str!("../sql/webhook_remove.sql"))?.execute([no]).map_err(StoreError::Write)?;
    if removed == 0 {
        return Ok(false);
    }
    // What it was told is removed bit by bit.
    desk.prepare(include_str!("../sql/removed_webhook_add.sql"))?.execute([no]).map_err(StoreError::Write)?;
    desk.webhook_changed(no);
    Ok(true)
}

/// Notes since when it has taken nothing; none: it takes what it is told.
pub fn note_failing(desk: &mut Desk<'_>, no: i64, since: Option<Timestamp>) -> Result<()> {
    let noted = desk
        .prepare(include_str!("../sql/webhook_failing.sql"))?
        .execute((no, since.map(millis)))
        .map_err(StoreError::Write)?;
    if noted > 0 {
        desk.webhook_changed(no);
    }
    Ok(())
}

/// Switches it off, unless it is off.
pub fn switch_off(desk: &mut Desk<'_>, no: i64, fault: WebhookFault) -> Result<()> {
    let id: Option<[u8; 16]> = desk
        .prepare(include_str!("../sql/webhook_off.sql"))?
        .query_row((no, fault.as_str(), millis(desk.now())), |row| row.get(0))
        .optional()
        .map_err(StoreError::Write)?;
    let Some(id) = id else { return Ok(()) };
    let why = match fault {
        WebhookFault::Gone => "its endpoint answered that it is gone",
        WebhookFault::Failing => "its endpoint took nothing for too long",
    };
    let who = Audit { actor: audit::DAEMON.into(), reason: Some(why.into()), key: None };
    audit::write(desk, "webhook.disable", &WebhookId::from_bytes(id).to_string(), &who)?;
    desk.webhook_changed(no);
    Ok(())
}

fn missing(id: WebhookId) -> StoreError {
    StoreError::NotFound { kind: "webhook", name: id.to_string() }
}
