//! The batch verbs the rest of the daemon speaks, with their arguments and answers. A second database implements
//! [`Store`] and passes the same conformance suite; nothing here knows SQL.

use crate::bell::Bell;
use crate::directory::{Directory, Hold, Provider};
use crate::door::Door;
use crate::error::Result;
use crate::feed::Feed;
use crate::latch::Cause;
use crate::operations::Operations;
use crate::receipts::Receipts;
use async_trait::async_trait;
use notify_proto::filter::Filter;
use notify_proto::send::Recipient;
use notify_proto::view::{KeyView, NotificationDetail, NotificationPage, StatsView};
use notify_proto::{
    AttemptStatus, Channel, HoldKind, KeyId, NotificationId, Priority, ProviderId, ServiceId, Status,
    Timestamp,
};
use notifyd_lifecycle::admission::Draft;
use notifyd_lifecycle::candidate::Skip;
use notifyd_lifecycle::decide::Progress;
use notifyd_lifecycle::key::KeyHash;
use notifyd_lifecycle::order::Group;
use notifyd_lifecycle::steer::{Refusal, Wish};
use notifyd_lifecycle::{Message, Plan, Secret, Transition};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

/// Whose notifications a call may see: numbers are the store's own, from [`Directory`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Everybody's; for the engine and the control socket.
    All,
    /// One service's.
    Service(i64),
}

/// A draft to be accepted.
#[derive(Debug)]
pub struct NewNotification {
    /// Its id.
    pub id: NotificationId,
    /// The store's number of its service.
    pub service: i64,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// The checked request.
    pub draft: Draft,
    /// The caller's idempotency key, if any.
    pub idempotency: Option<Idempotency>,
    /// Name of the provider that would be chosen now; repeated when the answer is replayed.
    pub provider_name: Option<String>,
    /// The operator who asks for it, for the audit log; none when an application does.
    pub asked_by: Option<Audit>,
}

/// An idempotency key and what it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotency {
    /// 1 to 255 characters, chosen by the caller.
    pub key: String,
    /// SHA-256 of path and body: the same key with another request is refused.
    pub request: [u8; 32],
}

/// What became of an acceptance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accepted {
    /// It is on disk.
    Fresh(Receipt),
    /// An equal one within the window answers instead.
    Duplicate(Receipt),
    /// The idempotency key was used with this request before: this was the answer.
    Replayed {
        /// The stored answer.
        receipt: Receipt,
        /// Whether that answer was a duplicate's.
        duplicate: bool,
    },
    /// The idempotency key was used with another request.
    KeyReused,
}

/// What the answer to an acceptance is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The notification.
    pub id: NotificationId,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// Its status then (for a duplicate: now).
    pub status: Status,
    /// Its first channel.
    pub channel: Channel,
    /// The provider that would be chosen.
    pub provider_name: Option<String>,
}

/// A line of queued work on disk.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Backlog {
    /// The line: see [`Plan::lane`].
    pub lane: Arc<str>,
    /// Whose, how urgent, fresh or retried.
    pub group: Group,
}

/// A queued notification, loaded.
#[derive(Debug, Clone)]
pub struct Job {
    /// The store's number; ascending in the order of acceptance.
    pub seq: i64,
    /// Its id.
    pub id: NotificationId,
    /// Whose, how urgent, fresh or retried.
    pub group: Group,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When it was due first: then, or the time it was scheduled for.
    pub due_at: Timestamp,
    /// Not after.
    pub expires_at: Option<Timestamp>,
    /// Guards claim and record against anybody else's.
    pub fence: u32,
    /// Attempts written down so far.
    pub attempts: u32,
    /// Retries spent.
    pub retry_count: u32,
    /// How far it has got.
    pub progress: Progress,
    /// How to deliver it.
    pub plan: Plan,
    /// What to deliver.
    pub message: Message,
    /// Bytes of its stored form, to bound memory.
    pub bytes: usize,
    /// Whether its story says already that nothing could be tried: the last that happened to it. False where nobody asks.
    pub held: bool,
}

