//! Services and providers as a snapshot in memory: read on every request, replaced as a whole after each change.

use notify_proto::{Channel, HoldKind, KeyId, ProviderId, ServiceId, SharedQueue, Timestamp};
use notifyd_lifecycle::candidate::Candidate;
use notifyd_lifecycle::key::KeyHash;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;

/// A service with the keys that may open it.
#[derive(Debug, Clone)]
pub struct Service {
    /// The store's number.
    pub no: i64,
    /// Its id.
    pub id: ServiceId,
    /// Its name.
    pub name: String,
    /// For people.
    pub description: Option<String>,
    /// Whether its requests are accepted.
    pub active: bool,
    /// Requests per second it may make.
    pub rate_per_second: Option<f64>,
    /// When it was created.
    pub created_at: Timestamp,
    /// Keys that are not revoked.
    pub keys: Vec<Key>,
}

/// A key as needed to check one.
#[derive(Debug, Clone)]
pub struct Key {
    /// Its id.
    pub id: KeyId,
    /// Its stored form.
    pub hash: KeyHash,
    /// When it stops working.
    pub expires_at: Option<Timestamp>,
}

impl Key {
    /// Whether it works at `now`.
    pub fn valid(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|at| at > now)
    }
}

/// A provider; its secret stays sealed in the log.
#[derive(Debug, Clone)]
pub struct Provider {
    /// The store's number.
    pub no: i64,
    /// Its id.
    pub id: ProviderId,
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: String,
    /// What it serves.
    pub channels: Vec<Channel>,
    /// Lower is tried first.
    pub priority: i32,
    /// Whether it is used: what it is switched to for a time, else for good.
    pub active: bool,
    /// Whether everything it touches is simulated.
    pub simulated: bool,
    /// Calls per second allowed.
    pub rate_per_second: Option<f64>,
    /// Calls at once after a pause.
    pub burst: Option<u32>,
    /// Calls under way at once.
    pub max_in_flight: u32,
    /// Settings without secrets.
    pub config: Value,
    /// When it was created.
    pub created_at: Timestamp,
    /// Rises with every change, so that a change made from an older look is known to be stale.
    pub revision: i64,
    /// Rises when its configuration or its secret changes, so that a client built from older ones is known to be stale.
    pub client: i64,
}

/// Who a provider is, or was before it was removed: what the story of a notification tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The store's number, which no other provider ever gets.
    pub no: i64,
    /// Its id.
    pub id: ProviderId,
    /// Its name; a removed one's may have gone to another since.
    pub name: String,
}

/// Who a service was before it was removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gone {
    /// The store's number, which no other service ever gets.
    pub no: i64,
    /// Its id.
    pub id: ServiceId,
    /// Its name; it may be another one's by now.
    pub name: String,
}

/// What a hold stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HoldOn {
    /// A provider and the queue in front of it.
    Provider(ProviderId),
    /// A queue that no provider stands behind; such a hold is a pause.
    Queue(SharedQueue),
}

/// What an operator forces by hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// The store's number, never given twice.
    pub no: i64,
    /// On what.
    pub on: HoldOn,
    /// What.
    pub kind: HoldKind,
    /// Calls at once; for `limit` alone.
    pub limit: Option<u32>,
    /// Why, in the operator's words.
    pub reason: Option<String>,
    /// Who made it.
    pub actor: String,
    /// When.
    pub made_at: Timestamp,
    /// When it ends by itself; none when somebody has to end it.
    pub until: Option<Timestamp>,
}

impl Hold {
    /// The id people tell it by.
    pub fn id(&self) -> String {
        format!("hold_{}", self.no)
    }

    /// Whether it has not ended by itself at `now`.
    pub fn stands(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| until > now)
    }
}

/// The snapshot.
#[derive(Debug, Default)]
pub struct Directory {
    services: Vec<Arc<Service>>,
    by_id: HashMap<ServiceId, usize>,
    by_no: HashMap<i64, usize>,
    providers: Vec<Arc<Provider>>,
    candidates: Vec<Candidate>,
    known: Vec<Known>,
    holds: Vec<Hold>,
    gone: HashMap<i64, Gone>,
}

impl Directory {
    /// From the stored rows.
    pub fn new(
        mut services: Vec<Service>,
        mut providers: Vec<Provider>,
        removed: Vec<Known>,
        holds: Vec<Hold>,
    ) -> Self {
        services.sort_by(|a, b| a.name.cmp(&b.name));
        providers.sort_by_key(|provider| (provider.priority, provider.id));
        for provider in &mut providers {
            let switched = holds.iter().filter(|hold| hold.on == HoldOn::Provider(provider.id));
            provider.active =
                switched.filter_map(|hold| hold.kind.switches()).next_back().unwrap_or(provider.active);
        }
        let candidates = providers
            .iter()
            .map(|provider| Candidate {
                id: provider.id,
                name: provider.name.clone(),
                channels: provider.channels.iter().copied().collect(),
                priority: provider.priority,
                active: provider.active,
            })
            .collect();
        let known = |it: &Provider| Known { no: it.no, id: it.id, name: it.name.clone() };
        Self {
            known: providers.iter().map(known).chain(removed).collect(),
            by_id: services.iter().enumerate().map(|(index, service)| (service.id, index)).collect(),
            by_no: services.iter().enumerate().map(|(index, service)| (service.no, index)).collect(),
            services: services.into_iter().map(Arc::new).collect(),
            providers: providers.into_iter().map(Arc::new).collect(),
            candidates,
            holds,
            gone: HashMap::new(),
        }
    }

