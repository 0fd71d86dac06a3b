//! `notifyctl webhook delivery`: one event that a webhook is told.

use crate::cli::Format;
use crate::commands::Desk;
use crate::failure::{Ended, Exit};
use crate::given;
use clap::{Args, Subcommand};
use notify_proto::DeliveryId;
use serde_json::json;

pub(super) const EXAMPLES: &str = "Examples:
  notifyctl webhook delivery show 0197a6c2-5b1e-7cc0-8000-0123456789ad --body";

/// One event that a webhook is told.
#[derive(Debug, Subcommand)]
pub enum Delivery {
    /// Show it with its tries and what the endpoint answered
    #[command(after_help = "The body is the one that is sent now: webhook_attempt is that of the next try.

Examples:
  notifyctl webhook delivery show 0197a6c2-5b1e-7cc0-8000-0123456789ad
  notifyctl webhook delivery show 0197a6c2-5b1e-7cc0-8000-0123456789ad --body --json | jq .body")]
    Show(Show),
}

/// Which.
#[derive(Debug, Args)]
pub struct Show {
    /// Its id, which the endpoint got as webhook-id
    #[arg(value_name = "ID", value_parser = given::delivery)]
    id: DeliveryId,
    /// Show what is said
    #[arg(long)]
    body: bool,
    /// Show recipients, subjects and bodies; needs the admin role and is written to the audit log
    #[arg(long)]
    reveal: bool,
}

impl Delivery {
    pub(super) async fn run(self, desk: &Desk<'_>) -> Ended {
        let Self::Show(it) = self;
        let link = desk.link().await?;
        let call = link.client.webhook_delivery(link.within(), it.id, it.body, it.reveal);
        let story = link.read(call).await?;
        let out = desk.out;
        if matches!(out.format, Format::Json | Format::Jsonl) {
            let mut document = json!({"delivery": story.delivery, "attempts": story.attempts});
            if let Some(document) = document.as_object_mut().filter(|_| it.body) {
                document.insert("body".into(), json!(story.body));
            }
            out.document("webhook.delivery.show", document)?;
            return Ok(Exit::Done);
        }
        out.one("webhook.delivery.show", "delivery", &story.delivery)?;
        if out.for_people() {
            out.heading("tries")?;
            let mut listing = out.list("webhook.delivery.show")?;
            listing.page(&story.attempts)?;
            listing.close(None, None)?;
        }
        if let Some(body) = story.body.filter(|_| out.for_people()) {
            out.heading("body")?;
            out.lines(&serde_json::to_string_pretty(&body).map_err(std::io::Error::from)?)?;
        }
        Ok(Exit::Done)
    }
}
