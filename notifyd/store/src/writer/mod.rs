//! The one thread that writes.
//!
//! Operations queue up in a bounded channel. The thread takes what is there, runs it in one transaction, commits with
//! `synchronous=FULL` and only then answers everybody. There is no timer: whatever queues up while one commit runs goes
//! into the next, so batches grow with the load and a lone write waits for nobody.
//!
//! Crash story: before the commit nothing was answered, so nothing is lost that anybody was promised. A disk that is full
//! undoes the batch, every waiter hears that nothing was kept, and the latch holds off what would only fail again. Any
//! other failure of the disk leaves unknown what is on it: it is said so and the daemon stops, because only the next start,
//! which reads what is really there, can tell. After a failed fsync the kernel may have thrown the pages away, so trying
//! again would prove nothing.

mod copy;
mod turn;
mod wal;

pub use copy::{Copy, Progress};

use crate::desk::{Desk, Shared, Work};
use crate::disk::Nudge;
use crate::error::{Result, StoreError};
use crate::latch::{Cause, Latch};
use crate::metrics::Metrics;
use crate::open::io;
use rusqlite::Connection;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::{mpsc, oneshot, watch};

/// Operations that may wait. At 1,000 rows a commit this is several commits' worth; more would only hide an overload.
pub const QUEUE: usize = 4_096;

type Answer = Box<dyn FnOnce(std::result::Result<(), &Failure>) + Send>;

/// What an operation is for decides what the latch does to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Takes something new: refused for every cause.
    New,
    /// Goes on with what was taken: refused when there is no room to record how it ends.
    Work,
    /// Records what has happened, or what an operator wants: never refused.
    Outcome,
}

impl Kind {
    /// Why it is refused now, if it is.
    fn refused(self, latch: &Latch) -> Option<Cause> {
        let cause = latch.cause()?;
        match self {
            Self::New => Some(cause),
            Self::Work if !cause.delivers() => Some(cause),
            Self::Work | Self::Outcome => None,
        }
    }
}

struct Operation {
    /// What it adds to a transaction, in rows of up to 4 KiB.
    weight: usize,
    /// Whether it may fail alone: it then runs inside a savepoint.
    alone: bool,
    run: Work<Answer>,
}

enum Message {
    Run(Operation),
    /// A copy of the log is wanted.
    Copy(Copy),
    /// The write-ahead log should be made small.
    Tidy,
}

/// What kind of failure it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The disk is full: nothing was kept.
    Full,
    /// The disk failed.
    Io,
    /// The file is damaged.
    Damaged,
    /// Anything else.
    Other,
}

impl Fault {
    /// By SQLite's own code.
    pub fn of(error: &rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::SystemIoFailure) if no_room_to_share(error) => Self::Full,
            Some(ErrorCode::SystemIoFailure) => Self::Io,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged,
            _ => Self::Other,
        }
    }
}

/// The index of the write-ahead log could not grow, which SQLite calls an I/O error.
fn no_room_to_share(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error().map(|error| error.extended_code);
    matches!(code, Some(rusqlite::ffi::SQLITE_IOERR_SHMSIZE | rusqlite::ffi::SQLITE_IOERR_SHMMAP))
}

/// Why a batch was not committed.
#[derive(Debug, Clone)]
struct Failure {
    text: String,
    fault: Fault,
    /// Whether it is certain that nothing was kept.
    nothing_kept: bool,
}

impl Failure {
    fn of(error: &rusqlite::Error, nothing_kept: bool) -> Self {
        Self { text: chain(error), fault: Fault::of(error), nothing_kept }
    }

    fn error(&self) -> StoreError {
        match (self.fault, self.nothing_kept) {
            (Fault::Full, true) => StoreError::Latched(Cause::DiskFull),
            (_, true) => StoreError::Commit(format!("{}; nothing was kept", self.text)),
            (_, false) => StoreError::Commit(format!("{}; the outcome is unknown", self.text)),
        }
    }

    /// Whether only a restart mends it.
    fn is_fatal(&self) -> bool {
        !self.nothing_kept || matches!(self.fault, Fault::Io | Fault::Damaged)
    }
}

/// Why the thread has ended, though nobody asked for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fatal {
    /// What failed.
    pub text: String,
    /// Whether the file itself is damaged.
    pub damaged: bool,
}

/// The way to the writer thread.
#[derive(Clone)]
pub struct Writer {
    messages: mpsc::Sender<Message>,
    fatal: watch::Receiver<Option<Fatal>>,
    shared: Arc<Shared>,
    /// Whether the thread has ended in good order.
    closed: Arc<AtomicBool>,
}

