//! In how long a queue is empty, when it goes on as it did.

use std::time::Duration;

/// Longest that is told; whatever takes longer never ends, for anybody who asks.
pub const LONGEST: Duration = Duration::from_secs(366 * 86_400);

/// What becomes of a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Emptying {
    /// It is empty after so long; at once, when it is now.
    In(Duration),
    /// More comes than goes.
    Grows,
    /// As much goes as comes, or nothing moves at all, or so slowly that nobody sees the end.
    StandsStill,
}

/// For a queue of so many, of which `leaving` go per second while `arriving` come.
pub fn emptying(length: u64, leaving: f64, arriving: f64) -> Emptying {
    if length == 0 {
        return Emptying::In(Duration::ZERO);
    }
    let drain = leaving - arriving;
    if drain < 0.0 {
        return Emptying::Grows;
    }
    #[expect(clippy::cast_precision_loss, reason = "a length that is told to a second")]
    let seconds = length as f64 / drain;
    match Duration::try_from_secs_f64(seconds) {
        Ok(time) if time <= LONGEST => Emptying::In(time),
        _ => Emptying::StandsStill,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_cases() {
        let minutes = |minutes| Emptying::In(Duration::from_mins(minutes));
        assert_eq!(emptying(0, 0.0, 5.0), minutes(0), "empty is empty, whatever comes");
        assert_eq!(emptying(2_400, 15.0, 5.0), minutes(4));
        assert_eq!(emptying(1, 1.0, 2.0), Emptying::Grows);
        assert_eq!(emptying(1, 0.0, 0.1), Emptying::Grows);
        assert_eq!(emptying(1, 3.0, 3.0), Emptying::StandsStill);
        assert_eq!(emptying(1, 0.0, 0.0), Emptying::StandsStill);
        assert_eq!(emptying(u64::MAX, 1e-9, 0.0), Emptying::StandsStill, "nobody sees the end");
    }

    proptest! {
        /// What goes in the time that is told is what stood there and what came meanwhile.
        #[test]
        fn it_comes_out_even(length in 1u64..1_000_000, leaving in 0.0f64..5_000.0, arriving in 0.0f64..5_000.0) {
            match emptying(length, leaving, arriving) {
                Emptying::In(time) => {
                    let seconds = time.as_secs_f64();
                    #[expect(clippy::cast_precision_loss, reason = "at most a million")]
                    let there = length as f64 + arriving * seconds;
                    prop_assert!((leaving * seconds - there).abs() <= 1e-6 * (1.0 + there), "{seconds} s");
                }
                Emptying::Grows => prop_assert!(arriving > leaving),
                #[expect(clippy::cast_precision_loss, reason = "at most a million")]
                Emptying::StandsStill => {
                    prop_assert!(leaving >= arriving);
                    prop_assert!((leaving - arriving) * LONGEST.as_secs_f64() <= length as f64 * 1.000_001);
                }
            }
        }

        /// A longer queue is never empty sooner, a faster provider never later, and more that comes never helps.
        #[test]
        fn more_work_never_ends_sooner(
            length in 0u64..1_000_000, leaving in 0.0f64..5_000.0, arriving in 0.0f64..5_000.0, more in 0.0f64..100.0
        ) {
            let rank = |it: Emptying| match it {
                Emptying::In(time) => (0, time),
                Emptying::StandsStill => (1, Duration::ZERO),
                Emptying::Grows => (2, Duration::ZERO),
            };
            let now = rank(emptying(length, leaving, arriving));
            prop_assert!(rank(emptying(length + 1, leaving, arriving)) >= now);
            prop_assert!(rank(emptying(length, leaving + more, arriving)) <= now);
            prop_assert!(rank(emptying(length, leaving, arriving + more)) >= now);
        }

        /// Whatever it is asked, it answers.
        #[test]
        fn it_never_panics(length: u64, leaving: f64, arriving: f64) {
            emptying(length, leaving, arriving);
        }
    }
}
