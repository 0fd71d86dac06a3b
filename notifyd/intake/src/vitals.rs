//! What health and metrics may know of the log: how it is doing, and nothing that is in it.

use notify_proto::Timestamp;
use notifyd_store::api::Counts;
use notifyd_store::{Cause, Store};
use std::sync::Arc;

/// The log's vital signs. The store stays private, so that no handler reaches a notification through it.
pub(crate) struct Vitals {
    store: Arc<dyn Store>,
}

impl Vitals {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
    }

    /// Why nothing new is taken; none when all is well.
    pub(crate) fn latched(&self) -> Option<Cause> {
        self.store.latched()
    }

    /// Free bytes on the disk of the log.
    pub(crate) fn disk_free(&self) -> u64 {
        self.store.disk_free()
    }

    /// Notifications by status.
    pub(crate) fn counts(&self) -> Counts {
        self.store.counts()
    }

    /// Bytes of the database and of its write-ahead log.
    pub(crate) fn bytes(&self) -> (u64, u64) {
        self.store.bytes()
    }

    /// When the oldest queued notification was accepted; none also when that could not be read, which other signs
    /// show.
    pub(crate) async fn oldest_queued(&self) -> Option<Timestamp> {
        self.store.oldest_queued().await.ok().flatten()
    }
}
