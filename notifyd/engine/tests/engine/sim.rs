//! A world on paused time: the real engine on a real log, with virtual hours that take no time and a seed that decides
//! everything else.
//!
//! The runtime has one thread and its clock moves only when nobody has anything to do. The log lies behind [`Slow`]:
//! each of its verbs is some virtual milliseconds on its way there and back, drawn from the seed, and while the log
//! itself works the runtime's only thread waits for it. So time never passes while the log is busy, answers come in any
//! order, and the same seed gives the same run.

use crate::house::who;
use crate::slow::{Slow, Step, stand};
use chrono::TimeDelta;
use notify_proto::view::NotificationDetail;
use notify_proto::{HoldKind, KeyId, NotificationId, ProviderId, ServiceId, SharedQueue, Timestamp};
use notifyd_engine::{Deps, Engine, Handle, Options};
use notifyd_lifecycle::admission::AdmissionRules;
use notifyd_lifecycle::entropy::SeededEntropy;
use notifyd_lifecycle::{Clock, Entropy, Secret};
use notifyd_providers::Network;
use notifyd_store::api::{
    Accepted, Audit, Idempotency, NewHold, NewKey, NewProvider, NewService, Page, ProviderUpdate, Verdict,
};
use notifyd_store::{Hold, HoldOn, Retention, Scope, SqliteStore, Store, StoreError, Tenant};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

type Result<T> = std::result::Result<T, StoreError>;

/// Worlds a suite looks at.
const SEEDS: u64 = 200;

/// Runs a case in every world; `SEED=n` runs it in that one alone.
pub fn in_every_world(case: impl AsyncFn(World) + Sync) {
    let only: Option<u64> = std::env::var("SEED").ok().map(|seed| seed.parse().unwrap());
    let next = AtomicU64::new(0);
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= SEEDS {
                return;
            }
            if only.is_none_or(|only| only == seed) {
                let _named = Named(seed, &next);
                let runtime =
                    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
                runtime.unwrap().block_on(async { case(World::new(seed)).await });
            }
        }
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..2).map(|_| scope.spawn(work)).collect();
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

/// Says which world it was in which the case failed, and lets no other begin.
struct Named<'a>(u64, &'a AtomicU64);

impl Drop for Named<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.1.store(SEEDS, Ordering::Relaxed);
            println!("in the world of SEED={}", self.0);
        }
    }
}

/// A wall clock over the runtime's paused one, which can be set. Threads of the log see the time that the runtime's
/// thread saw last: it waits for them.
pub struct SimClock {
    origin: Instant,
    ahead_ms: AtomicI64,
    seen_us: AtomicU64,
}

impl SimClock {
    fn new() -> Self {
        let ahead_ms = AtomicI64::new(1_800_000_000_000);
        Self { origin: Instant::now(), ahead_ms, seen_us: AtomicU64::new(0) }
    }

    /// Somebody sets it.
    pub fn set(&self, by: TimeDelta) {
        self.ahead_ms.fetch_add(by.num_milliseconds(), Ordering::AcqRel);
    }
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        let ahead = TimeDelta::milliseconds(self.ahead_ms.load(Ordering::Acquire));
        Timestamp::default() + ahead + TimeDelta::from_std(self.steady()).unwrap()
    }

    fn steady(&self) -> Duration {
        if tokio::runtime::Handle::try_current().is_ok() {
            let micros = u64::try_from(self.origin.elapsed().as_micros()).unwrap();
            self.seen_us.store(micros, Ordering::Release);
        }
        Duration::from_micros(self.seen_us.load(Ordering::Acquire))
    }
}

/// One world: its dice, its clock, its log, and the engine when it runs.
pub struct World {
    pub seed: u64,
    pub dice: StdRng,
    pub clock: Arc<SimClock>,
    /// None while it is closed.
    store: Option<Arc<Slow>>,
    /// What was seen before it was closed.
    left: Vec<(Duration, Step)>,
    /// Longest way to it, milliseconds.
    way: u64,
    dir: TempDir,
    entropy: Arc<SeededEntropy>,
    /// What it calls over HTTP.
    pub network: Network,
    running: Option<(CancellationToken, JoinHandle<Result<()>>)>,
}

