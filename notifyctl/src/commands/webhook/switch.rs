//! `notifyctl webhook enable` and `disable`.

use crate::commands::Desk;
use crate::failure::{Ended, Exit};
use notify_proto::WebhookId;

pub(super) async fn run(desk: &Desk<'_>, id: WebhookId, active: bool) -> Ended {
    let link = desk.link().await?;
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
