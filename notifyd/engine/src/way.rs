//! What becomes of one notification next, for people: asked of the same rules and the same gates that deliver, with its
//! own pin, its channels and how far it has got.

use crate::lines::Lines;
use crate::queues;
use crate::route::{Route, Step, Verdict, step};
use crate::slots::Slots;
use notify_proto::{ProviderId, Timestamp};
use notifyd_lifecycle::candidate::{Candidate, Choice, Gate, choose};
use notifyd_lifecycle::decide::Progress;
use notifyd_lifecycle::order::URGENT;
use notifyd_lifecycle::{Message, Plan};
use notifyd_store::api::Job;
use std::time::Instant;

/// What becomes of a notification when it is its turn, as things stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// What the rules choose now.
    pub choice: Choice,
    /// The candidates of each of its channels, in the order they are tried.
    pub routes: Vec<Route>,
    /// Whether it is in memory, in a line or held; otherwise it is still on disk, or just being taken.
    pub loaded: bool,
    /// Notifications in memory that go to the chosen provider next, this one included when it is among them.
    pub waiting: u64,
}

pub(crate) fn way(
    lines: &Lines,
    slots: &Slots,
    overflow: bool,
    job: &Job,
    now: Instant,
    wall: Timestamp,
) -> Way {
    let restless = lines.queues.get(job.seq).is_some_and(|it| it.is_restless(now));
    let (index, choice) = chosen(slots, job, restless, now);
    let (_, later) = chosen(slots, job, overflow, now);
    let provider = match &choice {
        Choice::Try { provider, .. } => Some(*provider),
        Choice::Wait(providers) => providers.first().copied(),
        _ => None,
    };
    let queues = queues::count(lines, slots);
    let is_it = |seq: i64| seq == job.seq;
    Way {
        routes: (0..job.plan.channels.len())
            .map(|at| {
                let spent = [&Choice::Spent; 2];
                route(slots, job, at, if Some(at) == index { [&choice, &later] } else { spent }, now, wall)
            })
            .collect(),
        loaded: lines.queues.get(job.seq).is_some() || lines.held().any(|it| is_it(it.job.seq)),
        waiting: provider.and_then(|id| queues.get(&id)).map_or(0, |queue| queue.waiting),
        choice,
    }
}

/// The choice, and the position of the channel on which somebody is called or waited for.
fn chosen(slots: &Slots, job: &Job, restless: bool, now: Instant) -> (Option<usize>, Choice) {
    let of_first = |count: usize| {
        let plan = Plan { channels: job.plan.channels[..count].to_vec(), ..job.plan.clone() };
        let candidates = slots.directory().candidates();
        choose(&plan, &job.message, &job.progress, restless, candidates, |it| {
            slots.gate(it.id, job.group.priority <= URGENT, now)
        })
    };
    let mut last = Choice::Spent;
    for count in 1..=job.plan.channels.len() {
        last = of_first(count);
        if matches!(last, Choice::Try { .. } | Choice::Wait(_)) {
            return (Some(count - 1), last);
        }
    }
    (None, last)
}

/// The candidates of one channel, looked at as if all were switched on and none was tried.
fn route(
    slots: &Slots,
    job: &Job,
    index: usize,
    choices: [&Choice; 2],
    now: Instant,
    wall: Timestamp,
) -> Route {
    let channel = job.plan.channels[index];
    let plan = Plan { channels: vec![channel], ..job.plan.clone() };
    let message = Message::text(channel, "somebody".into(), "");
    let all: Vec<_> =
        slots.directory().candidates().iter().map(|it| Candidate { active: true, ..it.clone() }).collect();
    let mut steps = Vec::new();
    let _ = choose(&plan, &message, &Progress::default(), false, &all, |candidate| {
        let mut step = step(slots, candidate, choices, now, wall);
        if let Some((verdict, why)) = out(job, index, candidate.id) {
            step = Step { verdict, why: Some(why.into()), since: None, until: None, ..step };
        }
        steps.push(step);
        Gate::Closed(notify_proto::SkipReason::Disabled)
    });
    Route { channel, steps }
}

/// Why a candidate is out of the question, whatever state it is in.
fn out(job: &Job, index: usize, provider: ProviderId) -> Option<(Verdict, &'static str)> {
    let progress = &job.progress;
    let address = job.plan.channels.get(index).and_then(|channel| job.message.addresses.get(channel));
    if progress.is_dead(index) {
        Some((Verdict::RuledOut, "the notification can never be delivered on this channel"))
    } else if address.is_none_or(Vec::is_empty) {
        Some((Verdict::RuledOut, "the notification has no address for this channel"))
    } else if progress.only.is_some_and(|only| only != (index, provider)) {
        Some((Verdict::RuledOut, "an attempt of unknown end may only be repeated as it was"))
    } else if index < progress.channel || (index == progress.channel && progress.tried.contains(&provider)) {
        Some((Verdict::Tried, "it was tried in this cycle"))
    } else {
        None
    }
}
