//! How fast what is named by ids is changed.

use super::ids::AT_ONCE;
use std::time::Duration;

/// How calls with ids are spread over time.
#[derive(Debug, PartialEq)]
pub(super) struct Pace {
    /// Ids of one call.
    pub(super) ids: usize,
    /// Between two calls.
    pub(super) every: Duration,
}

impl Pace {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "within the bounds of a call"
    )]
    pub(super) fn of(rate: Option<f64>) -> Self {
        let Some(rate) = rate else { return Self { ids: AT_ONCE, every: Duration::ZERO } };
        let ids = rate.clamp(1.0, AT_ONCE as f64) as usize;
        Self { ids, every: Duration::try_from_secs_f64(ids as f64 / rate).unwrap_or(Duration::MAX) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_called_at_their_pace() {
        assert_eq!(Pace::of(None), Pace { ids: AT_ONCE, every: Duration::ZERO });
        assert_eq!(Pace::of(Some(20.0)), Pace { ids: 20, every: Duration::from_secs(1) });
        assert_eq!(Pace::of(Some(1_000.0)), Pace { ids: AT_ONCE, every: Duration::from_millis(200) });
        assert_eq!(Pace::of(Some(0.5)), Pace { ids: 1, every: Duration::from_secs(2) });
    }
}
