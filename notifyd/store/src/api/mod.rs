//! The batch verbs the rest of the daemon speaks, with their arguments and answers. A second database implements
//! [`Store`] and passes the same conformance suite; nothing here knows SQL.

mod accept;
mod change;
mod deliver;
mod people;
mod read;

use crate::bell::Bell;
use crate::directory::{Directory, Hold, HoldOn};
use crate::door::Door;
use crate::error::Result;
use crate::feed::Feed;
use crate::latch::Cause;
use crate::operations::Operations;
use crate::receipts::Receipts;
use crate::webhooks::Webhooks;
use async_trait::async_trait;
use notify_proto::audit::{AuditPage, AuditRequest};
use notify_proto::filter::Filter;
use notify_proto::schedule::WaitingGroups;
use notify_proto::values::ValuesView;
use notify_proto::view::{KeyView, NotificationDetail, NotificationPage, StatsView};
use notify_proto::{GroupBy, KeyId, NotificationId, ProviderId, ServiceId, Status, Timestamp};
use notifyd_lifecycle::Secret;
use notifyd_lifecycle::admission::Dedup;
use notifyd_lifecycle::dedup::DedupKey;
use notifyd_lifecycle::steer::Wish;
use std::collections::BTreeMap;
use std::sync::Arc;

pub use accept::{Accepted, Idempotency, NewNotification, Receipt};
pub use change::{Changed, Edit, Steered};
pub use deliver::{AttemptEnd, Backlog, Claim, Due, Interrupted, Job, Record, Verdict};
pub use people::{Belongings, NewHold, NewKey, NewProvider, NewService, ProviderUpdate};
pub use read::{Bucket, Counts, Died, DiedPage, Look, Page, Place, Total, Waiting, Waits};

/// Whose notifications a call may see: numbers are the store's own, from [`Directory`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Everybody's; for the engine and the control socket.
    All,
    /// One service's.
    Service(i64),
}

/// Who changes something and why, for the audit log.
#[derive(Debug, Clone)]
pub struct Audit {
    /// Who: user name, uid and pid of the socket peer, or the service.
    pub actor: String,
    /// Why, in the caller's words.
    pub reason: Option<String>,
    /// What the change is known by to whoever asks for it once more.
    pub key: Option<ChangeKey>,
}

/// The key of a change, chosen by whoever asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeKey {
    /// The user id of the socket peer: a key is its own.
    pub who: u32,
    /// 1 to 200 characters.
    pub key: String,
}

/// A change that was made for a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// When.
    pub at: Timestamp,
    /// Its word in the audit log.
    pub verb: String,
    /// What was changed.
    pub target: String,
}

/// What one pass of the sweep did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Final notifications removed.
    pub notifications: usize,
    /// Whether there is more to remove.
    pub more: bool,
}

