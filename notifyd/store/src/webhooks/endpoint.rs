//! Webhooks as the daemon knows them: all of them in memory, by service, so that what is owed to whom is looked up and not
//! searched.

use notify_proto::webhook::{HIDDEN, WebhookView};
use notify_proto::{Open, ServiceId, Timestamp, WebhookFault, WebhookId};
use notifyd_lifecycle::Secret;
use notifyd_lifecycle::webhook::ask::Headers;
use notifyd_lifecycle::webhook::{EventSet, Settings};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// A webhook, without its secrets.
#[derive(Debug, Clone, PartialEq)]
pub struct Webhook {
    /// The store's number, given once.
    pub no: i64,
    /// Its id.
    pub id: WebhookId,
    /// The store's number of its service.
    pub service: i64,
    /// How it is set.
    pub settings: Settings,
    /// Until when the secret before this one signs as well.
    pub old_until: Option<Timestamp>,
    /// Why the daemon has switched it off.
    pub fault: Option<WebhookFault>,
    /// Since when it has taken nothing.
    pub failing_since: Option<Timestamp>,
    /// Rises with every change that somebody makes, so that one made from an older look is known to be stale.
    pub revision: i64,
    /// Rises when its url, its secrets or its headers change.
    pub client: i64,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
    /// When its secret was set; none when that was before it was noted.
    pub secret_at: Option<Timestamp>,
}

impl Webhook {
    /// Where it is told: the host of its address, with its port when that is not the usual one.
    pub fn host(&self) -> &str {
        let rest = self.settings.url.split_once("://").map_or("", |(_, rest)| rest);
        rest.split(['/', '?', '#']).next().unwrap_or_default()
    }

    /// As it is told to those who look: of its headers only the names.
    pub fn view(&self, service_id: ServiceId, service_name: String, headers: &Headers) -> WebhookView {
        let Settings { url, description, events, schedule, timeout, redact, active } = &self.settings;
        WebhookView {
            id: self.id,
            service_id,
            service_name,
            url: url.clone(),
            description: description.clone(),
            is_active: *active,
            disabled_reason: self.fault.map(Open::Known),
            failing_since: self.failing_since,
            events: events.iter().map(Open::Known).collect(),
            headers: headers.keys().map(|name| (name.clone(), HIDDEN.to_owned())).collect(),
            max_retries: schedule.max_retries,
            timeout_seconds: u32::try_from(timeout.as_secs()).unwrap_or(u32::MAX),
            retry_profile: Open::Known(schedule.profile),
            redact: *redact,
            secret_set_at: self.secret_at,
            old_secret_until: self.old_until,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}

/// What of a webhook is kept sealed.
#[derive(Clone)]
pub struct Private {
    /// What it is signed with.
    pub secret: Secret<String>,
    /// The secret before this one.
    pub old: Option<Secret<String>>,
    /// Headers that are sent along, by name.
    pub headers: Headers,
}

/// The same in the form in which it is sealed.
#[derive(Serialize, Deserialize)]
struct Stored {
    secret: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    old: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<String, String>,
}

impl Private {
    /// To be sealed.
    pub(super) fn to_bytes(&self) -> Secret<Vec<u8>> {
        let stored = Stored {
            secret: self.secret.expose().clone(),
            old: self.old.as_ref().map(|old| old.expose().clone()),
            headers: self
                .headers
                .iter()
                .map(|(name, value)| (name.clone(), value.expose().clone()))
                .collect(),
        };
        // Texts always serialise; were it not so, what is empty opens no door.
        Secret::new(serde_json::to_vec(&stored).unwrap_or_default())
    }

    /// As it was unsealed.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let Stored { secret, old, headers } = serde_json::from_slice(bytes).ok()?;
        Some(Self {
            secret: Secret::new(secret),
            old: old.map(Secret::new),
            headers: headers.into_iter().map(|(name, value)| (name, Secret::new(value))).collect(),
        })
    }
}

/// Which webhook of a service is told of what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Route {
    /// The store's number of the webhook.
    pub webhook: i64,
    /// Its id.
    pub id: WebhookId,
    /// What it is told of.
    pub events: EventSet,
}

/// All webhooks.
#[derive(Debug, Default, Clone)]
pub struct Endpoints {
    all: BTreeMap<i64, Arc<Webhook>>,
    by_id: HashMap<WebhookId, i64>,
    /// The numbers of those of each service, ascending.
    of: HashMap<i64, Vec<i64>>,
    /// The active ones of each service.
    routes: HashMap<i64, Arc<[Route]>>,
}

impl Endpoints {
    /// From their rows.
    pub(super) fn new(all: Vec<Webhook>) -> Self {
        let mut it = Self::default();
        for webhook in all {
            it.by_id.insert(webhook.id, webhook.no);
            it.of.entry(webhook.service).or_default().push(webhook.no);
            it.all.insert(webhook.no, Arc::new(webhook));
        }
        for service in it.of.keys().copied().collect::<Vec<_>>() {
            it.route(service);
        }
        it
    }

    /// Takes over the row of this number as it is now; none when it is gone.
    pub(super) fn replace(&mut self, no: i64, row: Option<Webhook>) {
        let (before, now) = match row {
            Some(row) => {
                let row = Arc::new(row);
                (self.all.insert(no, Arc::clone(&row)), Some(row))
            }
            None => (self.all.remove(&no), None),
        };
        let Some(known) = now.as_ref().or(before.as_ref()) else { return };
        let of = self.of.entry(known.service).or_default();
        of.retain(|it| *it != no);
        if now.is_some() {
            self.by_id.insert(known.id, no);
            of.push(no);
        } else {
            self.by_id.remove(&known.id);
        }
        self.route(known.service);
    }

    fn route(&mut self, service: i64) {
        let of = self.of.get(&service).into_iter().flatten();
        let active = of.filter_map(|no| self.all.get(no)).filter(|it| it.settings.active);
        let routes: Vec<_> =
            active.map(|it| Route { webhook: it.no, id: it.id, events: it.settings.events }).collect();
        if routes.is_empty() {
            self.routes.remove(&service);
        } else {
            self.routes.insert(service, routes.into());
        }
    }

    /// Who is told of the notifications of a service.
    pub(crate) fn routes(&self, service: i64) -> Option<&Arc<[Route]>> {
        self.routes.get(&service)
    }

    /// One by the store's number.
    pub fn get(&self, no: i64) -> Option<&Arc<Webhook>> {
        self.all.get(&no)
    }

    /// One by its id.
    pub fn find(&self, id: WebhookId) -> Option<&Arc<Webhook>> {
        self.get(*self.by_id.get(&id)?)
    }

    /// All, oldest first.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Webhook>> {
        self.all.values()
    }

    /// Those of a service, oldest first.
    pub fn of(&self, service: i64) -> impl Iterator<Item = &Arc<Webhook>> {
        self.of.get(&service).into_iter().flatten().filter_map(|no| self.all.get(no))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}
