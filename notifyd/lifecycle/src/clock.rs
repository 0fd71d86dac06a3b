//! The wall clock as a thing that is handed in.

use notify_proto::Timestamp;

/// Tells the time of day. Waiting is not its business: rooms that wait use the runtime's timer, which tests can pause.
pub trait Clock: Send + Sync + 'static {
    /// Now, UTC. May jump; never used for durations.
    fn now(&self) -> Timestamp;
}

/// The real clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    fn now(&self) -> Timestamp {
        chrono::Utc::now()
    }
}

/// Milliseconds since 1970, the stored form of a moment.
pub const fn to_millis(at: Timestamp) -> i64 {
    at.timestamp_millis()
}

/// A stored moment. Values outside chrono's range (±262,000 years) become 1970.
pub fn from_millis(ms: i64) -> Timestamp {
    Timestamp::from_timestamp_millis(ms).unwrap_or_default()
}
