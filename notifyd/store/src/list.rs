//! Pages and counts: the filter language turned into SQL.
//!
//! Newest first by number. A scan looks at no more than [`MAX_SCAN`] rows and says so when it stopped there.

use crate::api::{Page, Scope};
use crate::cursor::Cursors;
use crate::directory::Directory;
use crate::error::{Result, StoreError};
use crate::read::{COLUMNS, stored_bytes, view};
use crate::row::millis;
use notify_proto::Status;
use notify_proto::filter::{Field, Filter, Term};
use notify_proto::view::NotificationPage;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params_from_iter};
use std::collections::BTreeMap;

/// Rows one page or count looks at.
pub const MAX_SCAN: i64 = 100_000;

/// Rows of one page.
pub const MAX_PAGE: u32 = 1_000;

/// Stored bytes of one page, after which it ends. A page is in memory whole, and messages may be large.
pub const MAX_PAGE_BYTES: usize = 512 * 1_024;

/// A condition with its values.
pub struct Where {
    sql: Vec<String>,
    /// In the order of the question marks.
    pub values: Vec<Value>,
}

impl Where {
    /// One more condition.
    pub fn and(&mut self, sql: impl Into<String>, values: impl IntoIterator<Item = Value>) {
        self.sql.push(sql.into());
        self.values.extend(values);
    }

    /// The condition.
    pub fn text(&self) -> String {
        if self.sql.is_empty() { "1".to_owned() } else { self.sql.join(" AND ") }
    }
}

/// One page.
pub fn list(
    connection: &Connection,
    directory: &Directory,
    cursors: &Cursors,
    scope: Scope,
    page: &Page,
) -> Result<NotificationPage> {
    let limit = page.limit.clamp(1, MAX_PAGE) as usize;
    let newest = newest(connection)?;
    let before = match &page.cursor {
        Some(cursor) => cursors.read(scope, cursor)?,
        None => newest + 1,
    };
    let floor = floor(connection, scope, &page.filter, before, MAX_SCAN)?;
    let mut wanted = conditions(directory, scope, &page.filter);
    wanted.and("n.seq < ? AND n.seq >= ?", [before.into(), floor.into()]);
    let sql = format!(
        "SELECT {COLUMNS} FROM notifications n JOIN messages m ON m.seq = n.seq WHERE {} \
         ORDER BY n.seq DESC LIMIT ? OFFSET ?",
        wanted.text()
    );
    let mut values = wanted.values;
    values.push(Value::from(i64::try_from(limit + 1).unwrap_or(i64::MAX)));
    values.push(Value::from(i64::from(page.skip)));
    let mut query = connection.prepare_cached(&sql).map_err(StoreError::Read)?;
    let mut rows = query.query(params_from_iter(values)).map_err(StoreError::Read)?;
    let mut items = Vec::with_capacity(limit);
    let mut last = before;
    let mut more = false;
    let mut bytes = 0;
    while let Some(row) = rows.next().map_err(StoreError::Read)? {
        if items.len() == limit || bytes >= MAX_PAGE_BYTES {
            more = true;
            break;
        }
        bytes += stored_bytes(row);
        last = row.get(0).map_err(StoreError::Read)?;
        items.push(view(row, directory).map_err(StoreError::Read)?);
    }
    let partial = if more { items.len() < limit } else { floor > 0 };
    let next_cursor = if more {
        Some(cursors.make(scope, last)?)
    } else if partial {
        Some(cursors.make(scope, floor)?)
    } else {
        None
    };
    let total = if page.with_total {
        Some(count(connection, directory, scope, &page.filter)?.values().sum())
    } else {
        None
    };
    Ok(NotificationPage { items, next_cursor, total, partial })
}

