//! Writes attempts down before the provider is called, and finds the work to claim.

use crate::api::{Backlog, Claim, Interrupted, Job, Verdict};
use crate::desk::{Desk, Step};
use crate::directory::Directory;
use crate::error::{Result, StoreError};
use crate::feed::FeedEvent;
use crate::row::{channel, job, millis, priority};
use notify_proto::{Status, WebhookEvent};
use notifyd_lifecycle::candidate::Skip;
use notifyd_lifecycle::order::Group;
use rusqlite::{Connection, OptionalExtension, Row};

/// Claims each job that is still as it was loaded.
pub fn claim(desk: &mut Desk<'_>, claims: &[Claim]) -> Result<Vec<Verdict>> {
    let directory = desk.directory();
    let run = desk.run();
    desk.takes(Step::Claim);
    let mut update = desk.prepare(include_str!("sql/claim.sql"))?;
    let mut attempt = desk.prepare(include_str!("sql/claim_attempt.sql"))?;
    let mut verdicts = Vec::with_capacity(claims.len());
    let mut counts = 0;
    for claim in claims {
        let provider = directory.provider_no(claim.provider);
        let number = claim.attempt();
        let changed = update
            .execute((claim.seq, claim.fence, run, number, provider, claim.channel.as_str()))
            .map_err(StoreError::Write)?;
        if changed == 0 {
            verdicts.push(Verdict::SomeoneElses);
            continue;
        }
        let at = millis(claim.at);
        skips(desk, &directory, claim.seq, claim.attempts, &claim.skipped, at)?;
        attempt
            .execute((claim.seq, number, claim.channel.as_str(), provider, at))
            .map_err(StoreError::Write)?;
        if let Some((id, service)) = claim.retries {
            let event = FeedEvent::new(claim.at, id, service, "claimed", Status::Sending);
            desk.owe(claim.seq, claim.fence + 1, event, WebhookEvent::RetryAttempted)?;
        }
        counts += 1;
        verdicts.push(Verdict::Applied);
    }
    // A claim is told by its attempt; the feed hears of its outcome.
    desk.claimed(counts);
    Ok(verdicts)
}

/// Writes passed-over candidates as skipped attempts, numbered from `attempts + 1`.
pub fn skips(
    desk: &Desk<'_>,
    directory: &Directory,
    seq: i64,
    attempts: u32,
    skipped: &[Skip],
    at: i64,
) -> Result<()> {
    if skipped.is_empty() {
        return Ok(());
    }
    let mut insert = desk.prepare(include_str!("sql/skip.sql"))?;
    for (number, skip) in (attempts + 1..).zip(skipped) {
        let provider = skip.provider.and_then(|id| directory.provider_no(id));
        insert
            .execute((seq, number, skip.channel.as_str(), provider, skip.reason.as_str(), at))
            .map_err(StoreError::Write)?;
    }
    Ok(())
}

/// All lines with queued work: one index seek per line.
pub fn backlog(connection: &Connection) -> Result<Vec<Backlog>> {
    let mut next =
        connection.prepare_cached(include_str!("sql/backlog_next.sql")).map_err(StoreError::Read)?;
    let mut found = Vec::new();
    let mut last: (String, i64, bool, i64) = (String::new(), -1, false, -1);
    loop {
        let line = next
            .query_row((&last.0, last.1, last.2, last.3), |row| {
                let lane: String = row.get(0)?;
                let group = Group { priority: priority(row, 1)?, retried: row.get(2)?, service: row.get(3)? };
                Ok((lane, group))
            })
            .optional()
            .map_err(StoreError::Read)?;
        let Some((lane, group)) = line else { return Ok(found) };
        found.push(Backlog { lane: lane.as_str().into(), group });
        last = (lane, group.priority as i64, group.retried, group.service);
    }
}

/// Queued jobs of one line, oldest first.
pub fn load(
    connection: &Connection,
    line: &Backlog,
    after: i64,
    limit: usize,
    max_bytes: usize,
) -> Result<Vec<Job>> {
    let mut query = connection.prepare_cached(include_str!("sql/load.sql")).map_err(StoreError::Read)?;
    let Group { priority, retried, service } = line.group;
    let mut rows = query
        .query((&*line.lane, priority as i64, retried, service, after, limit))
        .map_err(StoreError::Read)?;
    let mut jobs = Vec::new();
    let mut bytes = 0;
    while let Some(row) = rows.next().map_err(StoreError::Read)? {
        let Some(job) = readable(row, job(row))? else { continue };
        let held: Option<bool> = row.get(13).map_err(StoreError::Read)?;
        let job = Job { held: held.unwrap_or(false), ..job };
        bytes += job.bytes;
        jobs.push(job);
        if bytes >= max_bytes {
            break;
        }
    }
    Ok(jobs)
}

/// Attempts that other runs left without an outcome.
pub fn interrupted(
    connection: &Connection,
    directory: &Directory,
    run: i64,
    after: i64,
    limit: usize,
) -> Result<Vec<Interrupted>> {
    let mut query =
        connection.prepare_cached(include_str!("sql/interrupted.sql")).map_err(StoreError::Read)?;
    let mut rows = query.query((run, after, limit)).map_err(StoreError::Read)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(StoreError::Read)? {
        found.extend(readable(row, interrupted_attempt(row, directory))?);
    }
    Ok(found)
}

fn interrupted_attempt(row: &Row<'_>, directory: &Directory) -> rusqlite::Result<Interrupted> {
    let no: Option<i64> = row.get(13)?;
    let provider = no.and_then(|no| directory.known_no(no)).map(|it| it.id);
    let job = job(row)?;
    Ok(Interrupted { attempt: job.attempts, job, provider, channel: channel(row, 14)? })
}

/// What was read of a row that starts with its number; nothing when it cannot be understood, as one row must not stop
/// all that are behind it.
fn readable<T>(row: &Row<'_>, read: rusqlite::Result<T>) -> Result<Option<T>> {
    if let Err(error) = &read {
        let seq: i64 = row.get(0).map_err(StoreError::Read)?;
        tracing::error!(seq, %error, "a notification cannot be read; it is passed over");
    }
    Ok(read.ok())
}
