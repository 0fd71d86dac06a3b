//! What somebody wishes of a queue or provider: a pause, a limit, its circuit, its place.

use super::dialog::same;
use super::wishes::{Granted, named};
use crate::deed::Deed;
use crate::state::{App, Dialog, Wish};
use notify_proto::hold::{Force, HoldRequest};
use notify_proto::{HoldKind, SharedQueue};

/// Forces something on the queue or provider under the cursor, or ends it.
pub(super) fn force(app: &App, wish: Wish) -> Result<Granted, String> {
    let name = named(app)?;
    let hold = |kind, limit| {
        let for_ms = if matches!(kind, HoldKind::Limit) { None } else { Some(600_000) };
        Deed::Hold(HoldRequest { provider: name.clone(), kind, limit, for_ms, unless_held: false })
    };
    let paused =
        app.providers.list.rows().iter().find(|provider| provider.name == name).is_some_and(|provider| {
            provider
                .holds
                .iter()
                .any(|hold| matches!(hold.kind.known(), Some(HoldKind::Pause | HoldKind::Drain)))
        }) || app
            .queues
            .list
            .rows()
            .iter()
            .any(|queue| queue.name == name && matches!(queue.state.as_str(), "paused" | "draining"));
    let ask = |what: &str, why: &str, deed: Deed| {
        Dialog::yes(format!("{what} {name}"), vec![why.to_owned(), same(&deed, None)], deed)
    };
    Ok(match wish {
        Wish::Pause if paused => Granted::Now(Deed::Resume(name)),
        Wish::Pause => {
            let why = match name.parse() {
                Ok(SharedQueue::Webhooks) => "Nobody is told of anything meanwhile. It ends by itself.",
                Ok(_) => "What waits there waits on when its time has come. It ends by itself.",
                Err(_) => "Nothing goes to it, and what would goes elsewhere or waits. It ends by itself.",
            };
            Granted::Ask(
                ask("pause", why, hold(HoldKind::Pause, None)).field("for", "10m").field("reason", ""),
            )
        }
        Wish::Limit => {
            let queue = app.queues.list.current().ok_or("there is nothing under the cursor")?;
            queue.provider_id.ok_or("no provider stands behind it: it can be paused and no more")?;
            let limit = queue.limit.unwrap_or_default();
            let limit = limit.max(2) / 2;
            let why =
                "Fewer calls at once than its own limit; without a time it stands until somebody ends it.";
            let dialog = ask("limit", why, hold(HoldKind::Limit, Some(limit)));
            Granted::Ask(
                dialog.field("calls at once", &limit.to_string()).field("for", "").field("reason", ""),
            )
        }
        Wish::Open => {
            let why = "Its circuit is open, whatever it answers: nothing goes to it. It ends by itself.";
            let dialog = ask("open the circuit of", why, hold(HoldKind::CircuitOpen, None));
            Granted::Ask(dialog.field("for", "10m").field("reason", ""))
        }
        Wish::HalfOpen => Granted::Ask(
            ask(
                "half open the circuit of",
                "The next call is a probe.",
                Deed::Circuit(name.clone(), Force::HalfOpen),
            )
            .field("reason", ""),
        ),
        _ => Granted::Ask(
            ask(
                "close the circuit of",
                "As if nothing had ever failed.",
                Deed::Circuit(name.clone(), Force::Closed),
            )
            .field("reason", ""),
        ),
    })
}

/// Another place among the providers that are tried: before the one before it, or behind the one after it.
pub(super) fn order(app: &App, sooner: bool) -> Result<Granted, String> {
    let provider = app.providers.list.current().ok_or("there is nothing under the cursor")?;
    let others = app.providers.list.rows().iter().filter(|it| it.name != provider.name);
    let near = if sooner {
        others.filter(|it| it.priority <= provider.priority).max_by_key(|it| it.priority)
    } else {
        others.filter(|it| it.priority >= provider.priority).min_by_key(|it| it.priority)
    };
    let near = near.ok_or(if sooner { "it is tried first already" } else { "it is tried last already" })?;
    let priority = if sooner { near.priority.saturating_sub(1) } else { near.priority.saturating_add(1) };
    let deed = Deed::Priority(provider.name.clone(), priority);
    let place = if sooner { "before" } else { "behind" };
    let lines = vec![
        format!(
            "priority {} becomes {priority}: tried {place} {} ({})",
            provider.priority, near.name, near.priority
        ),
        format!("same as {}", deed.line(None)),
    ];
    let dialog = Dialog::yes(format!("try {} {place} {}", provider.name, near.name), lines, deed);
    Ok(Granted::Ask(dialog.field("reason", "")))
}
