//! What is under way to webhooks right now, for those who look.

use super::share::Trust;
use crate::Handle;
use notify_proto::Timestamp;
use notifyd_store::webhooks::Webhook;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Tries under way, by the store's number of the webhook.
#[derive(Default)]
pub(crate) struct UnderWay(Mutex<HashMap<i64, u32>>);

impl UnderWay {
    fn lock(&self) -> MutexGuard<'_, HashMap<i64, u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// So many are.
    pub(super) fn set(&self, webhook: i64, tries: usize) {
        match u32::try_from(tries).unwrap_or(u32::MAX) {
            0 => self.lock().remove(&webhook),
            tries => self.lock().insert(webhook, tries),
        };
    }
}

/// How a webhook is told at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Telling {
    /// Tries under way.
    pub busy: u32,
    /// How many there may be at the same time, as long as others leave them.
    pub limit: u32,
    /// How long it may take nothing before it is switched off; none: for ever.
    pub disable_after: Option<Duration>,
    /// When it took something last, and when it did not, in this run of the daemon.
    pub last: [Option<Timestamp>; 2],
}

impl Handle {
    /// Tries under way to all webhooks, and how many there may be at the same time.
    pub(crate) fn telling_all(&self) -> (u32, u32) {
        let most = self.inner.options.load().webhooks.connections;
        (self.inner.under_way.lock().values().sum(), u32::try_from(most).unwrap_or(u32::MAX))
    }

    /// How it is told at this moment.
    pub fn telling(&self, webhook: &Webhook) -> Telling {
        let options = self.inner.options.load().webhooks;
        let trust = if webhook.failing_since.is_some() { Trust::Suspect } else { Trust::Proven };
        let limit = trust.most(options.concurrency).min(options.connections);
        let measured = self.inner.measures.lock();
        let last = measured.webhooks.get(&webhook.no).map(|of| [of.last_ack, of.last_nack]);
        drop(measured);
        Telling {
            busy: self.inner.under_way.lock().get(&webhook.no).copied().unwrap_or(0),
            limit: u32::try_from(limit).unwrap_or(u32::MAX),
            disable_after: options.disable_after,
            last: last.unwrap_or_default(),
        }
    }
}
