//! What the control socket measures.

use prometheus::{IntCounterVec, Opts, Registry};

/// Handles to this room's metrics.
pub(crate) struct Metrics {
    /// By the verbs' names in the trait, which a caller cannot add to.
    pub(crate) calls: IntCounterVec,
}

impl Metrics {
    pub(crate) fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let opts = Opts::new(
            "notifyd_control_calls_total",
            "Calls on the control socket, the refused ones among them.",
        );
        let calls = IntCounterVec::new(opts, &["verb"])?;
        registry.register(Box::new(calls.clone()))?;
        Ok(Self { calls })
    }
}
