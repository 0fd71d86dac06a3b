//! Whose turn it is inside one line of work.
//!
//! `instant` before `high` before `normal` before `low`; within one priority fresh and retried work alternate, and
//! within each of those the services take turns. `low` work that has waited long enough takes its turns as `normal`.
//! How long it has waited is a duration: the moment it ripens is monotonic, so that setting the clock changes no order.

use notify_proto::Priority;
use std::collections::{HashMap, VecDeque};
use std::time::Instant;

/// One service's work of one kind within a line: the oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Group {
    /// How urgent.
    pub priority: Priority,
    /// Whether it failed before.
    pub retried: bool,
    /// Whose it is: the store's number of the service.
    pub service: i64,
}

/// What is this urgent or more is waited for by somebody.
pub const URGENT: Priority = Priority::High;

/// A line of work held in memory.
#[derive(Debug)]
pub struct Line<T> {
    groups: HashMap<Group, VecDeque<(Instant, T)>>,
    /// Per priority and kind, the services that have work, next one first.
    turns: [[VecDeque<i64>; 2]; 4],
    /// Per priority, whether the next turn belongs to retried work.
    retried_next: [bool; 4],
    /// Whether the next `normal` turn belongs to aged `low` work.
    aged_next: bool,
    /// No `low` work ripens before this.
    ripens: Option<Instant>,
    len: usize,
}

/// Whose turn it is: a group, and its place among those of its priority and kind.
struct Turn {
    group: Group,
    place: usize,
    /// Whether it is `low` work that counts as `normal`.
    aged: bool,
}

impl<T> Default for Line<T> {
    fn default() -> Self {
        Self {
            groups: HashMap::new(),
            turns: Default::default(),
            retried_next: [false; 4],
            aged_next: false,
            ripens: None,
            len: 0,
        }
    }
}

impl<T> Line<T> {
    /// Items held.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing is held.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds to its group, by age: the lowest item is the oldest and goes first, whenever it comes, and also when it had its
    /// turn before; the service waits for the next turn like everybody else. `ripe`: when it counts as `normal`, should it
    /// be `low`.
    pub fn push(&mut self, group: Group, ripe: Instant, item: T)
    where
        T: Ord,
    {
        let queue = self.enter(group, ripe);
        // What ripens first is not to wait behind what ripens later.
        let low = group.priority == Priority::Low;
        let before = |at: &Instant, it: &T| if low { (*at, it) <= (ripe, &item) } else { *it <= item };
        let place = queue.partition_point(|(at, it)| before(at, it));
        queue.insert(place, (ripe, item));
    }

    fn enter(&mut self, group: Group, ripe: Instant) -> &mut VecDeque<(Instant, T)> {
        self.len += 1;
        if group.priority == Priority::Low {
            self.ripens = Some(self.ripens.map_or(ripe, |at| at.min(ripe)));
        }
        let queue = self.groups.entry(group).or_default();
        if queue.is_empty() {
            self.turns[group.priority as usize][usize::from(group.retried)].push_back(group.service);
        }
        queue
    }

    /// Takes the item whose turn it is at `now`, of those that are at least so urgent. What `lives` says no to is dropped
    /// on the way and had no turn.
    pub fn pop(
        &mut self,
        now: Instant,
        least: Priority,
        lives: impl Fn(&T) -> bool,
    ) -> Option<(Group, Instant, T)> {
        let Turn { group, place, aged } = self.find(now, least, &lives)?;
        let Group { priority, retried, service } = group;
        if aged || priority == Priority::Normal {
            self.aged_next = !aged;
        }
        self.retried_next[priority as usize] = !retried;
        self.turns[priority as usize][usize::from(retried)].remove(place);
        let queue = self.groups.get_mut(&group)?;
        let (ripe, item) = queue.pop_front()?;
        if queue.is_empty() {
            self.groups.remove(&group);
        } else {
            self.turns[priority as usize][usize::from(retried)].push_back(service);
        }
        self.len -= 1;
        Some((group, ripe, item))
    }

    /// Drops what `lives` says no to.
    pub fn retain(&mut self, lives: impl Fn(&T) -> bool) {
        for queue in self.groups.values_mut() {
            queue.retain(|(_, item)| lives(item));
        }
        self.groups.retain(|_, queue| !queue.is_empty());
        self.len = self.groups.values().map(VecDeque::len).sum();
        for (slot, priority) in Priority::ALL.iter().copied().enumerate() {
            for retried in [false, true] {
                let groups = &self.groups;
                let has =
                    |service: &i64| groups.contains_key(&Group { priority, retried, service: *service });
                self.turns[slot][usize::from(retried)].retain(has);
            }
        }
    }

