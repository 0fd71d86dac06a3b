//! `notifyctl dead group`: thousands of dead letters are a few faults.

use super::super::Desk;
use super::super::notification::list::Common;
use crate::failure::{Ended, Exit};
use crate::output::Total;
use clap::Args;
use notify_proto::upkeep::grouped;

/// Groups.
#[derive(Debug, Args)]
#[command(
    after_help = "One fault is why they were given up, the provider of the last attempt, and the error without numbers, ids,
addresses and quoted texts. FAULT is its fingerprint: the filter fault:FAULT finds them again. The newest 100,000 dead
letters are looked at, and the 100 largest groups are told.

Examples:
  notifyctl dead group --since 24h
  notifyctl dead group -o json | jq -r '.items[0].fault'
  notifyctl dead retry --filter fault:1f6c09ab --yes"
)]
pub struct Group {
    #[command(flatten)]
    terms: Common,
}

impl Group {
    pub(super) async fn run(self, desk: &Desk<'_>) -> Ended {
        let link = desk.link().await?;
        let found = link.read(link.client.dead_group(link.within(), self.terms.filter())).await?;
        let mut listing = desk.out.list("dead.group")?;
        listing.page(&found.groups)?;
        let value = found.groups.len() as u64;
        listing.close(None, Some(Total { value, exact: !found.partial && found.elsewhere == 0 }))?;
        if found.elsewhere > 0 {
            desk.out.note(&format!(
                "{} more are in groups not shown; narrow the filter",
                grouped(found.elsewhere)
            ));
        }
        if found.partial {
            let scanned = grouped(found.scanned);
            desk.out.note(&format!(
                "only the newest {scanned} dead letters were looked at; there are older ones"
            ));
        }
        match found.groups.first() {
            Some(first) => {
                desk.out.advise(&format!("next: notifyctl dead list --filter fault:{}", first.fault));
            }
            None => desk.out.advise("no dead letter matches"),
        }
        Ok(Exit::Done)
    }
}