impl World {
    /// A new one; on a runtime of one thread whose time is paused.
    pub fn new(seed: u64) -> Self {
        let mut dice = StdRng::seed_from_u64(seed);
        let clock = Arc::new(SimClock::new());
        let entropy = Arc::new(SeededEntropy::new(seed));
        // What is written here is gone with the world: in memory, where there is such a place.
        let memory = Path::new("/dev/shm");
        let dir = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
        let way = *[0, 3, 20].get(dice.random_range(0..3)).unwrap();
        let store = open(&dir.path().join("state"), &clock, &entropy, dice.random(), way, vec![]);
        Self {
            seed,
            dice,
            clock,
            store: Some(store),
            left: vec![],
            way,
            dir,
            entropy,
            network: Network::default(),
            running: None,
        }
    }

    /// Starts the engine.
    pub fn start(&mut self, options: Options) -> Handle {
        let deps = Deps {
            store: self.store().clone(),
            clock: self.clock.clone(),
            entropy: self.entropy.clone() as Arc<dyn Entropy>,
            network: self.network.clone(),
        };
        let (engine, handle) = Engine::new(deps, options, &prometheus::Registry::new()).unwrap();
        let stop = CancellationToken::new();
        self.running = Some((stop.clone(), tokio::spawn(engine.run(stop))));
        handle
    }

    /// Stops the engine as the daemon does.
    pub async fn stop(&mut self) {
        let (stop, running) = self.running.take().unwrap();
        stop.cancel();
        running.await.unwrap().unwrap();
    }

    /// Closes the log, as the daemon does when it has stopped.
    pub async fn close(&mut self) {
        // Whoever was still on the way to the log or back finds out that the engine has stopped.
        tokio::time::sleep(4 * self.longest_way() + Duration::from_millis(1)).await;
        let store = self.store.take().unwrap();
        stand(store.close());
        self.left = std::mem::take(&mut *store.steps.lock().unwrap());
    }

    /// Opens the log again, as the next run of the daemon does.
    pub fn open(&mut self) {
        let seed = self.dice.random();
        let steps = std::mem::take(&mut self.left);
        let state = self.dir.path().join("state");
        self.store = Some(open(&state, &self.clock, &self.entropy, seed, self.way, steps));
    }

    /// The log as the engine has it.
    pub fn store(&self) -> &Arc<Slow> {
        self.store.as_ref().unwrap()
    }

    /// The log itself, without the ways.
    fn log(&self) -> &Arc<dyn Store> {
        &self.store().log
    }

    /// What the engine has done so far; it is forgotten.
    pub fn steps(&self) -> Vec<(Duration, Step)> {
        std::mem::take(&mut self.store().steps.lock().unwrap())
    }

    /// Where it has its files.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Longest way to the log or back.
    pub fn longest_way(&self) -> Duration {
        Duration::from_millis(self.way)
    }

    /// Time since the world began.
    pub fn age(&self) -> Duration {
        self.clock.steady()
    }

    /// Adds a mock provider.
    pub fn provider(&mut self, change: impl FnOnce(&mut NewProvider)) -> ProviderId {
        let mut random = [0; 10];
        self.entropy.fill(&mut random);
        let id = ProviderId::from_parts(1, random);
        let mut provider = NewProvider {
            id,
            name: format!("p{}", self.log().directory().candidates().len()),
            kind: "mock".into(),
            channels: notify_proto::Channel::ALL.to_vec(),
            priority: 1,
            simulated: true,
            rate_per_second: None,
            burst: None,
            max_in_flight: 4,
            config: json!({}),
            secret: None,
        };
        change(&mut provider);
        stand(self.log().create_provider(provider, who())).unwrap();
        id
    }

    /// Pauses or resumes a provider.
    pub fn set_active(&self, provider: ProviderId, active: bool) {
        stand(self.log().set_provider_active(provider, active, who())).unwrap();
    }

    /// Changes a provider.
    pub fn update(&self, provider: ProviderId, change: impl FnOnce(&mut ProviderUpdate)) {
        let row = Arc::clone(self.log().directory().provider(provider).unwrap());
        let mut update = ProviderUpdate::of(&row);
        change(&mut update);
        assert_eq!(stand(self.log().update_provider(update, who())).unwrap(), Verdict::Applied);
    }

    /// Removes a provider.
    pub fn remove(&self, provider: ProviderId) {
        stand(self.log().remove_provider(provider, who())).unwrap();
    }

    /// Forces something on a provider by hand.
    pub fn hold(
        &self,
        provider: ProviderId,
        kind: HoldKind,
        limit: Option<u32>,
        lasts: Option<Duration>,
    ) -> Hold {
        let audit = Audit { actor: "ada".into(), reason: Some("carrier maintenance".into()), key: None };
        let new = NewHold { on: HoldOn::Provider(provider), kind, limit, lasts, verb: "queue.pause" };
        stand(self.log().set_hold(new, audit)).unwrap()
    }

