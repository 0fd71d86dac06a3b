//! A house for one test: log in a temporary directory, stopped clock, an engine without wheels.

use crate::deps::{Daemon, Deps, EngineHandle, Reload};
use crate::metrics::Metrics;
use crate::peer::Caller;
use crate::session::{Room, Session};
use async_trait::async_trait;
use notify_proto::control::{Change, ControlClient, Hello, NewService, Role};
use notify_proto::hold::{Force, HoldRequest};
use notify_proto::measured::{CallView, ServiceFigures, Tries};
use notify_proto::send::SendRequest;
use notify_proto::transport::{self, Context};
use notify_proto::upkeep::{ChangedSetting, ConfigView, ReloadView, SettingView};
use notify_proto::{
    Channel, DeliveryId, ErrorCode, FailureReason, HoldKind, NotificationId, ProviderId, SkipReason,
    Timestamp,
};
use notifyd_engine::{
    Common, Figures, KindInfo, Of, ProviderState, Quantiles, Queue, Reach, Route, SettingError, Speeds,
    Standing, Step, Telling, TestCall, Totals, Verdict, Way,
};
use notifyd_lifecycle::admission::AdmissionRules;
use notifyd_lifecycle::candidate::{Choice, Gate, Skip};
use notifyd_lifecycle::entropy::SeededEntropy;
use notifyd_lifecycle::steer::Wish;
use notifyd_lifecycle::{Clock, Report, Secret};
use notifyd_store::api::{Audit, Changed, Job, Scope, Steered};
use notifyd_store::operations::{NewOperation, Operation};
use notifyd_store::webhooks::Webhook;
use notifyd_store::{Options, SqliteStore, Store, StoreError, Upkeep};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::UnixStream;
use tokio_util::sync::CancellationToken;

pub(super) struct StoppedClock;

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_timestamp_millis(1_800_000_000_000).unwrap()
    }
}

pub(super) struct FakeEngine {
    store: Arc<SqliteStore>,
    /// What is in memory, and whom the work of a channel goes to.
    pub(super) standing: Mutex<Standing>,
    pub(super) speeds: Mutex<Speeds>,
    pub(super) figures: Mutex<Figures>,
    pub(super) calls: Mutex<Vec<CallView>>,
    pub(super) tries: Mutex<HashMap<Common, Tries>>,
    pub(super) services: Mutex<HashMap<i64, ServiceFigures>>,
    pub(super) latencies: Mutex<HashMap<i64, [Quantiles; 3]>>,
    pub(super) circuit: Mutex<&'static str>,
    /// How often somebody looked at a provider.
    pub(super) looks: AtomicU32,
}

#[async_trait]
impl EngineHandle for FakeEngine {
    fn in_flight(&self) -> u32 {
        3
    }

    fn totals(&self) -> Totals {
        Totals { accepted: 9, delivered: 5, failed: 1 }
    }

    fn provider_state(&self, _: ProviderId) -> ProviderState {
        self.looks.fetch_add(1, Ordering::Relaxed);
        let circuit = *self.circuit.lock().unwrap();
        ProviderState {
            circuit,
            reason: (circuit != "closed").then(|| "5 failures in a row".into()),
            in_flight: 1,
            ..ProviderState::default()
        }
    }

    async fn queues(&self) -> Result<HashMap<ProviderId, Queue>, StoreError> {
        let queue = Queue { waiting: 7, oldest: Some(StoppedClock.now()), in_flight: 2 };
        let directory = self.store.directory();
        Ok(directory.providers().iter().map(|provider| (provider.id, queue)).collect())
    }

    async fn standing(&self) -> Result<Standing, StoreError> {
        Ok(self.standing.lock().unwrap().clone())
    }

    fn speeds(&self) -> Speeds {
        self.speeds.lock().unwrap().clone()
    }

    fn figures(&self) -> Figures {
        self.figures.lock().unwrap().clone()
    }

    fn points(&self, _: Of, index: usize, by_minute: bool, n: usize) -> Vec<f64> {
        vec![if by_minute { 60.0 } else { 1.0 } + f64::from(u32::try_from(index).unwrap()); n.min(3)]
    }

    fn calls(&self, _: ProviderId) -> Vec<CallView> {
        self.calls.lock().unwrap().clone()
    }

    fn tries(&self, common: Common) -> Tries {
        self.tries.lock().unwrap().get(&common).copied().unwrap_or_default()
    }

    fn services(&self) -> HashMap<i64, ServiceFigures> {
        self.services.lock().unwrap().clone()
    }

