//! The service manager: told when the daemon is ready, reloads and stops, and fed signs of life that come from the threads
//! that do the work, so that one that is stuck is restarted. Without a service manager nothing of this happens.

use notifyd_engine::Handle;
use notifyd_store::Store;
use sd_notify::NotifyState;
use std::sync::Arc;
use std::time::Duration;

/// Tells the service manager; a failure to reach it changes nothing for the daemon.
fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "the service manager could not be told");
    }
}

/// The configuration is read again. [`ready`] ends that.
pub fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(_) => tell(&[NotifyState::Reloading]),
    }
}

/// New notifications are taken.
pub fn ready(status: &str) {
    tell(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// It is about to stop.
pub fn stopping() {
    tell(&[NotifyState::Stopping, NotifyState::Status("calls under way may finish")]);
}

/// Says that it is ready once it delivers, then feeds the watchdog, if there is one, for as long as both the thread that
/// writes and the loop that dispatches come round. Runs until it is dropped.
pub async fn watch(store: Arc<dyn Store>, engine: Handle, status: String) {
    let watchdog = sd_notify::watchdog_enabled();
    let started = async {
        engine.started().await;
        ready(&status);
    };
    let Some(limit) = watchdog else { return started.await };
    let feeding = async {
        loop {
            // Asked twice in the time allowed, so that one late answer is no end.
            let every = limit / 3;
            if tokio::time::timeout(every, alive(&*store, &engine)).await == Ok(true) {
                tell(&[NotifyState::Watchdog]);
            } else {
                tracing::error!(
                    event = "watchdog",
                    limit_ms = limit.as_millis(),
                    "no sign of life from the log or the engine"
                );
            }
            tokio::time::sleep(every.max(Duration::from_millis(1))).await;
        }
    };
    tokio::join!(started, feeding);
}

/// Whether the work goes round: the writer always, the loop as soon as it runs.
async fn alive(store: &dyn Store, engine: &Handle) -> bool {
    let loop_beats = async { !engine.is_running() || engine.beat().await.is_ok() };
    let (writer, dispatch) = tokio::join!(store.beat(), loop_beats);
    writer.is_ok() && dispatch
}
