//! `notifyctl provider remove`.

use super::find;
use crate::refuse;
use crate::session::Session;
use notify_proto::control::{Change, RemovedProvider};
use notify_proto::transport::Reply;
use notify_proto::view::ProviderView;

/// Removes a provider with its settings and its secret.
pub(crate) async fn remove(session: &Session, name: &str, change: &Change) -> Reply<RemovedProvider> {
    let operator = session.change(change)?;
    let room = operator.room;
    let gone = find(room, name)?;
    let directory = room.deps.store.directory();
    let others: Vec<_> = directory.providers().iter().filter(|it| it.active && it.id != gone.id).collect();
    let unserved = gone
        .channels
        .iter()
        .filter(|channel| gone.active && !others.iter().any(|other| other.channels.contains(channel)))
        .map(|channel| (*channel).into())
        .collect();
    let provider = ProviderView { active: false, ..room.provider_view(&gone) };
    if !operator.dry_run {
        room.deps.store.remove_provider(gone.id, operator.audit()).await.map_err(refuse::log)?;
        operator.tell("provider.remove", &gone.name);
    }
    Ok(RemovedProvider { provider, unserved })
}
