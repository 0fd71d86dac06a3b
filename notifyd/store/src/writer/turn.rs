//! The loop of the writer thread: one turn is one transaction.

use super::{Answer, Failure, Fatal, Fault, Message, Operation};
use crate::desk::{Desk, Shared, State};
use crate::disk::Nudge;
use crate::latch::Cause;
use crate::metrics::Metrics;
use rusqlite::Connection;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::{mpsc, watch};

/// Weight one transaction takes at most before it commits (promises, "what those measurements showed": around 1,000 rows).
const MAX_BATCH: usize = 1_000;

pub(super) struct Loop<'c> {
    pub(super) connection: &'c Connection,
    pub(super) shared: Arc<Shared>,
    state: State,
    metrics: Metrics,
    fatal: watch::Sender<Option<Fatal>>,
    closed: Arc<AtomicBool>,
    nudge: Nudge,
    /// Weight written since the write-ahead log was last looked at.
    pub(super) since_look: usize,
    answers: Vec<Answer>,
    /// Whether this turn is one of those between the steps of a copy.
    pub(super) copying: bool,
}

impl<'c> Loop<'c> {
    pub(super) fn new(
        connection: &'c Connection,
        state: State,
        metrics: Metrics,
        fatal: watch::Sender<Option<Fatal>>,
        closed: Arc<AtomicBool>,
        shared: Arc<Shared>,
        nudge: Nudge,
    ) -> Self {
        let (since_look, answers, copying) = (0, Vec::new(), false);
        Self { connection, shared, state, metrics, fatal, closed, nudge, since_look, answers, copying }
    }

    pub(super) fn run(mut self, mut queue: mpsc::Receiver<Message>) {
        while let Some(message) = queue.blocking_recv() {
            if !self.turn(message, &mut queue) {
                return;
            }
        }
        self.close();
    }

    /// One turn, beginning with this message; whether there can be another.
    pub(super) fn turn(&mut self, message: Message, queue: &mut mpsc::Receiver<Message>) -> bool {
        match message {
            Message::Run(first) => self.commit(first, queue),
            Message::Tidy => self.tidy(),
            // One copy at a time: whoever asks for another hears that there is one.
            Message::Copy(copy) if self.copying => copy.refuse(),
            Message::Copy(copy) => self.copy(copy, queue),
        }
    }

    fn commit(&mut self, first: Operation, queue: &mut mpsc::Receiver<Message>) -> bool {
        let timer = self.metrics.commit_seconds.start_timer();
        let mut after = None;
        let committed = self.batch(first, queue, &mut after);
        timer.observe_duration();
        // Snapshots are replaced before anybody is answered, so that whoever was answered sees its own change.
        match &committed {
            Ok(()) => {
                let (reached, accepted, arrived) = self.state.told();
                self.metrics.count(reached, accepted, arrived);
                self.state.publish();
            }
            Err(_) => self.state.forget(),
        }
        if let Err(failure) = &committed {
            if failure.fault == Fault::Full {
                self.nudge.full();
            }
            if failure.is_fatal() {
                // Latched before anybody is answered: whoever asks again at once must not be told anything else.
                self.shared.latch.set(Cause::Failed);
            }
        }
        for answer in self.answers.drain(..) {
            answer(committed.as_ref().copied());
        }
        if let Err(failure) = committed {
            tracing::error!(error = %failure.text, "commit failed");
            if failure.is_fatal() {
                return self.die(failure.text, failure.fault == Fault::Damaged);
            }
        }
        self.look() && after.is_none_or(|message| self.turn(message, queue))
    }

    /// There is no going on.
    pub(super) fn die(&self, text: String, damaged: bool) -> bool {
        self.shared.latch.set(Cause::Failed);
        self.fatal.send_replace(Some(Fatal { text, damaged }));
        false
    }

    fn batch(
        &mut self,
        first: Operation,
        queue: &mut mpsc::Receiver<Message>,
        after: &mut Option<Message>,
    ) -> Result<(), Failure> {
        if let Err(error) = self.connection.execute_batch("BEGIN IMMEDIATE") {
            self.answers.push((first.run)(&mut Desk::refusing(self.connection, &mut self.state)).1);
            return Err(Failure::of(&error, true));
        }
        let mut weight = 0;
        let mut next = Some(first);
        let mut failed = None;
        while let Some(operation) = next {
            weight += operation.weight.max(1);
            let mut desk = Desk::new(self.connection, &mut self.state);
            let (fault, answer) =
                if operation.alone { desk.alone(operation.run) } else { (operation.run)(&mut desk) };
            self.answers.push(answer);
            if self.connection.is_autocommit() {
                // SQLite undid the whole transaction; what came after would be committed piecemeal.
                let text = "the transaction was undone".to_owned();
                return Err(Failure { text, fault: fault.unwrap_or(Fault::Other), nothing_kept: true });
            }
            if let Some(fault) = fault
                && (!operation.alone || fault != Fault::Other)
            {
                failed = Some(("an operation of the batch failed".to_owned(), fault));
                break;
            }
            if weight >= MAX_BATCH {
                // What waits is left where it is: whatever is taken from the queue must be answered.
                break;
            }
            next = match queue.try_recv() {
                Ok(Message::Run(operation)) => Some(operation),
                Ok(other) => {
                    *after = Some(other);
                    None
                }
                Err(_) => None,
            };
        }
        self.since_look += weight;
        if failed.is_none() {
            let finished = Desk::new(self.connection, &mut self.state).finish();
            failed = finished.err().map(|error| (super::chain(&error), Fault::of(&error)));
        }
        if let Some((text, fault)) = failed {
            // A rollback that fails leaves the transaction to be undone by the next start; nothing was answered.
            return Err(Failure { text, fault, nothing_kept: self.undone() });
        }
        #[expect(clippy::cast_precision_loss, reason = "at most a few thousand")]
        self.metrics.batch_rows.observe(weight as f64);
        self.state.pass_written();
        self.connection.execute_batch("COMMIT").map_err(|error| {
            // Only a full disk is known to have kept nothing; after any other failed commit the outcome is unknown.
            let full = Fault::of(&error) == Fault::Full;
            Failure::of(&error, self.undone() && full)
        })
    }

    /// Undoes the transaction, unless that has happened already; whether it is undone.
    fn undone(&self) -> bool {
        self.connection.is_autocommit() || self.connection.execute_batch("ROLLBACK").is_ok()
    }

    fn close(mut self) {
        // The next run does not know how the clock was set during this one.
        if let Err(error) = Desk::new(self.connection, &mut self.state).follow_clock() {
            tracing::warn!(%error, "retries were not moved along with the clock");
        }
        self.closed.store(true, Ordering::Release);
        self.state.note_stop(self.connection);
        if let Err(error) = self.connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)") {
            tracing::warn!(error = %super::chain(&error), "checkpoint at close failed");
        }
    }
}
