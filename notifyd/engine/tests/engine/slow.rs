//! The real log as one that is virtual milliseconds away, and what the engine asked of it.

use crate::sim::SimClock;
use async_trait::async_trait;
use notify_proto::audit::{AuditPage, AuditRequest};
use notify_proto::filter::Filter;
use notify_proto::schedule::WaitingGroups;
use notify_proto::values::ValuesView;
use notify_proto::view::{KeyView, NotificationDetail, NotificationPage, StatsView};
use notify_proto::webhook::{DeliveryDetail, DeliveryView, WebhookStats};
use notify_proto::{
    DeliveryId, GroupBy, KeyId, NotificationId, ProviderId, ServiceId, Status, Timestamp, WebhookEvent,
    WebhookId,
};
use notifyd_lifecycle::admission::Dedup;
use notifyd_lifecycle::order::Group;
use notifyd_lifecycle::steer::Wish;
use notifyd_lifecycle::{Clock, Receipt, Secret};
use notifyd_store::api::{
    Accepted, Audit, Backlog, Bucket, ChangeKey, Changed, Claim, Counts, DiedPage, Due, Edit, Idempotency,
    Interrupted, Job, Look, Made, NewHold, NewKey, NewNotification, NewProvider, NewService, Page,
    ProviderUpdate, Record, Steered, Swept, Verdict, Waiting,
};
use notifyd_store::receipts::{self, Settlement};
use notifyd_store::webhooks::{self, Endpoints, NewWebhook, Next, Owed, Private, Tried, WebhookUpdate};
use notifyd_store::{
    Bell, Cause, Directory, Door, Feed, Hold, HoldOn, Operations, Receipts, Scope, Store, StoreError,
    Webhooks,
};
use rand::Rng as _;
use rand::rngs::StdRng;
use std::collections::{BTreeMap, HashMap};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

type Result<T> = std::result::Result<T, StoreError>;

/// What the engine asked of the log, in the order it did; claims in the order of turns.
pub enum Step {
    /// Jobs came into memory.
    Loaded(Vec<Seen>),
    /// Jobs were taken out of line.
    Claimed(Vec<Claim>),
    /// Outcomes were known.
    Settled(Arc<Vec<Record>>),
    /// They are committed.
    Recorded(Arc<Vec<Record>>),
}

/// A job as it was loaded.
#[derive(Clone)]
pub struct Seen {
    pub seq: i64,
    pub id: NotificationId,
    pub group: Group,
    pub fence: u32,
    /// The provider it waits for, when no other will do.
    pub pinned: Option<ProviderId>,
    pub created_at: Timestamp,
}

impl Seen {
    fn of(job: &Job) -> Self {
        let Job { seq, id, group, fence, created_at, .. } = *job;
        Self { seq, id, group, fence, pinned: job.plan.pinned, created_at }
    }
}

/// The log, as seen by the engine.
pub struct Slow {
    pub log: Arc<dyn Store>,
    pub clock: Arc<SimClock>,
    pub dice: Mutex<StdRng>,
    /// Those of the ways of receipts, so that a look at none of them changes no world.
    pub receipt_dice: Mutex<StdRng>,
    pub hook_dice: Mutex<StdRng>,
    /// Longest way there, and back, milliseconds.
    pub way: u64,
    pub steps: Mutex<Vec<(Duration, Step)>>,
}

struct Parked(Thread);

impl Wake for Parked {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Stands still until it is done. Nothing else runs meanwhile and time does not pass.
pub fn stand<T>(work: impl Future<Output = T>) -> T {
    let mut work = pin!(tokio::task::unconstrained(work));
    let waker = Waker::from(Arc::new(Parked(std::thread::current())));
    loop {
        if let Poll::Ready(done) = work.as_mut().poll(&mut Context::from_waker(&waker)) {
            return done;
        }
        std::thread::park();
    }
}

impl Slow {
    async fn way(&self, dice: &Mutex<StdRng>) {
        let way = dice.lock().unwrap().random_range(0..=self.way);
        if way > 0 {
            tokio::time::sleep(Duration::from_millis(way)).await;
        }
        // The log's thread may ask for it.
        self.clock.now();
    }

    async fn ask<T>(&self, work: impl Future<Output = T>) -> T {
        self.ask_by(&self.dice, work).await
    }

    async fn ask_by<T>(&self, dice: &Mutex<StdRng>, work: impl Future<Output = T>) -> T {
        self.way(dice).await;
        let done = stand(work);
        self.way(dice).await;
        done
    }

