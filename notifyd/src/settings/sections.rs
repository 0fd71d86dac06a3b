//! The sections that are not a room's own options.

use super::SettingsError;
use notify_proto::OnUnknown;
use notifyd_engine::WebhookOptions;
use notifyd_lifecycle::admission::{AdmissionRules, MAX_DEDUP_WINDOW};
use notifyd_lifecycle::breaker::BreakerRules;
use notifyd_lifecycle::retry::RetryPolicy;
use notifyd_store::Retention;
use notifyd_store::disk::Room;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

pub(super) const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn within<T: PartialOrd + std::fmt::Display>(
    key: &'static str,
    value: &T,
    least: &T,
    most: &T,
) -> Result<(), SettingsError> {
    if value < least || value > most {
        return Err(SettingsError::Range {
            key,
            problem: format!("{value} is not between {least} and {most}"),
        });
    }
    Ok(())
}

/// `[store]`: the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Store {
    /// State directory; `--state-dir` goes before it.
    pub path: Option<PathBuf>,
    /// Connections that read, 1 to 64.
    pub readers: u32,
    /// Days delivered notifications are kept, 1 to 3,650.
    pub keep_delivered_days: u32,
    /// Days dead letters are kept, 1 to 3,650.
    pub keep_failed_days: u32,
    /// Days cancelled notifications are kept, 1 to 3,650.
    pub keep_cancelled_days: u32,
    /// MiB of the disk that must be free for anything new to be taken, 0 to 1,048,576; 0 for no floor.
    pub free_floor_mib: u64,
    /// MiB held in reserve for outcomes on a full disk, 0 to 65,536; 0 for none.
    pub reserve_mib: u64,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            path: None,
            readers: 4,
            keep_delivered_days: 30,
            keep_failed_days: 30,
            keep_cancelled_days: 30,
            free_floor_mib: Room::default().floor >> 20,
            reserve_mib: Room::default().reserve >> 20,
        }
    }
}

impl Store {
    pub(super) fn check(&self) -> Result<(), SettingsError> {
        within("store.readers", &self.readers, &1, &64)?;
        within("store.keep_delivered_days", &self.keep_delivered_days, &1, &3_650)?;
        within("store.keep_failed_days", &self.keep_failed_days, &1, &3_650)?;
        within("store.keep_cancelled_days", &self.keep_cancelled_days, &1, &3_650)?;
        within("store.free_floor_mib", &self.free_floor_mib, &0, &1_048_576)?;
        within("store.reserve_mib", &self.reserve_mib, &0, &65_536)
    }

    /// How much room there must be on the disk.
    pub const fn room(&self) -> Room {
        Room { floor: self.free_floor_mib << 20, reserve: self.reserve_mib << 20 }
    }

    /// How long final notifications are kept.
    pub fn retention(&self) -> Retention {
        let days = |count: u32| seconds(u64::from(count) * 86_400);
        Retention {
            delivered: days(self.keep_delivered_days),
            failed: days(self.keep_failed_days),
            cancelled: days(self.keep_cancelled_days),
        }
    }
}

/// A retry policy: a list of delays, or a formula.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Policy {
    /// One delay per retry, seconds.
    Delays {
        /// The delays.
        delays: Vec<u32>,
    },
    /// `base · factor^n`, at most `cap`, seconds.
    Formula {
        /// First delay.
        base: u32,
        /// Growth.
        factor: f64,
        /// Longest delay.
        cap: u32,
        /// Retries after the first cycle.
        max_retries: u32,
    },
}

impl From<Policy> for RetryPolicy {
    fn from(policy: Policy) -> Self {
        match policy {
            Policy::Delays { delays } => Self::Delays(delays),
            Policy::Formula { base, factor, cap, max_retries } => {
                Self::Formula { base, factor, cap, max_retries }
            }
        }
    }
}

/// `[delivery.policy_by_priority]`: the policy of a notification that does not name one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PolicyByPriority {
    /// For `instant`.
    pub instant: String,
    /// For `high`.
    pub high: String,
    /// For `normal`.
    pub normal: String,
    /// For `low`.
    pub low: String,
}

