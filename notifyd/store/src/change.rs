//! Changes asked for by a person or a program: revoke, retry, edit.

use crate::api::{Audit, Backlog, Changed, Edit, Scope, Steered};
use crate::audit;
use crate::desk::Desk;
use crate::error::{Result, StoreError};
use crate::feed::FeedEvent;
use crate::row::{Body, StoredBody, json, millis, priority, progress, status};
use crate::steer::steer;
use notify_proto::{NotificationId, Priority, Status, Timestamp};
use notifyd_lifecycle::Transition;
use notifyd_lifecycle::decide::Progress;
use notifyd_lifecycle::order::Group;
use notifyd_lifecycle::steer::{Again, Wish};
use rusqlite::OptionalExtension;

struct Found {
    seq: i64,
    service: i64,
    status: Status,
    fence: u32,
    priority: Priority,
}

/// Revokes one that was not sent yet.
pub fn revoke(desk: &mut Desk<'_>, scope: Scope, id: NotificationId, who: &Audit) -> Result<Changed> {
    let Some(found) = find(desk, scope, id)? else { return Ok(Changed::NotFound) };
    let transition = Transition::cancel();
    if !transition.allows(found.status) {
        return Ok(Changed::Refused(found.status));
    }
    let now = desk.now();
    desk.prepare(include_str!("sql/revoke.sql"))?
        .execute((found.seq, millis(now)))
        .map_err(StoreError::Write)?;
    tell(desk, &found, id, &transition, now, who.reason.as_deref())?;
    audit::write(desk, "notification.cancel", &id.to_string(), who)?;
    Ok(Changed::Done(transition.to()))
}

/// Starts a dead letter, or one held in doubt, again.
pub fn retry(desk: &mut Desk<'_>, scope: Scope, id: NotificationId, who: &Audit) -> Result<Changed> {
    let Some(found) = find(desk, scope, id)? else { return Ok(Changed::NotFound) };
    // What waits for a retry gets it anyway.
    if found.status == Status::Retrying || found.status == Status::Queued {
        return Ok(Changed::Refused(found.status));
    }
    let wish = Wish::Retry(Again::default());
    Ok(match steer(desk, scope, id, wish, "notification.retry", who)? {
        Steered::Applied(status) | Steered::AlreadyDone(status) => Changed::Done(status),
        Steered::NotFound => Changed::NotFound,
        Steered::Refused(_) | Steered::SomeoneElses => Changed::Refused(found.status),
    })
}

/// Edits one that was not sent yet. One that waits for a retry keeps its time unless a new one is given.
pub fn edit(desk: &mut Desk<'_>, scope: Scope, id: NotificationId, edit: Edit) -> Result<Changed> {
    let Some(found) = find(desk, scope, id)? else { return Ok(Changed::NotFound) };
    if !Transition::edit_now().allows(found.status) {
        return Ok(Changed::Refused(found.status));
    }
    let now = desk.now();
    let (mut stored, progress) = body(desk, found.seq)?;
    let Edit { recipient, content, subject, priority, scheduled_at, meta_data } = edit;
    if let Some((recipient, addresses)) = recipient {
        stored.message.recipient = recipient;
        stored.message.addresses = addresses;
    }
    stored.message.content = content.or(stored.message.content);
    stored.message.subject = subject.or(stored.message.subject);
    stored.message.meta_data = meta_data.or(stored.message.meta_data);
    let priority = priority.unwrap_or(found.priority);
    let lane = |progress: &Progress| stored.plan.lane(&stored.message.addresses, progress);
    let text = serde_json::to_string(&Body { plan: &stored.plan, message: &stored.message })
        .map_err(|error| StoreError::Corrupt(error.to_string()))?;
    let transition = match scheduled_at {
        Some(at) if at > now => Transition::edit_later(at),
        Some(_) => Transition::edit_now(),
        None => return keep_time(desk, &found, id, (priority, lane(&progress)), &text, now),
    };
    let lane = lane(&Progress::default());
    desk.prepare(include_str!("sql/edit.sql"))?
        .execute((
            found.seq,
            transition.to().as_str(),
            transition.due_at().map(millis),
            priority as i64,
            &lane,
        ))
        .map_err(StoreError::Write)?;
    desk.prepare(include_str!("sql/edit_message.sql"))?
        .execute((found.seq, &text))
        .map_err(StoreError::Write)?;
    tell(desk, &found, id, &transition, now, None)?;
    desk.ring_timer();
    if transition.to() == Status::Queued {
        let group = Group { priority, retried: false, service: found.service };
        desk.ring(Backlog { lane: lane.as_str().into(), group }, found.seq);
    }
    Ok(Changed::Done(transition.to()))
}

/// An edit that leaves the time, and so the status, as it is.
fn keep_time(
    desk: &mut Desk<'_>,
    found: &Found,
    id: NotificationId,
    (priority, lane): (Priority, String),
    text: &str,
    now: Timestamp,
) -> Result<Changed> {
    let retried: bool = desk
        .prepare(include_str!("sql/edit_keep.sql"))?
        .query_row((found.seq, priority as i64, &lane), |row| row.get(0))
        .map_err(StoreError::Write)?;
    desk.prepare(include_str!("sql/edit_message.sql"))?
        .execute((found.seq, text))
        .map_err(StoreError::Write)?;
    let event = Transition::edit_now().event();
    let word = found.status.as_str();
    desk.prepare(include_str!("sql/event.sql"))?
        .execute((found.seq, found.fence + 1, millis(now), event, word, word, None::<&str>, None::<&str>))
        .map_err(StoreError::Write)?;
    desk.moved(
        found.seq,
        found.fence + 1,
        found.status,
        FeedEvent::new(now, id, found.service, event, found.status),
    )?;
    if found.status == Status::Queued {
        let group = Group { priority, retried, service: found.service };
        desk.ring(Backlog { lane: lane.as_str().into(), group }, found.seq);
    }
    Ok(Changed::Done(found.status))
}

fn find(desk: &Desk<'_>, scope: Scope, id: NotificationId) -> Result<Option<Found>> {
    let found = desk
        .prepare(include_str!("sql/find.sql"))?
        .query_row([id.as_bytes()], |row| {
            Ok(Found {
                seq: row.get(0)?,
                service: row.get(1)?,
                status: status(row, 2)?,
                fence: row.get(3)?,
                priority: priority(row, 4)?,
            })
        })
        .optional()
        .map_err(StoreError::Write)?;
    Ok(found.filter(|found| match scope {
        Scope::All => true,
        Scope::Service(no) => found.service == no,
    }))
}

/// How and what it sends, and how far it has got.
pub fn body(desk: &Desk<'_>, seq: i64) -> Result<(StoredBody, Progress)> {
    desk.prepare(include_str!("sql/body.sql"))?
        .query_row([seq], |row| Ok((json(row, 0)?, progress(row, 1)?)))
        .map_err(StoreError::Write)
}

fn tell(
    desk: &mut Desk<'_>,
    found: &Found,
    id: NotificationId,
    transition: &Transition,
    now: Timestamp,
    detail: Option<&str>,
) -> Result<()> {
    desk.prepare(include_str!("sql/event.sql"))?
        .execute((
            found.seq,
            found.fence + 1,
            millis(now),
            transition.event(),
            found.status.as_str(),
            transition.to().as_str(),
            transition.reason(),
            detail,
        ))
        .map_err(StoreError::Write)?;
    desk.moved(found.seq, found.fence + 1, found.status, FeedEvent::of(now, id, found.service, transition))?;
    Ok(())
}
