//! The connections that read.

use crate::error::{Result, StoreError};
use crate::{faults, open};
use r2d2_sqlite::SqliteConnectionManager;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::path::Path;
use std::time::Duration;
use tokio::time::Instant;

/// Longest a question may take (promises, R16).
const LIMIT: Duration = Duration::from_secs(1);

/// Steps of SQLite's machine between two looks at the clock: some ten microseconds.
const LOOK_AT_CLOCK: i32 = 1_000;

/// How long a read waits for a free connection.
const PATIENCE: Duration = Duration::from_secs(5);

/// A pool of them.
pub struct Readers(r2d2::Pool<SqliteConnectionManager>);

impl Readers {
    /// Up to `count` connections, 1 to 64, to a log that is open already.
    pub fn open(database: &Path, count: u32) -> Result<Self> {
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
        pool.map(Self).map_err(StoreError::Pool)
    }

    /// A read that is known to be short.
    pub async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let pool = self.0.clone();
        let done = tokio::task::spawn_blocking(move || query(&*pool.get().map_err(StoreError::Pool)?));
        done.await.unwrap_or(Err(StoreError::Closing))
    }

    /// A read of unknown length: it ends after a second, so that no question holds up the write-ahead log or a reader for
    /// long.
    pub async fn ask<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.read(move |connection| {
            let until = Instant::now() + LIMIT;
            let late = move || Instant::now() >= until;
            connection.progress_handler(LOOK_AT_CLOCK, Some(late)).map_err(StoreError::Read)?;
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
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_question_that_takes_too_long_ends_and_the_next_is_answered() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("any.db");
        std::fs::write(&path, "").unwrap();
        let readers = Readers::open(&path, 1).unwrap();
        let endless =
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
        let ask = |sql: &'static str| {
            readers.ask(move |connection| {
                connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map_err(StoreError::Read)
            })
        };
        assert!(matches!(ask(endless).await, Err(StoreError::Slow)));
        assert_eq!(ask("SELECT 1").await.unwrap(), 1);
    }
}
