//! `notifyctl dead`: dead letters, the notifications that were given up.

mod group;
mod list;

use super::Desk;
use super::bulk::Consent;
use super::notification::{change, export, show};
use crate::failure::Ended;
use crate::given;
use clap::{Args, Subcommand};
use notify_proto::bulk::Again;
use notify_proto::filter::{Field, Filter};

pub(crate) const EXAMPLES: &str = "Examples:
  notifyctl dead list --since 1h
  notifyctl dead group
  notifyctl dead retry --filter 'fault:1f6c09ab' --expect 812 --yes
  notifyctl dead discard --filter 'reason:invalid_recipient' --dry-run";

const RETRY_HELP: &str =
    "With --filter, only dead letters are started again, and only those that had died when it was
asked for. It goes on in the daemon, also after a restart; notifyctl operation list shows how far it has come.

Examples:
  notifyctl dead retry 0197a6c2-5b1e-7cc0-8000-0123456789ab
  notifyctl dead retry --filter 'provider:relay since:2h' --dry-run
  notifyctl dead retry --filter 'fault:1f6c09ab' --rate 20/s --expect '812~5%' --yes
  notifyctl dead list --all -o id | notifyctl dead retry - --rate 20/s";

const DISCARD_HELP: &str =
    "What is discarded is gone, with its attempts and its story. How many it will be is typed, or
given with --confirm, with --limit no more than that; a dry run counts them.

Examples:
  notifyctl dead discard --filter 'reason:invalid_recipient since:7d' --dry-run
  notifyctl dead discard --filter 'reason:invalid_recipient since:7d' --confirm 4218
  notifyctl dead discard 0197a6c2-5b1e-7cc0-8000-0123456789ab --confirm 1";

/// Dead letters.
#[derive(Debug, Subcommand)]
pub enum Dead {
    /// List dead letters, newest first
    List(list::List),
    /// Show dead letters with their attempts and story
    #[command(after_help = "Examples:\n  notifyctl dead show 0197a6c2-5b1e-7cc0-8000-0123456789ab")]
    Show(show::Show),
    /// Group dead letters by what is wrong with them, the largest groups first
    Group(group::Group),
    /// Start dead letters again, with a fresh budget of retries
    #[command(after_help = RETRY_HELP)]
    Retry(change::Which),
    /// Remove dead letters from the log for good
    #[command(after_help = DISCARD_HELP)]
    Discard(Discard),
    /// Write all dead letters that match to a file or standard output
    Export(export::DeadExport),
}

/// What to remove.
#[derive(Debug, Args)]
pub struct Discard {
    #[command(flatten)]
    which: change::Which,
    /// How many it will be, instead of being asked for it
    #[arg(long, value_name = "COUNT", value_parser = given::whole(0_u64..))]
    confirm: Option<u64>,
}

impl Dead {
    pub(crate) async fn run(self, desk: &Desk<'_>) -> Ended {
        match self {
            Self::List(list) => list.run(desk).await,
            Self::Show(show) => show.dead(desk).await,
            Self::Group(group) => group.run(desk).await,
            Self::Retry(which) => {
                let verb = change::Verb::Retry(Again::default());
                which.dead().run_as(desk, verb, "dead.retry", Consent::Yes).await
            }
            Self::Discard(it) => {
                let consent = Consent::Count(it.confirm);
                it.which.dead().run_as(desk, change::Verb::Discard, "dead.discard", consent).await
            }
            Self::Export(export) => export.run(desk).await,
        }
    }
}

/// Keeps to dead letters.
pub(super) fn only(mut filter: Filter) -> Filter {
    filter.and_any(Field::Status, vec![notify_proto::Status::Failed.to_string()]);
    filter
}