/// How many match, by status.
pub fn count(
    connection: &Connection,
    directory: &Directory,
    scope: Scope,
    filter: &Filter,
) -> Result<BTreeMap<String, u64>> {
    let mut wanted = conditions(directory, scope, filter);
    let join = if needs_message(filter) { "JOIN messages m ON m.seq = n.seq" } else { "" };
    let floor = floor(connection, scope, filter, newest(connection)? + 1, 10 * MAX_SCAN)?;
    wanted.and("n.seq >= ?", [Value::from(floor)]);
    let sql = format!(
        "SELECT n.status, count(*) FROM notifications n {join} WHERE {} GROUP BY n.status",
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

/// The lowest number a scan of `rows` rows below `before` comes to; 0 when an index holds the answer. A service scans its own
/// rows only: how far it gets tells it nothing of the others.
fn floor(connection: &Connection, scope: Scope, filter: &Filter, before: i64, rows: i64) -> Result<i64> {
    let by_id = |term: &Term| matches!(term, Term::Is { field: Field::Id, negate: false, .. });
    if filter.terms.iter().any(by_id) {
        return Ok(0);
    }
    match scope {
        Scope::Service(_) if filter.terms.is_empty() => Ok(0),
        Scope::All => Ok((before - rows).max(0)),
        Scope::Service(no) => {
            let floor: Option<i64> = connection
                .prepare_cached(include_str!("sql/floor_of_service.sql"))
                .and_then(|mut query| query.query_row((no, before, rows - 1), |row| row.get(0)).optional())
                .map_err(StoreError::Read)?;
            Ok(floor.unwrap_or(0))
        }
    }
}

/// Whether a filter looks into messages.
pub fn needs_message(filter: &Filter) -> bool {
    filter.terms.iter().any(|term| {
        matches!(
            term,
            Term::Is {
                field: Field::Recipient | Field::Tenant | Field::EventType | Field::Meta(_) | Field::Any,
                ..
            }
        )
    })
}

/// A filter as a condition on notifications `n` and, if it looks into them, messages `m`.
pub fn conditions(directory: &Directory, scope: Scope, filter: &Filter) -> Where {
    let mut wanted = Where { sql: Vec::new(), values: Vec::new() };
    if let Scope::Service(no) = scope {
        wanted.and("n.service = ?", [no.into()]);
    }
    for term in &filter.terms {
        match term {
            Term::AttemptsAtLeast(least) => wanted.and("n.attempts >= ?", [Value::from(i64::from(*least))]),
            Term::Since(at) => wanted.and("n.created_at >= ?", [millis(*at).into()]),
            Term::Until(at) => wanted.and("n.created_at < ?", [millis(*at).into()]),
            Term::DueBefore(at) => wanted.and("n.due_at < ?", [millis(*at).into()]),
            Term::Is { field, values, negate } => {
                let mut any = Vec::new();
                let mut bound = Vec::new();
                for value in values {
                    let (sql, more) = one(directory, field, value);
                    any.push(sql);
                    bound.extend(more);
                }
                let not = if *negate { "NOT " } else { "" };
                wanted.and(format!("{not}coalesce(({}), 0)", any.join(" OR ")), bound);
            }
        }
    }
    wanted
}

/// What waits for an operator, and what was put back until a queue opens. Only what was touched since its acceptance can
/// have been put back.
const HELD: &str = "(n.status = 'pending' AND n.due_at IS NULL OR n.status = 'queued' AND n.fence > 1 AND
    (SELECT e.event FROM events e WHERE e.seq = n.seq ORDER BY e.n DESC LIMIT 1) = 'held')";

/// The condition of one value of one field.
fn one(directory: &Directory, field: &Field, value: &str) -> (String, Vec<Value>) {
    let text = |column: &str| {
        let (sql, value) = like(column, value);
        (sql, vec![value])
    };
    match field {
        Field::Id => id(value),
        Field::Status => match value {
            "dead" => ("n.status = 'failed'".into(), vec![]),
            "scheduled" => ("(n.status = 'pending' AND n.due_at IS NOT NULL)".into(), vec![]),
            "held" => (HELD.into(), vec![]),
            word => ("n.status = ?".into(), vec![Value::from(word.to_owned())]),
        },
        Field::Service => {
            numbers("n.service", directory.services().iter().map(|it| (it.no, it.name.as_str())), value)
        }
        Field::Provider => {
            numbers("n.provider", directory.known().iter().map(|it| (it.no, it.name.as_str())), value)
        }
        Field::Channel => text("n.channel"),
        Field::Priority => {
            let rank = notify_proto::Priority::ALL.iter().position(|priority| priority.as_str() == value);
            (
                "n.priority = ?".into(),
                vec![Value::from(rank.and_then(|rank| i64::try_from(rank).ok()).unwrap_or(-1))],
            )
        }
        Field::Recipient => recipient(value),
        Field::Tenant => text("json_extract(m.body, '$.message.tenant_id')"),
        Field::EventType => text("json_extract(m.body, '$.message.event_type')"),
        // No batches are taken in yet, so nothing belongs to one.
        Field::Batch => ("0".into(), vec![]),
        Field::Reason => text("n.failure_reason"),
        Field::Error => ("instr(lower(n.error), lower(?)) > 0".into(), vec![Value::from(value.to_owned())]),
        Field::Fault => (
            "(n.status = 'failed' AND fault(n.failure_reason, n.provider, n.error) = ?)".into(),
            vec![Value::from(value.to_owned())],
        ),
        Field::Meta(key) => {
            let (sql, matched) = like("json_extract(m.body, '$.message.meta_data.' || ?)", value);
            (sql, vec![Value::from(format!("\"{}\"", key.replace('"', ""))), matched])
        }
        Field::Any => {
            let (by_id, mut values) = id(value);
            let (by_recipient, more) = recipient(value);
            values.extend(more);
            values.push(Value::from(value.to_owned()));
            (format!("{by_id} OR {by_recipient} OR instr(lower(n.error), lower(?)) > 0"), values)
        }
    }
}

/// Equal, or starting alike when the value ends in `*`; a star that is meant is written `\*`.
fn like(column: &str, value: &str) -> (String, Value) {
    match Wanted::of(value) {
        Wanted::Whole(whole) => (format!("{column} = ?"), Value::from(whole)),
        Wanted::Start(start) => {
            let escaped = start.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
            (format!("{column} LIKE ? ESCAPE '\\'"), Value::from(format!("{escaped}%")))
        }
    }
}

/// What a value of a filter asks for.
enum Wanted<'a> {
    Whole(String),
    Start(&'a str),
}

impl<'a> Wanted<'a> {
    fn of(value: &'a str) -> Self {
        match (value.strip_suffix("\\*"), value.strip_suffix('*')) {
            (Some(start), _) => Self::Whole(format!("{start}*")),
            (None, Some(start)) => Self::Start(start),
            (None, None) => Self::Whole(value.to_owned()),
        }
    }
}

/// A whole id, or the start of one.
fn id(value: &str) -> (String, Vec<Value>) {
    let hex: String = value.trim_end_matches('*').chars().filter(|c| *c != '-').collect();
    if hex.is_empty() || hex.len() > 32 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        return ("0".into(), vec![]);
    }
    let end = |fill: char| {
        let padded: String = hex.chars().chain(std::iter::repeat(fill)).take(32).collect();
        let bytes =
            (0..32).step_by(2).filter_map(|i| u8::from_str_radix(&padded[i..i + 2], 16).ok()).collect();
        Value::Blob(bytes)
    };
    ("n.id BETWEEN ? AND ?".into(), vec![end('0'), end('f')])
}

/// Any address of any channel.
fn recipient(value: &str) -> (String, Vec<Value>) {
    let (matches, value) = like("a.value", value);
    let sql = format!(
        "EXISTS (SELECT 1 FROM json_tree(m.body, '$.message.addresses') a WHERE a.type = 'text' AND {matches})"
    );
    (sql, vec![value])
}

/// Services and providers are named by people and numbered in rows.
fn numbers<'a>(column: &str, all: impl Iterator<Item = (i64, &'a str)>, value: &str) -> (String, Vec<Value>) {
    let wanted = Wanted::of(value);
    let matches = |name: &str| match &wanted {
        Wanted::Whole(whole) => name == whole,
        Wanted::Start(start) => name.starts_with(start),
    };
    let found: Vec<Value> = all.filter(|(_, name)| matches(name)).map(|(no, _)| no.into()).collect();
    (format!("{column} IN ({})", vec!["?"; found.len()].join(",")), found)
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
