//! What the rest of the daemon asks of the log, and who in this room does it.

use super::SqliteStore;
use crate::api::{
    Accepted, Audit, Backlog, Belongings, Bucket, ChangeKey, Changed, Claim, Counts, DiedPage, Due, Edit,
    Idempotency, Interrupted, Job, Look, Made, NewHold, NewKey, NewNotification, NewProvider, NewService,
    Page, ProviderUpdate, Receipt, Record, Scope, Steered, Store, Swept, Verdict, Waiting,
};
use crate::bell::Bell;
use crate::desk::Desk;
use crate::directory::{Directory, Hold, HoldOn};
use crate::door::Door;
use crate::error::{Result, StoreError};
use crate::feed::Feed;
use crate::latch::Cause;
use crate::operations::{self, Operations};
use crate::receipts::{self, Receipts};
use crate::waiting::Bounds;
use crate::webhooks::{self, Webhooks};
use crate::writer::Kind;
use crate::{
    accept, audit, change, claim, died, directory_rows, due, groups, holds, list, provider_rows, read,
    record, removal, schedule, stats, steer, sweep, values, waiting,
};
use async_trait::async_trait;
use notify_proto::audit::{AuditPage, AuditRequest};
use notify_proto::filter::{Field, Filter, Term};
use notify_proto::schedule::WaitingGroups;
use notify_proto::values::ValuesView;
use notify_proto::view::{KeyView, NotificationDetail, NotificationPage, StatsView};
use notify_proto::{GroupBy, KeyId, NotificationId, ProviderId, ServiceId, Status, Timestamp};
use notifyd_lifecycle::Secret;
use notifyd_lifecycle::admission::Dedup;
use notifyd_lifecycle::dedup::DedupKey;
use notifyd_lifecycle::steer::Wish;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

#[async_trait]
impl Store for SqliteStore {
    async fn accept(&self, new: NewNotification) -> Result<Accepted> {
        let prepared = accept::prepare(new)?;
        let weight = prepared.weight();
        let work = move |desk: &mut Desk<'_>| match desk.still_there(prepared.service()) {
            Ok(()) => accept::accept(desk, prepared).map(Ok),
            // A refusal, and nothing that undoes the batch.
            Err(gone) => Ok(Err(gone)),
        };
        self.writer()?.take(weight, work).await?
    }

    async fn replay(
        &self,
        service: i64,
        idempotency: Idempotency,
        now: Timestamp,
    ) -> Result<Option<Accepted>> {
        self.writer()?.take(1, move |desk| accept::replay(desk, service, &idempotency, now)).await
    }

    async fn equal(&self, dedup: Dedup, now: Timestamp) -> Result<Option<Receipt>> {
        self.writer()?.take(1, move |desk| accept::equal(desk, &dedup, now)).await
    }

    async fn dedup_key(&self, id: NotificationId) -> Result<Option<DedupKey>> {
        self.read(move |connection, _| read::dedup_key(connection, id)).await
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
        let work = move |desk: &mut Desk<'_>| {
            directory_rows::note_used(desk, &used)?;
            let (mut swept, next) = sweep::sweep(desk, &retention, now, cursor.load(Ordering::Acquire))?;
            cursor.store(next, Ordering::Release);
            let (forgotten, more) = removal::sweep(desk)?;
            swept.notifications += forgotten;
            swept.more |= more;
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

    async fn first_due(&self, status: Status) -> Result<Option<Timestamp>> {
        self.read(move |connection, _| schedule::first(connection, status)).await
    }

    async fn schedule(&self, page: Page) -> Result<NotificationPage> {
        let cursors = self.cursors.clone();
        self.ask(move |connection, directory| schedule::page(connection, directory, &cursors, &page)).await
    }

    async fn histogram(&self, bounds: Vec<Timestamp>) -> Result<Vec<Bucket>> {
        self.ask(move |connection, _| schedule::histogram(connection, &bounds)).await
    }

    async fn waiting_groups(&self, filter: Filter, by: GroupBy, limit: usize) -> Result<WaitingGroups> {
        // What is owed to webhooks is known by its service alone.
        let narrowed =
            filter.terms.iter().any(|term| !matches!(term, Term::Is { field: Field::Service, .. }));
        let told = match by {
            GroupBy::Webhook => true,
            GroupBy::Queue => !narrowed,
            GroupBy::Error | GroupBy::Provider | GroupBy::Service | GroupBy::Channel => false,
        };
        let (endpoints, tallies) = (self.endpoints(), self.tallies());
        self.ask(move |connection, directory| {
            let owed = || groups::webhooks(connection, directory, &endpoints, &tallies, &filter, limit);
            if by == GroupBy::Webhook {
                return owed();
            }
            let waiting = groups::waiting(connection, directory, &filter, by, limit)?;
            Ok(if told { groups::together(waiting, owed()?, limit) } else { waiting })
        })
        .await
    }

    async fn list(&self, scope: Scope, page: Page) -> Result<NotificationPage> {
        let cursors = self.cursors.clone();
        self.ask(move |connection, directory| list::list(connection, directory, &cursors, scope, &page)).await
    }

    async fn count(&self, scope: Scope, filter: Filter) -> Result<BTreeMap<String, u64>> {
        self.ask(move |connection, directory| list::count(connection, directory, scope, &filter)).await
    }

    async fn values(&self, filter: Filter) -> Result<ValuesView> {
        self.ask(move |connection, directory| values::values(connection, directory, &filter)).await
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

    async fn died(&self, span: (Timestamp, Timestamp), below: i64, limit: usize) -> Result<DiedPage> {
        self.ask(move |connection, directory| died::page(connection, directory, span, below, limit)).await
    }

    async fn held(&self) -> Result<u64> {
        self.read(|connection, _| {
            let held: i64 = connection
                .query_row(include_str!("../sql/held.sql"), [], |row| row.get(0))
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

    async fn update_service(
        &self,
        id: ServiceId,
        description: Option<String>,
        rate_per_second: Option<f64>,
        what: String,
        audit: Audit,
    ) -> Result<()> {
        let work = move |desk: &mut Desk<'_>| {
            directory_rows::update_service(desk, id, description.as_deref(), rate_per_second, &what, &audit)
        };
        self.writer()?.run_alone(work).await
    }

    async fn audit(&self, verb: &'static str, target: String, who: Audit) -> Result<()> {
        self.writer()?.run_alone(move |desk| audit::write(desk, verb, &target, &who)).await
    }

    async fn belongings(&self, id: ServiceId) -> Result<Belongings> {
        self.ask(move |connection, directory| removal::belongings(connection, directory, id)).await
    }

    async fn remove_service(&self, id: ServiceId, forget: bool, audit: Audit) -> Result<()> {
        self.writer()?.run_alone(move |desk| removal::remove(desk, id, forget, &audit)).await
    }

    async fn audits(&self, request: AuditRequest) -> Result<AuditPage> {
        self.ask(move |connection, _| audit::list(connection, &request)).await
    }

    async fn made_for(&self, key: ChangeKey) -> Result<Option<Made>> {
        let now = self.clock.now();
        self.ask(move |connection, _| audit::made_for(connection, &key, now)).await
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
        on: HoldOn,
        holds: Vec<i64>,
        verb: &'static str,
        audit: Audit,
    ) -> Result<Vec<Hold>> {
        self.writer()?.run_alone(move |desk| holds::end(desk, on, &holds, verb, &audit)).await
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
