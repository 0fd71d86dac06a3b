//! The webhooks of one service. Each is asked for by its id, and another service's is like none.

use super::Tenant;
use crate::api::{Idempotency, Verdict};
use crate::error::{Result, StoreError};
use crate::operations::{MAX_MOVING, NewOperation, Operation, Recovery, Work};
use crate::webhooks::{Created, NewWebhook, Page, Private, Webhook, WebhookUpdate};
use notify_proto::view::rfc3339;
use notify_proto::webhook::{DeliveryDetail, DeliveryView, WebhookView};
use notify_proto::{DeliveryId, Timestamp, WebhookEvent, WebhookId, WebhookStatus};
use notifyd_lifecycle::Secret;
use notifyd_lifecycle::webhook::ask::Headers;
use notifyd_lifecycle::webhook::{Asked, Settings};
use std::sync::Arc;

/// How often a change is made anew when another one came between.
const TRIES: usize = 5;

/// The verb of a replay.
const REPLAY: &str = "webhook.replay";

/// Replays of all services that are under way at most: operators need room for what they do.
const REPLAYS: usize = MAX_MOVING / 2;

/// A replay that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replay {
    /// How many are told once more.
    pub count: u64,
    /// Under which number operators see it; none when there is nothing to tell.
    pub operation: Option<i64>,
}

impl Tenant {
    fn own(&self, id: WebhookId) -> Option<Arc<Webhook>> {
        let endpoints = self.store.webhooks().endpoints();
        endpoints.find(id).filter(|it| it.service == self.service.no).cloned()
    }

    /// One webhook.
    pub async fn webhook(&self, id: WebhookId) -> Result<Option<WebhookView>> {
        let Some(webhook) = self.own(id) else { return Ok(None) };
        let Some(private) = self.store.webhooks().private(webhook.no).await? else { return Ok(None) };
        Ok(Some(self.view(&webhook, &private.headers)))
    }

    /// All of them, oldest first.
    pub async fn webhooks(&self) -> Result<Vec<WebhookView>> {
        let endpoints = self.store.webhooks().endpoints();
        let mut all = Vec::new();
        for webhook in endpoints.of(self.service.no) {
            if let Some(private) = self.store.webhooks().private(webhook.no).await? {
                all.push(self.view(webhook, &private.headers));
            }
        }
        Ok(all)
    }

    fn view(&self, webhook: &Webhook, headers: &Headers) -> WebhookView {
        webhook.view(self.service.id, self.service.name.clone(), headers)
    }

    /// Creates one, signed with this secret; at most so many there may be. With a key, once.
    pub async fn create_webhook(
        &self,
        asked: Asked,
        secret: Secret<String>,
        most: usize,
        key: Option<Idempotency>,
        now: Timestamp,
    ) -> Result<Created> {
        let random = self.store.door().random_id_bytes();
        let id = WebhookId::from_parts(u64::try_from(now.timestamp_millis()).unwrap_or_default(), random);
        let private = Private { secret, old: None, headers: asked.headers.unwrap_or_default() };
        let new = NewWebhook { id, service: self.service.no, settings: asked.settings, private, most };
        let audit = self.audit(None);
        match key {
            Some(key) => self.store.webhooks().create_once(new, key, audit).await,
            None => self.store.webhooks().create(new, audit).await.map(|()| Created::Fresh(id)),
        }
    }

    /// What came of the request that used this key before.
    pub async fn webhook_before(&self, key: Idempotency) -> Result<Option<Created>> {
        self.store.webhooks().created_before(self.service.no, key).await
    }

    /// The secret that signs, for the answer that tells it.
    pub async fn webhook_secret(&self, id: WebhookId) -> Result<Option<Secret<String>>> {
        let Some(webhook) = self.own(id) else { return Ok(None) };
        Ok(self.store.webhooks().private(webhook.no).await?.map(|private| private.secret))
    }

    /// Changes one as `ask` says, who is given how it is set and its headers. None when there is none; the inner error is
    /// what `ask` says, and nothing is changed then.
    pub async fn change_webhook<E>(
        &self,
        id: WebhookId,
        ask: impl Fn(Settings, &Headers) -> std::result::Result<Asked, E>,
    ) -> Result<Option<std::result::Result<WebhookView, E>>> {
        for _ in 0..TRIES {
            let Some(webhook) = self.own(id) else { return Ok(None) };
            let Some(before) = self.store.webhooks().private(webhook.no).await? else { return Ok(None) };
            let asked = match ask(webhook.settings.clone(), &before.headers) {
                Ok(asked) => asked,
                Err(error) => return Ok(Some(Err(error))),
            };
            let private = asked.headers.map(|headers| Private { headers, ..before });
            let update = WebhookUpdate {
                no: webhook.no,
                id,
                revision: webhook.revision,
                settings: asked.settings,
                private,
                renewed: false,
                old_until: webhook.old_until,
                verb: "webhook.update",
            };
            if self.applied(update).await? {
                return Ok(self.webhook(id).await?.map(Ok));
            }
        }
        Err(StoreError::Overloaded)
    }

