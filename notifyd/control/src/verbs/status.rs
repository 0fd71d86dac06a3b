//! `notifyctl status`: the one-screen answer to "how is it?".

use super::shared;
use crate::refuse;
use crate::session::{Room, Session};
use notify_proto::hold::HoldView;
use notify_proto::transport::Reply;
use notify_proto::view::{Health, ProviderView, StatusView, rfc3339};
use notify_proto::{HoldKind, SharedQueue, Status, WebhookFault};
use notifyd_store::webhooks::Webhook;
use std::sync::Arc;

/// Webhooks that were switched off and are told of by name.
const NAMED: usize = 5;

/// How it is.
pub(crate) async fn status(session: &Session) -> Reply<StatusView> {
    let room = session.look()?;
    let store = &room.deps.store;
    let counts = store.counts();
    let oldest = if counts.of(Status::Queued) == 0 {
        None
    } else {
        store.oldest_queued().await.map_err(refuse::log)?
    };
    let providers: Vec<_> = store.directory().providers().iter().map(|it| room.provider_view(it)).collect();
    let (health, mut concerns) = health(room, &providers);
    let held = store.held().await.map_err(refuse::log)?;
    if held > 0 {
        let many = if held > 10_000 { "more than 10000".to_owned() } else { held.to_string() };
        concerns.push(format!(
            "{many} notifications are held for an operator: see notifyctl notification list --status held, then retry or cancel them"
        ));
    }
    concerns.extend(switched_off(room));
    let health = if health == Health::Healthy && !concerns.is_empty() { Health::Degraded } else { health };
    let totals = room.deps.engine.totals();
    Ok(StatusView {
        health,
        concerns,
        by_status: Status::ALL.iter().map(|status| (status.to_string(), counts.of(*status))).collect(),
        in_flight: room.deps.engine.in_flight(),
        accepted: totals.accepted,
        delivered: totals.delivered,
        failed: totals.failed,
        oldest_queued_seconds: oldest
            .map(|at| u64::try_from((room.now() - at).num_seconds()).unwrap_or_default()),
        webhooks_owed: store.webhooks().pending(),
        providers,
        daemon: room.daemon_info(),
    })
}

/// Webhooks that the daemon has switched off: some by name, the others by their number.
fn switched_off(room: &Room) -> Vec<String> {
    let endpoints = room.deps.store.webhooks().endpoints();
    let directory = room.deps.store.directory();
    let all: Vec<_> = endpoints.all().filter_map(|it| Some((it, it.fault?))).collect();
    let one = |(it, fault): &(&Arc<Webhook>, WebhookFault)| {
        let service = directory.service_no(it.service).map_or("", |service| service.name.as_str());
        let why = match fault {
            WebhookFault::Gone => "its endpoint answered that it is gone",
            WebhookFault::Failing => "its endpoint took nothing for too long",
        };
        format!("webhook {} of service {service} was switched off: {why}", it.id)
    };
    let mut told: Vec<_> = all.iter().take(NAMED).map(one).collect();
    if all.len() > NAMED {
        told.push(format!("{} more webhooks were switched off", all.len() - NAMED));
    }
    told
}

/// Until when and by whom something is held, and why.
pub(super) fn by_whom(hold: &HoldView) -> String {
    let until = hold.until.map(|until| format!(" until {}", rfc3339(until))).unwrap_or_default();
    let why = hold.reason.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
    format!("{until} by {}{why}", hold.actor)
}

/// Nothing can be accepted: unhealthy. Something needs a look: degraded.
fn health(room: &Room, providers: &[ProviderView]) -> (Health, Vec<String>) {
    let mut concerns = Vec::new();
    let latched = room.deps.store.latched();
    if let Some(cause) = latched {
        let what = if cause.delivers() { "nothing new is taken" } else { "nothing is taken or sent" };
        concerns.push(format!("{what}: {}", cause.reason()));
    }
    if !providers.iter().any(|provider| provider.active) {
        concerns.push(
            "no provider is active: nothing can be sent; see notifyctl provider seed and add".to_owned(),
        );
    }
    for provider in providers {
        let off = |hold: &&HoldView| hold.kind.known() == Some(HoldKind::Disabled);
        if let Some(hold) = provider.holds.iter().find(off) {
            concerns.push(format!("provider {} is disabled{}", provider.name, by_whom(hold)));
        }
    }
    for provider in providers.iter().filter(|provider| provider.active) {
        let name = &provider.name;
        if provider.circuit != "closed" {
            let why = provider.circuit_reason.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
            concerns.push(format!(
                "the circuit of provider {name} is {}{why}",
                provider.circuit.replace('_', "-")
            ));
        }
        if let Some(until) = provider.throttled_until {
            concerns.push(format!("provider {name} asked to be left alone until {}", rfc3339(until)));
        }
        for hold in &provider.holds {
            let what = match hold.kind.known() {
                Some(HoldKind::Pause) => "paused",
                Some(HoldKind::Drain) => "draining",
                // A limit slows nothing down unless work piles up, and an open circuit was told of above.
                _ => continue,
            };
            concerns.push(format!("the queue of provider {name} is {what}{}", by_whom(hold)));
        }
        if provider.simulated {
            concerns.push(format!("provider {name} is simulated: what it takes is not really sent"));
        }
    }
    let paused = SharedQueue::ALL.iter().flat_map(|queue| shared::holds(room, *queue));
    concerns.extend(paused.map(|hold| format!("the queue {} is paused{}", hold.queue, by_whom(&hold))));
    concerns.extend(room.deps.concerns.iter().flat_map(|more| more()));
    let health = match (latched.is_none(), concerns.is_empty()) {
        (false, _) => Health::Unhealthy,
        (true, false) => Health::Degraded,
        (true, true) => Health::Healthy,
    };
    (health, concerns)
}
