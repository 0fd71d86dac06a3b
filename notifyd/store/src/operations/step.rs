//! Changes a batch of notifications: a statement for each table, whatever their number.

use super::select::{Selected, join, wanted};
use super::{Bulk, Operation, Refused, rows, steer, to_json};
use crate::api::{Audit, Changed};
use crate::audit;
use crate::desk::Desk;
use crate::error::{Result, StoreError};
use crate::feed::FeedEvent;
use crate::row::{json, millis, moment, priority, status};
use crate::steer::waiting;
use notify_proto::upkeep::OperationState;
use notify_proto::{BulkOp, Channel, NotificationId, Priority, Status, Timestamp};
use notifyd_lifecycle::steer::Waiting;
use notifyd_lifecycle::{Plan, Transition};
use rusqlite::types::Value;
use rusqlite::{OptionalExtension as _, Row, params_from_iter};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Refused ones that are named.
const NAMED: usize = 10;

/// One that matches.
pub struct Found {
    pub seq: i64,
    pub id: NotificationId,
    pub service: i64,
    pub fence: u32,
    pub priority: Priority,
    /// The line it waits in.
    pub lane: String,
    /// How and to whom, for what may start again; none when that cannot be read.
    pub planned: Option<Planned>,
    /// Whether it had a retry.
    pub retried: bool,
    pub waiting: Waiting,
}

impl Found {
    /// A step of it as it is told.
    pub const fn step(&self, of: &Transition, at: Timestamp) -> FeedEvent {
        FeedEvent::of(at, self.id, self.service, of)
    }

    /// That it was not changed.
    pub const fn refused(&self, why: Option<String>) -> Refused {
        Refused { id: self.id, status: self.waiting.status, why }
    }
}

/// The parts of a stored body that say how and to whom.
#[derive(Deserialize)]
pub struct Planned {
    pub plan: Plan,
    pub message: Addressed,
}

#[derive(Deserialize)]
pub struct Addressed {
    #[serde(default)]
    pub addresses: BTreeMap<Channel, Vec<String>>,
}

/// Deals with what was selected and moves the cursor behind it; where the operation stands then. Does nothing when it does
/// not run any more, or when somebody else has moved the cursor.
pub fn step(desk: &mut Desk<'_>, no: i64, selected: &Selected) -> Result<Option<Operation>> {
    let Some(mut operation) = rows::find_in(desk, no)? else { return Ok(None) };
    let Some(bulk) = operation.bulk().cloned() else { return Ok(Some(operation)) };
    if operation.state != OperationState::Running || operation.cursor != selected.from {
        return Ok(Some(operation));
    }
    let (done, refused) = if let Some(wish) = bulk.wish() {
        // The ends of delays move along with the clock before one of them is compared or written.
        desk.follow_clock()?;
        let mut found = matching(desk, &bulk, &selected.seqs)?;
        steer::grant(desk, wish, &operation, &mut found)?
    } else {
        let found = matching(desk, &bulk, &selected.seqs)?;
        let (fit, unfit): (Vec<_>, Vec<_>) = found.iter().partition(|it| bulk.allows(it.waiting.status));
        change(desk, &bulk, &operation, &fit)?;
        (fit.len() as u64, unfit.into_iter().map(|it| it.refused(None)).collect())
    };
    operation.done += done;
    operation.refused += refused.len() as u64;
    let room = NAMED.saturating_sub(operation.refusals.len());
    operation.refusals.extend(refused.into_iter().take(room));
    operation.cursor = selected.next;
    let enough = bulk.limit.is_some_and(|limit| operation.done + operation.refused >= limit);
    if operation.cursor >= operation.upto || enough {
        operation.state = OperationState::Done;
        operation.ended_at = Some(moment(millis(desk.now())));
    }
    rows::write(desk, &operation)?;
    Ok(Some(operation))
}

