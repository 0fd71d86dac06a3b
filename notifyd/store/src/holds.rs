//! What operators force by hand on providers and queues: their rows.
//!
//! A hold that ends by itself stands for a duration, but its end is stored as a moment, so that it outlives the process.
//! When the wall clock is set the moment is moved along ([`follow_clock`](Desk::follow_clock)): a pause of ten minutes stays
//! one of ten minutes.

use crate::api::{Audit, NewHold};
use crate::audit;
use crate::desk::Desk;
use crate::directory::{Hold, HoldOn};
use crate::error::{Result, StoreError};
use crate::row::{millis, moment, opt_word, word};
use notify_proto::{ProviderId, SharedQueue, Timestamp};
use rusqlite::{Connection, OptionalExtension};
use std::time::Duration;

/// Reads all of them, oldest first.
pub fn read(connection: &Connection) -> rusqlite::Result<Vec<Hold>> {
    let mut query = connection.prepare_cached(include_str!("sql/holds.sql"))?;
    let holds = query.query_map([], |row| {
        Ok(Hold {
            no: row.get(0)?,
            on: match opt_word(row, 2)? {
                Some(queue) => HoldOn::Queue(queue),
                None => HoldOn::Provider(ProviderId::from_bytes(row.get(1)?)),
            },
            kind: word(row, 3)?,
            limit: row.get(4)?,
            reason: row.get(5)?,
            actor: row.get(6)?,
            made_at: moment(row.get(7)?),
            until: row.get::<_, Option<i64>>(8)?.map(moment),
        })
    })?;
    holds.collect()
}

/// Writes one, in place of what of its kind stands on the same.
pub fn set(desk: &mut Desk<'_>, new: &NewHold, who: &Audit) -> Result<Hold> {
    desk.follow_clock()?;
    // As stored: to the millisecond.
    let now = millis(desk.now());
    let after = |lasts: Duration| now.saturating_add(i64::try_from(lasts.as_millis()).unwrap_or(i64::MAX));
    let until = new.lasts.map(after);
    let (kind, reason) = (new.kind.as_str(), who.reason.as_deref());
    let no = match new.on {
        HoldOn::Provider(id) => {
            if let Some(on) = new.kind.switches() {
                switch(desk, id, !on)?;
            }
            desk.prepare(include_str!("sql/hold_set.sql"))?
                .query_row((id.as_bytes(), kind, new.limit, reason, &who.actor, now, until), |row| row.get(0))
        }
        HoldOn::Queue(queue) => desk
            .prepare(include_str!("sql/hold_set_shared.sql"))?
            .query_row((queue.as_str(), kind, reason, &who.actor, now, until), |row| row.get(0)),
    };
    let no = no.optional().map_err(StoreError::Write)?;
    let directory = desk.directory();
    let name = directory.name_of(new.on).zip(no);
    let (name, no) = name.ok_or_else(|| missing(new.on))?;
    audit::write(desk, new.verb, name, who)?;
    changed(desk, new.on);
    if until.is_some() {
        desk.ring_timer();
    }
    Ok(Hold {
        no,
        on: new.on,
        kind: new.kind,
        limit: new.limit,
        reason: who.reason.clone(),
        actor: who.actor.clone(),
        made_at: moment(now),
        until: until.map(moment),
    })
}

fn missing(on: HoldOn) -> StoreError {
    match on {
        HoldOn::Provider(id) => StoreError::NotFound { kind: "provider", name: id.to_string() },
        HoldOn::Queue(queue) => StoreError::NotFound { kind: "queue", name: queue.to_string() },
    }
}

/// Has whoever takes from there look again.
fn changed(desk: &mut Desk<'_>, on: HoldOn) {
    desk.directory_changed();
    match on {
        HoldOn::Provider(_) => {}
        HoldOn::Queue(SharedQueue::Webhooks) => desk.webhooks_moved(),
        HoldOn::Queue(SharedQueue::Retries | SharedQueue::Scheduled) => desk.ring_timer(),
    }
}

/// Has a provider be on or off as soon as nothing switches it for a time, and ends what does.
pub fn switch(desk: &mut Desk<'_>, provider: ProviderId, on: bool) -> Result<Option<String>> {
    desk.prepare(include_str!("sql/switch_end.sql"))?
        .execute([provider.as_bytes()])
        .map_err(StoreError::Write)?;
    desk.prepare(include_str!("sql/provider_set_active.sql"))?
        .query_row((provider.as_bytes(), on), |row| row.get(0))
        .optional()
        .map_err(StoreError::Write)
}

/// Ends those on one thing that still stand; nothing is written when there is none.
pub fn end(
    desk: &mut Desk<'_>,
    on: HoldOn,
    holds: &[i64],
    verb: &'static str,
    who: &Audit,
) -> Result<Vec<Hold>> {
    let directory = desk.directory();
    let mut ended = Vec::new();
    for hold in directory.holds().iter().filter(|it| it.on == on && holds.contains(&it.no)) {
        let gone =
            desk.prepare(include_str!("sql/hold_end.sql"))?.execute([hold.no]).map_err(StoreError::Write)?;
        if gone > 0 {
            ended.push(hold.clone());
        }
    }
    if ended.is_empty() {
        return Ok(ended);
    }
    let name = directory.name_of(on).ok_or_else(|| missing(on))?;
    audit::write(desk, verb, name, who)?;
    changed(desk, on);
    Ok(ended)
}

/// Removes those whose time is over.
pub fn expire(desk: &mut Desk<'_>, now: Timestamp) -> Result<Vec<Hold>> {
    desk.follow_clock()?;
    let now = millis(now) + desk.lag(now);
    let numbers = {
        let mut query = desk.prepare(include_str!("sql/holds_expire.sql"))?;
        let rows = query.query_map([now], |row| row.get::<_, i64>(0)).map_err(StoreError::Write)?;
        rows.collect::<rusqlite::Result<Vec<_>>>().map_err(StoreError::Write)?
    };
    let directory = desk.directory();
    let over = directory.holds().iter().filter(|hold| numbers.contains(&hold.no));
    Ok(over.inspect(|hold| changed(desk, hold.on)).cloned().collect())
}
