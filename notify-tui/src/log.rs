//! The log of the program itself, `$XDG_STATE_HOME/notify/tui.log`. The screen is never written to; what is in here is what
//! a report of a fault needs: starts, ends, the connection, refusals, panics. No recipients, no bodies.

use std::path::PathBuf;
use tracing_appender::non_blocking::WorkerGuard;

/// A log of this size is put aside at the start, for one more time.
const LARGE: u64 = 1 << 20;

/// Writes from now on, until the guard is dropped. None when there is no place for it.
pub(crate) fn start(variable: &dyn Fn(&str) -> Option<String>) -> Option<WorkerGuard> {
    let set = |name| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = set("XDG_STATE_HOME").or_else(|| Some(set("HOME")?.join(".local/state")))?;
    let directory = state.join("notify");
    std::fs::create_dir_all(&directory).ok()?;
    let file = directory.join("tui.log");
    if std::fs::metadata(&file).is_ok_and(|file| file.len() > LARGE) {
        std::fs::rename(&file, directory.join("tui.log.old")).ok()?;
    }
    let file = tracing_appender::rolling::RollingFileAppender::builder()
        .rotation(tracing_appender::rolling::Rotation::NEVER)
        .filename_prefix("tui.log")
        .build(directory)
        .ok()?;
    let (writer, guard) = tracing_appender::non_blocking(file);
    let lines = tracing_subscriber::fmt().with_writer(writer).with_ansi(false).with_target(false);
    lines.with_max_level(tracing::Level::INFO).try_init().ok()?;
    Some(guard)
}
