//! Long work in words.

use crate::mask;
use notify_proto::BulkOp;
use notify_proto::bulk::Refusal;
use notify_proto::upkeep::{OperationState, OperationView, grouped};
use notify_proto::view::rfc3339;
use notifyd_store::operations::{Bulk, Operation, Outcome, Refused, Work};

/// As it is told.
pub(crate) fn view(it: Operation) -> OperationView {
    let op = it.bulk().map(|bulk| bulk.op);
    let result = it.work.as_ref().and_then(|work| result(&it, work));
    let filter = it.bulk().map(|bulk| mask::filter(&bulk.filter));
    let cutoff = it.bulk().map(|bulk| bulk.cutoff);
    let Outcome { result: said, path, bytes, removed, error } = it.outcome;
    let refusal = |Refused { id, status, why }| {
        let cannot = op.map_or("changed", participle);
        Refusal { id, message: why.unwrap_or_else(|| format!("it is {status} and cannot be {cannot}")) }
    };
    OperationView {
        id: format!("op_{}", it.no),
        filter,
        cutoff,
        rate_per_second: it.work.as_ref().and_then(Work::rate_per_second),
        verb: it.verb,
        actor: it.actor,
        reason: it.reason,
        target: it.target,
        state: it.state,
        done: it.done,
        total: it.total,
        unit: it.unit,
        started_at: it.started_at,
        finished_at: it.ended_at,
        result: said.or(result),
        path,
        bytes,
        removed: removed.or((op == Some(BulkOp::Discard)).then_some(it.done)),
        refused: it.refused,
        refusals: it.refusals.into_iter().map(refusal).collect(),
        error,
    }
}

/// What was done to each.
const fn participle(op: BulkOp) -> &'static str {
    match op {
        BulkOp::Retry => "retried",
        BulkOp::Cancel => "cancelled",
        BulkOp::Discard => "discarded",
        BulkOp::Postpone => "postponed",
        BulkOp::Bury => "buried",
        BulkOp::Move => "moved",
        BulkOp::Run => "made due",
    }
}

/// What was done to each, and until when.
fn changed(bulk: &Bulk) -> String {
    let done = participle(bulk.op).to_owned();
    let Some(until) = bulk.until else { return done };
    let to = if bulk.op == BulkOp::Move { "to" } else { "until" };
    format!("{done} {to} {}", rfc3339(until))
}

/// What came of work that goes on after a restart, a sentence.
fn result(it: &Operation, work: &Work) -> Option<String> {
    let (one, many, done) = match work {
        Work::Bulk(bulk) => ("notification", "notifications", changed(bulk)),
        Work::Recovery(_) => ("event", "events", "owed once more".to_owned()),
    };
    let noun = if it.done == 1 { one } else { many };
    let mut said = match it.state {
        OperationState::Done => format!("{} {noun} {done}", grouped(it.done)),
        OperationState::Cancelled => {
            format!("given up after {} of {} were {done}", grouped(it.done), grouped(it.total))
        }
        _ => return None,
    };
    if it.refused > 0 {
        said = format!("{said}, {} refused", grouped(it.refused));
    }
    let missing = it.total.saturating_sub(it.done + it.refused);
    if it.state == OperationState::Done && missing > 0 {
        said = format!("{said}, {} changed since they were counted", grouped(missing));
    }
    Some(said)
}