    /// Has a queue that no provider stands behind wait.
    pub fn pause(&self, queue: SharedQueue, lasts: Duration) -> Hold {
        let (on, lasts) = (HoldOn::Queue(queue), Some(lasts));
        let new = NewHold { on, kind: HoldKind::Pause, limit: None, lasts, verb: "queue.pause" };
        stand(self.log().set_hold(new, who())).unwrap()
    }

    /// Ends it before its time.
    pub fn end(&self, hold: &Hold) {
        let ended = stand(self.log().end_holds(hold.on, vec![hold.no], "queue.resume", who()));
        assert_eq!(ended.unwrap().len(), 1);
    }

    /// The view of a service, which is created when there is none of that name.
    pub fn tenant(&self, name: &str) -> Tenant {
        let log = self.log();
        if log.directory().find_service(name).is_none() {
            let mut random = [0; 10];
            self.entropy.fill(&mut random);
            let id = ServiceId::from_parts(1, random);
            let (_, prefix, hash) = log.door().mint(id);
            let key_id = KeyId::from_parts(1, random);
            let key = NewKey { id: key_id, service: id, prefix, hash, label: None, expires_at: None };
            let service = NewService { id, name: name.into(), description: None, rate_per_second: None };
            stand(log.create_service(service, key, who())).unwrap();
        }
        let service = Arc::clone(log.directory().find_service(name).unwrap());
        Tenant::new(Arc::clone(log), service)
    }

    /// Asks for a text message of this service, with these fields besides.
    pub fn ask(&self, service: &str, fields: &Value, key: Option<Idempotency>) -> Accepted {
        let mut request =
            json!({"channel": "sms", "to": "+15005550006", "message": "hi", "deduplicate": false});
        let request_fields = request.as_object_mut().unwrap();
        request_fields.extend(fields.as_object().unwrap().clone());
        request_fields.retain(|_, value| !value.is_null());
        let request = serde_json::from_value(request).unwrap();
        let (tenant, now) = (self.tenant(service), self.clock.now());
        let draft = tenant.draft(request, None, None, now, &AdmissionRules::default()).unwrap();
        stand(tenant.accept(draft, key, now)).unwrap()
    }

    /// Accepts one that is new.
    pub fn send(&self, service: &str, fields: &Value) -> NotificationId {
        match self.ask(service, fields, None) {
            Accepted::Fresh(receipt) => receipt.id,
            other => panic!("{other:?}"),
        }
    }

    /// The story of one.
    pub fn detail(&self, id: NotificationId) -> NotificationDetail {
        stand(self.log().notification(Scope::All, id)).unwrap().unwrap()
    }

    /// The newest ones, as a list shows them.
    pub fn newest(&self, count: usize) -> Vec<NotificationId> {
        let page = Page { limit: u32::try_from(count).unwrap(), ..Page::default() };
        let page = stand(self.log().list(Scope::All, page)).unwrap();
        page.items.into_iter().map(|it| it.id).collect()
    }

    /// Lets time pass until everything is final; ends the case when that takes longer than this.
    pub async fn settled(&self, patience: Duration) {
        let end = self.age() + patience;
        loop {
            let counts = self.log().counts();
            let open: u64 = notify_proto::Status::ALL
                .iter()
                .filter(|status| !status.is_final())
                .map(|status| counts.of(*status))
                .sum();
            if open == 0 {
                return;
            }
            assert!(self.age() < end, "{open} did not come to their end within {patience:?}");
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
    }
}

fn open(
    dir: &Path,
    clock: &Arc<SimClock>,
    entropy: &Arc<SeededEntropy>,
    seed: u64,
    way: u64,
    steps: Vec<(Duration, Step)>,
) -> Arc<Slow> {
    clock.now();
    let options = notifyd_store::Options {
        room: notifyd_store::disk::Room { floor: 0, reserve: 0 },
        dir: dir.to_owned(),
        retention: Retention::default(),
        readers: 1,
        master: Secret::new([1; 32]),
        clock: clock.clone(),
        entropy: entropy.clone(),
    };
    let log = Arc::new(SqliteStore::open(options, &prometheus::Registry::new()).unwrap());
    let dice = |seed| Mutex::new(StdRng::seed_from_u64(seed));
    let (dice, receipt_dice, hook_dice) = (dice(seed), dice(!seed), dice(seed ^ 0x5555));
    Arc::new(Slow { log, clock: clock.clone(), dice, receipt_dice, hook_dice, way, steps: Mutex::new(steps) })
}
