//! The one place that asks what time it is.

use notify_proto::Timestamp;
use std::time::Instant;

/// The moment of a message: for durations, and for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Never jumps.
    pub instant: Instant,
    /// The time of day.
    pub wall: Timestamp,
}

/// Now.
#[expect(clippy::disallowed_methods, reason = "this is the clock")]
pub(crate) fn now() -> Moment {
    Moment { instant: Instant::now(), wall: chrono::Utc::now() }
}
