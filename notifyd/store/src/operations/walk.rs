//! Goes along the log behind the cursor of an operation.

use super::Operation;
use crate::error::{Result, StoreError};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use std::time::Duration;
use tokio::time::Instant;

/// How long a look without a find goes on; a cursor that is written down now and then costs less.
const PATIENCE: Duration = Duration::from_millis(200);

/// The numbers of the next that match, ascending, at most so many, and where the cursor is once these are dealt with. Of the
/// statement the last three values are the cursor, where a look ends, which is `span` further, and how many there may be.
pub fn walk(
    connection: &Connection,
    sql: &str,
    values: &[Value],
    operation: &Operation,
    most: usize,
    span: i64,
) -> Result<(Vec<i64>, i64)> {
    let mut query = connection.prepare_cached(sql).map_err(StoreError::Read)?;
    let mut cursor = operation.cursor;
    let begun = Instant::now();
    loop {
        let until = cursor.saturating_add(span).min(operation.upto);
        let bounds = [cursor.into(), until.into(), Value::from(i64::try_from(most).unwrap_or(i64::MAX))];
        let values = values.iter().cloned().chain(bounds);
        let found = query.query_map(params_from_iter(values), |row| row.get(0)).map_err(StoreError::Read)?;
        let nos = found.collect::<rusqlite::Result<Vec<i64>>>().map_err(StoreError::Read)?;
        cursor = match nos.last() {
            Some(last) if nos.len() == most => *last,
            _ => until,
        };
        if !nos.is_empty() || cursor >= operation.upto || begun.elapsed() >= PATIENCE {
            return Ok((nos, cursor));
        }
    }
}
