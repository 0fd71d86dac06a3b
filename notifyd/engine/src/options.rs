//! What may be configured of the engine.

use notifyd_lifecycle::breaker::BreakerRules;
use std::time::Duration;

/// Settings; the defaults are the shipped configuration's.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Queued notifications held in memory over all lines; the rest stays on disk. 100 to 1,000,000.
    pub loaded: usize,
    /// Bytes of stored content held in memory over all lines, about. At least 1 MiB.
    pub loaded_bytes: usize,
    /// Age at which `low` work counts as `normal`.
    pub ageing: Duration,
    /// How long a notification waits for a busy provider when another could take it: from when it is due, a tenth of it
    /// when it is urgent. None: as long as it takes.
    pub overflow_after: Option<Duration>,
    /// Longest a provider may take over one call before its end counts as unknown. A provider's own limit is shorter.
    pub attempt_timeout: Duration,
    /// How long calls under way may finish after a stop was asked for.
    pub drain_timeout: Duration,
    /// When providers' circuit breakers open.
    pub breaker: BreakerRules,
    /// Webhooks.
    pub webhooks: WebhookOptions,
    /// Time between two passes that remove what is past its retention.
    pub sweep_every: Duration,
}

/// How services are told what happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WebhookOptions {
    /// Requests at the same time to one endpoint. 1 to 100.
    pub concurrency: usize,
    /// The same over all endpoints. 8 to 10,000.
    pub connections: usize,
    /// How long an endpoint may take nothing that it is told before it is switched off; none: for ever.
    pub disable_after: Option<Duration>,
}

impl Default for WebhookOptions {
    fn default() -> Self {
        Self { concurrency: 8, connections: 256, disable_after: Some(Duration::from_secs(5 * 86_400)) }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            loaded: 10_000,
            loaded_bytes: 32 * 1_024 * 1_024,
            ageing: Duration::from_secs(600),
            overflow_after: Some(Duration::from_secs(1)),
            attempt_timeout: Duration::from_secs(120),
            drain_timeout: Duration::from_secs(10),
            breaker: BreakerRules::default(),
            webhooks: WebhookOptions::default(),
            sweep_every: Duration::from_secs(60),
        }
    }
}
