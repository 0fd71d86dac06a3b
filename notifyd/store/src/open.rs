//! Opens the log: lock, library, pragmas, schema, run.

use crate::accept::{DEDUP, IDEMPOTENCY, IDEMPOTENCY_MS, idempotency_fingerprint};
use crate::error::{Result, StoreError};
use crate::key_index::KeyIndex;
use notify_proto::Timestamp;
use rusqlite::{Connection, OpenFlags};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The schema this daemon knows.
pub const SCHEMA: i64 = 1;

/// The oldest SQLite without the WAL-reset race (promises, R2), as its numeric version.
const OLDEST_SQLITE: i32 = 3_051_003;

/// Where things are in a state directory.
#[derive(Debug, Clone)]
pub struct Paths {
    /// The directory, mode 0700.
    pub dir: PathBuf,
    /// The database.
    pub database: PathBuf,
    /// The lock of the one daemon that may use it.
    pub lock: PathBuf,
    /// Backups.
    pub backups: PathBuf,
}

impl Paths {
    /// The fixed names inside `dir`.
    pub fn new(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
            database: dir.join("notifyd.db"),
            lock: dir.join("notifyd.lock"),
            backups: dir.join("backups"),
        }
    }
}

fn io(act: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> StoreError {
    let path = path.to_owned();
    move |source| StoreError::Io { act, path, source }
}

/// Makes the directory if it is missing and takes its lock; the lock lasts as long as the file is held.
pub fn lock(paths: &Paths) -> Result<File> {
    if !paths.dir.is_dir() {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&paths.dir)
            .map_err(io("could not create the state directory", &paths.dir))?;
    }
    let mode = fs::metadata(&paths.dir).map_err(io("could not look at", &paths.dir))?.permissions().mode();
    if mode & 0o077 != 0 {
        fs::set_permissions(&paths.dir, fs::Permissions::from_mode(0o700))
            .map_err(io("could not close to others", &paths.dir))?;
    }
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(&paths.lock)
        .map_err(io("could not open", &paths.lock))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Locked(paths.dir.clone())),
        Err(TryLockError::Error(source)) => Err(io("could not lock", &paths.lock)(source)),
    }
}

/// Opens the one connection that writes, with the schema in place.
pub fn writer(paths: &Paths) -> Result<Connection> {
    if rusqlite::version_number() < OLDEST_SQLITE {
        return Err(StoreError::Unsafe(format!(
            "SQLite {} is older than 3.51.3, which can lose a transaction when the write-ahead log starts over",
            rusqlite::version()
        )));
    }
    // Created by us first, so that nobody else can read it, not even for a moment.
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(&paths.database)
        .map_err(io("could not open", &paths.database))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection =
        Connection::open_with_flags(&paths.database, flags).map_err(|error| damaged(paths, error))?;
    connection.set_prepared_statement_cache_capacity(128);
    configure(&connection, paths)?;
    migrate(&connection, paths)?;
    Ok(connection)
}

fn configure(connection: &Connection, paths: &Paths) -> Result<()> {
    let pragmas = "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                   PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -16000; \
                   PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF;";
    connection.execute_batch(pragmas).map_err(|error| damaged(paths, error))?;
    let read = |pragma: &str| connection.query_row(pragma, [], |row| row.get::<_, String>(0));
    let journal = read("PRAGMA journal_mode").map_err(|error| damaged(paths, error))?;
    let synchronous: i64 = connection
        .query_row("PRAGMA synchronous", [], |row| row.get(0))
        .map_err(|error| damaged(paths, error))?;
    if journal != "wal" || synchronous != 2 {
        return Err(StoreError::Unsafe(format!(
            "journal_mode is {journal} and synchronous is {synchronous}; acknowledged notifications need WAL and FULL (2)"
        )));
    }
    Ok(())
}

fn migrate(connection: &Connection, paths: &Paths) -> Result<()> {
    let found: i64 = connection
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .map_err(|error| damaged(paths, error))?;
    if found > SCHEMA {
        return Err(StoreError::NewerSchema { path: paths.database.clone(), found, known: SCHEMA });
    }
    if found < 1 {
        let script = format!(
            "BEGIN IMMEDIATE; {} PRAGMA user_version = 1; COMMIT;",
            include_str!("../migrations/0001_log.sql")
        );
        connection.execute_batch(&script).map_err(StoreError::Write)?;
    }
    Ok(())
}

fn damaged(paths: &Paths, error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase | rusqlite::ErrorCode::DatabaseCorrupt) => {
            StoreError::Damaged {
                path: paths.database.clone(),
                problem: error.to_string(),
                backups: paths.backups.clone(),
            }
        }
        _ => StoreError::Read(error),
    }
}

/// Starts a new run of the daemon.
pub fn begin_run(connection: &Connection, now: Timestamp) -> Result<i64> {
    connection
        .prepare_cached(include_str!("sql/run_add.sql"))
        .and_then(|mut insert| insert.insert([now.timestamp_millis()]))
        .map_err(StoreError::Write)
}

/// The next number of a notification, above every one that was ever remembered.
pub fn next_seq(connection: &Connection) -> Result<i64> {
    connection.query_row(include_str!("sql/next_seq.sql"), [], |row| row.get(0)).map_err(StoreError::Read)
}

/// Refills both indexes.
pub fn indexes(connection: &Connection, now: Timestamp) -> Result<(KeyIndex, KeyIndex)> {
    let any =
        |sql: &str| connection.query_row(sql, [], |row| row.get::<_, bool>(0)).map_err(StoreError::Read);
    let since = now.timestamp_millis() - IDEMPOTENCY_MS;
    let mut dedup = KeyIndex::new(DEDUP, any(include_str!("sql/dedup_spilled.sql"))?);
    let mut query = connection.prepare(include_str!("sql/dedup_restore.sql")).map_err(StoreError::Read)?;
    let mut rows = query.query([since]).map_err(StoreError::Read)?;
    while let Some(row) = rows.next().map_err(StoreError::Read)? {
        let entries = row.get_ref(0).map_err(StoreError::Read)?;
        dedup.restore_log(entries.as_blob().map_err(|error| StoreError::Corrupt(error.to_string()))?);
    }
    let mut idempotency = KeyIndex::new(IDEMPOTENCY, any(include_str!("sql/idempotency_spilled.sql"))?);
    let mut query =
        connection.prepare(include_str!("sql/idempotency_restore.sql")).map_err(StoreError::Read)?;
    let mut rows = query.query([since]).map_err(StoreError::Read)?;
    while let Some(row) = rows.next().map_err(StoreError::Read)? {
        let read = || -> rusqlite::Result<(i64, i64, String)> { Ok((row.get(0)?, row.get(1)?, row.get(2)?)) };
        let (no, service, key) = read().map_err(StoreError::Read)?;
        idempotency.restore(idempotency_fingerprint(service, &key), no);
    }
    Ok((dedup, idempotency))
}
