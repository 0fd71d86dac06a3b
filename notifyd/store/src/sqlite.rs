//! The embedded log: one writer thread, pooled readers.

mod store;

use crate::cursor::Cursors;
use crate::desk::{Shared, State};
use crate::directory::Directory;
use crate::door::Door;
use crate::error::{Result, StoreError};
use crate::metrics::Metrics;
use crate::open::{self, Paths};
use crate::readers::Readers;
use crate::seal::Seal;
use crate::sweep::Retention;
use crate::writer::{Fatal, Writer};
use crate::{backup, directory_rows, disk, list, operations, restored, webhooks};
use notify_proto::Timestamp;
use notifyd_lifecycle::key::Pepper;
use notifyd_lifecycle::{Clock, Entropy, Secret};
use prometheus::Registry;
use rusqlite::Connection;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use tokio::sync::watch;

/// How to open the log.
pub struct Options {
    /// The state directory; made with mode 0700 when it is missing.
    pub dir: PathBuf,
    /// How long final notifications are kept.
    pub retention: Retention,
    /// Connections that read, 1 to 64.
    pub readers: u32,
    /// Seals secrets and keys the hashes of API keys.
    pub master: Secret<[u8; 32]>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Gives randomness.
    pub entropy: Arc<dyn Entropy>,
    /// How much room there must be on its disk.
    pub room: disk::Room,
}

/// The right to use a state directory; it ends when this is dropped.
pub struct Lock(File);

/// Makes a state directory if it is missing and takes the right to use it.
pub fn lock(dir: &Path) -> Result<Lock> {
    open::lock(&Paths::new(dir)).map(Lock)
}

/// Puts a backup in the place of the log of a state directory that no daemon uses. Answers where the log that was there is
/// kept now, if there was one.
pub fn restore(dir: &Path, from: &Path, clock: &dyn Clock) -> Result<Option<PathBuf>> {
    let paths = Paths::new(dir);
    let _lock = open::lock(&paths)?;
    backup::restore(&paths, from, clock.now())
}

/// The embedded log.
pub struct SqliteStore {
    paths: Paths,
    retention: Mutex<Retention>,
    writer: Mutex<Option<Writer>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    readers: Readers,
    shared: Arc<Shared>,
    door: Door,
    seal: Arc<Seal>,
    cursors: Cursors,
    entropy: Arc<dyn Entropy>,
    clock: Arc<dyn Clock>,
    run: i64,
    sweep_cursor: Arc<AtomicI64>,
    /// Counts beginnings and ends of operations.
    operations: watch::Sender<u64>,
    /// Held as long as the store lives.
    _lock: Lock,
}

impl SqliteStore {
    /// Opens the log in a state directory, making both if they are missing.
    pub fn open(options: Options, registry: &Registry) -> Result<Self> {
        let lock = lock(&options.dir)?;
        Self::open_locked(options, lock, registry)
    }

    /// The same with the lock that [`lock`] took.
    pub fn open_locked(options: Options, mut lock: Lock, registry: &Registry) -> Result<Self> {
        let paths = Paths::new(&options.dir);
        let now = options.clock.now();
        let mut connection = open::writer(&paths, now)?;
        backup::tidy(&paths);
        let seal = Arc::new(Seal::new(&options.master));
        seal.check(&connection, &paths.database, &*options.entropy)?;
        let held = restored::hold(&mut connection, open::last_run(&mut lock.0), now)?;
        if let Some(held) = held {
            tracing::warn!(
                event = "log_restored",
                held,
                "the log is a restored copy: nothing in it is sent again until an operator says so"
            );
        }
        operations::lost(&connection, false, now).map_err(StoreError::Write)?;
        let run = open::begin_run(&connection, now)?;
        open::note_run(&mut lock.0, run).map_err(open::io("could not write", &paths.lock))?;
        let next_seq = open::next_seq(&connection)?;
        let (dedup, idempotency) = open::indexes(&connection, now)?;
        let shared = Arc::new(Shared::default());
        let door = Door::new(
            Pepper::derive(&options.master),
            Arc::clone(&options.clock),
            Arc::clone(&options.entropy),
            Arc::clone(&shared),
        );
        let directory = directory_rows::read(&connection).map_err(StoreError::Read)?;
        *shared.directory.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(directory);
        shared.endpoints.store(Arc::new(webhooks::read(&connection)?));
        for (webhook, status, count) in webhooks::count(&connection)? {
            shared.told.begin(webhook, status, count);
        }
        for (count, stored) in shared.counts.iter().zip(list::counts(&connection)?) {
            count.store(stored, Ordering::Release);
        }
        let metrics = Metrics::register(registry).map_err(|error| StoreError::Unsafe(error.to_string()))?;
        let state =
            State::new(Arc::clone(&shared), Arc::clone(&options.clock), run, next_seq, dedup, idempotency);
        let readers = Readers::open(&paths.database, options.readers, Arc::clone(&shared))?;
        let (nudge, nudges) = disk::nudge();
        let (writer, thread) = Writer::start(connection, state, metrics, nudge, Arc::clone(&shared))?;
        shared.turnstile.when_empty(writer.tidier());
        let tidy = Box::new(writer.tidier());
        let clock = Arc::clone(&options.clock);
        let watch = disk::Watch::new(paths.clone(), options.room, Arc::clone(&shared), clock, tidy);
        let threads = vec![thread, watch.start(nudges)?];
        Ok(Self {
            paths,
            retention: Mutex::new(options.retention),
            writer: Mutex::new(Some(writer)),
            threads: Mutex::new(threads),
            readers,
            shared,
            door,
            cursors: Cursors::new(Arc::clone(&seal), Arc::clone(&options.entropy)),
            seal,
            entropy: options.entropy,
            clock: options.clock,
            run,
            sweep_cursor: Arc::default(),
            operations: watch::Sender::new(0),
            _lock: lock,
        })
    }

