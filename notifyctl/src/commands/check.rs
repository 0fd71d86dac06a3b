//! `notifyctl check`: one line and an exit code, for whatever watches the machine.

use super::{Desk, stats};
use crate::cli::Format;
use crate::failure::{Ended, Exit, Failure};
use crate::output::Out;
use crate::{clock, given};
use clap::Args;
use notify_proto::overview::Overview;
use notify_proto::{Severity, Timestamp};
use serde_json::json;
use std::time::Duration;

/// Tries below which the share of acknowledgements says nothing.
const MIN_TRIES: u64 = 20;

/// What is looked at.
#[derive(Debug, Args)]
#[command(
    after_help = "Without any of its flags it goes by what the daemon says needs attention, see [attention] in notifyd.toml(5).
Its exit codes are those of monitoring plug-ins and not those of the other commands: 0 all is well, 1 warning, 2 critical,
3 unknown, as when the daemon does not answer or a flag is wrong. After a | on the line come figures for charts.

Examples:
  notifyctl check
  notifyctl check --queue-age 60s --dead 100 --ack-rate 90 --circuit"
)]
pub struct Check {
    /// Warn when the oldest of a queue waits longer
    #[arg(long, value_name = "DUR", value_parser = given::span)]
    queue_age: Option<Duration>,
    /// Warn when more dead letters came in an hour
    #[arg(long, value_name = "N", value_parser = given::whole(0_u64..))]
    dead: Option<u64>,
    /// Warn when a webhook takes less than so many percent of what it is told, of 20 tries or more in five minutes
    #[arg(long, value_name = "PERCENT", value_parser = given::whole(0_u32..=100))]
    ack_rate: Option<u32>,
    /// Critical when a circuit is open, a warning when it is half open
    #[arg(long)]
    circuit: bool,
}

/// What was found, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Ok,
    Warning,
    Critical,
    Unknown,
}

impl State {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Critical => "critical",
            Self::Unknown => "unknown",
        }
    }

    /// The exit code of a plug-in, by the number of one of ours.
    const fn exit(self) -> Exit {
        match self {
            Self::Ok => Exit::Done,
            Self::Warning => Exit::Refused,
            Self::Critical => Exit::Usage,
            Self::Unknown => Exit::NotFound,
        }
    }
}

impl Check {
    pub(crate) async fn run(self, desk: &Desk<'_>) -> Ended {
        let (state, problems, figures) = match stats::look(desk).await {
            Ok(view) => {
                let problems = self.problems(&view, clock::now());
                let worst = problems.iter().map(|(state, _)| *state).max().unwrap_or(State::Ok);
                (worst, problems, figures(&view))
            }
            Err(Failure { message, .. }) => (State::Unknown, vec![(State::Unknown, message)], Vec::new()),
        };
        tell(desk.out, state, &problems, &figures)
    }

    fn problems(&self, view: &Overview, now: Timestamp) -> Vec<(State, String)> {
        let Self { queue_age, dead, ack_rate, circuit } = self;
        if queue_age.is_none() && dead.is_none() && ack_rate.is_none() && !circuit {
            return told(view);
        }
        let mut all = Vec::new();
        for provider in view.providers.iter().filter(|it| *circuit && it.active) {
            let state = match provider.circuit.as_str() {
                "open" => State::Critical,
                "half_open" => State::Warning,
                _ => continue,
            };
            let word = provider.circuit.replace('_', "-");
            all.push((state, format!("the circuit of {} is {word}", provider.name)));
        }
        for queue in &view.queues {
            let age = queue.oldest_at.filter(|_| queue.ready > 0).and_then(|at| (now - at).to_std().ok());
            if let Some(limit) = queue_age
                && let Some(age) = age.filter(|age| age > limit)
            {
                let what = format!("the oldest of queue {} waits for {} s", queue.name, age.as_secs());
                all.push((State::Warning, what));
            }
        }
        if let Some(limit) = dead.filter(|limit| view.counters.dead_1h > *limit) {
            let count = view.counters.dead_1h;
            all.push((State::Warning, format!("{count} dead letters in an hour, more than {limit}")));
        }
        for webhook in view.webhooks.iter().filter(|it| it.tries >= MIN_TRIES && it.state != "off") {
            let percent = webhook.ack_share.unwrap_or(1.0) * 100.0;
            if ack_rate.is_some_and(|limit| percent < f64::from(limit)) {
                let what = format!("webhook {} of {} takes {percent:.1} %", webhook.id, webhook.service);
                all.push((State::Warning, what));
            }
        }
        all
    }
}

/// A look that could not be had because the command line is wrong: whatever watches takes 2 for critical.
pub(crate) fn unknown(out: &Out, message: &str) -> Ended {
    tell(out, State::Unknown, &[(State::Unknown, message.to_owned())], &[])
}

/// One line, or one document.
fn tell(out: &Out, state: State, problems: &[(State, String)], figures: &[(&'static str, u64)]) -> Ended {
    let said: Vec<_> = problems.iter().map(|(_, said)| said.as_str()).collect();
    if matches!(out.format, Format::Json | Format::Jsonl) {
        let figures: serde_json::Map<_, _> =
            figures.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        let found = json!({"state": state.as_str(), "exit": state.exit() as u8, "problems": said, "figures": figures});
        out.document("check", found)?;
    } else {
        let all = if said.is_empty() { "nothing needs attention".to_owned() } else { said.join("; ") };
        let figures: Vec<_> = figures.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let bar = if figures.is_empty() { String::new() } else { format!(" | {}", figures.join(" ")) };
        // The bar parts the figures off, so it must not stand in the text.
        let all = all.replace('|', "/");
        out.lines(&format!("NOTIFYD {} - {all}{bar}", state.as_str().to_uppercase()))?;
    }
    Ok(state.exit())
}

/// What the daemon says needs attention; what is only good to know is no problem.
fn told(view: &Overview) -> Vec<(State, String)> {
    let state = |severity| match severity {
        Some(Severity::Critical) => Some(State::Critical),
        Some(Severity::Info) => None,
        // What a newer daemon says otherwise is worth a look.
        Some(Severity::Warning) | None => Some(State::Warning),
    };
    let one = |it: &notify_proto::overview::Alert| {
        Some((state(it.severity.known())?, format!("{} {}: {}", it.object, it.name, it.fact)))
    };
    view.attention.iter().filter_map(one).collect()
}

/// For charts.
fn figures(view: &Overview) -> Vec<(&'static str, u64)> {
    let of = |word: &str| view.by_status.get(word).copied().unwrap_or_default();
    vec![
        ("ready", of("queued")),
        ("retrying", of("retrying")),
        ("dead", of("failed")),
        ("dead_1h", view.counters.dead_1h),
        ("busy", view.counters.busy.into()),
        ("webhooks_owed", view.counters.webhooks_owed),
    ]
}