/// Those of the selected that still match.
fn matching(desk: &Desk<'_>, bulk: &Bulk, seqs: &[i64]) -> Result<Vec<Found>> {
    if seqs.is_empty() {
        return Ok(Vec::new());
    }
    let starts = bulk.op == BulkOp::Retry;
    let wanted = wanted(bulk, &desk.directory());
    // Only what starts again needs its plan.
    let (body, join) =
        if starts { ("m.body", "JOIN messages m ON m.seq = n.seq") } else { ("NULL", join(bulk)) };
    let sql = format!(
        "SELECT n.seq, n.id, n.service, n.fence, n.priority, n.lane, n.retry_count > 0, n.status, n.due_at, \
         n.expires_at, n.failure_reason, {body} \
         FROM json_each(?) it CROSS JOIN notifications n ON n.seq = it.value {join} WHERE {} ORDER BY n.seq",
        wanted.text()
    );
    let mut query = desk.prepare(&sql)?;
    let values = std::iter::once(Value::from(to_json(&seqs)?)).chain(wanted.values);
    let read = |row: &Row<'_>| {
        Ok(Found {
            seq: row.get(0)?,
            id: NotificationId::from_bytes(row.get(1)?),
            service: row.get(2)?,
            fence: row.get(3)?,
            priority: priority(row, 4)?,
            lane: row.get(5)?,
            planned: starts.then(|| json(row, 11).ok()).flatten(),
            retried: row.get(6)?,
            waiting: waiting(row, 7)?,
        })
    };
    let rows = query.query_map(params_from_iter(values), read).map_err(StoreError::Write)?;
    rows.collect::<rusqlite::Result<_>>().map_err(StoreError::Write)
}

fn change(desk: &mut Desk<'_>, bulk: &Bulk, operation: &Operation, fit: &[&Found]) -> Result<()> {
    if fit.is_empty() {
        return Ok(());
    }
    let now = millis(desk.now());
    let seqs: Vec<i64> = fit.iter().map(|it| it.seq).collect();
    match bulk.op {
        BulkOp::Cancel => {
            desk.prepare(include_str!("../sql/bulk_cancel.sql"))?
                .execute((to_json(&seqs)?, now))
                .map_err(StoreError::Write)?;
            tell(desk, operation, fit, &Transition::cancel(), &[])
        }
        BulkOp::Discard => remove(desk, &seqs),
        // Granted as a wish, or not at all.
        BulkOp::Retry | BulkOp::Postpone | BulkOp::Bury | BulkOp::Move | BulkOp::Run => Ok(()),
    }
}

/// Writes the event of each, with what changes besides its status.
pub fn tell(
    desk: &mut Desk<'_>,
    operation: &Operation,
    fit: &[&Found],
    transition: &Transition,
    changes: &[String],
) -> Result<()> {
    let now = desk.now();
    let (event, to) = (transition.event(), transition.to());
    let detail: Vec<_> = std::iter::once(format!("op_{}", operation.no))
        .chain(changes.iter().cloned())
        .chain(operation.reason.clone())
        .collect();
    let detail = detail.join(": ");
    let stories: Vec<_> = fit.iter().map(|it| (it.seq, it.fence + 1, it.waiting.status)).collect();
    desk.prepare(include_str!("../sql/bulk_events.sql"))?
        .execute((to_json(&stories)?, millis(now), event, to.as_str(), transition.reason(), detail))
        .map_err(StoreError::Write)?;
    for it in fit {
        desk.moved(it.seq, it.fence + 1, it.waiting.status, it.step(transition, now))?;
    }
    Ok(())
}

/// Removes dead letters with all that belongs to them.
fn remove(desk: &mut Desk<'_>, seqs: &[i64]) -> Result<()> {
    let seqs_json = to_json(&seqs)?;
    for sql in [
        include_str!("../sql/discard_attempts.sql"),
        include_str!("../sql/discard_events.sql"),
        include_str!("../sql/discard_messages.sql"),
        include_str!("../sql/discard_notifications.sql"),
    ] {
        desk.prepare(sql)?.execute([&seqs_json]).map_err(StoreError::Write)?;
    }
    seqs.iter().try_for_each(|seq| crate::webhooks::forget(desk, *seq))?;
    desk.removed(Status::Failed, i64::try_from(seqs.len()).unwrap_or(i64::MAX));
    Ok(())
}

/// Removes these dead letters; each has its row in the audit log, as nothing else is left of it.
pub fn discard(desk: &mut Desk<'_>, ids: &[NotificationId], who: &Audit) -> Result<Vec<Changed>> {
    let mut verdicts = Vec::with_capacity(ids.len());
    for id in ids {
        let found: Option<(i64, Status)> = desk
            .prepare(include_str!("../sql/find.sql"))?
            .query_row([id.as_bytes()], |row| Ok((row.get(0)?, status(row, 2)?)))
            .optional()
            .map_err(StoreError::Write)?;
        verdicts.push(match found {
            None => Changed::NotFound,
            Some((seq, Status::Failed)) => {
                remove(desk, &[seq])?;
                audit::write(desk, "dead.discard", &id.to_string(), who)?;
                Changed::Done(Status::Failed)
            }
            Some((_, status)) => Changed::Refused(status),
        });
    }
    Ok(verdicts)
}