/// The log. Every verb that writes answers after its commit is on disk; a batch is one transaction or part of one.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Accepts one draft: notification, event, deduplication and idempotency entries in one transaction. Never waits
    /// for room: a full queue is [`StoreError::Overloaded`](crate::StoreError::Overloaded).
    async fn accept(&self, new: NewNotification) -> Result<Accepted>;

    /// The answer that was given for an idempotency key of this service within its time: [`Accepted::Replayed`], or
    /// [`Accepted::KeyReused`] when it stands for another request.
    async fn replay(
        &self,
        service: i64,
        idempotency: Idempotency,
        now: Timestamp,
    ) -> Result<Option<Accepted>>;

    /// The one that a notification with this key would be a duplicate of, were it accepted now.
    async fn equal(&self, dedup: Dedup, now: Timestamp) -> Result<Option<Receipt>>;

    /// What equal requests to this one are known by; none when it asked for that, or is unknown.
    async fn dedup_key(&self, id: NotificationId) -> Result<Option<DedupKey>>;

    /// All lines that have queued work on disk.
    async fn backlog(&self) -> Result<Vec<Backlog>>;

    /// Up to `limit` queued jobs of one line with a number above `after`, ascending, at most about `max_bytes` of
    /// stored content but at least one.
    async fn load(&self, backlog: Backlog, after: i64, limit: usize, max_bytes: usize) -> Result<Vec<Job>>;

    /// Writes attempts down; one verdict per claim, in order.
    async fn claim(&self, claims: Vec<Claim>) -> Result<Vec<Verdict>>;

    /// Writes down how they ended; one verdict per record, in order.
    async fn record(&self, records: Vec<Record>) -> Result<Vec<Verdict>>;

    /// Moves up to `limit` notifications whose time has come to the queue.
    async fn release(&self, now: Timestamp, limit: usize) -> Result<Due>;

    /// Fails up to `limit` notifications that expired.
    async fn expire(&self, now: Timestamp, limit: usize) -> Result<Due>;

    /// Up to `limit` attempts left by other runs, with a number above `after`.
    async fn interrupted(&self, after: i64, limit: usize) -> Result<Vec<Interrupted>>;

    /// Removes final notifications older than their retention, a small batch per call.
    async fn sweep(&self, now: Timestamp) -> Result<Swept>;

    /// Revokes one that was not sent yet.
    async fn revoke(&self, scope: Scope, id: NotificationId, audit: Audit) -> Result<Changed>;

    /// Starts a dead letter again with a fresh budget.
    async fn retry(&self, scope: Scope, id: NotificationId, audit: Audit) -> Result<Changed>;

    /// Gives one that waits another time, lets it wait no more, or buries it; `verb` is the word of the audit log.
    async fn steer(
        &self,
        scope: Scope,
        id: NotificationId,
        wish: Wish,
        verb: &'static str,
        audit: Audit,
    ) -> Result<Steered>;

    /// Edits one that was not sent yet.
    async fn edit(&self, scope: Scope, id: NotificationId, edit: Edit) -> Result<Changed>;

    /// One notification with its attempts and events.
    async fn notification(&self, scope: Scope, id: NotificationId) -> Result<Option<NotificationDetail>>;

    /// One notification as the engine works with it, wherever it stands.
    async fn job(&self, id: NotificationId) -> Result<Option<Job>>;

    /// When the first of those that wait for a time is due, of those that are tried again or of the others.
    async fn first_due(&self, status: Status) -> Result<Option<Timestamp>>;

    /// A page of what waits for a time, soonest first.
    async fn schedule(&self, page: Page) -> Result<NotificationPage>;

    /// How many wait for a time before the first of these moments, between each two, and from the last on.
    async fn histogram(&self, bounds: Vec<Timestamp>) -> Result<Vec<Bucket>>;

    /// What waits for a time, told apart: the `limit` largest groups.
    async fn waiting_groups(&self, filter: Filter, by: GroupBy, limit: usize) -> Result<WaitingGroups>;

    /// A page, newest first.
    async fn list(&self, scope: Scope, page: Page) -> Result<NotificationPage>;

    /// How many match, by status.
    async fn count(&self, scope: Scope, filter: Filter) -> Result<BTreeMap<String, u64>>;

    /// The most frequent values of each field among the newest that match.
    async fn values(&self, filter: Filter) -> Result<ValuesView>;

    /// Counts, rates and latencies of the notifications accepted since `since`, and of what webhooks were told since then.
    async fn stats(&self, scope: Scope, tenant_id: Option<String>, since: Timestamp) -> Result<StatsView>;

    /// Age of the oldest queued notification.
    async fn oldest_queued(&self) -> Result<Option<Timestamp>>;

    /// How much of what waits is how old, or due in how long.
    async fn waiting(&self, look: Look) -> Result<Waiting>;

    /// How many came to each line of the queue since the store was opened.
    fn arrivals(&self) -> BTreeMap<Arc<str>, u64>;

    /// How many wait for an operator, counted up to 10,001.
    async fn held(&self) -> Result<u64>;

    /// Of the newest `limit` dead letters below a number, those that died from one moment on and before another.
    async fn died(&self, span: (Timestamp, Timestamp), below: i64, limit: usize) -> Result<DiedPage>;

    /// Long work, and changes to many notifications.
    fn operations(&self) -> &dyn Operations;

    /// What providers say later of what they took.
    fn receipts(&self) -> &dyn Receipts;

    /// Webhooks and what is owed to them.
    fn webhooks(&self) -> &dyn Webhooks;

    /// Notifications by status.
    fn counts(&self) -> Counts;

    /// Notifications accepted since the store was opened.
    fn accepted(&self) -> u64;

    /// Services and providers as they are now.
    fn directory(&self) -> Arc<Directory>;

    /// Which key opens which service.
    fn door(&self) -> &Door;

    /// The last events.
    fn feed(&self) -> &Feed;

    /// Wakes the engine.
    fn bell(&self) -> &Bell;

    /// Creates a service, with its first key.
    async fn create_service(&self, service: NewService, key: NewKey, audit: Audit) -> Result<()>;

    /// Enables or disables a service.
    async fn set_service_active(&self, id: ServiceId, active: bool, audit: Audit) -> Result<()>;

    /// Gives a service another description and another limit; `what` is the change in words, for the audit log.
    async fn update_service(
        &self,
        id: ServiceId,
        description: Option<String>,
        rate_per_second: Option<f64>,
        what: String,
        audit: Audit,
    ) -> Result<()>;

    /// What there is of a service, to tell before it is removed.
    async fn belongings(&self, id: ServiceId) -> Result<Belongings>;

    /// Removes a service with its keys and webhooks, and with `forget` all that it sent, bit by bit. While something of it
    /// has not come to its end it is [`StoreError::Unfinished`](crate::StoreError::Unfinished).
    async fn remove_service(&self, id: ServiceId, forget: bool, audit: Audit) -> Result<()>;

    /// Writes an audit row for a change that is kept in memory only (unlocking a service, a shutdown, a test call).
    async fn audit(&self, verb: &'static str, target: String, audit: Audit) -> Result<()>;

    /// A page of those rows, newest first.
    async fn audits(&self, request: AuditRequest) -> Result<AuditPage>;

    /// What was changed for this key within the last 24 hours, if anything was.
    async fn made_for(&self, key: ChangeKey) -> Result<Option<Made>>;

    /// The keys of a service, oldest first.
    async fn keys(&self, service: ServiceId) -> Result<Vec<KeyView>>;

    /// Adds a key. With `expire_others_at`, every other key of the service stops working then.
    async fn create_key(&self, key: NewKey, expire_others_at: Option<Timestamp>, audit: Audit) -> Result<()>;

    /// Revokes a key at once.
    async fn revoke_key(&self, key: KeyId, audit: Audit) -> Result<()>;

    /// Adds a provider.
    async fn create_provider(&self, provider: NewProvider, audit: Audit) -> Result<()>;

    /// Enables or disables a provider for good, whatever it was switched to for a time.
    async fn set_provider_active(&self, id: ProviderId, active: bool, audit: Audit) -> Result<()>;

    /// Changes a provider, unless somebody else did since it was looked at.
    async fn update_provider(&self, update: ProviderUpdate, audit: Audit) -> Result<Verdict>;

    /// Removes a provider with its settings and its secret. Its name is free for another one; what went through it
    /// keeps telling who it was.
    async fn remove_provider(&self, id: ProviderId, audit: Audit) -> Result<()>;

    /// Forces something, in place of what of this kind stands there; the hold as it is stored. One that switches
    /// the provider on or off has an end, and the provider is the opposite when it has ended, however it was before.
    async fn set_hold(&self, hold: NewHold, audit: Audit) -> Result<Hold>;

    /// Ends the holds on one thing that have these numbers and still stand, under one word of the audit log; those that
    /// it ended. Nothing is written when there is none.
    async fn end_holds(
        &self,
        on: HoldOn,
        holds: Vec<i64>,
        verb: &'static str,
        audit: Audit,
    ) -> Result<Vec<Hold>>;

    /// Removes the holds whose time was over at `now`; those that it removed.
    async fn expire_holds(&self, now: Timestamp) -> Result<Vec<Hold>>;

    /// The secret of a provider, unsealed.
    async fn provider_secret(&self, id: ProviderId) -> Result<Option<Secret<String>>>;

    /// Bytes of the database and of its write-ahead log.
    fn bytes(&self) -> (u64, u64);

    /// Why nothing new is taken; none when all is well.
    fn latched(&self) -> Option<Cause>;

    /// Free bytes on the disk of the log.
    fn disk_free(&self) -> u64;

    /// Answers when the thread that writes has come round: the sign of life that a supervisor is told.
    async fn beat(&self) -> Result<()>;

    /// Commits what is queued, checkpoints and closes. Later writes are refused.
    async fn close(&self);
}
