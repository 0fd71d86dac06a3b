//! What services and their keys are made with.

use super::Limit;
use crate::upkeep::ChangedSetting;
use crate::view::{KeyView, ServiceView};
use serde::{Deserialize, Serialize};

/// A new service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewService {
    /// Unique name, 1 to 64 of `a-z 0-9 . _ -`, starting with a letter or digit.
    pub name: String,
    /// For people, at most 256 characters.
    #[serde(default)]
    pub description: Option<String>,
    /// Requests per second it may make.
    #[serde(default)]
    pub rate_per_second: Option<f64>,
}

/// What changes about a service; what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ServiceChange {
    /// Another description.
    #[serde(default)]
    pub description: Limit<String>,
    /// Requests per second it may make.
    #[serde(default)]
    pub rate_per_second: Limit<f64>,
}

/// A service that was changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UpdatedService {
    /// As it is now.
    pub service: ServiceView,
    /// What is different.
    pub changed: Vec<ChangedSetting>,
}

/// A service that was removed, or would be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RemovedService {
    /// As it was.
    pub service: ServiceView,
    /// Notifications of it that there are, or one more than a million, where the count ends.
    pub notifications: u64,
    /// Whether those stay until their retention is over.
    pub history_kept: bool,
    /// Webhooks that go with it.
    pub webhooks: u64,
    /// Events that those are not told any more.
    pub owed: u64,
}

/// A fresh key: shown this once, stored only as a hash. Its `Debug` leaves the key out.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct FreshKey {
    /// The service it opens.
    pub service: ServiceView,
    /// What is known of the key.
    pub key: KeyView,
    /// The key itself.
    pub api_key: String,
}

impl std::fmt::Debug for FreshKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FreshKey")
            .field("service", &self.service.name)
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}
