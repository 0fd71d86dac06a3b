//! The one place that asks what time it is.

use notify_proto::Timestamp;
use std::time::Instant;

/// The time of day.
#[expect(clippy::disallowed_methods, reason = "this is the clock")]
pub(crate) fn now() -> Timestamp {
    chrono::Utc::now()
}

/// A stopwatch.
#[expect(clippy::disallowed_methods, reason = "this is the clock")]
pub(crate) fn start() -> Instant {
    Instant::now()
}
