//! What the control socket measures.

use prometheus::{HistogramOpts, HistogramTimer, HistogramVec, IntCounterVec, Opts, Registry};

/// Upper bounds of the durations, seconds: an overview shall take no more than the second of them and a page no more than the
/// third (tui.md, T10); the last is the longest a question to the log may take.
const SECONDS: [f64; 8] = [0.000_5, 0.001, 0.002, 0.005, 0.01, 0.05, 0.2, 1.0];

/// Handles to this room's metrics, by the verbs' names in the trait, which a caller cannot add to.
pub(crate) struct Metrics {
    calls: IntCounterVec,
    seconds: HistogramVec,
}

impl Metrics {
    pub(crate) fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let opts = Opts::new(
            "notifyd_control_calls_total",
            "Calls on the control socket, the refused ones among them.",
        );
        let calls = IntCounterVec::new(opts, &["verb"])?;
        registry.register(Box::new(calls.clone()))?;
        let opts = HistogramOpts::new(
            "notifyd_control_call_seconds",
            "From a call on the control socket to its answer, waiting for something to happen included.",
        );
        let seconds = HistogramVec::new(opts.buckets(SECONDS.to_vec()), &["verb"])?;
        registry.register(Box::new(seconds.clone()))?;
        Ok(Self { calls, seconds })
    }

    /// A call begins; it ends when what is answered is dropped.
    pub(crate) fn begin(&self, verb: &str) -> HistogramTimer {
        self.calls.with_label_values(&[verb]).inc();
        self.seconds.with_label_values(&[verb]).start_timer()
    }
}
