//! How far long work has got: one line that redraws itself, on standard error and only for somebody who looks at it.

use super::Out;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use std::fmt::Write;
use std::time::Duration;

/// What ends sooner needs no line.
const AFTER: Duration = Duration::from_millis(500);

/// Redraws a second.
const REDRAWS: u8 = 4;

/// The line; it goes away when this is dropped.
pub(crate) struct Progress {
    bar: ProgressBar,
    unit: String,
    visible: bool,
    begun: std::time::Instant,
}

impl Out {
    /// A line for work counted in this unit; none off a terminal or when it shall be quiet.
    pub(crate) fn progress(&self, what: &str, unit: &str) -> Progress {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        bar.set_message(super::text::clean(what));
        Progress {
            bar,
            unit: super::text::clean(unit),
            visible: self.terminal.stderr && self.for_people() && !self.quiet,
            begun: crate::clock::start(),
        }
    }
}

impl Progress {
    /// Whether there is a line, now or soon.
    pub(crate) fn is_shown(&self) -> bool {
        self.visible
    }

    /// So far it has got.
    pub(crate) fn at(&self, done: u64, total: u64) {
        if !self.visible || self.begun.elapsed() < AFTER {
            return;
        }
        self.bar.set_length(total);
        self.bar.set_position(done);
        if self.bar.is_hidden() {
            let line = format!(
                "{{msg}} [{{bar:24}}] {{human_pos}} of {{human_len}} {}, {{rate}}/s, ETA {{eta}}",
                self.unit
            );
            if let Ok(style) = ProgressStyle::with_template(&line) {
                let rate = |state: &ProgressState, to: &mut dyn Write| {
                    // What cannot be written is not shown.
                    let _ = write!(to, "{:.0}", state.per_sec());
                };
                self.bar.set_style(style.with_key("rate", rate).progress_chars("=> "));
            }
            self.bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(REDRAWS));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
