//! `notifyctl operation`: long work, whoever asked for it, and whichever run of the daemon began it.

use crate::operations::view;
use crate::session::Session;
use crate::{bound, refuse};
use notify_proto::control::Change;
use notify_proto::transport::Reply;
use notify_proto::upkeep::OperationView;
use std::time::Duration;

/// Longest wait of one call, seconds.
const MAX_WAIT: u32 = 60;

/// The newest, newest first.
pub(crate) async fn list(session: &Session) -> Reply<Vec<OperationView>> {
    let room = session.look()?;
    let mut all = room.operations.list(&*room.deps.store).await?;
    all.truncate(bound::fitting(&all));
    Ok(all)
}

/// One, when it has ended or the time is up.
pub(crate) async fn show(session: &Session, id: &str, wait_seconds: u32) -> Reply<OperationView> {
    let wait = Duration::from_secs(wait_seconds.min(MAX_WAIT).into());
    let room = session.look()?;
    room.operations.show(&*room.deps.store, id, wait).await
}

/// Has one given up.
pub(crate) async fn cancel(session: &Session, id: &str, change: &Change) -> Reply<OperationView> {
    let operator = session.change(change)?;
    let room = operator.room;
    let operation = room.operations.running(&*room.deps.store, id).await?;
    if operator.dry_run {
        return Ok(view(operation));
    }
    if operation.work.is_none() {
        operator.note("operation.cancel", id).await?;
        room.operations.give_up(operation.no);
        return room.operations.show(&*room.deps.store, id, Duration::ZERO).await;
    }
    let cancelled = room.deps.store.operations().cancel(operation.no, operator.audit()).await;
    operator.tell("operation.cancel", id);
    cancelled.map_err(refuse::log)?.map(view).ok_or_else(|| refuse::not_found("operation", id))
}
