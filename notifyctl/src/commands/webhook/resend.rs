//! `notifyctl webhook resend`.

use crate::commands::Desk;
use crate::commands::notification::ids;
use crate::failure::{Ended, Exit, Failure};
use crate::given;
use crate::output::rows::Told;
use clap::Args;
use notify_proto::ErrorCode;
use notify_proto::webhook::Resent;

/// Ids of one call.
const AT_ONCE: usize = 200;

/// Which.
#[derive(Debug, Args)]
#[command(
    after_help = "Each is sent under the same webhook-id, with a fresh schedule, whether it was taken or given up; what is still owed is
sent now.

Examples:
  notifyctl webhook resend 0197a6c2-5b1e-7cc0-8000-0123456789ad
  notifyctl webhook deliveries 0197a6c2-5b1e-7cc0-8000-0123456789ab --status failed -o id | notifyctl webhook resend -"
)]
pub struct Resend {
    /// Their ids, or - for standard input: one per line, or JSON Lines with an id
    #[arg(value_name = "ID", required = true)]
    ids: Vec<String>,
}

impl Resend {
    pub(super) async fn run(self, desk: &Desk<'_>) -> Ended {
        let ids = ids::read_as(&self.ids, given::delivery)?;
        let link = desk.link().await?;
        let mut all: Vec<Resent> = Vec::new();
        let mut listing = desk.out.list("webhook.resend")?;
        let alone = ids.len() == 1 && desk.out.for_people();
        for some in ids.chunks(AT_ONCE) {
            let call = link.client.webhook_resend(link.within(), some.to_vec(), desk.globals.change());
            let resent = link.change(call).await?;
            if !alone {
                listing.page(&resent.iter().cloned().map(Told::from).collect::<Vec<_>>())?;
            }
            all.extend(resent);
        }
        listing.close(None, None)?;
        let refused: Vec<_> =
            all.iter().filter_map(|it| Some((it.id, it.result.as_ref().err()?.clone()))).collect();
        let done = all.len() - refused.len();
        if let (true, [it]) = (alone && done == 1, &all[..]) {
            desk.out.did(
                "webhook.resend",
                &desk.says(&format!("event {}", it.id), "sent once more"),
                serde_json::Value::Null,
            )?;
        } else if !alone {
            let dry = if desk.globals.dry_run { "dry run, nothing was changed: " } else { "" };
            let more =
                if refused.is_empty() { String::new() } else { format!(", {} refused", refused.len()) };
            desk.out.note(&format!("{dry}{done} sent once more{more}"));
        }
        if refused.is_empty() {
            return Ok(Exit::Done);
        }
        let exit = match done {
            0 if refused.iter().all(|(_, error)| error.code == ErrorCode::NotFound) => Exit::NotFound,
            0 if refused
                .iter()
                .all(|(_, error)| matches!(error.code, ErrorCode::Conflict | ErrorCode::NotFound)) =>
            {
                Exit::Conflict
            }
            0 => Exit::Refused,
            _ => Exit::Partly,
        };
        let shown: Vec<_> =
            refused.iter().take(5).map(|(id, error)| format!("{id}: {}", error.message)).collect();
        let more = refused.len() - shown.len();
        let more = if more > 0 { format!("; and {more} more") } else { String::new() };
        Err(Failure::new(exit, format!("refused: {}{more}", shown.join("; "))).into())
    }
}
