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
        let question = format!("Service {name} is removed {}.", goes(&would));
        confirm::name(desk.globals, desk.out, &question, name, self.confirm.as_deref())?;
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
        let sentence = if desk.globals.dry_run {
            format!("dry run: service {name} would be removed {}", goes(&would))
        } else {
            desk.says(&format!("service {name}"), "removed")
        };
        desk.out.changed("service.delete", "service", &sentence, &done.service)?;
        if !desk.globals.dry_run && !done.history_kept && done.notifications > 0 {
            desk.out.note(&format!("{} go bit by bit from now on", notifications(done.notifications)));
        }
        Ok(Exit::Done)
    }
}

/// What goes with it, and what stays.
fn goes(would: &RemovedService) -> String {
    let RemovedService { notifications: sent, history_kept, webhooks, owed, .. } = would;
    let owing = match *owed {
        0 => String::new(),
        1 => " (1 event is owed to them)".to_owned(),
        owed => format!(" ({} events are owed to them)", grouped(owed)),
    };
    let hooks = match *webhooks {
        0 => "no webhooks".to_owned(),
        1 => format!("1 webhook{}", owing.replace("them", "it")),
        webhooks => format!("{} webhooks{owing}", grouped(webhooks)),
    };
    let sent = notifications(*sent);
    if *history_kept {
        return format!("with its keys and {hooks}; {sent} that it sent stay until their retention is over");
    }
    format!("with its keys, {hooks} and {sent} that it sent")
}

fn notifications(count: u64) -> String {
    match count {
        0 => "no notifications".to_owned(),
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
        assert_eq!(goes(&it), "with its keys, no webhooks and no notifications that it sent");
        (it.webhooks, it.owed, it.notifications) = (2, 1_200, 1);
        assert_eq!(
            goes(&it),
            "with its keys, 2 webhooks (1,200 events are owed to them) and 1 notification that it sent"
        );
        (it.webhooks, it.owed, it.history_kept, it.notifications) = (1, 1, true, MANY + 1);
        assert_eq!(
            goes(&it),
            "with its keys and 1 webhook (1 event is owed to it); more than 1,000,000 notifications that it sent \
             stay until their retention is over"
        );
    }
}
