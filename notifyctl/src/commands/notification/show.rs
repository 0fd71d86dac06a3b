//! `notifyctl notification show`.

use super::super::Desk;
use super::ids;
use crate::cli::Format;
use crate::failure::{Ended, Exit, Failure, Stop};
use clap::Args;
use notify_proto::Status;
use notify_proto::view::NotificationDetail;
use notify_proto::webhook::DeliveryView;
use serde::Serialize;

/// Some notifications.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  notifyctl ntf show 0197a6c2-5b1e-7cc0-8000-0123456789ab
  notifyctl ntf list --status failed -o id | notifyctl ntf show - -o jsonl")]
pub struct Show {
    /// Their ids, or - for standard input: one per line, or JSON Lines with an id
    #[arg(value_name = "ID", required = true)]
    ids: Vec<String>,
    /// Show recipients, subjects and bodies; needs the admin role and is written to the audit log
    #[arg(long)]
    reveal: bool,
    /// Show its attempts, which is done in any case
    #[arg(long)]
    attempts: bool,
    /// Show as well which webhooks were told of what
    #[arg(long)]
    webhooks: bool,
}

/// One, with what webhooks were told of it when somebody wants to know.
#[derive(Serialize)]
struct Found {
    #[serde(flatten)]
    detail: NotificationDetail,
    #[serde(skip_serializing_if = "Option::is_none")]
    webhooks: Option<Vec<DeliveryView>>,
}

impl Show {
    pub(crate) async fn run(self, desk: &Desk<'_>) -> Ended {
        self.run_as(desk, "notification.show", false).await
    }

    /// Only what is dead.
    pub(in crate::commands) async fn dead(self, desk: &Desk<'_>) -> Ended {
        self.run_as(desk, "dead.show", true).await
    }

    async fn run_as(self, desk: &Desk<'_>, what: &str, dead: bool) -> Ended {
        let ids = ids::read(&self.ids)?;
        let link = desk.link().await?;
        let mut found = Vec::new();
        let mut refused = Vec::new();
        for id in &ids {
            match link.read(link.client.notification_show(link.within(), *id, self.reveal)).await {
                Ok(it) if dead && it.notification.status.known() != Some(Status::Failed) => {
                    refused.push(format!("{id}: it is {} and no dead letter", it.notification.status));
                }
                Ok(detail) => {
                    let told = link.client.notification_webhooks(link.within(), *id);
                    let webhooks = if self.webhooks { Some(link.read(told).await?) } else { None };
                    found.push(Found { detail, webhooks });
                }
                Err(failure) if failure.exit == Exit::NotFound => {
                    refused.push(format!("{id}: {}", failure.message));
                }
                Err(failure) => return Err(failure.into()),
            }
        }
        show(desk, what, &found)?;
        match refused.len() {
            0 => Ok(Exit::Done),
            all if all == ids.len() => Err(Failure::new(Exit::NotFound, refused.join("; ")).into()),
            _ => Err(Failure::new(Exit::Partly, refused.join("; ")).into()),
        }
    }
}

fn show(desk: &Desk<'_>, what: &str, found: &[Found]) -> Result<(), Stop> {
    let out = desk.out;
    match out.format {
        Format::Json if found.len() == 1 => {
            let detail = serde_json::to_value(&found[0]).map_err(std::io::Error::from)?;
            out.document(what, detail)?;
        }
        Format::Json => out.document(what, serde_json::json!({"items": found}))?,
        Format::Jsonl => {
            for detail in found {
                out.document(what, serde_json::to_value(detail).map_err(std::io::Error::from)?)?;
            }
        }
        Format::Table | Format::Wide => {
            for Found { detail, webhooks } in found {
                out.one(what, "notification", &detail.notification)?;
                out.part(what, "attempts", &detail.attempts)?;
                out.part(what, "story", &detail.events)?;
                match webhooks {
                    Some(told) if told.is_empty() => out.note("no webhook was told of it"),
                    Some(told) => out.part(what, "webhooks", told)?,
                    None => {}
                }
            }
        }
        Format::Plain | Format::Csv | Format::Id => {
            let mut listing = out.list(what)?;
            for Found { detail, .. } in found {
                listing.page(std::slice::from_ref(&detail.notification))?;
            }
            listing.close(None, None)?;
        }
    }
    Ok(())
}
