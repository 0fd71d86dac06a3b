//! Rates from two answers of the same daemon.

use notify_proto::view::StatusView;
use std::time::Duration;

/// Changes per second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    /// Accepted.
    pub accepted: f64,
    /// Delivered.
    pub delivered: f64,
    /// Given up.
    pub failed: f64,
}

impl Rates {
    /// Between two answers. None when they are of different runs of the daemon, or at the same time.
    pub fn between(before: &StatusView, after: &StatusView, apart: Duration) -> Option<Self> {
        let same_run =
            (before.daemon.pid, before.daemon.started_at) == (after.daemon.pid, after.daemon.started_at);
        if !same_run || apart.is_zero() {
            return None;
        }
        let rate = |before: u64, after: u64| {
            let more = u32::try_from(after.saturating_sub(before)).unwrap_or(u32::MAX);
            f64::from(more) / apart.as_secs_f64()
        };
        Some(Self {
            accepted: rate(before.accepted, after.accepted),
            delivered: rate(before.delivered, after.delivered),
            failed: rate(before.failed, after.failed),
        })
    }
}
