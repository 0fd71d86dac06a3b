//! One call of a provider. Each step consumes the one before: a job that was claimed becomes one that was sent.

use crate::lines::Loaded;
use crate::slots::CallOf;
use notify_proto::{Channel, ProviderId, Timestamp};
use notifyd_lifecycle::outcome::{Outcome, Report};
use notifyd_lifecycle::{Clock, FailPoint};
use notifyd_providers::{Call, Provider};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// A job whose attempt is on disk.
pub(crate) struct Claimed {
    /// Its fence is the one the claim raised it to; its attempts include this one.
    pub loaded: Box<Loaded>,
    pub channel: Channel,
    pub channel_index: usize,
    pub provider: ProviderId,
    pub simulated: bool,
    /// Which call it is.
    pub call: CallOf,
}

/// A job whose provider has answered, or not.
pub(crate) struct Sent {
    pub claimed: Claimed,
    pub what: What,
    pub elapsed: Duration,
    pub at: Timestamp,
}

/// What became of the call.
pub(crate) enum What {
    /// The provider's answer.
    Said(Report),
    /// It expired before the first byte: nothing was sent.
    Expired,
}

/// Tells the loop even when the call panics or is dropped: a slot is never lost.
struct Answer {
    claimed: Option<Claimed>,
    started: Instant,
    clock: Arc<dyn Clock>,
    to: mpsc::UnboundedSender<Sent>,
}

impl Answer {
    fn give(&mut self, what: What) {
        if let Some(claimed) = self.claimed.take() {
            let sent = Sent { claimed, what, elapsed: self.started.elapsed(), at: self.clock.now() };
            // The loop is gone only when the daemon stops without draining; the attempt is then in doubt on disk.
            let _ = self.to.send(sent);
        }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.give(What::Said(Report::new(Outcome::Ambiguous, Some("the call was abandoned".to_owned()))));
    }
}

/// Makes the call. Expiry is looked at once more right before the first byte.
pub(crate) async fn send(
    claimed: Claimed,
    client: Arc<dyn Provider>,
    timeout: Duration,
    clock: Arc<dyn Clock>,
    to: mpsc::UnboundedSender<Sent>,
) {
    let expired = claimed.loaded.job.expires_at.is_some_and(|at| at <= clock.now());
    let mut answer = Answer { claimed: Some(claimed), started: Instant::now(), clock, to };
    if expired {
        answer.give(What::Expired);
        return;
    }
    let Some(claimed) = &answer.claimed else { return };
    let job = &claimed.loaded.job;
    let addresses = job.message.addresses.get(&claimed.channel).map(Vec::as_slice).unwrap_or_default();
    let call = Call {
        notification: job.id,
        attempt: job.attempts,
        channel: claimed.channel,
        to: addresses,
        message: &job.message,
    };
    FailPoint::CallBegins.reached();
    let report = tokio::time::timeout(timeout, client.send(call)).await.unwrap_or_else(|_| {
        Report::new(Outcome::Ambiguous, Some(format!("no answer within {} s", timeout.as_secs())))
    });
    FailPoint::CallAnswered.reached();
    answer.give(What::Said(report));
}
