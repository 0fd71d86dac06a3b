//! `notifyctl webhook enable` and `disable`.

use crate::commands::Desk;
use crate::confirm;
use crate::failure::{Ended, Exit};
use notify_proto::WebhookId;

pub(super) async fn run(desk: &Desk<'_>, id: WebhookId, active: bool) -> Ended {
    let link = desk.link().await?;
    if !active && !confirm::is_answered(desk.globals) {
        let call = link.client.webhook_set_active(link.within(), id, active, desk.globals.rehearsal());
        let would = link.read(call).await?;
        confirm::about(
            desk.globals,
            desk.out,
            &[id],
            "It is told nothing any more; what is owed to it waits.",
        );
        let question = format!("Disable webhook {id} of {} ({})?", would.service_name, would.url);
        confirm::yes(desk.globals, desk.out, &question)?;
    }
    let call = link.client.webhook_set_active(link.within(), id, active, desk.globals.change());
    let webhook = link.change(call).await?;
    let (what, done) = if active { ("webhook.enable", "enabled") } else { ("webhook.disable", "disabled") };
    let sentence = desk.says(&format!("webhook {id}"), done);
    desk.out.changed(what, "webhook", &sentence, &webhook)?;
    if active {
        desk.out.advise(&format!("next: notifyctl webhook recover {id} --since 24h"));
    }
    Ok(Exit::Done)
}
