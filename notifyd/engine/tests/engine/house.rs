//! One engine on a real log in a directory of its own, and what a case asks of it. Whatever a case waits for, it waits
//! for a signal: the store's feed, or a line in the pipe to which a mock provider writes its calls.

use notify_proto::view::NotificationDetail;
use notify_proto::{KeyId, NotificationId, ProviderId, ServiceId, Status};
use notifyd_engine::{Deps, Engine, Handle, Options};
use notifyd_lifecycle::admission::AdmissionRules;
use notifyd_lifecycle::clock::SystemClock;
use notifyd_lifecycle::entropy::OsEntropy;
use notifyd_lifecycle::{Clock, Entropy, Secret};
use notifyd_store::api::{Accepted, Audit, NewKey, NewProvider, NewService};
use notifyd_store::{Retention, Scope, SqliteStore, Store, StoreError, Tenant};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::net::unix::pipe::{OpenOptions, Receiver};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How long a case waits for what must come: no measure, only an end.
const PATIENCE: Duration = Duration::from_secs(60);

/// The engine, its log, and the task it runs in.
pub struct House {
    pub dir: Arc<TempDir>,
    pub store: Arc<dyn Store>,
    pub handle: Handle,
    stop: CancellationToken,
    running: JoinHandle<Result<(), StoreError>>,
}

/// The calls of a mock provider, one line for each, as they are made.
pub struct Calls {
    path: PathBuf,
    lines: Lines<BufReader<Receiver>>,
}

impl Calls {
    /// A pipe in `dir`, to be given to a mock as its `record_file`.
    pub fn new(dir: &TempDir) -> Self {
        let path = dir.path().join("calls");
        let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(made.success(), "mkfifo {}", path.display());
        // Held open for writing too, so that it does not end between two providers.
        let pipe = OpenOptions::new().read_write(true).open_receiver(&path).unwrap();
        Self { path, lines: BufReader::new(pipe).lines() }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The notification of the next call.
    pub async fn next(&mut self) -> NotificationId {
        let line =
            tokio::time::timeout(PATIENCE, self.lines.next_line()).await.expect("a call").unwrap().unwrap();
        let call: Value = serde_json::from_str(&line).unwrap();
        call["notification"].as_str().unwrap().parse().unwrap()
    }
}

pub fn who() -> Audit {
    Audit { actor: "a test".into(), reason: None, key: None }
}

fn random() -> [u8; 10] {
    let mut bytes = [0; 10];
    OsEntropy.fill(&mut bytes);
    bytes
}

/// The log in this directory; opening it again is another run of the daemon.
pub fn open(dir: &Path) -> Arc<dyn Store> {
    let options = notifyd_store::Options {
        dir: dir.to_owned(),
        retention: Retention::default(),
        room: notifyd_store::disk::Room { floor: 0, reserve: 0 },
        readers: 2,
        master: Secret::new([1; 32]),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
    };
    Arc::new(SqliteStore::open(options, &prometheus::Registry::new()).unwrap())
}

/// Adds a mock provider for every channel; smaller priorities go first.
pub async fn provider(store: &dyn Store, name: &str, priority: i32, config: Value) -> ProviderId {
    let id = ProviderId::from_parts(1, random());
    let provider = NewProvider {
        id,
        name: name.into(),
        kind: "mock".into(),
        channels: notify_proto::Channel::ALL.to_vec(),
        priority,
        simulated: true,
        rate_per_second: None,
        burst: None,
        max_in_flight: 4,
        config,
        secret: None,
    };
    store.create_provider(provider, who()).await.unwrap();
    id
}

/// The handle of a service, which is created when there is none of that name.
pub async fn tenant(store: &Arc<dyn Store>, name: &str) -> Tenant {
    if store.directory().find_service(name).is_none() {
        let id = ServiceId::from_parts(1, random());
        let (_, prefix, hash) = store.door().mint(id);
        let key_id = KeyId::from_parts(1, random());
        let key = NewKey { id: key_id, service: id, prefix, hash, label: None, expires_at: None };
        let service = NewService { id, name: name.into(), description: None, rate_per_second: None };
        store.create_service(service, key, who()).await.unwrap();
    }
    let service = Arc::clone(store.directory().find_service(name).unwrap());
    Tenant::new(Arc::clone(store), service)
}

/// Accepts a text message of this service, with these fields besides; a `null` removes a field.
pub async fn send_as(store: &Arc<dyn Store>, service: &str, fields: &Value) -> NotificationId {
    let mut request = json!({"channel": "sms", "to": "+15005550006", "message": "hi", "deduplicate": false});
    let request_fields = request.as_object_mut().unwrap();
    request_fields.extend(fields.as_object().unwrap().clone());
    request_fields.retain(|_, value| !value.is_null());
    let request = serde_json::from_value(request).unwrap();
    let tenant = tenant(store, service).await;
    let now = SystemClock.now();
    let draft = tenant.draft(request, None, None, now, &AdmissionRules::default()).unwrap();
    match tenant.accept(draft, None, now).await.unwrap() {
        Accepted::Fresh(receipt) => receipt.id,
        other => panic!("{other:?}"),
    }
}

impl House {
    pub fn new() -> Self {
        let dir = Arc::new(tempfile::tempdir().unwrap());
        let store = open(dir.path());
        Self::on(dir, store, Options::default())
    }

