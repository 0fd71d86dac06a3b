//! Settles what providers say later of what they took. Receipts wait in the log: [`collect`] writes down what providers
//! hear by themselves, and whoever else hears one puts it there as well. [`run`] decides what follows, on a bell and on a
//! timer: a ring lost costs latency, never work, and what was settled is not there any more.

use crate::dispatch::STORE_PAUSE;
use crate::{Inner, settle};
use notify_proto::{AttemptStatus, ReceiptStatus, Status, Timestamp};
use notifyd_lifecycle::receipt::{Standing, Verdict, judge};
use notifyd_providers::Heard;
use notifyd_store::StoreError;
use notifyd_store::api::Verdict as Written;
use notifyd_store::receipts::{Found, Hearing, LONGEST_PUT_OFF, Settlement, Unsettled};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Receipts settled by one transaction, and written down by one.
const BATCH: usize = 500;

/// How long it sleeps at most; whoever writes a receipt down rings.
const LOOK_ANYWAY: Duration = Duration::from_secs(60);

/// How long it sleeps at least: so many rings cost one pass.
const PAUSE: Duration = Duration::from_millis(20);

/// Shortest time that one is put off; later a quarter of its age.
const PUT_OFF: Duration = Duration::from_millis(100);

const SECOND: Duration = Duration::from_secs(1);

/// Longest time that one is put off, before it is brought to a full second.
const LONGEST: Duration = Duration::from_secs(LONGEST_PUT_OFF.as_secs() - 1);

/// Batches of one pass, at most: the next one goes on.
const MAX_BATCHES: usize = 100;

/// Writes down what providers hear. What is heard up to the end is written down.
pub(crate) async fn collect(inner: Arc<Inner>, mut heard: mpsc::Receiver<Heard>, ended: CancellationToken) {
    loop {
        let mut batch = Vec::with_capacity(BATCH);
        tokio::select! {
            biased;
            count = heard.recv_many(&mut batch, BATCH) => if count == 0 { return },
            () = ended.cancelled() => return,
        }
        while let Err(error) = inner.deps.store.receipts().receive(batch.clone()).await {
            if matches!(error, StoreError::Closing) || ended.is_cancelled() {
                tracing::warn!(count = batch.len(), "receipts were heard too late to be written down");
                return;
            }
            tracing::warn!(%error, "receipts were not written down; trying again");
            tokio::time::sleep(STORE_PAUSE).await;
        }
    }
}

pub(crate) async fn run(inner: Arc<Inner>, ended: CancellationToken) {
    let store = &inner.deps.store;
    loop {
        let next = match pass(&inner).await {
            Ok(next) => next,
            Err(StoreError::Closing) => return,
            Err(error) => {
                tracing::error!(%error, "receipts could not be settled");
                None
            }
        };
        let now = inner.deps.clock.now();
        let wait = next.map_or(LOOK_ANYWAY, |at| (at - now).to_std().unwrap_or_default());
        tokio::select! {
            () = ended.cancelled() => return,
            () = tokio::time::sleep(wait.clamp(PAUSE, LOOK_ANYWAY)) => {}
            () = store.bell().receipts() => {}
        }
    }
}

/// One pass. Answers the next moment at which there is something to do.
async fn pass(inner: &Inner) -> Result<Option<Timestamp>, StoreError> {
    let store = &inner.deps.store;
    for _ in 0..MAX_BATCHES {
        let now = inner.deps.clock.now();
        let due = store.receipts().due(now, BATCH).await?;
        if due.receipts.is_empty() {
            return Ok(due.next);
        }
        let settlements: Vec<_> = due.receipts.iter().map(|it| decide(it, now)).collect();
        let verdicts = store.receipts().settle(settlements.clone()).await?;
        for ((it, settlement), verdict) in due.receipts.iter().zip(&settlements).zip(verdicts) {
            if verdict == Written::Applied {
                told(inner, it, settlement);
            }
        }
    }
    Ok(Some(inner.deps.clock.now()))
}

/// What becomes of one.
fn decide(it: &Unsettled, now: Timestamp) -> Settlement {
    let put_off = || Settlement::PutOff(it.no, next_look(it.receipt.at, now));
    // It may be told before the attempt is written down.
    let Some(found) = it.found.as_deref() else { return put_off() };
    let mut progress = found.job.progress.clone();
    match judge(it.receipt.says, &standing(it, found), &mut progress) {
        Verdict::Later => put_off(),
        Verdict::Known => Settlement::Forget(it.no),
        Verdict::Heard(heard) => Settlement::Hear(Box::new(Hearing {
            no: it.no,
            found: found.clone(),
            heard,
            progress,
            at: now,
            reason: it.receipt.reason.clone(),
        })),
    }
}

