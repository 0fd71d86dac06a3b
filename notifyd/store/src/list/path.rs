//! In which order and how far the log is looked through for a page.

use crate::api::Scope;
use crate::directory::Directory;
use crate::error::{Result, StoreError};
use crate::filter::{Where, id_range, numbers};
use notify_proto::filter::{Field, Filter, Term};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params_from_iter};
use std::time::Duration;
use tokio::time::Instant;

/// Rows one page looks through that no index finds.
const MAX_SCAN: i64 = 100_000;

/// For how long, after which the page ends where it is.
const LONGEST: Duration = Duration::from_millis(50);

/// Rows between two looks at the clock: a few milliseconds' worth.
const STEP: i64 = 2_000;

/// The index that leads to what is asked for, with the value of its first column.
enum Index {
    /// The log itself.
    Log,
    /// What one service sent.
    Service(i64),
    /// What was given up or revoked.
    Ended(&'static str),
    /// These ids, or what starts like that: the lowest and the highest each.
    Ids(Vec<(Value, Value)>),
}

/// The way through the log.
pub(super) struct Path {
    index: Index,
    /// Whether all that is on it matches.
    sure: bool,
}

impl Path {
    pub(super) fn of(directory: &Directory, scope: Scope, filter: &Filter) -> Self {
        let index = match (ids(filter), scope) {
            (Some(ids), _) => Index::Ids(ids),
            (None, Scope::Service(no)) => Index::Service(no),
            (None, Scope::All) => index(directory, filter),
        };
        let named = match (&index, scope) {
            (Index::Log, _) | (Index::Service(_), Scope::Service(_)) => 0,
            _ => 1,
        };
        Self { index, sure: filter.terms.len() == named }
    }

    /// Has only what is on it looked at.
    pub(super) fn narrow(&self, wanted: &mut Where) {
        match &self.index {
            Index::Log => {}
            Index::Service(no) => wanted.and("n.service = ?", [Value::from(*no)]),
            // The first condition is the one of the index.
            Index::Ended(status) => {
                wanted.and(
                    "n.status IN ('failed', 'cancelled') AND n.status = ?",
                    [Value::from((*status).to_owned())],
                );
            }
            Index::Ids(ranges) => {
                let one = "SELECT seq FROM notifications WHERE id BETWEEN ? AND ?";
                let all = vec![one; ranges.len()].join(" UNION ALL ");
                let ends = ranges.iter().flat_map(|(low, high)| [low.clone(), high.clone()]);
                wanted.and(format!("n.seq IN ({all})"), ends);
            }
        }
    }

    /// The lowest number of the next `rows` on it below `before`; 0 when there are no more.
    pub(super) fn floor(&self, connection: &Connection, before: i64, rows: i64) -> Result<i64> {
        let (sql, value) = match &self.index {
            Index::Ids(_) => return Ok(0),
            Index::Log => return Ok((before - rows).max(0)),
            Index::Service(no) => (include_str!("../sql/floor_of_service.sql"), Value::from(*no)),
            Index::Ended(status) => {
                (include_str!("../sql/floor_of_ended.sql"), Value::from((*status).to_owned()))
            }
        };
        let floor: Option<i64> = connection
            .prepare_cached(sql)
            .and_then(|mut query| {
                let values = [value, before.into(), (rows - 1).into()];
                query.query_row(params_from_iter(values), |row| row.get(0)).optional()
            })
            .map_err(StoreError::Read)?;
        Ok(floor.unwrap_or(0))
    }
}

/// The ids that a filter names.
fn ids(filter: &Filter) -> Option<Vec<(Value, Value)>> {
    filter.terms.iter().find_map(|term| match term {
        Term::Is { field: Field::Id, values, negate: false } => {
            values.iter().map(|it| id_range(it)).collect()
        }
        _ => None,
    })
}

/// How one service or one way to end leads to what a filter asks for. A service has its own rows only, so it is the better.
fn index(directory: &Directory, filter: &Filter) -> Index {
    let one = |wanted: Field| {
        filter.terms.iter().find_map(move |term| match term {
            Term::Is { field, values, negate: false } if *field == wanted => match values.as_slice() {
                [value] => Some(value.as_str()),
                _ => None,
            },
            _ => None,
        })
    };
    let service = one(Field::Service).map(|name| numbers(directory.all_services(), name));
    match (service.as_deref(), one(Field::Status)) {
        (Some([no]), _) => Index::Service(*no),
        (_, Some("failed" | "dead")) => Index::Ended("failed"),
        (_, Some("cancelled")) => Index::Ended("cancelled"),
        _ => Index::Log,
    }
}

/// A look through the log from the newest on, piece by piece.
pub(super) struct Search {
    /// The piece is below this number.
    pub(super) before: i64,
    /// And not below this one; 0 when it is the last.
    pub(super) floor: i64,
    left: i64,
    step: i64,
    until: Option<Instant>,
}

impl Search {
    /// From there on, in pieces or in one.
    pub(super) fn of(before: i64, pieces: bool) -> Self {
        let step = if pieces { STEP } else { MAX_SCAN };
        Self { before, floor: before, left: MAX_SCAN, step, until: None }
    }

    /// The same through at most so many rows.
    pub(super) fn through(self, rows: i64) -> Self {
        Self { left: rows, ..self }
    }

    /// The next piece; whether there is one, and time for it. There is always time for the first.
    pub(super) fn step(&mut self, connection: &Connection, path: &Path) -> Result<bool> {
        let now = Instant::now();
        if self.floor <= 0 || self.left <= 0 || now >= *self.until.get_or_insert(now + LONGEST) {
            return Ok(false);
        }
        let rows = self.step.min(self.left);
        self.left -= rows;
        self.before = self.floor;
        self.floor = if path.sure { 0 } else { path.floor(connection, self.before, rows)? };
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_ends_with_the_log_or_with_the_time() {
        let log = Connection::open_in_memory().unwrap();
        let path = Path { index: Index::Log, sure: false };
        let mut search = Search::of(2 * STEP + 5, true);
        let mut pieces = Vec::new();
        while search.step(&log, &path).unwrap() {
            pieces.push((search.floor, search.before));
        }
        assert_eq!(pieces, [(STEP + 5, 2 * STEP + 5), (5, STEP + 5), (0, 5)]);

        let mut search = Search::of(2 * STEP + 5, true);
        assert!(search.step(&log, &path).unwrap());
        tokio::time::advance(LONGEST).await;
        assert!(!search.step(&log, &path).unwrap());
        assert_eq!(search.floor, STEP + 5, "the next page begins where this one ended");

        let mut search = Search::of(3 * MAX_SCAN, true);
        while search.step(&log, &path).unwrap() {}
        assert_eq!(search.floor, 2 * MAX_SCAN);
    }
}
