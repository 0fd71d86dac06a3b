//! `notifyctl webhook deliveries`, and what of it belongs to one notification.

use super::{find, known};
use crate::session::Session;
use crate::{bound, refuse};
use notify_proto::transport::Reply;
use notify_proto::webhook::{DeliveryPage, DeliveryRequest, DeliveryView};
use notify_proto::{NotificationId, WebhookId};
use notifyd_store::Scope;
use notifyd_store::webhooks::Page;

/// Rows of a page, unless something is said, and at most.
const ROWS: u32 = 50;
const MAX_ROWS: u32 = 200;

/// What a webhook was told, newest first.
pub(crate) async fn deliveries(
    session: &Session,
    id: WebhookId,
    request: &DeliveryRequest,
) -> Reply<DeliveryPage> {
    let room = session.look()?;
    let webhook = find(room, id)?;
    let rows = if request.limit == 0 { ROWS } else { request.limit };
    if rows > MAX_ROWS {
        return Err(refuse::invalid(format!("limit: write 1 to {MAX_ROWS}")));
    }
    let page = Page {
        status: known(&request.statuses, "statuses")?,
        events: known(&request.events, "events")?,
        since: request.since,
        until: request.until,
        skip: request.skip,
        limit: rows.into(),
    };
    let webhooks = room.deps.store.webhooks();
    let total = webhooks.count(webhook.no, page.clone()).await.map_err(refuse::log)?;
    let mut items = webhooks.deliveries(webhook.no, page).await.map_err(refuse::log)?;
    tidy(&mut items);
    Ok(DeliveryPage { items, total })
}

/// Who was told what of a notification, oldest first.
pub(crate) async fn told_of(session: &Session, id: NotificationId) -> Reply<Vec<DeliveryView>> {
    let room = session.look()?;
    if room.deps.store.notification(Scope::All, id).await.map_err(refuse::log)?.is_none() {
        return Err(refuse::no_notification());
    }
    let mut items = room.deps.store.webhooks().told_of(id).await.map_err(refuse::log)?;
    tidy(&mut items);
    Ok(items)
}

/// An endpoint may repeat what it was told; only who looks at one is shown its answer.
fn tidy(items: &mut Vec<DeliveryView>) {
    for it in items.iter_mut() {
        it.response_body = None;
    }
    items.truncate(bound::fitting(items));
}
