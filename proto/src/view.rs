//! What is told about things: the same structs answer the HTTP intake and the control socket, so that a person and a
//! program see one truth. Members are added, never renamed; every optional member defaults when an older daemon leaves
//! it out.

use crate::hold::HoldView;
use crate::measured::{CallView, ServiceFigures, ServiceLatency};
use crate::send::Recipient;
use crate::{
    AttemptStatus, Channel, DeliveryProof, FailureReason, KeyId, NotificationId, Open, Priority, ProviderId,
    ReceiptStatus, ServiceId, Status, Timestamp,
};
use chrono::SecondsFormat;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Writes a moment as RFC 3339 in UTC with `Z` and milliseconds, the one form of every JSON output.
pub fn rfc3339(at: Timestamp) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// For serde: a moment as [`rfc3339`] writes it.
pub fn write_time<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&rfc3339(*at))
}

/// For serde: the same, or null.
pub fn write_opt_time<S: Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => serializer.serialize_str(&rfc3339(*at)),
        None => serializer.serialize_none(),
    }
}

/// One notification. Money is never in it; secrets never either.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NotificationView {
    /// Its id.
    pub id: NotificationId,
    /// The service it belongs to.
    pub service_id: ServiceId,
    /// That service's name.
    #[serde(default)]
    pub service_name: String,
    /// The first channel asked for.
    #[serde(rename = "type")]
    pub channel: Open<Channel>,
    /// All channels asked for, in fallback order.
    pub channels: Vec<Open<Channel>>,
    /// The channel of the last attempt.
    pub channel_used: Option<Open<Channel>>,
    /// Where it stands.
    pub status: Open<Status>,
    /// What proves the delivery.
    pub delivery_proof: Option<Open<DeliveryProof>>,
    /// To whom, as asked.
    pub recipient: Recipient,
    /// Subject or title.
    pub subject: Option<String>,
    /// The text.
    pub content: Option<String>,
    /// How urgent.
    pub priority: Open<Priority>,
    /// Provider of the last attempt, or the pinned one.
    pub provider_id: Option<ProviderId>,
    /// That provider's name.
    pub provider_name: Option<String>,
    /// The provider's own id of the message.
    pub external_id: Option<String>,
    /// Retries spent.
    pub retry_count: u32,
    /// Retries left.
    pub retries_left: u32,
    /// Retries allowed after the first cycle.
    pub max_retries: u32,
    /// While it waits for a retry: the delays of the next few after that one, seconds, without what chance adds to them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub delays_left_seconds: Vec<u64>,
    /// When it was accepted.
    #[serde(serialize_with = "write_time")]
    pub created_at: Timestamp,
    /// Not before.
    #[serde(serialize_with = "write_opt_time")]
    pub scheduled_at: Option<Timestamp>,
    /// When the next attempt is due.
    #[serde(serialize_with = "write_opt_time")]
    pub next_attempt_at: Option<Timestamp>,
    /// When a provider took it.
    #[serde(serialize_with = "write_opt_time")]
    pub delivered_at: Option<Timestamp>,
    /// When it was given up.
    #[serde(serialize_with = "write_opt_time")]
    pub failed_at: Option<Timestamp>,
    /// When it was revoked.
    #[serde(serialize_with = "write_opt_time")]
    pub cancelled_at: Option<Timestamp>,
    /// Not after.
    #[serde(serialize_with = "write_opt_time")]
    pub expires_at: Option<Timestamp>,
    /// The last error, in the provider's words; null when it came through in spite of it, or was revoked. Its attempt keeps
    /// it.
    pub error_message: Option<String>,
    /// Why it was given up.
    pub failure_reason: Option<Open<FailureReason>>,
    /// Whether a mock provider touched it: nothing was really sent.
    pub simulated: bool,
    /// Whether an attempt of unknown end was sent again.
    #[serde(default)]
    pub possible_duplicate: bool,
    /// The caller's own key of equal requests.
    #[serde(default)]
    pub dedup_key: Option<String>,
    /// The caller's own tenant.
    pub tenant_id: Option<String>,
    /// The caller's own event type.
    pub event_type: Option<String>,
    /// The batch it came with.
    pub batch_id: Option<String>,
    /// The correlation id of the request.
    pub correlation_id: Option<String>,
    /// The caller's own data.
    pub meta_data: Option<Map<String, Value>>,
}

