//! `notifyctl webhook delete`.

use super::{find, seen};
use crate::refuse;
use crate::session::Session;
use notify_proto::WebhookId;
use notify_proto::control::Change;
use notify_proto::transport::Reply;
use notify_proto::webhook::RemovedWebhook;

/// Removes a webhook, with all that is owed to it and all that was told.
pub(crate) async fn delete(session: &Session, id: WebhookId, change: &Change) -> Reply<RemovedWebhook> {
    let operator = session.change(change)?;
    let room = operator.room;
    let gone = find(room, id)?;
    let webhooks = room.deps.store.webhooks();
    let owed = webhooks.stats(gone.no, room.now()).await.map_err(refuse::log)?.owed;
    let webhook = seen(room, &gone).await?;
    if !operator.dry_run {
        webhooks.remove(gone.no, id, operator.audit()).await.map_err(refuse::log)?;
        operator.tell("webhook.delete", &id.to_string());
    }
    Ok(RemovedWebhook { webhook, owed })
}
