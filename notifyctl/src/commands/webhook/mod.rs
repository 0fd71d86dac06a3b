//! `notifyctl webhook`: endpoints that services are told at.

mod ask;
mod delete;
mod deliveries;
mod delivery;
mod recover;
mod resend;
mod retries;
mod secret;
mod stats;
mod switch;
mod test;

pub(crate) use ask::lines as header_lines;

use super::Desk;
use crate::failure::{Ended, Exit, Stop};
use crate::given;
use crate::output::Rows;
use clap::{Args, Subcommand};
use notify_proto::WebhookId;
use notify_proto::upkeep::ChangedSetting;
use notify_proto::webhook::WebhookView;

pub(crate) const EXAMPLES: &str = "Examples:
  notifyctl webhook create --service acme --url https://hooks.example.org/n --secret-out acme.whsec
  notifyctl wh list --service acme
  notifyctl webhook recover 0197a6c2-5b1e-7cc0-8000-0123456789ab --since 2h";

/// Webhooks: who is told what became of notifications.
#[derive(Debug, Subcommand)]
pub enum Webhook {
    /// Have a service told of its notifications at a URL
    #[command(
        after_help = "The signing secret is shown once: framed on a terminal, bare into a pipe, or written to --secret-out. Headers that
are secret themselves belong into --header-file: what stands on the command line is seen by all who may list processes.

Examples:
  notifyctl webhook create --service acme --url https://hooks.example.org/n --secret-out acme.whsec
  notifyctl webhook create --service acme --url https://hooks.example.org/n --event delivered --event failed --redact
  SECRET=$(notifyctl -q -o plain webhook create --service acme --url https://hooks.example.org/n --header-file token)"
    )]
    Create(Box<ask::Create>),
    /// List webhooks, oldest first
    #[command(
        after_help = "Examples:\n  notifyctl webhook list --service acme\n  notifyctl wh list --json | jq '.items[] | select(.disabled_reason)'"
    )]
    List(List),
    /// Show one webhook: how it is set, and since when it fails
    #[command(after_help = "Examples:\n  notifyctl webhook show 0197a6c2-5b1e-7cc0-8000-0123456789ab")]
    Show(Id),
    /// Change a webhook: all that is given, or nothing
    #[command(
        after_help = "What is not given stays; --header and --header-file give all headers there are from then on. The secret is changed
with notifyctl webhook secret rotate.

Examples:
  notifyctl webhook update 0197a6c2-5b1e-7cc0-8000-0123456789ab --url https://hooks.example.org/v2
  notifyctl webhook update 0197a6c2-5b1e-7cc0-8000-0123456789ab --max-retries none --request-timeout 10s --dry-run"
    )]
    Update(Box<ask::Update>),
    /// Tell it again, from what is owed to it on; clears its fault
    #[command(
        after_help = "What it was not told while it was off was never owed; what was owed before is told now.

Examples:
  notifyctl webhook enable 0197a6c2-5b1e-7cc0-8000-0123456789ab --reason \"vendor says fixed\""
    )]
    Enable(Id),
    /// Tell it nothing any more; what is owed to it waits
    #[command(
        after_help = "Examples:\n  notifyctl webhook disable 0197a6c2-5b1e-7cc0-8000-0123456789ab --yes --reason \"it moves\""
    )]
    Disable(Id),
    /// Remove a webhook, with all that is owed to it and all that was told
    #[command(after_help = "Examples:
  notifyctl webhook delete 0197a6c2-5b1e-7cc0-8000-0123456789ab --dry-run
  notifyctl webhook delete 0197a6c2-5b1e-7cc0-8000-0123456789ab --confirm 0197a6c2-5b1e-7cc0-8000-0123456789ab")]
    Delete(delete::Delete),
    /// Tell it of nothing, to see what it answers
    Test(test::Test),
    /// List what it was told, newest first
    Deliveries(deliveries::Deliveries),
    /// List what webhooks did not take and are told again, soonest first
    Retries(retries::Retries),
    /// One event that it was told
    #[command(subcommand, arg_required_else_help = true, after_help = delivery::EXAMPLES)]
    Delivery(delivery::Delivery),
    /// Have events told once more
    Resend(resend::Resend),
    /// Have it told once more all that it did not take in some time
    Recover(recover::Recover),
    /// Its signing secret
    #[command(subcommand, arg_required_else_help = true, after_help = secret::EXAMPLES)]
    Secret(secret::Secret),
    /// How it has done: events by status, times, answers
    Stats(stats::Stats),
}

/// Some webhooks.
#[derive(Debug, Args)]
pub struct List {
    /// Only those of this service, by name or id
    #[arg(long, value_name = "SERVICE")]
    service: Option<String>,
    #[command(flatten)]
    rows: Rows,
}

/// One webhook.
#[derive(Debug, Args)]
pub struct Id {
    /// Its id
    #[arg(value_name = "ID", value_parser = given::webhook)]
    id: WebhookId,
}

impl Webhook {
    pub(crate) async fn run(self, desk: &Desk<'_>) -> Ended {
        match self {
            Self::Create(create) => create.run(desk).await,
            Self::List(list) => list.run(desk).await,
            Self::Show(it) => show(desk, it.id).await,
            Self::Update(update) => update.run(desk).await,
            Self::Enable(it) => switch::run(desk, it.id, true).await,
            Self::Disable(it) => switch::run(desk, it.id, false).await,
            Self::Delete(delete) => delete.run(desk).await,
            Self::Test(test) => test.run(desk).await,
            Self::Deliveries(deliveries) => deliveries.run(desk).await,
            Self::Retries(retries) => retries.run(desk).await,
            Self::Delivery(delivery) => delivery.run(desk).await,
            Self::Resend(resend) => resend.run(desk).await,
            Self::Recover(recover) => recover.run(desk).await,
            Self::Secret(secret) => secret.run(desk).await,
            Self::Stats(stats) => stats.run(desk).await,
        }
    }
}

impl List {
    async fn run(self, desk: &Desk<'_>) -> Ended {
        let link = desk.link().await?;
        let webhooks = link.read(link.client.webhook_list(link.within(), self.service)).await?;
        let none = webhooks.is_empty();
        desk.out.whole("webhook.list", &self.rows.of(desk.out, webhooks)?)?;
        if none {
            desk.out.advise("there are none: notifyctl webhook create --service NAME --url URL");
        }
        Ok(Exit::Done)
    }
}

async fn show(desk: &Desk<'_>, id: WebhookId) -> Ended {
    let link = desk.link().await?;
    let webhook = link.read(link.client.webhook_show(link.within(), id)).await?;
    desk.out.one("webhook.show", "webhook", &webhook)?;
    if webhook.disabled_reason.is_some() {
        desk.out.advise(&format!("next, when its endpoint is well: notifyctl webhook enable {id}"));
    }
    Ok(Exit::Done)
}

/// What a change did to one.
fn updated(
    desk: &Desk<'_>,
    what: &str,
    webhook: &WebhookView,
    changed: &[ChangedSetting],
) -> Result<(), Stop> {
    let sentence = desk.says(&format!("webhook {}", webhook.id), "changed");
    desk.out.updated(what, "webhook", &sentence, webhook, changed)
}
