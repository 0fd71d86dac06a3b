//! What an operator does to the log as a whole: look at it, copy it, check it, make it smaller.
//!
//! Everything here that takes long goes in small steps between the commits of the daemon and says how far it has got.

use crate::api::Store as _;
use crate::backup::{self, Target};
use crate::desk::Desk;
use crate::directory::Directory;
use crate::disk;
use crate::error::{Result, StoreError};
use crate::sqlite::SqliteStore;
use crate::sweep::{self, Retention};
use crate::writer::Kind;
pub use crate::writer::Progress;
use async_trait::async_trait;
use notify_proto::upkeep::{BackupView, StorageView};
use notify_proto::{Status, Timestamp};
use rusqlite::{Connection, OptionalExtension as _};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Pages given back to the disk by one commit: 1 MiB, a few milliseconds.
const PAGES_A_STEP: usize = 256;

/// What gives them back.
const STEP: &str = "PRAGMA incremental_vacuum(256)";

/// Notifications read by one look at what could be removed: some ten milliseconds, so that no look holds up the
/// write-ahead log.
const ROWS_A_LOOK: i64 = 20_000;

/// Problems a check names at most.
const MAX_PROBLEMS: usize = 10;

/// Which final notifications to remove.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prune {
    /// Those that came to their end before this.
    pub before: Timestamp,
    /// And have one of these statuses; final ones only.
    pub statuses: Vec<Status>,
}

impl Prune {
    /// The retention that removes just these.
    fn retention(&self, now: Timestamp) -> Retention {
        let keep = |status| {
            let age = (now - self.before).to_std().unwrap_or_default();
            if self.statuses.contains(&status) { age } else { Duration::MAX }
        };
        Retention {
            delivered: keep(Status::Delivered),
            failed: keep(Status::Failed),
            cancelled: keep(Status::Cancelled),
        }
    }
}

/// The upkeep of a log.
#[async_trait]
pub trait Upkeep: Send + Sync + 'static {
    /// How large it is, and what it lies on.
    async fn storage(&self) -> Result<StorageView>;

    /// Copies it to a file that must not exist; without a name, to the usual one. A relative name is taken from the
    /// directory of backups.
    async fn backup(&self, to: Option<PathBuf>, progress: Arc<Progress>) -> Result<BackupView>;

    /// Looks through the log as it lies there, indexes aside, for as long as a question may take; the problems found. A log
    /// that is too large for that is [`StoreError::Slow`].
    async fn quick_check(&self) -> Result<Vec<String>>;

    /// Checks every page, row and index of a copy made for it. The problems found, none when it is whole.
    async fn check(&self, progress: Arc<Progress>) -> Result<Vec<String>>;

    /// Gives the pages that nothing uses back to the disk. How many bytes.
    async fn compact(&self, progress: Arc<Progress>) -> Result<u64>;

    /// How many [`Upkeep::prune`] would remove, by status.
    async fn prunable(&self, prune: Prune) -> Result<BTreeMap<String, u64>>;

    /// Removes final notifications. How many.
    async fn prune(&self, prune: Prune, progress: Arc<Progress>) -> Result<u64>;
}

#[async_trait]
impl Upkeep for SqliteStore {
    async fn storage(&self) -> Result<StorageView> {
        let (paths, shared) = (self.paths().clone(), self.shared());
        let (refusing, counts) = (self.latched(), self.counts());
        self.ask(move |connection, _| {
            let number = |sql: &str| {
                connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map_err(StoreError::Read)
            };
            let unused = number("PRAGMA freelist_count")? * number("PRAGMA page_size")?;
            let size = |path: &Path| fs::metadata(path).map_or(0, |meta| meta.len());
            let moment = |sql: &str| {
                // A log without notifications has neither.
                let at: Option<i64> =
                    connection.query_row(sql, [], |row| row.get(0)).optional().map_err(StoreError::Read)?;
                Ok::<_, StoreError>(at.and_then(Timestamp::from_timestamp_millis))
            };
            Ok(StorageView {
                path: paths.database.display().to_string(),
                schema: u32::try_from(number("PRAGMA user_version")?).unwrap_or_default(),
                sqlite_version: rusqlite::version().to_owned(),
                database_bytes: size(&paths.database),
                unused_bytes: u64::try_from(unused).unwrap_or_default(),
                wal_bytes: size(&paths.wal),
                reserve_bytes: shared.disk.reserve(),
                disk_free_bytes: disk::free(&paths.dir).unwrap_or_else(|| shared.disk.free()),
                disk_floor_bytes: shared.disk.floor(),
                refusing: refusing.map(|cause| cause.reason().to_owned()),
                by_status: Status::ALL.iter().map(ToString::to_string).zip(counts.0).collect(),
                oldest_at: moment(include_str!("sql/oldest_at.sql"))?,
                newest_at: moment(include_str!("sql/newest_at.sql"))?,
                backups: backup::list(&paths),
            })
        })
        .await
    }

    async fn backup(&self, to: Option<PathBuf>, progress: Arc<Progress>) -> Result<BackupView> {
        let now = self.now();
        let usual = backup::usual_name(self.paths(), now)?;
        let name = to.map_or(usual, |name| self.paths().backups.join(name));
        self.room_for_copy(&name)?;
        let target = Target::new(&name)?;
        self.writer()?.copy(&target.partial, progress).await?;
        let bytes = blocking(move || target.finish(now)).await?;
        tracing::info!(event = "backup", path = %name.display(), bytes, "backup made");
        Ok(BackupView { path: name.display().to_string(), bytes, made_at: Some(now) })
    }

