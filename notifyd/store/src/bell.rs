//! Wakes the engine when work was committed. Losing a ring costs latency, never work: the engine also looks by itself.

use crate::api::Backlog;
use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};
use tokio::sync::Notify;

/// What was rung for since somebody last listened.
#[derive(Debug, Default)]
pub struct Rung {
    /// Lines that got work, with the lowest number of it.
    pub lines: HashMap<Backlog, i64>,
    /// The numbers of those that are queued no more: cancelled, expired, or waiting for a time instead.
    pub left: Vec<i64>,
}

/// The bell.
#[derive(Debug, Default)]
pub struct Bell {
    rung: Mutex<Rung>,
    work: Notify,
    time: Notify,
    receipts: Notify,
    owed_to: Mutex<HashSet<i64>>,
    webhooks: Notify,
}

impl Bell {
    /// Work was committed, or services or providers changed; `timed` when something waits for a time now.
    pub fn ring(&self, lines: impl IntoIterator<Item = (Backlog, i64)>, timed: bool) {
        let mut rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        for (line, seq) in lines {
            rung.lines.entry(line).and_modify(|lowest| *lowest = seq.min(*lowest)).or_insert(seq);
        }
        drop(rung);
        self.work.notify_one();
        if timed {
            self.time.notify_one();
        }
    }

    /// These are queued no more, by another hand than the engine's: it need not keep them, or count them as waiting.
    pub fn left(&self, seqs: impl IntoIterator<Item = i64>) {
        self.rung.lock().unwrap_or_else(PoisonError::into_inner).left.extend(seqs);
        self.work.notify_one();
    }

    /// Waits for a ring; answers at once when there was one since the last time.
    pub async fn heard(&self) {
        self.work.notified().await;
    }

    /// Waits until something waits for a time that may be earlier than known.
    pub async fn timed(&self) {
        self.time.notified().await;
    }

    /// Receipts were committed.
    pub fn ring_receipts(&self) {
        self.receipts.notify_one();
    }

    /// Waits until receipts were committed; answers at once when there were some since the last time.
    pub async fn receipts(&self) {
        self.receipts.notified().await;
    }

    /// More is owed to these webhooks, or they changed, or what they are owed is due at another time.
    pub fn ring_webhooks(&self, nos: impl IntoIterator<Item = i64>) {
        self.owed_to.lock().unwrap_or_else(PoisonError::into_inner).extend(nos);
        self.webhooks.notify_one();
    }

    /// Waits for such a ring; answers at once when there was one since the last time.
    pub async fn webhooks(&self) {
        self.webhooks.notified().await;
    }

    /// The webhooks that were rung for; they are forgotten.
    pub fn take_webhooks(&self) -> HashSet<i64> {
        std::mem::take(&mut *self.owed_to.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What was rung for; it is forgotten.
    pub fn take(&self) -> Rung {
        std::mem::take(&mut *self.rung.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
