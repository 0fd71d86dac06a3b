//! What the engine measures.

use crate::webhooks;
use notify_proto::HoldKind;
use prometheus::{
    GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry, exponential_buckets,
};

/// Handles to the engine's metrics.
pub(crate) struct Metrics {
    pub attempts: IntCounterVec,
    pub retries: IntCounter,
    pub rate_limited: IntCounterVec,
    pub in_doubt: IntCounter,
    pub receipts: IntCounterVec,
    pub breaker: IntGaugeVec,
    pub throttled: IntGaugeVec,
    pub provider_rate: GaugeVec,
    pub held: IntGaugeVec,
    pub provider_in_flight: IntGaugeVec,
    pub provider_waiting: IntGaugeVec,
    pub webhooks: webhooks::Metrics,
    pub operations: IntGauge,
    pub operation_items: IntCounterVec,
    pub latency: Histogram,
    pub call_seconds: HistogramVec,
}

impl Metrics {
    pub(crate) fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let seconds = exponential_buckets(0.001, 2.0, 18)?;
        let it = Self {
            attempts: IntCounterVec::new(
                Opts::new(
                    "notifyd_attempts_total",
                    "Attempts by how they ended; a failed attempt is not a failed notification.",
                ),
                &["provider", "channel", "result"],
            )?,
            retries: IntCounter::new("notifyd_retries_scheduled_total", "Retries that were given a time.")?,
            rate_limited: IntCounterVec::new(
                Opts::new(
                    "notifyd_provider_rate_limited_total",
                    "Answers of a provider that asked to slow down.",
                ),
                &["provider"],
            )?,
            in_doubt: IntCounter::new("notifyd_in_doubt_total", "Attempts whose end is unknown.")?,
            receipts: IntCounterVec::new(
                Opts::new(
                    "notifyd_receipts_total",
                    "Receipts that were settled with their attempt, by what they say; repeated ones as well.",
                ),
                &["provider", "says"],
            )?,
            breaker: IntGaugeVec::new(
                Opts::new("notifyd_breaker_state", "Circuit breaker: 0 closed, 1 half open, 2 open."),
                &["provider"],
            )?,
            throttled: IntGaugeVec::new(
                Opts::new(
                    "notifyd_provider_throttled",
                    "1 while a provider is left alone as it asked to; looked at every 5 s.",
                ),
                &["provider"],
            )?,
            provider_rate: GaugeVec::new(
                Opts::new(
                    "notifyd_provider_rate",
                    "Calls per second that a provider may get: as configured, +Inf without a limit, or less as learned \
                     from being throttled; looked at every 5 s.",
                ),
                &["provider"],
            )?,
            held: IntGaugeVec::new(
                Opts::new("notifyd_provider_held", "What operators force on a provider: 1 while it stands."),
                &["provider", "hold"],
            )?,
            provider_in_flight: IntGaugeVec::new(
                Opts::new("notifyd_provider_in_flight", "Calls of a provider under way."),
                &["provider"],
            )?,
            provider_waiting: IntGaugeVec::new(
                Opts::new(
                    "notifyd_provider_waiting",
                    "Queued notifications in memory that go to a provider next; counted every 5 s.",
                ),
                &["provider"],
            )?,
            webhooks: webhooks::Metrics::register(registry)?,
            operations: IntGauge::new(
                "notifyd_operations_running",
                "Operations under way that change notifications in bulk.",
            )?,
            operation_items: IntCounterVec::new(
                Opts::new(
                    "notifyd_operation_items_total",
                    "Notifications that bulk operations of operators came to, by what became of it.",
                ),
                &["verb", "result"],
            )?,
            latency: Histogram::with_opts(
                HistogramOpts::new("notifyd_delivery_latency_seconds", "From acceptance to delivery.")
                    .buckets(seconds.clone()),
            )?,
            call_seconds: HistogramVec::new(
                HistogramOpts::new("notifyd_provider_call_seconds", "Calls of a provider.").buckets(seconds),
                &["provider"],
            )?,
        };
        registry.register(Box::new(it.attempts.clone()))?;
        registry.register(Box::new(it.retries.clone()))?;
        registry.register(Box::new(it.rate_limited.clone()))?;
        registry.register(Box::new(it.in_doubt.clone()))?;
        registry.register(Box::new(it.receipts.clone()))?;
        registry.register(Box::new(it.breaker.clone()))?;
        registry.register(Box::new(it.throttled.clone()))?;
        registry.register(Box::new(it.provider_rate.clone()))?;
        registry.register(Box::new(it.held.clone()))?;
        registry.register(Box::new(it.provider_in_flight.clone()))?;
        registry.register(Box::new(it.provider_waiting.clone()))?;
        registry.register(Box::new(it.operations.clone()))?;
        registry.register(Box::new(it.operation_items.clone()))?;
        registry.register(Box::new(it.latency.clone()))?;
        registry.register(Box::new(it.call_seconds.clone()))?;
        Ok(it)
    }

    /// The calls of a provider under way.
    pub(crate) fn in_flight_of(&self, provider: &str) -> IntGauge {
        self.provider_in_flight.with_label_values(&[provider])
    }

    /// A provider of this name is no more. What it has counted stays, what it is goes.
    pub(crate) fn forget_provider(&self, provider: &str) {
        // Whatever it did not have need not be removed.
        let _ = self.provider_rate.remove_label_values(&[provider]);
        for gauge in [&self.breaker, &self.throttled, &self.provider_in_flight, &self.provider_waiting] {
            let _ = gauge.remove_label_values(&[provider]);
        }
        for kind in HoldKind::ALL {
            let _ = self.held.remove_label_values(&[provider, kind.as_str()]);
        }
    }
}
