//! What telling webhooks is measured by.

use prometheus::{Histogram, HistogramOpts, IntCounterVec, IntGauge, Opts, Registry, exponential_buckets};

/// Handles to the metrics.
pub(crate) struct Metrics {
    /// Tries, by how the event stands after them.
    pub tries: IntCounterVec,
    /// From an event to its acknowledgement.
    pub ack_seconds: Histogram,
    /// Events that are owed.
    pub pending: IntGauge,
}

impl Metrics {
    pub(crate) fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let seconds = HistogramOpts::new(
            "notifyd_webhook_ack_seconds",
            "Time from an event to its acknowledgement by a webhook.",
        )
        .buckets(exponential_buckets(0.001, 2.0, 18)?);
        let tries = Opts::new(
            "notifyd_webhook_deliveries_total",
            "Tries to tell a webhook of an event, by how the event stands then.",
        );
        let it = Self {
            tries: IntCounterVec::new(tries, &["result"])?,
            ack_seconds: Histogram::with_opts(seconds)?,
            pending: IntGauge::new("notifyd_webhook_pending", "Events that are owed to webhooks.")?,
        };
        registry.register(Box::new(it.tries.clone()))?;
        registry.register(Box::new(it.ack_seconds.clone()))?;
        registry.register(Box::new(it.pending.clone()))?;
        Ok(it)
    }
}