    fn note(&self, step: Step) {
        self.steps.lock().unwrap().push((self.clock.steady(), step));
    }
}

#[async_trait]
impl Store for Slow {
    async fn accept(&self, new: NewNotification) -> Result<Accepted> {
        self.ask(self.log.accept(new)).await
    }

    async fn replay(&self, service: i64, key: Idempotency, now: Timestamp) -> Result<Option<Accepted>> {
        self.ask(self.log.replay(service, key, now)).await
    }

    async fn equal(&self, dedup: Dedup, now: Timestamp) -> Result<Option<notifyd_store::api::Receipt>> {
        self.ask(self.log.equal(dedup, now)).await
    }

    async fn dedup_key(&self, id: NotificationId) -> Result<Option<notifyd_lifecycle::dedup::DedupKey>> {
        self.ask(self.log.dedup_key(id)).await
    }

    async fn backlog(&self) -> Result<Vec<Backlog>> {
        self.ask(self.log.backlog()).await
    }

    async fn load(&self, line: Backlog, after: i64, limit: usize, bytes: usize) -> Result<Vec<Job>> {
        let jobs = self.ask(self.log.load(line, after, limit, bytes)).await?;
        self.note(Step::Loaded(jobs.iter().map(Seen::of).collect()));
        Ok(jobs)
    }

    async fn claim(&self, claims: Vec<Claim>) -> Result<Vec<Verdict>> {
        self.note(Step::Claimed(claims.clone()));
        self.ask(self.log.claim(claims)).await
    }

    async fn record(&self, records: Vec<Record>) -> Result<Vec<Verdict>> {
        let shared = Arc::new(records.clone());
        self.note(Step::Settled(Arc::clone(&shared)));
        let verdicts = self.ask(self.log.record(records)).await?;
        self.note(Step::Recorded(shared));
        Ok(verdicts)
    }

    async fn release(&self, now: Timestamp, limit: usize) -> Result<Due> {
        self.ask(self.log.release(now, limit)).await
    }

    async fn expire(&self, now: Timestamp, limit: usize) -> Result<Due> {
        self.ask(self.log.expire(now, limit)).await
    }

    async fn interrupted(&self, after: i64, limit: usize) -> Result<Vec<Interrupted>> {
        self.ask(self.log.interrupted(after, limit)).await
    }

    async fn sweep(&self, now: Timestamp) -> Result<Swept> {
        self.ask(self.log.sweep(now)).await
    }

    fn operations(&self) -> &dyn Operations {
        self.log.operations()
    }

    fn receipts(&self) -> &dyn Receipts {
        self
    }

    fn webhooks(&self) -> &dyn Webhooks {
        self
    }

    async fn revoke(&self, scope: Scope, id: NotificationId, audit: Audit) -> Result<Changed> {
        self.ask(self.log.revoke(scope, id, audit)).await
    }

    async fn retry(&self, scope: Scope, id: NotificationId, audit: Audit) -> Result<Changed> {
        self.ask(self.log.retry(scope, id, audit)).await
    }

    async fn steer(
        &self,
        scope: Scope,
        id: NotificationId,
        wish: Wish,
        verb: &'static str,
        audit: Audit,
    ) -> Result<Steered> {
        self.ask(self.log.steer(scope, id, wish, verb, audit)).await
    }

    async fn edit(&self, scope: Scope, id: NotificationId, edit: Edit) -> Result<Changed> {
        self.ask(self.log.edit(scope, id, edit)).await
    }

    async fn notification(&self, scope: Scope, id: NotificationId) -> Result<Option<NotificationDetail>> {
        self.ask(self.log.notification(scope, id)).await
    }

    async fn job(&self, id: NotificationId) -> Result<Option<Job>> {
        self.ask(self.log.job(id)).await
    }

    async fn first_due(&self, status: Status) -> Result<Option<Timestamp>> {
        self.log.first_due(status).await
    }

    async fn schedule(&self, page: Page) -> Result<NotificationPage> {
        self.ask(self.log.schedule(page)).await
    }

    async fn histogram(&self, bounds: Vec<Timestamp>) -> Result<Vec<Bucket>> {
        self.ask(self.log.histogram(bounds)).await
    }

    async fn waiting_groups(&self, filter: Filter, by: GroupBy, limit: usize) -> Result<WaitingGroups> {
        self.ask(self.log.waiting_groups(filter, by, limit)).await
    }

    async fn list(&self, scope: Scope, page: Page) -> Result<NotificationPage> {
        self.ask(self.log.list(scope, page)).await
    }

    async fn count(&self, scope: Scope, filter: Filter) -> Result<BTreeMap<String, u64>> {
        self.ask(self.log.count(scope, filter)).await
    }

    async fn values(&self, filter: Filter) -> Result<ValuesView> {
        self.ask(self.log.values(filter)).await
    }

