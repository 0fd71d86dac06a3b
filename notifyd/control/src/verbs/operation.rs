//! `notifyctl operation`: long work, whoever asked for it.

use crate::bound;
use crate::session::Session;
use notify_proto::control::Change;
use notify_proto::transport::Reply;
use notify_proto::upkeep::OperationView;
use std::time::Duration;

/// Longest wait of one call, seconds.
const MAX_WAIT: u32 = 60;

/// Those of this run of the daemon, newest first.
pub(crate) fn list(session: &Session) -> Reply<Vec<OperationView>> {
    let mut all = session.look()?.operations.list();
    all.truncate(bound::fitting(&all));
    Ok(all)
}

/// One, when it has ended or the time is up.
pub(crate) async fn show(session: &Session, id: &str, wait_seconds: u32) -> Reply<OperationView> {
    let wait = Duration::from_secs(wait_seconds.min(MAX_WAIT).into());
    session.look()?.operations.show(id, wait).await
}

/// Has one given up.
pub(crate) async fn cancel(session: &Session, id: &str, change: &Change) -> Reply<OperationView> {
    let operator = session.change(change)?;
    let operations = &operator.room.operations;
    let view = operations.running(id)?;
    if operator.dry_run {
        return Ok(view);
    }
    operator.note("operation.cancel", id).await?;
    operations.cancel(id)
}
