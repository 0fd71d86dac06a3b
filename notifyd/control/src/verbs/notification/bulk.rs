//! `notifyctl notification retry|cancel|postpone|bury --filter`, `notifyctl schedule move|run --filter` and `notifyctl dead
//! retry|discard --filter`: counted here, done by the engine.

use super::list::check;
use super::steer::{refused, stored, wished};
use crate::operations::view;
use crate::session::{Room, Session};
use crate::{mask, refuse};
use notify_proto::bulk::{BulkRequest, BulkView};
use notify_proto::control::{Change, Limit};
use notify_proto::filter::{Field, Filter, Term};
use notify_proto::transport::Reply;
use notify_proto::upkeep::grouped;
use notify_proto::view::rfc3339;
use notify_proto::{BulkOp, Open, Status};
use notifyd_lifecycle::Transition;
use notifyd_lifecycle::steer::Again;
use notifyd_store::operations::{Bulk, Matching, NewOperation, Work};
use std::collections::BTreeMap;

/// Pace of what is queued unless something else is said, a second: it goes to providers that may just have come back. The
/// other kinds only write, and need none.
const QUEUE_RATE: f64 = 200.0;

/// Slowest and fastest pace, a second.
const RATES: std::ops::RangeInclusive<f64> = 1.0 / 3_600.0..=1_000_000.0;

/// Starts to change all that match; on a dry run it only counts them.
pub(crate) async fn bulk(session: &Session, request: BulkRequest, change: &Change) -> Reply<BulkView> {
    let operator = session.change(change)?;
    let room = operator.room;
    let bulk = checked(session, room, &request)?;
    let found = room.deps.store.operations().matching(bulk.clone()).await.map_err(refuse::log)?;
    let total = found.total();
    if let Some(expected) = request.expect.filter(|expected| !expected.allows(total)) {
        let verb = if total == 1 { "matches" } else { "match" };
        let message = format!("{} {verb}, not {expected}; nothing was changed", grouped(total));
        return Err(refuse::conflict(message));
    }
    let mut told = counted(room, &bulk, &found);
    if operator.dry_run || total == 0 {
        return Ok(told);
    }
    let verb = verb(bulk.op);
    let mut target = format!("{} matching {}", grouped(total), mask::filter(&bulk.filter));
    if let Some(until) = bulk.until.or(bulk.again.at) {
        target = format!("{target} until {}", rfc3339(until));
    }
    if let Some(provider) = &request.again.provider {
        target = format!("{target} with {provider} alone");
    }
    if bulk.again.reset {
        target.push_str(", each with a fresh budget");
    }
    if bulk.notify {
        target.push_str(", telling webhooks");
    }
    operator.tell(verb, &target);
    let total = bulk.limit.map_or(total, |limit| total.min(limit));
    let new = NewOperation { verb, target, unit: "notifications", total, work: Some(Work::Bulk(bulk)) };
    let operation = room.deps.engine.begin(new, operator.audit()).await.map_err(refuse::log)?;
    told.operation = Some(view(operation));
    Ok(told)
}

/// Its word in the audit log.
const fn verb(op: BulkOp) -> &'static str {
    match op {
        BulkOp::Retry => "notification.retry",
        BulkOp::Cancel => "notification.cancel",
        BulkOp::Discard => "dead.discard",
        BulkOp::Postpone => "notification.postpone",
        BulkOp::Bury => "notification.bury",
        BulkOp::Move => "schedule.move",
        BulkOp::Run => "schedule.run",
    }
}

/// How many a second, when somebody said so.
pub(in crate::verbs) fn pace(rate: Limit<f64>) -> Reply<Option<f64>> {
    match rate {
        Limit::Keep | Limit::Lift => Ok(None),
        Limit::Set(rate) if RATES.contains(&rate) => Ok(Some(rate)),
        Limit::Set(_) => Err(refuse::invalid("rate: write 1/h to 1000000/s, or none")),
    }
}

