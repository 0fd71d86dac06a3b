//! One call of a provider. Each step consumes the one before: a job that was claimed becomes one that was sent.

use crate::lines::Loaded;
use crate::slots::CallOf;
use notify_proto::{Channel, ProviderId, SkipReason, Timestamp};
use notifyd_lifecycle::outcome::{Outcome, Report};
use notifyd_lifecycle::{Clock, FailPoint};
use notifyd_providers::{Call, Provider};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

/// A time limit whose end is noticed later than this was not watched all the time. Timers are good to a millisecond; a
/// busy machine makes that tens.
pub(crate) const LATE: Duration = Duration::from_millis(100);

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
    /// How long the call took, or what never began waited for it.
    pub elapsed: Duration,
    pub at: Timestamp,
}

/// What became of the call.
pub(crate) enum What {
    /// The provider's answer.
    Said(Report),
    /// It expired before the first byte: nothing was sent.
    Expired,
    /// It was claimed ahead and there was no room for its call after all: nothing was sent.
    Unsent(SkipReason),
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

/// The provider's answer, or that there was none within `limit`. The limit is of time in which the daemon ran: when its end
/// is noticed late (the process was stopped, or got no processor), an answer may be there unread, or the call hardly begun,
/// so what was lost is given once more, at most the limit again.
pub(crate) async fn ask(client: &dyn Provider, call: Call<'_>, limit: Duration) -> Report {
    let started = Instant::now();
    let mut answer = client.send(call);
    if let Ok(report) = timeout(limit, &mut answer).await {
        return report;
    }
    let lost = started.elapsed().saturating_sub(limit);
    if lost > LATE
        && let Ok(report) = timeout(lost.min(limit), answer).await
    {
        return report;
    }
    let late = format!("no answer within {} s", limit.as_secs());
    Report::new(Outcome::Ambiguous, Some(late)).of(client.scope())
}

/// Makes the call. Expiry is looked at once more right before the first byte.
pub(crate) async fn send(
    claimed: Claimed,
    client: Arc<dyn Provider>,
    limit: Duration,
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
    let report = ask(&*client, call, limit).await;
    FailPoint::CallAnswered.reached();
    answer.give(What::Said(report));
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_trait::async_trait;
    use notify_proto::NotificationId;
    use notifyd_lifecycle::Message;

    /// A provider that the daemon's own standstill keeps from its work first.
    struct Behind {
        standstill: Duration,
        works: Duration,
    }

    #[async_trait]
    impl Provider for Behind {
        async fn send(&self, _: Call<'_>) -> Report {
            tokio::time::advance(self.standstill).await;
            tokio::time::sleep(self.works).await;
            Report::accepted(None)
        }
    }

    /// Whether it was answered within 1 s, and after how many ms that was known.
    async fn answered(standstill: u64, works: u64) -> (bool, u128) {
        let (standstill, works) = (Duration::from_millis(standstill), Duration::from_millis(works));
        let message = Message::text(Channel::Sms, "+1".into(), "hello");
        let notification = NotificationId::from_parts(0, [0; 10]);
        let call = Call { notification, attempt: 1, channel: Channel::Sms, to: &[], message: &message };
        let started = Instant::now();
        let report = ask(&Behind { standstill, works }, call, Duration::from_secs(1)).await;
        (report.outcome != Outcome::Ambiguous, started.elapsed().as_millis())
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_counts_the_time_in_which_the_daemon_ran() {
        assert_eq!(answered(0, 900).await, (true, 900));
        assert!(!answered(0, 1_100).await.0);
        assert_eq!(answered(5_000, 900).await, (true, 5_900), "it stood still before the call had begun");
        assert!(!answered(5_000, 1_100).await.0, "the limit holds for what is made up as well");
        assert_eq!(answered(1_300, 200).await, (true, 1_500));
        assert!(!answered(1_300, 400).await.0, "no more than was lost is made up");
    }
}
