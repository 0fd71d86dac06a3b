//! The one thread that writes.
//!
//! Operations queue up in a bounded channel. The thread takes what is there, runs it in one transaction, commits with
//! `synchronous=FULL` and only then answers everybody. There is no timer: whatever queues up while one commit runs goes
//! into the next, so batches grow with the load and a lone write waits for nobody.
//!
//! Crash story: before the commit nothing was answered, so nothing is lost that anybody was promised. An error inside a
//! batch rolls all of it back and every waiter hears that nothing was kept; an error of the commit itself leaves the
//! outcome unknown, is said so, and stops the daemon.

use crate::desk::{Desk, Work};
use crate::error::{Result, StoreError};
use crate::metrics::Metrics;
use rusqlite::Connection;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::{mpsc, oneshot, watch};

/// Rows one transaction takes at most before it commits (promises, "what those measurements showed": around 1,000).
pub const MAX_BATCH_ROWS: usize = 1_000;

/// Operations that may wait. At 1,000 rows a commit this is several commits' worth; more would only hide an overload.
pub const QUEUE: usize = 4_096;

/// Pages in the write-ahead log after which the writer checkpoints: 16 MiB of 4 KiB pages.
const CHECKPOINT_PAGES: i64 = 4_096;

/// Commits between two looks at the size of the write-ahead log. A commit of 1,000 rows writes a few hundred pages, so
/// the log overshoots by a few MiB at most.
const LOOK_EVERY: u32 = 16;

type Answer = Box<dyn FnOnce(std::result::Result<(), &Failure>) + Send>;

struct Operation {
    rows: usize,
    /// Whether it may fail alone: it then runs inside a savepoint.
    alone: bool,
    run: Work<Answer>,
}

/// Why a batch was not committed.
#[derive(Debug, Clone)]
struct Failure {
    text: String,
    /// Whether it is certain that nothing was kept.
    nothing_kept: bool,
}

impl Failure {
    fn error(&self) -> StoreError {
        let kept = if self.nothing_kept { "nothing was kept" } else { "the outcome is unknown" };
        StoreError::Commit(format!("{}; {kept}", self.text))
    }
}

/// The way to the writer thread.
#[derive(Clone)]
pub struct Writer {
    operations: mpsc::Sender<Operation>,
    fatal: watch::Receiver<Option<String>>,
    writable: Arc<AtomicBool>,
    /// Whether the thread has ended in good order.
    closed: Arc<AtomicBool>,
}

impl Writer {
    /// Starts the thread on its own connection.
    pub fn start(
        connection: Connection,
        state: crate::desk::State,
        metrics: Metrics,
    ) -> Result<(Self, std::thread::JoinHandle<()>)> {
        let (operations, queue) = mpsc::channel(QUEUE);
        let (fatal_sender, fatal) = watch::channel(None);
        let writable = Arc::new(AtomicBool::new(true));
        let closed = Arc::new(AtomicBool::new(false));
        let loop_ = Loop {
            connection,
            state,
            metrics,
            fatal: fatal_sender,
            writable: Arc::clone(&writable),
            closed: Arc::clone(&closed),
            since_look: 0,
        };
        let thread =
            std::thread::Builder::new().name("store-writer".into()).spawn(move || loop_.run(queue)).map_err(
                |source| StoreError::Io { act: "start the thread of", path: "the writer".into(), source },
            )?;
        Ok((Self { operations, fatal, writable, closed }, thread))
    }

    /// Runs `work` in the next transaction and answers after its commit. An error fails the whole batch, so it is for
    /// work that fails only when the log itself does. Never waits for room.
    pub async fn try_run<T: Send + 'static>(
        &self,
        rows: usize,
        work: impl FnOnce(&mut Desk<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (operation, answer) = operation(rows, false, work);
        self.operations.try_send(operation).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StoreError::Overloaded,
            mpsc::error::TrySendError::Closed(_) => StoreError::Closing,
        })?;
        answer.await.unwrap_or(Err(StoreError::Closing))
    }

    /// The same, but waits for room: for the daemon's own work, which must not be dropped.
    pub async fn run<T: Send + 'static>(
        &self,
        rows: usize,
        work: impl FnOnce(&mut Desk<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (operation, answer) = operation(rows, false, work);
        self.operations.send(operation).await.map_err(|_| StoreError::Closing)?;
        answer.await.unwrap_or(Err(StoreError::Closing))
    }

    /// The same inside a savepoint: an error undoes this work alone.
    pub async fn run_alone<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Desk<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (operation, answer) = operation(1, true, work);
        self.operations.send(operation).await.map_err(|_| StoreError::Closing)?;
        answer.await.unwrap_or(Err(StoreError::Closing))
    }

    /// Whether commits work.
    pub fn writable(&self) -> bool {
        self.writable.load(Ordering::Acquire) && !self.operations.is_closed()
    }

    /// Answers when a commit failed in a way that only a restart mends, with the reason.
    pub async fn fatal(&self) -> String {
        let mut fatal = self.fatal.clone();
        loop {
            if let Some(reason) = fatal.borrow_and_update().clone() {
                return reason;
            }
            if fatal.changed().await.is_err() {
                if !self.closed.load(Ordering::Acquire) {
                    return "the thread that writes has ended unexpectedly".to_owned();
                }
                // It has ended in good order: there will be no failure.
                std::future::pending::<()>().await;
            }
        }
    }
}

