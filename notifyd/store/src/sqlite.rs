//! The embedded log: one writer thread, pooled readers.

use crate::api::{
    Accepted, Audit, Backlog, Bucket, Changed, Claim, Counts, Due, Edit, Idempotency, Interrupted, Job, Look,
    NewHold, NewKey, NewNotification, NewProvider, NewService, Page, ProviderUpdate, Record, Scope, Steered,
    Store, Swept, Verdict, Waiting,
};
use crate::bell::Bell;
use crate::cursor::Cursors;
use crate::desk::{Shared, State};
use crate::directory::{Directory, Hold};
use crate::door::Door;
use crate::error::{Result, StoreError};
use crate::feed::Feed;
use crate::latch::Cause;
use crate::metrics::Metrics;
use crate::open::{self, Paths};
use crate::operations::{self, Operations};
use crate::readers::Readers;
use crate::receipts::{self, Receipts};
use crate::seal::Seal;
use crate::sweep::Retention;
use crate::waiting::Bounds;
use crate::webhooks::{self, Webhooks};
use crate::writer::{Fatal, Kind, Writer};
use crate::{
    accept, audit, change, claim, directory_rows, due, holds, list, provider_rows, read, record, schedule,
    stats, steer, sweep, waiting,
};
use crate::{backup, disk, restored};
use async_trait::async_trait;
use notify_proto::filter::Filter;
use notify_proto::view::{KeyView, NotificationDetail, NotificationPage, StatsView};
use notify_proto::{KeyId, NotificationId, ProviderId, ServiceId, Status, Timestamp};
use notifyd_lifecycle::key::Pepper;
use notifyd_lifecycle::steer::Wish;
use notifyd_lifecycle::{Clock, Entropy, Secret};
use prometheus::Registry;
use rusqlite::Connection;
use std::collections::BTreeMap;
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
        let door = Door::new(
            Pepper::derive(&options.master),
            Arc::clone(&options.clock),
            Arc::clone(&options.entropy),
        );
        let shared = Arc::new(Shared::default());
        let directory = directory_rows::read(&connection).map_err(StoreError::Read)?;
        *shared.directory.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(directory);
        shared.endpoints.store(Arc::new(webhooks::read(&connection)?));
        shared.owed.store(webhooks::count_owed(&connection)?, Ordering::Release);
        for (count, stored) in shared.counts.iter().zip(list::counts(&connection)?) {
            count.store(stored, Ordering::Release);
        }
        let metrics = Metrics::register(registry).map_err(|error| StoreError::Unsafe(error.to_string()))?;
        let state =
            State::new(Arc::clone(&shared), Arc::clone(&options.clock), run, next_seq, dedup, idempotency);
        let readers = Readers::open(&paths.database, options.readers)?;
        let (nudge, nudges) = disk::nudge();
        let (writer, thread) = Writer::start(connection, state, metrics, nudge, Arc::clone(&shared))?;
        let tidy = Box::new(writer.tidier());
        let watch = disk::Watch::new(paths.clone(), options.room, Arc::clone(&shared), tidy);
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

#[async_trait]
impl Store for SqliteStore {
    async fn accept(&self, new: NewNotification) -> Result<Accepted> {
        let prepared = accept::prepare(new)?;
        self.writer()?.take(prepared.weight(), move |desk| accept::accept(desk, prepared)).await
    }

    async fn replay(
        &self,
        service: i64,
        idempotency: Idempotency,
        now: Timestamp,
    ) -> Result<Option<Accepted>> {
        self.writer()?.take(1, move |desk| accept::replay(desk, service, &idempotency, now)).await
    }

    async fn backlog(&self) -> Result<Vec<Backlog>> {
        self.read(|connection, _| claim::backlog(connection)).await
    }

    async fn load(&self, line: Backlog, after: i64, limit: usize, max_bytes: usize) -> Result<Vec<Job>> {
        self.read(move |connection, _| claim::load(connection, &line, after, limit, max_bytes)).await
    }

    async fn claim(&self, claims: Vec<Claim>) -> Result<Vec<Verdict>> {
        self.writer()?.run(Kind::Work, claims.len(), move |desk| claim::claim(desk, &claims)).await
    }

    async fn record(&self, records: Vec<Record>) -> Result<Vec<Verdict>> {
        self.writer()?.run(Kind::Outcome, records.len(), move |desk| record::record(desk, &records)).await
    }

    async fn release(&self, now: Timestamp, limit: usize) -> Result<Due> {
        self.writer()?.run(Kind::Work, limit, move |desk| due::release(desk, now, limit)).await
    }

    async fn expire(&self, now: Timestamp, limit: usize) -> Result<Due> {
        self.writer()?.run(Kind::Work, limit, move |desk| due::expire(desk, now, limit)).await
    }

    async fn interrupted(&self, after: i64, limit: usize) -> Result<Vec<Interrupted>> {
        let run = self.run;
        self.read(move |connection, directory| claim::interrupted(connection, directory, run, after, limit))
            .await
    }

