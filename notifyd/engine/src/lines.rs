//! Work in memory.
//!
//! A job comes in fresh. Once somebody has looked where it can go, it stands in the line of the provider that comes first
//! for it; when its patience has ended, in the lines of all that could take it, and whoever is free first does. So a
//! provider that is busy or slow keeps nobody who could go elsewhere, and each provider has one line in which the rules
//! of turns hold. A job that nobody may take now is held.
//!
//! Memory is bounded by count and by bytes over everything in memory, under way or not; how it is shared out, [`Backlogs`]
//! knows.

use crate::backlogs::{Backlogs, Load};
use crate::options::Options;
use crate::tickets::{Queues, Stand};
use notify_proto::{ProviderId, Timestamp};
use notifyd_lifecycle::order::URGENT;
use notifyd_store::api::{Backlog, Job};
use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Instant;

/// Urgent work has this part of the patience that other work has.
const LESS_PATIENT: u32 = 10;

/// A job in memory.
pub(crate) struct Loaded {
    pub job: Job,
    /// Where it is queued on disk.
    pub line: Backlog,
    /// When it counts as `normal`, should it be `low`.
    pub ripe: Instant,
    /// When it stops waiting for the provider that comes first, while others could take it; none: never.
    pub restless: Option<Instant>,
    /// Where it stands in line.
    pub stand: Stand,
}

impl Loaded {
    /// Whether it has waited long enough to pass over a busy provider.
    pub(crate) fn is_restless(&self, now: Instant) -> bool {
        self.restless.is_some_and(|at| at <= now)
    }
}

/// All of it.
pub(crate) struct Lines {
    fresh: VecDeque<Box<Loaded>>,
    /// What stands in line.
    pub queues: Queues,
    held: VecDeque<Box<Loaded>>,
    backlogs: Backlogs,
    /// The fence of every job in memory, waiting or under way. A copy with another fence has been overtaken by a change
    /// and is dropped when it comes up.
    known: HashMap<i64, u32>,
    bytes: usize,
    options: Options,
}

impl Lines {
    pub(crate) fn new(options: Options) -> Self {
        Self {
            fresh: VecDeque::new(),
            queues: Queues::default(),
            held: VecDeque::new(),
            backlogs: Backlogs::default(),
            known: HashMap::new(),
            bytes: 0,
            options,
        }
    }

    /// Takes over changed options. What is loaded already ripens when it would have.
    pub(crate) fn set_options(&mut self, options: Options) {
        self.options = options;
    }

    /// A group got work; the lowest number of it may lie behind what was read already.
    pub(crate) fn rung(&mut self, line: Backlog, lowest: i64) {
        self.backlogs.rung(line, lowest);
    }

    /// The loads worth making now.
    pub(crate) fn wanted(&mut self) -> Vec<Load> {
        self.backlogs.wanted(&self.options, self.known.len(), self.bytes)
    }

    /// A load came back; `full` when it stopped at its limit and there may be more. `now`: by both clocks.
    pub(crate) fn loaded(
        &mut self,
        line: &Backlog,
        after: i64,
        jobs: Vec<Job>,
        full: bool,
        now: (Timestamp, Instant),
    ) {
        self.backlogs.came(line, after, jobs.last().map(|job| job.seq), full);
        for job in jobs {
            if self.known.get(&job.seq).is_none_or(|fence| *fence < job.fence) {
                self.known.insert(job.seq, job.fence);
                self.bytes += job.bytes;
                if let Some(old) = self.queues.take(job.seq) {
                    self.drop_copy(&old);
                }
                let (ripe, restless) = (self.ripe(&job, now), self.restless(&job, now));
                let loaded = Loaded { line: line.clone(), ripe, restless, stand: Stand::default(), job };
                self.enter(Box::new(loaded));
            }
        }
    }

    /// When it has waited so long that it counts as `normal`. Only its age so far is told by the wall clock, which may
    /// have been set since it was accepted.
    fn ripe(&self, job: &Job, (wall, now): (Timestamp, Instant)) -> Instant {
        let age = (wall - job.created_at).to_std().unwrap_or_default();
        now + self.options.ageing.saturating_sub(age)
    }

    /// When its patience with a busy provider ends.
    fn restless(&self, job: &Job, (wall, now): (Timestamp, Instant)) -> Option<Instant> {
        let patience = self.options.overflow_after?;
        let patience = if job.group.priority <= URGENT { patience / LESS_PATIENT } else { patience };
        Some(now + patience.saturating_sub((wall - job.queued_at).to_std().unwrap_or_default()))
    }

    /// A load failed: it is wanted again.
    pub(crate) fn load_failed(&mut self, line: &Backlog) {
        self.backlogs.failed(line);
    }

