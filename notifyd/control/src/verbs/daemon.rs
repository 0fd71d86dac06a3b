//! `notifyctl daemon`.

use crate::refuse;
use crate::session::Session;
use notify_proto::control::Change;
use notify_proto::transport::Reply;
use notify_proto::upkeep::ReloadView;
use notify_proto::view::DaemonInfo;
use std::time::Duration;

/// Longest time attempts under way may be given, seconds.
const MAX_DRAIN: u32 = 3_600;

/// Who answers.
pub(crate) fn info(session: &Session) -> Reply<DaemonInfo> {
    Ok(session.look()?.daemon_info())
}

/// Starts a graceful stop and answers at once.
pub(crate) async fn shutdown(session: &Session, drain_seconds: Option<u32>, change: &Change) -> Reply<()> {
    let operator = session.change(change)?;
    if drain_seconds.is_some_and(|seconds| seconds > MAX_DRAIN) {
        return Err(refuse::invalid(format!("attempts under way get at most {MAX_DRAIN} seconds")));
    }
    if operator.dry_run {
        return Ok(());
    }
    operator.note("daemon.shutdown", "notifyd").await?;
    (operator.room.deps.stop)(drain_seconds.map(|seconds| Duration::from_secs(seconds.into())));
    Ok(())
}

/// Reads the configuration again.
pub(crate) async fn reload(session: &Session, change: &Change) -> Reply<ReloadView> {
    let operator = session.change(change)?;
    if operator.dry_run {
        return Err(refuse::invalid("a reload has no dry run")
            .hint("notifyd --check reads the file and changes nothing"));
    }
    operator.note("daemon.reload", "notifyd").await?;
    let reloaded = operator.room.deps.reload.reload().await;
    reloaded.map_err(|reason| refuse::invalid(format!("{reason}; nothing was changed")))
}
