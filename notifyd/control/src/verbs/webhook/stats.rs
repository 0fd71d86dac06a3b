//! `notifyctl webhook stats`.

use super::find;
use crate::refuse;
use crate::session::Session;
use notify_proto::transport::Reply;
use notify_proto::webhook::WebhookStats;
use notify_proto::{Timestamp, WebhookId};

/// How one has done since then.
pub(crate) async fn stats(session: &Session, id: WebhookId, since: Timestamp) -> Reply<WebhookStats> {
    let room = session.look()?;
    let webhook = find(room, id)?;
    room.deps.store.webhooks().stats(webhook.no, since).await.map_err(refuse::log)
}