    fn service_latencies(&self) -> HashMap<i64, [Quantiles; 3]> {
        self.latencies.lock().unwrap().clone()
    }

    async fn force(&self, _: ProviderId, to: Force) -> Result<(), StoreError> {
        *self.circuit.lock().unwrap() = to.as_str();
        Ok(())
    }

    fn kinds(&self) -> Vec<KindInfo> {
        vec![
            KindInfo {
                name: "mock",
                channels: Channel::ALL.to_vec(),
                simulated: true,
                seed: Some(json!({})),
            },
            KindInfo { name: "smtp", channels: vec![Channel::Email], simulated: false, seed: None },
        ]
    }

    fn check_provider(
        &self,
        _: &str,
        config: &Value,
        secret: Option<&Secret<String>>,
    ) -> Result<(), SettingError> {
        match (config.get("bad"), config.get("username"), secret) {
            (Some(_), ..) => {
                Err(SettingError { field: "bad".into(), problem: "there is no such field".into() })
            }
            (_, Some(_), None) => {
                Err(SettingError { field: "secret".into(), problem: "a login needs one".into() })
            }
            _ => Ok(()),
        }
    }

    /// The first one that serves a channel is taken while circuits are closed; a pin stands alone.
    async fn route(
        &self,
        channels: Vec<Channel>,
        pinned: Option<ProviderId>,
    ) -> Result<Vec<Route>, StoreError> {
        let directory = self.store.directory();
        let open = *self.circuit.lock().unwrap() == "closed";
        let of = |channel: Channel| {
            let able = directory.providers().iter().filter(|it| it.channels.contains(&channel));
            let steps = able.filter(|it| pinned.is_none_or(|pinned| pinned == it.id)).enumerate();
            let step = |(index, it): (usize, &Arc<notifyd_store::Provider>)| Step {
                provider: it.id,
                name: it.name.clone(),
                priority: it.priority,
                verdict: match (open, index) {
                    (false, _) => Verdict::PassedOver,
                    (true, 0) => Verdict::Taken,
                    (true, _) => Verdict::InReserve,
                },
                gate: if open { Gate::Open } else { Gate::Closed(SkipReason::BreakerOpen) },
                why: (!open).then(|| "5 failures in a row".into()),
                since: (!open).then(|| StoppedClock.now()),
                until: None,
            };
            Route { channel, steps: steps.map(step).collect() }
        };
        Ok(channels.into_iter().map(of).collect())
    }

    async fn test_provider(&self, _: ProviderId, _: Channel, to: &str) -> Result<TestCall, SettingError> {
        let report = Report::accepted(Some(format!("to {to}")));
        Ok(TestCall { report, elapsed: Duration::from_millis(7), simulated: true })
    }

    /// The mock is nowhere, whatever else there is does not answer.
    async fn reach_provider(&self, id: ProviderId, _: Duration) -> Result<Reach, SettingError> {
        let directory = self.store.directory();
        let kind = directory.provider(id).map(|it| it.kind.clone()).unwrap_or_default();
        match kind.as_str() {
            "mock" => Ok(Reach::Nowhere("it connects to nobody")),
            _ => Ok(Reach::Away("mail.example.org:25: nobody answers".into())),
        }
    }

    fn telling(&self, _: &Webhook) -> Telling {
        let last = [None, Some(StoppedClock.now())];
        Telling { busy: 2, limit: 8, disable_after: Some(Duration::from_secs(86_400)), last }
    }

    async fn reach_webhook(&self, webhook: &Webhook, _: Duration) -> Reach {
        Reach::There(webhook.settings.url.clone())
    }

    async fn revoke(&self, id: NotificationId, audit: Audit) -> Result<Changed, StoreError> {
        self.store.revoke(Scope::All, id, audit).await
    }

    async fn steer(
        &self,
        id: NotificationId,
        wish: Wish,
        verb: &'static str,
        audit: Audit,
    ) -> Result<Steered, StoreError> {
        self.store.steer(Scope::All, id, wish, verb, audit).await
    }

    /// The first one is taken while circuits are closed, and nobody while they are open.
    async fn way(&self, job: Job) -> Result<Option<Way>, StoreError> {
        let routes = self.route(job.plan.channels.clone(), job.plan.pinned).await?;
        let first = routes.iter().find_map(|route| Some((route.channel, route.steps.first()?.provider)));
        let open = *self.circuit.lock().unwrap() == "closed";
        let choice = match first {
            None => Choice::Dead(FailureReason::NoProvider),
            Some((channel, provider)) if open => {
                Choice::Try { channel_index: 0, channel, provider, skipped: vec![] }
            }
            Some((channel, provider)) => {
                let provider = Some(provider);
                Choice::Closed(vec![Skip { channel, provider, reason: SkipReason::BreakerOpen }])
            }
        };
        Ok(Some(Way { choice, routes, loaded: true, waiting: 7 }))
    }

