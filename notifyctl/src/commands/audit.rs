//! `notifyctl audit`: who changed what and why.

use super::Desk;
use crate::failure::{Ended, Exit};
use crate::given;
use crate::output::Rows;
use clap::{Args, Subcommand};
use notify_proto::Timestamp;
use notify_proto::audit::{AuditRequest, MAX_ROWS};

pub(crate) const EXAMPLES: &str = "Examples:
  notifyctl audit list --since 24h
  notifyctl audit list --verb 'queue.*' --actor ada";

/// The audit log.
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// List who changed what and why, newest first
    #[command(
        after_help = "Every change through the socket is in it, and what services change of their webhooks.

Examples:
  notifyctl audit list --since 24h
  notifyctl audit list --verb notification.reveal --all -o jsonl
  notifyctl audit list --actor ada --verb 'provider.*'"
    )]
    List(List),
}

/// Which.
#[derive(Debug, Args)]
pub struct List {
    /// Since then: a span back from now, an RFC 3339 time, or HH:MM today
    #[arg(long, value_name = "TIME", value_parser = given::back)]
    since: Option<Timestamp>,
    /// Those of whoever begins so, such as a user's name
    #[arg(long, value_name = "TEXT")]
    actor: Option<String>,
    /// Those of this verb, or of all that begin so with a * at the end
    #[arg(long, value_name = "VERB")]
    verb: Option<String>,
    #[command(flatten)]
    rows: Rows,
    /// How many [default: 50]
    #[arg(long, value_name = "N", value_parser = given::whole(1_u32..))]
    limit: Option<u32>,
    /// All there are
    #[arg(long, conflicts_with = "limit")]
    all: bool,
    /// From there on, as a list before has said
    #[arg(long, value_name = "CURSOR")]
    after: Option<String>,
}

impl Audit {
    pub(crate) async fn run(self, desk: &Desk<'_>) -> Ended {
        let Self::List(list) = self;
        list.run(desk).await
    }
}

impl List {
    async fn run(self, desk: &Desk<'_>) -> Ended {
        let link = desk.link().await?;
        let mut listing = desk.out.list("audit.list")?;
        let mut left = if self.all { u32::MAX } else { self.limit.unwrap_or(given::ROWS) };
        let mut after = self.after;
        let partial = loop {
            let request = AuditRequest {
                since: self.since,
                actor: self.actor.clone(),
                verb: self.verb.clone(),
                after: after.take(),
                limit: left.min(MAX_ROWS),
            };
            let page = link.read(link.client.audit_list(link.within(), request)).await?;
            let items = self.rows.of(desk.out, page.items)?;
            listing.page(&items)?;
            left = left.saturating_sub(u32::try_from(items.len()).unwrap_or(u32::MAX));
            after = page.next;
            if after.is_none() || left == 0 || (page.partial && !self.all) {
                break page.partial;
            }
        };
        listing.close(after.as_deref(), None)?;
        if let Some(after) = &after {
            let why = if partial { "100,000 rows were looked at" } else { "there are more" };
            desk.out.more(self.limit.is_some(), &format!("{why}; go on with --after {after}"));
        }
        Ok(Exit::Done)
    }
}