/// A slot takes a job: written down before the provider is called.
#[derive(Debug, Clone)]
pub struct Claim {
    /// Which.
    pub seq: i64,
    /// Its fence as loaded; the claim raises it by one.
    pub fence: u32,
    /// Attempts so far, from the job.
    pub attempts: u32,
    /// When.
    pub at: Timestamp,
    /// On which channel.
    pub channel: Channel,
    /// Through whom.
    pub provider: ProviderId,
    /// Who was passed over; written as skipped attempts before this one.
    pub skipped: Vec<Skip>,
}

impl Claim {
    /// The number of the attempt this claim writes down.
    pub fn attempt(&self) -> u32 {
        self.attempts + u32::try_from(self.skipped.len()).unwrap_or(u32::MAX) + 1
    }
}

/// How an attempt ended.
#[derive(Debug, Clone)]
pub struct AttemptEnd {
    /// Its number.
    pub number: u32,
    /// Through whom; kept on the notification as the last one.
    pub provider: ProviderId,
    /// On which channel.
    pub channel: Channel,
    /// How.
    pub status: AttemptStatus,
    /// Outcome class.
    pub class: &'static str,
    /// The provider's words.
    pub message: Option<String>,
    /// The provider's id.
    pub external_id: Option<String>,
    /// Whether nothing was really sent.
    pub simulated: bool,
    /// Whether the provider says later whether the message arrived.
    pub awaits_receipt: bool,
}

/// What is written after an attempt, or after a job that could not be tried.
#[derive(Debug, Clone)]
pub struct Record {
    /// Which.
    pub seq: i64,
    /// Its id, for the feed.
    pub id: NotificationId,
    /// Whose.
    pub group: Group,
    /// The fence the claim raised it to, or as loaded when there was no claim.
    pub fence: u32,
    /// When.
    pub at: Timestamp,
    /// The attempt; none when nothing was tried, and then the job is still `queued`.
    pub attempt: Option<AttemptEnd>,
    /// Who was passed over, when nothing was tried.
    pub skipped: Vec<Skip>,
    /// Attempts written down so far, those of the claim included.
    pub attempts: u32,
    /// What follows.
    pub transition: Transition,
    /// How far it has got.
    pub progress: Progress,
    /// The line it waits in next.
    pub lane: String,
    /// Whether an attempt of unknown end may be sent again.
    pub possible_duplicate: bool,
}

/// The verdict on a compare-and-set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is committed.
    Applied,
    /// The same step had been committed before.
    AlreadyDone,
    /// Somebody else moved the notification.
    SomeoneElses,
}

/// The answer to a change asked for by a person or a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    /// It is committed; the status now.
    Done(Status),
    /// There is no such notification in this scope.
    NotFound,
    /// Its status does not allow it.
    Refused(Status),
}

/// The answer to what an operator wants of a notification that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Steered {
    /// It is committed; the status now.
    Applied(Status),
    /// It was so already; the status it has.
    AlreadyDone(Status),
    /// Somebody else moved the notification at the same moment.
    SomeoneElses,
    /// There is no such notification in this scope.
    NotFound,
    /// The rules do not allow it.
    Refused(Refusal),
}

/// New values for a notification that was not sent yet; absent ones stay.
#[derive(Debug, Clone, Default)]
pub struct Edit {
    /// To whom, with the checked addresses.
    pub recipient: Option<(Recipient, BTreeMap<Channel, Vec<String>>)>,
    /// The text.
    pub content: Option<String>,
    /// Subject or title.
    pub subject: Option<String>,
    /// How urgent.
    pub priority: Option<Priority>,
    /// Not before; a time that has passed means now.
    pub scheduled_at: Option<Timestamp>,
    /// The caller's own data.
    pub meta_data: Option<Map<String, Value>>,
}

/// What became due.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Due {
    /// How many moved on.
    pub count: usize,
    /// When the next one is due; none when nothing waits for a time.
    pub next: Option<Timestamp>,
}

