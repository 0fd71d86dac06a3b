//! Delivering: what is queued, claimed and recorded.

use notify_proto::{AttemptStatus, Channel, NotificationId, ProviderId, Timestamp};
use notifyd_lifecycle::candidate::Skip;
use notifyd_lifecycle::decide::Progress;
use notifyd_lifecycle::order::Group;
use notifyd_lifecycle::{Message, Plan, Transition};
use std::sync::Arc;

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
    /// Since when it is queued: its acceptance, the end of what it waited for, or that of the attempt before.
    pub queued_at: Timestamp,
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
    /// Its id and the store's number of its service when this cycle is a retry, which webhooks are told of.
    pub retries: Option<(NotificationId, i64)>,
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
