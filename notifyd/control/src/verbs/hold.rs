//! What operators force by hand: `notifyctl queue pause`, `limit`, `drain` and `hold`, `notifyctl provider circuit open`.

use super::provider::find;
use super::queue::Named;
use super::shared::called;
use crate::refuse;
use crate::session::{Operator, Room, Session};
use crate::view::hold_view;
use notify_proto::HoldKind;
use notify_proto::control::Change;
use notify_proto::hold::{HoldRequest, HoldView};
use notify_proto::transport::Reply;
use notify_proto::view::rfc3339;
use notifyd_store::api::{Audit, NewHold};
use notifyd_store::{Hold, HoldOn, Provider};
use std::time::Duration;

/// Longest time after which a hold ends by itself.
const LONGEST: Duration = Duration::from_secs(366 * 86_400);

/// What stands now, oldest first.
pub(crate) fn list(session: &Session) -> Reply<Vec<HoldView>> {
    let room = session.look()?;
    let (directory, now) = (room.deps.store.directory(), room.now());
    let standing = directory.holds().iter().filter(|hold| hold.stands(now));
    Ok(standing.filter_map(|hold| hold_view(hold, &directory)).collect())
}

/// Forces something on a provider, or pauses a queue that no provider stands behind.
pub(crate) async fn set(session: &Session, request: &HoldRequest, change: &Change) -> Reply<HoldView> {
    let operator = session.change(change)?;
    let room = operator.room;
    let named = match request.kind {
        // A circuit is asked for by its provider.
        HoldKind::CircuitOpen if called(&request.provider).is_none() => {
            Named::Provider(find(room, &request.provider)?)
        }
        _ => Named::find(room, &request.provider)?,
    };
    let on = match named {
        Named::Provider(provider) => {
            check_limit(&provider, request)?;
            if let Some(on) = request.kind.switches() {
                let verb = if on { "enable" } else { "disable" };
                let message = format!("kind: a provider is not switched by a hold of kind {}", request.kind);
                let hint = format!("notifyctl provider {verb} {} --for DUR", provider.name);
                return Err(refuse::invalid(message).hint(hint));
            }
            HoldOn::Provider(provider.id)
        }
        Named::Shared(queue) => {
            if request.kind != HoldKind::Pause || request.limit.is_some() {
                let message =
                    format!("kind: no provider stands behind {queue}, so it can be paused and no more");
                return Err(refuse::invalid(message).hint(format!("notifyctl queue pause {queue}")));
            }
            HoldOn::Queue(queue)
        }
    };
    let lasts = lasting(request.for_ms)?;
    if request.unless_held {
        unless_held(room, on, request)?;
    }
    force(&operator, on, (request.kind, request.limit), lasts).await
}

/// Refuses what is forced already. What has an end is forced once more where the new one has none.
fn unless_held(room: &Room, on: HoldOn, request: &HoldRequest) -> Reply<()> {
    let directory = room.deps.store.directory();
    let mut same =
        directory.holding(on, room.now()).filter(|it| it.kind == request.kind && it.limit == request.limit);
    let stands = same.find(|it| request.for_ms.is_some() || it.until.is_none());
    let Some(view) = stands.and_then(|it| hold_view(it, &directory)) else { return Ok(()) };
    let (name, id) = (&view.queue, &view.id);
    let limit = view.limit.map(|limit| limit.to_string()).unwrap_or_default();
    let (what, again, end) = match request.kind {
        HoldKind::Pause => {
            (format!("queue {name} is paused"), format!("queue pause {name}"), format!("queue resume {name}"))
        }
        HoldKind::Drain => (
            format!("queue {name} is draining"),
            format!("queue drain {name}"),
            format!("queue resume {name}"),
        ),
        HoldKind::CircuitOpen => (
            format!("the circuit of provider {name} is held open"),
            format!("provider circuit open {name}"),
            format!("provider circuit close {name}"),
        ),
        HoldKind::Limit | HoldKind::Disabled | HoldKind::Enabled => (
            format!("queue {name} is limited to {limit}"),
            format!("queue limit {name} {limit}"),
            format!("queue hold cancel {id}"),
        ),
    };
    let until = view.until.map_or_else(|| "somebody ends it".into(), rfc3339);
    let hint = format!("notifyctl {again} --for DUR gives it another end, notifyctl {end} ends it");
    Err(refuse::conflict(format!("{what} already, until {until} ({id} of {})", view.actor)).hint(hint))
}