    async fn sweep(&self, now: Timestamp) -> Result<Swept> {
        let retention = *self.retention.lock().unwrap_or_else(PoisonError::into_inner);
        let cursor = Arc::clone(&self.sweep_cursor);
        let used = self.door.take_used();
        let work = move |desk: &mut crate::desk::Desk<'_>| {
            directory_rows::note_used(desk, &used)?;
            let (swept, next) = sweep::sweep(desk, &retention, now, cursor.load(Ordering::Acquire))?;
            cursor.store(next, Ordering::Release);
            operations::sweep(desk, now)?;
            receipts::sweep(desk, now)?;
            webhooks::sweep(desk, now)?;
            Ok(swept)
        };
        self.writer()?.run_alone(work).await
    }

    async fn revoke(&self, scope: Scope, id: NotificationId, audit: Audit) -> Result<Changed> {
        self.writer()?.run_alone(move |desk| change::revoke(desk, scope, id, &audit)).await
    }

    async fn retry(&self, scope: Scope, id: NotificationId, audit: Audit) -> Result<Changed> {
        self.writer()?.run_alone(move |desk| change::retry(desk, scope, id, &audit)).await
    }

    async fn steer(
        &self,
        scope: Scope,
        id: NotificationId,
        wish: Wish,
        verb: &'static str,
        audit: Audit,
    ) -> Result<Steered> {
        self.writer()?.run_alone(move |desk| steer::steer(desk, scope, id, wish, verb, &audit)).await
    }

    async fn edit(&self, scope: Scope, id: NotificationId, edit: Edit) -> Result<Changed> {
        self.writer()?.run_alone(move |desk| change::edit(desk, scope, id, edit)).await
    }

    async fn notification(&self, scope: Scope, id: NotificationId) -> Result<Option<NotificationDetail>> {
        self.ask(move |connection, directory| read::notification(connection, directory, scope, id)).await
    }

    async fn job(&self, id: NotificationId) -> Result<Option<Job>> {
        self.ask(move |connection, _| read::job(connection, id)).await
    }

    async fn schedule(&self, page: Page) -> Result<NotificationPage> {
        let cursors = self.cursors.clone();
        self.ask(move |connection, directory| schedule::page(connection, directory, &cursors, &page)).await
    }

    async fn histogram(&self, bounds: Vec<Timestamp>) -> Result<Vec<Bucket>> {
        self.ask(move |connection, _| schedule::histogram(connection, &bounds)).await
    }

    async fn list(&self, scope: Scope, page: Page) -> Result<NotificationPage> {
        let cursors = self.cursors.clone();
        self.ask(move |connection, directory| list::list(connection, directory, &cursors, scope, &page)).await
    }

    async fn count(&self, scope: Scope, filter: Filter) -> Result<BTreeMap<String, u64>> {
        self.ask(move |connection, directory| list::count(connection, directory, scope, &filter)).await
    }

    async fn stats(&self, scope: Scope, tenant_id: Option<String>, since: Timestamp) -> Result<StatsView> {
        let (numbers, tenant) = (webhooks::numbers(&self.shared.endpoints.load(), scope), tenant_id.clone());
        let mut stats = self
            .ask(move |connection, directory| {
                stats::stats(connection, directory, scope, tenant.as_deref(), since)
            })
            .await?;
        // A question of its own, with a time of its own.
        stats.webhooks = self
            .ask(move |connection, _| webhooks::acks(connection, &numbers, tenant_id.as_deref(), since))
            .await?;
        Ok(stats)
    }

    async fn oldest_queued(&self) -> Result<Option<Timestamp>> {
        self.read(|connection, _| read::oldest_queued(connection, &claim::backlog(connection)?)).await
    }

    async fn held(&self) -> Result<u64> {
        self.read(|connection, _| {
            let held: i64 = connection
                .query_row(include_str!("sql/held.sql"), [], |row| row.get(0))
                .map_err(StoreError::Read)?;
            Ok(u64::try_from(held).unwrap_or_default())
        })
        .await
    }

    fn operations(&self) -> &dyn Operations {
        self
    }

    fn receipts(&self) -> &dyn Receipts {
        self
    }

    fn webhooks(&self) -> &dyn Webhooks {
        self
    }

    async fn waiting(&self, look: Look) -> Result<Waiting> {
        let (usual, again) = (Bounds::usual(self.counts().of(Status::Queued)), look.clone());
        match self.ask(move |connection, _| waiting::waiting(connection, &look, usual)).await {
            // Less is better than nothing, and says that it is less.
            Err(StoreError::Slow) => {
                self.ask(move |connection, _| waiting::waiting(connection, &again, Bounds::few())).await
            }
            found => found,
        }
    }

    fn arrivals(&self) -> BTreeMap<Arc<str>, u64> {
        self.shared.arrivals.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for (count, stored) in counts.0.iter_mut().zip(&self.shared.counts) {
            *count = u64::try_from(stored.load(Ordering::Acquire)).unwrap_or_default();
        }
        counts
    }

    fn accepted(&self) -> u64 {
        self.shared.accepted.load(Ordering::Acquire)
    }

    fn directory(&self) -> Arc<Directory> {
        self.shared.directory()
    }

    fn door(&self) -> &Door {
        &self.door
    }

    fn feed(&self) -> &Feed {
        &self.shared.feed
    }

    fn bell(&self) -> &Bell {
        &self.shared.bell
    }

    async fn create_service(&self, service: NewService, key: NewKey, audit: Audit) -> Result<()> {
        self.writer()?
            .run_alone(move |desk| directory_rows::create_service(desk, &service, &key, &audit))
            .await
    }

    async fn set_service_active(&self, id: ServiceId, active: bool, audit: Audit) -> Result<()> {
        self.writer()?
            .run_alone(move |desk| directory_rows::set_service_active(desk, id, active, &audit))
            .await
    }

    async fn audit(&self, verb: &'static str, target: String, who: Audit) -> Result<()> {
        self.writer()?.run_alone(move |desk| audit::write(desk, verb, &target, &who)).await
    }

    async fn keys(&self, service: ServiceId) -> Result<Vec<KeyView>> {
        self.ask(move |connection, _| directory_rows::keys(connection, service)).await
    }

    async fn create_key(&self, key: NewKey, expire_others_at: Option<Timestamp>, audit: Audit) -> Result<()> {
        self.writer()?
            .run_alone(move |desk| directory_rows::create_key(desk, &key, expire_others_at, &audit))
            .await
    }

    async fn revoke_key(&self, key: KeyId, audit: Audit) -> Result<()> {
        self.writer()?.run_alone(move |desk| directory_rows::revoke_key(desk, key, &audit)).await
    }

    async fn create_provider(&self, provider: NewProvider, audit: Audit) -> Result<()> {
        let sealed = match &provider.secret {
            Some(secret) => Some(self.seal.seal(provider.id, secret.expose(), &*self.entropy)?),
            None => None,
        };
        self.writer()?
            .run_alone(move |desk| provider_rows::create(desk, &provider, sealed.as_deref(), &audit))
            .await
    }

    async fn set_provider_active(&self, id: ProviderId, active: bool, audit: Audit) -> Result<()> {
        self.writer()?.run_alone(move |desk| provider_rows::set_active(desk, id, active, &audit)).await
    }

    async fn update_provider(&self, update: ProviderUpdate, audit: Audit) -> Result<Verdict> {
        let sealed = match &update.secret {
            Some(secret) => Some(self.seal.seal(update.id, secret.expose(), &*self.entropy)?),
            None => None,
        };
        self.writer()?
            .run_alone(move |desk| provider_rows::update(desk, &update, sealed.as_deref(), &audit))
            .await
    }

    async fn remove_provider(&self, id: ProviderId, audit: Audit) -> Result<()> {
        self.writer()?.run_alone(move |desk| provider_rows::remove(desk, id, &audit)).await
    }

    async fn set_hold(&self, hold: NewHold, audit: Audit) -> Result<Hold> {
        self.writer()?.run_alone(move |desk| holds::set(desk, &hold, &audit)).await
    }

    async fn end_holds(
        &self,
        provider: ProviderId,
        holds: Vec<i64>,
        verb: &'static str,
        audit: Audit,
    ) -> Result<Vec<Hold>> {
        self.writer()?.run_alone(move |desk| holds::end(desk, provider, &holds, verb, &audit)).await
    }

    async fn expire_holds(&self, now: Timestamp) -> Result<Vec<Hold>> {
        self.writer()?.run_alone(move |desk| holds::expire(desk, now)).await
    }

    async fn provider_secret(&self, id: ProviderId) -> Result<Option<Secret<String>>> {
        let sealed = self.read(move |connection, _| provider_rows::sealed_secret(connection, id)).await?;
        sealed.map(|sealed| self.seal.open(id, &sealed)).transpose()
    }

    fn bytes(&self) -> (u64, u64) {
        let size = |path: &Path| std::fs::metadata(path).map_or(0, |meta| meta.len());
        (size(&self.paths.database), size(&self.paths.wal))
    }

    fn latched(&self) -> Option<Cause> {
        match self.writer() {
            Ok(writer) if writer.alive() => self.shared.latch.cause(),
            Ok(_) => Some(Cause::Failed),
            Err(_) => Some(Cause::Closed),
        }
    }

    fn disk_free(&self) -> u64 {
        self.shared.disk.free()
    }

    async fn beat(&self) -> Result<()> {
        self.writer()?.run(Kind::Outcome, 1, |_| Ok(())).await
    }

    async fn close(&self) {
        drop(self.writer.lock().unwrap_or_else(PoisonError::into_inner).take());
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            // The writer ends when it has committed what was queued, the watch over the disk when the writer has; joining
            // them must not hold up the runtime.
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use notifyd_lifecycle::clock::SystemClock;
    use notifyd_lifecycle::entropy::OsEntropy;

    fn open(dir: &Path) -> SqliteStore {
        let options = Options {
            dir: dir.to_owned(),
            retention: Retention::default(),
            readers: 1,
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
        let store = open(dir.path());
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
}
