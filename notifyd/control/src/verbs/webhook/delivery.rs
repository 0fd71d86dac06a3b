//! `notifyctl webhook delivery show`.

use super::find;
use crate::session::Session;
use crate::{mask, refuse};
use notify_proto::DeliveryId;
use notify_proto::transport::Reply;
use notify_proto::webhook::{DeliveryDetail, DeliveryStory};
use notifyd_store::Scope;

/// One event with its tries, and with what is said when it is told now.
pub(crate) async fn delivery(
    session: &Session,
    id: DeliveryId,
    body: bool,
    reveal: bool,
) -> Reply<DeliveryStory> {
    let room = session.look()?;
    let store = &room.deps.store;
    let unknown = || refuse::not_found("webhook delivery", id).hint("see notifyctl webhook deliveries");
    let found = store.webhooks().delivery(id).await.map_err(refuse::log)?;
    let DeliveryDetail { delivery, attempts } = found.ok_or_else(unknown)?;
    let mut story = DeliveryStory { delivery, attempts, body: None };
    if body {
        let webhook = find(room, story.delivery.webhook_id)?;
        let said = room.deps.engine.told(&webhook, id).await.map_err(refuse::log)?;
        story.body = said.and_then(|said| serde_json::from_slice(&said).ok());
    }
    if reveal {
        session.reveal("webhook.reveal", &id.to_string()).await?;
        return Ok(story);
    }
    let Some(about) = story.delivery.notification_id else { return Ok(story) };
    match store.notification(Scope::All, about).await.map_err(refuse::log)? {
        Some(detail) => mask::told(&detail.notification, &mut story),
        // Removed just now: nobody can say any more what has to be hidden.
        None => mask::silence(&mut story),
    }
    Ok(story)
}
