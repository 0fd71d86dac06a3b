//! `notifyctl store prune`: counted first, confirmed by the count, then removed in the daemon.

use super::super::Desk;
use super::super::operation::follow::{Interrupts, Stay, begin, finish};
use crate::confirm;
use crate::failure::{Ended, Exit, Failure, Stop};
use crate::given;
use clap::Args;
use notify_proto::upkeep::{PruneRequest, PruneView, grouped};
use notify_proto::view::rfc3339;
use notify_proto::{Status, Timestamp};
use serde_json::json;

/// What to remove.
#[derive(Debug, Args)]
#[command(
    after_help = "Only delivered, failed and cancelled notifications can be removed, and each with its whole story. A dry run
counts them; --confirm takes that count. notifyctl store compact then gives the room back to the disk.

Examples:
  notifyctl store prune --older-than 90d --status delivered --dry-run
  notifyctl store prune --older-than 90d --status delivered,failed --confirm 4218"
)]
pub struct Prune {
    /// Those that came to their end before this: a span such as 90d, or an RFC 3339 time
    #[arg(long, value_name = "TIME", value_parser = given::back)]
    older_than: Timestamp,
    /// With this status; may be repeated: delivered, failed, cancelled
    #[arg(long = "status", value_name = "STATUS", value_delimiter = ',', required = true, value_parser = final_status)]
    statuses: Vec<Status>,
    /// How many it will be, instead of being asked for it
    #[arg(long, value_name = "COUNT", value_parser = given::whole(0_u64..))]
    confirm: Option<u64>,
    #[command(flatten)]
    stay: Stay,
}

impl Prune {
    pub(crate) async fn run(self, desk: &Desk<'_>) -> Ended {
        let request = PruneRequest {
            before: self.older_than,
            statuses: self.statuses.iter().map(|status| (*status).into()).collect(),
            expect: None,
        };
        let link = desk.link().await?;
        let call = link.client.store_prune(link.within(), request.clone(), desk.globals.rehearsal());
        let counted = link.read(call).await?;
        let total: u64 = counted.by_status.values().sum();
        if desk.globals.dry_run || total == 0 {
            return preview(desk, &request, &counted, total);
        }
        confirm(desk, &request, &counted, total, self.confirm)?;
        let request = PruneRequest { expect: Some(total), ..request };
        let mut interrupts = Interrupts::catch()?;
        let call = link.client.store_prune(link.within(), request, desk.globals.change());
        let begun = begin(desk, &link, &mut interrupts, call).await?.map(|pruned| pruned.operation);
        let Some(begun) = begun.some() else {
            return Err(Failure::new(Exit::Conflict, "they are gone already; nothing was removed").into());
        };
        let members = |it: &notify_proto::upkeep::OperationView| json!({"by_status": counted.by_status, "total": total, "removed": it.removed});
        finish(desk, &link, &mut interrupts, "store.prune", begun, self.stay, members).await
    }
}

fn final_status(text: &str) -> Result<Status, String> {
    let known = text.parse::<Status>().ok().filter(|status| status.is_final());
    known.ok_or_else(|| "only delivered, failed and cancelled notifications can be removed".to_owned())
}

/// What would go, in words.
fn sentence(request: &PruneRequest, counted: &PruneView, total: u64) -> String {
    let each: Vec<_> =
        counted.by_status.iter().map(|(status, count)| format!("{status} {}", grouped(*count))).collect();
    let noun = if total == 1 { "notification" } else { "notifications" };
    format!("{} {noun} ended before {} ({})", grouped(total), rfc3339(request.before), each.join(", "))
}

fn preview(desk: &Desk<'_>, request: &PruneRequest, counted: &PruneView, total: u64) -> Ended {
    let sentence = sentence(request, counted, total);
    let sentence = if desk.globals.dry_run {
        format!("dry run: {sentence} would be removed")
    } else {
        format!("nothing was removed: {sentence}")
    };
    let document = json!({
        "by_status": counted.by_status, "total": total, "removed": 0, "dry_run": desk.globals.dry_run,
    });
    desk.out.did("store.prune", &sentence, document)?;
    Ok(Exit::Done)
}

/// The count is the name that has to be typed.
fn confirm(
    desk: &Desk<'_>,
    request: &PruneRequest,
    counted: &PruneView,
    total: u64,
    given: Option<u64>,
) -> Result<(), Stop> {
    if let Some(given) = given {
        if given == total {
            return Ok(());
        }
        let message = format!("{total} would be removed, not {given}; nothing was removed");
        return Err(Failure::new(Exit::Conflict, message).into());
    }
    let question = format!("{} will be removed for good.", sentence(request, counted, total));
    Ok(confirm::name(desk.globals, desk.out, &question, &total.to_string(), None)?)
}
