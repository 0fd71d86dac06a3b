//! Copies of the log that can be put in its place.
//!
//! A backup is one file, whole and synced before it gets its name. It is marked as a copy: the daemon that opens it knows
//! that it does not know what happened since, and holds whatever had not come to its end.

use crate::error::{Result, StoreError};
use crate::open::examine::{Flaw, look};
use crate::open::{Paths, io};
use notify_proto::Timestamp;
use notify_proto::upkeep::BackupView;
use notifyd_lifecycle::FailPoint;
use rusqlite::Connection;
use rusqlite::backup::Backup;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Ends the name of a backup that is not whole yet; a daemon that died while making one leaves it.
const PARTIAL: &str = "partial";

/// A backup being made: the file without its name.
pub struct Target {
    /// What the pages are written to.
    pub partial: PathBuf,
    name: PathBuf,
}

impl Target {
    /// Makes an empty file of mode 0600. A name that is taken is refused.
    pub fn new(name: &Path) -> Result<Self> {
        if name.symlink_metadata().is_ok() {
            return Err(StoreError::Exists { kind: "file", name: name.display().to_string() });
        }
        let mut partial = name.to_owned().into_os_string();
        partial.push(".");
        partial.push(PARTIAL);
        let partial = PathBuf::from(partial);
        let _ = fs::remove_file(&partial);
        OpenOptions::new()
            .create_new(true)
            .write(true)
            .mode(0o600)
            .open(&partial)
            .map_err(io("could not create", &partial))?;
        Ok(Self { partial, name: name.to_owned() })
    }

    /// Marks the copy, checks it, syncs it and gives it its name. Bytes of it.
    pub fn finish(&self, now: Timestamp) -> Result<u64> {
        mark(&self.partial, now).map_err(StoreError::Write)?;
        look(&self.partial).map_err(|flaw| self.spoilt(flaw))?;
        let file = File::open(&self.partial).map_err(io("could not open", &self.partial))?;
        file.sync_all().map_err(io("could not sync", &self.partial))?;
        let bytes = file.metadata().map_err(io("could not look at", &self.partial))?.len();
        FailPoint::BackupWritten.reached();
        fs::rename(&self.partial, &self.name).map_err(io("could not rename to", &self.name))?;
        sync_directory(&self.name)?;
        Ok(bytes)
    }

    fn spoilt(&self, flaw: Flaw) -> StoreError {
        let problem = match flaw {
            Flaw::Damaged(problem) => problem,
            Flaw::Unread(error) => return StoreError::Read(error),
            Flaw::Io(error) => return io("could not read", &self.partial)(error),
            Flaw::Strange | Flaw::Newer(_) => "it does not look like a log".to_owned(),
        };
        StoreError::Corrupt(format!("the copy is damaged, so the log may be, too: {problem}"))
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        // Gone already when it got its name.
        let _ = fs::remove_file(&self.partial);
    }
}

/// The usual name: `notifyd-20260131T235959Z.db` in the directory of backups, which is made, with a number when there is
/// one of that second.
pub fn usual_name(paths: &Paths, now: Timestamp) -> Result<PathBuf> {
    if !paths.backups.is_dir() {
        DirBuilder::new()
            .mode(0o700)
            .create(&paths.backups)
            .map_err(io("could not create", &paths.backups))?;
    }
    let stem = format!("notifyd-{}", now.format("%Y%m%dT%H%M%SZ"));
    let names = (1..).map(|number| match number {
        1 => paths.backups.join(format!("{stem}.db")),
        more => paths.backups.join(format!("{stem}-{more}.db")),
    });
    Ok(names.into_iter().find(|name| !name.exists()).unwrap_or_default())
}

/// A copy of a log that nobody else uses yet, made before its schema is changed.
pub fn before_migration(source: &Connection, paths: &Paths, now: Timestamp) -> Result<PathBuf> {
    let usual = usual_name(paths, now)?;
    let target = Target::new(&usual)?;
    let copied = Connection::open(&target.partial).and_then(|mut copy| {
        copy.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")?;
        Backup::new(source, &mut copy)?.run_to_completion(i32::MAX, Duration::ZERO, None)
    });
    copied.map_err(StoreError::Write)?;
    target.finish(now)?;
    Ok(usual)
}

