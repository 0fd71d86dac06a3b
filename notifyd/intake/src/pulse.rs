//! What the intake must know of the engine to answer for the daemon's health. It cannot import the engine; the wiring
//! hands it an implementation.

/// How the engine is doing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pulse {
    /// Whether due notifications are handed out.
    pub queue_running: bool,
    /// Whether attempts are made.
    pub workers_running: bool,
    /// Each active provider with its circuit, `closed`, `half_open` or `open`; `paused` or `draining` when an operator
    /// keeps new work from it.
    pub providers: Vec<(String, &'static str)>,
    /// Whether an active provider only pretends to send.
    pub simulated: bool,
}

/// Whoever knows.
pub trait PulseSource: Send + Sync + 'static {
    /// How the engine is doing now. Called by every health check, so it must not wait for anything.
    fn pulse(&self) -> Pulse;
}
