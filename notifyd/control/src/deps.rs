//! What the daemon hands in.

use crate::attention::Thresholds;
use arc_swap::ArcSwap;
use async_trait::async_trait;
use notify_proto::hold::Force;
use notify_proto::measured::{CallView, ServiceFigures, Tries};
use notify_proto::upkeep::{ConfigView, ReloadView};
use notify_proto::{Channel, DeliveryId, NotificationId, ProviderId, Timestamp};
use notifyd_engine::Handle;
use notifyd_engine::{
    Common, Figures, KindInfo, Of, ProviderState, Quantiles, Queue, Reach, Route, SettingError, Speeds,
    Standing, Telling, TestCall, Totals, Way,
};
use notifyd_lifecycle::admission::AdmissionRules;
use notifyd_lifecycle::steer::Wish;
use notifyd_lifecycle::{Clock, Entropy, Secret};
use notifyd_store::api::{Audit, Changed, Job, Steered};
use notifyd_store::operations::{NewOperation, Operation};
use notifyd_store::webhooks::Webhook;
use notifyd_store::{Store, StoreError, Upkeep};
use serde_json::Value;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What this room asks of the engine. The engine's [`Handle`] is one; tests put their own here.
#[async_trait]
pub trait EngineHandle: Send + Sync + 'static {
    /// Calls under way.
    fn in_flight(&self) -> u32;
    /// Since the daemon started.
    fn totals(&self) -> Totals;
    /// How a provider is doing.
    fn provider_state(&self, id: ProviderId) -> ProviderState;
    /// What stands in front of each provider.
    async fn queues(&self) -> Result<HashMap<ProviderId, Queue>, StoreError>;
    /// Where each job in memory stands, and where what is on disk would go.
    async fn standing(&self) -> Result<Standing, StoreError>;
    /// How fast things have moved over the last minute.
    fn speeds(&self) -> Speeds;
    /// How work goes.
    fn figures(&self) -> Figures;
    /// The newest points of a series, by its place among the metrics of its kind.
    fn points(&self, of: Of, index: usize, by_minute: bool, n: usize) -> Vec<f64>;
    /// The last calls of a provider, the newest first.
    fn calls(&self, id: ProviderId) -> Vec<CallView>;
    /// How tries ended that followed a failed one which had this in common.
    fn tries(&self, common: Common) -> Tries;
    /// How services do, by the store's number.
    fn services(&self) -> HashMap<i64, ServiceFigures>;
    /// How long things took of services: from due to the begin of the call, calls, from accepted to delivered.
    fn service_latencies(&self) -> HashMap<i64, [Quantiles; 3]>;
    /// Forces the circuit breaker of a provider.
    async fn force(&self, id: ProviderId, to: Force) -> Result<(), StoreError>;
    /// The types of providers there are.
    fn kinds(&self) -> Vec<KindInfo>;
    /// Checks the settings of a provider without making a call.
    fn check_provider(
        &self,
        kind: &str,
        config: &Value,
        secret: Option<&Secret<String>>,
    ) -> Result<(), SettingError>;
    /// Who would be tried now on each of these channels, for a notification pinned to this provider, if any.
    async fn route(
        &self,
        channels: Vec<Channel>,
        pinned: Option<ProviderId>,
    ) -> Result<Vec<Route>, StoreError>;
    /// One real call through a provider, outside the queue.
    async fn test_provider(
        &self,
        id: ProviderId,
        channel: Channel,
        to: &str,
    ) -> Result<TestCall, SettingError>;
    /// Whether the other end of a provider is there; nothing is sent.
    async fn reach_provider(&self, id: ProviderId, within: Duration) -> Result<Reach, SettingError>;
    /// How a webhook is told at this moment.
    fn telling(&self, webhook: &Webhook) -> Telling;
    /// Whether the endpoint of a webhook takes connections; nothing is told.
    async fn reach_webhook(&self, webhook: &Webhook, within: Duration) -> Reach;
    /// Revokes a notification that was not sent yet.
    async fn revoke(&self, id: NotificationId, audit: Audit) -> Result<Changed, StoreError>;
    /// Gives one that waits another time, lets it wait no more, or buries it.
    async fn steer(
        &self,
        id: NotificationId,
        wish: Wish,
        verb: &'static str,
        audit: Audit,
    ) -> Result<Steered, StoreError>;
    /// What becomes of this notification next; none while nothing is delivered yet.
    async fn way(&self, job: Job) -> Result<Option<Way>, StoreError>;
    /// Removes dead letters.
    async fn discard(&self, ids: Vec<NotificationId>, audit: Audit) -> Result<Vec<Changed>, StoreError>;
    /// Begins an operation that goes on after a restart.
    async fn begin(&self, operation: NewOperation, audit: Audit) -> Result<Operation, StoreError>;
    /// The body of an event as this webhook is told it now; none when it is not known.
    async fn told(&self, webhook: &Webhook, id: DeliveryId) -> Result<Option<Vec<u8>>, StoreError>;
}

#[async_trait]
impl EngineHandle for Handle {
    fn in_flight(&self) -> u32 {
        Self::in_flight(self)
    }

    fn totals(&self) -> Totals {
        Self::totals(self)
    }

    fn provider_state(&self, id: ProviderId) -> ProviderState {
        Self::provider_state(self, id)
    }

    async fn queues(&self) -> Result<HashMap<ProviderId, Queue>, StoreError> {
        Self::queues(self).await
    }

    async fn standing(&self) -> Result<Standing, StoreError> {
        Self::standing(self).await
    }

