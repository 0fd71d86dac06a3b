//! What time moves on: scheduled and retried notifications come due, others expire.

use crate::api::{Backlog, Due};
use crate::desk::Desk;
use crate::error::{Result, StoreError};
use crate::feed::FeedEvent;
use crate::row::{millis, moment, priority, status};
use notify_proto::{NotificationId, Priority, SharedQueue, Status, Timestamp};
use notifyd_lifecycle::Transition;
use notifyd_lifecycle::order::Group;
use rusqlite::{OptionalExtension, Params};

struct Ripe {
    seq: i64,
    id: NotificationId,
    service: i64,
    status: Status,
    fence: u32,
    lane: String,
    priority: Priority,
    retry_count: u32,
}

/// Moves what is due to the queue, but for what waits in a queue that is paused.
pub fn release(desk: &mut Desk<'_>, now: Timestamp, limit: usize) -> Result<Due> {
    desk.follow_clock()?;
    let now = now + chrono::TimeDelta::milliseconds(desk.lag(now));
    let directory = desk.directory();
    let moves = |queue| !directory.paused(queue, now);
    let (pending, retrying) = (Status::Pending.as_str(), Status::Retrying.as_str());
    // What is not paused; retries alone have an index of their own, as much that is paused may be due before them.
    let of = match (moves(SharedQueue::Scheduled), moves(SharedQueue::Retries)) {
        (true, true) => Some((pending, retrying)),
        (true, false) => Some((pending, pending)),
        (false, true) => None,
        (false, false) => return Ok(Due { count: 0, next: None }),
    };
    let ripe = match of {
        Some((one, other)) => {
            ripe(desk, include_str!("sql/release_due.sql"), (millis(now), limit, one, other))?
        }
        None => ripe(desk, include_str!("sql/release_retrying.sql"), (millis(now), limit))?,
    };
    let transition = Transition::release();
    for it in &ripe {
        let retried = it.retry_count > 0;
        desk.prepare(include_str!("sql/release.sql"))?
            .execute((it.seq, it.fence, retried))
            .map_err(StoreError::Write)?;
        tell(desk, it, &transition, now)?;
        let group = Group { priority: it.priority, retried, service: it.service };
        desk.ring(Backlog { lane: it.lane.as_str().into(), group }, it.seq);
    }
    // Of what is paused much may be due by now, and is passed over.
    let next = match of {
        _ if ripe.len() >= limit => Some(now),
        Some((one, other)) => next(desk, include_str!("sql/release_next.sql"), (millis(now), one, other))?,
        None => next(desk, include_str!("sql/retrying_after.sql"), [millis(now)])?,
    };
    Ok(Due { count: ripe.len(), next })
}

/// Fails what expired.
pub fn expire(desk: &mut Desk<'_>, now: Timestamp, limit: usize) -> Result<Due> {
    let ripe = ripe(desk, include_str!("sql/expire_due.sql"), (millis(now), limit))?;
    let transition = Transition::expire();
    for it in &ripe {
        desk.prepare(include_str!("sql/expire.sql"))?
            .execute((it.seq, it.fence, millis(now)))
            .map_err(StoreError::Write)?;
        tell(desk, it, &transition, now)?;
    }
    let next = next(desk, include_str!("sql/expire_next.sql"), [])?;
    Ok(Due { count: ripe.len(), next })
}

fn ripe(desk: &Desk<'_>, sql: &str, of: impl Params) -> Result<Vec<Ripe>> {
    let mut query = desk.prepare(sql)?;
    let rows = query
        .query_map(of, |row| {
            Ok(Ripe {
                seq: row.get(0)?,
                id: NotificationId::from_bytes(row.get(1)?),
                service: row.get(2)?,
                status: status(row, 3)?,
                fence: row.get(4)?,
                lane: row.get(5)?,
                priority: priority(row, 6)?,
                retry_count: row.get(7)?,
            })
        })
        .map_err(StoreError::Write)?;
    rows.collect::<rusqlite::Result<_>>().map_err(StoreError::Write)
}

fn next(desk: &Desk<'_>, sql: &str, of: impl Params) -> Result<Option<Timestamp>> {
    let next = desk.prepare(sql)?.query_row(of, |row| row.get::<_, Option<i64>>(0)).optional();
    Ok(next.map_err(StoreError::Write)?.flatten().map(moment))
}

fn tell(desk: &mut Desk<'_>, it: &Ripe, transition: &Transition, now: Timestamp) -> Result<()> {
    desk.prepare(include_str!("sql/event.sql"))?
        .execute((
            it.seq,
            it.fence + 1,
            millis(now),
            transition.event(),
            it.status.as_str(),
            transition.to().as_str(),
            transition.reason(),
            None::<&str>,
        ))
        .map_err(StoreError::Write)?;
    desk.moved(it.seq, it.fence + 1, it.status, FeedEvent::of(now, it.id, it.service, transition))?;
    Ok(())
}
