//! Finds what comes next, on a connection that reads: the writer is not held up by a filter that matches little.

use super::{Bulk, Operation, rows};
use crate::api::Scope;
use crate::directory::Directory;
use crate::error::{Result, StoreError};
use crate::list::{Where, conditions, needs_message};
use crate::row::millis;
use notify_proto::filter::{Field, Term};
use notify_proto::upkeep::OperationState;
use notify_proto::{BulkOp, Status};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

/// Notifications looked at by one statement.
pub const SPAN: i64 = 20_000;

/// Looks without a find before the cursor is written down all the same.
const LOOKS: usize = 50;

/// The next that match, at the time of a look.
#[derive(Debug, PartialEq, Eq)]
pub struct Selected {
    /// The cursor they were looked for behind.
    pub from: i64,
    /// Their numbers, ascending.
    pub seqs: Vec<i64>,
    /// Where the cursor is once these are dealt with.
    pub next: i64,
}

/// Looks behind the cursor of an operation; none when it does not run.
pub fn next(
    connection: &Connection,
    directory: &Directory,
    no: i64,
    most: usize,
) -> Result<Option<Selected>> {
    let Some(operation) = rows::find(connection, no)? else { return Ok(None) };
    let Operation { bulk: Some(bulk), state: OperationState::Running, .. } = &operation else {
        return Ok(None);
    };
    let most = bulk.limit.map_or(most, |limit| {
        most.min(usize::try_from(limit.saturating_sub(operation.done + operation.refused)).unwrap_or(most))
    });
    let wanted = wanted(bulk, directory);
    let sql = format!(
        "SELECT n.seq FROM notifications n {} WHERE {} AND n.seq > ? AND n.seq <= ? ORDER BY n.seq LIMIT ?",
        join(bulk),
        wanted.text()
    );
    let mut query = connection.prepare_cached(&sql).map_err(StoreError::Read)?;
    let (from, mut cursor) = (operation.cursor, operation.cursor);
    let mut seqs = Vec::new();
    for _ in 0..LOOKS {
        let until = cursor.saturating_add(SPAN).min(operation.upto);
        let bounds = [cursor.into(), until.into(), Value::from(i64::try_from(most).unwrap_or(i64::MAX))];
        let values = wanted.values.iter().cloned().chain(bounds);
        let found = query.query_map(params_from_iter(values), |row| row.get(0)).map_err(StoreError::Read)?;
        seqs = found.collect::<rusqlite::Result<Vec<i64>>>().map_err(StoreError::Read)?;
        cursor = match seqs.last() {
            Some(last) if seqs.len() == most => *last,
            _ => until,
        };
        if !seqs.is_empty() || cursor >= operation.upto {
            break;
        }
    }
    Ok(Some(Selected { from, seqs, next: cursor }))
}

/// The condition of an operation.
pub fn wanted(bulk: &Bulk, directory: &Directory) -> Where {
    let mut wanted = conditions(directory, Scope::All, &bulk.filter);
    let cutoff = Value::from(millis(bulk.cutoff));
    wanted.and("n.created_at < ?", [cutoff.clone()]);
    wanted.and("(n.finished_at IS NULL OR n.finished_at < ?)", [cutoff]);
    if only_dead(bulk) {
        // As the index of dead letters is declared, so that nothing else is looked at.
        wanted.and("n.status = 'failed'", []);
    }
    wanted
}

/// What the filter looks into.
pub fn join(bulk: &Bulk) -> &'static str {
    if needs_message(&bulk.filter) { "JOIN messages m ON m.seq = n.seq" } else { "" }
}

/// Whether it can only ever come to dead letters.
fn only_dead(bulk: &Bulk) -> bool {
    let dead = |term: &Term| {
        let Term::Is { field: Field::Status, values, negate: false } = term else { return false };
        values.iter().all(|value| value == Status::Failed.as_str() || value == "dead")
    };
    bulk.op == BulkOp::Discard || bulk.filter.terms.iter().any(dead)
}
