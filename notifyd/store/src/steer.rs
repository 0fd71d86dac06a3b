//! What an operator wants of a notification that waits: another time, no more waiting, or an end to it. The rules are
//! `lifecycle`'s; here they are asked and obeyed in one transaction.

use crate::again;
use crate::api::{Audit, Backlog, Scope, Steered};
use crate::audit;
use crate::change::body;
use crate::desk::Desk;
use crate::directory::Directory;
use crate::error::{Result, StoreError};
use crate::feed::FeedEvent;
use crate::row::{StoredBody, millis, moment, opt_word, priority, status};
use notify_proto::view::rfc3339;
use notify_proto::{NotificationId, Priority, Status, Timestamp};
use notifyd_lifecycle::Transition;
use notifyd_lifecycle::order::Group;
use notifyd_lifecycle::steer::{Again, Verdict, Waiting, Wish};
use notifyd_lifecycle::transition::Budget;
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
    let Some(mut found) = find(desk, scope, id)? else { return Ok(Steered::NotFound) };
    let transition = match wish.judge(&found.waiting, desk.now()) {
        Ok(Verdict::Take(transition)) => transition,
        Ok(Verdict::Already) => return Ok(Steered::AlreadyDone(found.waiting.status)),
        Err(refusal) => return Ok(Steered::Refused(refusal)),
    };
    if let Wish::Retry(again) = wish {
        again::owned(desk, found.service)?;
        if again.restarts(&transition) {
            let (StoredBody { plan, message }, _) = body(desk, found.seq)?;
            match again::lane(desk, again, plan, &message.addresses) {
                Ok(lane) => found.lane = lane,
                Err(refusal) => return Ok(Steered::Refused(refusal)),
            }
        }
        again::take(desk, again, &transition, &[(found.seq, &found.lane)])?;
    } else if !take(desk, &found, &transition)? {
        return Ok(Steered::SomeoneElses);
    }
    tell(desk, &found, id, wish, &transition, who)?;
    if let Some(event) = wish.tells() {
        let step = step(&found, id, &transition, desk.now());
        desk.owe(found.seq, found.fence + 1, step, event)?;
    }
    audit::write(desk, verb, &id.to_string(), who)?;
    if transition.to() == Status::Queued {
        let retried = found.retry_count > 0 && transition.budget() != Budget::Reset;
        let group = Group { priority: found.priority, retried, service: found.service };
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
fn take(desk: &Desk<'_>, found: &Found, transition: &Transition) -> Result<bool> {
    let to = transition.to();
    let changed = desk
        .prepare(include_str!("sql/steer.sql"))?
        .execute((
            found.seq,
            found.fence,
            found.waiting.status.as_str(),
            to.as_str(),
            transition.due_at().map(millis),
            to.is_final().then_some(millis(desk.now())),
            transition.failure().map(notify_proto::FailureReason::as_str),
        ))
        .map_err(StoreError::Write)?;
    Ok(changed > 0)
}

/// Writes the event of the step.
fn tell(
    desk: &mut Desk<'_>,
    found: &Found,
    id: NotificationId,
    wish: Wish,
    transition: &Transition,
    who: &Audit,
) -> Result<()> {
    let (now, from) = (desk.now(), found.waiting.status);
    let detail: Vec<_> = changes(&desk.directory(), wish, transition).chain(who.reason.clone()).collect();
    let detail = (!detail.is_empty()).then(|| detail.join(": "));
    desk.prepare(include_str!("sql/event.sql"))?
        .execute((
            found.seq,
            found.fence + 1,
            millis(now),
            transition.event(),
            from.as_str(),
            transition.to().as_str(),
            transition.reason(),
            detail,
        ))
        .map_err(StoreError::Write)?;
    desk.moved(found.seq, found.fence + 1, from, step(found, id, transition, now))
}

/// What a step changes, in the words of its event.
pub fn changes(directory: &Directory, wish: Wish, step: &Transition) -> impl Iterator<Item = String> {
    let Again { provider, reset, .. } = match wish {
        Wish::Retry(again) => again,
        _ => Again::default(),
    };
    let until = step.due_at().map(|at| format!("until {}", rfc3339(at)));
    let provider = provider.and_then(|id| directory.known_id(id));
    let alone = provider.map(|it| format!("with {} alone", it.name));
    let fresh = reset.then(|| "with a fresh budget of retries".to_owned());
    until.into_iter().chain(alone).chain(fresh)
}

/// The step as it is told.
const fn step(found: &Found, id: NotificationId, of: &Transition, at: Timestamp) -> FeedEvent {
    FeedEvent::of(at, id, found.service, of)
}
