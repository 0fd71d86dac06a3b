//! Looks at a log before anything is done with it. Reads only: a file that is damaged, of somebody else's or too new is left
//! exactly as it was.

use super::{APPLICATION_ID, Paths, SCHEMA, io};
use crate::backup;
use crate::error::{Result, StoreError};
use rusqlite::{Connection, OpenFlags, OptionalExtension};
use std::fs::{self, File};
use std::io::{ErrorKind, Read as _};
use std::path::Path;

/// First bytes of every SQLite database.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// What lies in the place of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// No log yet.
    Nothing,
    /// A log that is whole.
    Log,
}

/// Looks at the log of a state directory.
pub fn examine(paths: &Paths) -> Result<Found> {
    let size = |path: &Path| match fs::metadata(path) {
        Ok(meta) => Ok(meta.len()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(0),
        Err(error) => Err(io("could not look at", path)(error)),
    };
    let damaged = |problem: String| StoreError::Damaged {
        path: paths.database.clone(),
        problem,
        dir: paths.dir.clone(),
        backup: backup::list(paths).into_iter().next().map(|newest| newest.path.into()),
    };
    if size(&paths.database)? == 0 {
        if size(&paths.wal)? > 0 {
            return Err(damaged("it is missing, but its write-ahead log is there".to_owned()));
        }
        return Ok(Found::Nothing);
    }
    match look(&paths.database) {
        Ok(()) => Ok(Found::Log),
        Err(Flaw::Damaged(problem)) => Err(damaged(problem)),
        Err(Flaw::Strange) => Err(StoreError::Strange { path: paths.database.clone() }),
        Err(Flaw::Newer(found)) => {
            Err(StoreError::NewerSchema { path: paths.database.clone(), found, known: SCHEMA })
        }
        Err(Flaw::Unread(error)) => Err(StoreError::Read(error)),
        Err(Flaw::Io(error)) => Err(io("could not read", &paths.database)(error)),
    }
}

/// What is wrong with a file that should be a log.
#[derive(Debug)]
pub enum Flaw {
    /// SQLite's words.
    Damaged(String),
    /// A database, but not of notifyd.
    Strange,
    /// Of a newer daemon.
    Newer(i64),
    /// SQLite could not read it.
    Unread(rusqlite::Error),
    /// The system could not read it.
    Io(std::io::Error),
}

impl From<rusqlite::Error> for Flaw {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::NotADatabase | rusqlite::ErrorCode::DatabaseCorrupt) => {
                Self::Damaged(error.to_string())
            }
            _ => Self::Unread(error),
        }
    }
}

/// Looks at one file: header, whose it is, schema, and SQLite's own check of every page and row.
pub fn look(database: &Path) -> std::result::Result<(), Flaw> {
    let mut first = [0; 16];
    match File::open(database).and_then(|mut file| file.read_exact(&mut first)) {
        Ok(()) if first == *MAGIC => {}
        Ok(()) => return Err(Flaw::Damaged("it does not begin as a database does".to_owned())),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
            return Err(Flaw::Damaged("it ends within its first page".to_owned()));
        }
        Err(error) => return Err(Flaw::Io(error)),
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(database, flags)?;
    // Closing must not move the write-ahead log into the file.
    connection.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -32000;")?;
    let number = |pragma: &str| connection.query_row(pragma, [], |row| row.get::<_, i64>(0));
    let ours = number("PRAGMA application_id")? == i64::from(APPLICATION_ID);
    if !ours && number(include_str!("../sql/is_log.sql"))? == 0 {
        return Err(Flaw::Strange);
    }
    let schema = number("PRAGMA user_version")?;
    if schema > SCHEMA {
        return Err(Flaw::Newer(schema));
    }
    let said: Option<String> =
        connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).optional()?;
    match said.as_deref() {
        Some("ok") => Ok(()),
        Some(problem) => Err(Flaw::Damaged(problem.lines().last().unwrap_or(problem).to_owned())),
        None => Err(Flaw::Damaged("the check gave no answer".to_owned())),
    }
}
