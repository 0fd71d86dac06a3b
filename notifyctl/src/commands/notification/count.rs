//! `notifyctl notification count`.

use super::super::Desk;
use super::list::Terms;
use crate::cli::Format;
use crate::conn::Link;
use crate::failure::{Ended, Exit};
use crate::output::rows;
use clap::{Args, ValueEnum};
use notify_proto::upkeep::grouped;
use notify_proto::values::MAX_VALUES;
use serde_json::json;

/// What to count by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum By {
    /// The status, over all that match.
    Status,
    /// The channel, like all that follow among the newest 10,000.
    Channel,
    /// The priority.
    Priority,
    /// The service.
    Service,
    /// The provider of the last attempt.
    Provider,
    /// Why it was given up.
    Reason,
    /// The caller's own event type.
    Type,
    /// The caller's own tenant.
    Tenant,
}

impl By {
    /// Its name in filters.
    const fn field(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Channel => "channel",
            Self::Priority => "priority",
            Self::Service => "service",
            Self::Provider => "provider",
            Self::Reason => "reason",
            Self::Type => "type",
            Self::Tenant => "tenant",
        }
    }
}

/// A count.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  notifyctl ntf count --status failed --since 24h
  notifyctl ntf count --by status --service acme
  notifyctl ntf count --by type --since 1h
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
        if let Some(by) = self.by.filter(|by| !matches!(by, By::Status)) {
            return self.newest(desk, &link, by).await;
        }
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

    /// By a field that is counted among the newest alone.
    async fn newest(self, desk: &Desk<'_>, link: &Link, by: By) -> Ended {
        let found = link.read(link.client.notification_values(link.within(), self.terms.filter())).await?;
        let counts = found.values.get(by.field()).map(Vec::as_slice).unwrap_or_default();
        let counts: Vec<_> =
            counts.iter().map(|it| rows::Count { name: it.value.clone(), count: it.count }).collect();
        let mut listing = desk.out.list("notification.values")?;
        listing.page(&counts)?;
        listing.close(None, None)?;
        if counts.len() == MAX_VALUES {
            desk.out.note(&format!("only the {MAX_VALUES} most frequent are told"));
        }
        if found.partial {
            let scanned = grouped(found.scanned);
            desk.out.note(&format!("only the newest {scanned} were looked at; there are older ones"));
        }
        Ok(Exit::Done)
    }
}