fn operation<T: Send + 'static>(
    rows: usize,
    alone: bool,
    work: impl FnOnce(&mut Desk<'_>) -> Result<T> + Send + 'static,
) -> (Operation, oneshot::Receiver<Result<T>>) {
    let (sender, receiver) = oneshot::channel();
    let run = Box::new(move |desk: &mut Desk<'_>| {
        let result = work(desk);
        let failed = result.is_err();
        let answer: Answer = Box::new(move |committed| {
            // Nobody waiting any more is fine: the work is done all the same.
            let _ = sender.send(match (committed, result) {
                (_, Err(error)) => Err(error),
                (Err(failure), Ok(_)) => Err(failure.error()),
                (Ok(()), Ok(value)) => Ok(value),
            });
        });
        (failed, answer)
    });
    (Operation { rows, alone, run }, receiver)
}

struct Loop {
    connection: Connection,
    state: crate::desk::State,
    metrics: Metrics,
    fatal: watch::Sender<Option<String>>,
    writable: Arc<AtomicBool>,
    closed: Arc<AtomicBool>,
    since_look: u32,
}

impl Loop {
    fn run(mut self, mut queue: mpsc::Receiver<Operation>) {
        let mut answers = Vec::new();
        while let Some(first) = queue.blocking_recv() {
            let timer = self.metrics.commit_seconds.start_timer();
            let committed = self.batch(first, &mut queue, &mut answers);
            timer.observe_duration();
            // Snapshots are replaced before anybody is answered, so that whoever was answered sees its own change.
            match &committed {
                Ok(()) => {
                    let (events, accepted) = self.state.told();
                    self.metrics.count(events, accepted);
                    self.state.publish();
                }
                Err(_) => self.state.forget(),
            }
            for answer in answers.drain(..) {
                answer(committed.as_ref().copied());
            }
            if let Err(failure) = committed {
                tracing::error!(error = %failure.text, "commit failed");
                if !failure.nothing_kept {
                    self.writable.store(false, Ordering::Release);
                    self.fatal.send_replace(Some(failure.text));
                    return;
                }
            }
            self.checkpoint();
        }
        self.close();
    }

    fn batch(
        &mut self,
        first: Operation,
        queue: &mut mpsc::Receiver<Operation>,
        answers: &mut Vec<Answer>,
    ) -> std::result::Result<(), Failure> {
        let nothing = |error: rusqlite::Error| Failure { text: chain(&error), nothing_kept: true };
        if let Err(error) = self.connection.execute_batch("BEGIN IMMEDIATE") {
            let failure = nothing(error);
            answers.push((first.run)(&mut Desk::refusing(&self.connection, &mut self.state)).1);
            return Err(failure);
        }
        let mut rows = 0;
        let mut next = Some(first);
        let mut failed = None;
        while let Some(operation) = next {
            rows += operation.rows.max(1);
            let mut desk = Desk::new(&self.connection, &mut self.state);
            let (error, answer) =
                if operation.alone { desk.alone(operation.run) } else { (operation.run)(&mut desk) };
            answers.push(answer);
            if self.connection.is_autocommit() {
                // A full disk undoes the whole transaction by itself; what came after would be committed piecemeal.
                return Err(Failure { text: "the transaction was undone".to_owned(), nothing_kept: true });
            }
            if error && !operation.alone {
                failed = Some("an operation of the batch failed".to_owned());
                break;
            }
            next = if rows < MAX_BATCH_ROWS { queue.try_recv().ok() } else { None };
        }
        if failed.is_none() {
            failed = Desk::new(&self.connection, &mut self.state).finish().err().map(|error| chain(&error));
        }
        if let Some(text) = failed {
            // A rollback that fails leaves the transaction to be undone by the next start; nothing was answered.
            return Err(Failure { text, nothing_kept: self.undone() });
        }
        #[expect(clippy::cast_precision_loss, reason = "at most a few thousand")]
        self.metrics.batch_rows.observe(rows as f64);
        self.connection
            .execute_batch("COMMIT")
            .map_err(|error| Failure { text: chain(&error), nothing_kept: self.undone() && is_full(&error) })
    }

    /// Undoes the transaction, unless that has happened already; whether it is undone.
    fn undone(&self) -> bool {
        self.connection.is_autocommit() || self.connection.execute_batch("ROLLBACK").is_ok()
    }

    /// Moves the write-ahead log into the database when it has grown. Only this thread does, so that its size is bounded
    /// whoever reads.
    fn checkpoint(&mut self) {
        self.since_look += 1;
        if self.since_look < LOOK_EVERY {
            return;
        }
        self.since_look = 0;
        let frames = self
            .connection
            .prepare_cached("PRAGMA wal_checkpoint(NOOP)")
            .and_then(|mut look| look.query_row([], |row| Ok(row.get::<_, i64>(1)? - row.get::<_, i64>(2)?)));
        let done = match frames {
            Ok(frames) if frames < CHECKPOINT_PAGES => return,
            Ok(_) => self.connection.execute_batch("PRAGMA wal_checkpoint(PASSIVE)"),
            Err(error) => Err(error),
        };
        if let Err(error) = done {
            tracing::warn!(error = %chain(&error), "checkpoint failed");
        }
    }

    fn close(mut self) {
        self.closed.store(true, Ordering::Release);
        // The next run does not know how the clock was set during this one.
        if let Err(error) = Desk::new(&self.connection, &mut self.state).follow_clock() {
            tracing::warn!(%error, "retries were not moved along with the clock");
        }
        self.state.note_stop(&self.connection);
        if let Err(error) = self.connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)") {
            tracing::warn!(error = %chain(&error), "checkpoint at close failed");
        }
    }
}

/// Only a full disk is known to have kept nothing; after any other failed commit the outcome is unknown.
fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull)
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
