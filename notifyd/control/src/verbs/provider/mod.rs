//! `notifyctl provider`.

mod add;
mod remove;
mod route;
mod seed;
mod test;
mod update;

pub(crate) use add::add;
pub(super) use add::check_rate;
pub(crate) use remove::remove;
pub(crate) use route::route;
pub(super) use route::{by, forced, steps};
pub(crate) use seed::seed;
pub(crate) use test::test;
pub(crate) use update::update;

use super::hold;
use crate::refuse;
use crate::session::{Operator, Room, Session};
use notify_proto::HoldKind;
use notify_proto::control::Change;
use notify_proto::hold::HoldView;
use notify_proto::transport::Reply;
use notify_proto::view::ProviderView;
use notifyd_store::{HoldOn, Provider};
use std::sync::Arc;
use std::time::Duration;

/// A provider by name or id.
pub(in crate::verbs) fn find(room: &Room, name: &str) -> Reply<Arc<Provider>> {
    let found = room.deps.store.directory().find_provider(name).cloned();
    found.ok_or_else(|| refuse::not_found("provider", name).hint("see notifyctl provider list"))
}

/// All providers, in the order they are tried.
pub(crate) fn list(session: &Session) -> Reply<Vec<ProviderView>> {
    let room = session.look()?;
    Ok(room.deps.store.directory().providers().iter().map(|provider| room.provider_view(provider)).collect())
}

/// One provider with its configuration, which has no secrets in it, and its last calls.
pub(crate) fn show(session: &Session, name: &str) -> Reply<ProviderView> {
    let room = session.look()?;
    let provider = find(room, name)?;
    let calls = room.deps.engine.calls(provider.id);
    Ok(ProviderView { config: Some(provider.config.clone()), calls, ..room.provider_view(&provider) })
}

/// Enables or disables a provider, for a time or for good.
pub(crate) async fn set_active(
    session: &Session,
    name: &str,
    active: bool,
    for_ms: Option<u64>,
    change: &Change,
) -> Reply<ProviderView> {
    let operator = session.change(change)?;
    let room = operator.room;
    let provider = find(room, name)?;
    if let Some(lasts) = hold::lasting(for_ms)? {
        return switch(&operator, &provider, active, lasts).await;
    }
    // What is so for a time only can be made so for good.
    if room.deps.store.directory().switched(provider.id).is_none() {
        refuse::unless_switched(&format!("provider {}", provider.name), provider.active, active)?;
    }
    if operator.dry_run {
        let mut view = ProviderView { active, ..room.provider_view(&provider) };
        view.holds.retain(stays);
        return Ok(view);
    }
    room.deps.store.set_provider_active(provider.id, active, operator.audit()).await.map_err(refuse::log)?;
    operator.tell(if active { "provider.enable" } else { "provider.disable" }, &provider.name);
    Ok(ProviderView { active, ..room.provider_view(&provider) })
}

/// Whether a hold stays when its provider is switched on or off.
fn stays(hold: &HoldView) -> bool {
    hold.kind.known().is_none_or(|kind| kind.switches().is_none())
}

/// Switches it for a time, after which it is the opposite.
async fn switch(
    operator: &Operator<'_>,
    provider: &Provider,
    active: bool,
    lasts: Duration,
) -> Reply<ProviderView> {
    let room = operator.room;
    let (kind, word) = if active { (HoldKind::Enabled, "enabled") } else { (HoldKind::Disabled, "disabled") };
    let for_a_time = room.deps.store.directory().switched(provider.id).is_some();
    if provider.active == active && !for_a_time {
        // To switch back would be to what it is not now, and whoever made it so meant it for good.
        let name = &provider.name;
        let message = format!("provider {name} is {word} already, and for good; nothing would switch back");
        let hint = format!("notifyctl provider show {name}; without --for it stays as it is");
        return Err(refuse::conflict(message).hint(hint));
    }
    let hold = hold::force(operator, HoldOn::Provider(provider.id), (kind, None), Some(lasts)).await?;
    let mut view = ProviderView { active, ..room.provider_view(provider) };
    if operator.dry_run {
        view.holds.retain(stays);
        view.holds.push(hold);
    }
    Ok(view)
}
