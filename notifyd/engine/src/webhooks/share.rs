//! Who may have how many connections. There is a bound over all endpoints, and nobody gets so many of them that another one
//! finds none: the fewer are free, the fewer one endpoint may have. Those that listened the last time may have all there are;
//! those of which nothing is known yet a part of them together, and those that did not listen a smaller one and one each.

/// An endpoint may have this part of those that are free, if it has fewer than its own bound.
const PART: usize = 16;

/// All of which is not known that they listen may have this part of the bound.
const UNPROVEN: usize = 2;

/// The same for those that did not listen the last time.
const SUSPECT: usize = 4;

/// What is known of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Trust {
    /// Nothing.
    #[default]
    New,
    /// It listened the last time.
    Proven,
    /// It did not.
    Suspect,
}

impl Trust {
    /// How many it may have at the same time, of as many as one may.
    pub(super) fn most(self, own: usize) -> usize {
        if self == Self::Suspect { own.min(1) } else { own }
    }
}

/// The connections.
#[derive(Debug, Default)]
pub(super) struct Share {
    most: usize,
    under_way: usize,
    unproven: usize,
    suspect: usize,
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
    pub(super) fn take(&mut self, has: usize, own: usize, trust: Trust) -> bool {
        let free = self.most.saturating_sub(self.under_way);
        let part = |of: usize| (self.most / of).max(1);
        let may = free > 0
            && has < trust.most(own)
            && (has == 0 || has < free / PART)
            && (trust == Trust::Proven || self.unproven < part(UNPROVEN))
            && (trust != Trust::Suspect || self.suspect < part(SUSPECT));
        if may {
            self.under_way += 1;
            self.unproven += usize::from(trust != Trust::Proven);
            self.suspect += usize::from(trust == Trust::Suspect);
        }
        may
    }

    /// Gives one back, with what was known when it was taken.
    pub(super) fn give(&mut self, trust: Trust) {
        self.under_way -= 1;
        self.unproven -= usize::from(trust != Trust::Proven);
        self.suspect -= usize::from(trust == Trust::Suspect);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(most: usize) -> Share {
        let mut share = Share::default();
        share.set_most(most);
        share
    }

    /// As many as one endpoint gets.
    fn fill(share: &mut Share, trust: Trust) -> usize {
        let mut has = 0;
        while share.take(has, 8, trust) {
            has += 1;
        }
        has
    }

    #[test]
    fn however_many_hang_one_that_listens_finds_a_connection() {
        for trust in [Trust::New, Trust::Suspect] {
            let mut share = share(256);
            let had: usize = (0..1_000).map(|_| fill(&mut share, trust)).sum();
            assert!(had <= 128);
            assert!(fill(&mut share, Trust::Proven) >= 1, "{share:?}");
        }
        let mut share = share(256);
        for _ in 0..50 {
            assert!(fill(&mut share, Trust::Proven) >= 1, "{share:?}");
        }
    }

    #[test]
    fn those_that_do_not_listen_have_a_part_and_one_each() {
        let mut share = share(64);
        let had: usize = (0..100).map(|_| fill(&mut share, Trust::Suspect)).sum();
        assert_eq!(had, 16);
        let had: usize = (0..100).map(|_| fill(&mut share, Trust::New)).sum();
        assert_eq!(had, 16, "those that are new have the rest of their part");
        assert_eq!(fill(&mut share, Trust::Proven), 1, "a part of what is free");
        share.give(Trust::Suspect);
        assert_eq!(fill(&mut share, Trust::Suspect), 1);
    }

    #[test]
    fn one_alone_has_as_many_as_it_may() {
        for trust in [Trust::New, Trust::Proven] {
            let mut share = share(256);
            assert_eq!((fill(&mut share, trust), share.under_way()), (8, 8));
            (0..8).for_each(|_| share.give(trust));
            assert_eq!((share.under_way(), share.unproven, share.suspect), (0, 0, 0));
        }
    }
}
