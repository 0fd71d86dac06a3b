//! `notifyctl webhook stats`.

use super::find;
use crate::refuse;
use crate::session::Session;
use notify_proto::transport::Reply;
use notify_proto::webhook::WebhookStats;
use notify_proto::{Timestamp, WebhookId};
use std::time::Duration;

/// How one has done since then.
pub(crate) async fn stats(session: &Session, id: WebhookId, since: Timestamp) -> Reply<WebhookStats> {
    let room = session.look()?;
    let webhook = find(room, id)?;
    let stats = room.deps.store.webhooks().stats(webhook.no, since).await.map_err(refuse::log)?;
    let now = room.deps.engine.telling(&webhook);
    let [last_ack, last_nack] = now.last;
    Ok(WebhookStats {
        // The log knows what was told before this run, and only the last try of each event.
        last_ack_at: stats.last_ack_at.max(last_ack),
        last_nack_at: stats.last_nack_at.max(last_nack),
        busy: now.busy,
        limit: now.limit,
        retry_delays: webhook.settings.schedule.delays(1, Duration::ZERO),
        disable_after_seconds: now.disable_after.map(|it| it.as_secs()),
        ..stats
    })
}
