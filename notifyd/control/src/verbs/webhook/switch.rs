//! `notifyctl webhook enable` and `disable`.

use super::update::with;
use super::{change as changing, find, private};
use crate::refuse;
use crate::session::Session;
use notify_proto::WebhookId;
use notify_proto::control::Change;
use notify_proto::transport::Reply;
use notify_proto::webhook::WebhookView;
use notifyd_store::webhooks::Settings;

/// Switches it on, which clears its fault, or off: what is owed to it then waits in the log.
pub(crate) async fn set_active(
    session: &Session,
    id: WebhookId,
    active: bool,
    change: &Change,
) -> Reply<WebhookView> {
    let operator = session.change(change)?;
    let room = operator.room;
    let before = find(room, id)?;
    refuse::unless_switched(&format!("webhook {id}"), before.settings.active, active)?;
    let settings = Settings { active, ..before.settings.clone() };
    let names = private(room, &before).await?.headers;
    let view = room.webhook_view(&with(&before, &settings, room.now()), &names);
    if !operator.dry_run {
        let verb = if active { "webhook.enable" } else { "webhook.disable" };
        operator.write(changing(&before, settings, verb)).await?;
    }
    Ok(view)
}
