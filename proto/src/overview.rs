//! The operator's first screen in one answer: whether anything is wrong, how much there is of everything, and how it moves.
//!
//! All times are moments, never ages, so that an overview in which nothing moved stays the same and need not be sent again.

use crate::view::{write_opt_time, write_time};
use crate::{AlertKind, Channel, LatencyKind, ObjectKind, Open, Severity, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Webhooks of one overview at most, those that need a look first.
pub const MAX_WEBHOOKS: u32 = 60;

/// Time between two points of the trends of a line.
pub const LINE_STEP_MS: u64 = 60_000;

/// Time between two points of the trends of the whole.
pub const TREND_STEP_MS: u64 = 15_000;

/// The answer: the overview, unless nothing has changed since the revision that the caller has.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct OverviewReply {
    /// The revision of the overview as it is now. Counted within one run of the daemon: forget it with the connection.
    pub rev: u64,
    /// The overview; absent when `rev` is the one that the caller has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overview: Option<Box<Overview>>,
}

/// How everything is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Overview {
    /// When this was so first.
    #[serde(serialize_with = "write_time")]
    pub as_of: Timestamp,
    /// Notifications by status, over everything in the log.
    #[serde(default)]
    pub by_status: BTreeMap<String, u64>,
    /// The counters besides those of the log.
    #[serde(default)]
    pub counters: Counters,
    /// How fast things move, over the last minute.
    #[serde(default)]
    pub rates: Speeds,
    /// What needs attention, the worst first.
    #[serde(default)]
    pub attention: Vec<Alert>,
    /// The lines of work: one for each provider, in the order in which they are tried, then `webhooks`, `retries`,
    /// `scheduled`.
    #[serde(default)]
    pub queues: Vec<QueueLine>,
    /// The providers, in the order in which they are tried.
    #[serde(default)]
    pub providers: Vec<ProviderLine>,
    /// The webhooks, those that need a look first; as many as were asked for.
    #[serde(default)]
    pub webhooks: Vec<WebhookLine>,
    /// Webhooks that are not among them.
    #[serde(default)]
    pub webhooks_left_off: u64,
    /// How long things took in the last five minutes.
    #[serde(default)]
    pub latency: Vec<LatencyLine>,
    /// The same of each channel on which something went.
    #[serde(default)]
    pub channels: Vec<ChannelLine>,
    /// How it was in the last 15 minutes.
    #[serde(default)]
    pub trends: Trends,
}

/// What is counted besides the statuses of the log.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counters {
    /// Accepted since the daemon started.
    pub accepted: u64,
    /// Delivered since then.
    pub delivered: u64,
    /// Given up since then.
    pub failed: u64,
    /// Calls of providers under way.
    pub busy: u32,
    /// Calls that all active providers together may have under way.
    pub limit: u32,
    /// Events owed to webhooks.
    pub webhooks_owed: u64,
    /// Dead letters that came in the last hour. Those of them that came before the daemon started are counted among the
    /// newest 100,000 and while they are dead letters: too low where there are more, and soon after the start.
    pub dead_1h: u64,
    /// Acknowledged among the tries to tell webhooks in the last five minutes, 0 to 1; null when there was none.
    pub ack_share: Option<f64>,
}

/// How fast things move, each per second.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Speeds {
    /// Notifications accepted.
    pub accepted: f64,
    /// Notifications delivered.
    pub delivered: f64,
    /// Notifications given up.
    pub failed: f64,
    /// Retries that were given a time.
    pub retried: f64,
    /// Calls of providers finished.
    pub calls: f64,
    /// Tries to tell webhooks.
    pub told: f64,
}

/// Something that an operator should look at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// How bad.
    pub severity: Open<Severity>,
    /// What is wrong.
    pub kind: Open<AlertKind>,
    /// With what kind of thing.
    pub object: Open<ObjectKind>,
    /// Its name, as commands take it; of a webhook its id.
    pub name: String,
    /// What is wrong, in words; without ages.
    pub fact: String,
    /// Since when.
    #[serde(default, serialize_with = "write_opt_time")]
    pub since: Option<Timestamp>,
    /// When it may end by itself.
    #[serde(default, serialize_with = "write_opt_time")]
    pub until: Option<Timestamp>,
    /// The command that shows more.
    #[serde(default)]
    pub look: Option<String>,
}