    async fn stats(&self, scope: Scope, tenant_id: Option<String>, since: Timestamp) -> Result<StatsView> {
        self.ask(self.log.stats(scope, tenant_id, since)).await
    }

    async fn oldest_queued(&self) -> Result<Option<Timestamp>> {
        self.ask(self.log.oldest_queued()).await
    }

    async fn waiting(&self, look: Look) -> Result<Waiting> {
        self.ask(self.log.waiting(look)).await
    }

    fn arrivals(&self) -> BTreeMap<Arc<str>, u64> {
        self.log.arrivals()
    }

    fn counts(&self) -> Counts {
        self.log.counts()
    }

    fn accepted(&self) -> u64 {
        self.log.accepted()
    }

    fn directory(&self) -> Arc<Directory> {
        self.log.directory()
    }

    fn door(&self) -> &Door {
        self.log.door()
    }

    fn feed(&self) -> &Feed {
        self.log.feed()
    }

    fn bell(&self) -> &Bell {
        self.log.bell()
    }

    async fn create_service(&self, service: NewService, key: NewKey, audit: Audit) -> Result<()> {
        self.ask(self.log.create_service(service, key, audit)).await
    }

    async fn set_service_active(&self, id: ServiceId, active: bool, audit: Audit) -> Result<()> {
        self.ask(self.log.set_service_active(id, active, audit)).await
    }

    async fn update_service(
        &self,
        id: ServiceId,
        description: Option<String>,
        rate_per_second: Option<f64>,
        what: String,
        audit: Audit,
    ) -> Result<()> {
        self.ask(self.log.update_service(id, description, rate_per_second, what, audit)).await
    }

    async fn audit(&self, verb: &'static str, target: String, audit: Audit) -> Result<()> {
        self.ask(self.log.audit(verb, target, audit)).await
    }

    async fn belongings(&self, id: ServiceId) -> Result<notifyd_store::api::Belongings> {
        self.ask(self.log.belongings(id)).await
    }

    async fn remove_service(&self, id: ServiceId, forget: bool, audit: Audit) -> Result<()> {
        self.ask(self.log.remove_service(id, forget, audit)).await
    }

    async fn audits(&self, request: AuditRequest) -> Result<AuditPage> {
        self.log.audits(request).await
    }

    async fn made_for(&self, key: ChangeKey) -> Result<Option<Made>> {
        self.log.made_for(key).await
    }

    async fn keys(&self, service: ServiceId) -> Result<Vec<KeyView>> {
        self.ask(self.log.keys(service)).await
    }

    async fn create_key(&self, key: NewKey, expire_others_at: Option<Timestamp>, audit: Audit) -> Result<()> {
        self.ask(self.log.create_key(key, expire_others_at, audit)).await
    }

    async fn revoke_key(&self, key: KeyId, audit: Audit) -> Result<()> {
        self.ask(self.log.revoke_key(key, audit)).await
    }

    async fn create_provider(&self, provider: NewProvider, audit: Audit) -> Result<()> {
        self.ask(self.log.create_provider(provider, audit)).await
    }

    async fn set_provider_active(&self, id: ProviderId, active: bool, audit: Audit) -> Result<()> {
        self.ask(self.log.set_provider_active(id, active, audit)).await
    }

    async fn update_provider(&self, update: ProviderUpdate, audit: Audit) -> Result<Verdict> {
        self.ask(self.log.update_provider(update, audit)).await
    }

    async fn remove_provider(&self, id: ProviderId, audit: Audit) -> Result<()> {
        self.ask(self.log.remove_provider(id, audit)).await
    }

    async fn set_hold(&self, hold: NewHold, audit: Audit) -> Result<Hold> {
        self.ask(self.log.set_hold(hold, audit)).await
    }

    async fn end_holds(
        &self,
        on: HoldOn,
        holds: Vec<i64>,
        verb: &'static str,
        audit: Audit,
    ) -> Result<Vec<Hold>> {
        self.ask(self.log.end_holds(on, holds, verb, audit)).await
    }

    async fn expire_holds(&self, now: Timestamp) -> Result<Vec<Hold>> {
        self.ask(self.log.expire_holds(now)).await
    }

    async fn provider_secret(&self, id: ProviderId) -> Result<Option<Secret<String>>> {
        // Asked for inside the loop, which waits for nobody else meanwhile.
        stand(self.log.provider_secret(id))
    }

    fn bytes(&self) -> (u64, u64) {
        self.log.bytes()
    }

    fn latched(&self) -> Option<Cause> {
        self.log.latched()
    }

    fn disk_free(&self) -> u64 {
        self.log.disk_free()
    }

