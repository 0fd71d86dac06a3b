//! Whose turn it is inside one line of work.
//!
//! `instant` before `high` before `normal` before `low`; within one priority fresh and retried work alternate, and
//! within each of those the services take turns. `low` work that has waited long enough takes its turns as `normal`.

use notify_proto::{Priority, Timestamp};
use std::collections::{HashMap, VecDeque};

/// One service's work of one kind within a line: first in, first out.
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
    groups: HashMap<Group, VecDeque<(Timestamp, T)>>,
    /// Per priority and kind, the services that have work, next one first.
    turns: [[VecDeque<i64>; 2]; 4],
    /// Per priority, whether the next turn belongs to retried work.
    retried_next: [bool; 4],
    /// Whether the next `normal` turn belongs to aged `low` work.
    aged_next: bool,
    ageing: chrono::TimeDelta,
    len: usize,
}

impl<T> Line<T> {
    /// An empty line. `ageing`: how old `low` work must be to count as `normal`.
    pub fn new(ageing: chrono::TimeDelta) -> Self {
        Self {
            groups: HashMap::new(),
            turns: Default::default(),
            retried_next: [false; 4],
            aged_next: false,
            ageing,
            len: 0,
        }
    }

    /// Changes how old `low` work must be to count as `normal`.
    pub const fn set_ageing(&mut self, ageing: chrono::TimeDelta) {
        self.ageing = ageing;
    }

    /// Items held.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing is held.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds behind the group's others.
    pub fn push(&mut self, group: Group, created: Timestamp, item: T) {
        self.insert(group, created, item, false);
    }

    /// Puts back in front of the group's others: taken out, but not used.
    pub fn put_back(&mut self, group: Group, created: Timestamp, item: T) {
        self.insert(group, created, item, true);
    }

    fn insert(&mut self, group: Group, created: Timestamp, item: T, front: bool) {
        let queue = self.groups.entry(group).or_default();
        if queue.is_empty() {
            let turns = &mut self.turns[group.priority as usize][usize::from(group.retried)];
            if front { turns.push_front(group.service) } else { turns.push_back(group.service) }
        }
        if front {
            queue.push_front((created, item));
        } else {
            queue.push_back((created, item));
        }
        self.len += 1;
    }

    /// Takes the item whose turn it is at `now`.
    pub fn pop(&mut self, now: Timestamp) -> Option<(Group, Timestamp, T)> {
        for priority in Priority::ALL.iter().copied() {
            if priority == Priority::Normal && self.aged_low(now) {
                let low_turn = self.aged_next || self.turns_are_empty(Priority::Normal);
                self.aged_next = !self.aged_next;
                if low_turn {
                    return self.pop_of(Priority::Low);
                }
            }
            if let Some(popped) = self.pop_of(priority) {
                return Some(popped);
            }
        }
        None
    }

    fn turns_are_empty(&self, priority: Priority) -> bool {
        self.turns[priority as usize].iter().all(VecDeque::is_empty)
    }

    fn aged_low(&self, now: Timestamp) -> bool {
        self.turns[Priority::Low as usize].iter().enumerate().any(|(retried, turns)| {
            turns.front().is_some_and(|service| {
                let group = Group { priority: Priority::Low, retried: retried == 1, service: *service };
                let head = self.groups.get(&group).and_then(VecDeque::front);
                head.is_some_and(|(created, _)| now - *created >= self.ageing)
            })
        })
    }

    fn pop_of(&mut self, priority: Priority) -> Option<(Group, Timestamp, T)> {
        let slot = priority as usize;
        let wanted = usize::from(self.retried_next[slot]);
        let kind = if self.turns[slot][wanted].is_empty() { 1 - wanted } else { wanted };
        let service = self.turns[slot][kind].pop_front()?;
        self.retried_next[slot] = kind == 0;
        let group = Group { priority, retried: kind == 1, service };
        let queue = self.groups.get_mut(&group)?;
        let (created, item) = queue.pop_front()?;
        if queue.is_empty() {
            self.groups.remove(&group);
        } else {
            self.turns[slot][kind].push_back(service);
        }
        self.len -= 1;
        Some((group, created, item))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;
    use proptest::prelude::*;

    fn group(priority: Priority, retried: bool, service: i64) -> Group {
        Group { priority, retried, service }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::default() + TimeDelta::seconds(seconds)
    }

    fn line() -> Line<u32> {
        Line::new(TimeDelta::minutes(10))
    }

    fn drain(line: &mut Line<u32>, now: Timestamp) -> Vec<u32> {
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
            line.push(group(Priority::Low, false, 2), at(0), 10 + n);
        }
        assert_eq!(drain(&mut line, at(60)), [0, 1, 2, 10, 11, 12]);
        for n in 0..3 {
            line.push(group(Priority::Normal, false, 1), at(0), n);
            line.push(group(Priority::Low, false, 2), at(0), 10 + n);
        }
        assert_eq!(drain(&mut line, at(600)), [0, 10, 1, 11, 2, 12]);
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
