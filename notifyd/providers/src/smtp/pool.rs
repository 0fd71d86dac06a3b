//! A bounded number of connections, of which idle ones are used again. A connection is in the pool only while it is
//! idle: whoever takes it owns it, and only one that is known to be clean is given back.

use super::fault::{Failure, Fault, Step};
use super::session::Session;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout_at};

/// Servers hang up after some minutes; one that idled longer than this is not worth a try.
const MAX_IDLE: Duration = Duration::from_mins(1);
/// Below this an idle connection is taken to be alive; the first command finds out otherwise.
const PROBE_AFTER: Duration = Duration::from_secs(5);

pub(super) struct Pool {
    slots: Semaphore,
    idle: Mutex<Vec<(Session, Instant)>>,
}

impl Pool {
    pub(super) fn new(max_connections: usize) -> Self {
        Self { slots: Semaphore::new(max_connections), idle: Mutex::new(Vec::new()) }
    }

    /// Waits for the right to have a connection.
    pub(super) async fn slot(&self, deadline: Instant) -> Result<SemaphorePermit<'_>, Failure> {
        match timeout_at(deadline, self.slots.acquire()).await {
            Ok(Ok(permit)) => Ok(permit),
            // The semaphore is never closed.
            Ok(Err(_)) | Err(_) => Err(Failure { step: Step::Slot, fault: Fault::TimedOut }),
        }
    }

    /// An idle connection that is alive, the most recently used first.
    pub(super) async fn take(&self, deadline: Instant) -> Option<Session> {
        loop {
            let (mut session, since) = self.pop()?;
            if since.elapsed() < PROBE_AFTER || session.probe(deadline).await {
                return Some(session);
            }
        }
    }

    pub(super) fn give(&self, session: Session) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push((session, Instant::now()));
    }

    fn pop(&self) -> Option<(Session, Instant)> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|(_, since)| since.elapsed() < MAX_IDLE);
        idle.pop()
    }
}