/// An attempt that another run of the daemon left without an outcome.
#[derive(Debug, Clone)]
pub struct Interrupted {
    /// The job, with the fence its claim raised.
    pub job: Job,
    /// Number of the attempt.
    pub attempt: u32,
    /// Through whom; none when that provider is gone.
    pub provider: Option<ProviderId>,
    /// On which channel.
    pub channel: Channel,
}

/// A page to read.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// Which.
    pub filter: Filter,
    /// Rows to skip; a cursor is cheaper.
    pub skip: u32,
    /// Rows, at most 1,000.
    pub limit: u32,
    /// Where the page before ended.
    pub cursor: Option<String>,
    /// Whether to count all that match.
    pub with_total: bool,
}

/// What waits for a time between two moments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    /// From here on; none for whatever was due before.
    pub from: Option<Timestamp>,
    /// Up to here; none for whatever is due later.
    pub to: Option<Timestamp>,
    /// How many.
    pub total: u64,
    /// How many of them wait for a retry; none when there are too many to look at each. The others are scheduled.
    pub retrying: Option<u64>,
}

/// What waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waits {
    /// For its turn.
    Queued,
    /// For the time of its next try.
    Retrying,
    /// For the time that its sender gave.
    Scheduled,
}

/// How to look at what waits.
#[derive(Debug, Clone)]
pub struct Look {
    /// At what.
    pub what: Waits,
    /// The moments that part the places, each farther from now than the one before: back in time for what is queued, ahead
    /// for what waits for a time. One place more than edges; with no edge, only how many there are.
    pub edges: Vec<Timestamp>,
    /// Numbers of queued notifications that are told of one by one besides.
    pub apart: HashSet<i64>,
}

/// How many wait in each place, of one line and one service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The line: see [`Plan::lane`].
    pub lane: Arc<str>,
    /// Whose.
    pub service: i64,
    /// How many, by place, the one nearest to now first.
    pub counts: Vec<u64>,
}

/// What a look at what waits found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// All of it.
    pub places: Vec<Place>,
    /// Those asked for by number that are queued, each of which is also among all.
    pub apart: Vec<(i64, Place)>,
    /// Whether what is queued is placed by when it was accepted, as too many are to know of each since when it is due.
    pub by_acceptance: bool,
    /// Whether all were looked at; if not, what waits for a time was looked at in the order in which it is due.
    pub whole: bool,
}

/// Notifications by status, kept as they change; no query.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts(pub [u64; 7]);

impl Counts {
    /// How many have this status.
    pub const fn of(&self, status: Status) -> u64 {
        self.0[status as usize]
    }
}

/// A new service.
#[derive(Debug, Clone)]
pub struct NewService {
    /// Its id.
    pub id: ServiceId,
    /// Its unique name.
    pub name: String,
    /// For people.
    pub description: Option<String>,
    /// Requests per second it may make.
    pub rate_per_second: Option<f64>,
}

/// A new key of a service.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// Its id.
    pub id: KeyId,
    /// The service it opens.
    pub service: ServiceId,
    /// What people tell it by.
    pub prefix: String,
    /// Its stored form.
    pub hash: KeyHash,
    /// For people.
    pub label: Option<String>,
    /// When it stops working.
    pub expires_at: Option<Timestamp>,
}

/// A new provider.
#[derive(Debug)]
pub struct NewProvider {
    /// Its id.
    pub id: ProviderId,
    /// Its unique name.
    pub name: String,
    /// Its type.
    pub kind: String,
    /// What it serves.
    pub channels: Vec<Channel>,
    /// Lower is tried first.
    pub priority: i32,
    /// Whether everything it touches is simulated.
    pub simulated: bool,
    /// Calls per second allowed.
    pub rate_per_second: Option<f64>,
    /// Calls at once after a pause.
    pub burst: Option<u32>,
    /// Calls under way at once.
    pub max_in_flight: u32,
    /// Settings without secrets.
    pub config: Value,
    /// The secret; sealed before it is written.
    pub secret: Option<Secret<String>>,
}