/// When one that cannot be settled yet is looked at again.
fn next_look(heard: Timestamp, now: Timestamp) -> Timestamp {
    let age = (now - heard).to_std().unwrap_or_default();
    let wait = (age / 4).clamp(PUT_OFF, LONGEST);
    let at = now + wait;
    if wait < SECOND {
        return at;
    }
    // On the second, so that many of them are one transaction.
    let over = u64::from(at.timestamp_subsec_millis());
    at + Duration::from_millis(1_000 - over)
}

fn standing(it: &Unsettled, found: &Found) -> Standing {
    let channel = found.job.plan.channels.iter().position(|channel| *channel == found.channel);
    Standing {
        status: found.status,
        proof: found.proof,
        held_in_doubt: found.held_in_doubt,
        attempt: found.attempt,
        last: found.number == found.job.attempts,
        tried: channel.map(|channel| (channel, it.provider)),
        heard: found.heard,
    }
}

/// Counts a receipt that is settled and says it in the log.
fn told(inner: &Inner, it: &Unsettled, settlement: &Settlement) {
    let directory = inner.deps.store.directory();
    let known = directory.known_id(it.provider);
    let provider = known.map_or("removed", |known| known.name.as_str());
    if !matches!(settlement, Settlement::PutOff(..)) {
        inner.metrics.receipts.with_label_values(&[provider, it.receipt.says.as_str()]).inc();
    }
    let Settlement::Hear(hearing) = settlement else { return };
    let Hearing { found, heard, .. } = &**hearing;
    let (job, to, attempt) = (&found.job, heard.transition.to(), found.number);
    let service = directory.service_no(job.group.service).map_or("", |service| service.name.as_str());
    let error = it.receipt.reason.as_deref().map(|reason| settle::masked(reason, job));
    let error = error.as_deref();
    let correlation_id = job.message.correlation_id.as_deref();
    let after_ms = (it.receipt.at - job.created_at).num_milliseconds();
    if heard.heard == ReceiptStatus::Contradicted {
        tracing::warn!(
            event = "receipt_contradicted", notification_id = %job.id, service, provider, attempt,
            says = it.receipt.says.as_str(), error, correlation_id, "a receipt contradicts an earlier one"
        );
    } else if found.status != Status::Failed && to == Status::Failed {
        inner.failed.fetch_add(1, Ordering::AcqRel);
        tracing::info!(
            event = "notification_failed", notification_id = %job.id, service, provider, attempt,
            reason = heard.transition.reason(), recipient = settle::first_address(job), error, correlation_id,
            "notification failed"
        );
    } else if found.status != Status::Delivered && to == Status::Delivered {
        inner.delivered.fetch_add(1, Ordering::AcqRel);
        tracing::info!(
            event = "notification_delivered", notification_id = %job.id, service, provider, attempt,
            correlation_id, "notification delivered"
        );
    } else {
        let settled = (found.attempt == AttemptStatus::InDoubt).then_some(heard.attempt.as_str());
        tracing::info!(
            event = "receipt_heard", notification_id = %job.id, service, provider, attempt,
            says = it.receipt.says.as_str(), to = to.as_str(), settled, after_ms, error, correlation_id,
            "receipt heard"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_off_is_looked_at_less_and_less() {
        let heard = Timestamp::from_timestamp_millis(1_800_000_000_250).unwrap_or_default();
        let wait = |age: u64| {
            let now = heard + Duration::from_millis(age);
            (next_look(heard, now) - now).to_std().unwrap_or_default()
        };
        assert_eq!([wait(0), wait(1_000)], [PUT_OFF, Duration::from_millis(250)]);
        assert_eq!(wait(8_000), Duration::from_millis(2_750), "on the second");
        // Never for longer than the log believes.
        for age in [3_000_000, 86_400_000, 259_200_000] {
            assert!(wait(age) >= LONGEST && wait(age) <= LONGEST_PUT_OFF, "{age}");
        }
        assert_eq!(next_look(heard, heard - SECOND), heard - SECOND + PUT_OFF, "the clock was set back");
    }
}
