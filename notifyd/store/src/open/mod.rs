//! Opens the log: lock, library, owner and modes, what is in the file, pragmas, schema, run. Nothing is changed before the
//! file was found whole, ours, and of a schema this daemon knows.

pub mod examine;
mod indexes;
mod migrate;
mod owner;

pub use indexes::{indexes, next_seq};
pub use migrate::SCHEMA;
pub use owner::{last_run, lock, note_run};

use crate::error::{Result, StoreError};
use crate::faults;
use examine::Found;
use notify_proto::Timestamp;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The oldest SQLite without the WAL-reset race (promises, R2), as its numeric version.
const OLDEST_SQLITE: i32 = 3_051_003;

/// Marks a database as a log of notifyd: `ntfd` in ASCII, which `file` and SQLite's own tools show.
pub const APPLICATION_ID: i32 = 0x6e74_6664;

/// Where things are in a state directory.
#[derive(Debug, Clone)]
pub struct Paths {
    /// The directory, mode 0700.
    pub dir: PathBuf,
    /// The database.
    pub database: PathBuf,
    /// Its write-ahead log.
    pub wal: PathBuf,
    /// The index of that, which SQLite shares between processes.
    pub index: PathBuf,
    /// The lock of the one daemon that may use it; holds the number of its last run.
    pub lock: PathBuf,
    /// Room kept for outcomes on a full disk.
    pub reserve: PathBuf,
    /// Backups.
    pub backups: PathBuf,
}

impl Paths {
    /// The fixed names inside `dir`.
    pub fn new(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
            database: dir.join("notifyd.db"),
            wal: dir.join("notifyd.db-wal"),
            index: dir.join("notifyd.db-shm"),
            lock: dir.join("notifyd.lock"),
            reserve: dir.join("reserve"),
            backups: dir.join("backups"),
        }
    }
}

/// What a step with a file failed with.
pub fn io(act: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> StoreError {
    let path = path.to_owned();
    move |source| StoreError::Io { act, path, source }
}

/// Opens the one connection that writes, with the schema in place.
pub fn writer(paths: &Paths, now: Timestamp) -> Result<Connection> {
    safe_library(rusqlite::version_number())?;
    owner::check(paths)?;
    let found = examine::examine(paths)?;
    // Created by us first, so that nobody else can read it, not even for a moment.
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(&paths.database)
        .map_err(io("could not open", &paths.database))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(&paths.database, flags).map_err(StoreError::Read)?;
    connection.set_prepared_statement_cache_capacity(128);
    keep_plans(&connection).map_err(StoreError::Read)?;
    faults::register(&connection).map_err(StoreError::Read)?;
    configure(&connection, matches!(found, Found::Nothing))?;
    migrate::migrate(&mut connection, paths, now)?;
    Ok(connection)
}

/// Refuses a library that can lose a committed transaction.
fn safe_library(version: i32) -> Result<()> {
    if version < OLDEST_SQLITE {
        return Err(StoreError::Unsafe(format!(
            "SQLite {}.{}.{} is older than 3.51.3, which can lose a transaction when the write-ahead log starts over",
            version / 1_000_000,
            version / 1_000 % 1_000,
            version % 1_000
        )));
    }
    Ok(())
}

/// Has prepared statements keep their plans. By default SQLite plans a statement anew, with each use, when the value of a
/// `LIMIT` or of a comparison is a parameter; none of ours gains by that, and the parsing costs more than the reading.
pub fn keep_plans(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(drop)
}

fn configure(connection: &Connection, new: bool) -> Result<()> {
    if new {
        // Both are laid down with the first page: that freed pages can be given back in small steps, and whose file it is.
        // The first of them writes that page, after which the vacuum cannot be chosen any more.
        let first = format!("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA application_id = {APPLICATION_ID};");
        connection.execute_batch(&first).map_err(StoreError::Write)?;
    }
    let pragmas = "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                   PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -16000; \
                   PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF;";
    connection.execute_batch(pragmas).map_err(StoreError::Write)?;
    let journal: String =
        connection.query_row("PRAGMA journal_mode", [], |row| row.get(0)).map_err(StoreError::Read)?;
    let synchronous: i64 =
        connection.query_row("PRAGMA synchronous", [], |row| row.get(0)).map_err(StoreError::Read)?;
    safe_pragmas(&journal, synchronous)
}

/// Refuses a file system, or a library, that does not keep what was acknowledged.
fn safe_pragmas(journal: &str, synchronous: i64) -> Result<()> {
    if journal != "wal" || synchronous != 2 {
        return Err(StoreError::Unsafe(format!(
            "journal_mode is {journal} and synchronous is {synchronous}; acknowledged notifications need WAL and FULL (2)"
        )));
    }
    Ok(())
}

/// Starts a new run of the daemon.
pub fn begin_run(connection: &Connection, now: Timestamp) -> Result<i64> {
    connection
        .prepare_cached(include_str!("../sql/run_add.sql"))
        .and_then(|mut insert| insert.insert([now.timestamp_millis()]))
        .map_err(StoreError::Write)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_planned_once() {
        let connection = Connection::open_in_memory().unwrap();
        keep_plans(&connection).unwrap();
        connection
            .execute_batch("CREATE TABLE rows (no INTEGER PRIMARY KEY); INSERT INTO rows VALUES (1), (2);")
            .unwrap();
        let mut query = connection.prepare("SELECT no FROM rows WHERE no > ?1 ORDER BY no LIMIT ?2").unwrap();
        for limit in 1..4 {
            query.query_row((0, limit), |row| row.get::<_, i64>(0)).unwrap();
        }
        assert_eq!(query.get_status(rusqlite::StatementStatus::RePrepare), 0);
    }

    #[test]
    fn an_older_library_and_weaker_pragmas_are_refused() {
        assert!(safe_library(rusqlite::version_number()).is_ok());
        let refused = safe_library(3_051_002).unwrap_err().to_string();
        assert!(refused.contains("SQLite 3.51.2 is older than 3.51.3"), "{refused}");
        assert!(safe_pragmas("wal", 2).is_ok());
        for (journal, synchronous) in [("delete", 2), ("memory", 2), ("off", 2), ("wal", 1), ("wal", 0)] {
            let refused = safe_pragmas(journal, synchronous).unwrap_err().to_string();
            assert!(refused.contains(&format!("journal_mode is {journal} and synchronous is {synchronous}")));
        }
    }
}