fn checked(session: &Session, room: &Room, request: &BulkRequest) -> Reply<Bulk> {
    let now = room.now();
    let Open::Known(op) = request.op else {
        return Err(refuse::invalid(format!("op: {} is not known here; upgrade the daemon", request.op)));
    };
    check(session, &request.filter)?;
    let again = wished(room, &request.again)?;
    if again != Again::default() && op != BulkOp::Retry {
        return Err(refuse::invalid(format!("again: it is for retries alone; to {op}, leave it out")));
    }
    let notify = request.notify;
    if notify && op != BulkOp::Bury {
        return Err(refuse::invalid(format!("notify: it is for burials alone; to {op}, leave it out")));
    }
    let until = request.until.map(stored);
    match (op, until) {
        (BulkOp::Postpone | BulkOp::Move, None) => {
            return Err(refuse::invalid(format!("until: to {op}, give the moment they wait for then")));
        }
        (BulkOp::Postpone | BulkOp::Move, Some(_)) | (_, None) => {}
        (_, Some(_)) => return Err(refuse::invalid(format!("until: to {op} takes no moment; leave it out"))),
    }
    if request.limit == Some(0) {
        return Err(refuse::invalid("limit: write at least 1"));
    }
    let rate_per_second = match request.rate_per_second {
        Limit::Keep => matches!(op, BulkOp::Retry | BulkOp::Run).then_some(QUEUE_RATE),
        rate => pace(rate)?,
    };
    // Nothing can have happened after now.
    let cutoff = request.cutoff.map_or(now, |cutoff| cutoff.min(now));
    let filter = narrow(op, request.filter.clone());
    let bulk = Bulk { op, filter, until, again, notify, cutoff, limit: request.limit, rate_per_second };
    // A moment that suits none is refused before anything is looked at.
    bulk.wish().map_or(Ok(()), |wish| wish.fits(now)).map_err(refused)?;
    Ok(bulk)
}

/// Keeps to the states that allow it, unless the filter names its own; what is discarded is a dead letter in any case.
fn narrow(op: BulkOp, mut filter: Filter) -> Filter {
    let named =
        filter.terms.iter().any(|term| matches!(term, Term::Is { field: Field::Status, negate: false, .. }));
    let dead = |term: &Term| {
        matches!(term, Term::Is { field: Field::Status, negate: false, values }
        if values.iter().all(|value| value == Status::Failed.as_str()))
    };
    if !named || (op == BulkOp::Discard && !filter.terms.iter().any(dead)) {
        let words = |states: &[Status]| states.iter().map(ToString::to_string).collect();
        let states = match op {
            BulkOp::Cancel => words(Transition::cancel().from()),
            BulkOp::Bury => words(Transition::bury().from()),
            BulkOp::Retry | BulkOp::Discard => words(&[Status::Failed]),
            // What is held for an operator waits for no time.
            BulkOp::Postpone => ["scheduled", "queued", "retrying"].map(str::to_owned).to_vec(),
            BulkOp::Move | BulkOp::Run => ["scheduled", "retrying"].map(str::to_owned).to_vec(),
        };
        filter.and_any(Field::Status, states);
    }
    filter
}

fn counted(room: &Room, bulk: &Bulk, found: &Matching) -> BulkView {
    let directory = room.deps.store.directory();
    // The name of one that was removed may be another one's by now.
    let mut by_service = BTreeMap::<String, u64>::new();
    for (no, count) in &found.by_service {
        let name = directory.whose(*no).map(|(_, name)| name.to_owned());
        *by_service.entry(name.unwrap_or_default()).or_default() += count;
    }
    let named = |of: &BTreeMap<Status, u64>| of.iter().map(|(status, n)| (status.to_string(), *n)).collect();
    BulkView {
        by_status: named(&found.by_status),
        refused_by_status: named(&found.refused_by),
        by_service,
        total: found.total(),
        refused: found.refused,
        samples: found.samples.clone(),
        cutoff: bulk.cutoff,
        limit: bulk.limit,
        rate_per_second: bulk.rate_per_second,
        operation: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use notify_proto::Timestamp;

    fn filter(text: &str) -> Filter {
        Filter::parse(text, Timestamp::UNIX_EPOCH).unwrap()
    }

    #[test]
    fn a_filter_keeps_to_what_can_be_changed() {
        let narrowed = |op, text| narrow(op, filter(text)).to_string();
        assert_eq!(narrowed(BulkOp::Cancel, "*"), "status:pending,queued,retrying");
        assert_eq!(narrowed(BulkOp::Retry, "service:a"), "service:a status:failed");
        assert_eq!(narrowed(BulkOp::Retry, "status:cancelled"), "status:cancelled");
        assert_eq!(narrowed(BulkOp::Retry, "-status:failed"), "-status:failed status:failed");
        assert_eq!(narrowed(BulkOp::Discard, "status:delivered"), "status:delivered status:failed");
        assert_eq!(
            narrowed(BulkOp::Discard, "service:a status:failed"),
            "service:a status:failed",
            "once is enough"
        );
        assert_eq!(narrowed(BulkOp::Bury, "*"), "status:pending,queued,retrying");
        assert_eq!(narrowed(BulkOp::Postpone, "to:a"), "to:a status:scheduled,queued,retrying");
        assert_eq!(narrowed(BulkOp::Move, "*"), "status:scheduled,retrying");
        assert_eq!(narrowed(BulkOp::Run, "status:queued"), "status:queued");
    }
}
