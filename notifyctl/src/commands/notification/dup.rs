//! `notifyctl notification dup`: which one stands for equal requests.

use super::super::Desk;
use crate::failure::{Ended, Exit};
use crate::given;
use crate::output::rows::{always, status};
use crate::output::{Cell, Column, Row};
use clap::Args;
use notify_proto::NotificationId;
use notify_proto::control::Repeat;

/// One notification.
#[derive(Debug, Args)]
#[command(
    after_help = "A request that equals one of the last half hour is no notification of its own: it is answered with the id of that one,
and sends nothing. This says which one that is, and until when; what failed or was cancelled stands for none. Whether a
request would be suppressed, before it is made, says notifyctl notification explain --dry-run.

Examples:
  notifyctl ntf dup 0197a6c2-5b1e-7cc0-8000-0123456789ab
  notifyctl ntf dup 0197a6c2-5b1e-7cc0-8000-0123456789ab --json | jq -r .repeat.until"
)]
pub struct Dup {
    /// Its id
    #[arg(value_name = "ID", value_parser = given::id)]
    id: NotificationId,
}

impl Dup {
    pub(super) async fn run(self, desk: &Desk<'_>) -> Ended {
        let link = desk.link().await?;
        let repeat = link.read(link.client.notification_dup(link.within(), self.id)).await?;
        desk.out.one("notification.dup", "repeat", &repeat)?;
        Ok(Exit::Done)
    }
}

impl Row for Repeat {
    const COLUMNS: &'static [Column<Self>] = &[
        always("notification", |it| it.id.to_string().into()),
        always("deduplicated", |it| Cell::Text(if it.deduplicated { "yes" } else { "no" }.into())),
        always("stands", |it| it.stands.map(|id| id.to_string()).into()),
        always("status", |it| it.status.as_ref().map_or(Cell::None, status)),
        always("accepted", |it| it.accepted_at.into()),
        always("until", |it| it.until.into()),
        always("that_is", |it| it.sentence.as_str().into()),
    ];

    fn id(&self) -> String {
        self.stands.unwrap_or(self.id).to_string()
    }
}
