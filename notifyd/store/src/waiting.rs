//! How much of what waits is how old, or due in how long, by the line it waits in and by service.
//!
//! What waits for a time is counted from its index alone. What is queued has no column that says since when it is due, so
//! that is read from its row and its story; where too many are queued for that, they are counted from the index of the
//! queue, by when they were accepted.

use crate::api::{Look, Place, Waiting, Waits};
use crate::error::{Result, StoreError};
use crate::row::millis;
use notify_proto::Status;
use rusqlite::{Connection, OptionalExtension, Rows};
use std::collections::HashMap;

/// Queued notifications whose rows are looked at, at most.
const MAX_ROWS: u64 = 50_000;

/// Entries of an index that are looked at, at most.
const MAX_ENTRIES: i64 = 2_000_000;

/// The same when a look at more took too long.
const FEW_ENTRIES: i64 = 200_000;

/// How much may be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Whether the row and the story of each that is queued are looked at.
    rows: bool,
    /// How many at most.
    most: i64,
}

impl Bounds {
    /// For a first look, when so many are queued as far as is known without one.
    pub fn usual(queued: u64) -> Self {
        Self { rows: queued <= MAX_ROWS, most: MAX_ENTRIES }
    }

    /// For another look, when the first took too long.
    pub const fn few() -> Self {
        Self { rows: false, most: FEW_ENTRIES }
    }
}

/// What is found, by line and service; service first, as lines are few and their names are looked up by reference.
#[derive(Default)]
struct Found(HashMap<i64, HashMap<String, Vec<u64>>>);

impl Found {
    fn add(&mut self, lane: &str, service: i64, place: usize, places: usize, count: u64) {
        let lanes = self.0.entry(service).or_default();
        if !lanes.contains_key(lane) {
            lanes.insert(lane.to_owned(), vec![0; places]);
        }
        if let Some(found) = lanes.get_mut(lane).and_then(|counts| counts.get_mut(place)) {
            *found += count;
        }
    }

    fn places(self) -> Vec<Place> {
        let all = self.0.into_iter().flat_map(|(service, lanes)| {
            lanes.into_iter().map(move |(lane, counts)| Place { lane: lane.as_str().into(), service, counts })
        });
        all.collect()
    }
}

/// Looks.
pub fn waiting(connection: &Connection, look: &Look, bounds: Bounds) -> Result<Waiting> {
    // One moment for all that is read.
    let transaction = connection.unchecked_transaction().map_err(StoreError::Read)?;
    match look.what {
        Waits::Queued if look.edges.is_empty() && look.apart.is_empty() => lines(&transaction),
        Waits::Queued if bounds.rows => by_rows(&transaction, look, bounds.most),
        Waits::Queued => by_acceptance(&transaction, look, bounds.most),
        Waits::Retrying => due(&transaction, look, Status::Retrying, bounds.most),
        Waits::Scheduled => due(&transaction, look, Status::Pending, bounds.most),
    }
}

/// How many are queued in each line.
fn lines(connection: &Connection) -> Result<Waiting> {
    let mut found = Found::default();
    let mut query =
        connection.prepare_cached(include_str!("sql/waiting_lines.sql")).map_err(StoreError::Read)?;
    let mut rows = query.query([]).map_err(StoreError::Read)?;
    while let Some(row) = rows.next().map_err(StoreError::Read)? {
        let mut read = || -> rusqlite::Result<()> {
            found.add(row.get_ref(0)?.as_str()?, row.get(1)?, 0, 1, row.get(2)?);
            Ok(())
        };
        read().map_err(StoreError::Read)?;
    }
    Ok(Waiting { places: found.places(), apart: Vec::new(), by_acceptance: false, whole: true })
}

