//! Notices that the wall clock was set.
//!
//! A retry waits for a duration, but its end is stored as a moment, so that it outlives the process. When somebody sets
//! the clock, all these moments have to be moved along: otherwise a clock set back by hours would hold up every retry
//! by hours, and one set forward would fire all of them at once. What a person asked for by the clock (`scheduled_at`,
//! `expires_at`) stays where it is. What was set while no daemon ran cannot be known: then the clock rules.

use notify_proto::Timestamp;
use notifyd_lifecycle::Clock;
use notifyd_lifecycle::clock::to_millis;
use std::sync::Arc;

/// Differences below this are no jump: a clock that is disciplined, or the time between two looks. Milliseconds.
const LEAST: i64 = 1_000;

/// How long after the clock was set a moment may have been read before that. Milliseconds.
const DOUBTFUL: i64 = 60_000;

/// Longest that looking at both clocks may take before the look says nothing: the process was stopped between them.
const LOOK: i64 = 100;

/// The wall clock, watched.
pub struct Wall {
    clock: Arc<dyn Clock>,
    /// How far it is ahead of the steady one, milliseconds, as far as the stored moments know.
    ahead: i64,
    /// When it was seen to have been set, by the steady one.
    set: Option<i64>,
    /// The two before this transaction, when it changed them.
    before: Option<(i64, Option<i64>)>,
}

impl Wall {
    /// The clock as it is at start.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let ahead = ahead(&*clock).unwrap_or_else(|| to_millis(clock.now()) - steady(&*clock));
        Self { clock, ahead, set: None, before: None }
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// By how many milliseconds the clock was set since this was asked last.
    pub fn moved(&mut self) -> Option<i64> {
        let ahead = ahead(&*self.clock)?;
        let by = ahead - self.ahead;
        if by.abs() < LEAST {
            return None;
        }
        self.before.get_or_insert((self.ahead, self.set));
        (self.ahead, self.set) = (ahead, Some(steady(&*self.clock)));
        Some(by)
    }

    /// By how many milliseconds a moment that was read just now has to be moved to be one of the clock as it is: it may
    /// have been read before the clock was set.
    pub fn lag(&self, at: Timestamp) -> i64 {
        let recently = self.set.is_some_and(|set| steady(&*self.clock) - set < DOUBTFUL);
        let age = to_millis(self.clock.now()) - to_millis(at);
        if recently && !(0..LEAST).contains(&age) { age } else { 0 }
    }

    /// After the commit.
    pub const fn commit(&mut self) {
        self.before = None;
    }

    /// After a rollback: the stored moments know nothing of it yet.
    pub const fn rollback(&mut self) {
        if let Some(before) = self.before.take() {
            (self.ahead, self.set) = before;
        }
    }
}

/// How far the wall clock is ahead, if it could be told.
fn ahead(clock: &dyn Clock) -> Option<i64> {
    let before = steady(clock);
    let wall = to_millis(clock.now());
    let after = steady(clock);
    (after - before <= LOOK).then_some(wall - after)
}

fn steady(clock: &dyn Clock) -> i64 {
    i64::try_from(clock.steady().as_millis()).unwrap_or(i64::MAX)
}
