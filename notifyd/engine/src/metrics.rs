//! What the engine measures.

use crate::webhooks;
use notify_proto::HoldKind;
use prometheus::core::Collector;
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
    pub paused: IntGaugeVec,
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
        let gauge = |name: &str, help: &str, by: &str| IntGaugeVec::new(Opts::new(name, help), &[by]);
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
            breaker: gauge(
                "notifyd_breaker_state",
                "Circuit breaker: 0 closed, 1 half open, 2 open.",
                "provider",
            )?,
            throttled: gauge(
                "notifyd_provider_throttled",
                "1 while a provider is left alone as it asked to; looked at every 5 s.",
                "provider",
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
            paused: gauge(
                "notifyd_queue_paused",
                "Whether an operator has paused a queue that no provider stands behind: 1 while it stands.",
                "queue",
            )?,
            provider_in_flight: gauge(
                "notifyd_provider_in_flight",
                "Calls of a provider under way.",
                "provider",
            )?,
            provider_waiting: gauge(
                "notifyd_provider_waiting",
                "Queued notifications in memory that go to a provider next; counted every 5 s.",
                "provider",
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
        it.enrol(registry)?;
        Ok(it)
    }

    fn enrol(&self, registry: &Registry) -> Result<(), prometheus::Error> {
        let all: [Box<dyn Collector>; 16] = [
            Box::new(self.attempts.clone()),
            Box::new(self.retries.clone()),
            Box::new(self.rate_limited.clone()),
            Box::new(self.in_doubt.clone()),
            Box::new(self.receipts.clone()),
            Box::new(self.breaker.clone()),
            Box::new(self.throttled.clone()),
            Box::new(self.provider_rate.clone()),
            Box::new(self.held.clone()),
            Box::new(self.paused.clone()),
            Box::new(self.provider_in_flight.clone()),
            Box::new(self.provider_waiting.clone()),
            Box::new(self.operations.clone()),
            Box::new(self.operation_items.clone()),
            Box::new(self.latency.clone()),
            Box::new(self.call_seconds.clone()),
        ];
        all.into_iter().try_for_each(|one| registry.register(one))
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
