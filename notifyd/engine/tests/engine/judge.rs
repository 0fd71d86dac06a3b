//! Who was taken out of line, against who waited: the rules of turns, one by one.

use crate::sim::World;
use crate::slow::{Seen, Step};
use notify_proto::{NotificationId, Priority, ProviderId, Status};
use notifyd_lifecycle::order::Group;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Times read by different clocks are equal up to this.
const FUZZ: Duration = Duration::from_millis(2);

/// Longest that a provider is given a rest.
pub const LONGEST_OPEN: Duration = Duration::from_secs(6);

/// How often each rule had something to say, over all worlds: rules that are never asked prove nothing.
pub static ASKED: [AtomicUsize; 5] = [const { AtomicUsize::new(0) }; 5];

#[derive(Clone, Copy)]
enum Rule {
    Priority,
    Turns,
    Kinds,
    Ageing,
    Loading,
}

fn asked(rule: Rule) {
    ASKED[rule as usize].fetch_add(1, Ordering::Relaxed);
}

/// Work taken out of line for a provider.
#[derive(Clone, Copy)]
struct Taken {
    at: Duration,
    group: Group,
    aged: bool,
}

/// Hears what the engine did, and says where it broke a rule.
#[derive(Default)]
pub struct Judge {
    ageing: Duration,
    jobs: HashMap<i64, Seen>,
    /// Who waits in memory for which provider, by urgency, and since when.
    waiting: HashMap<ProviderId, BTreeMap<Priority, BTreeMap<i64, Duration>>>,
    /// The fence of everything in memory, waiting or under way, as the engine knows it.
    known: HashMap<i64, u32>,
    taken: HashMap<ProviderId, Vec<Taken>>,
    /// When calls did not go well, or none were possible.
    trouble: HashMap<ProviderId, Vec<Duration>>,
    first_seen: HashMap<NotificationId, (i64, Duration)>,
    crowded: HashSet<i64>,
}

impl Judge {
    /// Hears what happened in a world. `set`: when operators paused or resumed which provider.
    pub fn hear(world: &World, ageing: Duration, set: Vec<(Duration, ProviderId)>) -> Self {
        let mut judge = Self { ageing, ..Self::default() };
        for (at, provider) in set {
            judge.trouble.entry(provider).or_default().push(at);
        }
        for (at, step) in world.steps() {
            judge.step(at, step);
        }
        judge
    }

    /// What arrived then was in memory after so much time, unless others of its group were there already.
    pub fn loading(&self, arrived: &[(Duration, NotificationId)], within: Duration) {
        for (at, id) in arrived {
            let Some((seq, seen)) = self.first_seen.get(id) else { continue };
            if !self.crowded.contains(seq) {
                asked(Rule::Loading);
                let waited = seen.saturating_sub(*at);
                assert!(waited <= within + FUZZ, "{id} was not in memory for {waited:?}");
            }
        }
    }

    fn step(&mut self, at: Duration, step: Step) {
        match step {
            Step::Loaded(jobs) => {
                for job in jobs {
                    self.loaded(at, job);
                }
            }
            Step::Claimed(claims) => {
                for claim in claims {
                    self.known.insert(claim.seq, claim.fence + 1);
                    self.claimed(at, claim.seq, claim.provider);
                }
            }
            Step::Settled(records) => {
                for record in records.iter() {
                    if record.attempt.is_none() {
                        self.leave(record.seq);
                    }
                }
            }
            Step::Recorded(records) => {
                for record in records.iter() {
                    if let Some(end) = &record.attempt
                        && end.class != "accepted"
                    {
                        self.trouble.entry(end.provider).or_default().push(at);
                    }
                    if record.transition.to() == Status::Queued {
                        // Held: it stays in memory.
                        self.known.insert(record.seq, record.fence + 1);
                        self.wait(at, record.seq);
                    } else if self.known.get(&record.seq) == Some(&record.fence) {
                        self.known.remove(&record.seq);
                    }
                }
            }
        }
    }

    fn loaded(&mut self, at: Duration, job: Seen) {
        let seq = job.seq;
        if self.known.get(&seq).is_some_and(|fence| *fence >= job.fence) {
            return;
        }
        if !self.first_seen.contains_key(&job.id) {
            if self.known.keys().any(|other| self.jobs[other].group == job.group) {
                self.crowded.insert(seq);
            }
            self.first_seen.insert(job.id, (seq, at));
        }
        self.known.insert(seq, job.fence);
        self.jobs.insert(seq, job);
        self.wait(at, seq);
    }

    fn wait(&mut self, at: Duration, seq: i64) {
        let job = &self.jobs[&seq];
        if let Some(provider) = job.pinned {
            let line = self.waiting.entry(provider).or_default().entry(job.group.priority).or_default();
            line.entry(seq).or_insert(at);
        }
    }