    fn find(&mut self, now: Instant, least: Priority, lives: &impl Fn(&T) -> bool) -> Option<Turn> {
        for priority in Priority::ALL.iter().copied().filter(|it| *it <= least) {
            if priority != Priority::Normal {
                if let Some(turn) = self.first_of(priority, lives) {
                    return Some(turn);
                }
                continue;
            }
            let normal = self.first_of(priority, lives);
            if (self.aged_next || normal.is_none())
                && let Some(turn) = self.first_aged(now, lives)
            {
                return Some(turn);
            }
            if normal.is_some() {
                return normal;
            }
        }
        None
    }

    /// The group whose turn it is within a priority.
    fn first_of(&mut self, priority: Priority, lives: &impl Fn(&T) -> bool) -> Option<Turn> {
        let slot = priority as usize;
        let wanted = usize::from(self.retried_next[slot]);
        for kind in [wanted, 1 - wanted] {
            while let Some(service) = self.turns[slot][kind].front().copied() {
                let group = Group { priority, retried: kind == 1, service };
                if self.purge(group, 0, lives).is_some() {
                    return Some(Turn { group, place: 0, aged: false });
                }
            }
        }
        None
    }

    /// The group of `low` work that is ripe and whose turn it is; who is not ripe yet is passed over, not waited for.
    fn first_aged(&mut self, now: Instant, lives: &impl Fn(&T) -> bool) -> Option<Turn> {
        if self.ripens.is_none_or(|at| now < at) {
            return None;
        }
        let priority = Priority::Low;
        let slot = priority as usize;
        let wanted = usize::from(self.retried_next[slot]);
        let mut ripens: Option<Instant> = None;
        for kind in [wanted, 1 - wanted] {
            let mut place = 0;
            while let Some(service) = self.turns[slot][kind].get(place).copied() {
                let group = Group { priority, retried: kind == 1, service };
                let Some(ripe) = self.purge(group, place, lives) else { continue };
                if ripe <= now {
                    return Some(Turn { group, place, aged: true });
                }
                ripens = Some(ripens.map_or(ripe, |at| at.min(ripe)));
                place += 1;
            }
        }
        self.ripens = ripens;
        None
    }

