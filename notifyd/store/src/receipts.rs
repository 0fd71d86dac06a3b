//! What providers say later of what they took. A receipt is written down when it comes, waits in a table of its own, and
//! leaves it in the transaction that settles it with its attempt: whatever kills the daemon, it is settled once.
//!
//! It may come before the record of its attempt is committed, or be for nobody. Then it is put off, for longer each time,
//! and goes when it is three days old. The table is bounded: when it is full, the oldest that nobody knows make room.

use crate::api::{Backlog, Job, Verdict};
use crate::desk::{Desk, Step};
use crate::directory::Directory;
use crate::error::{Result, StoreError};
use crate::feed::FeedEvent;
use crate::row::{channel, job, millis, moment, opt_word, progress_text, status, word};
use crate::sqlite::SqliteStore;
use crate::writer::Kind;
use async_trait::async_trait;
use notify_proto::{
    AttemptStatus, Channel, DeliveryProof, FailureReason, NotificationId, ProviderId, ReceiptStatus, Status,
    Timestamp,
};
use notifyd_lifecycle::decide::Progress;
use notifyd_lifecycle::receipt::{Heard, Reference};
use notifyd_lifecycle::{Receipt, Transition};
use rusqlite::{Connection, OptionalExtension, Row};

/// Receipts that wait, at most.
pub const MAX_WAITING: usize = 100_000;

/// How long one that nobody knows is kept, milliseconds.
const KEPT_MS: i64 = 3 * 86_400_000;

/// Longest time that one is put off.
pub const LONGEST_PUT_OFF: std::time::Duration = std::time::Duration::from_secs(600);

/// Receipts looked at per pass of the sweep.
const SWEEP: i64 = 500;

/// A receipt that waits, and what is known of its attempt.
#[derive(Debug, Clone)]
pub struct Unsettled {
    /// The store's number.
    pub no: i64,
    /// Who said it.
    pub provider: ProviderId,
    /// What was said.
    pub receipt: Receipt,
    /// Of what; none while there is no such attempt.
    pub found: Option<Box<Found>>,
}

/// The attempt that a receipt is about, with its notification.
#[derive(Debug, Clone)]
pub struct Found {
    /// The notification.
    pub job: Job,
    /// Where it stands.
    pub status: Status,
    /// What proves its delivery.
    pub proof: Option<DeliveryProof>,
    /// Whether it is held for an operator because of an attempt in doubt.
    pub held_in_doubt: bool,
    /// The line it waits in.
    pub lane: String,
    /// Number of the attempt.
    pub number: u32,
    /// Its channel.
    pub channel: Channel,
    /// How it ended.
    pub attempt: AttemptStatus,
    /// What receipts have said of it.
    pub heard: Option<ReceiptStatus>,
}

/// What waits.
#[derive(Debug, Clone, Default)]
pub struct Due {
    /// What is to be looked at now.
    pub receipts: Vec<Unsettled>,
    /// When the next one is; also one of these, until it is settled or put off.
    pub next: Option<Timestamp>,
}

/// What becomes of a receipt.
#[derive(Debug, Clone)]
pub enum Settlement {
    /// It is looked at again then.
    PutOff(i64, Timestamp),
    /// It says nothing new.
    Forget(i64),
    /// This.
    Hear(Box<Hearing>),
}

/// What follows from a receipt, as it is written.
#[derive(Debug, Clone)]
pub struct Hearing {
    /// Number of the receipt.
    pub no: i64,
    /// What it was decided on.
    pub found: Found,
    /// What was decided.
    pub heard: Heard,
    /// How far the notification has got.
    pub progress: Progress,
    /// When.
    pub at: Timestamp,
    /// Why, in the provider's words.
    pub reason: Option<String>,
}

/// What providers say later of what they took.
#[async_trait]
pub trait Receipts: Send + Sync + 'static {
    /// Writes them down; how many of them did not wait already. All or nothing.
    async fn receive(&self, receipts: Vec<(ProviderId, Receipt)>) -> Result<usize>;

    /// Up to `limit` that are to be looked at.
    async fn due(&self, now: Timestamp, limit: usize) -> Result<Due>;

    /// Settles them; one verdict for each, in order. One that is somebody else's is looked at again.
    async fn settle(&self, settlements: Vec<Settlement>) -> Result<Vec<Verdict>>;
}

