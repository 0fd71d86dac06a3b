//! `notifyctl notification wait`.

use super::super::Desk;
use super::ids;
use crate::clock;
use crate::conn::Link;
use crate::failure::{Ended, Exit, Failure};
use clap::{Args, ValueEnum};
use notify_proto::{NotificationId, Status};
use std::time::Duration;

/// Longest time one call waits, seconds; the daemon allows 60.
const TURN: u64 = 30;

/// How long to wait when nothing is said.
const PATIENCE: Duration = Duration::from_mins(1);

/// Between two calls when the first was answered early.
const PAUSE: Duration = Duration::from_millis(250);

/// What to wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Goal {
    /// A provider took it.
    Delivered,
    /// Delivered, failed or cancelled.
    Final,
}

/// A wait.
#[derive(Debug, Args)]
#[command(
    after_help = "--timeout says how long to wait in all [default: 60s]. Exit code 8: waited in vain, or it ended otherwise.

Examples:
  notifyctl ntf wait 0197a6c2-5b1e-7cc0-8000-0123456789ab --for delivered --timeout 90s
  notifyctl ntf list --status queued --service acme --all -o id | notifyctl ntf wait - --for final"
)]
pub struct Wait {
    /// Their ids, or - for standard input: one per line, or JSON Lines with an id
    #[arg(value_name = "ID", required = true)]
    ids: Vec<String>,
    /// What to wait for
    #[arg(long = "for", value_enum, value_name = "STATE", default_value = "final")]
    goal: Goal,
}

impl Wait {
    pub(crate) async fn run(self, desk: &Desk<'_>) -> Ended {
        let ids = ids::read(&self.ids)?;
        let link = desk.link_to_wait().await?;
        until(desk, &link, &ids, self.goal).await
    }
}

/// Waits for all of them, shows where they stand, and says by the exit code whether the goal was reached.
pub(super) async fn until(desk: &Desk<'_>, link: &Link, ids: &[NotificationId], goal: Goal) -> Ended {
    let start = clock::start();
    let patience = desk.globals.timeout.unwrap_or(PATIENCE);
    let mut listing = desk.out.list("notification.wait")?;
    let mut in_vain = Vec::new();
    for id in ids {
        let view = loop {
            let asked = start.elapsed();
            let left = patience.saturating_sub(asked);
            // Rounded up, so that the last call does not spin.
            let turn = left.as_secs() + u64::from(left.subsec_nanos() > 0);
            let turn = u32::try_from(turn.min(TURN)).unwrap_or(0);
            let context = link.within_and(Duration::from_secs(turn.into()));
            let view = link.read(link.client.notification_wait(context, *id, turn)).await?.notification;
            let ended = view.status.known().is_some_and(Status::is_final);
            let waited = start.elapsed();
            if ended || waited >= patience {
                break view;
            }
            // A daemon that answers early, as when it is stopping, is not asked without a pause.
            if waited + PAUSE < asked + Duration::from_secs(turn.into()) {
                tokio::time::sleep(PAUSE).await;
            }
        };
        let reached = match goal {
            Goal::Delivered => view.status.known() == Some(Status::Delivered),
            Goal::Final => view.status.known().is_some_and(Status::is_final),
        };
        if !reached {
            let why = view.failure_reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
            in_vain.push(format!("{id} is {}{why}", view.status));
        }
        listing.page(&[view])?;
    }
    listing.close(None, None)?;
    if in_vain.is_empty() {
        return Ok(Exit::Done);
    }
    Err(Failure::new(Exit::InVain, format!("waited in vain: {}", in_vain.join("; "))).into())
}
