//! `notifyctl webhook resend`.

use crate::commands::Desk;
use crate::commands::notification::ids::{self, AT_ONCE};
use crate::commands::tally::Tally;
use crate::conn::Link;
use crate::failure::{Ended, Failure, Stop};
use crate::output::rows::Outcome;
use crate::{confirm, given};
use clap::Args;
use notify_proto::DeliveryId;
use notify_proto::control::Change;
use notify_proto::webhook::Resent;

const WHAT: &str = "webhook.resend";

/// What is done to each.
const DONE: &str = "sent once more";

/// Which.
#[derive(Debug, Args)]
#[command(
    after_help = "Each is sent under the same webhook-id, with a fresh schedule, whether it was taken or given up; what is still owed is
sent now.

Examples:
  notifyctl webhook resend 0197a6c2-5b1e-7cc0-8000-0123456789ad --yes
  notifyctl webhook deliveries 0197a6c2-5b1e-7cc0-8000-0123456789ab --status failed -o id | notifyctl webhook resend - --yes"
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
        agree(desk, &link, &ids).await?;
        let mut tally = Tally::default();
        if let ([id], true) = (&ids[..], desk.out.for_people()) {
            let resent = call(&link, &ids, desk.globals.change()).await?;
            tally.add(resent.iter().map(|it| (it.id, &it.result)));
            if tally.refused() == 0 {
                let sentence = desk.says(&format!("event {id}"), DONE);
                desk.out.did(WHAT, &sentence, serde_json::Value::Null)?;
            }
            return tally.end();
        }
        let mut listing = desk.out.list(WHAT)?;
        for some in ids.chunks(AT_ONCE) {
            let resent = call(&link, some, desk.globals.change()).await?;
            tally.add(resent.iter().map(|it| (it.id, &it.result)));
            listing.page(&resent.into_iter().map(Outcome::from).collect::<Vec<_>>())?;
        }
        listing.close(None, None)?;
        desk.out.note(&tally.sentence(desk, DONE));
        tally.end()
    }
}

/// Asks, when one of them at least can be sent.
async fn agree(desk: &Desk<'_>, link: &Link, ids: &[DeliveryId]) -> Result<(), Stop> {
    if ids.is_empty() || confirm::is_answered(desk.globals) {
        return Ok(());
    }
    let mut tally = Tally::default();
    for some in ids.chunks(AT_ONCE) {
        let would = call(link, some, desk.globals.rehearsal()).await?;
        tally.add(would.iter().map(|it| (it.id, &it.result)));
    }
    if tally.done() == 0 {
        return tally.end().map(drop);
    }
    let which = if let [id] = ids { format!("event {id}") } else { format!("{} events", ids.len()) };
    let refused = match tally.refused() {
        0 => String::new(),
        many => format!(" {many} of them will be refused."),
    };
    confirm::about(
        desk.globals,
        desk.out,
        ids,
        "Each is told under the same webhook-id, with a fresh schedule.",
    );
    Ok(confirm::yes(desk.globals, desk.out, &format!("Send {which} once more?{refused}"))?)
}

async fn call(link: &Link, ids: &[DeliveryId], change: Change) -> Result<Vec<Resent>, Failure> {
    link.change(link.client.webhook_resend(link.within(), ids.to_vec(), change)).await
}
