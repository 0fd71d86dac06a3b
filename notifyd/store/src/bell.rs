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

/// What was rung for about webhooks since somebody last listened.
#[derive(Debug, Default)]
pub struct OwedTo {
    /// Those to which more is owed, or that changed.
    pub nos: HashSet<i64>,
    /// Whether what is owed is due at other times than was known.
    pub moved: bool,
}

/// The bell.
#[derive(Debug, Default)]
pub struct Bell {
    rung: Mutex<Rung>,
    work: Notify,
    time: Notify,
    receipts: Notify,
    owed_to: Mutex<OwedTo>,
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

    /// More is owed to these webhooks, or they changed; `moved` when what is owed to any is due at another time.
    pub fn ring_webhooks(&self, nos: impl IntoIterator<Item = i64>, moved: bool) {
        let mut rung = self.owed_to.lock().unwrap_or_else(PoisonError::into_inner);
        rung.nos.extend(nos);
        rung.moved |= moved;
        drop(rung);
        self.webhooks.notify_one();
    }

    /// Waits for such a ring; answers at once when there was one since the last time.
    pub async fn webhooks(&self) {
        self.webhooks.notified().await;
    }

    /// What was rung for about webhooks; it is forgotten.
    pub fn take_webhooks(&self) -> OwedTo {
        std::mem::take(&mut *self.owed_to.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What was rung for; it is forgotten.
    pub fn take(&self) -> Rung {
        std::mem::take(&mut *self.rung.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
