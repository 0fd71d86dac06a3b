//! Logs: to stderr, and to rolling files when a directory is configured.

use crate::failure::Failure;
use crate::settings::{Log, LogFormat};
use std::io::IsTerminal;
use std::sync::Arc;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, reload};

/// Lines that may wait for a slow terminal or disk. Beyond, lines are dropped rather than deliveries held up.
const BUFFERED_LINES: usize = 65_536;

/// Keeps the writers alive; what is buffered is written when it is dropped.
pub struct Guard {
    _writers: Vec<WorkerGuard>,
}

/// Changes what is logged.
#[derive(Clone)]
pub struct LogFilter(Arc<dyn Fn(EnvFilter) -> Result<(), reload::Error> + Send + Sync>);

impl LogFilter {
    /// Logs by another filter from now on.
    pub fn set(&self, text: &str) -> Result<(), Failure> {
        (self.0)(filter(text)?)
            .map_err(|error| Failure::Bug(format!("the log filter cannot be changed: {error}")))
    }
}

/// The filter of a configuration. The spans of the control socket's calls are left out: what they change is a line of
/// its own.
pub fn filter(text: &str) -> Result<EnvFilter, Failure> {
    let wrong = |problem: String| {
        Failure::Configuration(format!("log.filter: `{text}`: {problem}; write info or info,target=debug"))
    };
    let levels = ["off", "error", "warn", "info", "debug", "trace"];
    let unknown = text.split(',').map(str::trim).find(|part| {
        // A word alone would be taken for the name of a target, and everything else be left out.
        !part.contains(['=', '[']) && !levels.contains(&part.to_ascii_lowercase().as_str())
    });
    if let Some(part) = unknown {
        return Err(wrong(format!("`{part}` is no level")));
    }
    let given = EnvFilter::try_new(text).map_err(|error| wrong(error.to_string()))?;
    let quiet = "tarpc=warn".parse();
    Ok(match quiet {
        Ok(quiet) if !text.contains("tarpc") => given.add_directive(quiet),
        _ => given,
    })
}

/// Sets the process up to log.
pub fn start(log: &Log) -> Result<(Guard, LogFilter), Failure> {
    let (stderr_filter, change_stderr) = reload::Layer::new(filter(&log.filter)?);
    let (file_filter, change_file) = reload::Layer::new(filter(&log.filter)?);
    let (stderr, guard) = NonBlockingBuilder::default()
        .buffered_lines_limit(BUFFERED_LINES)
        .thread_name("log-stderr")
        .finish(std::io::stderr());
    let mut writers = vec![guard];
    let terminal = std::io::stderr().is_terminal();
    let human = match log.format {
        LogFormat::Auto => terminal,
        LogFormat::Human => true,
        LogFormat::Json => false,
    };
    let colour = terminal && std::env::var_os("NO_COLOR").is_none_or(|it| it.is_empty());
    let layer = tracing_subscriber::fmt::layer().with_writer(stderr);
    let layer = if human {
        layer.with_ansi(colour).with_filter(stderr_filter).boxed()
    } else {
        layer
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(false)
            .with_filter(stderr_filter)
            .boxed()
    };
    let files = match &log.directory {
        None => None,
        Some(dir) => {
            // The appender would make it as well, but complain on stderr first that it is not there.
            let _ = std::fs::create_dir_all(dir);
            let appender = RollingFileAppender::builder()
                .rotation(Rotation::DAILY)
                .filename_prefix("notifyd")
                .filename_suffix("log")
                .max_log_files(log.keep_files.clamp(1, 365))
                .build(dir)
                .map_err(|error| {
                    Failure::Configuration(format!(
                        "log.directory: cannot write logs to {}: {error}",
                        dir.display()
                    ))
                })?;
            let (file, guard) = NonBlockingBuilder::default()
                .buffered_lines_limit(BUFFERED_LINES)
                .thread_name("log-file")
                .finish(appender);
            writers.push(guard);
            let layer = tracing_subscriber::fmt::layer().with_writer(file).json();
            Some(
                layer
                    .flatten_event(true)
                    .with_current_span(false)
                    .with_span_list(false)
                    .with_filter(file_filter),
            )
        }
    };
    let to_file = files.is_some();
    tracing_subscriber::registry()
        .with(layer)
        .with(files)
        .try_init()
        .map_err(|error| Failure::Bug(format!("logging was set up twice: {error}")))?;
    let change = move |filter: EnvFilter| {
        if to_file {
            change_file.reload(filter.clone())?;
        }
        change_stderr.reload(filter)
    };
    Ok((Guard { _writers: writers }, LogFilter(Arc::new(change))))
}
