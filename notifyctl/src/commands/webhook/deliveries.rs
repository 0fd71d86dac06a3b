//! `notifyctl webhook deliveries`.

use crate::commands::Desk;
use crate::failure::{Ended, Exit};
use crate::output::Total;
use crate::{clock, given};
use clap::Args;
use notify_proto::upkeep::grouped;
use notify_proto::webhook::DeliveryRequest;
use notify_proto::{Timestamp, WebhookEvent, WebhookId, WebhookStatus};

/// Rows of one call at most.
const PAGE: u64 = 200;

/// Some of them.
#[derive(Debug, Args)]
#[command(after_help = "What its endpoint answered is shown by notifyctl webhook delivery show.

Examples:
  notifyctl webhook deliveries 0197a6c2-5b1e-7cc0-8000-0123456789ab --status failed --since 1h
  notifyctl webhook deliveries 0197a6c2-5b1e-7cc0-8000-0123456789ab --status failed -o id | notifyctl webhook resend - --yes")]
pub struct Deliveries {
    /// The webhook
    #[arg(value_name = "ID", value_parser = given::webhook)]
    id: WebhookId,
    /// That stand there: pending, acknowledged, retrying or failed; may be repeated
    #[arg(long = "status", value_name = "STATUS", value_delimiter = ',')]
    statuses: Vec<WebhookStatus>,
    /// Of this event; may be repeated
    #[arg(long = "event", value_name = "EVENT", value_delimiter = ',', value_parser = given::event)]
    events: Vec<WebhookEvent>,
    /// Owed since then: a span back from now, an RFC 3339 time, or HH:MM today
    #[arg(long, value_name = "TIME", value_parser = given::back)]
    since: Option<Timestamp>,
    /// Owed before then
    #[arg(long, value_name = "TIME", value_parser = given::back)]
    until: Option<Timestamp>,
    /// How many at most [default: 50]
    #[arg(long, value_name = "N", conflicts_with = "all", value_parser = given::whole(1_u64..))]
    limit: Option<u64>,
    /// All of them
    #[arg(long)]
    all: bool,
}

impl Deliveries {
    pub(super) async fn run(self, desk: &Desk<'_>) -> Ended {
        let link = desk.link().await?;
        let mut listing = desk.out.list("webhook.deliveries")?;
        let mut left = if self.all { u64::MAX } else { self.limit.unwrap_or(given::ROWS.into()) };
        let mut request = DeliveryRequest {
            statuses: self.statuses.into_iter().map(Into::into).collect(),
            events: self.events.into_iter().map(Into::into).collect(),
            since: self.since,
            // What comes meanwhile would move the pages, if there are several.
            until: self.until.or_else(|| (left > PAGE).then(clock::now)),
            skip: 0,
            limit: 0,
        };
        let mut total = 0;
        while left > 0 {
            request.limit = u32::try_from(left.min(PAGE)).unwrap_or(u32::MAX);
            let call = link.client.webhook_deliveries(link.within(), self.id, request.clone());
            let page = link.read(call).await?;
            listing.page(&page.items)?;
            let came = page.items.len() as u64;
            (total, left) = (page.total, left - came.min(left));
            request.skip += came;
            if came == 0 || request.skip >= total {
                break;
            }
        }
        listing.close(None, Some(Total { value: total, exact: true }))?;
        if total > request.skip {
            let (shown, total) = (grouped(request.skip), grouped(total));
            desk.out.more(self.limit.is_some(), &format!("{shown} of {total}; --limit or --all shows more"));
        } else if total == 0 {
            desk.out.advise("no delivery matches");
        }
        Ok(Exit::Done)
    }
}