    fn speeds(&self) -> Speeds {
        Self::speeds(self)
    }

    fn figures(&self) -> Figures {
        Self::figures(self)
    }

    fn points(&self, of: Of, index: usize, by_minute: bool, n: usize) -> Vec<f64> {
        Self::points(self, of, index, by_minute, n)
    }

    fn calls(&self, id: ProviderId) -> Vec<CallView> {
        Self::calls(self, id)
    }

    fn tries(&self, common: Common) -> Tries {
        Self::tries(self, common)
    }

    fn services(&self) -> HashMap<i64, ServiceFigures> {
        Self::services(self)
    }

    fn service_latencies(&self) -> HashMap<i64, [Quantiles; 3]> {
        Self::service_latencies(self)
    }

    async fn force(&self, id: ProviderId, to: Force) -> Result<(), StoreError> {
        Self::force(self, id, to).await
    }

    fn kinds(&self) -> Vec<KindInfo> {
        Self::kinds(self)
    }

    fn check_provider(
        &self,
        kind: &str,
        config: &Value,
        secret: Option<&Secret<String>>,
    ) -> Result<(), SettingError> {
        Self::check_provider(self, kind, config, secret)
    }

    async fn route(
        &self,
        channels: Vec<Channel>,
        pinned: Option<ProviderId>,
    ) -> Result<Vec<Route>, StoreError> {
        Self::route(self, channels, pinned).await
    }

    async fn test_provider(
        &self,
        id: ProviderId,
        channel: Channel,
        to: &str,
    ) -> Result<TestCall, SettingError> {
        Self::test_provider(self, id, channel, to).await
    }

    async fn reach_provider(&self, id: ProviderId, within: Duration) -> Result<Reach, SettingError> {
        Self::reach_provider(self, id, within).await
    }

    fn telling(&self, webhook: &Webhook) -> Telling {
        Self::telling(self, webhook)
    }

    async fn reach_webhook(&self, webhook: &Webhook, within: Duration) -> Reach {
        Self::reach_webhook(self, webhook, within).await
    }

    async fn revoke(&self, id: NotificationId, audit: Audit) -> Result<Changed, StoreError> {
        Self::revoke(self, id, audit).await
    }

    async fn steer(
        &self,
        id: NotificationId,
        wish: Wish,
        verb: &'static str,
        audit: Audit,
    ) -> Result<Steered, StoreError> {
        Self::steer(self, id, wish, verb, audit).await
    }

    async fn way(&self, job: Job) -> Result<Option<Way>, StoreError> {
        Self::way(self, job).await
    }

    async fn discard(&self, ids: Vec<NotificationId>, audit: Audit) -> Result<Vec<Changed>, StoreError> {
        Self::discard(self, ids, audit).await
    }

    async fn begin(&self, operation: NewOperation, audit: Audit) -> Result<Operation, StoreError> {
        Self::begin(self, operation, audit).await
    }

    async fn told(&self, webhook: &Webhook, id: DeliveryId) -> Result<Option<Vec<u8>>, StoreError> {
        Self::told(self, webhook, id).await
    }
}

/// The configuration: read again, looked at, and what is logged for a while.
#[async_trait]
pub trait Reload: Send + Sync + 'static {
    /// Takes over what it can while it runs. All or nothing; the error is a sentence that says what is wrong.
    async fn reload(&self) -> Result<ReloadView, String>;
    /// The settings in force, without secrets.
    fn config(&self) -> Result<ConfigView, String>;
    /// What a reload would do now, or were this the configuration file.
    fn check(&self, text: Option<&str>) -> Result<ReloadView, String>;
    /// The configured log filter, when this one could be used in its place.
    fn check_log_filter(&self, filter: &str) -> Result<String, String>;
    /// Logs by this filter for so long; without one, by the configured one from now on.
    fn log_filter(&self, filter: Option<&str>, lasts: Duration) -> Result<(), String>;
}

/// Who the daemon is; what of [`DaemonInfo`](notify_proto::view::DaemonInfo) does not change while it runs.
#[derive(Debug, Clone)]
pub struct Daemon {
    /// Its version.
    pub version: String,
    /// Its process id.
    pub pid: u32,
    /// When it started.
    pub started_at: Timestamp,
    /// The address of the HTTP intake.
    pub listen: String,
    /// The state directory.
    pub state_dir: PathBuf,
    /// Version of the SQLite library inside.
    pub sqlite_version: String,
    /// The machine it runs on.
    pub host: String,
}

/// The rest of the daemon, as this room sees it.
#[derive(Clone)]
pub struct Deps {
    /// The log.
    pub store: Arc<dyn Store>,
    /// The same log, for its upkeep.
    pub upkeep: Arc<dyn Upkeep>,
    /// Reads the configuration again.
    pub reload: Arc<dyn Reload>,
    /// The engine.
    pub engine: Arc<dyn EngineHandle>,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Randomness for ids.
    pub entropy: Arc<dyn Entropy>,
    /// The rules for new notifications, the same as the intake's.
    pub rules: Arc<ArcSwap<AdmissionRules>>,
    /// From when on something needs attention.
    pub attention: Arc<ArcSwap<Thresholds>>,
    /// Who the daemon is.
    pub daemon: Daemon,
    /// Starts a graceful stop, with the time attempts under way get if it is not the configured one. Returns at once.
    pub stop: Arc<dyn Fn(Option<Duration>) + Send + Sync>,
    /// What else an operator should look at, a sentence each.
    pub concerns: Option<Arc<dyn Fn() -> Vec<String> + Send + Sync>>,
}
