//! Which keys are worth a place in the key line, and which of them do something now.

use crate::message::{Action, Slot};
use crate::state::{App, Item as _, Page, Rows};
use notify_proto::Status;
use notify_proto::line::NotificationLine;
use notify_proto::view::ProviderView;

/// The actions of each view that are worth a place in the key line.
pub(super) fn worth(app: &App) -> &'static [(Action, &'static str)] {
    match app.page {
        Page::Overview => &[(Action::Open, "go there"), (Action::Panel, "panel")],
        Page::Queues => &[(Action::Open, "open"), (Action::Hold, "pause/resume"), (Action::Limit, "limit")],
        page if page.speaks() && app.open => &[
            (Action::Unmark, "reveal for 30 s"),
            (Action::Retry, "retry"),
            (Action::Cancel, "cancel"),
            (Action::Postpone, "postpone"),
            (Action::Raw, "as JSON"),
            (Action::CopyLine, "copy as notifyctl"),
        ],
        Page::Retries | Page::Dead if app.side => &[(Action::Open, "only these"), (Action::Panel, "list")],
        Page::Notifications => &[
            (Action::Open, "open"),
            (Action::Mark, "mark"),
            (Action::Retry, "retry"),
            (Action::Cancel, "cancel"),
            (Action::Bury, "bury"),
            (Action::Postpone, "postpone"),
            (Action::Bulk, "bulk"),
        ],
        Page::Retries => &[
            (Action::Open, "open"),
            (Action::Mark, "mark"),
            (Action::Retry, "run now"),
            (Action::Cancel, "cancel"),
            (Action::Postpone, "postpone"),
            (Action::Reroute, "other provider"),
            (Action::Bulk, "bulk"),
            (Action::Group, "group"),
            (Action::Nearer, "sooner"),
            (Action::Further, "later"),
        ],
        Page::Dead => &[
            (Action::Open, "open"),
            (Action::Retry, "retry"),
            (Action::Bury, "discard"),
            (Action::Mark, "mark"),
            (Action::Panel, "groups"),
            (Action::Bulk, "bulk"),
        ],
        Page::Providers => &[
            (Action::Open, "open"),
            (Action::Hold, "pause/resume"),
            (Action::Switch, "on/off"),
            (Action::Order, "order"),
            (Action::OpenCircuit, "open circuit"),
            (Action::HalfOpen, "half-open"),
            (Action::CloseCircuit, "close"),
            (Action::Test, "test"),
        ],
        Page::Webhooks => &[
            (Action::Panel, "deliveries"),
            (Action::Test, "test"),
            (Action::Switch, "on/off"),
            (Action::Resend, "resend"),
            (Action::Recover, "recover"),
            (Action::Keys, "secret"),
        ],
        Page::Services => &[
            (Action::New, "new"),
            (Action::Keys, "keys"),
            (Action::Switch, "on/off"),
            (Action::Unlock, "unlock"),
            (Action::Remove, "delete"),
        ],
        Page::Live => &[(Action::Freeze, "hold/run"), (Action::Wrap, "fold"), (Action::Open, "go there")],
    }
}

/// What else works in every view of its kind, where there is room for it.
pub(super) fn more(app: &App) -> Vec<(Action, &'static str)> {
    let rows = app.rows().filter(|_| !app.open);
    let sorts = app.page.speaks() || rows.is_some_and(|rows| !rows.sorts().is_empty());
    let mut all = Vec::new();
    if sorts && rows.is_some() {
        all.push((Action::Sort, "sort"));
    }
    if rows.is_some() {
        all.push((Action::Follow, "follow"));
    }
    if !app.open {
        all.push((Action::Export, "export"));
    }
    all.push((Action::Copy, "copy id"));
    all.push((Action::Command, "command"));
    all
}

/// Whether a key does something to what is under the cursor or marked, as far as that is known.
pub(super) fn works(app: &App, action: Action) -> bool {
    let known = app.page == Page::Providers || app.slots.answered(Slot::List);
    let nothing = known && app.rows().is_some_and(Rows::is_empty);
    match action {
        Action::Open if app.open => false,
        Action::New | Action::Panel | Action::Group | Action::Nearer | Action::Further => true,
        _ if nothing => false,
        // No provider stands behind the others.
        Action::Limit => app.queues.list.current().is_none_or(|queue| queue.provider_id.is_some()),
        Action::OpenCircuit | Action::HalfOpen | Action::CloseCircuit => {
            app.providers.list.current().is_none_or(|provider| moves(provider, action))
        }
        // One that is switched off is told nothing.
        Action::Test | Action::Resend | Action::Recover if app.page == Page::Webhooks => {
            let one = action != Action::Resend || (app.side && !app.webhooks.told.is_empty());
            one && app.webhooks.list.current().is_none_or(|webhook| webhook.is_active)
        }
        Action::Unlock => app.services.list.current().is_none_or(|service| service.locked_until.is_some()),
        Action::Retry | Action::Cancel | Action::Bury | Action::Postpone | Action::Reroute => {
            let Some(notes) = app.notes_of(app.page) else { return true };
            let rows = notes.list.rows();
            let marked: Vec<_> = rows.iter().filter(|row| notes.list.is_marked(&row.id())).collect();
            let one = notes.list.current().filter(|_| marked.is_empty());
            let able = |row: &&NotificationLine| match row.webhook {
                // What a webhook is told can be told now, and no more.
                Some(_) => action == Action::Retry,
                None => row.status.known().is_none_or(|it| takes(it, action, app.page)),
            };
            rows.is_empty() || marked.iter().any(able) || one.iter().any(able)
        }
        _ => true,
    }
}

/// Whether that leaves the circuit of a provider otherwise than it is.
fn moves(provider: &ProviderView, action: Action) -> bool {
    match action {
        Action::HalfOpen => provider.circuit != "half_open",
        Action::CloseCircuit => provider.circuit != "closed",
        _ => true,
    }
}

/// Whether a notification of this status can be changed so.
fn takes(status: Status, action: Action, page: Page) -> bool {
    match (status, action) {
        (Status::Delivered | Status::Sending, _) => false,
        (Status::Failed, Action::Bury) => page == Page::Dead,
        (Status::Failed | Status::Cancelled, action) => action == Action::Retry,
        (Status::Queued, action) => action != Action::Retry,
        (Status::Pending | Status::Retrying, _) => true,
    }
}
