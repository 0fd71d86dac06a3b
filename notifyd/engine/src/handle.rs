//! What the rest of the daemon may ask of the engine.

use crate::attempt::ask;
use crate::route::Route;
use crate::way::Way;
use crate::{Ask, Options, Queue, Speeds, Standing};
use notify_proto::hold::Force;
use notify_proto::{Channel, DeliveryId, HoldKind, NotificationId, ProviderId, Status, Timestamp};
use notifyd_lifecycle::steer::Wish;
use notifyd_lifecycle::{Message, Report, Secret, address};
use notifyd_providers::{Call, ConfigError, Provider};
use notifyd_store::StoreError;
use notifyd_store::api::{Audit, Changed, Job, Scope, Steered};
use notifyd_store::operations::{NewOperation, Operation};
use notifyd_store::webhooks::Webhook;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// A cheap handle to the running engine.
#[derive(Clone)]
pub struct Handle {
    pub(crate) inner: std::sync::Arc<crate::Inner>,
}

/// How a provider is doing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ProviderState {
    /// `closed`, `half_open` or `open`.
    pub circuit: &'static str,
    /// Why it is not closed.
    pub reason: Option<String>,
    /// When an open circuit lets a call through again, unless somebody does so by hand.
    pub probe_at: Option<Timestamp>,
    /// Until when the provider asked to be left alone.
    pub throttled_until: Option<Timestamp>,
    /// Calls per second it takes as far as that was learned from being throttled; none while nothing holds it below what is
    /// configured.
    pub learned_rate: Option<f64>,
    /// Since when its circuit is not closed.
    pub since: Option<Timestamp>,
    /// Calls under way.
    pub in_flight: u32,
    /// `disabled`, `paused` or `draining`, when an operator keeps new work from it.
    pub held: Option<&'static str>,
}

/// What the loop lets handles see of a provider.
pub(crate) struct Shown {
    pub circuit: &'static str,
    pub reason: Option<String>,
    pub probe_at: Option<Instant>,
    pub throttled_until: Option<Instant>,
    pub learned_rate: Option<f64>,
    pub since: Option<Timestamp>,
    pub in_flight: Arc<AtomicU32>,
}

/// Since the daemon started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Accepted.
    pub accepted: u64,
    /// Delivered.
    pub delivered: u64,
    /// Given up.
    pub failed: u64,
}

/// A type of provider.
#[derive(Debug, Clone, PartialEq)]
pub struct KindInfo {
    /// Its name.
    pub name: &'static str,
    /// What it can serve.
    pub channels: Vec<Channel>,
    /// Whether everything it touches is simulated.
    pub simulated: bool,
    /// Settings with which `provider seed` creates one; none when it cannot do without the operator's own.
    pub seed: Option<Value>,
}

/// A setting of a provider that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct SettingError {
    /// Which.
    pub field: String,
    /// What is wrong and how to mend it.
    pub problem: String,
}

/// The result of one call outside the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestCall {
    /// What the provider said.
    pub report: Report,
    /// How long it took.
    pub elapsed: Duration,
    /// Whether nothing was really sent.
    pub simulated: bool,
}

impl Handle {
    /// Whether it delivers; not before what another run left is taken up, nor after it has stopped.
    pub fn is_running(&self) -> bool {
        self.inner.running.load(Ordering::Acquire)
    }

    /// Waits until it delivers for the first time.
    pub async fn started(&self) {
        self.inner.started.cancelled().await;
    }

    /// Answers when the loop has come round: the sign of life that a supervisor is told. Fails when there is no loop.
    pub async fn beat(&self) -> Result<(), StoreError> {
        self.ask(Ask::Beat).await
    }

    async fn ask<T>(&self, ask: impl FnOnce(oneshot::Sender<T>) -> Ask) -> Result<T, StoreError> {
        let (answer, heard) = oneshot::channel();
        self.inner.asks.send(ask(answer)).await.map_err(|_| StoreError::Closing)?;
        heard.await.map_err(|_| StoreError::Closing)
    }

    /// Who would be tried now on each of these channels, in which order, and why; for a notification pinned to this
    /// provider, if any. Fails when there is no loop.
    pub async fn route(
        &self,
        channels: Vec<Channel>,
        pinned: Option<ProviderId>,
    ) -> Result<Vec<Route>, StoreError> {
        self.ask(|answer| Ask::Route { channels, pinned, answer }).await
    }

