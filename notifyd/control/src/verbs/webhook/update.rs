//! `notifyctl webhook update`: what is given changes, whole or not at all.

use super::{change as changing, find, private, read};
use crate::refuse;
use crate::session::Session;
use notify_proto::WebhookId;
use notify_proto::control::Change;
use notify_proto::transport::Reply;
use notify_proto::upkeep::ChangedSetting;
use notify_proto::webhook::{UpdatedWebhook, WebhookAsk};
use notifyd_lifecycle::webhook::ask::Headers;
use notifyd_store::webhooks::{Private, Settings, Webhook};
use std::collections::BTreeSet;

/// Changes a webhook.
pub(crate) async fn update(
    session: &Session,
    id: WebhookId,
    ask: WebhookAsk,
    change: &Change,
) -> Reply<UpdatedWebhook> {
    let operator = session.change(change)?;
    let room = operator.room;
    let before = find(room, id)?;
    let kept = private(room, &before).await?;
    let asked = read(ask)?
        .change(before.settings.clone(), &kept.headers, &room.deps.rules.load().destinations)
        .map_err(|errors| refuse::fields(&errors))?;
    let headers = asked.headers.unwrap_or_else(|| kept.headers.clone());
    let mut changed = differences(&before, &asked.settings);
    let others = different(&kept.headers, &headers);
    let same_headers = others.is_empty();
    changed.extend(others);
    if changed.is_empty() {
        return Err(refuse::conflict(format!("webhook {id} is that already; nothing would change")));
    }
    let after = with(&before, &asked.settings, room.now());
    let view = room.webhook_view(&after, &headers);
    if !operator.dry_run {
        let mut update = changing(&before, asked.settings, "webhook.update");
        update.private = (!same_headers).then(|| Private { headers, ..kept });
        operator.write(update).await?;
    }
    Ok(UpdatedWebhook { webhook: view, changed })
}

/// The same, set so.
pub(super) fn with(before: &Webhook, settings: &Settings, now: notify_proto::Timestamp) -> Webhook {
    let active = settings.active;
    Webhook {
        settings: settings.clone(),
        fault: before.fault.filter(|_| !active),
        // Whoever switches it on gives it another chance.
        failing_since: before.failing_since.filter(|_| before.settings.active || !active),
        updated_at: now,
        ..before.clone()
    }
}

fn differences(before: &Webhook, after: &Settings) -> Vec<ChangedSetting> {
    let mut all = Vec::new();
    let mut note = |key: &str, from: String, to: String| {
        if from != to {
            all.push(ChangedSetting { key: key.to_owned(), from, to });
        }
    };
    let none = || "none".to_owned();
    let words = |settings: &Settings| {
        settings.events.iter().map(notify_proto::WebhookEvent::as_str).collect::<Vec<_>>().join(",")
    };
    let was = &before.settings;
    note("url", was.url.clone(), after.url.clone());
    note(
        "description",
        was.description.clone().unwrap_or_else(none),
        after.description.clone().unwrap_or_else(none),
    );
    note("events", words(was), words(after));
    note("retry_profile", was.schedule.profile.to_string(), after.schedule.profile.to_string());
    let retries = |it: &Settings| it.schedule.max_retries.map_or_else(none, |count| count.to_string());
    note("max_retries", retries(was), retries(after));
    let seconds = |it: &Settings| it.timeout.as_secs().to_string();
    note("timeout_seconds", seconds(was), seconds(after));
    note("redact", was.redact.to_string(), after.redact.to_string());
    note("is_active", was.active.to_string(), after.active.to_string());
    all
}

/// The headers that differ, by name; their values are told to nobody.
fn different(before: &Headers, after: &Headers) -> Vec<ChangedSetting> {
    let names: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let one = |name: &String| {
        let (from, to) = match (before.get(name), after.get(name)) {
            (Some(old), Some(new)) if old.expose() == new.expose() => return None,
            (Some(_), Some(_)) => ("set", "replaced"),
            (None, _) => ("none", "set"),
            (_, None) => ("set", "none"),
        };
        Some(ChangedSetting { key: format!("headers.{name}"), from: from.into(), to: to.into() })
    };
    names.into_iter().filter_map(one).collect()
}