/// One line of work.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct QueueLine {
    /// The provider's name, or `webhooks`, `retries`, `scheduled`.
    pub name: String,
    /// Whether it stands in front of one provider; the others are those of the whole.
    pub provider: bool,
    /// For a provider the word of [`QueueView::state`](crate::hold::QueueView::state); otherwise `running` or `late`.
    pub state: String,
    /// Ready to go. Of `retries` and `scheduled`, 1 when the first of it is past its time.
    pub ready: u64,
    /// What of it is on disk alone and would go to this provider first now: an estimate, looked at every few seconds.
    pub on_disk: u64,
    /// Calls under way.
    pub busy: u32,
    /// Calls at once; null where nothing bounds them.
    pub limit: Option<u32>,
    /// What waits for a time.
    pub later: u64,
    /// When the oldest of what is ready was accepted; of `retries` and `scheduled`, when it was due.
    #[serde(serialize_with = "write_opt_time")]
    pub oldest_at: Option<Timestamp>,
    /// When the first of what waits for a time is due: of `retries` or of `scheduled`, whichever is due first.
    #[serde(serialize_with = "write_opt_time")]
    pub next_at: Option<Timestamp>,
    /// Came, per second; 0 where it is not counted, which is of `webhooks` and `scheduled`.
    pub in_per_second: f64,
    /// Left, per second; 0 of `retries` and `scheduled`.
    pub out_per_second: f64,
    /// Failed among the calls of the last five minutes, 0 to 1; null when there was none.
    pub error_share: Option<f64>,
    /// From due to the begin of the call, in the last five minutes.
    pub wait_ms: Percentiles,
    /// Length, one point a minute, the oldest first, the newest last; fewer than 15 when it is not known for longer.
    pub trend: Vec<f64>,
}

/// One provider.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProviderLine {
    /// Its name.
    pub name: String,
    /// The channels it serves.
    pub channels: Vec<Open<Channel>>,
    /// Whether it is used.
    pub active: bool,
    /// Whether everything it touches is simulated.
    pub simulated: bool,
    /// Lower is tried first.
    pub priority: i32,
    /// `closed`, `half_open` or `open`.
    pub circuit: String,
    /// Since when it is not closed, as far as known.
    #[serde(serialize_with = "write_opt_time")]
    pub circuit_since: Option<Timestamp>,
    /// When an open one lets a call through by itself.
    #[serde(serialize_with = "write_opt_time")]
    pub circuit_until: Option<Timestamp>,
    /// Until when it asked to be left alone.
    #[serde(serialize_with = "write_opt_time")]
    pub throttled_until: Option<Timestamp>,
    /// Calls in the last five minutes.
    pub calls: u64,
    /// Accepted among them, 0 to 1; null when there was none.
    pub ok_share: Option<f64>,
    /// Calls finished per second, over the last minute.
    pub calls_per_second: f64,
    /// Those among them that it answered with "slow down", per second over the last five minutes.
    pub throttled_per_second: f64,
    /// Calls under way.
    pub busy: u32,
    /// Calls at once.
    pub limit: u32,
    /// How long calls took in the last five minutes.
    pub call_ms: Percentiles,
    /// The last thing that went wrong, without recipients.
    pub last_error: Option<String>,
    /// When it did.
    #[serde(serialize_with = "write_opt_time")]
    pub last_error_at: Option<Timestamp>,
    /// Calls per second, one point a minute, as in [`QueueLine::trend`].
    pub trend: Vec<f64>,
}

