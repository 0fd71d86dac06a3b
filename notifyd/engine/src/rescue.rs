//! Takes up what another run of the daemon left: attempts without an outcome. Runs before anything new is claimed.

use crate::{Inner, settle};
use notify_proto::AttemptStatus;
use notifyd_lifecycle::decide;
use notifyd_store::StoreError;
use notifyd_store::api::{AttemptEnd, Interrupted};
use std::sync::atomic::Ordering;

/// Attempts read and settled together.
const PAGE: usize = 500;

pub(crate) async fn run(inner: &Inner) -> Result<(), StoreError> {
    let store = &inner.deps.store;
    let mut after = 0;
    let mut total = 0;
    loop {
        let page = store.interrupted(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.job.seq;
        total += page.len();
        let now = inner.deps.clock.now();
        let records: Vec<_> = page.into_iter().map(|it| one(inner, it, now)).collect();
        let failed = records.iter().filter(|it| it.transition.failure().is_some()).count();
        store.record(records).await?;
        inner.failed.fetch_add(u64::try_from(failed).unwrap_or_default(), Ordering::AcqRel);
    }
    if total > 0 {
        tracing::warn!(in_doubt = total, "attempts of an interrupted run were taken up");
    }
    Ok(())
}

fn one(inner: &Inner, it: Interrupted, now: notify_proto::Timestamp) -> notifyd_store::api::Record {
    let Interrupted { mut job, attempt, provider, channel } = it;
    inner.metrics.in_doubt.inc();
    let index = job.plan.channels.iter().position(|it| *it == channel).unwrap_or(0);
    let transition = decide::interrupted(index, provider, &mut job.progress, &job.plan);
    if transition.failure().is_some() {
        tracing::error!(
            event = "notification_failed", notification_id = %job.id, attempt,
            reason = transition.reason().unwrap_or_default(), "interrupted notification needs an operator"
        );
    }
    let end = AttemptEnd {
        number: attempt,
        provider: provider.unwrap_or_else(|| notify_proto::ProviderId::from_bytes([0; 16])),
        channel,
        status: AttemptStatus::InDoubt,
        class: "interrupted",
        message: Some("the daemon stopped before the outcome was known".to_owned()),
        external_id: None,
        simulated: false,
        awaits_receipt: false,
    };
    settle::record(&job, now, Some(end), vec![], transition)
}
