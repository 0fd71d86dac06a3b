//! What is owed to webhooks, as the engine works with it: of what it tells, and what came of telling it.

use notify_proto::{
    Channel, DeliveryId, FailureReason, NotificationId, Priority, Status, Timestamp, WebhookEvent,
    WebhookFault, WebhookStatus,
};
use notifyd_lifecycle::Message;

/// What is told of a notification, as it was when it happened, as far as that may have changed since.
#[derive(Debug, Clone)]
pub struct Story {
    /// Its id.
    pub id: NotificationId,
    /// The store's number of its service.
    pub service: i64,
    /// Its first channel.
    pub channel: Channel,
    /// How urgent it is.
    pub priority: Priority,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// The time it was asked for.
    pub scheduled_at: Option<Timestamp>,
    /// Retries there may be.
    pub max_retries: u32,
    /// Whether a mock provider only pretended.
    pub simulated: bool,
    /// Whether the recipient may have got it twice.
    pub possible_duplicate: bool,
    /// Attempts by then, which is the number of the last.
    pub attempt: u32,
    /// Retries spent by then.
    pub retries: u32,
    /// When it was to be tried again.
    pub next_at: Option<Timestamp>,
    /// What is sent, to whom.
    pub message: Message,
    /// Its status then; none when that step wrote no event.
    pub status: Option<Status>,
    /// Why it was given up.
    pub failure: Option<FailureReason>,
    /// What the story says besides: what went wrong, or why it was revoked.
    pub detail: Option<String>,
    /// Through whom the last attempt was made.
    pub provider_name: Option<String>,
    /// The provider's id of it.
    pub external_id: Option<String>,
    /// What the provider said of that attempt.
    pub said: Option<String>,
    /// Whether it took it.
    pub taken: bool,
}

/// An event that is owed to a webhook and due.
#[derive(Debug, Clone)]
pub struct Owed {
    /// The store's number.
    pub no: i64,
    /// Its id, which is the `webhook-id` of every try.
    pub id: DeliveryId,
    /// What happened.
    pub event: WebhookEvent,
    /// The number of the event in the notification's story.
    pub n: u32,
    /// Tries so far.
    pub tries: u32,
    /// Those of them that were made before it was asked for once more.
    pub before: u32,
    /// From when the schedule counts.
    pub since: Timestamp,
    /// When it happened.
    pub created_at: Timestamp,
    /// When it is due; none when it is not owed.
    pub due_at: Option<Timestamp>,
    /// Of what; none in a test.
    pub story: Option<Box<Story>>,
}

/// What is owed to one webhook.
#[derive(Debug, Clone, Default)]
pub struct Next {
    /// What is due, oldest first.
    pub owed: Vec<Owed>,
    /// When something is due that is not yet.
    pub next: Option<Timestamp>,
}

/// What came of one try.
#[derive(Debug, Clone)]
pub struct Tried {
    /// The store's number of the delivery.
    pub no: i64,
    /// The store's number of the webhook.
    pub webhook: i64,
    /// Which try it was; 1 for the first.
    pub number: u32,
    /// When it ended.
    pub at: Timestamp,
    /// How long it took, milliseconds.
    pub duration_ms: u64,
    /// The status of the answer.
    pub code: Option<u16>,
    /// The body of the answer, at most 4 KiB.
    pub body: Option<String>,
    /// What went wrong; none when the endpoint took it.
    pub error: Option<String>,
    /// When it is tried again.
    pub again_at: Option<Timestamp>,
    /// Why the webhook is switched off by this.
    pub fault: Option<WebhookFault>,
}

impl Tried {
    /// Where the delivery stands after it.
    pub const fn status(&self) -> WebhookStatus {
        match (self.again_at, &self.error) {
            (Some(_), _) => WebhookStatus::Retrying,
            (None, None) => WebhookStatus::Acknowledged,
            (None, Some(_)) => WebhookStatus::Failed,
        }
    }
}