    fn leave(&mut self, seq: i64) -> Option<Duration> {
        let job = &self.jobs[&seq];
        let provider = job.pinned?;
        self.waiting.get_mut(&provider)?.get_mut(&job.group.priority)?.remove(&seq)
    }

    /// When it counts as `normal`.
    fn ripe(&self, job: &Seen) -> Duration {
        let created = u64::try_from(job.created_at.timestamp_millis() - 1_800_000_000_000).unwrap();
        Duration::from_millis(created) + self.ageing
    }

    fn claimed(&mut self, at: Duration, seq: i64, provider: ProviderId) {
        let since = self.leave(seq);
        let job = self.jobs[&seq].clone();
        let low = job.group.priority == Priority::Low;
        let aged = low && self.ripe(&job) <= at + FUZZ;
        self.priority(at, &job, aged, provider);
        if let Some(since) = since {
            self.turns(since, &job, provider);
            self.kinds(since, &job, provider);
            self.ageing(since, &job, provider);
        }
        self.taken.entry(provider).or_default().push(Taken { at, group: job.group, aged });
    }

    /// Nobody more urgent waited.
    fn priority(&self, at: Duration, job: &Seen, aged: bool, provider: ProviderId) {
        let urgency = if aged { Priority::Normal } else { job.group.priority };
        let Some(lines) = self.waiting.get(&provider) else { return };
        for (priority, line) in lines {
            for (other, since) in line.iter().filter(|(_, since)| **since < at) {
                let ripe = *priority == Priority::Low && self.ripe(&self.jobs[other]) + FUZZ < at;
                let theirs = if ripe { Priority::Normal } else { *priority };
                asked(Rule::Priority);
                assert!(
                    theirs >= urgency,
                    "at {at:?} {} ({urgency:?}) was taken before {other} ({theirs:?}), waiting since {since:?}",
                    job.seq
                );
                if *priority >= urgency && *priority != Priority::Low {
                    break;
                }
            }
        }
    }

    /// Who was taken for a provider since then, and how often its closing and its probes may have mixed up the order: when
    /// one is let through, the others have their turn for nothing.
    fn meanwhile(&self, since: Duration, provider: ProviderId) -> (&[Taken], usize) {
        let all = self.taken.get(&provider).map(Vec::as_slice).unwrap_or_default();
        let from = all.partition_point(|taken| taken.at <= since);
        let closed = self.trouble.get(&provider).map(Vec::as_slice).unwrap_or_default();
        let since = since.saturating_sub(LONGEST_OPEN);
        (&all[from..], closed.iter().filter(|at| **at >= since).count())
    }

    /// Between two turns of this service, the others had at most one each.
    fn turns(&self, since: Duration, job: &Seen, provider: ProviderId) {
        let (taken, closed) = self.meanwhile(since, provider);
        let mut each: HashMap<i64, usize> = HashMap::new();
        for it in taken {
            let Group { priority, retried, service } = it.group;
            if it.aged {
                // Who is ripe has turns that others of its priority have not.
                return;
            }
            if (priority, retried) == (job.group.priority, job.group.retried) {
                *each.entry(service).or_default() += 1;
            }
        }
        let own = each.remove(&job.group.service).unwrap_or_default();
        for (service, theirs) in each {
            asked(Rule::Turns);
            assert!(
                theirs <= own + 1 + closed,
                "while {:?} waited from {since:?}, service {service} had {theirs} turns, and its own {own}",
                job.group
            );
        }
    }

    /// Fresh and retried work alternate.
    fn kinds(&self, since: Duration, job: &Seen, provider: ProviderId) {
        if job.group.priority == Priority::Low {
            return;
        }
        let (taken, closed) = self.meanwhile(since, provider);
        let count = |retried| {
            let alike = |it: &&Taken| it.group.priority == job.group.priority && it.group.retried == retried;
            taken.iter().filter(alike).count()
        };
        let (own, theirs) = (count(job.group.retried), count(!job.group.retried));
        if theirs > 0 {
            asked(Rule::Kinds);
        }
        assert!(
            theirs <= own + 1 + closed,
            "{:?}: {theirs} of the other kind went before, {own} of its own",
            job.group
        );
    }

    /// Aged `low` work and `normal` work alternate.
    fn ageing(&self, since: Duration, job: &Seen, provider: ProviderId) {
        let ripe = self.ripe(job);
        let (since, low) = match job.group.priority {
            Priority::Low => (since.max(ripe + FUZZ), true),
            Priority::Normal => (since, false),
            _ => return,
        };
        let (taken, closed) = self.meanwhile(since, provider);
        let normal = taken.iter().filter(|it| it.group.priority == Priority::Normal).count();
        let aged = taken.iter().filter(|it| it.aged).count();
        let (own, theirs) = if low { (aged, normal) } else { (normal, aged) };
        if theirs > 0 {
            asked(Rule::Ageing);
        }
        assert!(
            theirs <= own + 1 + closed,
            "{:?}: {theirs} of the other class went before, {own} of its own",
            job.group
        );
    }
}