/// How long something is forced.
pub(super) fn lasting(for_ms: Option<u64>) -> Reply<Option<Duration>> {
    let lasts = for_ms.map(Duration::from_millis);
    if lasts.is_some_and(|lasts| lasts.is_zero() || lasts > LONGEST) {
        return Err(refuse::invalid("for: use a time above 0 and up to 366 days"));
    }
    Ok(lasts)
}

/// Forces it, or tells on a dry run what would be.
pub(super) async fn force(
    operator: &Operator<'_>,
    on: HoldOn,
    (kind, limit): (HoldKind, Option<u32>),
    lasts: Option<Duration>,
) -> Reply<HoldView> {
    let room = operator.room;
    let told = |hold: &Hold| {
        let directory = room.deps.store.directory();
        hold_view(hold, &directory).ok_or_else(|| refuse::conflict("its provider was removed meanwhile"))
    };
    if operator.dry_run {
        let now = room.now();
        let Audit { actor, reason, .. } = operator.audit();
        let until = lasts.map(|lasts| now + lasts);
        return told(&Hold { no: 0, on, kind, limit, reason, actor, made_at: now, until });
    }
    let verb = verb(kind);
    let new = NewHold { on, kind, limit, lasts, verb };
    let hold = room.deps.store.set_hold(new, operator.audit()).await.map_err(refuse::log)?;
    let view = told(&hold)?;
    operator.tell(verb, &view.queue);
    Ok(view)
}

/// The word of a new hold in the audit log.
const fn verb(kind: HoldKind) -> &'static str {
    match kind {
        HoldKind::Pause => "queue.pause",
        HoldKind::Limit => "queue.limit",
        HoldKind::Drain => "queue.drain",
        HoldKind::CircuitOpen => "provider.circuit.open",
        HoldKind::Disabled => "provider.disable",
        HoldKind::Enabled => "provider.enable",
    }
}

/// Only a limit has a limit, and it is one.
fn check_limit(provider: &Provider, request: &HoldRequest) -> Reply<()> {
    let (name, own) = (&provider.name, provider.max_in_flight);
    match (request.kind, request.limit) {
        (HoldKind::Limit, Some(limit)) if (1..own).contains(&limit) => Ok(()),
        (HoldKind::Limit, Some(0)) => {
            Err(refuse::invalid("limit: use a number from 1 on")
                .hint(format!("notifyctl queue pause {name}")))
        }
        (HoldKind::Limit, Some(_)) if own == 1 => {
            let message =
                format!("limit: provider {name} takes one call at a time by itself, and none is fewer");
            Err(refuse::invalid(message).hint(format!("notifyctl queue pause {name}")))
        }
        (HoldKind::Limit, Some(_)) => Err(refuse::invalid(format!(
            "limit: provider {name} takes {own} calls at once by itself; a limit is a smaller number"
        ))),
        (HoldKind::Limit, None) => Err(refuse::invalid("limit: is missing; give a number of calls at once")),
        (_, Some(_)) => Err(refuse::invalid("limit: goes with the kind limit alone")),
        (_, None) => Ok(()),
    }
}

/// Ends a hold before its time.
pub(crate) async fn cancel(session: &Session, id: &str, change: &Change) -> Reply<HoldView> {
    let operator = session.change(change)?;
    let room = operator.room;
    let (hold, view) = standing(room, id)?;
    if operator.dry_run {
        return Ok(view);
    }
    let verb = "queue.hold.cancel";
    let ended = room.deps.store.end_holds(hold.on, vec![hold.no], verb, operator.audit()).await;
    if ended.map_err(refuse::log)?.is_empty() {
        return Err(gone(id));
    }
    operator.tell(verb, &view.queue);
    Ok(view)
}

fn standing(room: &Room, id: &str) -> Reply<(Hold, HoldView)> {
    let (directory, now) = (room.deps.store.directory(), room.now());
    let hold = directory.holds().iter().find(|hold| hold.stands(now) && hold.id() == id);
    hold.and_then(|hold| Some((hold.clone(), hold_view(hold, &directory)?))).ok_or_else(|| gone(id))
}

fn gone(id: &str) -> notify_proto::ApiError {
    refuse::not_found("hold", id).hint("it may have ended: see notifyctl queue hold list")
}
