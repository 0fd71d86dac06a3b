//! What the intake measures, and `/metrics`, which shows what every room measures.
//!
//! Handles are made at the start, or on first use and then kept, so that a request looks no label up.

use crate::context::Context;
use crate::problem::Problem;
use crate::visit::Visit;
use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, Response, StatusCode, header};
use notify_proto::Status;
use prometheus::{
    Encoder as _, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    TextEncoder,
};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// The routes that are told apart; the first is for requests that fit none.
pub(crate) const ROUTES: [&str; 23] = [
    "other",
    "/api/v1/{channel}",
    "/api/v1/notifications",
    "/api/v1/notifications/{id}",
    "/api/v1/notifications/{id}/events",
    "/api/v1/notifications/{id}/retry",
    "/api/v1/notifications/{id}/revoke",
    "/api/v1/providers",
    "/api/v1/stats",
    "/api/v1/webhooks",
    "/api/v1/webhooks/{id}",
    "/api/v1/webhooks/{id}/deliveries",
    "/api/v1/webhooks/{id}/deliveries/{delivery_id}",
    "/api/v1/webhooks/{id}/deliveries/{delivery_id}/redeliver",
    "/api/v1/webhooks/{id}/replay",
    "/api/v1/webhooks/{id}/rotate-secret",
    "/api/v1/webhooks/{id}/test",
    "/health",
    "/health/live",
    "/health/ready",
    "/metrics",
    "/api/v1/notifications/{channel}",
    "connection",
];

/// The codes that are told apart; the last stands for all others.
const CODES: [u16; 21] =
    [200, 201, 202, 204, 400, 401, 403, 404, 405, 408, 409, 413, 414, 415, 422, 429, 431, 500, 503, 501, 0];

/// Handles to the intake's metrics.
pub(crate) struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    by_route: [[OnceLock<IntCounter>; CODES.len()]; ROUTES.len()],
    seconds: Histogram,
    /// Answers with an earlier notification instead of a new one.
    pub(crate) deduplicated: IntCounter,
    /// Requests without a right key.
    pub(crate) auth_failures: IntCounter,
    depth: IntGaugeVec,
    oldest: IntGauge,
    store_bytes: IntGauge,
    wal_bytes: IntGauge,
    disk_free: IntGauge,
}

impl Metrics {
    /// Registers them.
    pub(crate) fn register(registry: &Registry, version: &str) -> Result<Self, prometheus::Error> {
        let counter = |name: &str, help: &str| -> Result<IntCounter, prometheus::Error> {
            let counter = IntCounter::new(name, help)?;
            registry.register(Box::new(counter.clone()))?;
            Ok(counter)
        };
        let counters =
            |name: &str, help: &str, labels: &[&str]| -> Result<IntCounterVec, prometheus::Error> {
                let counters = IntCounterVec::new(Opts::new(name, help), labels)?;
                registry.register(Box::new(counters.clone()))?;
                Ok(counters)
            };
        let gauge = |name: &str, help: &str| -> Result<IntGauge, prometheus::Error> {
            let gauge = IntGauge::new(name, help)?;
            registry.register(Box::new(gauge.clone()))?;
            Ok(gauge)
        };
        let gauges = |name: &str, help: &str, label: &str| -> Result<IntGaugeVec, prometheus::Error> {
            let gauges = IntGaugeVec::new(Opts::new(name, help), &[label])?;
            registry.register(Box::new(gauges.clone()))?;
            Ok(gauges)
        };
        let seconds = HistogramOpts::new(
            "notifyd_http_request_seconds",
            "From the head of a request to its answer being ready.",
        )
        .buckets(prometheus::exponential_buckets(0.000_25, 2.0, 16)?);
        let seconds = Histogram::with_opts(seconds)?;
        registry.register(Box::new(seconds.clone()))?;
        gauges("notifyd_build_info", "Always 1; the label says which version runs.", "version")?
            .with_label_values(&[version])
            .set(1);
        Ok(Self {
            requests: counters(
                "notifyd_http_requests_total",
                "HTTP requests by route and status code.",
                &["route", "code"],
            )?,
            by_route: std::array::from_fn(|_| std::array::from_fn(|_| OnceLock::new())),
            seconds,
            deduplicated: counter(
                "notifyd_notifications_deduplicated_total",
                "Requests answered with an equal earlier notification.",
            )?,
            auth_failures: counter("notifyd_auth_failures_total", "Requests without a right key.")?,
            depth: gauges("notifyd_queue_depth", "Notifications that are not final, by status.", "queue")?,
            oldest: gauge("notifyd_queue_oldest_seconds", "Age of the oldest queued notification.")?,
            store_bytes: gauge("notifyd_store_bytes", "Size of the database.")?,
            wal_bytes: gauge("notifyd_store_wal_bytes", "Size of the write-ahead log.")?,
            disk_free: gauge("notifyd_disk_free_bytes", "Free bytes on the disk of the log.")?,
            registry: registry.clone(),
        })
    }

    /// Counts one answer. `route` is one of [`ROUTES`].
    pub(crate) fn answered(&self, route: &str, code: StatusCode, took: Duration) {
        self.count(route, code);
        self.seconds.observe(took.as_secs_f64());
    }

    /// Counts one answer that was given before there was a request.
    pub(crate) fn count(&self, route: &str, code: StatusCode) {
        let route = ROUTES.iter().position(|known| *known == route).unwrap_or_default();
        let code = CODES.iter().position(|known| *known == code.as_u16()).unwrap_or(CODES.len() - 1);
        let counter = self.by_route[route][code].get_or_init(|| {
            let code = CODES[code].to_string();
            self.requests.with_label_values(&[ROUTES[route], if code == "0" { "other" } else { &code }])
        });
        counter.inc();
    }
}

/// `GET /metrics`.
pub(crate) async fn show(
    State(context): State<Arc<Context>>,
    Extension(visit): Extension<Arc<Visit>>,
) -> Result<Response<Body>, Problem> {
    context.gate.stranger(&visit)?;
    if !context.options.metrics_remote && !visit.peer.is_loopback() {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "local-only",
            "Only from this machine",
            "Metrics are shown to callers on the daemon's own machine; [intake] metrics_remote opens them.",
        ));
    }
    let metrics = &context.metrics;
    let counts = context.vitals.counts();
    for status in Status::ALL.iter().filter(|status| !status.is_final()) {
        let depth = i64::try_from(counts.of(*status)).unwrap_or(i64::MAX);
        metrics.depth.with_label_values(&[status.as_str()]).set(depth);
    }
    let oldest = context.vitals.oldest_queued().await;
    metrics.oldest.set(oldest.map_or(0, |at| (context.clock.now() - at).num_seconds().max(0)));
    let (store, wal) = context.vitals.bytes();
    metrics.store_bytes.set(i64::try_from(store).unwrap_or(i64::MAX));
    metrics.disk_free.set(i64::try_from(context.vitals.disk_free()).unwrap_or(i64::MAX));
    metrics.wal_bytes.set(i64::try_from(wal).unwrap_or(i64::MAX));
    let mut text = Vec::with_capacity(16 * 1_024);
    let encoder = TextEncoder::new();
    encoder
        .encode(&metrics.registry.gather(), &mut text)
        .map_err(|error| Problem::internal().because(&error))?;
    let mut response = Response::new(Body::from(text));
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    Ok(response)
}
