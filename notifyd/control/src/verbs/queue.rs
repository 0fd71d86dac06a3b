//! `notifyctl queue`: the line of work in front of each provider, and those that no provider stands behind.

use super::provider::find;
use super::shared;
use crate::lane;
use crate::refuse;
use crate::session::{Room, Session};
use crate::view::thousandths;
use notify_proto::control::Change;
use notify_proto::hold::{HoldView, QueueList, QueueView};
use notify_proto::transport::Reply;
use notify_proto::{HoldKind, ProviderId, SharedQueue, Status};
use notifyd_engine::{ProviderState, Queue, Speeds, Standing};
use notifyd_lifecycle::emptying::{Emptying, emptying};
use notifyd_store::api::{Look, Waits};
use notifyd_store::{HoldOn, Provider};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// All queues.
pub(crate) async fn list(session: &Session) -> Reply<QueueList> {
    let room = session.look()?;
    let counted = Counted::now(room).await?;
    let directory = room.deps.store.directory();
    let mut queues: Vec<_> = directory.providers().iter().map(|it| view(room, it, &counted)).collect();
    let standing: u64 = queues.iter().map(|queue| queue.waiting + queue.on_disk).sum();
    let elsewhere = room.deps.store.counts().of(Status::Queued).saturating_sub(standing);
    queues.extend(shared::list(room).await?);
    Ok(QueueList { queues, elsewhere })
}

/// A queue that somebody named.
pub(in crate::verbs) enum Named {
    /// That in front of a provider.
    Provider(Arc<Provider>),
    /// One that no provider stands behind.
    Shared(SharedQueue),
}

impl Named {
    /// The queue of that name, or of the provider with that id.
    pub(in crate::verbs) fn find(room: &Room, name: &str) -> Reply<Self> {
        match shared::called(name) {
            Some(queue) => Ok(Self::Shared(queue)),
            None => find(room, name)
                .map(Self::Provider)
                .map_err(|_| refuse::not_found("queue", name).hint("see notifyctl queue list")),
        }
    }

    /// What holds stand on.
    fn on(&self) -> HoldOn {
        match self {
            Self::Provider(provider) => HoldOn::Provider(provider.id),
            Self::Shared(queue) => HoldOn::Queue(*queue),
        }
    }

    async fn look(&self, room: &Room) -> Reply<QueueView> {
        match self {
            Self::Provider(provider) => Ok(view(room, provider, &Counted::now(room).await?)),
            Self::Shared(queue) => shared::show(room, *queue).await,
        }
    }
}

/// One queue.
pub(crate) async fn show(session: &Session, name: &str) -> Reply<QueueView> {
    let room = session.look()?;
    Named::find(room, name)?.look(room).await
}

/// Ends the pause and the drain of a queue.
pub(crate) async fn resume(session: &Session, name: &str, change: &Change) -> Reply<QueueView> {
    let operator = session.change(change)?;
    let room = operator.room;
    let queue = Named::find(room, name)?;
    let keeps = |kind: HoldKind| matches!(kind, HoldKind::Pause | HoldKind::Drain);
    let directory = room.deps.store.directory();
    let holds = directory.holding(queue.on(), room.now()).filter(|hold| keeps(hold.kind));
    let holds: Vec<_> = holds.map(|hold| hold.no).collect();
    let before = queue.look(room).await?;
    let refused = || {
        let state = &before.state;
        let error =
            refuse::conflict(format!("queue {} is neither paused nor draining: it is {state}", before.name));
        match state.as_str() {
            "disabled" => error.hint(format!("notifyctl provider enable {}", before.name)),
            _ if before.holds.is_empty() => error,
            _ => error.hint("notifyctl queue hold list shows what stands, and hold cancel ends it"),
        }
    };
    if holds.is_empty() {
        return Err(refused());
    }
    if operator.dry_run {
        let left = |hold: &HoldView| !hold.kind.known().is_some_and(keeps);
        let holds: Vec<_> = before.holds.into_iter().filter(left).collect();
        let state = match &queue {
            Named::Provider(it) => state(it, &holds, &room.deps.engine.provider_state(it.id)).to_owned(),
            Named::Shared(_) => "running".to_owned(),
        };
        return Ok(QueueView { state, holds, ..before });
    }
    let ended = room.deps.store.end_holds(queue.on(), holds, "queue.resume", operator.audit()).await;
    if ended.map_err(refuse::log)?.is_empty() {
        return Err(refused());
    }
    operator.tell("queue.resume", &before.name);
    queue.look(room).await
}

/// What stands in front of each provider, and how it moves.
struct Counted {
    queues: HashMap<ProviderId, Queue>,
    on_disk: HashMap<ProviderId, u64>,
    finished: HashMap<ProviderId, f64>,
    arriving: HashMap<ProviderId, f64>,
}

