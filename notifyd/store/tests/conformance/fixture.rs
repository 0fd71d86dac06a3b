//! What the cases share: a store with a service and a provider, a clock to turn, and drafts.

use chrono::TimeDelta;
use notify_proto::{Channel, KeyId, NotificationId, OnUnknown, Priority, ProviderId, ServiceId, Timestamp};
use notifyd_lifecycle::admission::{Dedup, Draft};
use notifyd_lifecycle::dedup::DedupKey;
use notifyd_lifecycle::entropy::SeededEntropy;
use notifyd_lifecycle::retry::RetryPolicy;
use notifyd_lifecycle::{Clock, Entropy, Message, Plan, Secret};
use notifyd_store::Store;
use notifyd_store::api::{
    Accepted, Audit, Backlog, Claim, Idempotency, Job, NewKey, NewNotification, NewProvider, NewService,
    Receipt,
};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A clock that stands until it is turned or set.
pub struct HandClock {
    wall: Mutex<Timestamp>,
    steady: Mutex<Duration>,
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        *self.wall.lock().unwrap()
    }

    fn steady(&self) -> Duration {
        *self.steady.lock().unwrap()
    }
}

type Make = dyn Fn(Arc<dyn Clock>, Arc<dyn Entropy>) -> Arc<dyn Store> + Send + Sync;

/// How to open one store, again and again.
pub struct Fixture {
    make: Arc<Make>,
    clock: Arc<HandClock>,
    entropy: Arc<SeededEntropy>,
}

impl Fixture {
    pub fn new(
        make: impl Fn(Arc<dyn Clock>, Arc<dyn Entropy>) -> Arc<dyn Store> + Send + Sync + 'static,
    ) -> Self {
        let start = Timestamp::from_timestamp(1_800_000_000, 0).unwrap();
        Self {
            make: Arc::new(make),
            clock: Arc::new(HandClock { wall: Mutex::new(start), steady: Mutex::default() }),
            entropy: Arc::new(SeededEntropy::new(1)),
        }
    }

    pub fn open(&self) -> Opened {
        let store = (self.make)(self.clock.clone(), self.entropy.clone());
        Opened { store, make: self.make.clone(), clock: self.clock.clone(), entropy: self.entropy.clone() }
    }
}

/// An open store.
pub struct Opened {
    pub store: Arc<dyn Store>,
    make: Arc<Make>,
    clock: Arc<HandClock>,
    entropy: Arc<SeededEntropy>,
}

pub fn who() -> Audit {
    Audit { actor: "a test".into(), reason: None, key: None }
}

impl Opened {
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Time passes.
    pub fn turn(&self, by: Duration) {
        *self.clock.wall.lock().unwrap() += by;
        *self.clock.steady.lock().unwrap() += by;
    }

    /// Somebody sets the clock, by so many seconds.
    pub fn set_clock(&self, by: i64) {
        *self.clock.wall.lock().unwrap() += TimeDelta::seconds(by);
    }

    /// Closes it and opens it again, as a restart of the daemon does.
    pub async fn restart(self) -> Self {
        let Self { store, make, clock, entropy } = self;
        store.close().await;
        drop(store);
        Self { store: make(clock.clone(), entropy.clone()), make, clock, entropy }
    }

    fn random(&self) -> [u8; 10] {
        let mut bytes = [0; 10];
        self.entropy.fill(&mut bytes);
        bytes
    }

    /// A service by name, made when it is missing; its number.
    pub async fn service(&self, name: &str) -> i64 {
        if let Some(service) = self.store.directory().find_service(name) {
            return service.no;
        }
        self.service_with_key(name).await;
        self.store.directory().find_service(name).unwrap().no
    }

    /// A new service and its key.
    pub async fn service_with_key(&self, name: &str) -> Secret<String> {
        let id = ServiceId::from_parts(1, self.random());
        let (key, new) = self.new_key(id);
        let service = NewService { id, name: name.into(), description: None, rate_per_second: None };
        self.store.create_service(service, new, who()).await.unwrap();
        key
    }

