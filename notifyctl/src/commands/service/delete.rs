//! `notifyctl service delete`.

use crate::cli::Format;
use crate::commands::Desk;
use crate::confirm;
use crate::failure::{Ended, Exit};
use clap::Args;
use notify_proto::control::RemovedService;
use notify_proto::upkeep::grouped;
use serde_json::json;

/// Where the count of its notifications ends.
const MANY: u64 = 1_000_000;

/// Which.
#[derive(Debug, Args)]
pub struct Delete {
    /// Its name or id
    #[arg(value_name = "NAME")]
    name: String,
    /// The service's name, instead of being asked for it
    #[arg(long, value_name = "NAME")]
    confirm: Option<String>,
    /// Keep what it sent, until the retention of each is over
    #[arg(long)]
    keep_history: bool,
}

impl Delete {
    pub(super) async fn run(self, desk: &Desk<'_>) -> Ended {
        let link = desk.link().await?;
        let delete =
            |name, change| link.client.service_delete(link.within(), name, self.keep_history, change);
        let would = link.read(delete(self.name.clone(), desk.globals.rehearsal())).await?;
        let name = &would.service.name;
        confirm::name(desk.globals, desk.out, &question(&would), name, self.confirm.as_deref())?;
        // By its id: the name may have gone to another while somebody thought about the answer.
        let done = link.change(delete(would.service.id.to_string(), desk.globals.change())).await?;
        if matches!(desk.out.format, Format::Json | Format::Jsonl) {
            let RemovedService { service, notifications, history_kept, webhooks, owed } = &done;
            let members = json!({
                "service": service, "notifications": notifications, "history_kept": history_kept,
                "webhooks": webhooks, "owed": owed,
            });
            desk.out.document("service.delete", members)?;
            return Ok(Exit::Done);
        }
        let sentence = desk.says(&format!("service {name}"), "removed");
        desk.out.changed("service.delete", "service", &sentence, &done.service)?;
        if !desk.globals.dry_run && !done.history_kept && done.notifications > 0 {
            desk.out.note(&format!("{} go bit by bit from now on", notifications(done.notifications)));
        }
        Ok(Exit::Done)
    }
}

/// What goes with it, and what stays.
fn question(would: &RemovedService) -> String {
    let RemovedService { service, notifications: sent, history_kept, webhooks, owed } = would;
    let name = &service.name;
    let mut said = format!("Service {name} is removed with its keys");
    if *webhooks > 0 {
        said = format!(
            "{said} and its webhooks ({}; {} events are owed to them)",
            grouped(*webhooks),
            grouped(*owed)
        );
    }
    match (*history_kept, *sent) {
        (_, 0) => format!("{said}."),
        (true, sent) => format!("{said}; {} stay until their retention is over.", notifications(sent)),
        (false, sent) => format!("{said}, and with {} that it sent.", notifications(sent)),
    }
}

fn notifications(count: u64) -> String {
    match count {
        1 => "1 notification".to_owned(),
        count if count > MANY => format!("more than {} notifications", grouped(MANY)),
        count => format!("{} notifications", grouped(count)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_question_tells_what_goes_and_what_stays() {
        let service = serde_json::json!({
            "id": "0197a6c2-5b1e-7cc0-8000-0123456789ab", "name": "acme", "description": null, "active": false,
            "rate_per_second": null, "created_at": "2026-01-01T00:00:00.000Z", "active_keys": 1,
            "auth_failures": 0, "locked_until": null
        });
        let service = serde_json::from_value(service).unwrap();
        let mut it = RemovedService { service, notifications: 0, history_kept: false, webhooks: 0, owed: 0 };
        assert_eq!(question(&it), "Service acme is removed with its keys.");
        (it.webhooks, it.owed, it.notifications) = (2, 1_200, 1);
        assert_eq!(
            question(&it),
            "Service acme is removed with its keys and its webhooks (2; 1,200 events are owed to them), and with \
             1 notification that it sent."
        );
        (it.history_kept, it.notifications) = (true, MANY + 1);
        assert!(
            question(&it)
                .ends_with("; more than 1,000,000 notifications stay until their retention is over.")
        );
    }
}
