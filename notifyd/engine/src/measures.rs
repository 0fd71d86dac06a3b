//! What is counted and timed for those who watch: calls of providers, tries to tell webhooks, and how long all that took.
//! Counters only ever rise; [`history`](crate::history) looks at them once a second.

use crate::sliding::{Quantiles, Sliding};
use crate::timed::Timed;
use notify_proto::measured::{CallView, MAX_CALLS};
use notify_proto::{Channel, NotificationId, ProviderId, Timestamp};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// Webhooks that are measured one by one: those that were told last.
pub(crate) const MAX_WEBHOOKS: usize = 64;

/// Providers that are measured one by one.
pub(crate) const MAX_PROVIDERS: usize = 64;

/// Longest error that is kept, characters.
const MAX_ERROR: usize = 200;

/// How far back goes what is counted by the minute.
pub(crate) const HOUR: Duration = Duration::from_secs(3_600);

/// Which minute it is, by the clock that nobody sets.
pub(crate) const fn minute(steady: Duration) -> u64 {
    minute_before(steady, Duration::ZERO)
}

/// Which one it was so long before. The first that the clock tells has an hour before it, in which an earlier run may have
/// left something.
pub(crate) const fn minute_before(steady: Duration, ago: Duration) -> u64 {
    steady.saturating_add(HOUR).saturating_sub(ago).as_secs() / 60
}

/// What is known of one provider.
#[derive(Default)]
pub(crate) struct OfProvider {
    /// Calls that were answered.
    pub calls: u64,
    /// Those of them that it did not accept.
    pub errors: u64,
    /// Those of these by which it asked to slow down.
    pub throttled: u64,
    /// The last thing that went wrong.
    pub last_error: Option<(Timestamp, String)>,
    /// The last calls, the newest last.
    pub recent: VecDeque<CallView>,
    wait: Sliding,
    call: Sliding,
}

/// What is known of one webhook.
#[derive(Default)]
pub(crate) struct OfWebhook {
    /// Tries.
    pub told: u64,
    /// Those of them that it took.
    pub acks: u64,
    /// When it was told last, and what it answered.
    pub last: Option<(Timestamp, Option<u16>)>,
    /// When it took something last, and when it did not.
    pub last_ack: Option<Timestamp>,
    pub last_nack: Option<Timestamp>,
    ack: Sliding,
}

/// How long things took on one channel.
#[derive(Default)]
struct OfChannel {
    wait: Sliding,
    call: Sliding,
    deliver: Sliding,
}

/// A call that was answered.
pub(crate) struct Called<'a> {
    /// For which notification, on which channel.
    pub of: (NotificationId, Channel),
    /// Whose that is, by the store's number.
    pub service: i64,
    /// How it ended, one word.
    pub class: &'static str,
    /// When, by the clock that nobody sets.
    pub steady: Duration,
    pub at: Timestamp,
    /// From the queue to its begin.
    pub waited: Duration,
    pub elapsed: Duration,
    pub accepted: bool,
    pub throttled: bool,
    pub error: Option<&'a str>,
}

/// How long things took in the last five minutes.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Latencies {
    /// From due to the begin of the call.
    pub wait: Quantiles,
    /// Calls.
    pub call: Quantiles,
    /// From accepted to delivered.
    pub deliver: Quantiles,
    /// From an event to its acknowledgement by a webhook.
    pub ack: Quantiles,
}

/// All that is counted and timed.
#[derive(Default)]
pub(crate) struct Measures(Mutex<Measured>, Notify);

#[derive(Default)]
pub(crate) struct Measured {
    pub providers: HashMap<ProviderId, OfProvider>,
    pub webhooks: HashMap<i64, OfWebhook>,
    pub services: Timed,
    channels: BTreeMap<Channel, OfChannel>,
    /// Retries that were given a time.
    pub retried: u64,
    /// Calls that were answered.
    pub calls: u64,
    /// Tries to tell webhooks.
    pub told: u64,
    /// Those of them that were taken.
    pub acks: u64,
    wait: Sliding,
    call: Sliding,
    deliver: Sliding,
    ack: Sliding,
}

impl Measures {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Measured> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until something is counted; answers at once when something was since the last time.
    pub(crate) async fn moved(&self) {
        self.1.notified().await;
    }

    /// A call of a provider was answered.
    pub(crate) fn called(&self, provider: ProviderId, it: &Called<'_>) {
        let minute = minute(it.steady);
        self.1.notify_one();
        let mut all = self.lock();
        all.calls += 1;
        all.call.record(minute, it.elapsed);
        all.wait.record(minute, it.waited);
        let channel = all.channels.entry(it.of.1).or_default();
        channel.call.record(minute, it.elapsed);
        channel.wait.record(minute, it.waited);
        all.services.called(it.service, minute, it.waited, it.elapsed);
        if all.providers.len() >= MAX_PROVIDERS && !all.providers.contains_key(&provider) {
            return;
        }
        let of = all.providers.entry(provider).or_default();
        of.calls += 1;
        of.call.record(minute, it.elapsed);
        of.wait.record(minute, it.waited);
        let error: Option<String> = it.error.map(|text| text.chars().take(MAX_ERROR).collect());
        if of.recent.len() == MAX_CALLS {
            of.recent.pop_front();
        }
        of.recent.push_back(CallView {
            at: it.at,
            notification_id: it.of.0,
            channel: it.of.1.into(),
            outcome: it.class.to_owned(),
            elapsed_ms: u64::try_from(it.elapsed.as_millis()).unwrap_or(u64::MAX),
            error: error.clone(),
        });
        of.throttled += u64::from(it.throttled);
        if !it.accepted {
            of.errors += 1;
            of.last_error = Some((it.at, error.unwrap_or_else(|| "it gave no reason".to_owned())));
        }
    }

