//! Keeps the write-ahead log small. Only the writer checkpoints, so its size is bounded whoever reads.
//!
//! A checkpoint moves what no reader needs any more into the database; once all of it is there and nobody reads from the
//! write-ahead log, the next commit starts it over. Of the daemon's own readers none begins when that is due, and the last
//! of those that are at it says so; only when the file is about to grow past its bound does the writer wait for them, which
//! takes a second at most. Another program's may take longer: nothing more is taken then until it ends.

use super::Fault;
use super::turn::Loop;
use crate::latch::Cause;
use crate::readers;
use std::time::Duration;

/// Weight after which the size is looked at: rows of up to 4 KiB, so that the file grows by a few MiB meanwhile.
const LOOK_EVERY: usize = 2_000;

/// Pages (4 KiB) to be moved after which they are: 16 MiB.
const MOVE: i64 = 4_096;

/// Pages in the file after which it is started over as soon as nobody reads: 32 MiB.
const START_OVER: i64 = 8_192;

/// Pages in the file after which nothing is taken: 48 MiB. What is under way then still fits below the bound of 64 MiB.
const PIN: i64 = 12_288;

/// How long the writer waits for another program that reads.
const PATIENCE: Duration = Duration::from_millis(1_500);

/// How long `BEGIN` waits for another program that writes.
pub(super) const BUSY: Duration = Duration::from_secs(5);

/// What a checkpoint says.
struct Said {
    /// Whether somebody was in the way.
    busy: bool,
    /// Pages in the file.
    pages: i64,
    /// Of these, pages that are in the database already.
    moved: i64,
}

impl Loop<'_> {
    /// After a commit: looks at the size now and then. Whether the writer can go on.
    pub(super) fn look(&mut self) -> bool {
        if self.since_look < LOOK_EVERY && !self.shared.latch.has(Cause::Pinned) {
            return true;
        }
        self.since_look = 0;
        let said = self.checkpoint("NOOP");
        let done = said.and_then(|it| match it {
            it if it.pages >= START_OVER => self.start_over(),
            it if it.pages - it.moved >= MOVE => self.checkpoint("PASSIVE").map(drop),
            _ => {
                self.unpin();
                Ok(())
            }
        });
        self.told(done)
    }

    /// Makes it as small as it can be now. Whether the writer can go on.
    pub(super) fn tidy(&mut self) -> bool {
        let done = self.start_over();
        self.told(done)
    }

    fn start_over(&mut self) -> rusqlite::Result<()> {
        // The long part, while everybody reads.
        let pages = self.checkpoint("PASSIVE")?.pages;
        let turnstile = &self.shared.turnstile;
        turnstile.close();
        let pinned = self.shared.latch.has(Cause::Pinned);
        let wait = if pages >= PIN && !pinned { readers::LIMIT } else { Duration::ZERO };
        if !turnstile.is_empty_within(wait) && pages < PIN {
            // There is room to go on until the last of them says so.
            return Ok(());
        }
        // Whoever pins it has been waited for once.
        let patience = if pinned { Duration::ZERO } else { PATIENCE };
        self.connection.busy_timeout(patience)?;
        let said = self.checkpoint("TRUNCATE");
        self.shared.turnstile.open();
        self.connection.busy_timeout(BUSY)?;
        let said = said?;
        if !said.busy || said.pages < START_OVER {
            self.unpin();
        } else if said.pages >= PIN && self.shared.latch.set(Cause::Pinned) {
            let wal_mib = said.pages * 4 / 1_024;
            tracing::error!(
                event = "log_pinned",
                wal_mib,
                reason = Cause::Pinned.reason(),
                "nothing is taken or sent until that program ends its transaction"
            );
        }
        Ok(())
    }

    fn unpin(&self) {
        if self.shared.latch.clear(Cause::Pinned) {
            tracing::warn!(
                event = "log_unpinned",
                "the write-ahead log is small again; notifications are taken again"
            );
            self.shared.bell.ring([], true);
        }
    }

    fn checkpoint(&self, mode: &str) -> rusqlite::Result<Said> {
        let mut pragma = self.connection.prepare_cached(&format!("PRAGMA wal_checkpoint({mode})"))?;
        pragma.query_row([], |row| {
            Ok(Said { busy: row.get::<_, i64>(0)? != 0, pages: row.get(1)?, moved: row.get(2)? })
        })
    }

    /// A full disk is waited out, as what could not be moved stays in the write-ahead log. A disk that failed is not: what
    /// is in the database is unknown then.
    fn told(&mut self, done: rusqlite::Result<()>) -> bool {
        let Err(error) = done else { return true };
        let text = format!("checkpoint: {}", super::chain(&error));
        match Fault::of(&error) {
            Fault::Full | Fault::Other => {
                tracing::warn!(error = %text, "checkpoint failed");
                true
            }
            fault => {
                tracing::error!(error = %text, "checkpoint failed");
                self.die(text, fault == Fault::Damaged)
            }
        }
    }
}
