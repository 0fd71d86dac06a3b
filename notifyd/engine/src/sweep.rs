//! Removes what is past its retention, one small batch per transaction.

use crate::Inner;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

pub(crate) async fn run(inner: Arc<Inner>, shutdown: CancellationToken) {
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(inner.options.load().sweep_every) => {}
        }
        loop {
            match inner.deps.store.sweep(inner.deps.clock.now()).await {
                Ok(swept) if swept.more && !shutdown.is_cancelled() => {}
                Ok(_) => break,
                Err(error) => {
                    tracing::error!(%error, "old notifications could not be removed");
                    break;
                }
            }
        }
    }
}
