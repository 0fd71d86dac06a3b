//! `notifyctl queue`: the line of work in front of each provider.

use super::provider::find;
use crate::refuse;
use crate::session::{Room, Session};
use notify_proto::control::Change;
use notify_proto::hold::{HoldView, QueueList, QueueView};
use notify_proto::transport::Reply;
use notify_proto::{HoldKind, Status};
use notifyd_engine::Queue;
use notifyd_store::Provider;

/// All queues.
pub(crate) async fn list(session: &Session) -> Reply<QueueList> {
    let room = session.look()?;
    let counted = room.deps.engine.queues().await.map_err(refuse::log)?;
    let directory = room.deps.store.directory();
    let one = |id| counted.get(&id).copied().unwrap_or_default();
    let queues: Vec<_> = directory.providers().iter().map(|it| view(room, it, one(it.id))).collect();
    let standing: u64 = queues.iter().map(|queue| queue.waiting).sum();
    let elsewhere = room.deps.store.counts().of(Status::Queued).saturating_sub(standing);
    Ok(QueueList { queues, elsewhere })
}

/// One queue.
pub(crate) async fn show(session: &Session, name: &str) -> Reply<QueueView> {
    let room = session.look()?;
    look(room, &*find(room, name)?).await
}

/// Ends the pause and the drain of a queue.
pub(crate) async fn resume(session: &Session, name: &str, change: &Change) -> Reply<QueueView> {
    let operator = session.change(change)?;
    let room = operator.room;
    let provider = find(room, name)?;
    let keeps = |kind: HoldKind| matches!(kind, HoldKind::Pause | HoldKind::Drain);
    let directory = room.deps.store.directory();
    let holds = directory.holds_on(provider.id, room.now()).filter(|hold| keeps(hold.kind));
    let holds: Vec<_> = holds.map(|hold| hold.no).collect();
    let before = look(room, &provider).await?;
    let refused = || {
        let state = &before.state;
        let error =
            refuse::conflict(format!("queue {} is neither paused nor draining: {state}", provider.name));
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
        return Ok(QueueView { state: state(room, &provider, &holds).to_owned(), holds, ..before });
    }
    let ended = room.deps.store.end_holds(provider.id, holds, "queue.resume", operator.audit()).await;
    if ended.map_err(refuse::log)?.is_empty() {
        return Err(refused());
    }
    operator.tell("queue.resume", &provider.name);
    look(room, &provider).await
}

async fn look(room: &Room, provider: &Provider) -> Reply<QueueView> {
    let counted = room.deps.engine.queues().await.map_err(refuse::log)?;
    Ok(view(room, provider, counted.get(&provider.id).copied().unwrap_or_default()))
}

fn view(room: &Room, provider: &Provider, counted: Queue) -> QueueView {
    let holds = room.holds_on(provider);
    let limit = holds.iter().filter_map(|hold| hold.limit).min().unwrap_or(u32::MAX);
    QueueView {
        name: provider.name.clone(),
        provider_id: provider.id,
        state: state(room, provider, &holds).to_owned(),
        waiting: counted.waiting,
        oldest_at: counted.oldest,
        busy: counted.in_flight,
        limit: limit.min(provider.max_in_flight),
        circuit_reason: room.deps.engine.provider_state(provider.id).reason,
        holds,
    }
}

/// What keeps it from running at full speed, the strongest first.
fn state(room: &Room, provider: &Provider, holds: &[HoldView]) -> &'static str {
    let has = |kind| holds.iter().any(|hold| hold.kind.known() == Some(kind));
    let circuit = room.deps.engine.provider_state(provider.id).circuit;
    if !provider.active {
        "disabled"
    } else if has(HoldKind::Pause) {
        "paused"
    } else if has(HoldKind::Drain) {
        "draining"
    } else if circuit == "open" {
        "circuit_open"
    } else if circuit == "half_open" {
        "circuit_half_open"
    } else if has(HoldKind::Limit) {
        "limited"
    } else {
        "running"
    }
}