impl NotificationView {
    /// Without the error of an earlier attempt, once nothing is wrong any more: it would read as if it had failed.
    pub fn settle(&mut self) {
        if matches!(self.status.known(), Some(Status::Delivered | Status::Cancelled)) {
            self.error_message = None;
        }
    }
}

/// One try on one channel through one provider.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttemptView {
    /// Notification id and number, joined by a dot.
    pub id: String,
    /// 1 for the first.
    pub number: u32,
    /// The channel.
    pub channel: Open<Channel>,
    /// The provider; null when the channel had none.
    pub provider_id: Option<ProviderId>,
    /// That provider's name.
    pub provider_name: Option<String>,
    /// How it ended.
    pub status: Open<AttemptStatus>,
    /// Outcome class or skip reason, one word.
    pub reason: Option<String>,
    /// When it started.
    #[serde(serialize_with = "write_time")]
    pub attempted_at: Timestamp,
    /// When its outcome was known.
    #[serde(serialize_with = "write_opt_time")]
    pub finished_at: Option<Timestamp>,
    /// From start to outcome, milliseconds.
    pub duration_ms: Option<u64>,
    /// The provider's own id of the message.
    pub external_id: Option<String>,
    /// The provider's answer, at most 2 KiB.
    pub response_data: Option<Value>,
    /// What went wrong.
    pub error_message: Option<String>,
    /// Whether a mock provider made it.
    pub simulated: bool,
    /// What receipts have said of it; null when its provider tells none.
    #[serde(default)]
    pub receipt: Option<Open<ReceiptStatus>>,
}

/// One line of a notification's story.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventView {
    /// Position in the story, from 1.
    pub sequence: u32,
    /// When.
    #[serde(serialize_with = "write_time")]
    pub at: Timestamp,
    /// What happened, one word: `created`, `released`, `retry_scheduled`, `delivered`, …
    pub event: String,
    /// Status before; null for the first line.
    pub from: Option<Open<Status>>,
    /// Status after.
    pub to: Open<Status>,
    /// Why, one word.
    pub reason: Option<String>,
    /// A sentence for people.
    pub detail: Option<String>,
}

/// A notification with all that is known of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NotificationDetail {
    /// The notification.
    pub notification: NotificationView,
    /// Its attempts, oldest first.
    pub attempts: Vec<AttemptView>,
    /// Its story, oldest first.
    pub events: Vec<EventView>,
    /// Seconds before each of its retries, as its policy has them; told on the control socket, of what is not final yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub retry_delays: Vec<u64>,
}

/// A page of notifications, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NotificationPage {
    /// The rows.
    pub items: Vec<NotificationView>,
    /// Where the next page starts; null on the last.
    pub next_cursor: Option<String>,
    /// How many match in all, when it was asked for.
    pub total: Option<u64>,
    /// Whether the scan stopped at its bound (100,000 rows) before the page was full: more may match further on.
    #[serde(default)]
    pub partial: bool,
}