impl Counted {
    async fn now(room: &Room) -> Reply<Self> {
        let engine = &room.deps.engine;
        let queues = engine.queues().await.map_err(refuse::log)?;
        let standing = engine.standing().await.map_err(refuse::log)?;
        let Speeds { finished, arriving } = engine.speeds();
        let arriving = self::arriving(&arriving, &standing);
        Ok(Self { queues, on_disk: on_disk(room, &standing).await, finished, arriving })
    }
}

/// How many come to each provider per second.
pub(super) fn arriving(by_line: &BTreeMap<Arc<str>, f64>, standing: &Standing) -> HashMap<ProviderId, f64> {
    let mut arriving: HashMap<ProviderId, f64> = HashMap::new();
    for (line, rate) in by_line {
        if let Some(first) = lane::first(line, standing) {
            *arriving.entry(first).or_default() += rate;
        }
    }
    arriving
}

/// How many are on disk alone and would go to each provider first now.
pub(super) async fn on_disk(room: &Room, standing: &Standing) -> HashMap<ProviderId, u64> {
    let found = async { Ok(count_on_disk(room, standing).await) };
    room.answers.on_disk.get(&*room.deps.clock, &(), found).await.unwrap_or_default()
}

async fn count_on_disk(room: &Room, standing: &Standing) -> HashMap<ProviderId, u64> {
    let mut in_lines: HashMap<&str, u64> = HashMap::new();
    for it in &standing.memory {
        *in_lines.entry(&*it.lane).or_default() += 1;
    }
    let mut on_disk = HashMap::new();
    for (line, count) in lines(room).await {
        if let Some(first) = lane::first(&line, standing) {
            let read = in_lines.get(&*line).copied().unwrap_or(0);
            *on_disk.entry(first).or_default() += count.saturating_sub(read);
        }
    }
    on_disk
}

/// How many are queued in each line. When that cannot be known now, none stand anywhere, and the list says of how many.
async fn lines(room: &Room) -> HashMap<Arc<str>, u64> {
    let all = Look { what: Waits::Queued, edges: Vec::new(), apart: HashSet::new() };
    let found = room.deps.store.waiting(all).await;
    let places =
        found.inspect_err(|error| tracing::warn!(%error, "queued work on disk could not be counted"));
    let mut counts = HashMap::new();
    for place in places.map(|found| found.places).unwrap_or_default() {
        *counts.entry(place.lane).or_default() += place.counts.iter().sum::<u64>();
    }
    counts
}

fn view(room: &Room, provider: &Provider, counted: &Counted) -> QueueView {
    let holds = room.holds_on(provider);
    let limit = holds.iter().filter_map(|hold| hold.limit).min().unwrap_or(u32::MAX);
    let queue = counted.queues.get(&provider.id).copied().unwrap_or_default();
    let on_disk = counted.on_disk.get(&provider.id).copied().unwrap_or_default();
    let rate = |rates: &HashMap<ProviderId, f64>| rates.get(&provider.id).copied().unwrap_or_default();
    let (leaving, arriving) = (rate(&counted.finished), rate(&counted.arriving));
    let engine = room.deps.engine.provider_state(provider.id);
    let state = state(provider, &holds, &engine);
    let (empty_in_ms, never_empty) = match emptying(queue.waiting + on_disk, leaving, arriving) {
        Emptying::In(time) if time.is_zero() => (Some(0), None),
        // What moved a moment ago moves no more.
        _ if matches!(state, "disabled" | "paused" | "draining" | "circuit_open" | "throttled") => {
            (None, Some(state))
        }
        Emptying::In(time) => (Some(u64::try_from(time.as_millis()).unwrap_or(u64::MAX)), None),
        Emptying::Grows => (None, Some("grows")),
        Emptying::StandsStill => (None, Some("stands_still")),
    };
    QueueView {
        name: provider.name.clone(),
        provider_id: Some(provider.id),
        state: state.to_owned(),
        waiting: queue.waiting,
        later: 0,
        next_at: None,
        on_disk,
        rate_per_second: thousandths(leaving),
        arriving_per_second: thousandths(arriving),
        empty_in_ms,
        never_empty: never_empty.map(str::to_owned),
        oldest_at: queue.oldest,
        busy: queue.in_flight,
        limit: Some(limit.min(provider.max_in_flight)),
        opens_at: match state {
            "throttled" => engine.throttled_until,
            "circuit_open" => engine.probe_at,
            _ => None,
        },
        circuit_reason: engine.reason,
        holds,
    }
}

/// What keeps it from running at full speed, the strongest first.
pub(super) fn state(provider: &Provider, holds: &[HoldView], engine: &ProviderState) -> &'static str {
    let has = |kind| holds.iter().any(|hold| hold.kind.known() == Some(kind));
    if !provider.active {
        "disabled"
    } else if has(HoldKind::Pause) {
        "paused"
    } else if has(HoldKind::Drain) {
        "draining"
    } else if engine.circuit == "open" {
        "circuit_open"
    } else if engine.circuit == "half_open" {
        "circuit_half_open"
    } else if engine.throttled_until.is_some() {
        "throttled"
    } else if has(HoldKind::Limit) {
        "limited"
    } else {
        "running"
    }
}
