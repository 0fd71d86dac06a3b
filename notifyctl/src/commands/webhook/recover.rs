//! `notifyctl webhook recover`: counted by the daemon, confirmed, then done by the daemon as an operation.

use crate::commands::Desk;
use crate::commands::operation::follow::{Interrupts, Stay, begin, finish};
use crate::failure::{Ended, Exit, Failure};
use crate::{confirm, given};
use clap::Args;
use notify_proto::bulk::Expect;
use notify_proto::control::Limit;
use notify_proto::upkeep::{OperationView, grouped};
use notify_proto::view::rfc3339;
use notify_proto::webhook::{RecoverRequest, RecoverView};
use notify_proto::{Timestamp, WebhookEvent, WebhookId, WebhookStatus};
use serde_json::json;

/// What to tell once more.
#[derive(Debug, Args)]
#[command(
    after_help = "Each event is owed again under the same webhook-id, with a fresh schedule. It goes on in the daemon, also after a
restart; notifyctl operation list shows how far it has come.

Examples:
  notifyctl webhook recover 0197a6c2-5b1e-7cc0-8000-0123456789ab --since 2h --dry-run
  notifyctl webhook recover 0197a6c2-5b1e-7cc0-8000-0123456789ab --since 2h --rate 20/s --expect 812 --yes
  notifyctl wh recover 0197a6c2-5b1e-7cc0-8000-0123456789ab --since 2h --yes --no-wait --json | jq -r '.operation.id // empty' | xargs -r notifyctl op wait"
)]
pub struct Recover {
    /// The webhook
    #[arg(value_name = "ID", value_parser = given::webhook)]
    id: WebhookId,
    /// What happened since then: a span back from now, an RFC 3339 time, or HH:MM today
    #[arg(long, value_name = "TIME", value_parser = given::back)]
    since: Timestamp,
    /// What happened before then [default: now]
    #[arg(long, value_name = "TIME", value_parser = given::back)]
    until: Option<Timestamp>,
    /// What stands there: failed, or acknowledged to tell again what was taken; may be repeated [default: failed]
    #[arg(long = "status", value_name = "STATUS", value_delimiter = ',')]
    statuses: Vec<WebhookStatus>,
    /// Only of this event; may be repeated
    #[arg(long = "event", value_name = "EVENT", value_delimiter = ',', value_parser = given::event)]
    events: Vec<WebhookEvent>,
    /// At this pace, such as 20/s, or none [default: 50/s]
    #[arg(long, value_name = "RATE", value_parser = given::rate_or_none)]
    rate: Option<Limit<f64>>,
    /// Go on only if so many match; N~5% for about so many
    #[arg(long, value_name = "N", value_parser = given::expect)]
    expect: Option<Expect>,
    #[command(flatten)]
    stay: Stay,
}

impl Recover {
    pub(super) async fn run(self, desk: &Desk<'_>) -> Ended {
        let request = RecoverRequest {
            statuses: self.statuses.into_iter().map(Into::into).collect(),
            events: self.events.into_iter().map(Into::into).collect(),
            since: self.since,
            until: self.until,
            expect: self.expect,
            rate_per_second: self.rate.unwrap_or_default(),
        };
        let link = desk.link().await?;
        let recover = |request, change| link.client.webhook_recover(link.within(), self.id, request, change);
        let counted = link.read(recover(request.clone(), desk.globals.rehearsal())).await?;
        if desk.globals.dry_run || counted.total == 0 {
            return preview(desk, &counted);
        }
        let question = format!("{}. Tell webhook {} of them once more?", sentence(&counted), self.id);
        confirm::yes(desk.globals, desk.out, &question)?;
        let request = RecoverRequest { until: Some(counted.until), ..request };
        let mut interrupts = Interrupts::catch()?;
        let call = recover(request, desk.globals.change());
        let begun = begin(desk, &link, &mut interrupts, call).await?.map(|told| told.operation);
        let Some(begun) = begun.some() else {
            let message = "what matched has changed meanwhile; nothing was changed";
            return Err(Failure::new(Exit::Conflict, message).into());
        };
        let members = |it: &OperationView| json!({"total": counted.total, "done": it.done});
        finish(desk, &link, &mut interrupts, "webhook.recover", begun, self.stay, members).await
    }
}

/// What would happen.
fn preview(desk: &Desk<'_>, counted: &RecoverView) -> Ended {
    let said = if counted.total == 0 {
        "nothing matches; nothing was changed".to_owned()
    } else {
        format!("dry run: {}; it would be told of them once more", sentence(counted))
    };
    let mut document = json!(counted);
    if let Some(document) = document.as_object_mut() {
        document.insert("dry_run".into(), json!(desk.globals.dry_run));
        document.remove("operation");
    }
    desk.out.did("webhook.recover", &said, document)?;
    Ok(Exit::Done)
}

/// What matches, in words.
fn sentence(counted: &RecoverView) -> String {
    let noun = if counted.total == 1 { "event matches" } else { "events match" };
    let pace = counted.rate_per_second.map(|rate| format!(", {rate} a second")).unwrap_or_default();
    let (since, until) = (rfc3339(counted.since), rfc3339(counted.until));
    format!("{} {noun}, from {since} until {until}{pace}", grouped(counted.total))
}