    /// What becomes of this notification next, as things stand; none while nothing is delivered yet.
    pub async fn way(&self, job: Job) -> Result<Option<Way>, StoreError> {
        if !self.is_running() {
            return Ok(None);
        }
        self.ask(|answer| Ask::Way(Box::new(job), answer)).await.map(Some)
    }

    /// What stands in front of each provider. Asked after a change was committed, it counts all that began before the
    /// change was obeyed. Empty while nothing is delivered yet.
    pub async fn queues(&self) -> Result<HashMap<ProviderId, Queue>, StoreError> {
        if self.is_running() { self.ask(Ask::Queues).await } else { Ok(HashMap::new()) }
    }

    /// Where each job in memory stands, and where what is on disk would go. Empty while nothing is delivered yet.
    pub async fn standing(&self) -> Result<Standing, StoreError> {
        if self.is_running() { self.ask(Ask::Standing).await } else { Ok(Standing::default()) }
    }

    /// How fast things have moved over the last minute.
    pub fn speeds(&self) -> Speeds {
        self.inner.rates.speeds(&self.inner.deps)
    }

    /// Forces the circuit breaker of a provider; a breaker that does not run yet is closed.
    pub async fn force(&self, provider: ProviderId, to: Force) -> Result<(), StoreError> {
        if !self.is_running() {
            return Ok(());
        }
        self.ask(|answer| Ask::Force(provider, to, answer)).await
    }

    /// Changes what may change while it runs: calls and turns that begin from now on follow it.
    pub fn set_options(&self, options: Options) {
        self.set_drain_timeout(options.drain_timeout);
        self.inner.options.store(Arc::new(options));
        // The loops look now, not at their next occasion.
        let bell = self.inner.deps.store.bell();
        bell.ring([], true);
        bell.ring_webhooks([], false);
    }

    /// Calls under way.
    pub fn in_flight(&self) -> u32 {
        self.inner.in_flight.load(Ordering::Acquire)
    }

    /// Since the daemon started.
    pub fn totals(&self) -> Totals {
        Totals {
            accepted: self.inner.deps.store.accepted(),
            delivered: self.inner.delivered.load(Ordering::Acquire),
            failed: self.inner.failed.load(Ordering::Acquire),
        }
    }

    /// How long calls under way may finish after a stop was asked for.
    pub fn drain_timeout(&self) -> Duration {
        Duration::from_millis(self.inner.drain_ms.load(Ordering::Acquire))
    }

    /// Changes it, for the stop that is about to be asked for.
    pub fn set_drain_timeout(&self, drain: Duration) {
        let ms = u64::try_from(drain.as_millis()).unwrap_or(u64::MAX);
        self.inner.drain_ms.store(ms, Ordering::Release);
    }

    /// How a provider is doing; a closed circuit when it was never used. An operator who keeps the circuit open is why.
    pub fn provider_state(&self, id: ProviderId) -> ProviderState {
        let (directory, now) = (self.inner.deps.store.directory(), self.inner.deps.clock.now());
        let mut state = ProviderState { circuit: "closed", ..ProviderState::default() };
        if let Some(shown) = self.inner.providers.lock().unwrap_or_else(PoisonError::into_inner).get(&id) {
            let steady = tokio::time::Instant::now().into_std();
            let ahead = |at: &Instant| *at > steady;
            let by_wall = |at: Instant| now + at.saturating_duration_since(steady);
            state.in_flight = shown.in_flight.load(Ordering::Acquire);
            (state.circuit, state.reason) = (shown.circuit, shown.reason.clone());
            state.probe_at = shown.probe_at.filter(ahead).map(by_wall);
            state.throttled_until = shown.throttled_until.filter(ahead).map(by_wall);
            state.learned_rate = shown.learned_rate;
            state.since = shown.since;
        }
        for hold in directory.holds_on(id, now) {
            match hold.kind {
                HoldKind::Pause if state.held != Some("disabled") => state.held = Some("paused"),
                HoldKind::Drain if state.held.is_none() => state.held = Some("draining"),
                HoldKind::CircuitOpen => {
                    (state.circuit, state.probe_at) = ("open", hold.until);
                    state.since = Some(hold.made_at);
                    state.reason =
                        Some(hold.reason.clone().unwrap_or_else(|| format!("opened by {}", hold.actor)));
                }
                HoldKind::Disabled => state.held = Some("disabled"),
                HoldKind::Pause | HoldKind::Drain | HoldKind::Limit | HoldKind::Enabled => {}
            }
        }
        state
    }