/// What is queued, by when it came there.
fn by_rows(connection: &Connection, look: &Look, most: i64) -> Result<Waiting> {
    let edges: Vec<_> = look.edges.iter().map(|edge| millis(*edge)).collect();
    let mut query =
        connection.prepare_cached(include_str!("sql/waiting_queued.sql")).map_err(StoreError::Read)?;
    let rows = query.query([most + 1]).map_err(StoreError::Read)?;
    fold(rows, most, look, |since| edges.iter().filter(|edge| since <= **edge).count())
}

/// What is queued, by when it was accepted: numbers ascend with that, so each span of time is a span of numbers.
fn by_acceptance(connection: &Connection, look: &Look, most: i64) -> Result<Waiting> {
    let edges = look.edges.iter().map(|edge| last_accepted(connection, millis(*edge)));
    let edges: Vec<i64> = edges.collect::<Result<_>>()?;
    let mut query =
        connection.prepare_cached(include_str!("sql/waiting_numbers.sql")).map_err(StoreError::Read)?;
    let rows = query.query([most + 1]).map_err(StoreError::Read)?;
    let found = fold(rows, most, look, |seq| edges.iter().filter(|edge| seq <= **edge).count())?;
    Ok(Waiting { by_acceptance: true, ..found })
}

/// The highest number that was accepted at this moment or before. Wherever the clock was set back, it is one of those that
/// could be meant.
fn last_accepted(connection: &Connection, moment: i64) -> Result<i64> {
    let mut query =
        connection.prepare_cached(include_str!("sql/accepted_from.sql")).map_err(StoreError::Read)?;
    let mut at_or_after = |seq: i64| {
        query
            .query_row([seq], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))
            .optional()
            .map_err(StoreError::Read)
    };
    let newest: Option<i64> = connection
        .prepare_cached(include_str!("sql/newest.sql"))
        .and_then(|mut query| query.query_row([], |row| row.get(0)))
        .map_err(StoreError::Read)?;
    // Accepted in time: up to and with `early`; too late, or not there: from `late` on.
    let (mut early, mut late) = (0, newest.unwrap_or(0) + 1);
    while late - early > 1 {
        let middle = early + (late - early) / 2;
        match at_or_after(middle)? {
            Some((seq, at)) if at <= moment => early = seq,
            _ => late = middle,
        }
    }
    Ok(early)
}

/// What waits for a time, the first due first.
fn due(connection: &Connection, look: &Look, status: Status, most: i64) -> Result<Waiting> {
    let edges: Vec<_> = look.edges.iter().map(|edge| millis(*edge)).collect();
    let mut query =
        connection.prepare_cached(include_str!("sql/waiting_due.sql")).map_err(StoreError::Read)?;
    let rows = query.query((status.as_str(), most + 1)).map_err(StoreError::Read)?;
    fold(rows, most, look, |at| edges.iter().filter(|edge| at >= **edge).count())
}

/// Adds up rows of what places them, line, service and number, no more than `most`; those asked for by number are told of
/// one by one besides.
fn fold(mut rows: Rows<'_>, most: i64, look: &Look, place: impl Fn(i64) -> usize) -> Result<Waiting> {
    let (mut found, mut apart) = (Found::default(), Vec::new());
    let places = look.edges.len() + 1;
    let (mut seen, mut whole) = (0, true);
    while let Some(row) = rows.next().map_err(StoreError::Read)? {
        if seen == most {
            whole = false;
            break;
        }
        seen += 1;
        let mut read = || -> rusqlite::Result<()> {
            let (place, lane, service) = (place(row.get(0)?), row.get_ref(1)?.as_str()?, row.get(2)?);
            found.add(lane, service, place, places, 1);
            let seq = if look.apart.is_empty() { return Ok(()) } else { row.get(3)? };
            if look.apart.contains(&seq) {
                let counts = (0..places).map(|it| u64::from(it == place)).collect();
                apart.push((seq, Place { lane: lane.into(), service, counts }));
            }
            Ok(())
        };
        read().map_err(StoreError::Read)?;
    }
    Ok(Waiting { places: found.places(), apart, by_acceptance: false, whole })
}

#[cfg(test)]
#[path = "waiting_tests.rs"]
mod tests;
