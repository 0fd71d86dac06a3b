//! `notifyctl webhook`: who is told of what, and what came of it.

mod create;
mod delete;
mod deliveries;
mod delivery;
mod recover;
mod resend;
mod secret;
mod stats;
mod switch;
mod test;
mod update;

pub(crate) use create::create;
pub(crate) use delete::delete;
pub(crate) use deliveries::{deliveries, told_of};
pub(crate) use delivery::delivery;
pub(crate) use recover::recover;
pub(crate) use resend::resend;
pub(crate) use secret::rotate;
pub(crate) use stats::stats;
pub(crate) use switch::set_active;
pub(crate) use test::test;
pub(crate) use update::update;

use super::service;
use crate::refuse;
use crate::session::{Operator, Room, Session};
use notify_proto::transport::Reply;
use notify_proto::webhook::{WebhookAsk, WebhookView};
use notify_proto::{ApiError, Open, WebhookId};
use notifyd_lifecycle::webhook::Ask;
use notifyd_store::api::Verdict;
use notifyd_store::webhooks::{Private, Settings, Webhook, WebhookUpdate};
use serde_json::Value;
use std::sync::Arc;

/// One by its id.
fn find(room: &Room, id: WebhookId) -> Reply<Arc<Webhook>> {
    let found = room.deps.store.webhooks().endpoints().find(id).cloned();
    found.ok_or_else(|| unknown(id))
}

fn unknown(id: WebhookId) -> ApiError {
    refuse::not_found("webhook", id).hint("see notifyctl webhook list")
}

/// Its secret and its headers.
async fn private(room: &Room, webhook: &Webhook) -> Reply<Private> {
    let private = room.deps.store.webhooks().private(webhook.no).await.map_err(refuse::log)?;
    private.ok_or_else(|| unknown(webhook.id))
}

/// As it is now.
async fn seen(room: &Room, webhook: &Webhook) -> Reply<WebhookView> {
    let private = private(room, webhook).await?;
    Ok(room.webhook_view(webhook, &private.headers))
}

/// The webhooks of a service, or all.
pub(crate) async fn list(session: &Session, service: Option<&str>) -> Reply<Vec<WebhookView>> {
    let room = session.look()?;
    let endpoints = room.deps.store.webhooks().endpoints();
    let of = service.map(|name| service::find(room, name)).transpose()?;
    let all = endpoints.all().filter(|it| of.as_ref().is_none_or(|service| service.no == it.service));
    let mut views = Vec::new();
    for webhook in all {
        views.push(seen(room, webhook).await?);
    }
    Ok(views)
}

/// One.
pub(crate) async fn show(session: &Session, id: WebhookId) -> Reply<WebhookView> {
    let room = session.look()?;
    seen(room, &*find(room, id)?).await
}

/// Reads what is asked, by the rules of the service API.
fn read(ask: WebhookAsk) -> Reply<Ask> {
    // The error names a field and what it must be; a secret is text, and is not repeated.
    serde_json::from_value(Value::Object(ask.0)).map_err(|error| refuse::invalid(error.to_string()))
}

/// Only words that are known here.
fn known<T: Copy>(words: &[Open<T>], what: &str) -> Reply<Vec<T>>
where
    Open<T>: std::fmt::Display,
{
    let one = |word: &Open<T>| match word {
        Open::Known(word) => Ok(*word),
        Open::Unknown(_) => Err(refuse::invalid(format!("{what}: {word} is not known here"))),
    };
    words.iter().map(one).collect()
}

/// Nothing is told to one that is switched off.
fn active(webhook: &Webhook) -> Reply<()> {
    if webhook.settings.active {
        return Ok(());
    }
    let message = format!("webhook {} is switched off: it is told nothing", webhook.id);
    Err(refuse::conflict(message).hint(format!("notifyctl webhook enable {}", webhook.id)))
}

/// A change of one, made from this look at it.
fn change(webhook: &Webhook, settings: Settings, verb: &'static str) -> WebhookUpdate {
    WebhookUpdate {
        no: webhook.no,
        id: webhook.id,
        revision: webhook.revision,
        settings,
        private: None,
        renewed: false,
        old_until: webhook.old_until,
        verb,
    }
}

impl Operator<'_> {
    /// Writes a change of a webhook.
    async fn write(&self, update: WebhookUpdate) -> Reply<()> {
        let (id, verb) = (update.id, update.verb);
        let written = self.room.deps.store.webhooks().update(update, self.audit()).await;
        if written.map_err(refuse::log)? != Verdict::Applied {
            let message = format!("somebody else changed webhook {id} at the same moment");
            return Err(refuse::conflict(message).hint("look at it again, then repeat this"));
        }
        self.tell(verb, &id.to_string());
        Ok(())
    }
}
