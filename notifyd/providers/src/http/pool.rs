//! A bounded number of connections, of which idle ones are used again. A connection is in the pool only while it is idle:
//! whoever takes it owns it, and only one that is known to be clean is given back.

use super::target::Origin;
use super::wire::Wire;
use notifyd_lifecycle::Policy;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

pub(super) struct Pool {
    slots: Semaphore,
    most: usize,
    idle: Arc<Mutex<Idle>>,
}

#[derive(Default)]
struct Idle {
    /// The longest idle first.
    wires: Vec<Waiting>,
    /// Whether somebody lets go of those whose time has come.
    swept: bool,
}

struct Waiting {
    wire: Wire,
    origin: Arc<Origin>,
    until: Instant,
}

fn lock(idle: &Mutex<Idle>) -> MutexGuard<'_, Idle> {
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pool {
    pub(super) fn new(most: usize) -> Self {
        Self { slots: Semaphore::new(most), most, idle: Arc::default() }
    }

    /// Waits for the right to have a connection.
    pub(super) async fn slot(&self) -> Option<SemaphorePermit<'_>> {
        // The semaphore is never closed.
        self.slots.acquire().await.ok()
    }

    /// An idle connection that is alive and still goes where one may go, the most recently used first.
    pub(super) async fn take(&self, origin: &Origin, policy: &Policy) -> Option<Wire> {
        loop {
            let mut wire = self.pop(origin)?;
            if policy.check(wire.peer, origin.port).is_ok() && wire.is_ready().await {
                return Some(wire);
            }
        }
    }

    fn pop(&self, origin: &Origin) -> Option<Wire> {
        let now = Instant::now();
        let mut idle = lock(&self.idle);
        let fits = |it: &Waiting| *it.origin == *origin && it.until > now;
        let index = idle.wires.iter().rposition(fits)?;
        Some(idle.wires.remove(index).wire)
    }

    /// Lets go of the longest idle connection when there would be too many with one more.
    pub(super) fn make_room(&self) {
        let busy = self.most.saturating_sub(self.slots.available_permits());
        let mut idle = lock(&self.idle);
        if !idle.wires.is_empty() && idle.wires.len() + busy > self.most {
            idle.wires.remove(0);
        }
    }

    /// Keeps a clean connection for this long.
    pub(super) fn give(&self, wire: Wire, origin: &Arc<Origin>, keep: Duration) {
        let mut idle = lock(&self.idle);
        idle.wires.push(Waiting { wire, origin: Arc::clone(origin), until: Instant::now() + keep });
        if !idle.swept {
            idle.swept = true;
            tokio::spawn(sweep(Arc::downgrade(&self.idle)));
        }
    }
}

/// Closes what has idled long enough, until nothing idles or the pool is gone.
async fn sweep(idle: Weak<Mutex<Idle>>) {
    while let Some(next) = idle.upgrade().and_then(|idle| due(&idle)) {
        tokio::time::sleep_until(next).await;
    }
}

/// Lets go of those whose time has come; when the next one's comes.
fn due(idle: &Mutex<Idle>) -> Option<Instant> {
    let now = Instant::now();
    let mut idle = lock(idle);
    idle.wires.retain(|it| it.until > now);
    let next = idle.wires.iter().map(|it| it.until).min();
    idle.swept = next.is_some();
    next
}
