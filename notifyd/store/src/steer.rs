//! What an operator wants of a notification that waits: another time, no more waiting, or an end to it. The rules are
//! `lifecycle`'s; here they are asked and obeyed in one transaction.

use crate::api::{Audit, Backlog, Scope, Steered};
use crate::audit;
use crate::desk::Desk;
use crate::error::{Result, StoreError};
use crate::feed::FeedEvent;
use crate::row::{millis, moment, opt_word, priority, status};
use notify_proto::view::rfc3339;
use notify_proto::{NotificationId, Priority, Status, Timestamp};
use notifyd_lifecycle::Transition;
use notifyd_lifecycle::order::Group;
use notifyd_lifecycle::steer::{Verdict, Waiting, Wish};
use rusqlite::{OptionalExtension, Row};

struct Found {
    seq: i64,
    service: i64,
    fence: u32,
    priority: Priority,
    lane: String,
    retry_count: u32,
    waiting: Waiting,
}

/// Grants a wish, if the rules do.
pub fn steer(
    desk: &mut Desk<'_>,
    scope: Scope,
    id: NotificationId,
    wish: Wish,
    verb: &'static str,
    who: &Audit,
) -> Result<Steered> {
    // The ends of delays move along with the clock before one of them is compared or written.
    desk.follow_clock()?;
    let Some(found) = find(desk, scope, id)? else { return Ok(Steered::NotFound) };
    let transition = match wish.judge(&found.waiting, desk.now()) {
        Ok(Verdict::Take(transition)) => transition,
        Ok(Verdict::Already) => return Ok(Steered::AlreadyDone(found.waiting.status)),
        Err(refusal) => return Ok(Steered::Refused(refusal)),
    };
    if !take(desk, &found, id, &transition, who)? {
        return Ok(Steered::SomeoneElses);
    }
    if let Some(event) = wish.tells() {
        let step = step(&found, id, &transition, desk.now());
        desk.owe(found.seq, found.fence + 1, step, event)?;
    }
    audit::write(desk, verb, &id.to_string(), who)?;
    if transition.to() == Status::Queued {
        let group =
            Group { priority: found.priority, retried: found.retry_count > 0, service: found.service };
        desk.ring(Backlog { lane: found.lane.as_str().into(), group }, found.seq);
    }
    desk.ring_timer();
    Ok(Steered::Applied(transition.to()))
}

fn find(desk: &Desk<'_>, scope: Scope, id: NotificationId) -> Result<Option<Found>> {
    let found = desk
        .prepare(include_str!("sql/steer_find.sql"))?
        .query_row([id.as_bytes()], row)
        .optional()
        .map_err(StoreError::Write)?;
    Ok(found.filter(|found| match scope {
        Scope::All => true,
        Scope::Service(no) => found.service == no,
    }))
}

fn row(row: &Row<'_>) -> rusqlite::Result<Found> {
    Ok(Found {
        seq: row.get(0)?,
        service: row.get(1)?,
        fence: row.get(2)?,
        priority: priority(row, 3)?,
        lane: row.get(4)?,
        retry_count: row.get(5)?,
        waiting: waiting(row, 6)?,
    })
}

/// What the rules need to know, from four columns: status, due_at, expires_at and failure_reason.
pub fn waiting(row: &Row<'_>, first: usize) -> rusqlite::Result<Waiting> {
    Ok(Waiting {
        status: status(row, first)?,
        due_at: row.get::<_, Option<i64>>(first + 1)?.map(moment),
        expires_at: row.get::<_, Option<i64>>(first + 2)?.map(moment),
        failure: opt_word(row, first + 3)?,
    })
}

/// Takes the step, unless the row is another one by now.
fn take(
    desk: &mut Desk<'_>,
    found: &Found,
    id: NotificationId,
    transition: &Transition,
    who: &Audit,
) -> Result<bool> {
    let (now, from, to) = (desk.now(), found.waiting.status, transition.to());
    let changed = desk
        .prepare(include_str!("sql/steer.sql"))?
        .execute((
            found.seq,
            found.fence,
            from.as_str(),
            to.as_str(),
            transition.due_at().map(millis),
            to.is_final().then_some(millis(now)),
            transition.failure().map(notify_proto::FailureReason::as_str),
        ))
        .map_err(StoreError::Write)?;
    if changed == 0 {
        return Ok(false);
    }
    let until = transition.due_at().map(|at| format!("until {}", rfc3339(at)));
    let detail: Vec<_> = until.into_iter().chain(who.reason.clone()).collect();
    let detail = (!detail.is_empty()).then(|| detail.join(": "));
    desk.prepare(include_str!("sql/event.sql"))?
        .execute((
            found.seq,
            found.fence + 1,
            millis(now),
            transition.event(),
            from.as_str(),
            to.as_str(),
            transition.reason(),
            detail,
        ))
        .map_err(StoreError::Write)?;
    desk.moved(found.seq, found.fence + 1, from, step(found, id, transition, now))?;
    Ok(true)
}

/// The step as it is told.
const fn step(found: &Found, id: NotificationId, of: &Transition, at: Timestamp) -> FeedEvent {
    FeedEvent::of(at, id, found.service, of)
}