    /// With the services that were removed.
    #[must_use]
    pub fn after(mut self, gone: Vec<Gone>) -> Self {
        self.gone = gone.into_iter().map(|it| (it.no, it)).collect();
        self
    }

    /// All services, by name.
    pub fn services(&self) -> &[Arc<Service>] {
        &self.services
    }

    /// A service by id.
    pub fn service(&self, id: ServiceId) -> Option<&Arc<Service>> {
        self.by_id.get(&id).map(|index| &self.services[*index])
    }

    /// A service by the store's number.
    pub fn service_no(&self, no: i64) -> Option<&Arc<Service>> {
        self.by_no.get(&no).map(|index| &self.services[*index])
    }

    /// Id and name of a service by the store's number, also of a removed one.
    pub fn whose(&self, no: i64) -> Option<(ServiceId, &str)> {
        match self.service_no(no) {
            Some(it) => Some((it.id, &it.name)),
            None => self.gone.get(&no).map(|it| (it.id, it.name.as_str())),
        }
    }

    /// Number and name of each service, the removed ones included.
    pub fn all_services(&self) -> impl Iterator<Item = (i64, &str)> {
        let living = self.services.iter().map(|it| (it.no, it.name.as_str()));
        living.chain(self.gone.values().map(|it| (it.no, it.name.as_str())))
    }

    /// A service by name, or by id as text.
    pub fn find_service(&self, name: &str) -> Option<&Arc<Service>> {
        let by_name = self.services.binary_search_by(|service| service.name.as_str().cmp(name)).ok();
        by_name.map(|index| &self.services[index]).or_else(|| self.service(name.parse().ok()?))
    }

    /// All providers, in the order they are tried.
    pub fn providers(&self) -> &[Arc<Provider>] {
        &self.providers
    }

    /// The same as the choice of a provider needs them.
    pub fn candidates(&self) -> &[Candidate] {
        &self.candidates
    }

    /// What operators force, oldest first; also what has ended by itself and is not removed yet.
    pub fn holds(&self) -> &[Hold] {
        &self.holds
    }

    /// What operators force on one provider at `now`.
    pub fn holds_on(&self, provider: ProviderId, now: Timestamp) -> impl Iterator<Item = &Hold> {
        self.holding(HoldOn::Provider(provider), now)
    }

    /// What operators force on something at `now`.
    pub fn holding(&self, on: HoldOn, now: Timestamp) -> impl Iterator<Item = &Hold> {
        self.holds.iter().filter(move |hold| hold.on == on && hold.stands(now))
    }

    /// Whether a queue that no provider stands behind is paused at `now`.
    pub fn paused(&self, queue: SharedQueue, now: Timestamp) -> bool {
        self.holding(HoldOn::Queue(queue), now).next().is_some()
    }

    /// The name of what a hold stands on; none when it is a provider that is gone.
    pub fn name_of(&self, on: HoldOn) -> Option<&str> {
        match on {
            HoldOn::Provider(id) => self.provider(id).map(|it| it.name.as_str()),
            HoldOn::Queue(queue) => Some(queue.as_str()),
        }
    }

    /// What has switched a provider on or off for a time, as long as it does.
    pub fn switched(&self, provider: ProviderId) -> Option<&Hold> {
        self.holds.iter().find(|hold| hold.on == HoldOn::Provider(provider) && hold.kind.switches().is_some())
    }

    /// A provider by id.
    pub fn provider(&self, id: ProviderId) -> Option<&Arc<Provider>> {
        self.providers.iter().find(|provider| provider.id == id)
    }

    /// A provider by name, or by id as text.
    pub fn find_provider(&self, name: &str) -> Option<&Arc<Provider>> {
        self.providers
            .iter()
            .find(|provider| provider.name == name)
            .or_else(|| self.provider(name.parse().ok()?))
    }

    /// All providers and all that ever were.
    pub fn known(&self) -> &[Known] {
        &self.known
    }

    /// A provider by the store's number, also a removed one.
    pub fn known_no(&self, no: i64) -> Option<&Known> {
        self.known.iter().find(|provider| provider.no == no)
    }

    /// A provider by id, also a removed one: a call may have been under way when it was removed.
    pub fn known_id(&self, id: ProviderId) -> Option<&Known> {
        self.known.iter().find(|provider| provider.id == id)
    }

    /// The store's number of a provider, also of a removed one.
    pub fn provider_no(&self, id: ProviderId) -> Option<i64> {
        self.known_id(id).map(|provider| provider.no)
    }
}
