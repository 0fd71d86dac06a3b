//! Moves on what waits for a time: releases what is due, fails what expired. Idempotent, on a bell and on a timer.

use crate::Inner;
use notify_proto::{ObjectKind, Severity, SharedQueue};
use notifyd_store::StoreError;
use notifyd_store::feed::Remark;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Notifications moved by one transaction.
const BATCH: usize = 500;

/// How long it sleeps at most.
const LOOK_ANYWAY: Duration = Duration::from_secs(5);

/// How long it sleeps at least: so many rings cost one pass.
const PAUSE: Duration = Duration::from_millis(20);

pub(crate) async fn run(inner: Arc<Inner>, shutdown: CancellationToken) {
    let store = &inner.deps.store;
    loop {
        let next = match pass(&inner).await {
            Ok(next) => next,
            // The bell rings when it has passed.
            Err(StoreError::Latched(_)) => None,
            Err(error) => {
                tracing::error!(%error, "due notifications could not be moved on");
                None
            }
        };
        let now = inner.deps.clock.now();
        let wait = next.map_or(LOOK_ANYWAY, |at| (at - now).to_std().unwrap_or_default());
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(wait.clamp(PAUSE, LOOK_ANYWAY)) => {}
            () = store.bell().timed() => tokio::time::sleep(PAUSE).await,
        }
    }
}

/// One pass. Answers the next moment at which there is something to do.
async fn pass(inner: &Inner) -> Result<Option<notify_proto::Timestamp>, notifyd_store::StoreError> {
    let store = &inner.deps.store;
    let next_due = loop {
        let due = store.release(inner.deps.clock.now(), BATCH).await?;
        if due.count < BATCH {
            break due.next;
        }
    };
    let next_expiry = loop {
        let expired = store.expire(inner.deps.clock.now(), BATCH).await?;
        let count = u64::try_from(expired.count).unwrap_or_default();
        inner.failed.fetch_add(count, std::sync::atomic::Ordering::AcqRel);
        if expired.count < BATCH {
            break expired.next;
        }
    };
    Ok(next_due.into_iter().chain(next_expiry).chain(end_holds(inner).await?).min())
}

/// Removes what operators forced for a time that is over. Answers when the next such time is.
async fn end_holds(inner: &Inner) -> Result<Option<notify_proto::Timestamp>, StoreError> {
    let (store, now) = (&inner.deps.store, inner.deps.clock.now());
    if store.directory().holds().iter().any(|hold| !hold.stands(now)) {
        for hold in store.expire_holds(now).await? {
            let directory = store.directory();
            let queue = directory.name_of(hold.on);
            let (id, kind) = (hold.id(), hold.kind.as_str());
            tracing::info!(event = "hold_ended", hold = id, kind, queue, "its time is over");
            store.feed().remark([Remark {
                at: now,
                event: "hold_ended",
                severity: Severity::Info,
                object: ObjectKind::Queue,
                id: queue.unwrap_or_default().to_owned(),
                actor: None,
                detail: Some(format!("{id}: the time of {kind} is over")),
            }]);
        }
    }
    let directory = store.directory();
    for queue in SharedQueue::ALL {
        let paused = inner.metrics.paused.with_label_values(&[queue.as_str()]);
        paused.set(directory.paused(*queue, now).into());
    }
    Ok(directory.holds().iter().filter_map(|hold| hold.until).min())
}
