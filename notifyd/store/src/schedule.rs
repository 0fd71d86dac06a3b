//! What waits for a time, soonest first: pages of it, and how many wait until when.
//!
//! Both go by the index of due times. A page looks at no more than [`MAX_SCAN`] rows and says so when it stopped there.

use crate::api::{Bucket, Page, Scope, Total};
use crate::cursor::Cursors;
use crate::directory::Directory;
use crate::error::{Result, StoreError};
use crate::filter::conditions;
use crate::list::{MAX_PAGE, MAX_PAGE_BYTES};
use crate::read::{COLUMNS, stored_bytes, view};
use crate::row::{millis, moment};
use notify_proto::filter::{Filter, Term};
use notify_proto::view::{NotificationPage, NotificationView};
use notify_proto::{Status, Timestamp};
use rusqlite::types::Value;
use rusqlite::{CachedStatement, Connection, OptionalExtension as _, params_from_iter};

/// Rows one page looks at.
pub const MAX_SCAN: usize = 20_000;

/// A place in the order: a due time, and a number within it.
type Place = (i64, i64);

/// Before everything that waits for a time.
const START: Place = (i64::MIN, 0);

/// One page.
pub fn page(
    connection: &Connection,
    directory: &Directory,
    cursors: &Cursors,
    page: &Page,
) -> Result<NotificationPage> {
    let start = match &page.cursor {
        Some(cursor) => cursors.read_place(cursor)?,
        None => START,
    };
    let (before, filter) = split(&page.filter);
    let mut taken = Taken {
        fitting: Fitting::prepare(connection, directory, &filter)?,
        limit: page.limit.clamp(1, MAX_PAGE) as usize,
        items: Vec::new(),
        bytes: 0,
        looked: 0,
        last: start,
        more: false,
    };
    if start.0 < before {
        taken.walk(connection, include_str!("sql/schedule_same.sql"), start)?;
        taken.walk(connection, include_str!("sql/schedule_later.sql"), (start.0, before))?;
    }
    let next_cursor = if taken.more { Some(cursors.make_place(taken.last)?) } else { None };
    let total = if page.total != Total::Not && filter.terms.is_empty() {
        Some(count(connection, i64::MIN, before)?)
    } else {
        None
    };
    let partial = taken.more && !taken.is_full();
    Ok(NotificationPage { items: taken.items, next_cursor, total, partial })
}

/// When the first of this status is due.
pub fn first(connection: &Connection, status: Status) -> Result<Option<Timestamp>> {
    let first = if status == Status::Retrying {
        let mut query =
            connection.prepare_cached(include_str!("sql/retrying_after.sql")).map_err(StoreError::Read)?;
        query.query_row([i64::MIN], |row| row.get(0)).optional()
    } else {
        let mut query =
            connection.prepare_cached(include_str!("sql/due_first.sql")).map_err(StoreError::Read)?;
        query.query_row([status.as_str()], |row| row.get(0)).optional()
    };
    Ok(first.map_err(StoreError::Read)?.map(moment))
}

/// The bound on the due time, milliseconds, and the rest of the filter.
fn split(filter: &Filter) -> (i64, Filter) {
    let (mut before, mut rest) = (i64::MAX, Filter::default());
    for term in &filter.terms {
        match term {
            Term::DueBefore(at) => before = before.min(millis(*at)),
            other => drop(rest.and(other.clone())),
        }
    }
    (before, rest)
}

/// What a page has taken so far.
struct Taken<'a> {
    fitting: Fitting<'a>,
    limit: usize,
    items: Vec<NotificationView>,
    bytes: usize,
    /// Rows looked at.
    looked: usize,
    /// Where it stands.
    last: Place,
    /// Whether there is something behind that.
    more: bool,
}