/// Says in the copy that it is one. A copy of a schema that has no place for that says so by its name only.
fn mark(copy: &Path, now: Timestamp) -> rusqlite::Result<()> {
    let connection = Connection::open(copy)?;
    // One file: without this, opening the copy would make a write-ahead log beside it.
    connection.execute_batch("PRAGMA journal_mode = DELETE;")?;
    let marks: bool = connection.query_row(include_str!("sql/has_marks.sql"), [], |row| row.get(0))?;
    if marks {
        connection.execute(include_str!("sql/mark_set.sql"), ("backup_at", now.timestamp_millis()))?;
    }
    Ok(())
}

/// A name is on disk only when its directory is.
fn sync_directory(path: &Path) -> Result<()> {
    let directory = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(directory).and_then(|it| it.sync_all()).map_err(io("could not sync", directory))
}

/// The backups in the usual place, newest first; those of one moment by name, as their names sort by time.
pub fn list(paths: &Paths) -> Vec<BackupView> {
    let entries = fs::read_dir(&paths.backups).into_iter().flatten().flatten();
    let mut found: Vec<_> = entries
        .filter(|entry| entry.path().extension().is_some_and(|extension| extension == "db"))
        .filter_map(|entry| {
            let meta = entry.metadata().ok()?;
            let made_at = meta.modified().ok().map(Timestamp::from);
            Some(BackupView { path: entry.path().display().to_string(), bytes: meta.len(), made_at })
        })
        .collect();
    found.sort_by(|a, b| b.made_at.cmp(&a.made_at).then_with(|| b.path.cmp(&a.path)));
    found
}

/// Removes what daemons left that died while making a backup.
pub fn tidy(paths: &Paths) {
    let entries = fs::read_dir(&paths.backups).into_iter().flatten().flatten();
    for path in
        entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|it| it == PARTIAL))
    {
        let _ = fs::remove_file(path);
    }
}

/// Puts a backup in the place of the log. What was there is kept beside it, in a directory of its own, which is answered
/// when there was something. The caller holds the lock of the directory.
pub fn restore(paths: &Paths, from: &Path, now: Timestamp) -> Result<Option<PathBuf>> {
    look(from).map_err(|flaw| match flaw {
        Flaw::Damaged(problem) => {
            StoreError::Corrupt(format!("{} is damaged, too: {problem}", from.display()))
        }
        Flaw::Strange => StoreError::Strange { path: from.to_owned() },
        Flaw::Newer(found) => {
            StoreError::NewerSchema { path: from.to_owned(), found, known: crate::open::SCHEMA }
        }
        Flaw::Unread(error) => StoreError::Read(error),
        Flaw::Io(error) => io("could not read", from)(error),
    })?;
    let copy = paths.database.with_extension("db.restored");
    let _ = fs::remove_file(&copy);
    let mut target = OpenOptions::new()
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(&copy)
        .map_err(io("could not create", &copy))?;
    let mut source = File::open(from).map_err(io("could not open", from))?;
    std::io::copy(&mut source, &mut target).map_err(io("could not copy to", &copy))?;
    drop(target);
    mark(&copy, now).map_err(StoreError::Write)?;
    File::open(&copy).and_then(|file| file.sync_all()).map_err(io("could not sync", &copy))?;
    FailPoint::RestoreCopied.reached();
    let kept = put_aside(paths, now)?;
    fs::rename(&copy, &paths.database).map_err(io("could not rename to", &paths.database))?;
    sync_directory(&paths.database)?;
    Ok(kept)
}

/// Moves the log that was there away: first what belongs to it, so that a crash in between never leaves a log without its
/// write-ahead log in place.
fn put_aside(paths: &Paths, now: Timestamp) -> Result<Option<PathBuf>> {
    let there: Vec<_> = [&paths.database, &paths.wal, &paths.index]
        .into_iter()
        .filter(|path| path.exists())
        .cloned()
        .collect();
    if there.is_empty() {
        return Ok(None);
    }
    let aside = paths.dir.join(format!("replaced-{}", now.format("%Y%m%dT%H%M%S%3fZ")));
    DirBuilder::new().mode(0o700).create(&aside).map_err(io("could not create", &aside))?;
    for path in there {
        let Some(name) = path.file_name() else { continue };
        fs::rename(&path, aside.join(name)).map_err(io("could not move away", &path))?;
    }
    sync_directory(&aside.join("any"))?;
    Ok(Some(aside))
}