impl Default for PolicyByPriority {
    fn default() -> Self {
        let [instant, high, normal, low] = ["urgent", "urgent", "standard", "standard"].map(str::to_owned);
        Self { instant, high, normal, low }
    }
}

/// `[delivery]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Delivery {
    /// How far back an equal request answers the existing notification, seconds, 1 to 86,400.
    pub dedup_window_seconds: u64,
    /// When a notification that does not say so itself expires, seconds after it is due; absent for never.
    pub expires_after_seconds: Option<u64>,
    /// What to do after an attempt of unknown end: `resend`, `hold` or `fail`.
    pub on_unknown: OnUnknown,
    /// Age at which `low` work counts as `normal`, seconds, 1 to 86,400.
    pub ageing_seconds: u64,
    /// Whether a notification goes to the next provider when the one that comes first stays busy.
    pub overflow: bool,
    /// How long it waits for a busy one before that, seconds, 0 to 3,600; urgent work a tenth of it.
    pub overflow_after_seconds: u64,
    /// Longest a call of a provider may take, seconds, 1 to 3,600.
    pub attempt_timeout_seconds: u64,
    /// How long calls under way may finish at a stop, seconds, 0 to 600.
    pub drain_timeout_seconds: u64,
    /// Queued notifications held in memory, 100 to 1,000,000.
    pub loaded: usize,
    /// MiB of queued content held in memory, 1 to 4,096.
    pub loaded_mib: usize,
    /// The policy of a notification that does not name one.
    pub policy_by_priority: PolicyByPriority,
    /// Retry policies of your own, by name, beside `standard`, `urgent`, `fixed`, `exponential`.
    pub policies: BTreeMap<String, Policy>,
}

impl Default for Delivery {
    fn default() -> Self {
        Self {
            dedup_window_seconds: 1_800,
            expires_after_seconds: None,
            on_unknown: OnUnknown::Resend,
            ageing_seconds: 600,
            overflow: true,
            overflow_after_seconds: 1,
            attempt_timeout_seconds: 120,
            drain_timeout_seconds: 10,
            loaded: 10_000,
            loaded_mib: 32,
            policy_by_priority: PolicyByPriority::default(),
            policies: BTreeMap::new(),
        }
    }
}

impl Delivery {
    pub(super) fn check(&self) -> Result<(), SettingsError> {
        within(
            "delivery.dedup_window_seconds",
            &self.dedup_window_seconds,
            &1,
            &u64::from(MAX_DEDUP_WINDOW),
        )?;
        within("delivery.expires_after_seconds", &self.expires_after_seconds.unwrap_or(1), &1, &31_536_000)?;
        within("delivery.ageing_seconds", &self.ageing_seconds, &1, &86_400)?;
        within("delivery.overflow_after_seconds", &self.overflow_after_seconds, &0, &3_600)?;
        within("delivery.attempt_timeout_seconds", &self.attempt_timeout_seconds, &1, &3_600)?;
        within("delivery.drain_timeout_seconds", &self.drain_timeout_seconds, &0, &600)?;
        within("delivery.loaded", &self.loaded, &100, &1_000_000)?;
        within("delivery.loaded_mib", &self.loaded_mib, &1, &4_096)
    }
}

/// `[breaker]`: when a provider's circuit opens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Breaker {
    /// Failures in a row, 1 to 1,000.
    pub consecutive: u32,
    /// Share of failures within the window, above 0 to 1.
    pub failure_rate: f64,
    /// Calls within the window before the share counts, 1 to 1,000.
    pub min_calls: usize,
    /// The window, seconds, 1 to 3,600.
    pub window_seconds: u64,
    /// How long it stays open before a probe, seconds, 1 to 86,400; doubles with each failed probe.
    pub open_seconds: u64,
    /// How long it stays open at most, seconds, 1 to 86,400.
    pub open_seconds_max: u64,
}

impl Default for Breaker {
    fn default() -> Self {
        let rules = BreakerRules::default();
        Self {
            consecutive: rules.consecutive,
            failure_rate: rules.failure_rate,
            min_calls: rules.min_calls,
            window_seconds: rules.window.as_secs(),
            open_seconds: rules.open_for.as_secs(),
            open_seconds_max: rules.open_for_max.as_secs(),
        }
    }
}

