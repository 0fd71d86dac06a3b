//! Wakes the engine when work was committed. Losing a ring costs latency, never work: the engine also looks by itself.

use crate::api::Backlog;
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use tokio::sync::Notify;

/// Lines that got work since somebody last listened.
#[derive(Debug, Default)]
pub struct Bell {
    rung: Mutex<HashSet<Backlog>>,
    timed: std::sync::atomic::AtomicBool,
    notify: Notify,
}

impl Bell {
    /// Work was committed to these lines.
    pub fn ring(&self, lines: impl IntoIterator<Item = Backlog>) {
        let mut rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        rung.extend(lines);
        let any = !rung.is_empty();
        drop(rung);
        if any {
            self.notify.notify_one();
        }
    }

    /// Something that waits for a time was committed, so the next due time may be earlier than known.
    pub fn ring_timer(&self) {
        self.timed.store(true, std::sync::atomic::Ordering::Release);
        self.notify.notify_one();
    }

    /// Waits for a ring; answers at once when there was one since the last time.
    pub async fn heard(&self) {
        self.notify.notified().await;
    }

    /// The lines rung for, and whether a due time was; both are forgotten.
    pub fn take(&self) -> (HashSet<Backlog>, bool) {
        let lines = std::mem::take(&mut *self.rung.lock().unwrap_or_else(PoisonError::into_inner));
        (lines, self.timed.swap(false, std::sync::atomic::Ordering::AcqRel))
    }
}