    /// A notification of this service was delivered on this channel, so long after it was accepted.
    pub(crate) fn delivered(
        &self,
        service: i64,
        channel: Option<Channel>,
        steady: Duration,
        after: Duration,
    ) {
        let (mut all, minute) = (self.lock(), minute(steady));
        all.deliver.record(minute, after);
        all.services.delivered(service, minute, after);
        if let Some(channel) = channel {
            all.channels.entry(channel).or_default().deliver.record(minute, after);
        }
    }

    /// A retry was given a time.
    pub(crate) fn retried(&self) {
        self.lock().retried += 1;
    }

    /// A webhook was told of an event, and took it so long after it happened, or did not.
    pub(crate) fn told(
        &self,
        webhook: i64,
        (steady, at): (Duration, Timestamp),
        taken: Option<Duration>,
        code: Option<u16>,
    ) {
        let minute = minute(steady);
        self.1.notify_one();
        let mut all = self.lock();
        all.told += 1;
        all.acks += u64::from(taken.is_some());
        if let Some(after) = taken {
            all.ack.record(minute, after);
        }
        if all.webhooks.len() >= MAX_WEBHOOKS && !all.webhooks.contains_key(&webhook) {
            let longest = all.webhooks.iter().min_by_key(|(_, of)| of.last.map(|(at, _)| at));
            if let Some(longest) = longest.map(|(no, _)| *no) {
                all.webhooks.remove(&longest);
            }
        }
        let of = all.webhooks.entry(webhook).or_default();
        of.told += 1;
        of.last = Some((at, code));
        if let Some(after) = taken {
            of.acks += 1;
            of.last_ack = Some(at);
            of.ack.record(minute, after);
        } else {
            of.last_nack = Some(at);
        }
    }
}

impl Measured {
    /// How long things took.
    pub(crate) fn latencies(&mut self, minute: u64) -> Latencies {
        Latencies {
            wait: self.wait.quantiles(minute),
            call: self.call.quantiles(minute),
            deliver: self.deliver.quantiles(minute),
            ack: self.ack.quantiles(minute),
        }
    }

    /// The same of each channel of which something was measured: waits, calls, from accepted to delivered.
    pub(crate) fn by_channel(&mut self, minute: u64) -> Vec<(Channel, [Quantiles; 3])> {
        let of = |(channel, it): (&Channel, &mut OfChannel)| {
            (*channel, [&mut it.wait, &mut it.call, &mut it.deliver].map(|it| it.quantiles(minute)))
        };
        let measured = |(_, all): &(Channel, [Quantiles; 3])| all.iter().any(|it| it.count > 0);
        self.channels.iter_mut().map(of).filter(measured).collect()
    }

    /// 99 in 100 of one minute, in the order of [`Latencies`].
    pub(crate) fn p99s_of(&self, minute: u64) -> [Option<f64>; 4] {
        [&self.wait, &self.call, &self.deliver, &self.ack].map(|it| it.p99_of(minute))
    }
}

impl OfProvider {
    /// Waits and calls.
    pub(crate) fn latencies(&mut self, minute: u64) -> (Quantiles, Quantiles) {
        (self.wait.quantiles(minute), self.call.quantiles(minute))
    }
}

impl OfWebhook {
    /// Acknowledgements.
    pub(crate) fn latencies(&mut self, minute: u64) -> Quantiles {
        self.ack.quantiles(minute)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_channel_is_timed_for_itself_while_it_is_used() {
        let measures = Measures::default();
        let call = |channel, elapsed| Called {
            of: (NotificationId::from_bytes([1; 16]), channel),
            service: 7,
            class: "accepted",
            steady: Duration::ZERO,
            at: Timestamp::UNIX_EPOCH,
            waited: Duration::from_millis(5),
            elapsed: Duration::from_millis(elapsed),
            accepted: true,
            throttled: false,
            error: None,
        };
        for it in [call(Channel::Email, 900), call(Channel::Sms, 30), call(Channel::Sms, 30)] {
            measures.called(ProviderId::from_bytes([2; 16]), &it);
        }
        measures.delivered(7, Some(Channel::Email), Duration::ZERO, Duration::from_secs(2));
        measures.delivered(8, None, Duration::ZERO, Duration::from_secs(9));
        let mut all = measures.lock();
        assert_eq!(all.latencies(minute(Duration::ZERO)).deliver.count, 2);
        let by_channel = all.by_channel(minute(Duration::ZERO));
        let counts: Vec<_> =
            by_channel.iter().map(|(channel, all)| (*channel, all.map(|it| it.count))).collect();
        assert_eq!(counts, [(Channel::Sms, [2, 2, 0]), (Channel::Email, [1, 1, 1])]);
        let [_, call, deliver] = by_channel[1].1;
        assert!(call.ms.unwrap()[0] > 890.0 && deliver.ms.unwrap()[0] > 1_990.0);
        assert!(
            all.by_channel(minute(Duration::from_secs(360))).is_empty(),
            "five minutes later nothing is left of it"
        );
    }

    #[test]
    fn who_was_told_longest_ago_makes_room() {
        let measures = Measures::default();
        let at = |n: u64| Timestamp::from_timestamp(i64::try_from(n).unwrap(), 0).unwrap();
        let most = i64::try_from(MAX_WEBHOOKS).unwrap();
        for (n, no) in (0..=most).enumerate() {
            let n = n as u64;
            measures.told(no, (Duration::from_secs(n), at(n)), Some(Duration::from_millis(3)), Some(200));
        }
        let all = measures.lock();
        assert_eq!((all.webhooks.len(), all.told, all.acks), (MAX_WEBHOOKS, 65, 65));
        assert!(!all.webhooks.contains_key(&0) && all.webhooks.contains_key(&most));
    }
}