impl Breaker {
    pub(super) fn check(&self) -> Result<(), SettingsError> {
        within("breaker.consecutive", &self.consecutive, &1, &1_000)?;
        within("breaker.failure_rate", &self.failure_rate, &0.01, &1.0)?;
        within("breaker.min_calls", &self.min_calls, &1, &1_000)?;
        within("breaker.window_seconds", &self.window_seconds, &1, &3_600)?;
        within("breaker.open_seconds", &self.open_seconds, &1, &86_400)?;
        within("breaker.open_seconds_max", &self.open_seconds_max, &1, &86_400)
    }

    /// The rules.
    pub const fn rules(&self) -> BreakerRules {
        BreakerRules {
            consecutive: self.consecutive,
            failure_rate: self.failure_rate,
            min_calls: self.min_calls,
            window: seconds(self.window_seconds),
            open_for: seconds(self.open_seconds),
            open_for_max: seconds(self.open_seconds_max),
        }
    }
}

/// `[webhooks]`: what is called over HTTP, and how services are told what happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Webhooks {
    /// Networks that may be called though they are not public, such as `10.1.0.0/16`, or one port of them, as in
    /// `127.0.0.1/32:8080` and `[::1]/128:9000`.
    pub allow_private: Vec<String>,
    /// Webhooks a service may have, 1 to 10,000.
    pub per_service: usize,
    /// Requests at the same time to one webhook, 1 to 100.
    pub concurrency: usize,
    /// The same to all of them together, 8 to 10,000.
    pub connections: usize,
    /// Days after which a webhook that took nothing all that time is switched off, 0 to 365; 0 for never.
    pub disable_after_days: u32,
}

impl Default for Webhooks {
    fn default() -> Self {
        let options = WebhookOptions::default();
        Self {
            allow_private: Vec::new(),
            per_service: AdmissionRules::default().webhooks_per_service,
            concurrency: options.concurrency,
            connections: options.connections,
            disable_after_days: 5,
        }
    }
}

impl Webhooks {
    pub(super) fn check(&self) -> Result<(), SettingsError> {
        within("webhooks.per_service", &self.per_service, &1, &10_000)?;
        within("webhooks.concurrency", &self.concurrency, &1, &100)?;
        within("webhooks.connections", &self.connections, &8, &10_000)?;
        within("webhooks.disable_after_days", &self.disable_after_days, &0, &365)
    }

    /// The engine's options.
    pub fn options(&self) -> WebhookOptions {
        let days = u64::from(self.disable_after_days);
        WebhookOptions {
            concurrency: self.concurrency,
            connections: self.connections,
            disable_after: (days > 0).then(|| seconds(days * 86_400)),
        }
    }
}

/// `[attention]`: ranges that types cannot say.
pub(super) fn check_attention(it: &notifyd_control::Thresholds) -> Result<(), SettingsError> {
    within("attention.queue_age_seconds", &it.queue_age_seconds, &1, &86_400)?;
    within("attention.stalled_seconds", &it.stalled_seconds, &1, &86_400)?;
    within("attention.ack_percent", &it.ack_percent, &0, &100)?;
    within("attention.ack_min_tries", &it.ack_min_tries, &1, &1_000_000)?;
    within("attention.dead_per_hour", &it.dead_per_hour, &1, &1_000_000_000)?;
    within("attention.disk_free_mib", &it.disk_free_mib, &0, &1_000_000_000)?;
    within("attention.hold_ending_seconds", &it.hold_ending_seconds, &0, &86_400)?;
    within("attention.clock_set_minutes", &it.clock_set_minutes, &0, &1_440)
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// `human` on a terminal, `json` otherwise.
    Auto,
    /// For people.
    Human,
    /// One JSON object a line.
    Json,
}

/// `[log]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// Level, or a filter by target such as `info,notifyd_engine=debug`.
    pub filter: String,
    /// How lines look on stderr; files are always JSON.
    pub format: LogFormat,
    /// Also write rolling files, one a day, in this directory.
    pub directory: Option<PathBuf>,
    /// Files kept, 1 to 365.
    pub keep_files: usize,
}

impl Default for Log {
    fn default() -> Self {
        Self { filter: "info".to_owned(), format: LogFormat::Auto, directory: None, keep_files: 14 }
    }
}
