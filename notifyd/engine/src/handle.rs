//! What the rest of the daemon may ask of the engine.

use notify_proto::{Channel, NotificationId, ProviderId};
use notifyd_lifecycle::{Report, Secret};
use notifyd_store::api::{Audit, Changed};
use notifyd_store::StoreError;
use serde_json::Value;
use std::time::Duration;

/// A cheap handle to the running engine.
#[derive(Clone)]
pub struct Handle {
    pub(crate) inner: std::sync::Arc<crate::Inner>,
}

/// How a provider is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderState {
    /// `closed`, `half_open` or `open`.
    pub circuit: &'static str,
    /// Why it is not closed.
    pub reason: Option<String>,
    /// Calls under way.
    pub in_flight: u32,
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
    /// Calls under way.
    pub fn in_flight(&self) -> u32 {
        unreachable!("{:?}", std::sync::Arc::strong_count(&self.inner))
    }

    /// Since the daemon started.
    pub fn totals(&self) -> Totals {
        unreachable!()
    }

    /// How a provider is doing.
    pub fn provider_state(&self, _id: ProviderId) -> ProviderState {
        unreachable!()
    }

    /// The types of providers there are.
    pub fn kinds(&self) -> Vec<KindInfo> {
        unreachable!()
    }

    /// Checks the settings of a provider without making a call.
    pub fn check_provider(
        &self,
        _kind: &str,
        _config: &Value,
        _secret: Option<&Secret<String>>,
    ) -> Result<(), SettingError> {
        unreachable!()
    }

    /// One real call through a provider, outside the queue.
    pub async fn test_provider(&self, _id: ProviderId, _channel: Channel, _to: &str) -> Result<TestCall, SettingError> {
        unreachable!()
    }

    /// Revokes a notification that was not sent yet.
    pub async fn revoke(&self, _id: NotificationId, _audit: Audit) -> Result<Changed, StoreError> {
        unreachable!()
    }

    /// Starts a dead letter again.
    pub async fn retry(&self, _id: NotificationId, _audit: Audit) -> Result<Changed, StoreError> {
        unreachable!()
    }
}
