//! What one write operation works with: the connection inside a transaction, and what has to be told once it is
//! committed. Nothing leaves the desk before the commit; a rollback forgets it.

mod shared;
mod state;
mod step;

pub use shared::{Arrivals, Shared};
pub use state::{Acceptances, State};
pub use step::Step;

use crate::api::Backlog;
use crate::directory::Directory;
use crate::error::{Result, StoreError};
use crate::feed::{FeedEvent, Remark};
use crate::key_index::KeyIndex;
use crate::latch::Latch;
use crate::webhooks::outbox::{Told, owe};
use crate::webhooks::{self, Endpoints};
use crate::writer::Fault;
use notify_proto::{Channel, ObjectKind, Priority, Severity, Status, Timestamp, WebhookEvent, WebhookStatus};
use notifyd_lifecycle::webhook::event::told;
use rusqlite::{CachedStatement, Connection};
use state::News;
use std::sync::Arc;

/// Work for the writer that may fail alone: how it failed, if it did, and the answer.
pub type Work<A> = Box<dyn FnOnce(&mut Desk<'_>) -> (Option<Fault>, A) + Send>;

/// The desk of one operation.
pub struct Desk<'a> {
    connection: &'a Connection,
    state: &'a mut State,
    refusing: bool,
}

impl<'a> Desk<'a> {
    /// Inside a transaction.
    pub fn new(connection: &'a Connection, state: &'a mut State) -> Self {
        Self { connection, state, refusing: false }
    }

    /// There is no transaction: every statement fails.
    pub fn refusing(connection: &'a Connection, state: &'a mut State) -> Self {
        Self { connection, state, refusing: true }
    }

