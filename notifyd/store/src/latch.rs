//! Why nothing new is taken, in one place: the accept loop, the handlers and the writer all look here, and all give the
//! same reason. Whoever finds the cause gone takes it away; no restart is needed.

use std::fmt;
use std::sync::atomic::{AtomicU8, Ordering};

/// A reason to take nothing new, from the least to the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// Less room than the floor: what is queued is still delivered.
    DiskLow,
    /// Somebody else reads from an old state of the log for so long that its write-ahead log is at its bound: nothing is
    /// claimed either, outcomes are recorded.
    Pinned,
    /// No room: nothing is claimed either, outcomes are recorded in the room of the reserve.
    DiskFull,
    /// A commit failed: only a restart mends that.
    Failed,
    /// The daemon is about to stop.
    Closed,
}

impl Cause {
    const ALL: [Self; 5] = [Self::DiskLow, Self::Pinned, Self::DiskFull, Self::Failed, Self::Closed];

    /// The reason, as everybody is told it.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::DiskLow => "the disk of the log has less room than its floor",
            Self::Pinned => {
                "another program holds the log open for reading, and its write-ahead log has reached its bound"
            }
            Self::DiskFull => "the disk of the log is full",
            Self::Failed => "the log could not be written",
            Self::Closed => "the log is closed",
        }
    }

    /// The same in one word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::DiskLow => "disk_low",
            Self::Pinned => "pinned",
            Self::DiskFull => "disk_full",
            Self::Failed => "failed",
            Self::Closed => "closed",
        }
    }

    /// Whether queued work goes on.
    pub const fn delivers(self) -> bool {
        matches!(self, Self::DiskLow)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason())
    }
}

/// The latch: one bit a cause, so that each is set and taken away by whoever watches it.
#[derive(Debug, Default)]
pub struct Latch(AtomicU8);

impl Latch {
    /// The worst cause there is, if any.
    pub fn cause(&self) -> Option<Cause> {
        let set = self.0.load(Ordering::Acquire);
        if set == 0 {
            return None;
        }
        Cause::ALL.into_iter().rev().find(|cause| set & bit(*cause) != 0)
    }

    /// Whether this cause is set.
    pub fn has(&self, cause: Cause) -> bool {
        self.0.load(Ordering::Acquire) & bit(cause) != 0
    }

    /// Sets a cause; whether it is new.
    pub fn set(&self, cause: Cause) -> bool {
        self.0.fetch_or(bit(cause), Ordering::AcqRel) & bit(cause) == 0
    }

    /// Takes a cause away; whether it was set.
    pub fn clear(&self, cause: Cause) -> bool {
        self.0.fetch_and(!bit(cause), Ordering::AcqRel) & bit(cause) != 0
    }
}

const fn bit(cause: Cause) -> u8 {
    1 << cause as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_cause_is_told_and_each_is_taken_away_alone() {
        let latch = Latch::default();
        assert_eq!(latch.cause(), None);
        assert!(latch.set(Cause::DiskFull) && latch.set(Cause::DiskLow));
        assert!(!latch.set(Cause::DiskLow), "it was set");
        assert_eq!(latch.cause(), Some(Cause::DiskFull));
        assert!(latch.clear(Cause::DiskFull) && !latch.clear(Cause::DiskFull));
        assert_eq!(latch.cause(), Some(Cause::DiskLow));
        assert!(latch.has(Cause::DiskLow) && !latch.has(Cause::Failed));
    }
}
