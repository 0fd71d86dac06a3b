//! `notifyctl provider route`: where a notification would go now.

use super::find;
use crate::refuse;
use crate::session::{Room, Session};
use notify_proto::control::{RouteRequest, RouteStep, RouteView};
use notify_proto::transport::Reply;
use notify_proto::{Channel, HoldKind, SkipReason};
use notifyd_engine::{Route, Step, Verdict};
use notifyd_lifecycle::address::normalise;
use notifyd_lifecycle::candidate::Gate;
use notifyd_store::{Hold, Provider, Service};

/// In which order providers would be tried now, and why.
pub(crate) async fn route(session: &Session, request: &RouteRequest) -> Reply<RouteView> {
    let room = session.look()?;
    let directory = room.deps.store.directory();
    let service = request.service.as_deref().map(|name| {
        let found = directory.find_service(name);
        found.ok_or_else(|| refuse::not_found("service", name).hint("see notifyctl service list"))
    });
    let service = service.transpose()?;
    let mut notes = Vec::new();
    if let Some(service) = service.filter(|service| !service.active) {
        notes.push(format!("service {} is disabled: nothing new is accepted from it", service.name));
    }
    let pinned = request.provider.as_deref().map(|name| find(room, name)).transpose()?;
    let channels = channels(room, request, pinned.as_deref())?;
    let routes = room
        .deps
        .engine
        .route(channels, pinned.as_ref().map(|pinned| pinned.id))
        .await
        .map_err(refuse::log)?;
    notes.extend(routes.iter().filter_map(|route| note(route, pinned.as_deref())));
    notes.extend(service.map(|service| own(service)));
    Ok(RouteView { steps: routes.iter().flat_map(|route| steps(room, route)).collect(), notes })
}

/// What of a service has a part in where its notifications go: nothing, and whoever asks for one shall not think so.
fn own(service: &Service) -> String {
    let rate = service.rate_per_second.map_or_else(String::new, |rate| {
        format!("; its own limit of {rate} requests per second is kept when they are accepted")
    });
    format!("service {} has no routing of its own: all services go by this order{rate}", service.name)
}

/// The channel asked for, or all that a provider serves; of these the ones on which the address can be reached.
fn channels(room: &Room, request: &RouteRequest, pinned: Option<&Provider>) -> Reply<Vec<Channel>> {
    let fits = |channel: Channel| match &request.to {
        Some(to) => normalise(channel, to).map(drop),
        None => Ok(()),
    };
    if let Some(channel) = request.channel {
        fits(channel).map_err(|problem| refuse::invalid(format!("to: {problem}")))?;
        return Ok(vec![channel]);
    }
    let directory = room.deps.store.directory();
    let asked = |it: &Provider| pinned.is_none_or(|pinned| pinned.id == it.id);
    let served =
        |channel: &Channel| directory.providers().iter().any(|it| asked(it) && it.channels.contains(channel));
    let all: Vec<_> = Channel::ALL.iter().copied().filter(served).collect();
    if all.is_empty() {
        return Err(refuse::conflict("there are no providers yet")
            .hint("notifyctl provider seed, or notifyctl provider add"));
    }
    let fitting: Vec<_> = all.into_iter().filter(|channel| fits(*channel).is_ok()).collect();
    if fitting.is_empty() {
        return Err(refuse::invalid("to: no channel that a provider serves has addresses like that"));
    }
    Ok(fitting)
}

/// What follows when nobody is called or waited for.
fn note(route: &Route, pinned: Option<&Provider>) -> Option<String> {
    let channel = route.channel;
    if route.steps.is_empty() {
        let nobody =
            pinned.map_or("nobody serves it".to_owned(), |it| format!("{} does not serve it", it.name));
        return Some(format!("{channel}: {nobody}; what is due fails with no_provider"));
    }
    let goes = |step: &Step| matches!(step.verdict, Verdict::Taken | Verdict::Awaited);
    if route.steps.iter().any(goes) {
        return None;
    }
    Some(format!("{channel}: nobody can be called now; what is due is held until somebody can"))
}

/// The candidates of one channel, for a person.
pub(in crate::verbs) fn steps<'a>(room: &'a Room, route: &'a Route) -> impl Iterator<Item = RouteStep> + 'a {
    (1..).zip(&route.steps).map(|(place, step)| {
        let hold = forced(room, step);
        RouteStep {
            channel: route.channel.into(),
            place,
            provider: step.name.clone(),
            provider_id: step.provider,
            priority: step.priority,
            verdict: step.verdict.as_str().to_owned(),
            state: state(step.gate).to_owned(),
            why: hold.as_ref().map(by).or_else(|| step.why.clone()),
            since: step.since.or_else(|| hold.map(|hold| hold.made_at)),
            until: step.until,
        }
    })
}

/// What an operator forces on a provider that is closed for it.
pub(in crate::verbs) fn forced(room: &Room, step: &Step) -> Option<Hold> {
    let kind = match step.gate {
        Gate::Closed(SkipReason::Paused) => HoldKind::Pause,
        Gate::Closed(SkipReason::Draining) => HoldKind::Drain,
        Gate::Closed(SkipReason::BreakerOpen) => HoldKind::CircuitOpen,
        Gate::Closed(SkipReason::Disabled) => HoldKind::Disabled,
        _ => return None,
    };
    let directory = room.deps.store.directory();
    directory.holds_on(step.provider, room.now()).find(|hold| hold.kind == kind).cloned()
}

/// Who forces it, and why, in the operator's words.
pub(in crate::verbs) fn by(hold: &Hold) -> String {
    let reason = hold.reason.as_deref().map_or_else(String::new, |reason| format!(": {reason}"));
    format!("forced by {}{reason}", hold.actor)
}

const fn state(gate: Gate) -> &'static str {
    match gate {
        // Not open: of a circuit, that word says the opposite.
        Gate::Open => "ready",
        Gate::Busy => "busy",
        Gate::Closed(reason) => reason.as_str(),
    }
}