#[async_trait]
impl Receipts for SqliteStore {
    async fn receive(&self, receipts: Vec<(ProviderId, Receipt)>) -> Result<usize> {
        let weight = receipts.len();
        let work = move |desk: &mut Desk<'_>| receive(desk, &receipts);
        let taken = self.writer()?.step(Kind::Work, weight, work).await?;
        self.shared().bell.ring_receipts();
        Ok(taken)
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Result<Due> {
        self.read(move |connection, directory| due(connection, directory, now, limit)).await
    }

    async fn settle(&self, settlements: Vec<Settlement>) -> Result<Vec<Verdict>> {
        let weight = settlements.len();
        let work = move |desk: &mut Desk<'_>| settlements.iter().map(|it| settle(desk, it)).collect();
        self.writer()?.step(Kind::Outcome, weight, work).await
    }
}

fn receive(desk: &mut Desk<'_>, receipts: &[(ProviderId, Receipt)]) -> Result<usize> {
    make_room(desk, receipts.len())?;
    desk.takes(Step::Receive);
    let directory = desk.directory();
    let mut add = desk.prepare(include_str!("sql/receipt_add.sql"))?;
    let mut taken = 0;
    for (provider, receipt) in receipts {
        // Nothing ever went through somebody who was never there.
        let Some(provider) = directory.provider_no(*provider) else { continue };
        let (external, ours, number) = match &receipt.of {
            Reference::Message(id) => (Some(id.as_str()), None, None),
            Reference::Attempt(id, number) => (None, Some(id.as_bytes()), Some(*number)),
        };
        let (says, reason) = (receipt.says.as_str(), receipt.reason.as_deref());
        taken += add
            .execute((provider, external, ours, number, says, reason, millis(receipt.at)))
            .map_err(StoreError::Write)?;
    }
    Ok(taken)
}

/// Lets those that nobody knows make room, oldest first.
fn make_room(desk: &Desk<'_>, wanted: usize) -> Result<()> {
    let waiting: usize = desk
        .prepare(include_str!("sql/receipts_count.sql"))?
        .query_row([], |row| row.get(0))
        .map_err(StoreError::Write)?;
    let over = (waiting + wanted).saturating_sub(MAX_WAITING);
    if over == 0 {
        return Ok(());
    }
    let dropped =
        desk.prepare(include_str!("sql/receipts_drop.sql"))?.execute([over]).map_err(StoreError::Write)?;
    tracing::warn!(dropped, "too many receipts wait for attempts that are not known; the oldest are dropped");
    if dropped < over { Err(StoreError::Overloaded) } else { Ok(()) }
}

fn due(connection: &Connection, directory: &Directory, now: Timestamp, limit: usize) -> Result<Due> {
    let longest = i64::try_from(LONGEST_PUT_OFF.as_millis()).unwrap_or(i64::MAX);
    let now = millis(now);
    let mut query =
        connection.prepare_cached(include_str!("sql/receipts_due.sql")).map_err(StoreError::Read)?;
    let mut rows = query.query((now, now.saturating_add(longest), limit)).map_err(StoreError::Read)?;
    let mut receipts = Vec::new();
    while let Some(row) = rows.next().map_err(StoreError::Read)? {
        let provider_no: i64 = row.get(1).map_err(StoreError::Read)?;
        let (no, receipt) = receipt(row).map_err(StoreError::Read)?;
        let found = find(connection, provider_no, &receipt.of)?;
        let provider = directory.known_no(provider_no).map(|it| it.id);
        let provider = provider.unwrap_or_else(|| ProviderId::from_bytes([0; 16]));
        receipts.push(Unsettled { no, provider, receipt, found });
    }
    let next: Option<i64> = connection
        .prepare_cached(include_str!("sql/receipts_next.sql"))
        .and_then(|mut query| query.query_row([], |row| row.get(0)))
        .map_err(StoreError::Read)?;
    Ok(Due { receipts, next: next.map(moment) })
}

fn receipt(row: &Row<'_>) -> rusqlite::Result<(i64, Receipt)> {
    let of = match row.get::<_, Option<String>>(2)? {
        Some(id) => Reference::Message(id),
        None => Reference::Attempt(NotificationId::from_bytes(row.get(3)?), row.get(4)?),
    };
    let receipt = Receipt { of, says: word(row, 5)?, reason: row.get(6)?, at: moment(row.get(7)?) };
    Ok((row.get(0)?, receipt))
}

/// The attempt that it is about, if it was made through this provider.
fn find(connection: &Connection, provider: i64, of: &Reference) -> Result<Option<Box<Found>>> {
    let place: Option<(i64, u32)> = match of {
        Reference::Message(id) => connection
            .prepare_cached(include_str!("sql/receipt_find.sql"))
            .and_then(|mut query| {
                query.query_row((provider, id), |row| Ok((row.get(0)?, row.get(1)?))).optional()
            })
            .map_err(StoreError::Read)?,
        Reference::Attempt(id, number) => connection
            .prepare_cached(include_str!("sql/find.sql"))
            .and_then(|mut query| query.query_row([id.as_bytes()], |row| row.get(0)).optional())
            .map_err(StoreError::Read)?
            .map(|seq| (seq, *number)),
    };
    let Some((seq, number)) = place else { return Ok(None) };
    connection
        .prepare_cached(include_str!("sql/receipt_standing.sql"))
        .and_then(|mut query| query.query_row((seq, number, provider), found).optional())
        .map(|found| found.map(Box::new))
        .map_err(StoreError::Read)
}

fn found(row: &Row<'_>) -> rusqlite::Result<Found> {
    let due: Option<i64> = row.get(15)?;
    let held: Option<String> = row.get(20)?;
    Ok(Found {
        job: job(row)?,
        status: status(row, 13)?,
        proof: opt_word(row, 14)?,
        held_in_doubt: due.is_none() && held.as_deref() == Some("in_doubt"),
        attempt: word(row, 16)?,
        number: row.get(17)?,
        channel: channel(row, 18)?,
        heard: opt_word(row, 19)?,
        lane: row.get(21)?,
    })
}

fn settle(desk: &mut Desk<'_>, settlement: &Settlement) -> Result<Verdict> {
    let changed = match settlement {
        Settlement::PutOff(no, until) => {
            desk.prepare(include_str!("sql/receipt_later.sql"))?.execute((no, millis(*until)))
        }
        Settlement::Forget(no) => desk.prepare(include_str!("sql/receipt_remove.sql"))?.execute([no]),
        Settlement::Hear(hearing) => return hear(desk, hearing),
    };
    let changed = changed.map_err(StoreError::Write)?;
    Ok(if changed == 0 { Verdict::AlreadyDone } else { Verdict::Applied })
}

fn hear(desk: &mut Desk<'_>, it: &Hearing) -> Result<Verdict> {
    let Hearing { found, heard, .. } = it;
    let Job { seq, id, fence, group, .. } = found.job;
    let (from, to, transition) = (found.status, heard.transition.to(), &heard.transition);
    if !transition.allows(from) {
        return Err(StoreError::Corrupt(format!("{from} cannot become {to} by {}", transition.event())));
    }
    let waits =
        desk.prepare(include_str!("sql/receipt_waits.sql"))?.exists([it.no]).map_err(StoreError::Write)?;
    if !waits {
        return Ok(Verdict::AlreadyDone);
    }
    if !take(desk, it)? {
        return Ok(Verdict::SomeoneElses);
    }
    desk.takes(Step::Settle);
    desk.prepare(include_str!("sql/receipt_remove.sql"))?.execute([it.no]).map_err(StoreError::Write)?;
    desk.prepare(include_str!("sql/receipt_attempt.sql"))?
        .execute((seq, found.number, heard.attempt.as_str(), heard.heard.as_str()))
        .map_err(StoreError::Write)?;
    desk.prepare(include_str!("sql/event.sql"))?
        .execute((
            seq,
            fence + 1,
            millis(it.at),
            transition.event(),
            from.as_str(),
            to.as_str(),
            transition.reason(),
            it.reason.as_deref(),
        ))
        .map_err(StoreError::Write)?;
    desk.moved(seq, fence + 1, from, FeedEvent::of(it.at, id, group.service, transition))?;
    if to == Status::Queued {
        // Whoever has it in memory has it as it was.
        desk.ring(Backlog { lane: found.lane.as_str().into(), group }, seq);
    }
    Ok(Verdict::Applied)
}

/// Takes the step, unless the row is another one by now.
fn take(desk: &Desk<'_>, it: &Hearing) -> Result<bool> {
    let Hearing { found, heard, .. } = it;
    let Job { seq, fence, .. } = found.job;
    let (from, transition) = (found.status, &heard.transition);
    let to = transition.to();
    let progress = if to.is_final() { None } else { progress_text(&it.progress) };
    let changed = if transition.event() == Transition::hear(to, heard.heard).event() {
        desk.prepare(include_str!("sql/receipt_note.sql"))?.execute((seq, fence, from.as_str(), progress))
    } else {
        // Whoever made it arrive is told as the one who did.
        let by = (from != Status::Delivered && to == Status::Delivered).then_some(found.number);
        desk.prepare(include_str!("sql/receipt_move.sql"))?.execute((
            seq,
            fence,
            from.as_str(),
            to.as_str(),
            transition.proof().map(DeliveryProof::as_str),
            transition.failure().map(FailureReason::as_str),
            to.is_final().then_some(millis(it.at)),
            progress,
            it.reason.as_deref().filter(|_| to == Status::Failed),
            by,
        ))
    };
    Ok(changed.map_err(StoreError::Write)? > 0)
}

/// Removes what waited in vain for too long.
pub(crate) fn sweep(desk: &Desk<'_>, now: Timestamp) -> Result<()> {
    let old = millis(now).saturating_sub(KEPT_MS);
    let removed = desk
        .prepare(include_str!("sql/receipts_sweep.sql"))?
        .execute((old, SWEEP))
        .map_err(StoreError::Write)?;
    if removed > 0 {
        tracing::warn!(removed, "receipts for attempts that nobody knows were removed");
    }
    Ok(())
}
