//! Counts what an operation would come to, look by look, so that no look holds up the write-ahead log.

use super::select::{SPAN, join, wanted};
use super::{Bulk, Matching};
use crate::directory::Directory;
use crate::error::{Result, StoreError};
use crate::list::newest;
use crate::row::status;
use crate::sqlite::SqliteStore;
use crate::steer::waiting;
use notify_proto::{NotificationId, Status};
use notifyd_lifecycle::steer::{Verdict, Wish};
use rusqlite::types::Value;
use rusqlite::{Connection, Rows, params_from_iter};
use std::time::Duration;
use tokio::time::Instant;

/// Those that are named.
const SAMPLES: usize = 5;

/// Longest count: what takes longer is told to be narrowed down.
const PATIENCE: Duration = Duration::from_secs(8);

/// What matches now.
pub async fn matching(store: &SqliteStore, bulk: Bulk) -> Result<Matching> {
    let until = Instant::now() + PATIENCE;
    let newest = store.read(|connection, _| newest(connection)).await?;
    let (mut found, mut cursor, mut span) = (Matching::default(), 0, SPAN);
    while cursor < newest {
        if Instant::now() >= until {
            return Err(StoreError::Slow);
        }
        let next = cursor.saturating_add(span).min(newest);
        let (bulk, mut more) = (bulk.clone(), found.clone());
        let looked = store.ask(move |connection, directory| {
            look(connection, directory, &bulk, (cursor, next), &mut more).map_err(StoreError::Read)?;
            Ok(more)
        });
        match looked.await {
            // Large messages: less at once.
            Err(StoreError::Slow) if span > 1 => span /= 10,
            looked => (found, cursor) = (looked?, next),
        }
    }
    Ok(found)
}

fn look(
    connection: &Connection,
    directory: &Directory,
    bulk: &Bulk,
    (from, to): (i64, i64),
    found: &mut Matching,
) -> rusqlite::Result<()> {
    let wanted = wanted(bulk, directory);
    let values = || wanted.values.iter().cloned().chain([Value::from(from), Value::from(to)]);
    let some = |columns: &str, rest: &str| {
        format!(
            "SELECT {columns} FROM notifications n {} WHERE {} AND n.seq > ? AND n.seq <= ? {rest}",
            join(bulk),
            wanted.text()
        )
    };
    if let Some(wish) = bulk.wish() {
        let columns = "n.status, n.due_at, n.expires_at, n.failure_reason, n.service, n.id";
        let mut query = connection.prepare_cached(&some(columns, "ORDER BY n.seq"))?;
        return judge(query.query(params_from_iter(values()))?, directory, bulk, wish, found);
    }
    let columns = "n.status, n.service, count(*)";
    let mut query = connection.prepare_cached(&some(columns, "GROUP BY 1, 2"))?;
    let mut rows = query.query(params_from_iter(values()))?;
    let mut any = false;
    while let Some(row) = rows.next()? {
        any = true;
        let status = status(row, 0)?;
        found.add(status, row.get(1)?, row.get(2)?, !bulk.allows(status));
    }
    if any && found.samples.len() < SAMPLES {
        let mut query = connection.prepare_cached(&some("n.id", "ORDER BY n.seq LIMIT 5"))?;
        let ids = query.query_map(params_from_iter(values()), |row| row.get(0))?;
        for id in ids {
            if found.samples.len() < SAMPLES {
                found.samples.push(NotificationId::from_bytes(id?));
            }
        }
    }
    Ok(())
}

/// Whether a wish is granted depends on more than the status: each is judged by the rules it will be judged by.
fn judge(
    mut rows: Rows<'_>,
    directory: &Directory,
    bulk: &Bulk,
    wish: Wish,
    found: &mut Matching,
) -> rusqlite::Result<()> {
    while let Some(row) = rows.next()? {
        let (it, service) = (waiting(row, 0)?, row.get(4)?);
        let verdict = wish.judge(&it, bulk.cutoff);
        if verdict == Ok(Verdict::Already) {
            continue;
        }
        let orphan = matches!(wish, Wish::Retry(_)) && directory.service_no(service).is_none();
        found.add(it.status, service, 1, orphan || verdict.is_err());
        if found.samples.len() < SAMPLES {
            found.samples.push(NotificationId::from_bytes(row.get(5)?));
        }
    }
    Ok(())
}

impl Matching {
    /// So many more of this status and service.
    fn add(&mut self, status: Status, service: i64, count: u64, refused: bool) {
        *self.by_status.entry(status).or_default() += count;
        *self.by_service.entry(service).or_default() += count;
        if refused {
            self.refused += count;
            *self.refused_by.entry(status).or_default() += count;
        }
    }
}
