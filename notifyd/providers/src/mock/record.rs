//! The mock's notebook: one JSON line per call, written before the answer. A test that kills the daemon counts here
//! what really went out. `O_APPEND` and one write per line keep the lines of several daemons apart; there is no
//! fsync, because the file has to survive the death of a process, not of the machine.

use crate::Call;
use crate::config::ConfigError;
use crate::kind::BuildContext;
use notify_proto::{Channel, NotificationId};
use notifyd_lifecycle::Clock;
use serde::Serialize;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

pub(super) struct Record {
    file: Mutex<File>,
    clock: Arc<dyn Clock>,
}

#[derive(Serialize)]
struct Line<'a> {
    notification: NotificationId,
    attempt: u32,
    channel: Channel,
    to: &'a [String],
    /// Microseconds since 1970.
    at_us: i64,
}

impl Record {
    pub(super) fn open(path: &Path, context: &BuildContext) -> Result<Self, ConfigError> {
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path).map_err(|error| {
            ConfigError::invalid("record_file", format!("cannot be opened: {error}"), "name a writable file")
        })?;
        Ok(Self { file: Mutex::new(file), clock: Arc::clone(&context.clock) })
    }

    pub(super) fn note(&self, call: &Call<'_>) -> io::Result<()> {
        let line = Line {
            notification: call.notification,
            attempt: call.attempt,
            channel: call.channel,
            to: call.to,
            at_us: self.clock.now().timestamp_micros(),
        };
        let mut bytes = serde_json::to_vec(&line)?;
        bytes.push(b'\n');
        self.file.lock().unwrap_or_else(PoisonError::into_inner).write_all(&bytes)
    }
}
