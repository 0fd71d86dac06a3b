//! The table of operations.

use super::{End, NewOperation, Operation, Outcome, Work, to_json};
use crate::api::Audit;
use crate::audit;
use crate::desk::Desk;
use crate::error::{Result, StoreError};
use crate::list::newest;
use crate::row::{json, millis, moment};
use chrono::TimeDelta;
use notify_proto::upkeep::OperationState;
use notify_proto::{ApiError, ErrorCode, Timestamp};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension as _, Row};
use serde::de::DeserializeOwned;

/// How long what has ended is remembered.
const KEPT: TimeDelta = TimeDelta::days(30);

/// Writes one that begins, and the row of the audit log.
pub fn begin(desk: &mut Desk<'_>, new: NewOperation, who: &Audit) -> Result<Operation> {
    let NewOperation { verb, target, unit, total, work } = new;
    if work.is_some() && all(&mut *desk.prepare(open_ones())?, [])?.len() >= super::MAX_MOVING {
        return Err(StoreError::Busy("as many bulk operations as may be are under way; wait for one to end"));
    }
    let upto = match work {
        Some(Work::Recovery(_)) => crate::webhooks::newest(desk.indexes().0)?,
        _ => newest(desk.indexes().0)?,
    };
    let request = work.as_ref().map(to_json).transpose()?;
    let started_at = moment(millis(desk.now()));
    let values = (verb, &target, unit, &who.actor, &who.reason, &request, upto, total, millis(started_at));
    let no =
        desk.prepare(include_str!("../sql/operation_add.sql"))?.insert(values).map_err(StoreError::Write)?;
    audit::write(desk, verb, &target, who)?;
    Ok(Operation {
        no,
        verb: verb.to_owned(),
        target,
        unit: unit.to_owned(),
        actor: who.actor.clone(),
        reason: who.reason.clone(),
        work,
        upto,
        cursor: 0,
        total,
        done: 0,
        refused: 0,
        refusals: Vec::new(),
        state: OperationState::Running,
        outcome: Outcome::default(),
        started_at,
        ended_at: None,
    })
}

/// Writes how one ended.
pub fn end(desk: &mut Desk<'_>, no: i64, end: &End) -> Result<()> {
    let End { state, done, total, outcome } = end;
    desk.prepare(include_str!("../sql/operation_end.sql"))?
        .execute((no, state.as_str(), to_json(outcome)?, millis(desk.now()), done, total))
        .map_err(StoreError::Write)?;
    Ok(())
}

/// Ends one that somebody has given up, unless it has ended. What a step did stays done.
pub fn cancel(desk: &mut Desk<'_>, no: i64, who: &Audit) -> Result<Option<Operation>> {
    let Some(mut operation) = find_in(desk, no)? else { return Ok(None) };
    if operation.state != OperationState::Running {
        return Ok(Some(operation));
    }
    audit::write(desk, "operation.cancel", &format!("op_{no}"), who)?;
    operation.state = OperationState::Cancelled;
    operation.ended_at = Some(moment(millis(desk.now())));
    write(desk, &operation)?;
    Ok(Some(operation))
}

/// Writes how far one has come.
pub fn write(desk: &Desk<'_>, it: &Operation) -> Result<()> {
    desk.prepare(include_str!("../sql/operation_step.sql"))?
        .execute((
            it.no,
            it.cursor,
            it.done,
            it.refused,
            to_json(&it.refusals)?,
            it.state.as_str(),
            it.ended_at.map(millis),
        ))
        .map_err(StoreError::Write)?;
    Ok(())
}

/// The newest.
pub fn list(connection: &Connection, limit: usize) -> Result<Vec<Operation>> {
    let mut query =
        connection.prepare_cached(include_str!("../sql/operations.sql")).map_err(StoreError::Read)?;
    all(&mut query, [limit])
}

/// Those under way that go on after a restart.
pub fn moving(connection: &Connection) -> Result<Vec<Operation>> {
    let mut query = connection.prepare_cached(open_ones()).map_err(StoreError::Read)?;
    all(&mut query, [])
}

/// One.
pub fn find(connection: &Connection, no: i64) -> Result<Option<Operation>> {
    let mut query =
        connection.prepare_cached(include_str!("../sql/operation.sql")).map_err(StoreError::Read)?;
    query.query_row([no], read).optional().map_err(StoreError::Read)
}

/// One, inside a transaction.
pub fn find_in(desk: &Desk<'_>, no: i64) -> Result<Option<Operation>> {
    let mut query = desk.prepare(include_str!("../sql/operation.sql"))?;
    query.query_row([no], read).optional().map_err(StoreError::Write)
}

/// At a start: what was under way and cannot go on has failed.
pub fn lost(connection: &Connection, restored: bool, now: Timestamp) -> rusqlite::Result<()> {
    let message = if restored { "the log was restored from a backup" } else { "the daemon stopped" };
    let error = Some(ApiError::new(ErrorCode::Failed, message));
    let outcome = to_json(&Outcome { error, ..Outcome::default() });
    let outcome = outcome.map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    let sql = include_str!("../sql/operations_lost.sql");
    connection.execute(sql, (restored, outcome, millis(now))).map(drop)
}

/// Forgets what ended long ago.
pub fn sweep(desk: &Desk<'_>, now: Timestamp) -> Result<()> {
    desk.prepare(include_str!("../sql/operations_sweep.sql"))?
        .execute([millis(now - KEPT)])
        .map_err(StoreError::Write)?;
    Ok(())
}

const fn open_ones() -> &'static str {
    include_str!("../sql/operations_moving.sql")
}

fn all(query: &mut rusqlite::Statement<'_>, values: impl rusqlite::Params) -> Result<Vec<Operation>> {
    let rows = query.query_map(values, read).map_err(StoreError::Read)?;
    rows.collect::<rusqlite::Result<_>>().map_err(StoreError::Read)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Operation> {
    Ok(Operation {
        no: row.get(0)?,
        verb: row.get(1)?,
        target: row.get(2)?,
        unit: row.get(3)?,
        actor: row.get(4)?,
        reason: row.get(5)?,
        work: opt_json(row, 6)?,
        upto: row.get(7)?,
        cursor: row.get(8)?,
        total: row.get(9)?,
        done: row.get(10)?,
        refused: row.get(11)?,
        refusals: json(row, 12)?,
        state: state(&row.get::<_, String>(13)?),
        outcome: opt_json(row, 14)?.unwrap_or_default(),
        started_at: moment(row.get(15)?),
        ended_at: row.get::<_, Option<i64>>(16)?.map(moment),
    })
}

fn opt_json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<T>> {
    if row.get_ref(column)? == ValueRef::Null { Ok(None) } else { json(row, column).map(Some) }
}

fn state(word: &str) -> OperationState {
    match word {
        "running" => OperationState::Running,
        "done" => OperationState::Done,
        "failed" => OperationState::Failed,
        "cancelled" => OperationState::Cancelled,
        _ => OperationState::Unknown,
    }
}
