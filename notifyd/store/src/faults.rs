//! Dead letters by what is wrong with them.

use crate::api::Scope;
use crate::directory::Directory;
use crate::error::{Result, StoreError};
use crate::filter::{conditions, needs_message};
use crate::operations::DEAD;
use crate::read;
use crate::row::{moment, opt_word};
use crate::sqlite::SqliteStore;
use notify_proto::filter::Filter;
use notify_proto::view::NotificationView;
use notify_proto::{FailureReason, Timestamp};
use notifyd_lifecycle::clock::to_millis;
use notifyd_lifecycle::fault;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, params_from_iter};
use std::collections::HashMap;

/// Dead letters looked at in all: the newest.
pub const MAX_SCAN: u64 = 100_000;

/// Dead letters of one look.
const PAGE: u64 = 10_000;

/// Faults kept apart while looking; who asks for more has texts that no fingerprint brings together.
const MAX_FAULTS: usize = 5_000;

/// Hours of a trend.
const HOURS: usize = 24;

/// Milliseconds of one.
const HOUR: i64 = 3_600_000;

/// Dead letters with one fault.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// Its fingerprint.
    pub fingerprint: String,
    /// How many.
    pub count: u64,
    /// When the first of them died.
    pub first: Timestamp,
    /// When the last of them died.
    pub last: Timestamp,
    /// How many died in each of the last 24 hours, the newest last.
    pub trend: Vec<u32>,
    /// One of them, the newest.
    pub sample: NotificationView,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Faults {
    /// The largest, the largest first.
    pub groups: Vec<Fault>,
    /// Dead letters that match and are in none of them.
    pub elsewhere: u64,
    /// Dead letters that were looked at.
    pub scanned: u64,
    /// Whether there are older ones that were not.
    pub partial: bool,
}

/// Teaches a connection the function that filters call: `fault(reason, provider, error)`.
pub(crate) fn register(connection: &Connection) -> rusqlite::Result<()> {
    let flags =
        FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_DIRECTONLY;
    connection.create_scalar_function("fault", 3, flags, |context| {
        let text = |index| context.get::<Option<String>>(index).map(Option::unwrap_or_default);
        Ok(fault::fingerprint(&text(0)?, context.get(1)?, &text(2)?))
    })
}

/// What tells faults apart: reason, provider, error.
type Key = (Option<FailureReason>, Option<i64>, String);

struct Seen {
    count: u64,
    first: i64,
    last: i64,
    newest: i64,
    trend: [u32; HOURS],
}

impl Seen {
    fn new(seq: i64, at: i64) -> Self {
        Self { count: 0, first: at, last: at, newest: seq, trend: [0; HOURS] }
    }

    fn add(&mut self, at: i64, now: i64) {
        self.count += 1;
        (self.first, self.last) = (self.first.min(at), self.last.max(at));
        // A clock that was set back puts what is to come into the newest hour.
        let ago = usize::try_from((now - at).max(0) / HOUR).unwrap_or(HOURS);
        if let Some(hour) = HOURS.checked_sub(ago + 1).and_then(|n| self.trend.get_mut(n)) {
            *hour += 1;
        }
    }
}

#[derive(Default)]
struct Tally {
    faults: HashMap<Key, Seen>,
    elsewhere: u64,
    scanned: u64,
}

/// The `limit` largest groups of the newest dead letters that match.
pub(crate) async fn group(store: &SqliteStore, filter: Filter, limit: usize) -> Result<Faults> {
    let now = to_millis(store.now());
    let (mut tally, mut before) = (Tally::default(), Some(i64::MAX));
    while let Some(below) = before.filter(|_| tally.scanned < MAX_SCAN) {
        let filter = filter.clone();
        (tally, before) = store
            .ask(move |connection, directory| {
                let next = look(connection, directory, &filter, (below, now), &mut tally);
                Ok((tally, next.map_err(StoreError::Read)?))
            })
            .await?;
    }
    let Tally { faults, mut elsewhere, scanned } = tally;
    let mut all: Vec<_> = faults.into_iter().collect();
    all.sort_by_key(|(_, seen)| (std::cmp::Reverse(seen.count), std::cmp::Reverse(seen.newest)));
    elsewhere += all.iter().skip(limit).map(|(_, seen)| seen.count).sum::<u64>();
    all.truncate(limit);
    let groups = store.ask(move |connection, directory| with_samples(connection, directory, all)).await?;
    Ok(Faults { groups, elsewhere, scanned, partial: before.is_some() })
}

/// One look at dead letters below a number; where the next begins, if there are more.
fn look(
    connection: &Connection,
    directory: &Directory,
    filter: &Filter,
    (below, now): (i64, i64),
    tally: &mut Tally,
) -> rusqlite::Result<Option<i64>> {
    let mut page = connection.prepare_cached(include_str!("sql/dead_page.sql"))?;
    let (lowest, count): (Option<i64>, u64) =
        page.query_row((below, PAGE), |row| Ok((row.get(0)?, row.get(1)?)))?;
    let Some(lowest) = lowest else { return Ok(None) };
    tally.scanned += count;
    let mut wanted = conditions(directory, Scope::All, filter);
    wanted.and(DEAD, []);
    wanted.and("n.seq >= ? AND n.seq < ?", [lowest.into(), Value::from(below)]);
    let join = if needs_message(filter) { "CROSS JOIN messages m ON m.seq = +n.seq" } else { "" };
    let sql = format!(
        "SELECT n.seq, n.failure_reason, n.provider, n.error, coalesce(n.finished_at, n.created_at) \
         FROM notifications n {join} WHERE {} ORDER BY n.seq DESC",
        wanted.text()
    );
    let mut query = connection.prepare_cached(&sql)?;
    let mut rows = query.query(params_from_iter(wanted.values))?;
    while let Some(row) = rows.next()? {
        let error = row.get_ref(3)?.as_str_or_null()?.unwrap_or_default();
        let key = (opt_word(row, 1)?, row.get(2)?, fault::template(error));
        let (seq, at): (i64, i64) = (row.get(0)?, row.get(4)?);
        if let Some(seen) = tally.faults.get_mut(&key) {
            seen.add(at, now);
        } else if tally.faults.len() < MAX_FAULTS {
            let mut seen = Seen::new(seq, at);
            seen.add(at, now);
            tally.faults.insert(key, seen);
        } else {
            tally.elsewhere += 1;
        }
    }
    Ok((count == PAGE).then_some(lowest))
}

/// With the newest notification of each.
fn with_samples(connection: &Connection, directory: &Directory, all: Vec<(Key, Seen)>) -> Result<Vec<Fault>> {
    let sql = format!(
        "SELECT {} FROM notifications n JOIN messages m ON m.seq = n.seq WHERE n.seq = ?1",
        read::COLUMNS
    );
    let mut query = connection.prepare_cached(&sql).map_err(StoreError::Read)?;
    let mut groups = Vec::with_capacity(all.len());
    for ((reason, provider, template), seen) in all {
        let sample = query.query_row([seen.newest], |row| read::view(row, directory)).optional();
        let Some(sample) = sample.map_err(StoreError::Read)? else { continue };
        let reason = reason.map(FailureReason::as_str).unwrap_or_default();
        groups.push(Fault {
            fingerprint: fault::of_template(reason, provider, &template),
            count: seen.count,
            first: moment(seen.first),
            last: moment(seen.last),
            trend: seen.trend.to_vec(),
            sample,
        });
    }
    Ok(groups)
}
