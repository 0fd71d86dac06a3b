//! Finds what comes next, on a connection that reads: the writer is not held up by a filter that matches little.

use super::walk::walk;
use super::{Bulk, Operation, Work, rows};
use crate::api::Scope;
use crate::directory::Directory;
use crate::error::Result;
use crate::filter::{Where, conditions, needs_message};
use crate::row::millis;
use notify_proto::filter::{Field, Term};
use notify_proto::upkeep::OperationState;
use notify_proto::{BulkOp, Status};
use rusqlite::Connection;
use rusqlite::types::Value;

/// Notifications looked at by one statement, unless that takes too long.
pub const SPAN: i64 = 20_000;

/// Dead letters, with the condition of their index, so that nothing else is looked at.
pub const DEAD: &str = "n.status IN ('failed', 'cancelled') AND n.status = 'failed'";

/// The next that match, at the time of a look.
#[derive(Debug, PartialEq, Eq)]
pub struct Selected {
    /// What is to be done with them.
    pub op: BulkOp,
    /// The cursor they were looked for behind.
    pub from: i64,
    /// Their numbers, ascending.
    pub seqs: Vec<i64>,
    /// Where the cursor is once these are dealt with.
    pub next: i64,
}

/// Looks behind the cursor of an operation, at so many at once; none when it does not run.
pub fn next(
    connection: &Connection,
    directory: &Directory,
    no: i64,
    most: usize,
    span: i64,
) -> Result<Option<Selected>> {
    let Some(operation) = rows::find(connection, no)? else { return Ok(None) };
    let Operation { work: Some(Work::Bulk(bulk)), state: OperationState::Running, .. } = &operation else {
        return Ok(None);
    };
    let most = bulk.limit.map_or(most, |limit| {
        most.min(usize::try_from(limit.saturating_sub(operation.done + operation.refused)).unwrap_or(most))
    });
    let wanted = wanted(bulk, directory);
    let sql = statement(bulk, &wanted);
    let (seqs, next) = walk(connection, &sql, &wanted.values, &operation, most, span)?;
    Ok(Some(Selected { op: bulk.op, from: operation.cursor, seqs, next }))
}

/// The statement of a look; its last values are the cursor, where the look ends, and how many there may be.
fn statement(bulk: &Bulk, wanted: &Where) -> String {
    format!(
        "SELECT n.seq FROM notifications n {} WHERE {} AND n.seq > ? AND n.seq <= ? ORDER BY n.seq LIMIT ?",
        join(bulk),
        wanted.text()
    )
}

/// The condition of an operation.
pub fn wanted(bulk: &Bulk, directory: &Directory) -> Where {
    let mut wanted = conditions(directory, Scope::All, &bulk.filter);
    let cutoff = Value::from(millis(bulk.cutoff));
    wanted.and("n.created_at < ?", [cutoff.clone()]);
    wanted.and("(n.finished_at IS NULL OR n.finished_at < ?)", [cutoff]);
    if only_dead(bulk) {
        wanted.and(DEAD, []);
    }
    wanted
}

/// What the filter looks into; messages come after notifications, of which there may be few. The plus keeps the planner from
/// taking the bounds of one for those of the other.
pub fn join(bulk: &Bulk) -> &'static str {
    if needs_message(&bulk.filter) { "CROSS JOIN messages m ON m.seq = +n.seq" } else { "" }
}

/// Whether it can only ever come to dead letters.
fn only_dead(bulk: &Bulk) -> bool {
    let dead = |term: &Term| {
        let Term::Is { field: Field::Status, values, negate: false } = term else { return false };
        values.iter().all(|value| value == Status::Failed.as_str() || value == "dead")
    };
    bulk.op == BulkOp::Discard || bulk.filter.terms.iter().any(dead)
}

#[cfg(test)]
mod tests {
    use super::*;
    use notify_proto::Timestamp;
    use notify_proto::filter::Filter;
    use notifyd_lifecycle::steer::Again;

    fn plan(op: BulkOp, filter: &str) -> String {
        let log = Connection::open_in_memory().unwrap();
        log.execute_batch(include_str!("../../migrations/0001_log.sql")).unwrap();
        crate::faults::register(&log).unwrap();
        let filter = Filter::parse(filter, Timestamp::UNIX_EPOCH).unwrap();
        let bulk = Bulk {
            op,
            filter,
            until: None,
            again: Again::default(),
            notify: false,
            cutoff: Timestamp::UNIX_EPOCH,
            limit: None,
            rate_per_second: None,
        };
        let sql = statement(&bulk, &wanted(&bulk, &Directory::default()));
        let mut explain = log.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let steps: rusqlite::Result<Vec<String>> = explain.raw_query().mapped(|row| row.get(3)).collect();
        steps.unwrap().join("; ")
    }

    #[test]
    fn a_look_reads_dead_letters_alone_or_a_span_and_never_the_log() {
        let dead = "SEARCH n USING INDEX notifications_dead (status=? AND seq>? AND seq<?)";
        for (op, filter) in [
            (BulkOp::Retry, "status:failed"),
            (BulkOp::Retry, "status:dead fault:00000000 to:a"),
            (BulkOp::Discard, "*"),
        ] {
            assert!(plan(op, filter).starts_with(dead), "{}", plan(op, filter));
        }
        let span = "SEARCH n USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)";
        for filter in ["*", "status:queued,retrying meta.a:b", "-status:failed", "status:failed,cancelled"] {
            let plan = plan(BulkOp::Cancel, filter);
            assert!(plan.starts_with(span) && !plan.contains("TEMP B-TREE"), "{plan}");
        }
    }
}
