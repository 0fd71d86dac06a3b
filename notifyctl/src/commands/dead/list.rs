//! `notifyctl dead list`.

use super::super::Desk;
use super::super::notification::list::{Common, Order, Pages, Walked, say_rest, walk};
use super::only;
use crate::failure::{Ended, Exit};
use crate::output::rows::Dead;
use clap::Args;
use notify_proto::control::ListRequest;

/// A list.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  notifyctl dead list --service acme --since 24h
  notifyctl dead list --filter 'fault:1f6c09ab' --all -o id | notifyctl dead retry -
  notifyctl dead list --filter 'reason:exhausted provider:relay' -o wide")]
pub struct List {
    #[command(flatten)]
    terms: Common,
    #[command(flatten)]
    pages: Pages,
}

impl List {
    pub(super) async fn run(self, desk: &Desk<'_>) -> Ended {
        let (left, counted) = (self.pages.left(), self.pages.counted());
        let link = desk.link().await?;
        let mut listing = desk.out.list("dead.list")?;
        let Pages { after, reveal, .. } = self.pages;
        let filter = only(self.terms.filter());
        let first = ListRequest { filter, cursor: after, reveal, ..ListRequest::default() };
        let walked = walk(&link, Order::Newest, first, left, |page| {
            Ok(listing.page(&page.items.iter().cloned().map(Dead).collect::<Vec<_>>())?)
        })
        .await?;
        let Walked { cursor, total, .. } = &walked;
        listing.close(cursor.as_deref(), *total)?;
        say_rest(desk, &walked, counted, "no dead letter matches");
        Ok(Exit::Done)
    }
}
