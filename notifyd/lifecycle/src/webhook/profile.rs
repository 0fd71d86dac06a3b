//! When an endpoint that did not take an event is asked again, and what its answer means.

use notify_proto::{RetryProfile, WebhookFault};
use rand::RngCore;
use std::time::Duration;

/// Share of a delay that is added at random, so that those who failed together do not come back together. Never
/// subtracted: nobody is asked earlier than it was told.
pub const JITTER: f64 = 0.1;

/// Most retries a webhook may ask for (http-api, "Webhooks").
pub const MAX_RETRIES: u32 = 20;

/// Longest `Retry-After` that is heeded (reference/providers, 1.4): a day.
pub const MAX_RETRY_AFTER: Duration = Duration::from_secs(86_400);

/// Delays of the profile `standard`, seconds.
const STANDARD: [u64; 3] = [60, 300, 900];

/// First delays of the profile `persistent`, seconds; then they double from a minute on.
const PERSISTENT: [u64; 5] = [1, 2, 4, 8, 16];

/// Longest delay of `persistent`.
const LONGEST: Duration = Duration::from_secs(3 * 3_600);

/// For how long `persistent` asks in all.
const IN_ALL: Duration = Duration::from_secs(86_400);

/// How often and when a webhook is asked again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    /// The delays.
    pub profile: RetryProfile,
    /// Retries instead of those of the profile; the last delay is repeated.
    pub max_retries: Option<u32>,
}

impl Schedule {
    /// The published delay before retry number `retry` (1 for the first) of an event that has been owed for so long; none
    /// when they are spent.
    pub fn delay(self, retry: u32, owed: Duration) -> Option<Duration> {
        let step = retry.checked_sub(1)? as usize;
        if self.max_retries.is_some_and(|most| retry > most) {
            return None;
        }
        match self.profile {
            RetryProfile::Standard => {
                let last = self.max_retries.map_or(step, |_| step.min(STANDARD.len() - 1));
                STANDARD.get(last).map(|seconds| Duration::from_secs(*seconds))
            }
            RetryProfile::Persistent => {
                let delay = match PERSISTENT.get(step) {
                    Some(seconds) => Duration::from_secs(*seconds),
                    None => Duration::from_secs(60)
                        .saturating_mul(1 << (step - PERSISTENT.len()).min(16))
                        .min(LONGEST),
                };
                (self.max_retries.is_some() || owed + delay <= IN_ALL).then_some(delay)
            }
        }
    }

    /// All of them, seconds, from this retry on (1 for the first) of an event that has been owed for so long, each as long as
    /// it is after those before it; up to [`MAX_RETRIES`].
    pub fn delays(self, retry: u32, mut owed: Duration) -> Vec<u64> {
        let next = |retry| {
            let delay = self.delay(retry, owed)?;
            owed += delay;
            Some(delay.as_secs())
        };
        (retry..=MAX_RETRIES).map_while(next).collect()
    }

    /// The same with jitter; what the endpoint asks for raises it, never lowers it.
    pub fn wait(
        self,
        retry: u32,
        owed: Duration,
        asked: Option<Duration>,
        rng: &mut dyn RngCore,
    ) -> Option<Duration> {
        let delay = self.delay(retry, owed)?;
        let delay = delay.max(asked.map_or(Duration::ZERO, |asked| asked.min(MAX_RETRY_AFTER)));
        Some(delay.mul_f64(1.0 + JITTER * f64::from(rng.next_u32()) / f64::from(u32::MAX)))
    }
}

/// What came of one try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// An answer with this status.
    Answer {
        /// The status.
        status: u16,
        /// When to come back, if it says so.
        after: Option<Duration>,
    },
    /// None, or no whole one: the network, a time limit, a destination that is not allowed.
    Nothing,
}

/// What follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The endpoint took it.
    Acknowledged,
    /// It is asked again, not before this is over.
    Again(Option<Duration>),
    /// It will never take this one.
    Refused,
    /// There is no such endpoint any more: nobody asks it again.
    Gone,
}

impl Heard {
    /// What follows (delivery, "Webhooks out").
    pub const fn verdict(self) -> Verdict {
        match self {
            Self::Nothing => Verdict::Again(None),
            Self::Answer { status: 200..=299, .. } => Verdict::Acknowledged,
            Self::Answer { status: 410, .. } => Verdict::Gone,
            Self::Answer { status: 408 | 425 | 429 | 500..=599, after } => Verdict::Again(after),
            Self::Answer { .. } => Verdict::Refused,
        }
    }
}

