//! `notifyctl webhook create`.

use super::read;
use crate::refuse;
use crate::session::Session;
use crate::verbs::service;
use notify_proto::control::Change;
use notify_proto::transport::Reply;
use notify_proto::webhook::{FreshWebhook, WebhookAsk};
use notify_proto::{Timestamp, WebhookId};
use notifyd_lifecycle::webhook::sign;
use notifyd_store::webhooks::{NewWebhook, Private, Settings, Webhook};

/// Creates a webhook. Its secret leaves the daemon in this answer alone.
pub(crate) async fn create(
    session: &Session,
    service: &str,
    ask: WebhookAsk,
    change: &Change,
) -> Reply<FreshWebhook> {
    let operator = session.change(change)?;
    let room = operator.room;
    let rules = room.deps.rules.load();
    let asked = read(ask)?.create(&rules.destinations).map_err(|errors| refuse::fields(&errors))?;
    if operator.dry_run && service.is_empty() {
        // For a service that is made together with it: what else there is to ask is asked of the service.
        let headers = asked.headers.unwrap_or_default();
        let it = preview(WebhookId::from_bytes([0; 16]), 0, &asked.settings, room.now());
        return Ok(FreshWebhook { webhook: room.webhook_view(&it, &headers), secret: None });
    }
    let service = service::find(room, service)?;
    let (webhooks, most) = (room.deps.store.webhooks(), rules.webhooks_per_service);
    if webhooks.endpoints().of(service.no).count() >= most {
        let message = format!("service {} has {most} webhooks, which is the most", service.name);
        return Err(refuse::conflict(message).hint("notifyctl webhook delete removes one"));
    }
    let headers = asked.headers.unwrap_or_default();
    let (millis, random) = room.id_parts();
    let id =
        if operator.dry_run { WebhookId::from_bytes([0; 16]) } else { WebhookId::from_parts(millis, random) };
    let view = room.webhook_view(&preview(id, service.no, &asked.settings, room.now()), &headers);
    if operator.dry_run {
        return Ok(FreshWebhook { webhook: view, secret: None });
    }
    let own = asked.secret.is_some();
    let secret = asked.secret.unwrap_or_else(|| sign::mint(&*room.deps.entropy));
    let shown = (!own).then(|| secret.expose().clone());
    let private = Private { secret, old: None, headers };
    let new = NewWebhook { id, service: service.no, settings: asked.settings, private, most };
    webhooks.create(new, operator.audit()).await.map_err(refuse::log)?;
    operator.tell("webhook.create", &id.to_string());
    Ok(FreshWebhook { webhook: view, secret: shown })
}

/// What it will be. Made of what is known: once the secret is stored nothing may fail, or nobody would ever see it.
fn preview(id: WebhookId, service: i64, settings: &Settings, now: Timestamp) -> Webhook {
    Webhook {
        no: 0,
        id,
        service,
        settings: settings.clone(),
        old_until: None,
        fault: None,
        failing_since: None,
        revision: 1,
        client: 1,
        created_at: now,
        updated_at: now,
        secret_at: Some(now),
    }
}
