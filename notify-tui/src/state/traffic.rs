//! How many bytes come from the daemon.

use std::time::{Duration, Instant};

/// Over how long the rate is taken.
const SPAN: Duration = Duration::from_secs(5);

/// Bytes that came, and how fast.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Traffic {
    total: u64,
    /// When the rate was taken last, and how many had come then.
    before: Option<(Instant, u64)>,
    rate: Option<f64>,
}

impl Traffic {
    /// So many have come by now.
    pub fn note(&mut self, total: u64, now: Instant) {
        self.total = total;
        let (since, before) = *self.before.get_or_insert((now, total));
        let apart = now.saturating_duration_since(since);
        if apart >= SPAN {
            let more = u32::try_from(total.saturating_sub(before)).unwrap_or(u32::MAX);
            self.rate = Some(f64::from(more) / apart.as_secs_f64());
            self.before = Some((now, total));
        }
    }

    /// Bytes a second, over the last few seconds.
    pub const fn rate(&self) -> Option<f64> {
        self.rate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_needs_a_few_seconds() {
        #[expect(clippy::disallowed_methods, reason = "an Instant has no other source")]
        let start = Instant::now();
        let mut traffic = Traffic::default();
        traffic.note(1_000, start);
        traffic.note(3_000, start + Duration::from_secs(1));
        assert_eq!(traffic.rate(), None);
        traffic.note(11_000, start + Duration::from_secs(5));
        assert_eq!(traffic.rate(), Some(2_000.0));
    }
}
