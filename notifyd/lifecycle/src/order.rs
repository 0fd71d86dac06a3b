//! Whose turn it is inside one line of work.
//!
//! `instant` before `high` before `normal` before `low`; within one priority fresh and retried work alternate, and
//! within each of those the services take turns. `low` work that has waited long enough takes its turns as `normal`.
//! How long it has waited is a duration: the moment it ripens is monotonic, so that setting the clock changes no order.

use notify_proto::Priority;
use std::collections::{HashMap, VecDeque};
use std::time::Instant;

/// One service's work of one kind within a line: first in, first out; `low` work by its age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Group {
    /// How urgent.
    pub priority: Priority,
    /// Whether it failed before.
    pub retried: bool,
    /// Whose it is: the store's number of the service.
    pub service: i64,
}

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

    /// Everything in it, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.groups.values().flatten().map(|(_, item)| item)
    }

    /// Adds behind the group's others. `ripe`: when it counts as `normal`, should it be `low`.
    pub fn push(&mut self, group: Group, ripe: Instant, item: T) {
        let queue = self.enter(group, ripe);
        // Retries come back in any order; what ripens first is not to wait behind what ripens later.
        let low = group.priority == Priority::Low;
        let place = if low { queue.partition_point(|(at, _)| *at <= ripe) } else { queue.len() };
        queue.insert(place, (ripe, item));
    }

    /// Adds in front of the group's others: it had its turn before, but the service waits for the next one like
    /// everybody else.
    pub fn put_back(&mut self, group: Group, ripe: Instant, item: T) {
        let queue = self.enter(group, ripe);
        let low = group.priority == Priority::Low;
        let place = if low { queue.partition_point(|(at, _)| *at < ripe) } else { 0 };
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

    /// Takes the item whose turn it is at `now`.
    pub fn pop(&mut self, now: Instant) -> Option<(Group, Instant, T)> {
        for priority in Priority::ALL.iter().copied() {
            if priority != Priority::Normal {
                if let Some(popped) = self.pop_of(priority) {
                    return Some(popped);
                }
                continue;
            }
            let aged_first = self.aged_next || self.turns[priority as usize].iter().all(VecDeque::is_empty);
            if aged_first && let Some(popped) = self.pop_aged(now) {
                self.aged_next = false;
                return Some(popped);
            }
            if let Some(popped) = self.pop_of(priority) {
                self.aged_next = true;
                return Some(popped);
            }
        }
        None
    }

    fn pop_of(&mut self, priority: Priority) -> Option<(Group, Instant, T)> {
        let slot = priority as usize;
        let wanted = usize::from(self.retried_next[slot]);
        let kind = if self.turns[slot][wanted].is_empty() { 1 - wanted } else { wanted };
        let service = self.turns[slot][kind].pop_front()?;
        self.serve(Group { priority, retried: kind == 1, service })
    }

    /// Takes the `low` item that is ripe and whose turn it is; who is not ripe yet is passed over, not waited for.
    fn pop_aged(&mut self, now: Instant) -> Option<(Group, Instant, T)> {
        if self.ripens.is_none_or(|at| now < at) {
            return None;
        }
        let priority = Priority::Low;
        let slot = priority as usize;
        let wanted = usize::from(self.retried_next[slot]);
        let mut ripens: Option<Instant> = None;
        for kind in [wanted, 1 - wanted] {
            for place in 0..self.turns[slot][kind].len() {
                let group = Group { priority, retried: kind == 1, service: self.turns[slot][kind][place] };
                let Some((ripe, _)) = self.groups.get(&group).and_then(VecDeque::front) else { continue };
                if *ripe <= now {
                    self.turns[slot][kind].remove(place);
                    return self.serve(group);
                }
                ripens = Some(ripens.map_or(*ripe, |at| at.min(*ripe)));
            }
        }
        self.ripens = ripens;
        None
    }

    /// Takes the first item of a group whose turn was taken from the list.
    fn serve(&mut self, group: Group) -> Option<(Group, Instant, T)> {
        let Group { priority, retried, service } = group;
        self.retried_next[priority as usize] = !retried;
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
        std::iter::from_fn(|| line.pop(now)).map(|(_, _, item)| item).collect()
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
        line.put_back(group(Priority::Normal, false, 1), at(0), 1);
        line.push(group(Priority::Normal, false, 2), at(0), 10);
        for n in 2..5 {
            let (_, _, item) = line.pop(at(0)).unwrap();
            // Its line runs empty with every turn, and the next of it arrives just then.
            line.put_back(group(Priority::Normal, false, 1), at(0), n);
            if item == 10 {
                return;
            }
        }
        panic!("the other service never had its turn");
    }

    #[test]
    fn what_is_put_back_comes_first_again() {
        let mut line = line();
        line.push(group(Priority::Normal, false, 1), at(0), 1);
        line.push(group(Priority::Normal, false, 1), at(0), 2);
        let (group, created, item) = line.pop(at(0)).unwrap();
        line.put_back(group, created, item);
        assert_eq!(drain(&mut line, at(0)), [1, 2]);
    }

    proptest! {
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
