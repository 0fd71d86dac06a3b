//! Pages and counts.
//!
//! Newest first by number. What no index finds is searched for, for a short time, and the page says when that ended before
//! the log did.

mod path;

use crate::api::{Page, Scope, Total};
use crate::cursor::Cursors;
use crate::directory::Directory;
use crate::error::{Result, StoreError};
use crate::filter::{Where, conditions, needs_message};
use crate::read::{COLUMNS, stored_bytes, view};
use notify_proto::Status;
use notify_proto::filter::Filter;
use notify_proto::view::{NotificationPage, NotificationView};
use path::{Path, Search};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use std::collections::BTreeMap;

/// Rows a count looks at.
const MAX_COUNT: i64 = 1_000_000;

/// Rows of one page.
pub const MAX_PAGE: u32 = 1_000;

/// Stored bytes of one page, after which it ends. A page is in memory whole, and messages may be large.
pub const MAX_PAGE_BYTES: usize = 512 * 1_024;

/// One page.
pub fn list(
    connection: &Connection,
    directory: &Directory,
    cursors: &Cursors,
    scope: Scope,
    page: &Page,
) -> Result<NotificationPage> {
    let limit = page.limit.clamp(1, MAX_PAGE) as usize;
    let before = match &page.cursor {
        Some(cursor) => cursors.read(scope, cursor)?,
        None => newest(connection)? + 1,
    };
    let path = Path::of(directory, scope, &page.filter);
    let mut search = Search::of(before, page.skip == 0);
    if page.most_tried {
        return most_tried(connection, directory, scope, page, (&path, search, limit));
    }
    let mut taken = Taken { items: Vec::with_capacity(limit.min(64)), last: before, bytes: 0, more: false };
    while !taken.more && search.step(connection, &path)? {
        let mut wanted = conditions(directory, scope, &page.filter);
        path.narrow(&mut wanted);
        wanted.and("n.seq < ? AND n.seq >= ?", [search.before.into(), search.floor.into()]);
        taken.window(connection, directory, wanted, limit, page.skip)?;
    }
    let partial = if taken.more { taken.items.len() < limit } else { search.floor > 0 };
    let next_cursor = if taken.more {
        Some(cursors.make(scope, taken.last)?)
    } else if partial {
        Some(cursors.make(scope, search.floor)?)
    } else {
        None
    };
    let total = total(connection, directory, scope, page)?;
    Ok(NotificationPage { items: taken.items, next_cursor, total, partial })
}

fn total(connection: &Connection, directory: &Directory, scope: Scope, page: &Page) -> Result<Option<u64>> {
    Ok(match page.total {
        Total::Not => None,
        Total::Soon => soon(connection, directory, scope, &page.filter)?,
        Total::Whole => Some(count(connection, directory, scope, &page.filter)?.values().sum()),
    })
}

/// Those with most attempts of all that a search comes past, the newest first among equals.
fn most_tried(
    connection: &Connection,
    directory: &Directory,
    scope: Scope,
    page: &Page,
    (path, mut search, limit): (&Path, Search, usize),
) -> Result<NotificationPage> {
    let mut best: Vec<(u32, i64)> = Vec::new();
    while search.step(connection, path)? {
        let mut wanted = conditions(directory, scope, &page.filter);
        path.narrow(&mut wanted);
        wanted.and("n.seq < ? AND n.seq >= ?", [search.before.into(), search.floor.into()]);
        let sql = format!(
            "SELECT n.attempts, n.seq FROM notifications n {} WHERE {} ORDER BY n.attempts DESC, n.seq DESC LIMIT ?",
            join(&page.filter),
            wanted.text()
        );
        let values = wanted.values.into_iter().chain([Value::from(i64::try_from(limit).unwrap_or(i64::MAX))]);
        let mut query = connection.prepare_cached(&sql).map_err(StoreError::Read)?;
        let rows = query
            .query_map(params_from_iter(values), |row| Ok((row.get(0)?, row.get(1)?)))
            .map_err(StoreError::Read)?;
        best.extend(rows.collect::<rusqlite::Result<Vec<_>>>().map_err(StoreError::Read)?);
        best.sort_unstable_by(|a, b| b.cmp(a));
        best.truncate(limit);
    }
    let mut taken = Taken { items: Vec::with_capacity(best.len()), last: 0, bytes: 0, more: false };
    for (_, seq) in best {
        let mut one = Where::default();
        one.and("n.seq = ?", [Value::from(seq)]);
        let room = taken.items.len() + 1;
        taken.window(connection, directory, one, room, 0)?;
    }
    let total = total(connection, directory, scope, page)?;
    let partial = taken.more || search.floor > 0;
    Ok(NotificationPage { items: taken.items, next_cursor: None, total, partial })
}

