//! `notifyctl webhook resend`.

use crate::commands::Desk;
use crate::commands::notification::ids::{self, AT_ONCE};
use crate::commands::tally::Tally;
use crate::conn::Link;
use crate::failure::{Ended, Failure};
use crate::given;
use crate::output::rows::Outcome;
use clap::Args;
use notify_proto::DeliveryId;
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
        let mut tally = Tally::default();
        if let ([id], true) = (&ids[..], desk.out.for_people()) {
            let resent = call(desk, &link, &ids).await?;
            tally.add(resent.iter().map(|it| (it.id, &it.result)));
            if tally.refused() == 0 {
                let sentence = desk.says(&format!("event {id}"), DONE);
                desk.out.did(WHAT, &sentence, serde_json::Value::Null)?;
            }
            return tally.end();
        }
        let mut listing = desk.out.list(WHAT)?;
        for some in ids.chunks(AT_ONCE) {
            let resent = call(desk, &link, some).await?;
            tally.add(resent.iter().map(|it| (it.id, &it.result)));
            listing.page(&resent.into_iter().map(Outcome::from).collect::<Vec<_>>())?;
        }
        listing.close(None, None)?;
        desk.out.note(&tally.sentence(desk, DONE));
        tally.end()
    }
}

async fn call(desk: &Desk<'_>, link: &Link, ids: &[DeliveryId]) -> Result<Vec<Resent>, Failure> {
    link.change(link.client.webhook_resend(link.within(), ids.to_vec(), desk.globals.change())).await
}
