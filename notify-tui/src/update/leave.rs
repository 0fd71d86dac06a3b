//! What leaves the program: the line that shows it again, and its JSON.

use super::open;
use crate::message::Cmd;
use crate::state::{App, Item, List, Page, Rows};
use notify_proto::text::{self, csv_field};
use serde_json::Value;

/// Copies the ids that are marked, or the one under the cursor.
pub(super) fn copy(app: &mut App, cmds: &mut Vec<Cmd>) {
    let ids = app.rows().map(|rows| {
        let marked = rows.marked();
        if marked.is_empty() { rows.here().into_iter().collect() } else { marked }
    });
    let ids: Vec<String> = ids.unwrap_or_else(|| {
        let here = match app.page {
            Page::Overview => open::pointed(app).map(|(_, name)| name),
            _ => app.live.current().map(|event| event.id.clone()),
        };
        here.into_iter().collect()
    });
    match ids.as_slice() {
        [] => return app.say("there is nothing under the cursor"),
        [one] => app.say(format!("copied: {one}")),
        all => app.say(format!("copied: {} ids", all.len())),
    }
    cmds.push(Cmd::Copy(ids.join("\n")));
}

/// The line that shows what is under the cursor.
pub(super) fn show_line(app: &App) -> Option<String> {
    let here = app.rows().and_then(Rows::here);
    let noun = match app.page {
        Page::Overview => return Some(first_line(app)),
        Page::Live => return Some("notifyctl tail -f".into()),
        Page::Queues => "queue show",
        Page::Retries if app.retries.list.current().is_some_and(|row| row.webhook.is_some()) => {
            "webhook delivery show"
        }
        Page::Notifications | Page::Retries => "notification show",
        Page::Dead => "dead show",
        Page::Providers => "provider show",
        Page::Webhooks if app.side => "webhook delivery show",
        Page::Webhooks => "webhook show",
        Page::Services => "service show",
    };
    Some(format!("notifyctl {noun} {}", here?))
}

/// The line that shows what is under the cursor of the first screen.
fn first_line(app: &App) -> String {
    let overview = app.overview.as_ref().map(|(_, overview)| overview);
    let alert = overview.and_then(|it| it.attention.get(app.attention_at)).filter(|_| app.panel == 0);
    if let Some(look) = alert.and_then(|alert| alert.look.clone()) {
        return look;
    }
    let Some((page, name)) = open::pointed(app) else { return "notifyctl status".into() };
    let name = crate::deed::quoted(&name);
    match page {
        Page::Queues => format!("notifyctl queue show {name}"),
        Page::Providers => format!("notifyctl provider show {name}"),
        // What is owed to all of them has no name of its own.
        Page::Webhooks if name == "webhooks" => "notifyctl webhook list".into(),
        Page::Webhooks => format!("notifyctl webhook show {name}"),
        Page::Services => format!("notifyctl service show {name}"),
        Page::Retries => "notifyctl schedule list".into(),
        Page::Dead => "notifyctl dead list".into(),
        Page::Overview | Page::Notifications | Page::Live => "notifyctl status".into(),
    }
}

/// The rows of the list as JSON; where some are marked, only they.
pub(super) fn json_rows(app: &App) -> Vec<Value> {
    fn all<'a, T: serde::Serialize + 'a>(rows: impl IntoIterator<Item = &'a T>) -> Vec<Value> {
        rows.into_iter().filter_map(|row| serde_json::to_value(row).ok()).collect()
    }
    fn of<T: Item + serde::Serialize>(list: &List<T>) -> Vec<Value> {
        let none = list.marked().is_empty();
        all(list.rows().iter().filter(|row| none || list.is_marked(&row.id())))
    }
    match app.page {
        Page::Overview => all(app.overview.iter().map(|(_, overview)| overview)),
        Page::Queues => of(&app.queues.list),
        Page::Providers => of(&app.providers.list),
        Page::Webhooks if app.side => of(&app.webhooks.told),
        Page::Webhooks => of(&app.webhooks.list),
        Page::Services => of(&app.services.list),
        Page::Live => all(&app.live.events),
        // These have pages, and are written by the daemon's answers.
        Page::Notifications | Page::Retries | Page::Dead => Vec::new(),
    }
}

/// One line each.
pub(super) fn lines(rows: &[Value]) -> String {
    let lines: Vec<_> = rows.iter().filter_map(|row| text::json(row).ok()).collect();
    lines.join("\n") + "\n"
}

/// As CSV: a column for each member that some row has, what is nested as JSON.
pub(super) fn csv(rows: &[Value]) -> String {
    let mut names: Vec<&String> = Vec::new();
    for name in rows.iter().filter_map(Value::as_object).flat_map(serde_json::Map::keys) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let cell = |value: Option<&Value>| match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => csv_field(text),
        Some(other) => csv_field(&other.to_string()),
    };
    let mut text = names.iter().map(|name| csv_field(name)).collect::<Vec<_>>().join(",") + "\n";
    for row in rows {
        let cells: Vec<_> = names.iter().map(|name| cell(row.get(name.as_str()))).collect();
        text.push_str(&cells.join(","));
        text.push('\n');
    }
    text
}

/// What is under the cursor, as JSON.
pub(super) fn json_here(app: &App) -> Option<String> {
    fn one<T: serde::Serialize>(it: &T) -> Option<String> {
        serde_json::to_string_pretty(it).ok()
    }
    match app.page {
        Page::Overview => app.overview.as_ref().and_then(|(_, overview)| one(overview)),
        Page::Queues => app.queues.list.current().and_then(one),
        Page::Notifications | Page::Retries | Page::Dead => {
            let notes = app.notes_of(app.page)?;
            let told = notes.told().and_then(|story| one(&story.detail));
            told.or_else(|| notes.list.current().and_then(one))
        }
        Page::Providers => app.providers.list.current().and_then(one),
        Page::Webhooks if app.side => {
            let here = app.webhooks.told.current()?;
            let story = app.webhooks.story.as_ref().filter(|story| story.delivery.id == here.id);
            story.and_then(one).or_else(|| one(here))
        }
        Page::Webhooks => app.webhooks.list.current().and_then(one),
        Page::Services => app.services.list.current().and_then(one),
        Page::Live => app.live.current().and_then(one),
    }
}
