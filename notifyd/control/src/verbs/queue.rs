//! `notifyctl queue`: the line of work in front of each provider.

use super::provider::find;
use crate::lane;
use crate::refuse;
use crate::session::{Room, Session};
use crate::view::thousandths;
use notify_proto::control::Change;
use notify_proto::hold::{HoldView, QueueList, QueueView};
use notify_proto::transport::Reply;
use notify_proto::{HoldKind, ProviderId, Status};
use notifyd_engine::{ProviderState, Queue, Speeds, Standing};
use notifyd_lifecycle::emptying::{Emptying, emptying};
use notifyd_store::Provider;
use notifyd_store::api::{Look, Waits};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// All queues.
pub(crate) async fn list(session: &Session) -> Reply<QueueList> {
    let room = session.look()?;
    let counted = Counted::now(room).await?;
    let directory = room.deps.store.directory();
    let queues: Vec<_> = directory.providers().iter().map(|it| view(room, it, &counted)).collect();
    let standing: u64 = queues.iter().map(|queue| queue.waiting + queue.on_disk).sum();
    let elsewhere = room.deps.store.counts().of(Status::Queued).saturating_sub(standing);
    Ok(QueueList { queues, elsewhere })
}

/// The line of work in front of a provider. What else stands in a line of its own is named by `top` and `queue shape`.
pub(in crate::verbs) fn named(room: &Room, name: &str) -> Reply<Arc<Provider>> {
    let waits = |status: &str| {
        let message = format!("{name} is the queue of what waits for its time, and of no provider");
        let hint = format!(
            "notifyctl queue shape {name} shows it; notifyctl ntf postpone --filter status:{status} holds it back"
        );
        refuse::conflict(message).hint(hint)
    };
    find(room, name).map_err(|unknown| match name {
        "retries" => waits("retrying"),
        "scheduled" => waits("scheduled"),
        "webhooks" => refuse::conflict("webhooks is the queue of what webhooks are told, and of no provider")
            .hint("notifyctl webhook disable holds back what is told to one"),
        _ => unknown.hint("see notifyctl queue list"),
    })
}

/// One queue.
pub(crate) async fn show(session: &Session, name: &str) -> Reply<QueueView> {
    let room = session.look()?;
    look(room, &*named(room, name)?).await
}

/// Ends the pause and the drain of a queue.
pub(crate) async fn resume(session: &Session, name: &str, change: &Change) -> Reply<QueueView> {
    let operator = session.change(change)?;
    let room = operator.room;
    let provider = named(room, name)?;
    let keeps = |kind: HoldKind| matches!(kind, HoldKind::Pause | HoldKind::Drain);
    let directory = room.deps.store.directory();
    let holds = directory.holds_on(provider.id, room.now()).filter(|hold| keeps(hold.kind));
    let holds: Vec<_> = holds.map(|hold| hold.no).collect();
    let before = look(room, &provider).await?;
    let refused = || {
        let state = &before.state;
        let error = refuse::conflict(format!(
            "queue {} is neither paused nor draining: it is {state}",
            provider.name
        ));
        match state.as_str() {
            "disabled" => error.hint(format!("notifyctl provider enable {}", provider.name)),
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
        let engine = room.deps.engine.provider_state(provider.id);
        let state = state(&provider, &holds, &engine).to_owned();
        return Ok(QueueView { state, holds, ..before });
    }
    let ended = room.deps.store.end_holds(provider.id, holds, "queue.resume", operator.audit()).await;
    if ended.map_err(refuse::log)?.is_empty() {
        return Err(refused());
    }
    operator.tell("queue.resume", &provider.name);
    look(room, &provider).await
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

async fn look(room: &Room, provider: &Provider) -> Reply<QueueView> {
    Ok(view(room, provider, &Counted::now(room).await?))
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
        provider_id: provider.id,
        state: state.to_owned(),
        waiting: queue.waiting,
        on_disk,
        rate_per_second: thousandths(leaving),
        arriving_per_second: thousandths(arriving),
        empty_in_ms,
        never_empty: never_empty.map(str::to_owned),
        oldest_at: queue.oldest,
        busy: queue.in_flight,
        limit: limit.min(provider.max_in_flight),
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