    /// The types of providers there are.
    pub fn kinds(&self) -> Vec<KindInfo> {
        let info = |kind: &notifyd_providers::Kind| KindInfo {
            name: kind.name,
            channels: kind.channels.to_vec(),
            simulated: kind.simulated,
            // A provider with made-up settings that really calls somebody would take part in failover.
            seed: kind.simulated.then(|| kind.default_config()),
        };
        notifyd_providers::kinds().iter().map(info).collect()
    }

    /// Checks the settings of a provider without making a call.
    pub fn check_provider(
        &self,
        kind: &str,
        config: &Value,
        secret: Option<&Secret<String>>,
    ) -> Result<(), SettingError> {
        self.build(kind, config, secret)?.check().map_err(|error| wrong(&error))
    }

    pub(crate) fn build(
        &self,
        kind: &str,
        config: &Value,
        secret: Option<&Secret<String>>,
    ) -> Result<Arc<dyn Provider>, SettingError> {
        notifyd_providers::build(kind, config, secret, &self.inner.context).map_err(|error| wrong(&error))
    }

    /// One real call through a provider, outside the queue.
    pub async fn test_provider(
        &self,
        id: ProviderId,
        channel: Channel,
        to: &str,
    ) -> Result<TestCall, SettingError> {
        let problem = |field: &str, problem: String| SettingError { field: field.to_owned(), problem };
        let directory = self.inner.deps.store.directory();
        let row =
            directory.provider(id).ok_or_else(|| problem("provider", "there is no such provider".into()))?;
        if !row.channels.contains(&channel) {
            return Err(problem("channel", format!("{} does not serve {channel}", row.name)));
        }
        let address = address::normalise(channel, to).map_err(|error| problem("to", error))?;
        let secret = self.inner.deps.store.provider_secret(id).await;
        let secret = secret.map_err(|error| problem("secret", error.to_string()))?;
        let client = self.build(&row.kind, &row.config, secret.as_ref())?;
        let message = test_message(channel, address);
        let mut random = [0; 10];
        self.inner.deps.entropy.fill(&mut random);
        let now = u64::try_from(self.inner.deps.clock.now().timestamp_millis()).unwrap_or_default();
        let to = message.addresses.get(&channel).map(Vec::as_slice).unwrap_or_default();
        let notification = NotificationId::from_parts(now, random);
        let call = Call { notification, attempt: 1, channel, to, message: &message };
        let started = tokio::time::Instant::now();
        let timeout = self.inner.options.load().attempt_timeout;
        let report = ask(&*client, call, timeout).await;
        Ok(TestCall { report, elapsed: started.elapsed(), simulated: row.simulated })
    }

    /// Revokes a notification that was not sent yet.
    pub async fn revoke(&self, id: NotificationId, audit: Audit) -> Result<Changed, StoreError> {
        self.inner.deps.store.revoke(Scope::All, id, audit).await
    }

    /// Gives one that waits another time, lets it wait no more, or buries it; `verb` is the word of the audit log.
    pub async fn steer(
        &self,
        id: NotificationId,
        wish: Wish,
        verb: &'static str,
        audit: Audit,
    ) -> Result<Steered, StoreError> {
        let steered = self.inner.deps.store.steer(Scope::All, id, wish, verb, audit).await?;
        if steered == Steered::Applied(Status::Failed) {
            self.inner.failed.fetch_add(1, Ordering::AcqRel);
        }
        Ok(steered)
    }

    /// Removes dead letters.
    pub async fn discard(&self, ids: Vec<NotificationId>, audit: Audit) -> Result<Vec<Changed>, StoreError> {
        self.inner.deps.store.operations().discard(ids, audit).await
    }

    /// The body of an event as this webhook is told it now; none when it is not known.
    pub async fn told(&self, webhook: &Webhook, id: DeliveryId) -> Result<Option<Vec<u8>>, StoreError> {
        crate::webhooks::body_of(&self.inner, webhook, id).await
    }

    /// Begins an operation that goes on after a restart.
    pub async fn begin(&self, operation: NewOperation, audit: Audit) -> Result<Operation, StoreError> {
        self.inner.deps.store.operations().begin(operation, audit).await
    }
}

pub(crate) fn wrong(error: &ConfigError) -> SettingError {
    SettingError { field: error.field().unwrap_or("config").to_owned(), problem: error.to_string() }
}

fn test_message(channel: Channel, address: String) -> Message {
    let text = "This is a test message. Somebody tried out a provider of notifyd; nothing needs to be done.";
    let subject = Some("Test message of notifyd".into());
    Message { subject, ..Message::text(channel, address, text) }
}
