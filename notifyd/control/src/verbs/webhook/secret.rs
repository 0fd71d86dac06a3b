//! `notifyctl webhook secret rotate`. A secret leaves the daemon once, in the answer that made it.

use super::{change as changing, find, private};
use crate::refuse;
use crate::session::Session;
use chrono::TimeDelta;
use notify_proto::WebhookId;
use notify_proto::control::Change;
use notify_proto::transport::Reply;
use notify_proto::webhook::{FreshWebhook, OwnSecret};
use notifyd_lifecycle::webhook::ask::own_secret;
use notifyd_lifecycle::webhook::sign;
use notifyd_store::webhooks::{Private, Webhook};

/// Longest time the secret so far may sign as well, seconds: 7 days.
const MAX_GRACE: u64 = 7 * 86_400;

/// Another secret; the one so far signs as well for the grace time.
pub(crate) async fn rotate(
    session: &Session,
    id: WebhookId,
    grace_seconds: u64,
    own: Option<OwnSecret>,
    change: &Change,
) -> Reply<FreshWebhook> {
    let operator = session.change(change)?;
    let room = operator.room;
    let grace = i64::try_from(grace_seconds).ok().filter(|_| grace_seconds <= MAX_GRACE);
    let grace = grace.ok_or_else(|| refuse::invalid("grace: the secret so far signs for at most 7 days"))?;
    let before = find(room, id)?;
    let kept = private(room, &before).await?;
    let own = own.map(|own| own_secret(&own.0)).transpose();
    let own = own.map_err(|error| refuse::fields(&[error]))?;
    if own.as_ref().is_some_and(|own| own.expose() == kept.secret.expose()) {
        return Err(refuse::conflict(format!("webhook {id} signs with this secret already")));
    }
    let old_until = (grace > 0).then(|| room.now() + TimeDelta::seconds(grace));
    let after =
        Webhook { old_until, secret_at: Some(room.now()), updated_at: room.now(), ..(*before).clone() };
    let webhook = room.webhook_view(&after, &kept.headers);
    if operator.dry_run {
        return Ok(FreshWebhook { webhook, secret: None });
    }
    let brought = own.is_some();
    let secret = own.unwrap_or_else(|| sign::mint(&*room.deps.entropy));
    let shown = (!brought).then(|| secret.expose().clone());
    let old = old_until.map(|_| kept.secret);
    let mut update = changing(&before, before.settings.clone(), "webhook.secret.rotate");
    update.private = Some(Private { secret, old, headers: kept.headers });
    (update.renewed, update.old_until) = (true, old_until);
    operator.write(update).await?;
    Ok(FreshWebhook { webhook, secret: shown })
}
