//! What readers see of the writer's knowledge.

use crate::bell::Bell;
use crate::directory::Directory;
use crate::disk::Disk;
use crate::feed::Feed;
use crate::latch::Latch;
use crate::turnstile::Turnstile;
use crate::webhooks::Endpoints;
use arc_swap::ArcSwap;
use std::collections::{BTreeMap, HashMap};
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
    pub owed: Owing,
    /// Why nothing new is taken.
    pub latch: Latch,
    /// The room on the disk.
    pub disk: Disk,
    /// Where questions go in.
    pub turnstile: Turnstile,
}

/// How many events are owed, in all and to each webhook.
#[derive(Default)]
pub struct Owing {
    all: AtomicI64,
    by_webhook: Mutex<HashMap<i64, i64>>,
}

impl Owing {
    /// So many more are owed to these, or fewer.
    pub fn add(&self, more: impl ExactSizeIterator<Item = (i64, i64)>) {
        if more.len() == 0 {
            return;
        }
        let mut by_webhook = self.by_webhook.lock().unwrap_or_else(PoisonError::into_inner);
        for (webhook, more) in more {
            let owed = by_webhook.entry(webhook).or_default();
            *owed += more;
            if *owed == 0 {
                by_webhook.remove(&webhook);
            }
            self.all.fetch_add(more, Ordering::AcqRel);
        }
    }

    /// In all.
    pub fn all(&self) -> u64 {
        u64::try_from(self.all.load(Ordering::Acquire)).unwrap_or(0)
    }

    /// By the number of the webhook.
    pub fn by_webhook(&self) -> HashMap<i64, u64> {
        let owed = self.by_webhook.lock().unwrap_or_else(PoisonError::into_inner);
        owed.iter().map(|(no, owed)| (*no, u64::try_from(*owed).unwrap_or(0))).collect()
    }
}

impl Shared {
    /// Services and providers as they are now.
    pub fn directory(&self) -> Arc<Directory> {
        Arc::clone(&self.directory.read().unwrap_or_else(PoisonError::into_inner))
    }
}
