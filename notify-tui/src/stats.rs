//! What a frame and a question cost, one line of JSON each, for whoever measures: `NOTIFY_TUI_STATS=FILE`.

use crate::message::{Moment, Msg, Slot};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write as _};
use std::time::{Duration, Instant};

/// The variable that names the file.
const VARIABLE: &str = "NOTIFY_TUI_STATS";

/// Where it is written, if anywhere.
pub(crate) struct Stats {
    file: Option<File>,
    start: Instant,
    /// Bytes that had come when the last answer was told.
    received: u64,
    /// Bytes that had gone to the terminal when the last frame was told.
    written: u64,
    /// What is asked in each slot.
    asked: BTreeMap<Slot, &'static str>,
    /// When the first key came that no frame has shown yet.
    key: Option<Instant>,
}

impl Stats {
    /// As the environment says; the file is made, or added to.
    pub(crate) fn open(now: Moment) -> io::Result<Self> {
        let name = std::env::var_os(VARIABLE).filter(|name| !name.is_empty());
        let file = name.map(|name| {
            let opened = File::options().append(true).create(true).open(&name);
            opened.map_err(|error| io::Error::other(format!("{VARIABLE}: {}: {error}", name.display())))
        });
        let file = file.transpose()?;
        Ok(Self { file, start: now.instant, received: 0, written: 0, asked: BTreeMap::new(), key: None })
    }

    /// A question goes out.
    pub(crate) fn asks(&mut self, slot: Slot, word: &'static str) {
        if self.file.is_some() {
            self.asked.insert(slot, word);
        }
    }

    /// Something happened.
    pub(crate) fn heard(&mut self, msg: &Msg, received: u64, now: Moment) {
        match msg {
            Msg::Key(_) => {
                self.key.get_or_insert(now.instant);
            }
            Msg::Answered(slot, _, answer, took) => {
                let came = received.saturating_sub(self.received);
                self.received = received;
                let ask = self.asked.get(slot).copied().unwrap_or("unknown");
                self.write(now, || {
                    serde_json::json!({
                        "ask": ask, "ok": answer.is_ok(), "rtt_us": micros(*took), "received": came,
                        "received_total": received,
                    })
                });
            }
            _ => {}
        }
    }

    /// A frame was painted, which took so long; so many bytes went to the terminal so far.
    pub(crate) fn drew(&mut self, view: &str, took: Duration, written: u64, now: Moment) {
        let bytes = written.saturating_sub(self.written);
        self.written = written;
        let key = self.key.take().map(|since| micros(now.instant.saturating_duration_since(since)));
        self.write(now, || {
            serde_json::json!({
                "view": view, "draw_us": micros(took), "bytes": bytes, "written_total": written, "key_us": key,
            })
        });
    }

    fn write(&mut self, now: Moment, line: impl FnOnce() -> serde_json::Value) {
        let Some(file) = &mut self.file else { return };
        let mut line = line();
        line["at_us"] = micros(now.instant.saturating_duration_since(self.start)).into();
        // Who measures finds lines missing; the screen goes on.
        let _ = writeln!(file, "{line}");
    }
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}
