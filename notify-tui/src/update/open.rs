//! What Enter does: it goes where something is to be seen, narrows a list to a group, or opens what is under the cursor.

use super::travel::{set_filter, show};
use crate::message::Cmd;
use crate::state::{App, Page};
use notify_proto::{GroupBy, WebhookId};

/// Opens what is under the cursor.
pub(super) fn open(app: &mut App, cmds: &mut Vec<Cmd>) {
    match app.page {
        Page::Overview => {
            if let Some((page, name)) = pointed(app) {
                show(app, page, cmds);
                if let Some(rows) = app.rows_mut() {
                    rows.go(&name);
                }
            }
        }
        Page::Live => {
            let event = app.live.current().cloned();
            if let Some(id) = event.filter(|event| event.object.to_string() == "notification").map(|it| it.id)
            {
                show(app, Page::Notifications, cmds);
                set_filter(app, &format!("id:{id}"), cmds);
            }
        }
        Page::Dead if app.side && app.dead.faults.is_some() => {
            let faults = app.dead.faults.as_ref();
            let fault =
                faults.and_then(|faults| faults.groups.get(app.side_at)).map(|group| group.fault.clone());
            if let Some(fault) = fault {
                set_filter(app, &format!("fault:{fault}"), cmds);
                app.side = false;
            }
        }
        Page::Retries if let Some(id) = group_of_webhook(app) => {
            show(app, Page::Webhooks, cmds);
            if let Some(rows) = app.rows_mut() {
                rows.go(&id.to_string());
            }
        }
        Page::Retries if app.side => {
            if let Some(filter) = group_filter(app) {
                set_filter(app, &filter, cmds);
                app.side = false;
            }
        }
        Page::Retries if let Some(id) = told(app) => {
            show(app, Page::Webhooks, cmds);
            if let Some(rows) = app.rows_mut() {
                rows.go(&id.to_string());
            }
        }
        _ => app.open = !app.open,
    }
}

/// The webhook that is told what is under the cursor.
fn told(app: &App) -> Option<WebhookId> {
    Some(app.retries.list.current()?.webhook.as_ref()?.webhook_id)
}

/// Where the row under the cursor of the first screen is told in full, and its name there.
pub(super) fn pointed(app: &App) -> Option<(Page, String)> {
    let (_, overview) = app.overview.as_ref()?;
    match app.panel {
        0 => {
            overview.attention.get(app.attention_at).map(|alert| (Page::of_alert(alert), alert.name.clone()))
        }
        1 => overview.queues.get(app.side_at).map(|line| match line.name.as_str() {
            "retries" | "scheduled" if !line.provider => (Page::Retries, line.name.clone()),
            "webhooks" if !line.provider => (Page::Webhooks, line.name.clone()),
            name => (Page::Queues, name.to_owned()),
        }),
        2 => overview.providers.get(app.side_at).map(|line| (Page::Providers, line.name.clone())),
        _ => overview.webhooks.get(app.side_at).map(|line| (Page::Webhooks, line.id.clone())),
    }
}

/// Whose the group under the cursor is, when it is of a webhook.
fn group_of_webhook(app: &App) -> Option<WebhookId> {
    let groups = app.retries.groups.as_ref().filter(|_| app.side)?;
    groups.groups.get(app.side_at)?.webhook
}

/// The filter that finds the group under the cursor again.
fn group_filter(app: &App) -> Option<String> {
    let groups = app.retries.groups.as_ref()?;
    let name = &groups.groups.get(app.side_at)?.name;
    let quoted = |field: &str, value: &str| format!("{field}:\"{value}\"");
    match app.retries.by.0 {
        _ if name.is_empty() => None,
        // The longest piece between the placeholders is in each of the errors.
        GroupBy::Error => {
            let pieces = name.split(['<', '>', '"']).enumerate().filter(|(n, _)| n % 2 == 0);
            let piece = pieces.map(|(_, piece)| piece.trim()).max_by_key(|piece| piece.len())?;
            (!piece.is_empty()).then(|| quoted("error", piece))
        }
        GroupBy::Provider | GroupBy::Queue => Some(quoted("provider", name)),
        GroupBy::Service => Some(quoted("service", name)),
        GroupBy::Channel => Some(quoted("channel", name)),
        GroupBy::Webhook => None,
    }
}
