//! When to try again.

use rand::RngCore;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Share by which a delay is moved at random, up or down: ±10 %.
pub const JITTER: f64 = 0.1;

/// Most retries a policy may ask for.
pub const MAX_RETRIES: u32 = 50;

/// Longest delay a policy may ask for, seconds: one week.
pub const MAX_DELAY_SECONDS: u32 = 604_800;

/// Delays that are told of those that are left.
const LEFT: u32 = 4;

/// A schedule of delays between cycles.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum RetryPolicy {
    /// One delay per retry, seconds.
    Delays(Vec<u32>),
    /// `base`, `base·factor`, `base·factor²`, … seconds, each at most `cap`.
    Formula {
        /// First delay, seconds.
        base: u32,
        /// Growth per retry.
        factor: f64,
        /// Longest delay, seconds.
        cap: u32,
        /// Retries after the first cycle.
        max_retries: u32,
    },
}

impl RetryPolicy {
    /// The built-in policies by name (delivery contract, "Retry policies").
    pub fn builtin(name: &str) -> Option<Self> {
        match name {
            "standard" => Some(Self::Delays(vec![300, 900, 1_800])),
            "urgent" => Some(Self::Delays(vec![2, 4, 8, 300, 900, 1_800])),
            "fixed" => Some(Self::Delays(vec![60, 60, 60])),
            "exponential" => Some(Self::Formula { base: 2, factor: 2.0, cap: 60, max_retries: 3 }),
            _ => None,
        }
    }

    /// How many retries follow the first cycle.
    pub fn max_retries(&self) -> u32 {
        match self {
            Self::Delays(delays) => u32::try_from(delays.len()).unwrap_or(MAX_RETRIES),
            Self::Formula { max_retries, .. } => *max_retries,
        }
    }

    /// The published delay before retry number `retry` (1 for the first); `None` when they are spent.
    pub fn delay(&self, retry: u32) -> Option<Duration> {
        if retry == 0 || retry > self.max_retries() {
            return None;
        }
        let step = retry - 1;
        Some(match self {
            Self::Delays(delays) => Duration::from_secs(u64::from(*delays.get(step as usize)?)),
            Self::Formula { base, factor, cap, .. } => {
                let exponent = i32::try_from(step).unwrap_or(i32::MAX);
                let seconds = (f64::from(*base) * factor.powi(exponent)).min(f64::from(*cap));
                Duration::from_secs_f64(seconds.max(0.0))
            }
        })
    }

    /// The published delays of the next few retries after number `spent`, seconds.
    pub fn left(&self, spent: u32) -> Vec<u64> {
        let next = (1..=LEFT).map_while(|ahead| self.delay(spent.checked_add(ahead)?));
        next.map(|delay| delay.as_secs()).collect()
    }

    /// The delay with jitter. A provider's `Retry-After` raises it, never lowers it.
    pub fn jittered(
        &self,
        retry: u32,
        at_least: Option<Duration>,
        rng: &mut dyn RngCore,
    ) -> Option<Duration> {
        let delay = self.delay(retry)?.mul_f64(1.0 + JITTER * spread(rng));
        Some(at_least.map_or(delay, |least| delay.max(least)))
    }

    /// Why this policy cannot be used, with the field.
    pub fn problem(&self) -> Option<(&'static str, String)> {
        let too_long = |s: u32| s > MAX_DELAY_SECONDS;
        match self {
            Self::Delays(delays) if delays.len() > MAX_RETRIES as usize => {
                Some(("delays", format!("at most {MAX_RETRIES} delays")))
            }
            Self::Delays(delays) if delays.iter().any(|s| too_long(*s)) => {
                Some(("delays", format!("each delay is at most {MAX_DELAY_SECONDS} seconds")))
            }
            Self::Formula { base, cap, .. } if too_long(*base) || too_long(*cap) => {
                Some(("cap", format!("base and cap are at most {MAX_DELAY_SECONDS} seconds")))
            }
            Self::Formula { factor, .. } if !(1.0..=10.0).contains(factor) => {
                Some(("factor", "factor is between 1 and 10".into()))
            }
            Self::Formula { max_retries, .. } if *max_retries > MAX_RETRIES => {
                Some(("max_retries", format!("max_retries is at most {MAX_RETRIES}")))
            }
            Self::Delays(_) | Self::Formula { .. } => None,
        }
    }
}

/// Evenly from -1 to 1.
fn spread(rng: &mut dyn RngCore) -> f64 {
    f64::from(rng.next_u32()) / f64::from(u32::MAX) * 2.0 - 1.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    #[test]
    fn what_is_left_is_what_was_not_spent() {
        let standard = RetryPolicy::builtin("standard").unwrap();
        assert_eq!(standard.left(0), [300, 900, 1_800]);
        assert_eq!(standard.left(2), [1_800]);
        assert!(standard.left(3).is_empty() && standard.left(u32::MAX).is_empty());
        let many = RetryPolicy::Formula { base: 2, factor: 2.0, cap: 60, max_retries: 50 };
        assert_eq!(many.left(3), [16, 32, 60, 60], "a few are enough");
    }

    #[test]
    fn the_published_schedules() {
        let seconds = |name: &str| {
            let policy = RetryPolicy::builtin(name).unwrap();
            (1..).map_while(|n| policy.delay(n)).map(|d| d.as_secs()).collect::<Vec<_>>()
        };
        assert_eq!(seconds("standard"), [300, 900, 1_800]);
        assert_eq!(seconds("urgent"), [2, 4, 8, 300, 900, 1_800]);
        assert_eq!(seconds("fixed"), [60, 60, 60]);
        assert_eq!(seconds("exponential"), [2, 4, 8]);
        assert!(RetryPolicy::builtin("never").is_none());
    }

    #[test]
    fn a_formula_stops_at_its_cap() {
        let policy = RetryPolicy::Formula { base: 2, factor: 3.0, cap: 10, max_retries: 4 };
        let seconds: Vec<_> = (1..).map_while(|n| policy.delay(n)).map(|d| d.as_secs()).collect();
        assert_eq!(seconds, [2, 6, 10, 10]);
    }

    proptest! {
        #[test]
        fn jitter_stays_within_a_tenth(seed: u64, retry in 1u32..=6) {
            let policy = RetryPolicy::builtin("urgent").unwrap();
            let plain = policy.delay(retry).unwrap().as_secs_f64();
            let moved = policy.jittered(retry, None, &mut StdRng::seed_from_u64(seed)).unwrap().as_secs_f64();
            prop_assert!(moved >= plain * 0.899 && moved <= plain * 1.101, "{} against {}", moved, plain);
        }

        #[test]
        fn retry_after_only_ever_raises(seed: u64, retry in 1u32..=3, after in 0u64..10_000) {
            let policy = RetryPolicy::builtin("standard").unwrap();
            let after = Duration::from_secs(after);
            let with = policy.jittered(retry, Some(after), &mut StdRng::seed_from_u64(seed)).unwrap();
            let without = policy.jittered(retry, None, &mut StdRng::seed_from_u64(seed)).unwrap();
            prop_assert_eq!(with, without.max(after));
        }
    }
}
