//! A service that goes: at once from those who may send, and bit by bit with what it sent, unless that stays.
//!
//! It goes in one transaction, and only when nothing of it is under way: its row, its keys, its webhooks, and what is owed to
//! those. What it sent is removed by the sweep, which a restart goes on with. Who it was stays, so that no other service
//! ever gets its number, and what stays of its stories has a name.

use crate::api::{Audit, Belongings};
use crate::audit;
use crate::desk::Desk;
use crate::directory::{Directory, Gone};
use crate::error::{Result, StoreError};
use crate::row::{millis, status};
use crate::webhooks;
use notify_proto::{ServiceId, Status};
use rusqlite::{Connection, OptionalExtension as _};

/// Notifications removed per pass: as many as by the sweep of what is old.
const BATCH: i64 = 500;

/// Who those were that were removed.
pub fn gone(connection: &Connection) -> rusqlite::Result<Vec<Gone>> {
    let mut query = connection.prepare_cached(include_str!("sql/removed_services.sql"))?;
    let rows = query.query_map([], |row| {
        Ok(Gone { no: row.get(0)?, id: ServiceId::from_bytes(row.get(1)?), name: row.get(2)? })
    })?;
    rows.collect()
}

/// What there is of a service, as far as its removal is about it.
pub fn belongings(connection: &Connection, directory: &Directory, id: ServiceId) -> Result<Belongings> {
    let service = directory.service(id).ok_or_else(|| missing(id))?;
    let count = |sql: &str, most: u64| {
        connection
            .prepare_cached(sql)
            .and_then(|mut query| query.query_row((service.no, most), |row| row.get(0)))
            .map_err(StoreError::Read)
    };
    Ok(Belongings {
        unfinished: count(include_str!("sql/service_unfinished.sql"), Belongings::MANY_UNFINISHED + 1)?,
        notifications: count(include_str!("sql/service_sent.sql"), Belongings::MANY + 1)?,
    })
}

/// Removes one of which nothing is under way.
pub fn remove(desk: &mut Desk<'_>, id: ServiceId, forget: bool, who: &Audit) -> Result<()> {
    let now = millis(desk.now());
    let (no, name): (i64, String) = desk
        .prepare(include_str!("sql/service_bury.sql"))?
        .query_row((id.as_bytes(), forget, now), |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
        .map_err(StoreError::Write)?
        .ok_or_else(|| missing(id))?;
    let unfinished: u64 = desk
        .prepare(include_str!("sql/service_unfinished.sql"))?
        .query_row((no, Belongings::MANY_UNFINISHED + 1), |row| row.get(0))
        .map_err(StoreError::Write)?;
    if unfinished > 0 {
        return Err(StoreError::Unfinished { service: name, count: unfinished });
    }
    webhooks::remove_all(desk, no)?;
    for sql in [include_str!("sql/keys_remove.sql"), include_str!("sql/service_remove.sql")] {
        desk.prepare(sql)?.execute([no]).map_err(StoreError::Write)?;
    }
    let what = if forget { name } else { format!("{name}, what it sent is kept") };
    audit::write(desk, "service.delete", &what, who)?;
    desk.directory_changed();
    desk.service_gone(no);
    Ok(())
}

/// Removes some of what removed services sent; how many, and whether there may be more.
pub fn sweep(desk: &mut Desk<'_>) -> Result<(usize, bool)> {
    let next: Option<i64> = desk
        .prepare(include_str!("sql/forget_next.sql"))?
        .query_row([], |row| row.get(0))
        .optional()
        .map_err(StoreError::Write)?;
    let Some(no) = next else { return Ok((0, false)) };
    let found: Vec<(i64, Status)> = {
        let mut query = desk.prepare(include_str!("sql/forget_look.sql"))?;
        let rows = query
            .query_map((no, BATCH), |row| Ok((row.get(0)?, status(row, 1)?)))
            .map_err(StoreError::Write)?;
        rows.collect::<rusqlite::Result<_>>().map_err(StoreError::Write)?
    };
    if found.is_empty() {
        desk.prepare(include_str!("sql/forget_done.sql"))?.execute([no]).map_err(StoreError::Write)?;
        // Another one may wait.
        return Ok((0, true));
    }
    for (seq, status) in &found {
        crate::sweep::forget(desk, *seq, *status)?;
    }
    Ok((found.len(), true))
}

fn missing(id: ServiceId) -> StoreError {
    StoreError::NotFound { kind: "service", name: id.to_string() }
}