    async fn discard(&self, ids: Vec<NotificationId>, audit: Audit) -> Result<Vec<Changed>, StoreError> {
        self.store.operations().discard(ids, audit).await
    }

    async fn begin(&self, operation: NewOperation, audit: Audit) -> Result<Operation, StoreError> {
        self.store.operations().begin(operation, audit).await
    }

    /// Something in which everything is that has to be masked.
    async fn told(&self, webhook: &Webhook, id: DeliveryId) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(owed) = self.store.webhooks().told(id).await? else { return Ok(None) };
        let story = owed.story.as_deref();
        let body = json!({
            "event": owed.event,
            "recipient": story.map(|story| story.message.recipient.clone()),
            "content": story.and_then(|story| story.message.content.clone()),
            "error_message": "+15005550006 did not want it",
            "redacted": webhook.settings.redact,
        });
        Ok(Some(body.to_string().into_bytes()))
    }
}

/// Takes the new settings, or refuses them.
pub(super) struct FakeReload(pub(super) Mutex<Result<(), String>>, pub(super) Mutex<Filters>);

/// The log filters that were set, and for how long.
type Filters = Vec<(Option<String>, Duration)>;

/// What is in its file otherwise.
fn difference() -> ReloadView {
    let changed = ChangedSetting { key: "delivery.workers".into(), from: "64".into(), to: "32".into() };
    ReloadView { changed: vec![changed], needs_restart: vec!["intake.listen".into()] }
}

#[async_trait]
impl Reload for FakeReload {
    async fn reload(&self) -> Result<ReloadView, String> {
        self.0.lock().unwrap().clone()?;
        Ok(difference())
    }

    fn config(&self) -> Result<ConfigView, String> {
        let setting =
            SettingView { key: "delivery.workers".into(), value: 64.into(), default: 64.into(), live: true };
        Ok(ConfigView { file: None, settings: vec![setting] })
    }

    fn check(&self, text: Option<&str>) -> Result<ReloadView, String> {
        let Some(text) = text else {
            self.0.lock().unwrap().clone()?;
            return Ok(difference());
        };
        if text.is_empty() { Ok(ReloadView::default()) } else { Err("the file given: line 1: no".into()) }
    }

    fn check_log_filter(&self, filter: &str) -> Result<String, String> {
        if filter == "loud" { Err("log.filter: `loud` is no level".into()) } else { Ok("info".into()) }
    }

    fn log_filter(&self, filter: Option<&str>, lasts: Duration) -> Result<(), String> {
        self.1.lock().unwrap().push((filter.map(str::to_owned), lasts));
        Ok(())
    }
}

pub(super) struct House {
    pub(super) dir: tempfile::TempDir,
    pub(super) store: Arc<SqliteStore>,
    pub(super) engine: Arc<FakeEngine>,
    pub(super) reload: Arc<FakeReload>,
    pub(super) registry: prometheus::Registry,
    pub(super) room: Arc<Room>,
    pub(super) deps: Deps,
    pub(super) stops: Arc<Mutex<Vec<Option<Duration>>>>,
    /// Cancelled when the daemon is asked to stop.
    pub(super) stopped: CancellationToken,
}

pub(super) fn house() -> House {
    house_with(|store| store)
}

