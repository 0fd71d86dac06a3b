//! What is known of the work on disk, group by group, and how much of each is worth having in memory.
//!
//! A group is one service's fresh or retried work of one priority in one line. Memory is shared out so that nobody is
//! crowded out: neither a group by another one with a million, nor a line that moves by one that does not, as nobody takes
//! its work now. Each group has a share of the whole; those that have nothing in memory come first, the urgent ones in
//! front, the others in turns; and each line has room of its own, which it needs when the others have filled the rest.

use crate::options::Options;
use notifyd_lifecycle::order::URGENT;
use notifyd_store::api::Backlog;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Jobs of one group that are loaded at once, when there is room.
const CHUNK: usize = 512;

/// Jobs that a group without any may load even when memory is full, so that nobody waits for others to finish; up to
/// twice the bound in all.
const RESERVED: usize = 16;

/// The part of the bound that each line may have in memory whatever the others have.
const OWN_PART: usize = 8;

/// What is known of a group on disk.
struct OnDisk {
    /// Everything up to this number is in memory or gone.
    cursor: i64,
    /// Whether there may be more.
    more: bool,
    /// How many are being loaded at most; none when nothing is.
    coming: Option<usize>,
    /// Rung while a load was under way, which may have looked before what was rung for was there.
    rung_again: bool,
}

/// A load to be made.
pub(crate) struct Load {
    pub line: Backlog,
    pub after: i64,
    pub limit: usize,
    pub bytes: usize,
}

/// All groups that have work on disk or in memory. What is walked through is sorted, so that chance has no say in who
/// comes first.
#[derive(Default)]
pub(crate) struct Backlogs {
    disk: BTreeMap<Backlog, OnDisk>,
    /// Jobs of each group in memory that are not under way.
    here: HashMap<Backlog, usize>,
    /// The same of each line, with those that are coming.
    lines: HashMap<Arc<str>, usize>,
    /// The group that had the last turn.
    turn: Option<Backlog>,
}

impl Backlogs {
    /// A group got work; the lowest number of it may lie behind what was read already.
    pub(crate) fn rung(&mut self, line: Backlog, lowest: i64) {
        let disk = self.disk.entry(line).or_insert(OnDisk {
            cursor: lowest - 1,
            more: true,
            coming: None,
            rung_again: false,
        });
        disk.cursor = disk.cursor.min(lowest - 1);
        disk.more = true;
        disk.rung_again = disk.coming.is_some();
    }

    /// The loads worth making now, when so many jobs of so many bytes are in memory, under way or not.
    pub(crate) fn wanted(&mut self, options: &Options, jobs: usize, bytes: usize) -> Vec<Load> {
        let active = self.disk.values().filter(|disk| disk.more).count().max(1);
        let share = (options.loaded / active).clamp(RESERVED, CHUNK);
        let own = (options.loaded / OWN_PART).max(RESERVED);
        let mut room = options.loaded.saturating_sub(jobs);
        let mut reserve = (2 * options.loaded).saturating_sub(jobs);
        let room_bytes = options.loaded_bytes.saturating_sub(bytes);
        let most_bytes = room_bytes.max(options.loaded_bytes / OWN_PART) / active;
        let mut loads = Vec::new();
        for (line, here) in self.wanting(share, own, room, reserve, room_bytes) {
            let there = self.lines.entry(Arc::clone(&line.lane)).or_default();
            let mut most = room.max(own.saturating_sub(*there));
            if here == 0 {
                most = most.max(RESERVED.min(reserve));
            }
            let limit = share.min(most);
            let Some(disk) = self.disk.get_mut(&line).filter(|_| limit > 0) else { continue };
            room = room.saturating_sub(limit);
            reserve = reserve.saturating_sub(limit);
            *there += limit;
            disk.coming = Some(limit);
            disk.rung_again = false;
            if here == 0 && line.group.priority > URGENT {
                self.turn = Some(line.clone());
            }
            let bytes = if here == 0 { most_bytes } else { room_bytes / active };
            loads.push(Load { line, after: disk.cursor, limit, bytes });
        }
        loads
    }

    /// Groups of which more is wanted, and how many of each are here; who comes first in front.
    fn wanting(
        &self,
        share: usize,
        own: usize,
        room: usize,
        reserve: usize,
        room_bytes: usize,
    ) -> Vec<(Backlog, usize)> {
        let mut wanting = Vec::new();
        for (line, _) in self.disk.iter().filter(|(_, disk)| disk.more && disk.coming.is_none()) {
            let here = self.here.get(line).copied().unwrap_or_default();
            let enough = here > 0 && (here >= share / 2 || room_bytes == 0);
            let any_room = || {
                room > 0 || here == 0 && reserve > 0 || self.lines.get(&line.lane).is_none_or(|it| *it < own)
            };
            if !enough && any_room() {
                wanting.push((line.clone(), here));
            }
        }
        let had_its_turn = |line: &Backlog| self.turn.as_ref().is_some_and(|turn| line <= turn);
        wanting.sort_by_key(|(line, here)| (*here > 0, line.group.priority > URGENT, had_its_turn(line)));
        wanting
    }

