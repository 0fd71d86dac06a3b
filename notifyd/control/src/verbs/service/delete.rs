//! `notifyctl service delete`.

use super::find;
use crate::refuse;
use crate::session::Session;
use notify_proto::control::{Change, RemovedService};
use notify_proto::transport::Reply;
use notify_proto::view::ServiceView;
use notifyd_store::StoreError;

/// Removes a service of which nothing is under way, with its keys and webhooks, and with what it sent unless that is kept.
pub(crate) async fn delete(
    session: &Session,
    name: &str,
    keep_history: bool,
    change: &Change,
) -> Reply<RemovedService> {
    let operator = session.change(change)?;
    let room = operator.room;
    let gone = find(room, name)?;
    let store = &room.deps.store;
    let there = store.belongings(gone.id).await.map_err(refuse::log)?;
    if there.unfinished > 0 {
        let unfinished = StoreError::Unfinished { service: gone.name.clone(), count: there.unfinished };
        return Err(refuse::log(unfinished));
    }
    let (endpoints, tallies) = (store.webhooks().endpoints(), store.webhooks().tallies());
    let hooks: Vec<_> = endpoints.of(gone.no).map(|it| it.no).collect();
    let removed = RemovedService {
        service: ServiceView { active: false, ..room.service_view(&gone) },
        notifications: there.notifications,
        history_kept: keep_history,
        webhooks: hooks.len() as u64,
        owed: hooks.iter().filter_map(|no| tallies.get(no)).map(|it| it.owed()).sum(),
    };
    if !operator.dry_run {
        store.remove_service(gone.id, !keep_history, operator.audit()).await.map_err(refuse::log)?;
        store.door().forget(gone.id);
        operator.tell("service.delete", &gone.name);
    }
    Ok(removed)
}
