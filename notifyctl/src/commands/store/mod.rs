//! `notifyctl store`.

mod backup;
mod prune;
mod stats;

use super::Desk;
use super::operation::follow::{Interrupts, Stay, begin, finish};
use crate::failure::{Ended, Exit};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

pub(crate) const EXAMPLES: &str = "Examples:
  notifyctl store stats
  notifyctl store backup
  notifyctl store check && echo whole
  notifyctl store prune --older-than 90d --status delivered --dry-run";

/// The log: how large it is, copies of it, making it smaller.
#[derive(Debug, Subcommand)]
pub enum Store {
    /// Show how large the log is, what it lies on, and its backups
    #[command(
        after_help = "Examples:\n  notifyctl store stats\n  notifyctl store stats --json | jq .storage.disk_free_bytes"
    )]
    Stats,
    /// Copy the log to a file while everything goes on
    Backup(backup::Backup),
    /// Check every page, row and index of the log while everything goes on
    #[command(after_help = "Exit code 0: it is whole; 1: it is damaged. It takes room for a copy.

Examples:
  notifyctl store check
  notifyctl store check -q || page-somebody")]
    Check(Plain),
    /// Give the room that nothing uses back to the disk
    #[command(after_help = "Examples:\n  notifyctl store compact\n  notifyctl store compact --no-wait")]
    Compact(Plain),
    /// Remove final notifications of some age for good
    Prune(prune::Prune),
}

/// What only starts and ends.
#[derive(Debug, Args)]
pub struct Plain {
    #[command(flatten)]
    stay: Stay,
}

impl Store {
    pub(crate) async fn run(self, desk: &Desk<'_>) -> Ended {
        match self {
            Self::Stats => stats::run(desk).await,
            Self::Backup(backup) => backup.run(desk).await,
            Self::Check(it) => check(desk, it.stay).await,
            Self::Compact(it) => compact(desk, it.stay).await,
            Self::Prune(prune) => prune.run(desk).await,
        }
    }
}

async fn check(desk: &Desk<'_>, stay: Stay) -> Ended {
    let link = desk.link().await?;
    let mut interrupts = Interrupts::catch()?;
    let call = link.client.store_check(link.within(), desk.globals.change());
    let begun = begin(desk, &link, &mut interrupts, call).await?;
    let Some(begun) = begun.some() else { return dry(desk, "store.check", "the log would be checked") };
    finish(desk, &link, &mut interrupts, "store.check", begun, stay, |_| json!({"whole": true})).await
}

async fn compact(desk: &Desk<'_>, stay: Stay) -> Ended {
    let link = desk.link().await?;
    let mut interrupts = Interrupts::catch()?;
    let call = link.client.store_compact(link.within(), desk.globals.change());
    let begun = begin(desk, &link, &mut interrupts, call).await?;
    let Some(begun) = begun.some() else {
        return dry(desk, "store.compact", "unused room would be given back");
    };
    let members = |it: &notify_proto::upkeep::OperationView| json!({"bytes": it.bytes});
    finish(desk, &link, &mut interrupts, "store.compact", begun, stay, members).await
}

/// A dry run has nothing to follow.
fn dry(desk: &Desk<'_>, what: &str, sentence: &str) -> Ended {
    desk.out.did(what, &format!("dry run: {sentence}"), Value::Null)?;
    Ok(Exit::Done)
}