/// A house whose log is kept up by somebody else.
pub(super) fn house_with<U: Upkeep>(upkeep: impl FnOnce(Arc<SqliteStore>) -> Arc<U>) -> House {
    let dir = tempfile::tempdir().unwrap();
    let options = Options {
        dir: dir.path().join("state"),
        retention: notifyd_store::Retention::default(),
        room: notifyd_store::disk::Room { floor: 0, reserve: 0 },
        readers: 2,
        master: Secret::new([7; 32]),
        clock: Arc::new(StoppedClock),
        entropy: Arc::new(SeededEntropy::new(1)),
    };
    let store = Arc::new(SqliteStore::open(options, &prometheus::Registry::new()).unwrap());
    let engine = Arc::new(FakeEngine {
        store: Arc::clone(&store),
        standing: Mutex::default(),
        speeds: Mutex::default(),
        figures: Mutex::default(),
        calls: Mutex::default(),
        tries: Mutex::default(),
        services: Mutex::default(),
        latencies: Mutex::default(),
        circuit: Mutex::new("closed"),
        looks: AtomicU32::new(0),
    });
    let stops = Arc::new(Mutex::new(Vec::new()));
    let stopped = CancellationToken::new();
    let (told, token) = (Arc::clone(&stops), stopped.clone());
    let reload = Arc::new(FakeReload(Mutex::new(Ok(())), Mutex::default()));
    let deps = Deps {
        store: store.clone(),
        upkeep: upkeep(store.clone()),
        reload: reload.clone(),
        engine: engine.clone(),
        clock: Arc::new(StoppedClock),
        entropy: Arc::new(SeededEntropy::new(2)),
        rules: Arc::new(arc_swap::ArcSwap::from_pointee(AdmissionRules::default())),
        attention: Arc::default(),
        daemon: Daemon {
            version: "0.1.0".into(),
            pid: 77,
            started_at: StoppedClock.now() - chrono::TimeDelta::minutes(2),
            listen: "127.0.0.1:8000".into(),
            state_dir: dir.path().join("state"),
            sqlite_version: "3.53.0".into(),
            host: "ops-1".into(),
        },
        stop: Arc::new(move |drain| {
            told.lock().unwrap().push(drain);
            token.cancel();
        }),
        concerns: None,
    };
    let registry = prometheus::Registry::new();
    let metrics = Metrics::register(&registry).unwrap();
    let room = Arc::new(Room::new(deps.clone(), "/run/notifyd/control.sock".into(), metrics));
    House { dir, store, engine, reload, registry, room, deps, stops, stopped }
}

impl House {
    /// A connection in this role that has said nothing yet.
    pub(super) fn connect(&self, role: Role) -> ControlClient {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let session = Session::new(
            Arc::clone(&self.room),
            Caller { user: Some("ada".into()), uid: 1000, pid: Some(42), role },
        );
        tokio::spawn(crate::connection::serve(theirs, session, CancellationToken::new()));
        transport::over(ours)
    }

    /// A connection in this role after a fitting greeting.
    pub(super) async fn enter(&self, role: Role) -> ControlClient {
        let client = self.connect(role);
        assert_eq!(client.hello(soon(), Hello::of("test 1")).await.unwrap().unwrap().role, role);
        client
    }

    pub(super) async fn admin(&self) -> ControlClient {
        self.enter(Role::Admin).await
    }

    /// Closes the log and reads what is on disk, as text.
    pub(super) async fn on_disk(&self) -> String {
        self.store.close().await;
        let bytes = std::fs::read(self.dir.path().join("state/notifyd.db")).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// An admin in a house with service `acme` and provider `mock`.
pub(super) async fn furnished() -> (House, ControlClient) {
    let house = house();
    let admin = house.admin().await;
    let acme = NewService { name: "acme".into(), description: None, rate_per_second: None };
    admin.service_create(soon(), acme, plain()).await.unwrap().unwrap();
    admin.provider_seed(soon(), vec![], plain()).await.unwrap().unwrap();
    (house, admin)
}

/// A text to one number.
pub(super) fn text(content: &str) -> Box<SendRequest> {
    let body = json!({"channel": "sms", "to": "+15005550006", "content": content});
    Box::new(serde_json::from_value(body).unwrap())
}

pub(super) async fn sent(client: &ControlClient, content: &str) -> NotificationId {
    client
        .notification_send(soon(), "acme".into(), text(content), plain())
        .await
        .unwrap()
        .unwrap()
        .unwrap()
        .id
}

/// A pause of ten minutes.
pub(super) fn pause() -> HoldRequest {
    hold("mock", HoldKind::Pause, None)
}

/// A hold of ten minutes.
pub(super) fn hold(provider: &str, kind: HoldKind, limit: Option<u32>) -> HoldRequest {
    HoldRequest { provider: provider.into(), kind, limit, for_ms: Some(600_000), unless_held: false }
}

/// Enough time for anything here.
pub(super) fn soon() -> Context {
    transport::within(Duration::from_secs(30))
}

pub(super) fn plain() -> Change {
    Change::default()
}

pub(super) fn because(reason: &str) -> Change {
    Change { reason: Some(reason.into()), ..Change::default() }
}

pub(super) fn dry() -> Change {
    Change { dry_run: true, ..Change::default() }
}

/// The code of a refusal.
pub(super) trait Refused {
    fn code(self) -> ErrorCode;
}

impl<T: std::fmt::Debug> Refused for Result<Result<T, notify_proto::ApiError>, transport::RpcError> {
    fn code(self) -> ErrorCode {
        self.unwrap().unwrap_err().code
    }
}