    fn enter(&mut self, loaded: Box<Loaded>) {
        self.backlogs.enter(&loaded.line);
        self.fresh.push_back(loaded);
    }

    /// A job is under way: claimed, or being recorded.
    pub(crate) fn taken(&mut self, loaded: &Loaded) {
        self.backlogs.leave(&loaded.line);
    }

    /// The fence of a job under way was raised.
    pub(crate) fn raised(&mut self, job: &Job) {
        self.known.insert(job.seq, job.fence);
    }

    /// A job that was under way is queued again, with a raised fence. Without room it stays on disk.
    pub(crate) fn requeue(&mut self, mut loaded: Box<Loaded>) {
        let lane = loaded.job.plan.lane(&loaded.job.message.addresses, &loaded.job.progress);
        if *loaded.line.lane != *lane {
            loaded.line.lane = lane.into();
        }
        let seq = loaded.job.seq;
        if self.known.get(&seq).is_some_and(|fence| *fence >= loaded.job.fence) {
            // Loaded anew before its record was heard of.
            self.bytes -= loaded.job.bytes;
            return;
        }
        // What is held stays: from disk it would only come back to be held once more.
        let full = self.known.len() > self.options.loaded || self.bytes > self.options.loaded_bytes;
        if full && !loaded.job.held {
            self.known.remove(&seq);
            self.bytes -= loaded.job.bytes;
            self.rung(loaded.line, seq);
            return;
        }
        self.known.insert(seq, loaded.job.fence);
        self.enter(loaded);
    }

    /// A job that was under way left memory for good: it is final, waits for a time, or is somebody else's.
    pub(crate) fn forget(&mut self, loaded: &Loaded) {
        self.bytes -= loaded.job.bytes;
        if self.known.get(&loaded.job.seq) == Some(&loaded.job.fence) {
            self.known.remove(&loaded.job.seq);
        }
    }

    /// The next job nobody has looked at yet.
    pub(crate) fn next_fresh(&mut self) -> Option<Box<Loaded>> {
        while let Some(loaded) = self.fresh.pop_front() {
            if let Some(loaded) = self.current(loaded) {
                return Some(loaded);
            }
        }
        None
    }

    /// A provider is closed: nobody stands in its line any more. Who stands in no other is looked at again.
    pub(crate) fn scatter(&mut self, provider: ProviderId, now: Instant) {
        self.fresh.extend(self.queues.scatter(provider, now));
    }

    /// Lets a job wait until something opens.
    pub(crate) fn hold(&mut self, loaded: Box<Loaded>) {
        self.held.push_back(loaded);
    }

    /// Something opened: what is held is looked at again, before anything newer.
    pub(crate) fn release_held(&mut self) {
        self.held.append(&mut self.fresh);
        std::mem::swap(&mut self.held, &mut self.fresh);
    }

    /// These are queued no more: those of them that wait here leave memory. Who is under way is told by its record.
    pub(crate) fn drop_those(&mut self, seqs: &HashSet<i64>) {
        let waiting = seqs.iter().filter_map(|seq| self.queues.take(*seq));
        let mut gone: Vec<_> = waiting.collect();
        for list in [&mut self.held, &mut self.fresh] {
            if list.iter().any(|it| seqs.contains(&it.job.seq)) {
                let (out, stay) = list.drain(..).partition::<Vec<_>, _>(|it| seqs.contains(&it.job.seq));
                gone.extend(out);
                list.extend(stay);
            }
        }
        for loaded in gone {
            self.taken(&loaded);
            self.forget(&loaded);
        }
    }

    /// The job, unless it was changed since it was loaded.
    fn current(&mut self, loaded: Box<Loaded>) -> Option<Box<Loaded>> {
        if self.is_current(&loaded) {
            return Some(loaded);
        }
        self.drop_copy(&loaded);
        None
    }

    /// Lets go of a copy that was overtaken by a change.
    fn drop_copy(&mut self, loaded: &Loaded) {
        self.bytes -= loaded.job.bytes;
        self.taken(loaded);
    }

    fn is_current(&self, loaded: &Loaded) -> bool {
        self.known.get(&loaded.job.seq) == Some(&loaded.job.fence)
    }

    /// What waits until something opens.
    pub(crate) fn held(&self) -> impl Iterator<Item = &Loaded> {
        self.held.iter().map(|it| &**it).filter(|loaded| self.is_current(loaded))
    }

    /// Whether anything is held.
    pub(crate) fn has_held(&self) -> bool {
        !self.held.is_empty()
    }

    /// Whether nothing waits in memory.
    pub(crate) fn is_empty(&self) -> bool {
        self.backlogs.is_empty()
    }
}

#[cfg(test)]
#[path = "lines_tests.rs"]
mod tests;
