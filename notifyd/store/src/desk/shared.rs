//! What readers see of the writer's knowledge.

use crate::bell::Bell;
use crate::directory::Directory;
use crate::disk::Disk;
use crate::feed::Feed;
use crate::latch::Latch;
use crate::webhooks::Endpoints;
use arc_swap::ArcSwap;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// How many came to each line of the queue.
pub type Arrivals = BTreeMap<Arc<str>, u64>;

/// What readers see of the writer's knowledge.
#[derive(Default)]
pub struct Shared {
    /// Notifications by status.
    pub counts: [AtomicI64; 7],
    /// Notifications accepted by this run.
    pub accepted: AtomicU64,
    /// Services and providers.
    pub directory: RwLock<Arc<Directory>>,
    /// The last events.
    pub feed: Feed,
    /// Wakes the engine.
    pub bell: Bell,
    /// How many came to each line of the queue in this run.
    pub arrivals: Mutex<Arrivals>,
    /// Who is told of what.
    pub endpoints: ArcSwap<Endpoints>,
    /// Events owed to webhooks.
    pub owed: AtomicI64,
    /// Why nothing new is taken.
    pub latch: Latch,
    /// The room on the disk.
    pub disk: Disk,
}

impl Shared {
    /// Services and providers as they are now.
    pub fn directory(&self) -> Arc<Directory> {
        Arc::clone(&self.directory.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Events owed to webhooks.
    pub fn owed(&self) -> u64 {
        u64::try_from(self.owed.load(Ordering::Acquire)).unwrap_or(0)
    }
}
