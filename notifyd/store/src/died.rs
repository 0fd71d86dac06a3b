//! Dead letters by when they died, a piece of them at a time. No index has them in that order, as one may die long after it
//! was accepted: the newest are looked at one by one.

use crate::api::{Died, DiedPage};
use crate::directory::Directory;
use crate::error::{Result, StoreError};
use crate::row::{millis, moment, opt_word};
use notify_proto::Timestamp;
use notifyd_lifecycle::fault;
use rusqlite::Connection;

/// Those of the next `limit` below a number that died from one moment on and before another.
pub(crate) fn page(
    connection: &Connection,
    directory: &Directory,
    span: (Timestamp, Timestamp),
    below: i64,
    limit: usize,
) -> Result<DiedPage> {
    look(connection, directory, millis(span.0)..millis(span.1), below, limit).map_err(StoreError::Read)
}

fn look(
    connection: &Connection,
    directory: &Directory,
    span: std::ops::Range<i64>,
    below: i64,
    limit: usize,
) -> rusqlite::Result<DiedPage> {
    let (mut died, mut looked, mut lowest) = (Vec::new(), 0, below);
    let mut query = connection.prepare_cached(include_str!("sql/died.sql"))?;
    let mut rows = query.query((below, i64::try_from(limit).unwrap_or(i64::MAX)))?;
    while let Some(row) = rows.next()? {
        (looked, lowest) = (looked + 1, row.get(0)?);
        let Some(at) = row.get::<_, Option<i64>>(1)?.filter(|at| span.contains(at)) else { continue };
        let provider = row.get::<_, Option<i64>>(3)?.and_then(|no| directory.known_no(no));
        let error = row.get_ref(6)?.as_str_or_null()?;
        died.push(Died {
            at: moment(at),
            service: row.get(2)?,
            by: provider.map(|it| it.id).zip(opt_word(row, 4)?),
            reason: opt_word(row, 5)?,
            error: error.map(fault::template).unwrap_or_default(),
        });
    }
    Ok(DiedPage { died, next: (looked == limit).then_some(lowest) })
}
