//! `notifyctl webhook test`: an event of no notification.

use super::{active, find, known};
use crate::refuse;
use crate::session::Session;
use notify_proto::control::Change;
use notify_proto::transport::Reply;
use notify_proto::{DeliveryId, Open, WebhookEvent, WebhookId};

/// Owes it an event that says that it is a test; the engine tells it at once.
pub(crate) async fn test(
    session: &Session,
    id: WebhookId,
    event: Open<WebhookEvent>,
    change: &Change,
) -> Reply<Option<DeliveryId>> {
    let operator = session.change(change)?;
    let room = operator.room;
    let webhook = find(room, id)?;
    let event = known(std::slice::from_ref(&event), "event")?[0];
    active(&webhook)?;
    if operator.dry_run {
        return Ok(None);
    }
    let (millis, random) = room.id_parts();
    let delivery = DeliveryId::from_parts(millis, random);
    let webhooks = room.deps.store.webhooks();
    webhooks.test(webhook.no, delivery, event, operator.audit()).await.map_err(refuse::log)?;
    operator.tell("webhook.test", &id.to_string());
    Ok(Some(delivery))
}
