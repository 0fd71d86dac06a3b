//! The connections that read.

use crate::desk::Shared;
use crate::error::{Result, StoreError};
use crate::{faults, open};
use r2d2_sqlite::SqliteConnectionManager;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// Longest a question may take (promises, R16).
pub(crate) const LIMIT: Duration = Duration::from_secs(1);

/// Steps of SQLite's machine between two looks at the clock: some ten microseconds.
const LOOK_AT_CLOCK: i32 = 1_000;

/// How long a read waits for a free connection.
const PATIENCE: Duration = Duration::from_secs(5);

/// A pool of them.
pub struct Readers {
    pool: r2d2::Pool<SqliteConnectionManager>,
    shared: Arc<Shared>,
}

impl Readers {
    /// Up to `count` connections, 1 to 64, to a log that is open already.
    pub fn open(database: &Path, count: u32, shared: Arc<Shared>) -> Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let manager = SqliteConnectionManager::file(database).with_flags(flags).with_init(|connection| {
            connection.set_prepared_statement_cache_capacity(64);
            open::keep_plans(connection)?;
            faults::register(connection)?;
            connection.execute_batch(
                "PRAGMA query_only = ON; PRAGMA busy_timeout = 1000; PRAGMA cache_size = -4000; PRAGMA temp_store = MEMORY;",
            )
        });
        let pool = r2d2::Pool::builder()
            .max_size(count.clamp(1, 64))
            .min_idle(Some(1))
            .test_on_check_out(false)
            .connection_timeout(PATIENCE)
            .build(manager);
        Ok(Self { pool: pool.map_err(StoreError::Pool)?, shared })
    }

    /// A read that is known to be short.
    pub async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let pool = self.pool.clone();
        let done = tokio::task::spawn_blocking(move || query(&*pool.get().map_err(StoreError::Pool)?));
        done.await.unwrap_or(Err(StoreError::Closing))
    }

    /// A read of unknown length: it ends after a second, so that no question holds up the write-ahead log or a reader for
    /// long, and when nobody waits for it any more. It begins when the write-ahead log is not being started over.
    pub async fn ask<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.ask_for(LIMIT, query).await
    }

    async fn ask_for<T: Send + 'static>(
        &self,
        limit: Duration,
        query: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (pool, shared) = (self.pool.clone(), Arc::clone(&self.shared));
        let waits = Waits::default();
        let gone = Arc::clone(&waits.0);
        let done = tokio::task::spawn_blocking(move || {
            // Once without a connection, so that who has to wait leaves them to others.
            drop(shared.turnstile.enter(LIMIT));
            let connection = pool.get().map_err(StoreError::Pool)?;
            let _inside = shared.turnstile.enter(LIMIT);
            within(limit, gone, &connection, query)
        });
        done.await.unwrap_or(Err(StoreError::Closing))
    }
}

/// Somebody who waits for an answer; set when that is over.
#[derive(Default)]
struct Waits(Arc<AtomicBool>);

impl Drop for Waits {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn within<T>(
    limit: Duration,
    gone: Arc<AtomicBool>,
    connection: &Connection,
    query: impl FnOnce(&Connection) -> Result<T>,
) -> Result<T> {
    let until = Instant::now() + limit;
    let over = move || gone.load(Ordering::Relaxed) || Instant::now() >= until;
    connection.progress_handler(LOOK_AT_CLOCK, Some(over)).map_err(StoreError::Read)?;
    let answer = query(connection);
    connection.progress_handler(0, None::<fn() -> bool>).map_err(StoreError::Read)?;
    match answer {
        Err(StoreError::Read(error))
            if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) =>
        {
            Err(StoreError::Slow)
        }
        answer => answer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENDLESS: &str =
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";

    /// One connection to a log of nothing.
    fn one(dir: &Path) -> Readers {
        let path = dir.join("any.db");
        std::fs::write(&path, "").unwrap();
        Readers::open(&path, 1, Arc::default()).unwrap()
    }

    fn first(connection: &Connection, sql: &str) -> Result<i64> {
        connection.query_row(sql, [], |row| row.get(0)).map_err(StoreError::Read)
    }

    #[tokio::test]
    async fn a_question_that_takes_too_long_ends_and_the_next_is_answered() {
        let dir = tempfile::tempdir().unwrap();
        let readers = one(dir.path());
        let ask = |sql: &'static str| readers.ask(move |connection| first(connection, sql));
        assert!(matches!(ask(ENDLESS).await, Err(StoreError::Slow)));
        assert_eq!(ask("SELECT 1").await.unwrap(), 1);
    }

    #[tokio::test]
    async fn a_question_whose_answer_nobody_waits_for_ends() {
        let dir = tempfile::tempdir().unwrap();
        let readers = one(dir.path());
        let (began, begins) = tokio::sync::oneshot::channel();
        let year = Duration::from_hours(365 * 24);
        let asked = readers.ask_for(year, move |connection| {
            began.send(()).unwrap();
            first(connection, ENDLESS)
        });
        tokio::select! {
            answer = asked => panic!("it has an answer: {answer:?}"),
            begun = begins => begun.unwrap(),
        }
        // The only connection is free again.
        assert_eq!(readers.ask(|connection| first(connection, "SELECT 1")).await.unwrap(), 1);
    }
}