/// A service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ServiceView {
    /// Its id, the `X-Service-Id` of its requests.
    pub id: ServiceId,
    /// Its unique name.
    pub name: String,
    /// For people.
    pub description: Option<String>,
    /// Whether its requests are accepted.
    pub active: bool,
    /// Requests per second it may make; null for no limit of its own.
    #[serde(default)]
    pub rate_per_second: Option<f64>,
    /// When it was created.
    #[serde(serialize_with = "write_time")]
    pub created_at: Timestamp,
    /// Keys that work now.
    pub active_keys: u32,
    /// Failed authentications within the last two hours.
    pub auth_failures: u32,
    /// When failed authentications stop being refused at once; null when they are not.
    #[serde(serialize_with = "write_opt_time")]
    pub locked_until: Option<Timestamp>,
    /// Requests within the last 24 hours that were equal to one accepted before, and answered with it.
    #[serde(default)]
    pub deduplicated_24h: u64,
    /// Requests within the last 24 hours that were refused because it asked too often.
    #[serde(default)]
    pub throttled_24h: u64,
    /// What it sends, and what becomes of it; null for one of which nothing has happened for long.
    #[serde(default)]
    pub figures: Option<ServiceFigures>,
    /// How long that took; null for one of which nothing was measured in the last five minutes, as for those beyond the
    /// [`MAX_TIMED_SERVICES`](crate::measured::MAX_TIMED_SERVICES) that are measured at once.
    #[serde(default)]
    pub latency: Option<ServiceLatency>,
}

/// An API key, never the key itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeyView {
    /// Its id.
    pub id: KeyId,
    /// The first eight characters of its random half, to tell keys apart.
    pub prefix: String,
    /// Twelve hexadecimal digits of what is stored of it: as long as they are the same it is the same key.
    #[serde(default)]
    pub fingerprint: String,
    /// For people.
    pub label: Option<String>,
    /// When it was created.
    #[serde(serialize_with = "write_time")]
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    #[serde(serialize_with = "write_opt_time")]
    pub last_used_at: Option<Timestamp>,
    /// When it stops working.
    #[serde(serialize_with = "write_opt_time")]
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    #[serde(serialize_with = "write_opt_time")]
    pub revoked_at: Option<Timestamp>,
}

/// A provider account. Its configuration is shown without secrets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProviderView {
    /// Its id.
    pub id: ProviderId,
    /// Its unique name.
    pub name: String,
    /// Its type: `mock`, `smtp`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// The channels it serves.
    pub channels: Vec<Open<Channel>>,
    /// Lower is tried first.
    pub priority: i32,
    /// Whether it is used.
    pub active: bool,
    /// Whether everything it touches is simulated.
    pub simulated: bool,
    /// Calls per second allowed; null for no limit.
    pub rate_per_second: Option<f64>,
    /// Calls at once after a pause; null for the default.
    pub burst: Option<u32>,
    /// Calls under way at once.
    pub max_in_flight: u32,
    /// Circuit breaker: `closed`, `half_open` or `open`.
    #[serde(default)]
    pub circuit: String,
    /// Why the circuit is not closed.
    #[serde(default)]
    pub circuit_reason: Option<String>,
    /// When an open circuit lets a call through again by itself; null for never, or when it is not open.
    #[serde(default, serialize_with = "write_opt_time")]
    pub circuit_until: Option<Timestamp>,
    /// Until when the provider asked to be left alone.
    #[serde(default, serialize_with = "write_opt_time")]
    pub throttled_until: Option<Timestamp>,
    /// Calls per second it takes, as learned from being throttled; null while nothing holds it below `rate_per_second`.
    #[serde(default)]
    pub learned_rate: Option<f64>,
    /// Calls under way now.
    #[serde(default)]
    pub in_flight: u32,
    /// What operators force on it.
    #[serde(default)]
    pub holds: Vec<HoldView>,
    /// The configuration with secrets left out; only in `provider show`.
    #[serde(default)]
    pub config: Option<Value>,
    /// Its last calls since the daemon started, the newest first; only in `provider show`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<CallView>,
    /// When it was created.
    #[serde(serialize_with = "write_time")]
    pub created_at: Timestamp,
}

/// Whether the daemon does its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// All is well.
    Healthy,
    /// It works, but something needs a look: an open circuit, a simulated provider.
    Degraded,
    /// It cannot take or deliver notifications.
    Unhealthy,
}

