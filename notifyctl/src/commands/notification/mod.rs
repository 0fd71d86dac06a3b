//! `notifyctl notification`.

mod batch;
pub(super) mod change;
mod count;
mod dup;
mod explain;
pub(super) mod export;
pub(super) mod ids;
pub(super) mod list;
mod pace;
mod raw;
mod send;
pub(super) mod show;
mod timeline;
mod wait;

use super::Desk;
use crate::failure::Ended;
use clap::Subcommand;

pub(crate) const EXAMPLES: &str = "Examples:
  notifyctl ntf send --service acme --channel sms --to +15005550006 --body hello
  notifyctl ntf list --status failed --since 1h
  notifyctl ntf list --status failed --all -o id | notifyctl ntf retry -";

/// Notifications.
#[derive(Debug, Subcommand)]
pub enum Notification {
    /// Send one on behalf of a service
    Send(send::Send),
    /// Send many on behalf of services: a file with a JSON object a line
    SendBatch(batch::SendBatch),
    /// Show notifications with their attempts and story
    Show(show::Show),
    /// List notifications, newest first
    List(list::List),
    /// What happened to one, in order: its story and its attempts
    #[command(after_help = timeline::TIMELINE_HELP)]
    Timeline(timeline::Which),
    /// The attempts of one
    #[command(after_help = timeline::ATTEMPTS_HELP)]
    Attempts(timeline::Which),
    /// All that is known of one, as JSON
    Raw(raw::Raw),
    /// Write all that match to a file or standard output
    Export(export::Export),
    /// Revoke what was not sent yet
    #[command(visible_alias = "revoke", after_help = change::CANCEL_HELP)]
    Cancel(change::Which),
    /// Try again what has ended or waits for a retry
    #[command(after_help = change::RETRY_HELP)]
    Retry(change::Retry),
    /// Give what waits a later time
    #[command(after_help = change::POSTPONE_HELP)]
    Postpone(change::Postpone),
    /// Give up what was not sent yet: to the dead letters
    #[command(after_help = change::BURY_HELP)]
    Bury(change::Bury),
    /// Say why notifications are where they are, and what they wait for
    Explain(explain::Explain),
    /// Say which one stands for equal requests, which are answered with it
    Dup(dup::Dup),
    /// Wait until notifications are final, or delivered
    Wait(wait::Wait),
    /// Count notifications
    Count(count::Count),
}

impl Notification {
    pub(crate) async fn run(self, desk: &Desk<'_>) -> Ended {
        match self {
            Self::Send(send) => send.run(desk).await,
            Self::SendBatch(batch) => batch.run(desk).await,
            Self::Raw(raw) => raw.run(desk).await,
            Self::Show(show) => show.run(desk).await,
            Self::List(list) => list.run(desk).await,
            Self::Timeline(which) => which.timeline(desk).await,
            Self::Attempts(which) => which.attempts(desk).await,
            Self::Export(export) => export.run(desk).await,
            Self::Cancel(which) => which.run(desk, change::Verb::Cancel).await,
            Self::Retry(retry) => retry.run(desk).await,
            Self::Postpone(postpone) => postpone.run(desk).await,
            Self::Bury(bury) => bury.run(desk).await,
            Self::Explain(explain) => explain.run(desk).await,
            Self::Dup(dup) => dup.run(desk).await,
            Self::Wait(wait) => wait.run(desk).await,
            Self::Count(count) => count.run(desk).await,
        }
    }
}