    /// Has one sign with this secret from now on, and until then with the one before as well. Whether there is one.
    pub async fn rotate_webhook(
        &self,
        id: WebhookId,
        secret: &Secret<String>,
        old_until: Option<Timestamp>,
    ) -> Result<bool> {
        for _ in 0..TRIES {
            let Some(webhook) = self.own(id) else { return Ok(false) };
            let Some(before) = self.store.webhooks().private(webhook.no).await? else { return Ok(false) };
            let update = WebhookUpdate {
                no: webhook.no,
                id,
                revision: webhook.revision,
                settings: webhook.settings.clone(),
                private: Some(Private {
                    secret: secret.clone(),
                    old: old_until.map(|_| before.secret),
                    headers: before.headers,
                }),
                renewed: true,
                old_until,
                verb: "webhook.rotate",
            };
            if self.applied(update).await? {
                return Ok(true);
            }
        }
        Err(StoreError::Overloaded)
    }

    async fn applied(&self, update: WebhookUpdate) -> Result<bool> {
        match self.store.webhooks().update(update, self.audit(None)).await {
            Ok(verdict) => Ok(verdict == Verdict::Applied),
            // It was removed meanwhile: the next look says so.
            Err(StoreError::NotFound { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Removes one; whether there was one.
    pub async fn remove_webhook(&self, id: WebhookId) -> Result<bool> {
        let Some(webhook) = self.own(id) else { return Ok(false) };
        match self.store.webhooks().remove(webhook.no, id, self.audit(None)).await {
            Ok(()) => Ok(true),
            Err(StoreError::NotFound { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Whether one is told anything; none when there is none.
    pub fn webhook_is_active(&self, id: WebhookId) -> Option<bool> {
        self.own(id).map(|webhook| webhook.settings.active)
    }

    /// Owes one an event of no notification, to try it; none when there is none.
    pub async fn test_webhook(
        &self,
        id: WebhookId,
        event: WebhookEvent,
        now: Timestamp,
    ) -> Result<Option<DeliveryId>> {
        let Some(webhook) = self.own(id) else { return Ok(None) };
        let random = self.store.door().random_id_bytes();
        let millis = u64::try_from(now.timestamp_millis()).unwrap_or_default();
        let delivery = DeliveryId::from_parts(millis, random);
        match self.store.webhooks().test(webhook.no, delivery, event, self.audit(None)).await {
            Ok(()) => Ok(Some(delivery)),
            Err(StoreError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What was told to one, newest first; none when there is none.
    pub async fn deliveries(&self, id: WebhookId, page: Page) -> Result<Option<Vec<DeliveryView>>> {
        let Some(webhook) = self.own(id) else { return Ok(None) };
        self.store.webhooks().deliveries(webhook.no, page).await.map(Some)
    }

    /// One event told to one webhook, with its tries.
    pub async fn delivery(&self, id: WebhookId, delivery: DeliveryId) -> Result<Option<DeliveryDetail>> {
        let Some(webhook) = self.own(id) else { return Ok(None) };
        let found = self.store.webhooks().delivery(delivery).await?;
        Ok(found.filter(|it| it.delivery.webhook_id == webhook.id))
    }

    /// Has one told once more; whether there is one.
    pub async fn redeliver(&self, id: WebhookId, delivery: DeliveryId) -> Result<bool> {
        if self.delivery(id, delivery).await?.is_none() {
            return Ok(false);
        }
        self.store.webhooks().redeliver(delivery, self.audit(None)).await
    }

    /// Begins to have told once more what stands there; none when there is no such webhook.
    pub async fn replay_webhook(
        &self,
        id: WebhookId,
        status: WebhookStatus,
        (since, until): (Timestamp, Timestamp),
    ) -> Result<Option<Replay>> {
        let Some(webhook) = self.own(id) else { return Ok(None) };
        let statuses = vec![status];
        let rate_per_second = Some(Recovery::RATE);
        let recovery = Recovery { webhook: id, statuses, events: vec![], since, until, rate_per_second };
        let total = self.store.webhooks().count(webhook.no, recovery.page()).await?;
        if total == 0 {
            return Ok(Some(Replay { count: 0, operation: None }));
        }
        let moving = self.store.operations().moving().await?;
        let replays = || moving.iter().filter(|it| it.verb == REPLAY);
        let same = |it: &Operation| matches!(&it.work, Some(Work::Recovery(it)) if it.webhook == id);
        if replays().any(same) {
            return Err(StoreError::Busy("this webhook is being replayed to; wait until that has ended"));
        }
        if replays().count() >= REPLAYS {
            return Err(StoreError::Busy("as many replays as may be are under way; wait for one to end"));
        }
        let target = format!("{id}: {total} from {} until {}", rfc3339(since), rfc3339(until));
        let work = Some(Work::Recovery(recovery));
        let new = NewOperation { verb: REPLAY, target, unit: "events", total, work };
        let begun = self.store.operations().begin(new, self.audit(None)).await?;
        Ok(Some(Replay { count: total, operation: Some(begun.no) }))
    }
}