    /// Answers when a commit failed in a way that only a restart mends, with the reason.
    pub async fn fatal(&self) -> Fatal {
        match self.writer() {
            Ok(writer) => writer.fatal().await,
            Err(_) => std::future::pending().await,
        }
    }

    /// Version of the SQLite library inside.
    pub fn sqlite_version(&self) -> &'static str {
        rusqlite::version()
    }

    /// Changes how long final notifications are kept.
    pub fn set_retention(&self, retention: Retention) {
        *self.retention.lock().unwrap_or_else(PoisonError::into_inner) = retention;
    }

    /// Changes how much of the disk must be free before anything new is taken, bytes.
    pub fn set_floor(&self, floor: u64) {
        self.shared.disk.set_floor(floor);
    }

    pub(crate) fn paths(&self) -> &Paths {
        &self.paths
    }

    pub(crate) fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }

    pub(crate) fn seal(&self) -> &Seal {
        &self.seal
    }

    pub(crate) fn entropy(&self) -> &dyn Entropy {
        &*self.entropy
    }

    /// An operation has begun or ended.
    pub(crate) fn operations_changed(&self) {
        self.operations.send_modify(|count| *count += 1);
    }

    pub(crate) fn watch_operations(&self) -> watch::Receiver<u64> {
        self.operations.subscribe()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn writer(&self) -> Result<Writer> {
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        writer.clone().ok_or(StoreError::Closing)
    }

    /// A read for the daemon itself, which knows that it is short.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection, &Directory) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let directory = self.shared.directory();
        self.readers.read(move |connection| query(connection, &directory)).await
    }

    /// A read for somebody who may ask for anything: it ends after a second.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection, &Directory) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let directory = self.shared.directory();
        self.readers.ask(move |connection| query(connection, &directory)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Store as _;
    use crate::desk::Desk;
    use crate::writer::Kind;
    use notifyd_lifecycle::clock::SystemClock;
    use notifyd_lifecycle::entropy::OsEntropy;

    fn open(dir: &Path, readers: u32) -> SqliteStore {
        let options = Options {
            dir: dir.to_owned(),
            retention: Retention::default(),
            readers,
            master: Secret::new([7; 32]),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(OsEntropy),
            room: disk::Room { floor: 0, reserve: 0 },
        };
        SqliteStore::open(options, &Registry::new()).unwrap()
    }

    #[tokio::test]
    async fn more_than_a_transaction_takes_is_all_done() {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path(), 1);
        let writer = store.writer().unwrap();
        // Each is more than half of what a transaction takes, so that every one of them is cut short.
        let asked = (0..200).map(|number| {
            let writer = writer.clone();
            tokio::spawn(async move { writer.run(Kind::Outcome, 600, move |_| Ok(number)).await })
        });
        for (number, asked) in asked.collect::<Vec<_>>().into_iter().enumerate() {
            assert_eq!(asked.await.unwrap().unwrap(), number);
        }
        drop(writer);
        store.close().await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn questions_that_overlap_never_hold_the_log() {
        const ASKING: u32 = 3;
        // Ends by its limit alone unless it is short, and keeps what it has begun to read for as long.
        let count = |store: Arc<SqliteStore>, to: i64| async move {
            let sql = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
                SELECT count(*) FROM marks, n";
            let asked = store.ask(move |connection, _| {
                connection.query_row(sql, [to], |row| row.get::<_, i64>(0)).map_err(StoreError::Read)
            });
            asked.await
        };
        let dir = tempfile::tempdir().unwrap();
        let store = Arc::new(open(dir.path(), ASKING));
        let writer = store.writer().unwrap();
        let write = |number: i64| {
            let writer = writer.clone();
            async move {
                let name = format!("{number}{}", "x".repeat(1 << 20));
                let rows = move |desk: &mut Desk<'_>| {
                    let wrote = desk.prepare(include_str!("sql/mark_set.sql"))?.execute((name, number));
                    wrote.map_err(StoreError::Write)
                };
                writer.run(Kind::New, 256, rows).await
            }
        };
        write(0).await.unwrap();
        let done = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let asking: Vec<_> = (0..ASKING)
            .map(|number| {
                let (store, done) = (Arc::clone(&store), Arc::clone(&done));
                tokio::spawn(async move {
                    // One begins while another is at it.
                    let _ = count(Arc::clone(&store), i64::from(number) * 1_000_000).await;
                    let mut asked = 0;
                    while !done.load(Ordering::Acquire) {
                        assert!(matches!(count(Arc::clone(&store), i64::MAX).await, Err(StoreError::Slow)));
                        asked += 1;
                    }
                    asked
                })
            })
            .collect();
        // Three times what stops the intake.
        for number in 1..150 {
            write(number).await.unwrap_or_else(|error| panic!("after {number} MiB: {error}"));
        }
        done.store(true, Ordering::Release);
        for asking in asking {
            assert!(asking.await.unwrap() > 0);
        }
        drop(writer);
        Arc::into_inner(store).unwrap().close().await;
    }
}
