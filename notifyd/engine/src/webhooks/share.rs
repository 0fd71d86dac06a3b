//! Who may have how many connections. There is a bound over all endpoints, and nobody gets so many of them that another one
//! finds none: the fewer are free, the fewer one endpoint may have. One that did not listen the last time has one at a time,
//! and those that did not have a part of all together.

/// An endpoint may have this part of those that are free, if it has fewer than its own bound.
const PART: usize = 8;

/// All that did not listen the last time may have this part of the bound.
const SUSPECTS: usize = 4;

/// The connections.
#[derive(Debug, Default)]
pub(super) struct Share {
    most: usize,
    under_way: usize,
    suspects: usize,
}

impl Share {
    /// Changes the bound.
    pub(super) const fn set_most(&mut self, most: usize) {
        self.most = most;
    }

    /// Those in use.
    pub(super) const fn under_way(&self) -> usize {
        self.under_way
    }

    /// Whether none is left.
    pub(super) const fn is_full(&self) -> bool {
        self.under_way >= self.most
    }

    /// Takes one for an endpoint that has so many and may have `own` at most; whether it may have it now.
    pub(super) fn take(&mut self, has: usize, own: usize, suspect: bool) -> bool {
        let free = self.most.saturating_sub(self.under_way);
        let may = if suspect {
            has == 0 && free > 0 && self.suspects < (self.most / SUSPECTS).max(1)
        } else {
            free > 0 && has < own && (has == 0 || has < free / PART)
        };
        if may {
            self.under_way += 1;
            self.suspects += usize::from(suspect);
        }
        may
    }

    /// Gives one back; `suspect` as it was when it was taken.
    pub(super) const fn give(&mut self, suspect: bool) {
        self.under_way -= 1;
        if suspect {
            self.suspects -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_many_hang_another_one_finds_a_connection() {
        let mut share = Share::default();
        share.set_most(256);
        for _ in 0..200 {
            let mut has = 0;
            while share.take(has, 8, false) {
                has += 1;
            }
            assert!(has >= 1 && !share.is_full(), "{share:?}");
        }
        assert!(share.take(0, 8, false));
    }

    #[test]
    fn those_that_do_not_listen_have_a_part_and_one_each() {
        let mut share = Share::default();
        share.set_most(64);
        let had = (0..100).filter(|_| share.take(0, 8, true)).count();
        assert_eq!(had, 16);
        assert!(!share.take(1, 8, true));
        let mut has = 0;
        while share.take(has, 8, false) {
            has += 1;
        }
        assert_eq!(has, 6, "an eighth of what is free");
        share.give(true);
        assert!(share.take(0, 8, true));
    }

    #[test]
    fn one_alone_has_as_many_as_it_may() {
        let mut share = Share::default();
        share.set_most(256);
        let mut has = 0;
        while share.take(has, 8, false) {
            has += 1;
        }
        assert_eq!((has, share.under_way()), (8, 8));
        (0..8).for_each(|_| share.give(false));
        assert_eq!(share.under_way(), 0);
    }
}
