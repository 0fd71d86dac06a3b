//! What readers see of the writer's knowledge.

use crate::bell::Bell;
use crate::directory::Directory;
use crate::disk::Disk;
use crate::feed::Feed;
use crate::latch::Latch;
use crate::turnstile::Turnstile;
use crate::webhooks::{Endpoints, Tally};
use arc_swap::ArcSwap;
use notify_proto::WebhookStatus;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

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
    /// How much of what webhooks are told stands where.
    pub told: Told,
    /// Why nothing new is taken.
    pub latch: Latch,
    /// The room on the disk.
    pub disk: Disk,
    /// Where questions go in.
    pub turnstile: Turnstile,
}

/// An event of a webhook that came to stand elsewhere: none before it was owed, none once it is removed.
pub type Moved = (i64, Option<WebhookStatus>, Option<WebhookStatus>);

/// How much of what webhooks are told is not taken, in all and of each webhook.
#[derive(Default)]
pub struct Told {
    owed: AtomicI64,
    by_webhook: Mutex<HashMap<i64, [i64; 3]>>,
}

/// The place of what is counted; what is taken is not.
const fn place(status: WebhookStatus) -> Option<usize> {
    match status {
        WebhookStatus::Pending => Some(0),
        WebhookStatus::Retrying => Some(1),
        WebhookStatus::Failed => Some(2),
        WebhookStatus::Acknowledged => None,
    }
}

impl Told {
    fn lock(&self) -> MutexGuard<'_, HashMap<i64, [i64; 3]>> {
        self.by_webhook.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// So many of one stand there, at start.
    pub fn begin(&self, webhook: i64, status: WebhookStatus, count: i64) {
        let Some(place) = place(status) else { return };
        self.lock().entry(webhook).or_default()[place] += count;
        self.owed.fetch_add(if place < 2 { count } else { 0 }, Ordering::AcqRel);
    }

    /// These moved.
    pub fn moved(&self, all: impl ExactSizeIterator<Item = Moved>) {
        if all.len() == 0 {
            return;
        }
        let mut by_webhook = self.lock();
        let mut owed = 0;
        for (webhook, from, to) in all {
            let counts = by_webhook.entry(webhook).or_default();
            for (place, more) in [(from.and_then(place), -1), (to.and_then(place), 1)] {
                let Some(place) = place else { continue };
                counts[place] += more;
                owed += if place < 2 { more } else { 0 };
            }
            if *counts == [0; 3] {
                by_webhook.remove(&webhook);
            }
        }
        self.owed.fetch_add(owed, Ordering::AcqRel);
    }

    /// Forgets those that are gone: nothing is owed to them.
    pub fn keep(&self, endpoints: &Endpoints) {
        let mut gone = 0;
        self.lock().retain(|no, [pending, retrying, _]| {
            let stays = endpoints.get(*no).is_some();
            gone += if stays { 0 } else { *pending + *retrying };
            stays
        });
        self.owed.fetch_sub(gone, Ordering::AcqRel);
    }

    /// Owed in all.
    pub fn owed(&self) -> u64 {
        u64::try_from(self.owed.load(Ordering::Acquire)).unwrap_or(0)
    }

    /// By the number of the webhook.
    pub fn by_webhook(&self) -> HashMap<i64, Tally> {
        let count = |it: i64| u64::try_from(it).unwrap_or(0);
        let tally = |(no, [pending, retrying, failed]): (&i64, &[i64; 3])| {
            let it = Tally { pending: count(*pending), retrying: count(*retrying), failed: count(*failed) };
            (*no, it)
        };
        self.lock().iter().map(tally).collect()
    }
}

impl Shared {
    /// Services and providers as they are now.
    pub fn directory(&self) -> Arc<Directory> {
        Arc::clone(&self.directory.read().unwrap_or_else(PoisonError::into_inner))
    }
}