    async fn died(&self, span: (Timestamp, Timestamp), below: i64, limit: usize) -> Result<DiedPage> {
        // A start without a way to the log, so that it changes no world.
        stand(self.log.died(span, below, limit))
    }

    async fn held(&self) -> Result<u64> {
        self.log.held().await
    }

    async fn beat(&self) -> Result<()> {
        self.log.beat().await
    }

    async fn close(&self) {
        stand(self.log.close());
    }
}

#[async_trait]
impl Receipts for Slow {
    async fn receive(&self, receipts: Vec<(ProviderId, Receipt)>) -> Result<usize> {
        self.ask_by(&self.receipt_dice, self.log.receipts().receive(receipts)).await
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Result<receipts::Due> {
        self.ask_by(&self.receipt_dice, self.log.receipts().due(now, limit)).await
    }

    async fn settle(&self, settlements: Vec<Settlement>) -> Result<Vec<Verdict>> {
        self.ask_by(&self.receipt_dice, self.log.receipts().settle(settlements)).await
    }
}

#[async_trait]
impl Webhooks for Slow {
    fn endpoints(&self) -> Arc<Endpoints> {
        self.log.webhooks().endpoints()
    }

    async fn private(&self, no: i64) -> Result<Option<Private>> {
        self.ask_by(&self.hook_dice, self.log.webhooks().private(no)).await
    }

    async fn create(&self, new: NewWebhook, audit: Audit) -> Result<()> {
        self.log.webhooks().create(new, audit).await
    }

    async fn create_once(
        &self,
        new: NewWebhook,
        idempotency: Idempotency,
        audit: Audit,
    ) -> Result<webhooks::Created> {
        self.log.webhooks().create_once(new, idempotency, audit).await
    }

    async fn created_before(
        &self,
        service: i64,
        idempotency: Idempotency,
    ) -> Result<Option<webhooks::Created>> {
        self.log.webhooks().created_before(service, idempotency).await
    }

    async fn update(&self, update: WebhookUpdate, audit: Audit) -> Result<Verdict> {
        self.log.webhooks().update(update, audit).await
    }

    async fn remove(&self, no: i64, id: WebhookId, audit: Audit) -> Result<()> {
        self.log.webhooks().remove(no, id, audit).await
    }

    async fn test(&self, no: i64, id: DeliveryId, event: WebhookEvent, audit: Audit) -> Result<()> {
        self.log.webhooks().test(no, id, event, audit).await
    }

    async fn owed(&self) -> Result<Vec<(i64, Timestamp)>> {
        self.ask_by(&self.hook_dice, self.log.webhooks().owed()).await
    }

    async fn load(&self, no: i64, now: Timestamp, limit: usize) -> Result<Next> {
        self.ask_by(&self.hook_dice, self.log.webhooks().load(no, now, limit)).await
    }

    async fn acknowledge(&self, tries: Vec<Tried>) -> Result<Vec<Verdict>> {
        self.ask_by(&self.hook_dice, self.log.webhooks().acknowledge(tries)).await
    }

    fn pending(&self) -> u64 {
        self.log.webhooks().pending()
    }

    fn tallies(&self) -> HashMap<i64, webhooks::Tally> {
        self.log.webhooks().tallies()
    }

    async fn deliveries(&self, no: i64, page: webhooks::Page) -> Result<Vec<DeliveryView>> {
        self.log.webhooks().deliveries(no, page).await
    }

    async fn told_again(&self, sought: webhooks::Sought) -> Result<webhooks::Found> {
        self.log.webhooks().told_again(sought).await
    }

    async fn due(&self, what: webhooks::Owing, edges: Vec<Timestamp>) -> Result<webhooks::Due> {
        self.log.webhooks().due(what, edges).await
    }

    async fn told_of(&self, id: NotificationId) -> Result<Vec<DeliveryView>> {
        self.log.webhooks().told_of(id).await
    }

    async fn delivery(&self, id: DeliveryId) -> Result<Option<DeliveryDetail>> {
        self.log.webhooks().delivery(id).await
    }

    async fn told(&self, id: DeliveryId) -> Result<Option<Owed>> {
        self.log.webhooks().told(id).await
    }

    async fn redeliver(&self, id: DeliveryId, audit: Audit) -> Result<bool> {
        self.log.webhooks().redeliver(id, audit).await
    }

    async fn count(&self, no: i64, page: webhooks::Page) -> Result<u64> {
        self.log.webhooks().count(no, page).await
    }

    async fn stats(&self, no: i64, since: Timestamp) -> Result<WebhookStats> {
        self.log.webhooks().stats(no, since).await
    }
}
