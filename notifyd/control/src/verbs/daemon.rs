//! `notifyctl daemon`.

use crate::refuse;
use crate::session::Session;
use chrono::TimeDelta;
use notify_proto::control::Change;
use notify_proto::transport::Reply;
use notify_proto::upkeep::{ConfigView, LogFilterView, ReloadView};
use notify_proto::view::DaemonInfo;
use notify_proto::{ApiError, ErrorCode};
use std::time::Duration;

/// Longest time attempts under way may be given, seconds.
const MAX_DRAIN: u32 = 3_600;

/// Shortest and longest time of a log filter.
const MIN_LOG_FILTER: Duration = Duration::from_secs(1);
const MAX_LOG_FILTER: Duration = Duration::from_hours(24);

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
    let reload = &operator.room.deps.reload;
    let reloaded = if operator.dry_run {
        reload.check(None)
    } else {
        operator.note("daemon.reload", "notifyd").await?;
        reload.reload().await
    };
    reloaded.map_err(|reason| refuse::invalid(format!("{reason}; nothing was changed")))
}

/// The settings in force.
pub(crate) fn config(session: &Session) -> Reply<ConfigView> {
    let room = session.look()?;
    room.deps.reload.config().map_err(|problem| ApiError::new(ErrorCode::Failed, problem))
}

/// What a reload would do were this the configuration file.
pub(crate) fn config_check(session: &Session, text: &str) -> Reply<ReloadView> {
    let room = session.look()?;
    room.deps.reload.check(Some(text)).map_err(refuse::invalid)
}

/// Logs by another filter for a while.
pub(crate) async fn log_filter(
    session: &Session,
    filter: Option<String>,
    for_ms: u64,
    change: &Change,
) -> Reply<LogFilterView> {
    let operator = session.change(change)?;
    let room = operator.room;
    let lasts = Duration::from_millis(for_ms);
    if filter.is_some() && !(MIN_LOG_FILTER..=MAX_LOG_FILTER).contains(&lasts) {
        return Err(refuse::invalid("a log filter lasts 1 second to 24 hours"));
    }
    let reload = &room.deps.reload;
    let configured = reload.check_log_filter(filter.as_deref().unwrap_or("info")).map_err(refuse::invalid)?;
    let until = filter.as_ref().map(|_| room.now() + TimeDelta::milliseconds(for_ms.cast_signed()));
    let now = filter.clone().unwrap_or_else(|| configured.clone());
    let view = LogFilterView { filter: now, configured, until };
    if operator.dry_run {
        return Ok(view);
    }
    // Written before it is in force: what is logged from then on has its reason in the audit log.
    operator.note("daemon.log_filter", &view.filter).await?;
    reload.log_filter(filter.as_deref(), lasts).map_err(refuse::invalid)?;
    Ok(view)
}