    /// A load came back with jobs up to the number `last`; `full` when it stopped at its limit and there may be more.
    pub(crate) fn came(&mut self, line: &Backlog, after: i64, last: Option<i64>, full: bool) {
        self.expected(line);
        let Some(disk) = self.disk.get_mut(line) else { return };
        // A ring during the load may have moved the cursor back; what it rang for is then read by the next load.
        if disk.cursor == after {
            disk.more = full || disk.rung_again;
            disk.cursor = last.unwrap_or(after);
        }
        if !disk.more {
            self.disk.remove(line);
        }
    }

    /// A load failed: it is wanted again.
    pub(crate) fn failed(&mut self, line: &Backlog) {
        self.expected(line);
    }

    /// Nothing is coming any more.
    fn expected(&mut self, line: &Backlog) {
        if let Some(coming) = self.disk.get_mut(line).and_then(|disk| disk.coming.take()) {
            less(&mut self.lines, &line.lane, coming);
        }
    }

    /// A job of the group is in memory.
    pub(crate) fn enter(&mut self, line: &Backlog) {
        *self.here.entry(line.clone()).or_default() += 1;
        *self.lines.entry(Arc::clone(&line.lane)).or_default() += 1;
    }

    /// A job of the group is under way or gone.
    pub(crate) fn leave(&mut self, line: &Backlog) {
        less(&mut self.here, line, 1);
        less(&mut self.lines, &line.lane, 1);
    }

    /// Whether nothing waits in memory.
    pub(crate) fn is_empty(&self) -> bool {
        self.here.is_empty()
    }
}

/// Counts down; what has come to nothing is forgotten.
fn less<K: std::hash::Hash + Eq>(counts: &mut HashMap<K, usize>, key: &K, by: usize) {
    if let Some(count) = counts.get_mut(key) {
        *count = count.saturating_sub(by);
        if *count == 0 {
            counts.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use notify_proto::Priority;
    use notifyd_lifecycle::order::Group;
    use std::collections::BTreeSet;

    /// A memory of a hundred.
    fn options() -> Options {
        Options { loaded: 100, ..Options::default() }
    }

    fn line(lane: &str, priority: Priority, service: i64) -> Backlog {
        Backlog { lane: lane.into(), group: Group { priority, retried: false, service } }
    }

    /// Makes all loads that are wanted when so many are in memory, each as large as may be. Whose they were, and how many.
    fn fill(all: &mut Backlogs, jobs: &mut usize) -> Vec<(Backlog, usize)> {
        let loads = all.wanted(&options(), *jobs, 0);
        let mut made = Vec::new();
        for load in loads {
            all.came(&load.line, load.after, Some(load.after + 1_000), true);
            for _ in 0..load.limit {
                all.enter(&load.line);
            }
            *jobs += load.limit;
            made.push((load.line, load.limit));
        }
        made
    }

    #[test]
    fn a_line_that_does_not_move_leaves_room_for_one_that_does() {
        let (mut all, mut jobs) = (Backlogs::default(), 0);
        for service in 0..1_000 {
            all.rung(line("sms", Priority::Instant, service), 1);
        }
        while !fill(&mut all, &mut jobs).is_empty() {}
        assert!((100..=200).contains(&jobs), "{jobs}");
        all.rung(line("email", Priority::Low, 1), 1);
        for _ in 0..50 {
            let made = fill(&mut all, &mut jobs);
            assert_eq!(made, [(line("email", Priority::Low, 1), 16)], "again and again");
            for _ in 0..16 {
                all.leave(&made[0].0);
            }
            jobs -= 16;
        }
        let before = jobs;
        while !fill(&mut all, &mut jobs).is_empty() {}
        assert!(jobs - before <= 32, "there is an end to it");
    }

    #[test]
    fn groups_take_turns_when_memory_is_short() {
        let (mut all, mut jobs) = (Backlogs::default(), 0);
        for service in 0..100 {
            all.rung(line("sms", Priority::Normal, service), 1);
        }
        let (mut seen, mut here) = (BTreeSet::new(), Vec::new());
        for _ in 0..100 {
            here.extend(fill(&mut all, &mut jobs));
            seen.extend(here.iter().map(|(line, _)| line.group.service));
            // Those that came first have gone, and there is more of each.
            let (line, count) = here.remove(0);
            (0..count).for_each(|_| all.leave(&line));
            jobs -= count;
        }
        assert_eq!(seen.len(), 100, "each had its turn");
        all.rung(line("sms", Priority::High, 7), 1);
        let (first, count) = here.remove(0);
        (0..count).for_each(|_| all.leave(&first));
        assert_eq!(
            fill(&mut all, &mut { jobs - count })[0].0,
            line("sms", Priority::High, 7),
            "urgent ones first"
        );
    }

    #[test]
    fn one_load_of_a_group_at_a_time_and_what_comes_is_counted() {
        let mut all = Backlogs::default();
        let of = line("sms", Priority::Normal, 1);
        all.rung(of.clone(), 5);
        assert_eq!(all.wanted(&options(), 0, 0).len(), 1);
        assert!(all.wanted(&options(), 0, 0).is_empty());
        all.failed(&of);
        assert_eq!(all.wanted(&options(), 0, 0).len(), 1, "it is wanted again");
        all.came(&of, 4, None, false);
        assert!(all.wanted(&options(), 0, 0).is_empty() && all.lines.is_empty() && all.disk.is_empty());
    }
}
