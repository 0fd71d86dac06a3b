//! Changes notifications in bulk, or has webhooks told once more, as operators have asked for it: each operation at its
//! pace, step by step, until it has been past everything it was asked for. How far it has come is in the log, so that a start
//! goes on where a run ended; nothing here has to be remembered. A ring lost costs latency, never work: it also looks by
//! itself.

use crate::Inner;
use notify_proto::BulkOp;
use notify_proto::upkeep::OperationState;
use notifyd_store::StoreError;
use notifyd_store::operations::{MAX_STEP, Operation, Work};
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

/// How long it sleeps at most.
const LOOK_ANYWAY: Duration = Duration::from_secs(60);

/// Steps a second where the pace leaves room for more than one notification in each.
const STEPS_A_SECOND: f64 = 4.0;

/// Longest time between two steps, whatever the pace.
const LONGEST_WAIT: Duration = Duration::from_secs(3_600);

/// Between two tries of a step that failed.
const PAUSE: Duration = Duration::from_secs(1);

/// Tries of a step that fails for a reason that does not pass by itself.
const TRIES: u32 = 5;

pub(crate) async fn run(inner: Arc<Inner>, shutdown: CancellationToken) {
    let mut changed = inner.deps.store.operations().changed();
    let mut moving = JoinSet::new();
    let mut known = HashMap::new();
    loop {
        changed.borrow_and_update();
        match inner.deps.store.operations().moving().await {
            Ok(operations) => {
                for operation in operations {
                    let no = operation.no;
                    if !known.values().any(|it| *it == no) {
                        let task = moving.spawn(follow(Arc::clone(&inner), operation, shutdown.clone()));
                        known.insert(task.id(), no);
                    }
                }
            }
            Err(error) => tracing::error!(%error, "bulk operations could not be looked up"),
        }
        inner.metrics.operations.set(i64::try_from(moving.len()).unwrap_or(i64::MAX));
        tokio::select! {
            () = shutdown.cancelled() => break,
            Some(ended) = moving.join_next_with_id() => {
                let id = match ended {
                    Ok((id, ())) => id,
                    Err(panic) => {
                        tracing::error!(error = %panic, "a bulk operation broke off; it is taken up again");
                        panic.id()
                    }
                };
                known.remove(&id);
            }
            changed = changed.changed() => if changed.is_err() { break },
            () = sleep(LOOK_ANYWAY) => {}
        }
    }
    while moving.join_next().await.is_some() {}
}

/// Takes step after step until it has ended or the daemon stops.
async fn follow(inner: Arc<Inner>, mut operation: Operation, shutdown: CancellationToken) {
    let no = operation.no;
    let pace = Pace::of(operation.work.as_ref().and_then(Work::rate_per_second));
    let mut failures = 0;
    let mut next = Instant::now();
    tracing::info!(operation = format!("op_{no}"), verb = operation.verb, "bulk operation goes on");
    while !shutdown.is_cancelled() {
        let before = operation.done + operation.refused;
        match inner.deps.store.operations().advance(no, pace.step).await {
            Ok(Some(stands)) => {
                failures = 0;
                count(&inner, &operation, &stands);
                operation = stands;
                if operation.state != OperationState::Running {
                    return ended(&operation);
                }
            }
            Ok(None) => return,
            Err(error) => {
                if fails(&inner, &operation, error, &mut failures).await.is_break() {
                    return;
                }
                next = Instant::now() + PAUSE;
            }
        }
        // No more than the pace allows, also after a pause: what was missed is not made up for.
        next = next.max(Instant::now()) + pace.wait((operation.done + operation.refused) - before);
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = sleep_until(next) => {}
            () = given_up(&inner, no) => {}
        }
    }
}

/// Waits until it does not run any more, as nobody should have to wait for its next step to be rid of it.
async fn given_up(inner: &Inner, no: i64) {
    let operations = inner.deps.store.operations();
    let mut changed = operations.changed();
    while changed.changed().await.is_ok() {
        match operations.find(no).await {
            Ok(Some(it)) if it.state == OperationState::Running => {}
            Ok(_) => return,
            Err(error) => tracing::warn!(%error, "a bulk operation could not be looked up"),
        }
    }
}

/// A step failed. What passes by itself is waited out; anything else ends the operation after some tries.
async fn fails(
    inner: &Inner,
    operation: &Operation,
    error: StoreError,
    failures: &mut u32,
) -> ControlFlow<()> {
    let no = operation.no;
    let passes = matches!(error, StoreError::Latched(_) | StoreError::Overloaded | StoreError::Pool(_));
    if matches!(error, StoreError::Closing) {
        return ControlFlow::Break(());
    }
    *failures += u32::from(!passes);
    tracing::warn!(operation = format!("op_{no}"), %error, failures, "a step of a bulk operation failed");
    if *failures < TRIES {
        return ControlFlow::Continue(());
    }
    let failed = notifyd_store::operations::End::failed(operation, error.to_string());
    if let Err(error) = inner.deps.store.operations().end(no, failed).await {
        tracing::error!(operation = format!("op_{no}"), %error, "its end could not be written down");
    }
    ControlFlow::Break(())
}

fn count(inner: &Inner, before: &Operation, now: &Operation) {
    for (result, count) in [
        ("done", now.done.saturating_sub(before.done)),
        ("refused", now.refused.saturating_sub(before.refused)),
    ] {
        inner.metrics.operation_items.with_label_values(&[now.verb.as_str(), result]).inc_by(count);
    }
    if now.bulk().is_some_and(|bulk| bulk.op == BulkOp::Bury) {
        inner.failed.fetch_add(now.done.saturating_sub(before.done), Ordering::AcqRel);
    }
}

fn ended(it: &Operation) {
    let (operation, state) = (format!("op_{}", it.no), it.state.as_str());
    let (verb, done, refused) = (&it.verb, it.done, it.refused);
    tracing::info!(operation, verb, state, done, refused, "operation ended");
}

/// How an operation is spread over time.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Pace {
    /// Notifications of a step, at most.
    step: usize,
    /// Notifications a second; none when nothing holds it up.
    rate: Option<f64>,
}

impl Pace {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "within the bounds of a step"
    )]
    fn of(rate: Option<f64>) -> Self {
        let most = MAX_STEP as f64;
        let step = rate.map_or(most, |rate| (rate / STEPS_A_SECOND).clamp(1.0, most)) as usize;
        Self { step, rate }
    }

    /// How long so many have to last.
    #[expect(clippy::cast_precision_loss, reason = "at most a step")]
    fn wait(&self, count: u64) -> Duration {
        let seconds = self.rate.map_or(0.0, |rate| count as f64 / rate);
        Duration::try_from_secs_f64(seconds).map_or(LONGEST_WAIT, |wait| wait.min(LONGEST_WAIT))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_is_kept_in_small_steps() {
        let pace = Pace::of(Some(200.0));
        assert_eq!((pace.step, pace.wait(50)), (50, Duration::from_millis(250)));
        let slow = Pace::of(Some(0.5));
        assert_eq!((slow.step, slow.wait(1), slow.wait(0)), (1, Duration::from_secs(2), Duration::ZERO));
        let fast = Pace::of(Some(1e9));
        assert_eq!(fast.step, MAX_STEP);
        let free = Pace::of(None);
        assert_eq!((free.step, free.wait(500)), (MAX_STEP, Duration::ZERO));
        assert_eq!(Pace::of(Some(f64::MIN_POSITIVE)).wait(1), LONGEST_WAIT);
    }
}
