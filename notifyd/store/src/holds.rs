//! What operators force by hand on providers: their rows.
//!
//! A hold that ends by itself stands for a duration, but its end is stored as a moment, so that it outlives the process.
//! When the wall clock is set the moment is moved along ([`follow_clock`](Desk::follow_clock)): a pause of ten minutes stays
//! one of ten minutes.

use crate::api::{Audit, NewHold};
use crate::audit;
use crate::desk::Desk;
use crate::directory::Hold;
use crate::error::{Result, StoreError};
use crate::row::{millis, moment, word};
use notify_proto::{ProviderId, Timestamp};
use rusqlite::{Connection, OptionalExtension};
use std::time::Duration;

/// Reads all of them, oldest first.
pub fn read(connection: &Connection) -> rusqlite::Result<Vec<Hold>> {
    let mut query = connection.prepare_cached(include_str!("sql/holds.sql"))?;
    let holds = query.query_map([], |row| {
        Ok(Hold {
            no: row.get(0)?,
            provider: ProviderId::from_bytes(row.get(1)?),
            kind: word(row, 2)?,
            limit: row.get(3)?,
            reason: row.get(4)?,
            actor: row.get(5)?,
            made_at: moment(row.get(6)?),
            until: row.get::<_, Option<i64>>(7)?.map(moment),
        })
    })?;
    holds.collect()
}

/// Writes one, in place of what of its kind the provider has.
pub fn set(desk: &mut Desk<'_>, new: &NewHold, who: &Audit) -> Result<Hold> {
    desk.follow_clock()?;
    // As stored: to the millisecond.
    let now = millis(desk.now());
    let after = |lasts: Duration| now.saturating_add(i64::try_from(lasts.as_millis()).unwrap_or(i64::MAX));
    let until = new.lasts.map(after);
    let provider = desk.directory().provider(new.provider).map(|provider| provider.name.clone());
    let missing = || StoreError::NotFound { kind: "provider", name: new.provider.to_string() };
    let provider = provider.ok_or_else(missing)?;
    let values = (
        new.provider.as_bytes(),
        new.kind.as_str(),
        new.limit,
        who.reason.as_deref(),
        &who.actor,
        now,
        until,
    );
    if let Some(on) = new.kind.switches() {
        switch(desk, new.provider, !on)?;
    }
    let no = desk
        .prepare(include_str!("sql/hold_set.sql"))?
        .query_row(values, |row| row.get(0))
        .optional()
        .map_err(StoreError::Write)?
        .ok_or_else(missing)?;
    audit::write(desk, new.verb, &provider, who)?;
    desk.directory_changed();
    if until.is_some() {
        desk.ring_timer();
    }
    Ok(Hold {
        no,
        provider: new.provider,
        kind: new.kind,
        limit: new.limit,
        reason: who.reason.clone(),
        actor: who.actor.clone(),
        made_at: moment(now),
        until: until.map(moment),
    })
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

/// Ends those of one provider that still stand; nothing is written when there is none.
pub fn end(
    desk: &mut Desk<'_>,
    provider: ProviderId,
    holds: &[i64],
    verb: &'static str,
    who: &Audit,
) -> Result<Vec<Hold>> {
    let directory = desk.directory();
    let mut ended = Vec::new();
    for hold in directory.holds().iter().filter(|it| it.provider == provider && holds.contains(&it.no)) {
        let gone =
            desk.prepare(include_str!("sql/hold_end.sql"))?.execute([hold.no]).map_err(StoreError::Write)?;
        if gone > 0 {
            ended.push(hold.clone());
        }
    }
    if ended.is_empty() {
        return Ok(ended);
    }
    let target = directory.provider(provider).map_or_else(|| provider.to_string(), |it| it.name.clone());
    audit::write(desk, verb, &target, who)?;
    desk.directory_changed();
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
    if !numbers.is_empty() {
        desk.directory_changed();
    }
    let directory = desk.directory();
    Ok(directory.holds().iter().filter(|hold| numbers.contains(&hold.no)).cloned().collect())
}