/// New values of a provider, checked as a whole.
#[derive(Debug)]
pub struct ProviderUpdate {
    /// Which.
    pub id: ProviderId,
    /// Its revision when it was looked at: with another one, somebody else changed it meanwhile.
    pub revision: i64,
    /// Its unique name.
    pub name: String,
    /// What it serves.
    pub channels: Vec<Channel>,
    /// Lower is tried first.
    pub priority: i32,
    /// Calls per second allowed.
    pub rate_per_second: Option<f64>,
    /// Calls at once after a pause.
    pub burst: Option<u32>,
    /// Calls under way at once.
    pub max_in_flight: u32,
    /// Settings without secrets.
    pub config: Value,
    /// Another secret; none keeps the one there is.
    pub secret: Option<Secret<String>>,
    /// Its name so far and what changes, for the audit log; without secrets.
    pub what: String,
}

impl ProviderUpdate {
    /// One that changes nothing yet.
    pub fn of(row: &Provider) -> Self {
        Self {
            id: row.id,
            revision: row.revision,
            name: row.name.clone(),
            channels: row.channels.clone(),
            priority: row.priority,
            rate_per_second: row.rate_per_second,
            burst: row.burst,
            max_in_flight: row.max_in_flight,
            config: row.config.clone(),
            secret: None,
            what: row.name.clone(),
        }
    }
}

/// What an operator wants to force on a provider.
#[derive(Debug, Clone)]
pub struct NewHold {
    /// On whom.
    pub provider: ProviderId,
    /// What.
    pub kind: HoldKind,
    /// Calls at once; for `limit` alone.
    pub limit: Option<u32>,
    /// How long it stands; none when somebody has to end it.
    pub lasts: Option<Duration>,
    /// Its word in the audit log.
    pub verb: &'static str,
}

/// Who changes something and why, for the audit log.
#[derive(Debug, Clone)]
pub struct Audit {
    /// Who: user name, uid and pid of the socket peer, or the service.
    pub actor: String,
    /// Why, in the caller's words.
    pub reason: Option<String>,
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

    /// A page of what waits for a time, soonest first.
    async fn schedule(&self, page: Page) -> Result<NotificationPage>;

    /// How many wait for a time before the first of these moments, between each two, and from the last on.
    async fn histogram(&self, bounds: Vec<Timestamp>) -> Result<Vec<Bucket>>;

    /// A page, newest first.
    async fn list(&self, scope: Scope, page: Page) -> Result<NotificationPage>;

    /// How many match, by status.
    async fn count(&self, scope: Scope, filter: Filter) -> Result<BTreeMap<String, u64>>;

    /// Counts, rates and latencies of the notifications accepted since `since`.
    async fn stats(&self, scope: Scope, tenant_id: Option<String>, since: Timestamp) -> Result<StatsView>;

    /// Age of the oldest queued notification.
    async fn oldest_queued(&self) -> Result<Option<Timestamp>>;

    /// How much of what waits is how old, or due in how long.
    async fn waiting(&self, look: Look) -> Result<Waiting>;

    /// How many came to each line of the queue since the store was opened.
    fn arrivals(&self) -> BTreeMap<Arc<str>, u64>;

    /// How many wait for an operator, counted up to 10,001.
    async fn held(&self) -> Result<u64>;

    /// Long work, and changes to many notifications.
    fn operations(&self) -> &dyn Operations;

    /// What providers say later of what they took.
    fn receipts(&self) -> &dyn Receipts;

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

    /// Writes an audit row for a change that is kept in memory only (unlocking a service, a shutdown, a test call).
    async fn audit(&self, verb: &'static str, target: String, audit: Audit) -> Result<()>;

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

    /// Forces something on a provider, in place of what of this kind stands; the hold as it is stored. One that switches
    /// the provider on or off has an end, and the provider is the opposite when it has ended, however it was before.
    async fn set_hold(&self, hold: NewHold, audit: Audit) -> Result<Hold>;

    /// Ends the holds of one provider that have these numbers and still stand, under one word of the audit log; those that
    /// it ended. Nothing is written when there is none.
    async fn end_holds(
        &self,
        provider: ProviderId,
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
