//! `notifyctl notification raw`: all that is known of one, as the daemon tells it.

use super::super::Desk;
use crate::cli::Format;
use crate::failure::{Ended, Exit};
use crate::given;
use clap::Args;
use notify_proto::NotificationId;

/// One notification.
#[derive(Debug, Args)]
#[command(
    after_help = "It is JSON, indented for people; with -o json the same on one line. Recipients and bodies are masked unless --reveal
is given.

Examples:
  notifyctl ntf raw 0197a6c2-5b1e-7cc0-8000-0123456789ab
  notifyctl ntf raw 0197a6c2-5b1e-7cc0-8000-0123456789ab --reveal -o json | jq -r .notification.content"
)]
pub struct Raw {
    /// Its id
    #[arg(value_name = "ID", value_parser = given::id)]
    id: NotificationId,
    /// Show recipients, subjects and bodies; needs the admin role and is written to the audit log
    #[arg(long)]
    reveal: bool,
}

impl Raw {
    pub(super) async fn run(self, desk: &Desk<'_>) -> Ended {
        let link = desk.link().await?;
        let detail = link.read(link.client.notification_show(link.within(), self.id, self.reveal)).await?;
        let members = serde_json::to_value(&detail).map_err(std::io::Error::from)?;
        match desk.out.format {
            Format::Json | Format::Jsonl => desk.out.document("notification.raw", members)?,
            _ => desk.out.lines(&serde_json::to_string_pretty(&members).map_err(std::io::Error::from)?)?,
        }
        Ok(Exit::Done)
    }
}
