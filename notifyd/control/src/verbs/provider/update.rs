//! `notifyctl provider update`: what is given changes, whole or not at all.

use super::add::check_with;
use super::find;
use crate::refuse;
use crate::session::Session;
use crate::verbs::limited;
use notify_proto::Channel;
use notify_proto::control::{Change, NewProvider, ProviderChange, UpdatedProvider};
use notify_proto::transport::Reply;
use notify_proto::upkeep::ChangedSetting;
use notify_proto::view::ProviderView;
use notifyd_lifecycle::Secret;
use notifyd_store::Provider;
use notifyd_store::api::{NewProvider as Row, ProviderUpdate, Verdict};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Display;

/// Longest value that is told of, characters: a setting may be a whole certificate.
const MAX_SHOWN: usize = 60;

/// Changes a provider. What comes of it is checked like a new one.
pub(crate) async fn update(
    session: &Session,
    name: &str,
    update: ProviderChange,
    change: &Change,
) -> Reply<UpdatedProvider> {
    let operator = session.change(change)?;
    let room = operator.room;
    let store = &room.deps.store;
    let before = find(room, name)?;
    let given = update.secret.clone().map(Secret::new);
    let kept = match store.provider_secret(before.id).await {
        // One that cannot be opened any more can be replaced.
        Err(error) if given.is_none() => return Err(refuse::log(error)),
        kept => kept.ok().flatten(),
    };
    let new_secret = given.filter(|given| kept.as_ref().is_none_or(|kept| kept.expose() != given.expose()));
    let secret = new_secret.clone().or_else(|| kept.clone());
    let after = check_with(&operator, merged(&before, update), secret)?;
    let mut changed = differences(&before, &after);
    if new_secret.is_some() {
        let from = if kept.is_some() { "set" } else { "none" };
        changed.push(ChangedSetting { key: "secret".into(), from: from.into(), to: "replaced".into() });
    }
    if changed.is_empty() {
        let message = format!("provider {} is that already; nothing would change", before.name);
        return Err(refuse::conflict(message));
    }
    let other = store.directory().find_provider(&after.name).map(|other| other.id);
    if after.name != before.name && other.is_some() {
        return Err(refuse::conflict(format!("provider {} exists already", after.name)));
    }
    let view = view(&room.provider_view(&before), &after);
    if operator.dry_run {
        return Ok(UpdatedProvider { provider: view, changed });
    }
    let told: Vec<_> = changed.iter().map(|it| format!("{} {} -> {}", it.key, it.from, it.to)).collect();
    let what = format!("{}: {}", before.name, told.join(", "));
    let verdict = store.update_provider(stored(&before, after, new_secret, what), operator.audit()).await;
    if verdict.map_err(refuse::log)? != Verdict::Applied {
        let message = format!("somebody else changed provider {} at the same moment", before.name);
        return Err(refuse::conflict(message).hint("look at it again, then repeat this"));
    }
    operator.tell("provider.update", &before.name);
    Ok(UpdatedProvider { provider: view, changed })
}

/// The definition with what is given in place of what there is.
fn merged(before: &Provider, update: ProviderChange) -> NewProvider {
    NewProvider {
        name: update.rename.unwrap_or_else(|| before.name.clone()),
        kind: before.kind.clone(),
        channels: update.channels.unwrap_or_else(|| before.channels.clone()),
        priority: Some(update.priority.unwrap_or(before.priority)),
        rate_per_second: limited(update.rate_per_second, before.rate_per_second),
        burst: limited(update.burst, before.burst),
        max_in_flight: Some(update.max_in_flight.unwrap_or(before.max_in_flight)),
        config: update.config.unwrap_or_else(|| before.config.clone()),
        secret: None,
    }
}

fn differences(before: &Provider, after: &Row) -> Vec<ChangedSetting> {
    let mut all = Vec::new();
    let mut note = |key: &str, from: String, to: String| {
        if from != to {
            all.push(ChangedSetting { key: key.to_owned(), from: shown(&from), to: shown(&to) });
        }
    };
    note("name", before.name.clone(), after.name.clone());
    note("channels", words(&before.channels), words(&after.channels));
    note("priority", before.priority.to_string(), after.priority.to_string());
    note("rate", rate(before.rate_per_second), rate(after.rate_per_second));
    note("burst", or_none(before.burst), or_none(after.burst));
    note("max_in_flight", before.max_in_flight.to_string(), after.max_in_flight.to_string());
    let keys = |config: &Value| -> Vec<String> {
        config.as_object().into_iter().flat_map(|config| config.keys().cloned()).collect()
    };
    for key in keys(&before.config).into_iter().chain(keys(&after.config)).collect::<BTreeSet<_>>() {
        let name = format!("config.{key}");
        note(&name, or_none(before.config.get(&key)), or_none(after.config.get(&key)));
    }
    all
}

fn words(channels: &[Channel]) -> String {
    let mut channels = channels.to_vec();
    channels.sort_unstable();
    channels.iter().map(|channel| channel.as_str()).collect::<Vec<_>>().join(",")
}

fn or_none(value: Option<impl Display>) -> String {
    value.map_or_else(|| "none".to_owned(), |value| value.to_string())
}

fn rate(rate: Option<f64>) -> String {
    or_none(rate.map(|rate| format!("{rate}/s")))
}

fn shown(value: &str) -> String {
    match value.char_indices().nth(MAX_SHOWN) {
        None => value.to_owned(),
        Some((end, _)) => format!("{}...", &value[..end]),
    }
}

fn view(before: &ProviderView, after: &Row) -> ProviderView {
    ProviderView {
        name: after.name.clone(),
        channels: after.channels.iter().map(|channel| (*channel).into()).collect(),
        priority: after.priority,
        rate_per_second: after.rate_per_second,
        burst: after.burst,
        max_in_flight: after.max_in_flight,
        config: Some(after.config.clone()),
        ..before.clone()
    }
}

fn stored(before: &Provider, after: Row, secret: Option<Secret<String>>, what: String) -> ProviderUpdate {
    ProviderUpdate {
        id: before.id,
        revision: before.revision,
        name: after.name,
        channels: after.channels,
        priority: after.priority,
        rate_per_second: after.rate_per_second,
        burst: after.burst,
        max_in_flight: after.max_in_flight,
        config: after.config,
        secret,
        what,
    }
}