fn statement(wanted: &Where) -> String {
    format!(
        "SELECT {COLUMNS} FROM notifications n CROSS JOIN messages m ON m.seq = +n.seq WHERE {} \
         ORDER BY n.seq DESC LIMIT ? OFFSET ?",
        wanted.text()
    )
}

/// What a page has so far.
struct Taken {
    items: Vec<NotificationView>,
    /// The number of the last of them.
    last: i64,
    bytes: usize,
    /// Whether there is at least one more that matches.
    more: bool,
}

impl Taken {
    fn window(
        &mut self,
        connection: &Connection,
        directory: &Directory,
        wanted: Where,
        limit: usize,
        skip: u32,
    ) -> Result<()> {
        let sql = statement(&wanted);
        let mut values = wanted.values;
        values.push(Value::from(i64::try_from(limit + 1 - self.items.len()).unwrap_or(i64::MAX)));
        values.push(Value::from(i64::from(skip)));
        let mut query = connection.prepare_cached(&sql).map_err(StoreError::Read)?;
        let mut rows = query.query(params_from_iter(values)).map_err(StoreError::Read)?;
        while let Some(row) = rows.next().map_err(StoreError::Read)? {
            if self.items.len() == limit || self.bytes >= MAX_PAGE_BYTES {
                self.more = true;
                break;
            }
            self.bytes += stored_bytes(row);
            self.last = row.get(0).map_err(StoreError::Read)?;
            self.items.push(view(row, directory).map_err(StoreError::Read)?);
        }
        Ok(())
    }
}

/// How many match, if there is time to find out.
fn soon(
    connection: &Connection,
    directory: &Directory,
    scope: Scope,
    filter: &Filter,
) -> Result<Option<u64>> {
    let path = Path::of(directory, scope, filter);
    let mut search = Search::of(newest(connection)? + 1, true).through(MAX_COUNT);
    let mut total = 0;
    while search.step(connection, &path)? {
        let mut wanted = conditions(directory, scope, filter);
        path.narrow(&mut wanted);
        wanted.and("n.seq < ? AND n.seq >= ?", [search.before.into(), search.floor.into()]);
        let sql = format!("SELECT count(*) FROM notifications n {} WHERE {}", join(filter), wanted.text());
        let mut query = connection.prepare_cached(&sql).map_err(StoreError::Read)?;
        total += query
            .query_row(params_from_iter(wanted.values), |row| row.get::<_, u64>(0))
            .map_err(StoreError::Read)?;
    }
    Ok((search.floor <= 0).then_some(total))
}

/// With the messages, if the filter looks into them.
fn join(filter: &Filter) -> &'static str {
    if needs_message(filter) { "CROSS JOIN messages m ON m.seq = +n.seq" } else { "" }
}

/// How many match, by status.
pub fn count(
    connection: &Connection,
    directory: &Directory,
    scope: Scope,
    filter: &Filter,
) -> Result<BTreeMap<String, u64>> {
    let mut wanted = conditions(directory, scope, filter);
    let path = Path::of(directory, scope, filter);
    path.narrow(&mut wanted);
    let floor = path.floor(connection, newest(connection)? + 1, MAX_COUNT)?;
    wanted.and("n.seq >= ?", [Value::from(floor)]);
    let sql = format!(
        "SELECT n.status, count(*) FROM notifications n {} WHERE {} GROUP BY n.status",
        join(filter),
        wanted.text()
    );
    let mut query = connection.prepare_cached(&sql).map_err(StoreError::Read)?;
    let rows = query
        .query_map(params_from_iter(wanted.values), |row| Ok((row.get(0)?, row.get(1)?)))
        .map_err(StoreError::Read)?;
    rows.collect::<rusqlite::Result<_>>().map_err(StoreError::Read)
}

