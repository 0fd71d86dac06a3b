//! `notifyctl store`: the log as a whole.

use crate::operations::{Broken, Kind};
use crate::session::Session;
use crate::{bound, refuse};
use chrono::TimeDelta;
use notify_proto::control::Change;
use notify_proto::transport::Reply;
use notify_proto::upkeep::{OperationView, PruneRequest, PruneView, StorageView, grouped, size};
use notify_proto::view::rfc3339;
use notify_proto::{ApiError, ErrorCode, Status, Timestamp};
use notifyd_store::StoreError;
use notifyd_store::operations::Outcome;
use notifyd_store::upkeep::Prune;
use std::path::PathBuf;
use std::sync::Arc;

/// Longest path of a file, bytes; what the system takes.
const MAX_PATH: usize = 4_095;

/// Least age of what is removed.
const MIN_AGE: TimeDelta = TimeDelta::seconds(1);

/// Problems of a damaged log that are told.
const SHOWN: usize = 3;

// The log is copied by one at a time; whoever makes it smaller takes turns, too.
const BACKUP: Kind = Kind { verb: "store.backup", unit: "pages", busy: "copy" };
const CHECK: Kind = Kind { verb: "store.check", unit: "pages", busy: "copy" };
const COMPACT: Kind = Kind { verb: "store.compact", unit: "pages", busy: "shrink" };
const PRUNE: Kind = Kind { verb: "store.prune", unit: "notifications", busy: "shrink" };

/// How large it is, and what it lies on.
pub(crate) async fn stats(session: &Session) -> Reply<StorageView> {
    let room = session.look()?;
    let mut storage = room.deps.upkeep.storage().await.map_err(refuse::log)?;
    storage.backups.truncate(bound::fitting(&storage.backups));
    Ok(storage)
}

/// Copies it.
pub(crate) async fn backup(
    session: &Session,
    path: Option<String>,
    change: &Change,
) -> Reply<Option<OperationView>> {
    let operator = session.change(change)?;
    let to = path.map(file).transpose()?;
    // Also told where nothing is to be written yet; whoever takes the name meanwhile is told by the operation.
    if let Some(to) = &to
        && tokio::fs::symlink_metadata(to).await.is_ok()
    {
        let name = to.display().to_string();
        return Err(refuse::log(StoreError::Exists { kind: "file", name }));
    }
    if operator.dry_run {
        return Ok(None);
    }
    let target = to.as_ref().map_or_else(|| "the usual place".to_owned(), |to| to.display().to_string());
    let upkeep = Arc::clone(&operator.room.deps.upkeep);
    let work = move |progress| async move {
        let made = upkeep.backup(to, progress).await?;
        let result = format!("backup of {} written to {}", size(made.bytes), made.path);
        let (path, bytes) = (Some(made.path), Some(made.bytes));
        Ok(Outcome { result: Some(result), path, bytes, ..Outcome::default() })
    };
    operator.start(BACKUP, target, work).await.map(Some)
}

fn file(path: String) -> Reply<PathBuf> {
    let named = PathBuf::from(&path).file_name().is_some() && !path.ends_with('/');
    if !named || path.len() > MAX_PATH || path.chars().any(char::is_control) {
        return Err(refuse::invalid("path: name a file, in one line, such as /var/backups/notifyd.db"));
    }
    Ok(path.into())
}

/// Checks all of it.
pub(crate) async fn check(session: &Session, change: &Change) -> Reply<Option<OperationView>> {
    let operator = session.change(change)?;
    if operator.dry_run {
        return Ok(None);
    }
    let upkeep = Arc::clone(&operator.room.deps.upkeep);
    let work = move |progress| async move {
        let problems = upkeep.check(progress).await?;
        if problems.is_empty() {
            return Ok(Outcome { result: Some("the log is whole".to_owned()), ..Outcome::default() });
        }
        Err(Broken::Failed(damaged(&problems)))
    };
    operator.start(CHECK, "the log".to_owned(), work).await.map(Some)
}

fn damaged(problems: &[String]) -> ApiError {
    let shown = problems.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join("; ");
    let more = problems.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    ApiError::new(ErrorCode::Failed, format!("the log is damaged: {shown}{more}"))
        .hint("stop notifyd and restore a backup: notifyd --restore FILE; notifyctl store stats lists them")
}

/// Gives back what nothing uses.
pub(crate) async fn compact(session: &Session, change: &Change) -> Reply<Option<OperationView>> {
    let operator = session.change(change)?;
    if operator.dry_run {
        return Ok(None);
    }
    let upkeep = Arc::clone(&operator.room.deps.upkeep);
    let work = move |progress| async move {
        let bytes = upkeep.compact(progress).await?;
        // A log that an older notifyd made may not give anything back: it is said, and not passed over.
        let unused = upkeep.storage().await?.unused_bytes;
        let result = format!("gave {} back; {} are unused now", size(bytes), size(unused));
        Ok(Outcome { result: Some(result), bytes: Some(bytes), ..Outcome::default() })
    };
    operator.start(COMPACT, "the log".to_owned(), work).await.map(Some)
}

/// Removes final notifications.
pub(crate) async fn prune(session: &Session, request: PruneRequest, change: &Change) -> Reply<PruneView> {
    let operator = session.change(change)?;
    let prune = final_ones(&request, operator.room.now())?;
    let upkeep = Arc::clone(&operator.room.deps.upkeep);
    let by_status = upkeep.prunable(prune.clone()).await.map_err(refuse::log)?;
    let count: u64 = by_status.values().sum();
    if let Some(expected) = request.expect
        && expected != count
    {
        let message = format!("{count} would be removed, not {expected}; nothing was removed");
        return Err(refuse::conflict(message));
    }
    if operator.dry_run || count == 0 {
        return Ok(PruneView { by_status, operation: None });
    }
    let statuses: Vec<_> = prune.statuses.iter().map(|status| status.as_str()).collect();
    let target = format!("{} before {}", statuses.join(","), rfc3339(prune.before));
    let work = move |progress| async move {
        let removed = upkeep.prune(prune, progress).await?;
        let noun = if removed == 1 { "notification" } else { "notifications" };
        let result = format!("removed {} {noun}", grouped(removed));
        Ok(Outcome { result: Some(result), removed: Some(removed), ..Outcome::default() })
    };
    Ok(PruneView { by_status, operation: Some(operator.start(PRUNE, target, work).await?) })
}

/// Refuses what would reach beyond final notifications.
fn final_ones(request: &PruneRequest, now: Timestamp) -> Reply<Prune> {
    const FINAL: &str = "delivered, failed and cancelled";
    if request.statuses.is_empty() {
        return Err(refuse::invalid(format!("status: name at least one of {FINAL}")));
    }
    let mut statuses = Vec::new();
    for status in &request.statuses {
        match status.known().filter(|status| Status::is_final(*status)) {
            Some(known) if statuses.contains(&known) => {}
            Some(known) => statuses.push(known),
            None => {
                let message =
                    format!("status: {status} is not final; only {FINAL} notifications can be removed");
                return Err(refuse::invalid(message));
            }
        }
    }
    if now - request.before < MIN_AGE {
        return Err(refuse::invalid("older_than: write at least 1s; what has just come to its end stays"));
    }
    Ok(Prune { before: request.before, statuses })
}