    async fn quick_check(&self) -> Result<Vec<String>> {
        self.ask(|connection, _| problems(connection, "quick_check").map_err(StoreError::Read)).await
    }

    async fn check(&self, progress: Arc<Progress>) -> Result<Vec<String>> {
        let usual = backup::usual_name(self.paths(), self.now())?;
        let name = usual.with_extension("check");
        self.room_for_copy(&name)?;
        let target = Target::new(&name)?;
        self.writer()?.copy(&target.partial, progress).await?;
        let problems = blocking(move || {
            let found = Connection::open(&target.partial).and_then(|copy| problems(&copy, "integrity_check"));
            Ok(found.unwrap_or_else(|error| vec![error.to_string()]))
        })
        .await?;
        if !problems.is_empty() {
            tracing::error!(
                event = "log_damaged",
                problem = problems[0],
                problems = problems.len(),
                "the log is damaged"
            );
        }
        Ok(problems)
    }

    async fn compact(&self, progress: Arc<Progress>) -> Result<u64> {
        let unused = self
            .read(|connection, _| {
                connection
                    .query_row("PRAGMA freelist_count", [], |row| row.get::<_, i64>(0))
                    .map_err(StoreError::Read)
            })
            .await?;
        let unused = usize::try_from(unused).unwrap_or_default();
        progress.total.store(unused as u64, Ordering::Release);
        let mut done = 0;
        while done < unused {
            if progress.cancelled.load(Ordering::Acquire) {
                return Err(StoreError::Cancelled);
            }
            let work = |desk: &mut Desk<'_>| {
                let mut vacuum = desk.prepare(STEP)?;
                let mut rows = vacuum.query([]).map_err(StoreError::Write)?;
                while rows.next().map_err(StoreError::Write)?.is_some() {}
                Ok(())
            };
            self.writer()?.run(Kind::Outcome, PAGES_A_STEP, work).await?;
            done += PAGES_A_STEP;
            progress.done.store(done.min(unused) as u64, Ordering::Release);
        }
        let before = self.bytes_of_database();
        self.writer()?.tidy();
        // The next commit comes after the checkpoint.
        self.writer()?.run(Kind::Outcome, 1, |_| Ok(())).await?;
        Ok(before.saturating_sub(self.bytes_of_database()))
    }

    async fn prunable(&self, prune: Prune) -> Result<BTreeMap<String, u64>> {
        let now = self.now();
        let limits = sweep::Limits::of(&prune.retention(now), now);
        let mut counts: BTreeMap<String, u64> =
            prune.statuses.iter().map(|status| (status.to_string(), 0)).collect();
        let mut from = Some(0);
        while let Some(cursor) = from {
            let look = move |connection: &Connection, _: &Directory| {
                let mut query = connection.prepare_cached(sweep::LOOK).map_err(StoreError::Read)?;
                sweep::look(&mut query, &limits, cursor, ROWS_A_LOOK).map_err(StoreError::Read)
            };
            let looked = self.read(look).await?;
            for (_, status) in looked.old {
                *counts.entry(status.to_string()).or_default() += 1;
            }
            from = looked.next;
        }
        Ok(counts)
    }

    async fn prune(&self, prune: Prune, progress: Arc<Progress>) -> Result<u64> {
        let now = self.now();
        let retention = prune.retention(now);
        let (mut removed, mut cursor) = (0, 0);
        progress.total.store(self.prunable(prune).await?.values().sum(), Ordering::Release);
        loop {
            if progress.cancelled.load(Ordering::Acquire) {
                return Err(StoreError::Cancelled);
            }
            let work = move |desk: &mut Desk<'_>| sweep::sweep(desk, &retention, now, cursor);
            let (swept, next) = self.writer()?.run_alone(work).await?;
            removed += swept.notifications as u64;
            progress.done.store(removed, Ordering::Release);
            cursor = next;
            if cursor == 0 {
                return Ok(removed);
            }
        }
    }
}

impl SqliteStore {
    /// A copy must not be what fills the disk.
    fn room_for_copy(&self, name: &Path) -> Result<()> {
        let directory = name.parent().unwrap_or(Path::new("."));
        let needed = self.bytes_of_database() + self.shared().disk.floor();
        match disk::free(directory) {
            Some(free) if free < needed => Err(StoreError::NoRoom {
                path: directory.to_owned(),
                free_mib: free >> 20,
                needed_mib: needed.div_ceil(1 << 20),
            }),
            _ => Ok(()),
        }
    }

    fn bytes_of_database(&self) -> u64 {
        fs::metadata(&self.paths().database).map_or(0, |meta| meta.len())
    }
}

/// What a check of SQLite finds wrong.
fn problems(connection: &Connection, check: &str) -> rusqlite::Result<Vec<String>> {
    let mut check = connection.prepare(&format!("PRAGMA {check}({MAX_PROBLEMS})"))?;
    let lines = check.query_map([], |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(if lines == ["ok"] { Vec::new() } else { lines })
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(StoreError::Closing))
}
