//! When what is owed to webhooks is due: how much of it, by webhook and span of time.

use super::endpoint::Endpoints;
use crate::error::{Result, StoreError};
use crate::row::millis;
use notify_proto::Timestamp;
use rusqlite::{Connection, Rows};
use std::collections::BTreeMap;

/// Entries of an index that are looked at, at most; and when a look at so many took too long.
const MAX_ENTRIES: u64 = 2_000_000;
const FEW_ENTRIES: u64 = 200_000;

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owing {
    /// All that is owed.
    All,
    /// What was not taken and is told again: nothing of it waits for one that is switched off.
    Again,
}

/// How much is due when.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Due {
    /// By the store's number of the webhook: how many in each place, the earliest first, one place more than there are edges.
    pub counts: BTreeMap<i64, Vec<u64>>,
    /// Whether all were looked at; if not, the first due were: of each webhook, or of what is told again in the order of time.
    pub whole: bool,
}

impl Due {
    fn add(&mut self, webhook: i64, at: i64, edges: &[i64]) {
        let counts = self.counts.entry(webhook).or_insert_with(|| vec![0; edges.len() + 1]);
        counts[edges.iter().filter(|edge| at >= **edge).count()] += 1;
    }
}

/// Looks; `owed` says to whom anything is owed, for all of it, `few` that a look at more took too long.
pub(super) fn due(
    connection: &Connection,
    endpoints: &Endpoints,
    what: Owing,
    owed: &[i64],
    edges: &[Timestamp],
    few: bool,
) -> Result<Due> {
    let bound = if few { FEW_ENTRIES } else { MAX_ENTRIES };
    let edges: Vec<_> = edges.iter().map(|edge| millis(*edge)).collect();
    let mut due = Due { whole: true, ..Due::default() };
    let mut look = || match what {
        Owing::All => {
            let mut query = connection.prepare_cached(include_str!("../sql/delivery_due.sql"))?;
            let mut left = bound;
            for (n, webhook) in owed.iter().enumerate() {
                // Who is owed much leaves as much to each of the others.
                let most = left / (owed.len() - n) as u64;
                left -= take(&mut due, query.query((webhook, limit(most)))?, most, &edges)?;
            }
            Ok(())
        }
        Owing::Again => {
            let mut query = connection.prepare_cached(include_str!("../sql/delivery_due_again.sql"))?;
            take(&mut due, query.query([limit(bound)])?, bound, &edges).map(drop)
        }
    };
    look().map_err(StoreError::Read)?;
    // What is left of one that was removed goes bit by bit.
    due.counts.retain(|no, _| endpoints.get(*no).is_some_and(|it| what == Owing::All || it.settings.active));
    Ok(due)
}

/// One more than is looked at: whether there is more shows.
fn limit(most: u64) -> i64 {
    i64::try_from(most + 1).unwrap_or(i64::MAX)
}

/// How many were taken.
fn take(due: &mut Due, mut rows: Rows<'_>, most: u64, edges: &[i64]) -> rusqlite::Result<u64> {
    let mut taken = 0;
    while let Some(row) = rows.next()? {
        if taken == most {
            due.whole = false;
            break;
        }
        taken += 1;
        due.add(row.get(0)?, row.get(1)?, edges);
    }
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(due: &Due) -> Vec<(i64, Vec<u64>)> {
        due.counts.iter().map(|(no, counts)| (*no, counts.clone())).collect()
    }

    #[test]
    fn of_too_many_the_first_due_are_told_and_that_there_are_more() {
        let connection = Connection::open_in_memory().unwrap();
        let rows = "CREATE TABLE given (webhook, due_at); INSERT INTO given VALUES (7, 10), (7, 25), (7, 30), (8, 20)";
        connection.execute_batch(rows).unwrap();
        let edges = [20, 30];
        for (most, expected, whole) in [
            (4, vec![(7, vec![1, 1, 1]), (8, vec![0, 1, 0])], true),
            (3, vec![(7, vec![1, 1, 0]), (8, vec![0, 1, 0])], false),
            (0, vec![], false),
        ] {
            let mut due = Due { whole: true, ..Due::default() };
            let mut query =
                connection.prepare("SELECT webhook, due_at FROM given ORDER BY due_at LIMIT ?1").unwrap();
            let taken = take(&mut due, query.query([limit(most)]).unwrap(), most, &edges).unwrap();
            assert_eq!((taken, counts(&due), due.whole), (most, expected, whole));
        }
    }
}
