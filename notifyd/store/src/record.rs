//! Writes down how attempts ended, and what follows.

use crate::api::{AttemptEnd, Record, Verdict};
use crate::claim::skips;
use crate::desk::{Desk, Step};
use crate::directory::Directory;
use crate::error::{Result, StoreError};
use crate::feed::FeedEvent;
use crate::row::{millis, progress_text};
use notify_proto::{AttemptStatus, ReceiptStatus, Status};
use notifyd_lifecycle::transition::Budget;
use rusqlite::{CachedStatement, OptionalExtension};
use std::sync::Arc;

/// Records each outcome whose claim still stands, in the order of arrival.
pub fn record(desk: &mut Desk<'_>, records: &[Record]) -> Result<Vec<Verdict>> {
    desk.takes(Step::Record);
    desk.follow_clock()?;
    let mut sql = Statements::prepare(desk)?;
    records.iter().map(|record| one(desk, &mut sql, record)).collect()
}

/// What every record of a batch needs, looked up once.
struct Statements<'a> {
    record: CachedStatement<'a>,
    attempt: CachedStatement<'a>,
    event: CachedStatement<'a>,
    directory: Arc<Directory>,
}

impl<'a> Statements<'a> {
    fn prepare(desk: &Desk<'a>) -> Result<Self> {
        Ok(Self {
            record: desk.prepare(include_str!("sql/record.sql"))?,
            attempt: desk.prepare(include_str!("sql/record_attempt.sql"))?,
            event: desk.prepare(include_str!("sql/event.sql"))?,
            directory: desk.directory(),
        })
    }
}

fn one(desk: &mut Desk<'_>, sql: &mut Statements<'_>, record: &Record) -> Result<Verdict> {
    let at = millis(record.at);
    let transition = &record.transition;
    let from = if record.attempt.is_some() { Status::Sending } else { Status::Queued };
    if !transition.allows(from) {
        return Err(StoreError::Corrupt(format!(
            "{from} cannot become {} by {}",
            transition.to(),
            transition.event()
        )));
    }
    let spent = i64::from(transition.budget() == Budget::Spend);
    let retried = record.group.retried || spent == 1;
    let end = record.attempt.as_ref();
    let problem =
        end.filter(|end| end.status != AttemptStatus::Delivered).and_then(|end| end.message.as_deref());
    let finished = transition.to().is_final().then_some(at);
    let due = transition.due_at().map(|due| millis(due) + desk.lag(record.at));
    let changed = sql
        .record
        .execute(rusqlite::params![
            record.seq,
            record.fence,
            from.as_str(),
            transition.to().as_str(),
            due,
            record.lane,
            retried,
            spent,
            // How far it came matters only to what goes on.
            if finished.is_none() { progress_text(&record.progress) } else { None },
            finished,
            transition.failure().map(notify_proto::FailureReason::as_str),
            transition.proof().map(notify_proto::DeliveryProof::as_str),
            problem,
            end.and_then(|end| end.external_id.as_deref()),
            end.is_some_and(|end| end.simulated),
            record.possible_duplicate,
            record.attempts,
        ])
        .map_err(StoreError::Write)?;
    if changed == 0 {
        return refused(desk, record);
    }
    if let Some(end) = end {
        finish_attempt(&mut sql.attempt, record.seq, end, at)?;
    } else {
        let before = record.attempts.saturating_sub(u32::try_from(record.skipped.len()).unwrap_or(0));
        skips(desk, &sql.directory, record.seq, before, &record.skipped, at)?;
    }
    sql.event
        .execute((
            record.seq,
            record.fence + 1,
            at,
            transition.event(),
            from.as_str(),
            transition.to().as_str(),
            transition.reason(),
            problem,
        ))
        .map_err(StoreError::Write)?;
    let Record { id, group, .. } = record;
    desk.moved(
        record.seq,
        record.fence + 1,
        from,
        FeedEvent {
            channel: record.attempt.as_ref().map(|end| end.channel),
            provider: record.attempt.as_ref().map(|end| end.provider),
            ..FeedEvent::of(record.at, *id, group.service, transition)
        },
    )?;
    // A job that goes back to the queue stays with the engine, so nothing rings for it.
    if transition.to() == Status::Retrying {
        desk.ring_timer();
    }
    Ok(Verdict::Applied)
}

fn finish_attempt(statement: &mut CachedStatement<'_>, seq: i64, end: &AttemptEnd, at: i64) -> Result<()> {
    statement
        .execute((
            seq,
            end.number,
            end.status.as_str(),
            end.class,
            at,
            end.external_id.as_deref(),
            end.message.as_deref(),
            end.simulated,
            end.awaits_receipt.then_some(ReceiptStatus::Awaited.as_str()),
        ))
        .map_err(StoreError::Write)?;
    Ok(())
}

/// Nothing changed: was it this very step, committed before, or somebody else's?
fn refused(desk: &Desk<'_>, record: &Record) -> Result<Verdict> {
    let event: Option<String> = desk
        .prepare(include_str!("sql/record_done.sql"))?
        .query_row((record.seq, record.fence + 1), |row| row.get(0))
        .optional()
        .map_err(StoreError::Write)?;
    let done = event.is_some_and(|event| event == record.transition.event());
    Ok(if done { Verdict::AlreadyDone } else { Verdict::SomeoneElses })
}
