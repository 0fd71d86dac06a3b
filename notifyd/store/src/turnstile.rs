//! Where questions go in. Nobody may read while the write-ahead log is started over, so new questions wait for that moment,
//! and those that are inside end within a second.

use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

#[derive(Default)]
struct State {
    inside: usize,
    closed: bool,
}

/// Counts who is inside. Nothing is held while somebody waits.
#[derive(Default)]
pub struct Turnstile {
    state: Mutex<State>,
    changed: Condvar,
    when_empty: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

impl Turnstile {
    /// What the last one does who leaves while it is closed. Only the first call counts.
    pub fn when_empty(&self, tell: impl Fn() + Send + Sync + 'static) {
        let _ = self.when_empty.set(Box::new(tell));
    }

    /// Goes in; waits while it is closed, but no longer than `longest`. Who waited that long opens it, so that a writer with
    /// nothing to write keeps nobody out.
    pub fn enter(&self, longest: Duration) -> Inside<'_> {
        let waited = self.changed.wait_timeout_while(self.state(), longest, |state| state.closed);
        let (mut state, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        state.inside += 1;
        if timeout.timed_out() {
            state.closed = false;
            self.changed.notify_all();
        }
        Inside(self)
    }

    /// Lets nobody in until it is opened.
    pub fn close(&self) {
        self.state().closed = true;
    }

    /// Lets everybody in.
    pub fn open(&self) {
        self.state().closed = false;
        self.changed.notify_all();
    }

    /// Whether nobody is inside, at the latest after so long.
    pub fn is_empty_within(&self, longest: Duration) -> bool {
        let waited = self.changed.wait_timeout_while(self.state(), longest, |state| state.inside > 0);
        waited.unwrap_or_else(PoisonError::into_inner).0.inside == 0
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody who is inside until this is dropped.
pub struct Inside<'t>(&'t Turnstile);

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.inside -= 1;
        let is_last = state.closed && state.inside == 0;
        drop(state);
        if is_last {
            self.0.changed.notify_all();
            if let Some(tell) = self.0.when_empty.get() {
                tell();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::mpsc::channel;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn who_comes_while_it_is_closed_waits_until_it_is_opened() {
        let turnstile = Arc::new(Turnstile::default());
        let (told, empty) = channel();
        turnstile.when_empty(move || told.send(()).unwrap());
        let first = turnstile.enter(LONG);
        turnstile.close();
        assert!(!turnstile.is_empty_within(Duration::ZERO));
        let (entered, second) = channel();
        let other = Arc::clone(&turnstile);
        let thread = std::thread::spawn(move || {
            let inside = other.enter(LONG);
            entered.send(()).unwrap();
            drop(inside);
        });
        drop(first);
        empty.recv_timeout(LONG).expect("the last one tells");
        assert!(turnstile.is_empty_within(Duration::ZERO));
        assert!(second.try_recv().is_err(), "it is closed");
        turnstile.open();
        second.recv_timeout(LONG).expect("it is open");
        thread.join().unwrap();
        assert!(empty.try_recv().is_err(), "nobody waits for it to be empty while it is open");
    }

    #[test]
    fn who_waited_long_enough_opens_it() {
        let turnstile = Turnstile::default();
        turnstile.close();
        let first = turnstile.enter(Duration::from_millis(1));
        let second = turnstile.enter(LONG);
        drop((first, second));
        assert!(turnstile.is_empty_within(Duration::ZERO));
    }
}