    /// A prepared statement, kept for the next time.
    pub fn prepare(&self, sql: &str) -> Result<CachedStatement<'a>> {
        if self.refusing {
            return Err(StoreError::Commit("no transaction could be started; nothing was kept".into()));
        }
        self.connection.prepare_cached(sql).map_err(StoreError::Write)
    }

    /// Why nothing new is taken.
    pub fn latch(&self) -> &Latch {
        &self.state.shared.latch
    }

    /// The wall clock.
    pub fn now(&self) -> Timestamp {
        self.state.wall.now()
    }

    /// Moves the ends of the delays that retries and holds wait for, if the wall clock was set: whatever writes or
    /// compares one asks for this first.
    pub fn follow_clock(&mut self) -> Result<()> {
        let Some(by) = self.state.wall.moved() else { return Ok(()) };
        let retries =
            self.prepare(include_str!("sql/shift_retries.sql"))?.execute([by]).map_err(StoreError::Write)?;
        let holds =
            self.prepare(include_str!("sql/shift_holds.sql"))?.execute([by]).map_err(StoreError::Write)?;
        let told = self
            .prepare(include_str!("sql/shift_deliveries.sql"))?
            .execute([by])
            .map_err(StoreError::Write)?;
        if told > 0 {
            self.webhooks_moved();
        }
        if holds > 0 {
            self.directory_changed();
        }
        self.ring_timer();
        let by_seconds = by / 1_000;
        self.remark(Remark {
            at: self.now(),
            event: "clock_set",
            severity: Severity::Warning,
            object: ObjectKind::Daemon,
            id: crate::audit::DAEMON.to_owned(),
            actor: None,
            detail: Some(format!("the clock was set by {by_seconds} s; retries and holds keep their delays")),
        });
        tracing::warn!(
            event = "clock_set",
            by_seconds,
            retries,
            holds,
            webhooks = told,
            "the clock was set; retries and holds keep their delays"
        );
        Ok(())
    }

    /// By how many milliseconds to move a moment that was read before the clock was set.
    pub fn lag(&self, at: Timestamp) -> i64 {
        self.state.wall.lag(at)
    }

    /// This run of the daemon.
    pub const fn run(&self) -> i64 {
        self.state.run
    }

    /// The next number of a notification.
    pub const fn next_seq(&mut self) -> i64 {
        let seq = self.state.next_seq;
        self.state.next_seq += 1;
        seq
    }

    /// Where equal earlier requests are found.
    pub const fn dedup(&mut self) -> &mut KeyIndex {
        &mut self.state.dedup
    }

    /// Where used idempotency keys are found.
    pub const fn idempotency(&mut self) -> &mut KeyIndex {
        &mut self.state.idempotency
    }

    /// Removes what the indexes have on disk of rows that are gone.
    pub fn sweep_indexes(&mut self, limit: i64) -> rusqlite::Result<()> {
        self.state.dedup.sweep(self.connection, limit)?;
        self.state.idempotency.sweep(self.connection, limit)
    }

    /// The connection and both indexes, for look-ups in them.
    pub const fn indexes(&self) -> (&'a Connection, &KeyIndex, &KeyIndex) {
        (self.connection, &self.state.dedup, &self.state.idempotency)
    }

    /// Services and providers as last committed.
    pub fn directory(&self) -> Arc<Directory> {
        self.state.shared.directory()
    }

    /// This transaction takes such a step.
    pub const fn takes(&mut self, step: Step) {
        self.state.news.steps[step as usize] = true;
    }

    /// A notification was accepted, under this number.
    pub fn accepted(
        &mut self,
        seq: i64,
        channel: Channel,
        priority: Priority,
        event: FeedEvent,
    ) -> Result<()> {
        self.state.news.accepted[channel as usize][priority as usize] += 1;
        self.state.news.counts[event.to as usize] += 1;
        self.state.news.events.push(event);
        self.owe(seq, 1, event, WebhookEvent::Created)
    }

    /// The notification with this number changed its status: the step `n` of its story, which its row shows already.
    pub fn moved(&mut self, seq: i64, n: u32, from: Status, event: FeedEvent) -> Result<()> {
        if from == Status::Queued && event.to != Status::Queued {
            self.state.news.left.push(seq);
        }
        self.state.news.counts[from as usize] -= 1;
        self.state.news.counts[event.to as usize] += 1;
        self.state.news.reached[event.to as usize] += u64::from(from != event.to);
        self.state.news.events.push(event);
        told(from, event.to, event.event).map_or(Ok(()), |what| self.owe(seq, n, event, what))
    }

    /// Writes down what is owed to the webhooks of its service because of a step of a notification.
    pub fn owe(&mut self, seq: i64, n: u32, of: FeedEvent, event: WebhookEvent) -> Result<()> {
        let endpoints = self.state.shared.endpoints.load();
        let Some(routes) = endpoints.routes(of.service) else { return Ok(()) };
        let routes = Arc::clone(routes);
        owe(self, &routes, &Told { seq, id: of.id, n, event, at: of.at })
    }

    /// An event of a webhook came from there to stand here: from nowhere when it is owed for the first time, to nowhere when it
    /// is removed.
    pub fn told(&mut self, webhook: i64, from: Option<WebhookStatus>, to: Option<WebhookStatus>) {
        self.state.news.told.push((webhook, from, to));
        if to == Some(WebhookStatus::Pending) {
            self.state.news.owed_to.insert(webhook);
        }
    }

    /// Tells those who watch of something besides steps of notifications.
    pub fn remark(&mut self, remark: Remark) {
        self.state.news.remarks.push(remark);
    }

    /// All webhooks, as last committed.
    pub fn endpoints(&self) -> Arc<Endpoints> {
        self.state.shared.endpoints.load_full()
    }

    /// The row of a webhook changed.
    pub fn webhook_changed(&mut self, no: i64) {
        self.state.news.webhooks_changed.push(no);
    }

    /// Something is due to webhooks at another time than was known.
    pub const fn webhooks_moved(&mut self) {
        self.state.news.moved = true;
    }

    /// The number of the row that was inserted last.
    pub fn last_row(&self) -> i64 {
        self.connection.last_insert_rowid()
    }

    /// Notifications were claimed.
    pub const fn claimed(&mut self, count: i64) {
        self.state.news.counts[Status::Queued as usize] -= count;
        self.state.news.counts[Status::Sending as usize] += count;
    }

    /// Notifications left the log.
    pub fn removed(&mut self, status: Status, count: i64) {
        self.state.news.counts[status as usize] -= count;
    }

    /// A line got work: the notification with this number.
    pub fn ring(&mut self, line: Backlog, seq: i64) {
        if let Some(arrived) = self.state.news.arrived.get_mut(&line.lane) {
            *arrived += 1;
        } else {
            self.state.news.arrived.insert(Arc::clone(&line.lane), 1);
        }
        self.state.news.lines.entry(line).and_modify(|lowest| *lowest = seq.min(*lowest)).or_insert(seq);
    }

    /// Something waits for a time now.
    pub const fn ring_timer(&mut self) {
        self.state.news.timed = true;
    }

    /// Services, keys or providers changed.
    pub const fn directory_changed(&mut self) {
        self.state.news.directory_changed = true;
    }

    /// A service is removed: nothing more is taken from whoever came in before that.
    pub fn service_gone(&mut self, no: i64) {
        self.state.news.gone.push(no);
    }

    /// Refuses a service that was removed after somebody had come in as it.
    pub fn still_there(&self, service: i64) -> Result<()> {
        if self.state.gone.contains(&service) || self.state.news.gone.contains(&service) {
            return Err(StoreError::ServiceGone);
        }
        Ok(())
    }

    /// Runs an operation that may fail alone.
    pub fn alone<A>(&mut self, run: Work<A>) -> (Option<Fault>, A) {
        let marked = self.connection.execute_batch("SAVEPOINT alone").is_ok();
        let news = &self.state.news;
        let (events, remarks, told) = (news.events.len(), news.remarks.len(), news.told.len());
        let gone = news.gone.len();
        let News { counts, reached, accepted, .. } = *news;
        let mut desk = Desk { connection: self.connection, state: self.state, refusing: !marked };
        let (fault, answer) = run(&mut desk);
        let failed = fault.is_some();
        if failed {
            let news = &mut self.state.news;
            news.events.truncate(events);
            news.remarks.truncate(remarks);
            news.told.truncate(told);
            news.gone.truncate(gone);
            (news.counts, news.reached, news.accepted) = (counts, reached, accepted);
            // Rung lines stay, and so does who left: a ring too many costs a look.
        }
        if marked {
            let end = if failed { "ROLLBACK TO alone; RELEASE alone" } else { "RELEASE alone" };
            if let Err(error) = self.connection.execute_batch(end) {
                tracing::error!(%error, "savepoint could not be ended");
            }
        }
        (fault, answer)
    }

    /// The last step before the commit: what is written once per batch.
    pub fn finish(&mut self) -> rusqlite::Result<()> {
        let now = self.state.wall.now().timestamp_millis();
        self.state.dedup.write(self.connection, now)?;
        self.state.idempotency.write(self.connection, now)?;
        if self.state.news.directory_changed {
            self.state.news.directory = Some(crate::directory_rows::read(self.connection)?);
        }
        if !self.state.news.webhooks_changed.is_empty() {
            let before = self.state.shared.endpoints.load();
            let changed = webhooks::changed(self.connection, &before, &self.state.news.webhooks_changed)?;
            self.state.news.endpoints = Some(changed);
        }
        Ok(())
    }
}