/// One webhook.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WebhookLine {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub service: String,
    /// Where it is, at most 80 characters.
    pub url: String,
    /// `ok`, `failing` (nothing was taken since `failing_since`), `disabled` (by the daemon) or `off` (by somebody).
    pub state: String,
    /// Since when it has taken nothing.
    #[serde(serialize_with = "write_opt_time")]
    pub failing_since: Option<Timestamp>,
    /// Tries in the last five minutes.
    pub tries: u64,
    /// Acknowledged among them, 0 to 1; null when there was none.
    pub ack_share: Option<f64>,
    /// Tries in the last five minutes that were not acknowledged.
    pub nacks: u64,
    /// Events owed to it.
    pub waiting: u64,
    /// Those of them that it did not take, and that it is told again.
    #[serde(default)]
    pub retrying: u64,
    /// Events that it did not take and is told no more, as long as they are kept.
    #[serde(default)]
    pub failed: u64,
    /// Acknowledged per second, over the last minute.
    pub acks_per_second: f64,
    /// From an event to its acknowledgement, in the last five minutes.
    pub ack_ms: Percentiles,
    /// The status of its last answer; null when there was none.
    pub last_code: Option<u16>,
    /// When it was told last.
    #[serde(serialize_with = "write_opt_time")]
    pub last_at: Option<Timestamp>,
    /// Acknowledged among the tries of the last hour, 0 to 100, one point for four minutes, the newest last; null where there
    /// was none.
    pub trend: Vec<Option<f64>>,
}

/// How long things took on one channel in the last five minutes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChannelLine {
    /// The channel.
    pub channel: Open<Channel>,
    /// From due to the begin of the call.
    #[serde(default)]
    pub wait_ms: Percentiles,
    /// Calls of providers.
    #[serde(default)]
    pub call_ms: Percentiles,
    /// From accepted to delivered.
    #[serde(default)]
    pub deliver_ms: Percentiles,
}

/// How long something took in the last five minutes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LatencyLine {
    /// What.
    pub kind: Open<LatencyKind>,
    /// Milliseconds.
    #[serde(default)]
    pub ms: Percentiles,
    /// Of 99 in 100, one point a minute, the newest last; null in a minute in which nothing was measured.
    #[serde(default)]
    pub trend: Vec<Option<f64>>,
}

/// Percentiles in milliseconds; null when nothing was measured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Percentiles {
    /// How many were measured.
    pub count: u64,
    /// Median.
    pub p50: Option<f64>,
    /// 95th percentile.
    pub p95: Option<f64>,
    /// 99th percentile.
    pub p99: Option<f64>,
    /// The longest.
    pub max: Option<f64>,
}

/// How the whole was in the last 15 minutes: 60 points, the oldest first, or fewer when it is not known for so long.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Trends {
    /// Milliseconds between two points.
    pub step_ms: u64,
    /// Accepted per second.
    pub accepted: Vec<f64>,
    /// Delivered per second.
    pub delivered: Vec<f64>,
    /// Given up per second.
    pub failed: Vec<f64>,
    /// Ready to go.
    pub ready: Vec<f64>,
    /// Waiting for a retry.
    pub retrying: Vec<f64>,
    /// Calls under way.
    pub busy: Vec<f64>,
    /// Acknowledged among the tries to tell webhooks, 0 to 100; null where there was none.
    pub ack: Vec<Option<f64>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_new_is_said_in_a_few_bytes() {
        let reply = OverviewReply { rev: 88_121, overview: None };
        assert_eq!(serde_json::to_string(&reply).unwrap(), r#"{"rev":88121}"#);
        assert_eq!(serde_json::from_str::<OverviewReply>(r#"{"rev":88121}"#).unwrap(), reply);
    }

    #[test]
    fn what_an_older_daemon_leaves_out_and_a_newer_one_adds_is_no_fault() {
        let text = r#"{"rev":1,"overview":{"as_of":"2026-11-21T14:32:07Z","moods":["calm"],
            "attention":[{"severity":"dire","kind":"flood","object":"cellar","name":"x","fact":"wet"}],
            "queues":[{"name":"msg91","ready":3}],"providers":[{"name":"msg91"}],"webhooks":[{"id":"wh"}]}}"#;
        let overview = serde_json::from_str::<OverviewReply>(text).unwrap().overview.unwrap();
        assert_eq!(overview.queues[0].ready, 3);
        assert_eq!(overview.attention[0].severity, Open::Unknown("dire".into()));
        assert_eq!((overview.latency.len(), overview.trends.step_ms), (0, 0));
    }
}
