//! The wall clock as a thing that is handed in.

use notify_proto::Timestamp;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

/// From where the steady time of this process is counted.
#[expect(clippy::disallowed_methods, reason = "this is the clock")]
static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Tells the time of day. Waiting is not its business: rooms that wait use the runtime's timer, which tests can pause.
pub trait Clock: Send + Sync + 'static {
    /// Now, UTC. May jump; never used for durations.
    fn now(&self) -> Timestamp;

    /// Time since a fixed moment, by a clock that nobody sets: how far [`now`](Self::now) has jumped shows against it.
    /// A clock that never jumps is its own measure.
    fn steady(&self) -> Duration {
        Duration::from_micros(u64::try_from(self.now().timestamp_micros()).unwrap_or_default())
    }
}

/// The real clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    fn now(&self) -> Timestamp {
        chrono::Utc::now()
    }

    fn steady(&self) -> Duration {
        ORIGIN.elapsed()
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