impl Taken<'_> {
    fn is_full(&self) -> bool {
        self.items.len() == self.limit || self.bytes >= MAX_PAGE_BYTES
    }

    /// Takes what fits of the rows of a statement, until the page is full or enough was looked at.
    fn walk(&mut self, connection: &Connection, sql: &str, bounds: (i64, i64)) -> Result<()> {
        let mut query = connection.prepare_cached(sql).map_err(StoreError::Read)?;
        let mut rows = query.query(bounds).map_err(StoreError::Read)?;
        while !self.more
            && let Some(row) = rows.next().map_err(StoreError::Read)?
        {
            if self.is_full() || self.looked == MAX_SCAN {
                self.more = true;
                break;
            }
            let seq = row.get(0).map_err(StoreError::Read)?;
            self.last = (row.get(1).map_err(StoreError::Read)?, seq);
            self.looked += 1;
            if let Some((bytes, view)) = self.fitting.look(seq)? {
                self.bytes += bytes;
                self.items.push(view);
            }
        }
        Ok(())
    }
}

/// Looks at single rows through a filter.
struct Fitting<'a> {
    query: CachedStatement<'a>,
    values: Vec<Value>,
    directory: &'a Directory,
}

impl<'a> Fitting<'a> {
    fn prepare(connection: &'a Connection, directory: &'a Directory, filter: &Filter) -> Result<Self> {
        let wanted = conditions(directory, Scope::All, filter);
        // The number stands first and is the one that is looked up by.
        let sql = format!(
            "SELECT {COLUMNS} FROM notifications n JOIN messages m ON m.seq = n.seq WHERE n.seq = ? AND {}",
            wanted.text()
        );
        let query = connection.prepare_cached(&sql).map_err(StoreError::Read)?;
        let values = std::iter::once(Value::Null).chain(wanted.values).collect();
        Ok(Self { query, values, directory })
    }

    /// The row of this number with its stored bytes, if it fits.
    fn look(&mut self, seq: i64) -> Result<Option<(usize, NotificationView)>> {
        self.values[0] = seq.into();
        let mut rows = self.query.query(params_from_iter(&self.values)).map_err(StoreError::Read)?;
        let Some(row) = rows.next().map_err(StoreError::Read)? else { return Ok(None) };
        Ok(Some((stored_bytes(row), view(row, self.directory).map_err(StoreError::Read)?)))
    }
}

/// How many wait for a time before the first of these moments, between each two, and from the last on.
pub fn histogram(connection: &Connection, bounds: &[Timestamp]) -> Result<Vec<Bucket>> {
    let starts = std::iter::once(None).chain(bounds.iter().copied().map(Some));
    let ends = bounds.iter().copied().map(Some).chain([None]);
    let bucket = |(from, to): (Option<Timestamp>, Option<Timestamp>)| {
        let (low, high) = (from.map_or(i64::MIN, millis), to.map_or(i64::MAX, millis));
        let total = count(connection, low, high)?;
        Ok(Bucket { from, to, total, retrying: retrying(connection, low, high)? })
    };
    starts.zip(ends).map(bucket).collect()
}

fn count(connection: &Connection, from: i64, to: i64) -> Result<u64> {
    between(connection, include_str!("sql/schedule_count.sql"), from, to)
}

fn retrying(connection: &Connection, from: i64, to: i64) -> Result<u64> {
    between(connection, include_str!("sql/schedule_count_retrying.sql"), from, to)
}

fn between(connection: &Connection, sql: &str, from: i64, to: i64) -> Result<u64> {
    let count: i64 = connection
        .prepare_cached(sql)
        .and_then(|mut query| query.query_row((from, to), |row| row.get(0)))
        .map_err(StoreError::Read)?;
    Ok(u64::try_from(count).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::moment;

    #[test]
    fn the_soonest_bound_on_the_due_time_is_the_one_that_counts() {
        let term = |ms| Term::DueBefore(moment(ms));
        let filter = Filter { terms: vec![term(7), Term::AttemptsAtLeast(1), term(5)] };
        let rest = Filter { terms: vec![Term::AttemptsAtLeast(1)] };
        assert_eq!(split(&filter), (5, rest));
        assert_eq!(split(&Filter::default()), (i64::MAX, Filter::default()));
    }
}