/// The number of the newest notification; 0 when there is none.
pub fn newest(connection: &Connection) -> Result<i64> {
    let newest: Option<i64> = connection
        .prepare_cached(include_str!("sql/newest.sql"))
        .and_then(|mut query| query.query_row([], |row| row.get(0)))
        .map_err(StoreError::Read)?;
    Ok(newest.unwrap_or(0))
}

/// The statuses of every list, for the counts kept in memory.
pub fn counts(connection: &Connection) -> Result<[i64; 7]> {
    let mut counts = [0; 7];
    let mut query = connection.prepare_cached(include_str!("sql/counts.sql")).map_err(StoreError::Read)?;
    let mut rows = query.query([]).map_err(StoreError::Read)?;
    while let Some(row) = rows.next().map_err(StoreError::Read)? {
        let status: Status = crate::row::status(row, 0).map_err(StoreError::Read)?;
        counts[status as usize] = row.get(1).map_err(StoreError::Read)?;
    }
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use notify_proto::{ServiceId, Timestamp};

    fn plan(scope: Scope, filter: &str) -> String {
        let log = Connection::open_in_memory().unwrap();
        log.execute_batch(include_str!("../migrations/0001_log.sql")).unwrap();
        crate::faults::register(&log).unwrap();
        let shop = crate::directory::Service {
            no: 3,
            id: ServiceId::from_bytes([3; 16]),
            name: "shop".into(),
            description: None,
            active: true,
            rate_per_second: None,
            created_at: Timestamp::UNIX_EPOCH,
            keys: vec![],
        };
        let directory = Directory::new(vec![shop], vec![], vec![], vec![]);
        let filter = Filter::parse(filter, Timestamp::UNIX_EPOCH).unwrap();
        let mut wanted = conditions(&directory, scope, &filter);
        Path::of(&directory, scope, &filter).narrow(&mut wanted);
        wanted.and("n.seq < ? AND n.seq >= ?", [9.into(), 1.into()]);
        let mut explain = log.prepare(&format!("EXPLAIN QUERY PLAN {}", statement(&wanted))).unwrap();
        let steps: rusqlite::Result<Vec<String>> = explain.raw_query().mapped(|row| row.get(3)).collect();
        steps.unwrap().join("; ")
    }

    #[test]
    fn a_page_goes_by_the_index_that_leads_to_the_least_and_sorts_nothing() {
        let log = "SEARCH n USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)";
        let service = "SEARCH n USING INDEX notifications_by_service (service=? AND seq>? AND seq<?)";
        let ended = "SEARCH n USING INDEX notifications_dead (status=? AND seq>? AND seq<?)";
        for (scope, filter, wanted) in [
            (Scope::All, "*", log),
            (Scope::All, "status:queued,retrying error:x", log),
            (Scope::All, "-service:shop", log),
            (Scope::All, "service:nobody", log),
            (Scope::All, "service:shop", service),
            (Scope::All, "status:failed service:shop to:a", service),
            (Scope::All, "status:dead error:x", ended),
            (Scope::All, "status:cancelled", ended),
            (Scope::Service(3), "*", service),
            (Scope::Service(3), "status:failed", service),
        ] {
            let plan = plan(scope, filter);
            assert!(plan.starts_with(wanted) && !plan.contains("TEMP B-TREE"), "{filter}: {plan}");
        }
        for scope in [Scope::All, Scope::Service(3)] {
            let plan = plan(scope, "id:0199aabb,0199aabbccdd7eee8fff000011112222");
            assert!(plan.contains("notifications_by_id (id>? AND id<?)"), "{plan}");
            let by_number = plan.starts_with("SEARCH n USING INTEGER PRIMARY KEY (rowid=?)");
            assert!(by_number || plan.contains("(service=? AND seq=?"), "{plan}");
        }
    }
}