impl Health {
    /// The word as written in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Unhealthy => "unhealthy",
        }
    }
}

/// The one-screen answer to "how is it?".
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StatusView {
    /// Overall.
    pub health: Health,
    /// Why it is not healthy, a sentence each.
    pub concerns: Vec<String>,
    /// Notifications by status, over everything in the log.
    pub by_status: BTreeMap<String, u64>,
    /// Attempts under way.
    pub in_flight: u32,
    /// Notifications accepted since the daemon started.
    pub accepted: u64,
    /// Notifications delivered since the daemon started.
    pub delivered: u64,
    /// Notifications given up since the daemon started.
    pub failed: u64,
    /// Age of the oldest queued notification, seconds.
    pub oldest_queued_seconds: Option<u64>,
    /// Events owed to webhooks.
    #[serde(default)]
    pub webhooks_owed: u64,
    /// The providers.
    pub providers: Vec<ProviderView>,
    /// Who answers.
    pub daemon: DaemonInfo,
}

/// Who answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DaemonInfo {
    /// Its version.
    pub version: String,
    /// Its process id.
    pub pid: u32,
    /// When it started.
    #[serde(serialize_with = "write_time")]
    pub started_at: Timestamp,
    /// How long ago, seconds.
    pub uptime_seconds: u64,
    /// The address of the HTTP intake.
    pub listen: String,
    /// The state directory.
    pub state_dir: String,
    /// The control socket.
    pub socket: String,
    /// Bytes of the database file and its write-ahead log.
    pub store_bytes: u64,
    /// Version of the SQLite library inside.
    pub sqlite_version: String,
}

/// Counts, rates and latencies over a span of time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct StatsView {
    /// Accepted at or after this moment.
    #[serde(serialize_with = "write_opt_time")]
    pub since: Option<Timestamp>,
    /// Notifications in all.
    pub total: u64,
    /// By status.
    pub by_status: BTreeMap<String, u64>,
    /// By first channel.
    pub by_channel: BTreeMap<String, u64>,
    /// By provider of the last attempt.
    pub by_provider: BTreeMap<String, u64>,
    /// By priority.
    pub by_priority: BTreeMap<String, u64>,
    /// By service.
    #[serde(default)]
    pub by_service: BTreeMap<String, u64>,
    /// What is not final, by where it stands: `scheduled`, `retries`, the provider of the last attempt, or the first
    /// channel of what was not tried yet.
    #[serde(default)]
    pub by_queue: BTreeMap<String, u64>,
    /// Failed ones, by why they were given up.
    #[serde(default)]
    pub by_error: BTreeMap<String, u64>,
    /// Delivered among delivered and failed, 0 to 1; null when none is final.
    pub success_rate: Option<f64>,
    /// From acceptance to delivery.
    pub latency_ms: Latency,
    /// Due and waiting for their turn.
    pub queue_depth: u64,
    /// Whether the scan stopped at its bound (1,000,000 rows): older ones are not counted.
    pub partial: bool,
    /// What the webhooks of the service were told of them.
    #[serde(default)]
    pub webhooks: Acks,
}

/// How much of what webhooks were told they took.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Acks {
    /// Events owed at or after that moment.
    pub total: u64,
    /// By where they stand now.
    pub by_status: BTreeMap<String, u64>,
    /// Acknowledged among acknowledged and failed, 0 to 1; null when none has come to its end.
    pub ack_rate: Option<f64>,
    /// From owed to acknowledged.
    pub ack_ms: Latency,
    /// Whether the scan stopped at its bound (100,000 events, shared by the webhooks): older ones are not counted.
    pub partial: bool,
}

/// Percentiles in milliseconds; null when nothing was measured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latency {
    /// Median.
    pub p50: Option<u64>,
    /// 95th percentile.
    pub p95: Option<u64>,
    /// 99th percentile.
    pub p99: Option<u64>,
}