    pub fn new_key(&self, service: ServiceId) -> (Secret<String>, NewKey) {
        let (key, prefix, hash) = self.store.door().mint(service);
        let id = KeyId::from_parts(1, self.random());
        (key, NewKey { id, service, prefix, hash, label: None, expires_at: None })
    }

    /// A provider by name, made when it is missing.
    pub async fn provider(&self, name: &str) -> ProviderId {
        if let Some(provider) = self.store.directory().find_provider(name) {
            return provider.id;
        }
        let id = ProviderId::from_parts(1, self.random());
        self.store.create_provider(new_provider(id, name), who()).await.unwrap();
        id
    }

    pub fn notification(&self, service: i64, draft: Draft) -> NewNotification {
        let id = NotificationId::from_parts(1, self.random());
        let provider_name = Some("p".into());
        NewNotification {
            id,
            service,
            created_at: self.now(),
            draft,
            idempotency: None,
            provider_name,
            asked_by: None,
        }
    }

    /// Accepts a draft of service `acme` that must be new.
    pub async fn accept(&self, draft: Draft) -> NotificationId {
        self.accept_of("acme", draft).await
    }

    pub async fn accept_of(&self, service: &str, draft: Draft) -> NotificationId {
        let service = self.service(service).await;
        match self.store.accept(self.notification(service, draft)).await.unwrap() {
            Accepted::Fresh(receipt) => receipt.id,
            other => panic!("not fresh: {other:?}"),
        }
    }

    /// Accepts with an idempotency key.
    pub async fn accept_with_key(&self, draft: Draft, key: &str, request: u8) -> Accepted {
        let service = self.service("acme").await;
        let mut new = self.notification(service, draft);
        new.idempotency = Some(Idempotency { key: key.into(), request: [request; 32] });
        self.store.accept(new).await.unwrap()
    }

    /// All queued jobs, in the order of their lines.
    pub async fn queued(&self) -> Vec<(Backlog, Job)> {
        let mut all = Vec::new();
        for line in self.store.backlog().await.unwrap() {
            for job in self.store.load(line.clone(), 0, 1_000, usize::MAX).await.unwrap() {
                all.push((line.clone(), job));
            }
        }
        all
    }

    /// The one queued job.
    pub async fn only_job(&self) -> Job {
        let mut all = self.queued().await;
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0).1
    }

    pub async fn claim(&self, job: &Job) -> Claim {
        let provider = self.provider("p").await;
        Claim {
            seq: job.seq,
            fence: job.fence,
            attempts: job.attempts,
            at: self.now(),
            channel: Channel::Sms,
            provider,
            skipped: vec![],
            retries: (job.retry_count > 0).then_some((job.id, job.group.service)),
        }
    }
}

pub fn receipt(accepted: &Accepted) -> &Receipt {
    match accepted {
        Accepted::Fresh(receipt) | Accepted::Duplicate(receipt) | Accepted::Replayed { receipt, .. } => {
            receipt
        }
        Accepted::KeyReused => panic!("the key was reused"),
    }
}

pub fn new_provider(id: ProviderId, name: &str) -> NewProvider {
    NewProvider {
        id,
        name: name.into(),
        kind: "mock".into(),
        channels: vec![Channel::Sms, Channel::Email],
        priority: 10,
        simulated: true,
        rate_per_second: None,
        burst: None,
        max_in_flight: 32,
        config: serde_json::json!({}),
        secret: None,
    }
}

pub fn draft(text: &str) -> Draft {
    let message = Message::text(Channel::Sms, "+15005550006".into(), text);
    let plan = Plan {
        channels: vec![Channel::Sms],
        pinned: None,
        allow_failover: false,
        retry: RetryPolicy::Delays(vec![60, 60]),
        on_unknown: OnUnknown::Resend,
        failover_on_unknown: false,
    };
    let key = DedupKey::of(ServiceId::from_bytes([0; 16]), &plan.channels, &message);
    Draft {
        message,
        plan,
        priority: Priority::Normal,
        scheduled_at: None,
        expires_at: None,
        dedup: Some(Dedup { key, window: Duration::from_secs(1_800) }),
    }
}
