//! `notifyctl service`.

mod delete;

use super::key;
use super::overview::percentiles;
use crate::session::{Room, Session};
use crate::view::thousandths;
use crate::{name, refuse};
use notify_proto::ServiceId;
use notify_proto::control::{Change, FreshKey, NewService, ServiceChange, UpdatedService};
use notify_proto::measured::{ServiceFigures, ServiceLatency};
use notify_proto::transport::Reply;
use notify_proto::upkeep::ChangedSetting;
use notify_proto::view::ServiceView;
use notifyd_engine::Quantiles;
use notifyd_store::Service;
use notifyd_store::api::NewService as Row;
use std::sync::Arc;

pub(crate) use delete::delete;

/// Longest description, characters.
const MAX_DESCRIPTION: usize = 256;

/// A service by name or id.
pub(in crate::verbs) fn find(room: &Room, name: &str) -> Reply<Arc<Service>> {
    let found = room.deps.store.directory().find_service(name).cloned();
    found.ok_or_else(|| refuse::not_found("service", name).hint("see notifyctl service list"))
}

/// Creates a service with its first key.
pub(crate) async fn create(
    session: &Session,
    service: NewService,
    change: &Change,
) -> Reply<Option<FreshKey>> {
    let operator = session.change(change)?;
    let room = operator.room;
    check(&service)?;
    let store = &room.deps.store;
    if store.directory().find_service(&service.name).is_some() {
        return Err(refuse::conflict(format!("service {} exists already", service.name)));
    }
    if operator.dry_run {
        return Ok(None);
    }
    let (millis, random) = room.id_parts();
    let id = ServiceId::from_parts(millis, random);
    let (minted, key) = key::mint(room, id, None, None);
    let row = Row {
        id,
        name: service.name,
        description: service.description.filter(|text| !text.trim().is_empty()),
        rate_per_second: service.rate_per_second,
    };
    let view = ServiceView {
        id,
        name: row.name.clone(),
        description: row.description.clone(),
        active: true,
        rate_per_second: row.rate_per_second,
        created_at: room.now(),
        active_keys: 1,
        auth_failures: 0,
        locked_until: None,
        deduplicated_24h: 0,
        throttled_24h: 0,
        figures: None,
        latency: None,
    };
    store.create_service(row, key, operator.audit()).await.map_err(refuse::log)?;
    operator.tell("service.create", &view.name);
    Ok(Some(minted.answer(view)))
}

fn check(service: &NewService) -> Reply<()> {
    name::check("service", &service.name)?;
    describe(service.description.as_deref())?;
    super::provider::check_rate(service.rate_per_second)
}

fn describe(description: Option<&str>) -> Reply<()> {
    let description = description.unwrap_or_default();
    if description.chars().count() > MAX_DESCRIPTION || description.chars().any(char::is_control) {
        return Err(refuse::invalid(format!(
            "a description is one line of at most {MAX_DESCRIPTION} characters"
        )));
    }
    Ok(())
}

/// All services, by name.
pub(crate) fn list(session: &Session) -> Reply<Vec<ServiceView>> {
    let room = session.look()?;
    let (mut figures, mut latencies) = (room.deps.engine.services(), room.deps.engine.service_latencies());
    let view = |service: &Arc<Service>| {
        let figures = figures.remove(&service.no).map(rounded);
        let latency = latencies.remove(&service.no).map(latency);
        ServiceView { figures, latency, ..room.service_view(service) }
    };
    Ok(room.deps.store.directory().services().iter().map(view).collect())
}

/// One service.
pub(crate) fn show(session: &Session, name: &str) -> Reply<ServiceView> {
    let room = session.look()?;
    let service = find(room, name)?;
    let figures = room.deps.engine.services().remove(&service.no).map(rounded);
    let latency = room.deps.engine.service_latencies().remove(&service.no).map(latency);
    Ok(ServiceView { figures, latency, ..room.service_view(&service) })
}

/// How long things took.
fn latency(of: [Quantiles; 3]) -> ServiceLatency {
    let [wait_ms, call_ms, deliver_ms] = of.map(|it| percentiles(&it));
    ServiceLatency { wait_ms, call_ms, deliver_ms }
}

/// As precise as anybody needs it.
fn rounded(mut figures: ServiceFigures) -> ServiceFigures {
    for rate in figures.trend.iter_mut().chain([&mut figures.accepted_per_second]) {
        *rate = thousandths(*rate);
    }
    figures
}

/// Enables or disables a service.
pub(crate) async fn set_active(
    session: &Session,
    name: &str,
    active: bool,
    change: &Change,
) -> Reply<ServiceView> {
    let operator = session.change(change)?;
    let room = operator.room;
    let service = find(room, name)?;
    refuse::unless_switched(&format!("service {}", service.name), service.active, active)?;
    if operator.dry_run {
        return Ok(ServiceView { active, ..room.service_view(&service) });
    }
    room.deps.store.set_service_active(service.id, active, operator.audit()).await.map_err(refuse::log)?;
    operator.tell(if active { "service.enable" } else { "service.disable" }, &service.name);
    Ok(ServiceView { active, ..room.service_view(&service) })
}

/// Changes a service: all that is given, or nothing.
pub(crate) async fn update(
    session: &Session,
    name: &str,
    update: ServiceChange,
    change: &Change,
) -> Reply<UpdatedService> {
    let operator = session.change(change)?;
    let room = operator.room;
    let before = find(room, name)?;
    let described = |text: String| Some(text).filter(|text| !text.trim().is_empty());
    let description = super::limited(update.description, before.description.clone()).and_then(described);
    let rate = super::limited(update.rate_per_second, before.rate_per_second);
    describe(description.as_deref())?;
    super::provider::check_rate(rate)?;
    let mut changed = Vec::new();
    let mut note = |key: &str, from: Option<String>, to: Option<String>| {
        if from != to {
            let word = |value: Option<String>| value.unwrap_or_else(|| "none".to_owned());
            changed.push(ChangedSetting { key: key.to_owned(), from: word(from), to: word(to) });
        }
    };
    note("description", before.description.clone(), description.clone());
    let said = |rate: Option<f64>| rate.map(|rate| format!("{rate}/s"));
    note("rate", said(before.rate_per_second), said(rate));
    if changed.is_empty() {
        return Err(refuse::conflict(format!(
            "service {} is that already; nothing would change",
            before.name
        )));
    }
    let service =
        ServiceView { description: description.clone(), rate_per_second: rate, ..room.service_view(&before) };
    if !operator.dry_run {
        let told: Vec<_> = changed.iter().map(|it| format!("{} {} -> {}", it.key, it.from, it.to)).collect();
        let what = format!("{}: {}", before.name, told.join(", "));
        let written =
            room.deps.store.update_service(before.id, description, rate, what, operator.audit()).await;
        written.map_err(refuse::log)?;
        operator.tell("service.update", &before.name);
    }
    Ok(UpdatedService { service, changed })
}

/// Clears the failed-authentication lock.
pub(crate) async fn unlock(session: &Session, name: &str, change: &Change) -> Reply<ServiceView> {
    let operator = session.change(change)?;
    let room = operator.room;
    let service = find(room, name)?;
    if operator.dry_run {
        return Ok(ServiceView { auth_failures: 0, locked_until: None, ..room.service_view(&service) });
    }
    operator.note("service.unlock", &service.name).await?;
    room.deps.store.door().unlock(service.id);
    Ok(room.service_view(&service))
}
