//! What can go wrong in the log.

use std::path::PathBuf;

/// A failure of the store. `Display` speaks for its own layer; the cause is in `source()`.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The queue of uncommitted writes is full: back-pressure, nothing was written.
    #[error("the log is busy: too many writes are waiting")]
    Overloaded,
    /// The daemon is stopping: nothing was written.
    #[error("the log is closing")]
    Closing,
    /// The transaction was not committed, or nobody knows whether it was. Repeating with the same idempotency key is
    /// safe.
    #[error("the log could not commit: {0}")]
    Commit(String),
    /// A query failed.
    #[error("the log could not be read")]
    Read(#[source] rusqlite::Error),
    /// A write failed before the commit; nothing of it was kept.
    #[error("the log could not be written")]
    Write(#[source] rusqlite::Error),
    /// No reader became free in time.
    #[error("no reader of the log became free")]
    Pool(#[source] r2d2::Error),
    /// A name is taken.
    #[error("{kind} {name} exists already")]
    Exists {
        /// `service` or `provider`.
        kind: &'static str,
        /// The name.
        name: String,
    },
    /// No such service, key or provider.
    #[error("there is no {kind} {name}")]
    NotFound {
        /// What kind.
        kind: &'static str,
        /// What was asked for.
        name: String,
    },
    /// A stored value cannot be understood.
    #[error("the log holds a value that cannot be read: {0}")]
    Corrupt(String),
    /// Another daemon uses the state directory.
    #[error("another notifyd uses {0}")]
    Locked(PathBuf),
    /// The schema is newer than this daemon.
    #[error("{path} has schema {found}, this notifyd knows {known}; start the newer notifyd that wrote it")]
    NewerSchema {
        /// The database.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// The newest this daemon knows.
        known: i64,
    },
    /// The file is damaged.
    #[error("{path} is damaged: {problem}; restore a backup from {}", backups.display())]
    Damaged {
        /// The database.
        path: PathBuf,
        /// What SQLite says.
        problem: String,
        /// Where backups are.
        backups: PathBuf,
    },
    /// The log was written with another master key.
    #[error(
        "the master key is not the one {path} was written with; put that one back, or name it in NOTIFYD_MASTER_KEY_FILE"
    )]
    WrongKey {
        /// The database.
        path: PathBuf,
    },
    /// The library or the file is not as safe as promised.
    #[error("the log cannot be opened safely: {0}")]
    Unsafe(String),
    /// A file or directory could not be made or opened.
    #[error("{act} {path}")]
    Io {
        /// What was tried.
        act: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// A secret could not be sealed or opened.
    #[error("{0}")]
    Seal(String),
}

/// The result of every verb.
pub type Result<T> = std::result::Result<T, StoreError>;
