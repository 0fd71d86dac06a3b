//! Loaded work in the order of turns, and what is known of the rest on disk.
//!
//! Memory is bounded by count and by bytes over all lines. Each group of a line (one service's fresh or retried work of
//! one priority) has its own place in memory, so a service with a million queued cannot crowd out another one's first.

use crate::options::Options;
use notify_proto::{Channel, Timestamp};
use notifyd_lifecycle::order::{Group, Line};
use notifyd_store::api::{Backlog, Job};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Jobs of one group that are loaded at once, when there is room.
const CHUNK: usize = 512;

/// Jobs that a group without any may load even when memory is full, so that nobody waits for others to finish.
const RESERVED: usize = 16;

/// A job in memory.
pub(crate) struct Loaded {
    pub job: Job,
    /// Whether its story says already that nothing could be tried.
    pub held: bool,
}

/// What is known of a group on disk.
#[derive(Default)]
struct OnDisk {
    /// Everything up to this number is in memory or gone.
    cursor: i64,
    /// Whether there may be more.
    more: bool,
    loading: bool,
}

/// A load to be made.
pub(crate) struct Load {
    pub line: Backlog,
    pub after: i64,
    pub limit: usize,
    pub bytes: usize,
}

/// All lines.
pub(crate) struct Lines {
    ready: HashMap<Arc<str>, Line<Box<Loaded>>>,
    disk: HashMap<Backlog, OnDisk>,
    /// Numbers in memory, waiting or under way: what a load must not bring a second time.
    known: HashSet<i64>,
    bytes: usize,
    waiting: usize,
    options: Options,
}

impl Lines {
    pub(crate) fn new(options: Options) -> Self {
        Self {
            ready: HashMap::new(),
            disk: HashMap::new(),
            known: HashSet::new(),
            bytes: 0,
            waiting: 0,
            options,
        }
    }

    /// A line got work; the lowest number of it may lie behind what was read already.
    pub(crate) fn rung(&mut self, line: Backlog, lowest: i64) {
        let disk = self.disk.entry(line).or_default();
        disk.cursor = disk.cursor.min(lowest - 1);
        disk.more = true;
    }

    /// The loads worth making now.
    pub(crate) fn wanted(&mut self) -> Vec<Load> {
        let active = self.disk.values().filter(|disk| disk.more).count().max(1);
        let share = (self.options.loaded / active).clamp(RESERVED, CHUNK);
        let mut room = self.options.loaded.saturating_sub(self.waiting);
        let room_bytes = self.options.loaded_bytes.saturating_sub(self.bytes);
        let mut loads = Vec::new();
        for (line, disk) in &mut self.disk {
            if !disk.more || disk.loading {
                continue;
            }
            let here = self.ready.get(&line.lane).map_or(0, |it| it.len_of(line.group));
            if here >= share / 2 && here > 0 {
                continue;
            }
            let limit = if here == 0 { share.min(room).max(RESERVED) } else { share.min(room) };
            if limit == 0 || (room_bytes == 0 && here > 0) {
                continue;
            }
            room = room.saturating_sub(limit);
            disk.loading = true;
            loads.push(Load { line: line.clone(), after: disk.cursor, limit, bytes: room_bytes / active });
        }
        loads
    }

    /// A load came back; `full` when it stopped at its limit and there may be more.
    pub(crate) fn loaded(&mut self, line: &Backlog, after: i64, jobs: Vec<Job>, full: bool) {
        let Some(disk) = self.disk.get_mut(line) else { return };
        disk.loading = false;
        // A ring during the load may have moved the cursor back; what it rang for is then read by the next load.
        if disk.cursor == after {
            disk.more = full;
            disk.cursor = jobs.last().map_or(after, |job| job.seq);
        }
        for job in jobs {
            if self.known.insert(job.seq) {
                self.push(&line.lane, Box::new(Loaded { job, held: false }), false);
            }
        }
        if self.disk.get(line).is_some_and(|disk| !disk.more) {
            self.disk.remove(line);
        }
    }

    /// A load failed: it is wanted again.
    pub(crate) fn load_failed(&mut self, line: &Backlog) {
        if let Some(disk) = self.disk.get_mut(line) {
            disk.loading = false;
        }
    }

    fn push(&mut self, lane: &Arc<str>, loaded: Box<Loaded>, front: bool) {
        let ageing = chrono::TimeDelta::from_std(self.options.ageing).unwrap_or(chrono::TimeDelta::MAX);
        let line = self.ready.entry(Arc::clone(lane)).or_insert_with(|| Line::new(ageing));
        self.waiting += 1;
        self.bytes += loaded.job.bytes;
        let (group, created) = (loaded.job.group, loaded.job.created_at);
        if front { line.put_back(group, created, loaded) } else { line.push(group, created, loaded) }
    }

    /// A known job waits again, in front of its group's others.
    pub(crate) fn put_back(&mut self, lane: &Arc<str>, loaded: Box<Loaded>) {
        self.push(lane, loaded, true);
    }

    /// The same, by the channel that is to be tried next.
    pub(crate) fn requeue(&mut self, loaded: Box<Loaded>) {
        let lane: Arc<str> = loaded.job.plan.lane(next_channel(&loaded.job)).into();
        self.put_back(&lane, loaded);
    }

    /// The job whose turn it is in a line.
    pub(crate) fn pop(&mut self, lane: &Arc<str>, now: Timestamp) -> Option<(Group, Box<Loaded>)> {
        let line = self.ready.get_mut(lane)?;
        let (group, _, loaded) = line.pop(now)?;
        self.waiting -= 1;
        self.bytes -= loaded.job.bytes;
        Some((group, loaded))
    }

    /// A job left memory for good: it is final, waits for a time, or is somebody else's.
    pub(crate) fn forget(&mut self, seq: i64) {
        self.known.remove(&seq);
    }

    /// The lines that have work in memory.
    pub(crate) fn busy(&self) -> Vec<Arc<str>> {
        self.ready.iter().filter(|(_, line)| !line.is_empty()).map(|(lane, _)| Arc::clone(lane)).collect()
    }

    /// Whether nothing waits in memory.
    pub(crate) const fn is_empty(&self) -> bool {
        self.waiting == 0
    }

    /// Drops lines that are empty, so that lanes of long gone providers leave no trace.
    pub(crate) fn tidy(&mut self) {
        if self.ready.len() > 64 {
            self.ready.retain(|_, line| !line.is_empty());
        }
    }
}

/// The channel a job tries next, for its line.
pub(crate) fn next_channel(job: &Job) -> Channel {
    let alive = (job.progress.channel..job.plan.channels.len()).find(|index| !job.progress.is_dead(*index));
    job.plan.channels.get(alive.unwrap_or(0)).copied().unwrap_or(Channel::Webhook)
}
