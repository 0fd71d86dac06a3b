//! `notifyctl webhook delete`.

use crate::cli::Format;
use crate::commands::Desk;
use crate::failure::{Ended, Exit};
use crate::{confirm, given};
use clap::Args;
use notify_proto::WebhookId;
use notify_proto::upkeep::grouped;
use serde_json::json;

/// Which.
#[derive(Debug, Args)]
pub struct Delete {
    /// The webhook
    #[arg(value_name = "ID", value_parser = given::webhook)]
    id: WebhookId,
    /// Its id again, instead of being asked for it
    #[arg(long, value_name = "ID")]
    confirm: Option<String>,
}

impl Delete {
    pub(super) async fn run(self, desk: &Desk<'_>) -> Ended {
        let link = desk.link().await?;
        let delete = |change| link.client.webhook_delete(link.within(), self.id, change);
        let would = link.read(delete(desk.globals.rehearsal())).await?;
        let question = format!(
            "Webhook {} of {} ({}) is removed with all it was told; {} events are owed to it.",
            self.id,
            would.webhook.service_name,
            would.webhook.url,
            grouped(would.owed)
        );
        confirm::name(desk.globals, desk.out, &question, &self.id.to_string(), self.confirm.as_deref())?;
        let done = link.change(delete(desk.globals.change())).await?;
        if matches!(desk.out.format, Format::Json | Format::Jsonl) {
            desk.out.document("webhook.delete", json!({"webhook": done.webhook, "owed": done.owed}))?;
            return Ok(Exit::Done);
        }
        let sentence = desk.says(&format!("webhook {}", self.id), "removed");
        desk.out.changed("webhook.delete", "webhook", &sentence, &done.webhook)?;
        if done.owed > 0 && !desk.globals.dry_run {
            desk.out.note(&format!("{} events that were owed to it are not told", grouped(done.owed)));
        }
        Ok(Exit::Done)
    }
}