impl Writer {
    /// Starts the thread on its own connection.
    pub fn start(
        connection: Connection,
        state: crate::desk::State,
        metrics: Metrics,
        nudge: Nudge,
        shared: Arc<Shared>,
    ) -> Result<(Self, std::thread::JoinHandle<()>)> {
        let (messages, queue) = mpsc::channel(QUEUE);
        let (fatal_sender, fatal) = watch::channel(None);
        let closed = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&closed);
        let latched = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || {
                turn::Loop::new(&connection, state, metrics, fatal_sender, ended, latched, nudge).run(queue);
            })
            .map_err(io("start the thread of", Path::new("the writer")))?;
        Ok((Self { messages, fatal, shared, closed }, thread))
    }

    /// Takes something new: runs `work` in the next transaction and answers after its commit. `weight` is in rows of up to
    /// 4 KiB. Never waits for room. An error fails the whole batch, so it is for work that fails only when the log does.
    pub async fn take<T: Send + 'static>(
        &self,
        weight: usize,
        work: impl FnOnce(&mut Desk<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (operation, answer) = self.operation(Kind::New, weight, false, work)?;
        self.messages.try_send(operation).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StoreError::Overloaded,
            mpsc::error::TrySendError::Closed(_) => StoreError::Closing,
        })?;
        answer.await.unwrap_or(Err(StoreError::Closing))
    }

    /// The same for the daemon's own work, which must not be dropped: waits for room.
    pub async fn run<T: Send + 'static>(
        &self,
        kind: Kind,
        weight: usize,
        work: impl FnOnce(&mut Desk<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (operation, answer) = self.operation(kind, weight, false, work)?;
        self.messages.send(operation).await.map_err(|_| StoreError::Closing)?;
        answer.await.unwrap_or(Err(StoreError::Closing))
    }

    /// The same inside a savepoint: an error undoes this work alone.
    pub async fn run_alone<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Desk<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (operation, answer) = self.operation(Kind::Outcome, 1, true, work)?;
        self.messages.send(operation).await.map_err(|_| StoreError::Closing)?;
        answer.await.unwrap_or(Err(StoreError::Closing))
    }

    /// The same for a batch of work.
    pub async fn step<T: Send + 'static>(
        &self,
        kind: Kind,
        weight: usize,
        work: impl FnOnce(&mut Desk<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (operation, answer) = self.operation(kind, weight, true, work)?;
        self.messages.send(operation).await.map_err(|_| StoreError::Closing)?;
        answer.await.unwrap_or(Err(StoreError::Closing))
    }

    /// Copies the log as it is at the end of the copy, while everything else goes on.
    pub async fn copy(&self, to: &Path, progress: Arc<Progress>) -> Result<()> {
        let (answer, done) = oneshot::channel();
        let copy = Copy { to: to.to_owned(), progress, answer };
        self.messages.send(Message::Copy(copy)).await.map_err(|_| StoreError::Closing)?;
        done.await.unwrap_or(Err(StoreError::Closing))
    }

    /// Has the write-ahead log made small soon. Never waits.
    pub fn tidy(&self) {
        // A full queue is looked after by its own commits.
        let _ = self.messages.try_send(Message::Tidy);
    }

    /// The same for somebody who must not keep the thread from ending.
    pub fn tidier(&self) -> impl Fn() + Send + Sync + 'static {
        let messages = self.messages.downgrade();
        move || {
            if let Some(messages) = messages.upgrade() {
                let _ = messages.try_send(Message::Tidy);
            }
        }
    }

    /// Whether commits work.
    pub fn alive(&self) -> bool {
        !self.messages.is_closed()
    }

    /// Answers when a commit failed in a way that only a restart mends, with the reason.
    pub async fn fatal(&self) -> Fatal {
        let mut fatal = self.fatal.clone();
        loop {
            if let Some(reason) = fatal.borrow_and_update().clone() {
                return reason;
            }
            if fatal.changed().await.is_err() {
                if !self.closed.load(Ordering::Acquire) {
                    let text = "the thread that writes has ended unexpectedly".to_owned();
                    return Fatal { text, damaged: false };
                }
                // It has ended in good order: there will be no failure.
                std::future::pending::<()>().await;
            }
        }
    }

    fn operation<T: Send + 'static>(
        &self,
        kind: Kind,
        weight: usize,
        alone: bool,
        work: impl FnOnce(&mut Desk<'_>) -> Result<T> + Send + 'static,
    ) -> Result<(Message, oneshot::Receiver<Result<T>>)> {
        if let Some(cause) = kind.refused(&self.shared.latch) {
            return Err(StoreError::Latched(cause));
        }
        let (sender, receiver) = oneshot::channel();
        let run = Box::new(move |desk: &mut Desk<'_>| {
            // What waited in the queue while the disk filled up is not written either.
            let result = match kind.refused(desk.latch()) {
                Some(cause) => Err(StoreError::Latched(cause)),
                None => work(desk),
            };
            let fault = match &result {
                Ok(_) | Err(StoreError::Latched(_)) => None,
                Err(StoreError::Write(error) | StoreError::Read(error)) => Some(Fault::of(error)),
                Err(_) => Some(Fault::Other),
            };
            let answer: Answer = Box::new(move |committed| {
                // Nobody waiting any more is fine: the work is done all the same.
                let _ = sender.send(match (committed, result) {
                    (Err(failure), Err(StoreError::Write(_)) | Ok(_)) => Err(failure.error()),
                    (_, Err(error)) => Err(error),
                    (Ok(()), Ok(value)) => Ok(value),
                });
            });
            (fault, answer)
        });
        Ok((Message::Run(Operation { weight, alone, run }), receiver))
    }
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
