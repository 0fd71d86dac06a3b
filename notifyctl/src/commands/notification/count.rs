//! `notifyctl notification count`.

use super::super::Desk;
use super::list::Terms;
use crate::cli::Format;
use crate::failure::{Ended, Exit};
use crate::output::rows;
use clap::{Args, ValueEnum};
use serde_json::json;

/// What to count by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum By {
    /// The status.
    Status,
}

/// A count.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  notifyctl ntf count --status failed --since 24h
  notifyctl ntf count --by status --service acme
  notifyctl ntf count --json | jq .by_status.queued")]
pub struct Count {
    #[command(flatten)]
    terms: Terms,
    /// One line for each
    #[arg(long, value_enum, value_name = "WHAT")]
    by: Option<By>,
}

impl Count {
    pub(crate) async fn run(self, desk: &Desk<'_>) -> Ended {
        let link = desk.link().await?;
        let call = link.client.notification_count(link.within(), self.terms.filter());
        let by_status = link.read(call).await?;
        let total: u64 = by_status.values().sum();
        if matches!(desk.out.format, Format::Json | Format::Jsonl) {
            desk.out.document("notification.count", json!({"total": total, "by_status": by_status}))?;
        } else if self.by.is_none() {
            desk.out.raw(&format!("{total}\n"))?;
        } else {
            let counts: Vec<_> =
                by_status.into_iter().map(|(name, count)| rows::Count { name, count }).collect();
            let mut listing = desk.out.list("notification.count")?;
            listing.page(&counts)?;
            listing.close(None, None)?;
        }
        Ok(Exit::Done)
    }
}
