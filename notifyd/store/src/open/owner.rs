//! Whose the state directory is: one daemon's at a time, and nobody else may read it.

use super::{Paths, io};
use crate::error::{Result, StoreError};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// Makes the directory if it is missing and takes its lock; the lock lasts as long as the file is held.
pub fn lock(paths: &Paths) -> Result<File> {
    if !paths.dir.is_dir() {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&paths.dir)
            .map_err(io("could not create the state directory", &paths.dir))?;
    }
    closed_to_others(&paths.dir, 0o700)?;
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
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

/// The files of the log are ours and closed to others.
pub fn check(paths: &Paths) -> Result<()> {
    for path in [&paths.database, &paths.wal, &paths.reserve, &paths.lock] {
        if path.exists() {
            closed_to_others(path, 0o600)?;
        }
    }
    Ok(())
}

/// What belongs to another user is refused; what is open to others is closed.
fn closed_to_others(path: &Path, mode: u32) -> Result<()> {
    let meta = fs::metadata(path).map_err(io("could not look at", path))?;
    let me = rustix::process::geteuid().as_raw();
    if meta.uid() != me {
        return Err(StoreError::Foreign { path: path.to_owned(), owner: meta.uid(), me });
    }
    if meta.mode() & 0o077 != 0 {
        tracing::warn!(path = %path.display(), mode = format_args!("{:o}", meta.mode() & 0o777), "was open to others; closed");
        fs::set_permissions(path, fs::Permissions::from_mode(mode))
            .map_err(io("could not close to others", path))?;
    }
    Ok(())
}

/// The number of the last run that used this directory; 0 when none is noted.
pub fn last_run(lock: &mut File) -> i64 {
    let mut text = String::new();
    let read = lock.rewind().and_then(|()| lock.read_to_string(&mut text));
    read.ok().and_then(|_| text.trim().parse().ok()).unwrap_or(0)
}

/// Notes the number of this run.
pub fn note_run(lock: &mut File, run: i64) -> std::io::Result<()> {
    lock.rewind()?;
    lock.set_len(0)?;
    writeln!(lock, "{run}")?;
    lock.sync_all()
}
