//! What can go wrong in the log.

use crate::api::Belongings;
use crate::latch::Cause;
use notify_proto::upkeep::grouped;
use std::path::{Path, PathBuf};

/// A failure of the store. `Display` speaks for its own layer; the cause is in `source()`.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The queue of uncommitted writes is full: back-pressure, nothing was written.
    #[error("the log is busy: too many writes are waiting")]
    Overloaded,
    /// Nothing new is taken, and this was not: nothing was written.
    #[error("nothing new is taken: {0}")]
    Latched(Cause),
    /// A read took longer than it may: nothing came of it.
    #[error("the question takes the log longer than it may")]
    Slow,
    /// Work of this kind is under way.
    #[error("{0}")]
    Busy(&'static str),
    /// It was given up because somebody asked for that.
    #[error("it was cancelled")]
    Cancelled,
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
    /// It was removed while somebody was in who had come in as this service.
    #[error("the service was removed")]
    ServiceGone,
    /// A service cannot be removed while something of it is under way.
    #[error("service {service} has {} notifications that have not come to their end", many(*count))]
    Unfinished {
        /// Its name.
        service: String,
        /// How many, up to one more than are counted.
        count: u64,
    },
    /// There are as many as there may be.
    #[error("there are {most} {kind} already, which is the most there may be")]
    TooMany {
        /// Of what, in the plural.
        kind: &'static str,
        /// How many there may be.
        most: usize,
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
    /// The file is damaged; it was left as it is.
    #[error("{path} is damaged: {problem}; nothing was changed; {}", way_back(dir, backup.as_deref()))]
    Damaged {
        /// The database.
        path: PathBuf,
        /// What SQLite says.
        problem: String,
        /// The state directory.
        dir: PathBuf,
        /// The newest backup there is.
        backup: Option<PathBuf>,
    },
    /// The file is a database of another program; it was left as it is.
    #[error(
        "{path} is a database, but not a log of notifyd; move it away, or name another directory with --state-dir"
    )]
    Strange {
        /// The database.
        path: PathBuf,
    },
    /// A file or directory belongs to another user.
    #[error(
        "{path} belongs to uid {owner}, but notifyd runs as uid {me}; run it as that user, or chown the state directory"
    )]
    Foreign {
        /// Which.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who runs.
        me: u32,
    },
    /// The log was written with another master key.
    #[error(
        "the master key is not the one {path} was written with; put that one back, or name it in NOTIFYD_MASTER_KEY_FILE"
    )]
    WrongKey {
        /// The database.
        path: PathBuf,
    },
    /// A copy of the log would fill the disk.
    #[error("{path} has {free_mib} MiB free; a copy and the floor take {needed_mib} MiB")]
    NoRoom {
        /// Where the copy was to be.
        path: PathBuf,
        /// Free there.
        free_mib: u64,
        /// Needed there.
        needed_mib: u64,
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

/// A count of what is unfinished, which ends somewhere.
fn many(count: u64) -> String {
    let most = Belongings::MANY_UNFINISHED;
    if count > most { format!("more than {}", grouped(most)) } else { grouped(count) }
}

/// What to do about a damaged log.
fn way_back(dir: &Path, backup: Option<&Path>) -> String {
    let restore = format!("notifyd --state-dir {} --restore", dir.display());
    match backup {
        Some(backup) => format!("restore the newest backup with: {restore} {}", backup.display()),
        None => format!(
            "there is no backup in {}; restore one from elsewhere with: {restore} FILE",
            dir.join("backups").display()
        ),
    }
}

/// The result of every verb.
pub type Result<T> = std::result::Result<T, StoreError>;
