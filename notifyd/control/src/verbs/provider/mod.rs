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
pub(super) use route::steps;
pub(crate) use seed::seed;
pub(crate) use test::test;
pub(crate) use update::update;

use crate::refuse;
use crate::session::{Room, Session};
use notify_proto::control::Change;
use notify_proto::transport::Reply;
use notify_proto::view::ProviderView;
use notifyd_store::Provider;
use std::sync::Arc;

/// A provider by name or id.
pub(super) fn find(room: &Room, name: &str) -> Reply<Arc<Provider>> {
    let found = room.deps.store.directory().find_provider(name).cloned();
    found.ok_or_else(|| refuse::not_found("provider", name).hint("see notifyctl provider list"))
}

/// All providers, in the order they are tried.
pub(crate) fn list(session: &Session) -> Reply<Vec<ProviderView>> {
    let room = session.look()?;
    Ok(room.deps.store.directory().providers().iter().map(|provider| room.provider_view(provider)).collect())
}

/// One provider with its configuration, which has no secrets in it.
pub(crate) fn show(session: &Session, name: &str) -> Reply<ProviderView> {
    let room = session.look()?;
    let provider = find(room, name)?;
    Ok(ProviderView { config: Some(provider.config.clone()), ..room.provider_view(&provider) })
}

/// Enables or disables a provider.
pub(crate) async fn set_active(
    session: &Session,
    name: &str,
    active: bool,
    change: &Change,
) -> Reply<ProviderView> {
    let operator = session.change(change)?;
    let room = operator.room;
    let provider = find(room, name)?;
    if operator.dry_run {
        return Ok(ProviderView { active, ..room.provider_view(&provider) });
    }
    room.deps.store.set_provider_active(provider.id, active, operator.audit()).await.map_err(refuse::log)?;
    operator.tell(if active { "provider.enable" } else { "provider.disable" }, &provider.name);
    Ok(ProviderView { active, ..room.provider_view(&provider) })
}
