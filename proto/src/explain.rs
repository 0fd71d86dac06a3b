//! Why a notification is where it is: every decision in a sentence, and what it waits for now.

use crate::control::RouteView;
use crate::view::{write_opt_time, write_time};
use crate::{Channel, NotificationId, Open, Priority, Status, Timestamp};
use serde::{Deserialize, Serialize};

/// One notification, explained.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// The notification.
    pub id: NotificationId,
    /// The service it belongs to, by name.
    pub service_name: String,
    /// All channels asked for, in fallback order.
    pub channels: Vec<Open<Channel>>,
    /// How urgent.
    pub priority: Open<Priority>,
    /// Where it stands.
    pub status: Open<Status>,
    /// Retries spent.
    pub retry_count: u32,
    /// Retries allowed after the first cycle.
    pub max_retries: u32,
    /// Not after.
    #[serde(serialize_with = "write_opt_time")]
    pub expires_at: Option<Timestamp>,
    /// What was decided and done, oldest first.
    pub decisions: Vec<Decision>,
    /// Whether there are older ones, which are left out.
    pub cut: bool,
    /// What it waits for now.
    pub now: Waits,
    /// Where it would go now, or when its time has come as things stand; empty for what is final or under way.
    pub route: RouteView,
}

/// One thing that was decided or done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// When.
    #[serde(serialize_with = "write_time")]
    pub at: Timestamp,
    /// In one word: an event of the story, or `attempt_begun`, `attempt_ended`, `passed_over`.
    pub what: String,
    /// Number of the attempt.
    pub attempt: Option<u32>,
    /// The channel.
    pub channel: Option<Open<Channel>>,
    /// The provider, by name.
    pub provider: Option<String>,
    /// Status of the notification from here on.
    pub status: Option<Open<Status>>,
    /// Why, in one word.
    pub reason: Option<String>,
    /// The same as a sentence.
    pub sentence: String,
}

/// What a notification waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waits {
    /// In one word: `nothing` when it is final, `outcome` of the attempt under way, its `time`, an `operator`, its `turn`,
    /// a free `slot`, the `opening` of a provider, the `engine` to deliver, the `log` to be written again, the `decision`
    /// that is due at the next look, or `unknown` for a status that this version does not know.
    #[serde(rename = "for")]
    pub what: String,
    /// Why, in one word.
    pub reason: Option<String>,
    /// The provider it is about, by name.
    pub provider: Option<String>,
    /// Since when.
    #[serde(serialize_with = "write_opt_time")]
    pub since: Option<Timestamp>,
    /// Until when, if that is known.
    #[serde(serialize_with = "write_opt_time")]
    pub until: Option<Timestamp>,
    /// All of it as a sentence.
    pub sentence: String,
}

/// What would become of a notification that was not sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preview {
    /// The service it would belong to, by name.
    pub service_name: String,
    /// In one word: `accepted`, `duplicate` of another one, or `refused`.
    pub verdict: String,
    /// Why it would be refused, a sentence each.
    pub refusals: Vec<String>,
    /// The one that it is equal to: the answer would be that one, and nothing would be sent. Told to admins alone.
    pub duplicate_of: Option<NotificationId>,
    /// All channels, in fallback order.
    pub channels: Vec<Open<Channel>>,
    /// How urgent.
    pub priority: Option<Open<Priority>>,
    /// When it would be due; at once when it is absent.
    #[serde(serialize_with = "write_opt_time")]
    pub due_at: Option<Timestamp>,
    /// Not after.
    #[serde(serialize_with = "write_opt_time")]
    pub expires_at: Option<Timestamp>,
    /// Retries after the first cycle.
    pub max_retries: Option<u32>,
    /// All of it in sentences.
    pub sentences: Vec<String>,
    /// Where it would go were it due now.
    pub route: RouteView,
}
