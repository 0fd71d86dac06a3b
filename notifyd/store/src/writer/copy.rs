//! Copies the log page by page between the commits. The copy is made on the connection that writes, so what is written
//! meanwhile goes into it as well, and no reader keeps the write-ahead log from being started over.

use super::Message;
use super::turn::Loop;
use crate::error::{Result, StoreError};
use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio::sync::{mpsc, oneshot};

/// Pages copied between two commits: 1 MiB, which takes about a millisecond.
const PAGES: i32 = 256;

/// How far a long piece of work has got, and whether anybody still wants it.
#[derive(Debug, Default)]
pub struct Progress {
    /// Steps done.
    pub done: AtomicU64,
    /// Steps in all, as known now.
    pub total: AtomicU64,
    /// Whether it is to be given up.
    pub cancelled: AtomicBool,
}

/// A copy that is wanted.
pub struct Copy {
    pub(super) to: PathBuf,
    pub(super) progress: Arc<Progress>,
    pub(super) answer: oneshot::Sender<Result<()>>,
}

impl Copy {
    /// Another copy is being made. The writer can go on.
    pub(super) fn refuse(self) -> bool {
        let _ = self.answer.send(Err(StoreError::Busy("another copy of the log is being made")));
        true
    }
}

impl Loop<'_> {
    /// Makes a copy, with a commit after every step when there is something to commit. Whether the writer can go on.
    pub(super) fn copy(&mut self, copy: Copy, queue: &mut mpsc::Receiver<Message>) -> bool {
        let Copy { to, progress, answer } = copy;
        let mut goes_on = true;
        self.copying = true;
        let done = (|| {
            let mut target = Connection::open(&to).map_err(StoreError::Write)?;
            // The copy counts only once it is whole and synced; until then a crash leaves a file that is thrown away.
            target
                .execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")
                .map_err(StoreError::Write)?;
            let backup = Backup::new(self.connection, &mut target).map_err(StoreError::Write)?;
            loop {
                let step = backup.step(PAGES).map_err(StoreError::Write)?;
                let at = backup.progress();
                let pages = |count: i32| u64::try_from(count).unwrap_or(0);
                progress.total.store(pages(at.pagecount), Ordering::Release);
                progress.done.store(pages(at.pagecount - at.remaining), Ordering::Release);
                if step == StepResult::Done {
                    return Ok(());
                }
                if progress.cancelled.load(Ordering::Acquire) || answer.is_closed() {
                    return Err(StoreError::Cancelled);
                }
                match queue.try_recv() {
                    Ok(message) => goes_on = self.turn(message, queue),
                    Err(mpsc::error::TryRecvError::Empty) => {}
                    Err(mpsc::error::TryRecvError::Disconnected) => return Err(StoreError::Closing),
                }
                if !goes_on {
                    return Err(StoreError::Closing);
                }
            }
        })();
        self.copying = false;
        let _ = answer.send(done);
        goes_on
    }
}