    /// An engine on a log that may have work in it already.
    pub fn on(dir: Arc<TempDir>, store: Arc<dyn Store>, mut options: Options) -> Self {
        options.drain_timeout = PATIENCE;
        let deps = Deps {
            store: Arc::clone(&store),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(OsEntropy),
            network: notifyd_providers::Network::default(),
        };
        let (engine, handle) = Engine::new(deps, options, &prometheus::Registry::new()).unwrap();
        let stop = CancellationToken::new();
        let running = tokio::spawn(engine.run(stop.clone()));
        Self { dir, store, handle, stop, running }
    }

    pub async fn provider(&self, name: &str, priority: i32, config: Value) -> ProviderId {
        provider(self.store.as_ref(), name, priority, config).await
    }

    pub async fn send(&self, fields: Value) -> NotificationId {
        send_as(&self.store, "acme", &fields).await
    }

    pub async fn detail(&self, id: NotificationId) -> NotificationDetail {
        self.store.notification(Scope::All, id).await.unwrap().unwrap()
    }

    /// Waits until its story has come to this. Claims write no event: wait for the call instead, with [`Calls`].
    pub async fn until(
        &self,
        id: NotificationId,
        wanted: impl Fn(&NotificationDetail) -> bool,
    ) -> NotificationDetail {
        let mut feed = self.store.feed().subscribe();
        let told = async {
            loop {
                feed.borrow_and_update();
                let detail = self.detail(id).await;
                if wanted(&detail) {
                    return detail;
                }
                feed.changed().await.unwrap();
            }
        };
        match tokio::time::timeout(PATIENCE, told).await {
            Ok(detail) => detail,
            Err(late) => panic!("it never came to that ({late}): {:#?}", self.detail(id).await),
        }
    }

    pub async fn finished(&self, id: NotificationId) -> NotificationDetail {
        self.until(id, |detail| detail.notification.status.known().is_some_and(Status::is_final)).await
    }

    /// Stops the engine as the daemon does and closes the log, so that it can be opened again.
    pub async fn end(self) -> Arc<TempDir> {
        self.stop.cancel();
        tokio::time::timeout(PATIENCE, self.running).await.expect("the engine stops").unwrap().unwrap();
        self.store.close().await;
        self.dir
    }
}

/// The events of a story.
pub fn story(detail: &NotificationDetail) -> Vec<&str> {
    detail.events.iter().map(|event| event.event.as_str()).collect()
}

/// Its attempts: which provider, and how it ended.
pub fn tries(detail: &NotificationDetail) -> Vec<(String, String)> {
    let words = |attempt: &notify_proto::view::AttemptView| {
        (attempt.provider_name.clone().unwrap_or_default(), attempt.status.to_string())
    };
    detail.attempts.iter().map(words).collect()
}

/// What [`tries`] should be.
pub fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(provider, status)| ((*provider).to_owned(), (*status).to_owned())).collect()
}