    /// Drops what lives no more from the front of a group, and the group from its place among the turns when nothing is
    /// left. Answers when the first one ripens.
    fn purge(&mut self, group: Group, place: usize, lives: &impl Fn(&T) -> bool) -> Option<Instant> {
        let queue = self.groups.entry(group).or_default();
        while queue.front().is_some_and(|(_, item)| !lives(item)) {
            queue.pop_front();
            self.len -= 1;
        }
        let first = queue.front().map(|(ripe, _)| *ripe);
        if first.is_none() {
            self.groups.remove(&group);
            self.turns[group.priority as usize][usize::from(group.retried)].remove(place);
        }
        first
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::LazyLock;
    use std::time::Duration;

    #[expect(clippy::disallowed_methods, reason = "an origin for made-up times")]
    static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

    fn group(priority: Priority, retried: bool, service: i64) -> Group {
        Group { priority, retried, service }
    }

    fn at(seconds: u64) -> Instant {
        *ORIGIN + Duration::from_secs(seconds)
    }

    fn line() -> Line<u32> {
        Line::default()
    }

    fn drain(line: &mut Line<u32>, now: Instant) -> Vec<u32> {
        std::iter::from_fn(|| line.pop(now, Priority::Low, |_| true)).map(|(_, _, item)| item).collect()
    }

    #[test]
    fn urgent_goes_first_and_services_take_turns() {
        let mut line = line();
        for n in 0..4 {
            line.push(group(Priority::Normal, false, 1), at(0), n);
        }
        line.push(group(Priority::Normal, false, 2), at(0), 10);
        line.push(group(Priority::Instant, false, 3), at(0), 20);
        assert_eq!(drain(&mut line, at(1)), [20, 0, 10, 1, 2, 3]);
        assert!(line.is_empty());
    }

    #[test]
    fn what_is_not_urgent_enough_is_left_and_keeps_its_turn() {
        let mut line = line();
        line.push(group(Priority::Normal, false, 1), at(0), 1);
        line.push(group(Priority::Low, false, 1), at(600), 2);
        line.push(group(Priority::High, false, 1), at(0), 3);
        line.push(group(Priority::Normal, false, 2), at(0), 4);
        let urgent: Vec<_> = std::iter::from_fn(|| line.pop(at(1), URGENT, |_| true)).collect();
        assert_eq!(urgent.iter().map(|it| it.2).collect::<Vec<_>>(), [3]);
        assert_eq!(drain(&mut line, at(0)), [1, 4, 2]);
    }

    #[test]
    fn fresh_and_retried_work_alternate() {
        let mut line = line();
        for n in 0..3 {
            line.push(group(Priority::High, false, 1), at(0), n);
            line.push(group(Priority::High, true, 1), at(0), 10 + n);
        }
        assert_eq!(drain(&mut line, at(1)), [0, 10, 1, 11, 2, 12]);
    }

    #[test]
    fn old_low_work_takes_turns_with_normal_work() {
        let mut line = line();
        for n in 0..3 {
            line.push(group(Priority::Normal, false, 1), at(0), n);
            line.push(group(Priority::Low, false, 2), at(600), 10 + n);
        }
        assert_eq!(drain(&mut line, at(60)), [0, 1, 2, 10, 11, 12]);
        let mut line = self::line();
        for n in 0..3 {
            line.push(group(Priority::Normal, false, 1), at(0), n);
            line.push(group(Priority::Low, false, 2), at(600), 10 + n);
        }
        assert_eq!(drain(&mut line, at(600)), [0, 10, 1, 11, 2, 12]);
    }

    #[test]
    fn low_work_that_is_ripe_does_not_wait_for_low_work_that_is_not() {
        let mut line = line();
        line.push(group(Priority::Low, false, 1), at(900), 1);
        line.push(group(Priority::Low, true, 1), at(900), 2);
        line.push(group(Priority::Low, false, 2), at(600), 10);
        line.push(group(Priority::Low, true, 2), at(600), 11);
        for n in 20..24 {
            line.push(group(Priority::Normal, false, 3), at(0), n);
        }
        assert_eq!(drain(&mut line, at(600)), [20, 10, 21, 11, 22, 23, 1, 2]);
    }

    #[test]
    fn who_keeps_coming_back_has_no_turn_before_those_who_wait() {
        let mut line = line();
        line.push(group(Priority::Normal, false, 1), at(0), 1);
        line.push(group(Priority::Normal, false, 2), at(0), 10);
        for n in 2..5 {
            let (_, _, item) = line.pop(at(0), Priority::Low, |_| true).unwrap();
            // Its line runs empty with every turn, and the next of it arrives just then.
            line.push(group(Priority::Normal, false, 1), at(0), n);
            if item == 10 {
                return;
            }
        }
        panic!("the other service never had its turn");
    }

    #[test]
    fn the_oldest_goes_first_whenever_it_comes() {
        for (priority, ripe) in [(Priority::Normal, [0, 0, 0, 0]), (Priority::Low, [1, 2, 2, 3])] {
            let mut line = line();
            let group = group(priority, false, 1);
            let at_of = |item: u32| at(ripe[item as usize]);
            for item in [2, 0, 3, 1] {
                line.push(group, at_of(item), item);
            }
            let two: Vec<_> = (0..2).filter_map(|_| line.pop(at(0), Priority::Low, |_| true)).collect();
            assert_eq!(two.iter().map(|it| it.2).collect::<Vec<_>>(), [0, 1]);
            // They had their turn, nobody could take them, and they come back.
            for (group, ripe, item) in two {
                line.push(group, ripe, item);
            }
            assert_eq!(drain(&mut line, at(0)), [0, 1, 2, 3]);
        }
    }

    proptest! {
        /// What lives no more has no turn, whether it is swept out beforehand or dropped on the way.
        #[test]
        fn the_dead_have_no_turn(
            work in proptest::collection::vec((0usize..4, any::<bool>(), 0i64..4, any::<bool>()), 1..80),
        ) {
            let (mut lazy, mut swept) = (self::line(), self::line());
            for (n, (slot, retried, service, _)) in (0..).zip(&work) {
                let group = group(Priority::ALL[*slot], *retried, *service);
                lazy.push(group, at(u64::from(n % 3)), n);
                swept.push(group, at(u64::from(n % 3)), n);
            }
            let lives = |n: &u32| work[*n as usize].3;
            swept.retain(lives);
            prop_assert_eq!(swept.len(), work.iter().filter(|it| it.3).count());
            while let Some((_, _, next)) = lazy.pop(at(1), Priority::Low, lives) {
                prop_assert!(lives(&next));
                prop_assert_eq!(swept.pop(at(1), Priority::Low, |_| true).unwrap().2, next);
            }
            prop_assert!(lazy.is_empty() && swept.is_empty());
        }

        /// Nothing is lost or doubled, and one service's bulk never puts more than one item per other service in front.
        #[test]
        fn a_bulk_never_delays_another_service(bulk in 1u32..500, others in 1i64..20) {
            let mut line = line();
            for n in 0..bulk {
                line.push(group(Priority::Normal, false, 0), at(0), n);
            }
            for service in 1..=others {
                line.push(group(Priority::Normal, false, service), at(1), 1_000);
            }
            let order = drain(&mut line, at(2));
            prop_assert_eq!(order.len(), bulk as usize + usize::try_from(others).unwrap());
            let last = order.iter().rposition(|item| *item == 1_000).unwrap();
            prop_assert!(last <= usize::try_from(others).unwrap(), "position {}", last);
        }
    }
}
