//! How far long work has got: one line that redraws itself, on standard error and only for somebody who looks at it.

use super::Out;
use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use std::fmt::Write;
use std::sync::OnceLock;
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
    /// Where it was when it was first looked at: what was done before says nothing about the pace.
    first: OnceLock<(u64, std::time::Instant)>,
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
            first: OnceLock::new(),
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
        let (from, since) = *self.first.get_or_init(|| (done, crate::clock::start()));
        if !self.visible || self.begun.elapsed() < AFTER {
            return;
        }
        self.bar.set_length(total);
        self.bar.set_position(done);
        if self.bar.is_hidden() {
            let line = format!("{{msg}} [{{bar:24}}] {{human_pos}} of {{human_len}} {}, {{pace}}", self.unit);
            if let Ok(style) = ProgressStyle::with_template(&line) {
                let pace = move |state: &ProgressState, to: &mut dyn Write| {
                    let left = state.len().unwrap_or(0).saturating_sub(state.pos());
                    let told = pace(state.pos().saturating_sub(from), since.elapsed(), left);
                    // What cannot be written is not shown.
                    let _ = to.write_str(&told);
                };
                self.bar.set_style(style.with_key("pace", pace).progress_chars("=> "));
            }
            self.bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(REDRAWS));
        }
    }
}

/// How fast it goes, so many being done in that time, and how long what is left takes then.
#[expect(clippy::cast_precision_loss, reason = "a pace to look at")]
fn pace(done: u64, took: Duration, left: u64) -> String {
    let rate = done as f64 / took.as_secs_f64().max(0.001);
    let eta = Duration::try_from_secs_f64(left as f64 / rate).ok().filter(|_| done > 0);
    let eta = eta.map_or_else(|| "--".to_owned(), |eta| format!("{:#}", HumanDuration(eta)));
    format!("{rate:.0}/s, ETA {eta}")
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_is_that_of_what_was_seen() {
        assert_eq!(pace(10, Duration::from_secs(2), 45), "5/s, ETA 9s");
        assert_eq!(pace(0, Duration::from_secs(2), 45), "0/s, ETA --");
        assert_eq!(pace(0, Duration::ZERO, 0), "0/s, ETA --");
    }
}