/// Whether a webhook is switched off now, when it has failed for so long in a row; none of `longest`: never.
pub fn fault(verdict: Verdict, failing: Duration, longest: Option<Duration>) -> Option<WebhookFault> {
    match verdict {
        Verdict::Gone => Some(WebhookFault::Gone),
        Verdict::Again(_) | Verdict::Refused if longest.is_some_and(|longest| failing >= longest) => {
            Some(WebhookFault::Failing)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    /// The delays of a profile, seconds, as far as they go.
    fn delays(profile: RetryProfile, max_retries: Option<u32>) -> Vec<u64> {
        Schedule { profile, max_retries }.delays(1, Duration::ZERO)
    }

    #[test]
    fn the_published_schedules() {
        assert_eq!(delays(RetryProfile::Standard, None), [60, 300, 900]);
        let persistent = delays(RetryProfile::Persistent, None);
        assert_eq!(persistent[..8], [1, 2, 4, 8, 16, 60, 120, 240]);
        assert_eq!(persistent[12..], [7_680, 10_800, 10_800, 10_800, 10_800, 10_800, 10_800]);
        assert!(persistent.iter().sum::<u64>() <= 86_400);
        let left = Schedule { profile: RetryProfile::Persistent, max_retries: None };
        let left = left.delays(2, Duration::from_secs(1));
        assert_eq!(left, persistent[1..], "as many as there are, wherever one stands among them");
        assert_eq!(delays(RetryProfile::Standard, Some(0)), [0; 0]);
        assert_eq!(delays(RetryProfile::Standard, Some(2)), [60, 300]);
        assert_eq!(delays(RetryProfile::Standard, Some(5)), [60, 300, 900, 900, 900]);
        assert_eq!(delays(RetryProfile::Persistent, Some(3)), [1, 2, 4]);
        assert_eq!(delays(RetryProfile::Persistent, Some(20)).len(), 20, "the count alone rules");
    }

    #[test]
    fn each_status_means_what_is_published() {
        let verdict = |status| Heard::Answer { status, after: None }.verdict();
        for status in 100..=599_u16 {
            let expected = match status {
                200..=299 => Verdict::Acknowledged,
                408 | 425 | 429 | 500..=599 => Verdict::Again(None),
                410 => Verdict::Gone,
                _ => Verdict::Refused,
            };
            assert_eq!(verdict(status), expected, "{status}");
        }
        let after = Some(Duration::from_secs(7));
        assert_eq!(Heard::Answer { status: 503, after }.verdict(), Verdict::Again(after));
        assert_eq!(Heard::Nothing.verdict(), Verdict::Again(None));
    }

    #[test]
    fn who_fails_for_too_long_or_is_gone_is_switched_off() {
        let day = Duration::from_secs(86_400);
        assert_eq!(fault(Verdict::Gone, Duration::ZERO, None), Some(WebhookFault::Gone));
        assert_eq!(fault(Verdict::Again(None), day * 5, Some(day * 5)), Some(WebhookFault::Failing));
        assert_eq!(fault(Verdict::Refused, day * 6, Some(day * 5)), Some(WebhookFault::Failing));
        assert_eq!(fault(Verdict::Refused, day * 4, Some(day * 5)), None);
        assert_eq!(fault(Verdict::Again(None), day * 400, None), None);
        assert_eq!(fault(Verdict::Acknowledged, day * 400, Some(day)), None);
    }

    proptest! {
        /// Never earlier than published or asked for, and at most a tenth later.
        #[test]
        fn a_wait_is_the_delay_and_up_to_a_tenth_more(
            seed: u64, retry in 1u32..20, asked in prop::option::of(0u64..200_000), persistent: bool,
        ) {
            let profile = if persistent { RetryProfile::Persistent } else { RetryProfile::Standard };
            let schedule = Schedule { profile, max_retries: Some(20) };
            let asked = asked.map(Duration::from_secs);
            let least = schedule.delay(retry, Duration::ZERO).unwrap();
            let least = least.max(asked.unwrap_or_default().min(MAX_RETRY_AFTER));
            let wait = schedule.wait(retry, Duration::ZERO, asked, &mut StdRng::seed_from_u64(seed)).unwrap();
            prop_assert!(wait >= least && wait <= least.mul_f64(1.0 + JITTER));
        }
    }
}
