//! `notifyctl stats summary --since`: what was accepted since then, and what became of it.

use super::service::find;
use crate::refuse;
use crate::session::Session;
use notify_proto::control::StatsRequest;
use notify_proto::transport::Reply;
use notify_proto::view::StatsView;
use notifyd_store::Scope;

/// Counts it.
pub(crate) async fn stats(session: &Session, request: &StatsRequest) -> Reply<StatsView> {
    let room = session.look()?;
    let scope = match &request.service {
        Some(name) => Scope::Service(find(room, name)?.no),
        None => Scope::All,
    };
    room.deps.store.stats(scope, None, request.since).await.map_err(refuse::log)
}
