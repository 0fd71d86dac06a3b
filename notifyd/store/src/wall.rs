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

    /// By how many milliseconds a moment that was read just now has to be moved to be one of the clock that the stored
    /// moments know: it may have been read before that was set, or after it was set once more, which nobody has noticed
    /// yet and will move the stored moments along.
    pub fn lag(&self, at: Timestamp) -> i64 {
        let now = steady(&*self.clock);
        let recently = self.set.is_some_and(|set| now - set < DOUBTFUL);
        let unnoticed = || ahead(&*self.clock).is_some_and(|ahead| (ahead - self.ahead).abs() >= LEAST);
        let age = now + self.ahead - to_millis(at);
        if (0..LEAST).contains(&age) || !(recently || unnoticed()) { 0 } else { age }
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

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;
    use std::sync::atomic::{AtomicI64, Ordering};
    use std::time::Duration;

    const HOUR: i64 = 3_600_000;

    /// A clock that stands still and can be set.
    #[derive(Default)]
    struct Set {
        steady: AtomicI64,
        ahead: AtomicI64,
    }

    impl Set {
        fn set(&self, by: i64) {
            self.ahead.fetch_add(by, Ordering::AcqRel);
        }

        fn pass(&self, millis: i64) {
            self.steady.fetch_add(millis, Ordering::AcqRel);
        }
    }

    impl Clock for Set {
        fn now(&self) -> Timestamp {
            let millis = self.steady.load(Ordering::Acquire) + self.ahead.load(Ordering::Acquire);
            Timestamp::default() + TimeDelta::milliseconds(millis)
        }

        fn steady(&self) -> Duration {
            Duration::from_millis(self.steady.load(Ordering::Acquire).try_into().unwrap())
        }
    }

    /// Where a moment that was read then and stored now ends up, when the clock has been followed: milliseconds after what
    /// the clock says.
    fn stored(clock: &Set, wall: &mut Wall, read: Timestamp) -> i64 {
        let at = to_millis(read) + wall.lag(read);
        let at = at + wall.moved().unwrap_or(0);
        at - to_millis(clock.now())
    }

    #[test]
    fn a_moment_keeps_its_distance_whenever_it_was_read_and_the_clock_was_set() {
        for by in [7 * HOUR, -7 * HOUR, 2_000, -2_000] {
            for before in [0, -12 * HOUR] {
                let clock = Arc::new(Set { ahead: AtomicI64::new(1_000 * HOUR), ..Set::default() });
                let mut wall = Wall::new(clock.clone());
                clock.set(before);
                wall.moved();
                let old = clock.now();
                clock.set(by);
                assert_eq!(stored(&clock, &mut wall, old), 0, "read before, stored unnoticed: {by} {before}");
                assert_eq!(stored(&clock, &mut wall, old), 0, "stored when it was noticed: {by} {before}");
                clock.set(by);
                let new = clock.now();
                assert_eq!(stored(&clock, &mut wall, new), 0, "read after, stored unnoticed: {by} {before}");
                assert_eq!(stored(&clock, &mut wall, new), 0);
            }
        }
    }

    #[test]
    fn who_was_stopped_is_late_and_no_clock_was_set() {
        let clock = Arc::new(Set::default());
        let mut wall = Wall::new(clock.clone());
        let at = clock.now();
        clock.pass(HOUR);
        assert_eq!(stored(&clock, &mut wall, at), -HOUR);
    }
}
