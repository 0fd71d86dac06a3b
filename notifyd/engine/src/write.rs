//! The way to the log and back, outside the loop: it hears of the end.

use crate::StoreError;
use crate::dispatch::{News, Ready, STORE_PAUSE};
use crate::settle::Settled;
use notifyd_store::Store;
use notifyd_store::api::Claim;
use tokio::sync::mpsc;

/// Writes claims down. Whether they were, is said to the loop.
pub(crate) async fn claim(
    store: &dyn Store,
    ready: Vec<Ready>,
    claims: Vec<Claim>,
    tell: &mpsc::UnboundedSender<News>,
) {
    if claims.is_empty() {
        return;
    }
    let verdicts = store.claim(claims).await;
    if verdicts.is_err() {
        tokio::time::sleep(STORE_PAUSE).await;
    }
    let _ = tell.send(News::Claimed(ready, verdicts));
}

/// Writes records until the store has taken them: an outcome that is known must not be lost.
pub(crate) async fn record(store: &dyn Store, settled: Vec<Settled>, tell: &mpsc::UnboundedSender<News>) {
    if settled.is_empty() {
        return;
    }
    let records: Vec<_> = settled.iter().map(|it| it.record.clone()).collect();
    let verdicts = loop {
        match store.record(records.clone()).await {
            Ok(verdicts) => break verdicts,
            Err(StoreError::Closing) => return,
            Err(error) => {
                tracing::error!(%error, "outcomes were not committed; trying again");
                tokio::time::sleep(STORE_PAUSE).await;
            }
        }
    };
    let _ = tell.send(News::Recorded(settled, verdicts));
}
