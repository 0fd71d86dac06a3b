//! A daemon's intake over a store in a temporary directory, and a client that writes what it is told, byte by byte.

use notify_proto::{Channel, KeyId, ProviderId, ServiceId, Timestamp};
use notifyd_intake::{Bound, Deps, Handle, Intake, Limits, Options, Pulse, PulseSource};
use notifyd_lifecycle::entropy::SeededEntropy;
use notifyd_lifecycle::{Clock, Secret};
use notifyd_store::api::{Audit, NewKey, NewProvider, NewService, Store};
use notifyd_store::{Retention, SqliteStore};
use prometheus::Registry;
use serde_json::Value;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

/// A clock that moves when it is told to.
pub struct HandClock(Mutex<Timestamp>);

impl HandClock {
    pub fn advance(&self, span: chrono::TimeDelta) {
        *self.0.lock().unwrap() += span;
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

/// An engine that says what it is told to.
pub struct HandPulse(pub Mutex<Pulse>);

impl PulseSource for HandPulse {
    fn pulse(&self) -> Pulse {
        self.0.lock().unwrap().clone()
    }
}

pub fn well() -> Pulse {
    Pulse {
        queue_running: true,
        workers_running: true,
        providers: vec![("texts".into(), "closed")],
        simulated: false,
    }
}

pub struct House {
    pub address: SocketAddr,
    pub handle: Handle,
    pub store: Arc<SqliteStore>,
    pub clock: Arc<HandClock>,
    pub pulse: Arc<HandPulse>,
    pub shutdown: CancellationToken,
    pub running: tokio::task::JoinHandle<std::io::Result<()>>,
    _dir: tempfile::TempDir,
}

/// A service with a key that opens it.
#[derive(Clone)]
pub struct Client {
    pub address: SocketAddr,
    pub service: ServiceId,
    pub key: String,
}

fn audit() -> Audit {
    Audit { actor: "test".into(), reason: None, key: None }
}

pub fn options() -> Options {
    Options { listen: "127.0.0.1:0".parse().unwrap(), ..Options::default() }
}

pub fn deps(store: Arc<dyn Store>, clock: Arc<HandClock>, pulse: Arc<HandPulse>, registry: Registry) -> Deps {
    Deps {
        store,
        clock,
        entropy: Arc::new(SeededEntropy::new(7)),
        rules: Arc::default(),
        registry,
        version: "1.2.3".into(),
        pulse,
    }
}

impl House {
    pub async fn open() -> Self {
        Self::with(options(), Limits::default()).await
    }

    pub async fn with(options: Options, limits: Limits) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(HandClock(Mutex::new(Timestamp::from_timestamp(1_800_000_000, 0).unwrap())));
        let registry = Registry::new();
        let store = SqliteStore::open(
            notifyd_store::Options {
                dir: dir.path().join("state"),
                retention: Retention::default(),
                room: notifyd_store::disk::Room { floor: 0, reserve: 0 },
                readers: 2,
                master: Secret::new([5; 32]),
                clock: clock.clone(),
                entropy: Arc::new(SeededEntropy::new(3)),
            },
            &registry,
        );
        let store = Arc::new(store.unwrap());
        let pulse = Arc::new(HandPulse(Mutex::new(well())));
        let deps = deps(store.clone(), clock.clone(), pulse.clone(), registry);
        let intake = Intake::new(Bound::take(options, limits).unwrap(), deps).unwrap();
        let (address, handle) = (intake.local_addr(), intake.handle());
        let shutdown = CancellationToken::new();
        let running = tokio::spawn(intake.run(shutdown.clone()));
        let house = Self { address, handle, store, clock, pulse, shutdown, running, _dir: dir };
        house.provider(1, "texts", &[Channel::Sms, Channel::Whatsapp], true).await;
        house.provider(2, "mails", &[Channel::Email], true).await;
        house.provider(3, "sleeping", &[Channel::Sms, Channel::Push], false).await;
        house
    }

    pub async fn provider(&self, n: u8, name: &str, channels: &[Channel], active: bool) {
        let id = ProviderId::from_bytes([n; 16]);
        let provider = NewProvider {
            id,
            name: name.into(),
            kind: "mock".into(),
            channels: channels.to_vec(),
            priority: i32::from(n),
            simulated: true,
            rate_per_second: None,
            burst: None,
            max_in_flight: 8,
            config: serde_json::json!({"host": "insides.example"}),
            secret: None,
        };
        self.store.create_provider(provider, audit()).await.unwrap();
        if !active {
            self.switch(n, false).await;
        }
    }

    /// Switches a provider on or off.
    pub async fn switch(&self, n: u8, active: bool) {
        self.store.set_provider_active(ProviderId::from_bytes([n; 16]), active, audit()).await.unwrap();
    }

    pub async fn service(&self, name: &str) -> Client {
        self.service_at(name, None).await
    }

    pub async fn service_at(&self, name: &str, rate_per_second: Option<f64>) -> Client {
        let mut bytes = [0; 16];
        bytes[..name.len().min(16)].copy_from_slice(&name.as_bytes()[..name.len().min(16)]);
        let id = ServiceId::from_bytes(bytes);
        let (key, prefix, hash) = self.store.door().mint(id);
        let service = NewService { id, name: name.into(), description: None, rate_per_second };
        let new =
            NewKey { id: KeyId::from_bytes(bytes), service: id, prefix, hash, label: None, expires_at: None };
        self.store.create_service(service, new, audit()).await.unwrap();
        Client { address: self.address, service: id, key: key.expose().clone() }
    }

    pub async fn set_active(&self, client: &Client, active: bool) {
        self.store.set_service_active(client.service, active, audit()).await.unwrap();
    }

    /// A request without credentials.
    pub async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        ask(self.address, method, path, headers, body).await
    }
}

impl Client {
    pub async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], "").await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask("POST", path, &[("content-type", "application/json")], &body.to_string()).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.ask("PUT", path, &[("content-type", "application/json")], &body.to_string()).await
    }

    pub async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let service = self.service.to_string();
        let mut all = vec![("x-service-id", service.as_str()), ("x-api-key", self.key.as_str())];
        all.extend(headers);
        ask(self.address, method, path, &all, body).await
    }

    /// Sends a text and gives its id.
    pub async fn text(&self, content: &str) -> String {
        let body = serde_json::json!({"to": "+15005550006", "message": content});
        let answer = self.post("/api/v1/sms", &body).await;
        assert_eq!(answer.status, 202, "{}", answer.body);
        answer.json()["id"].as_str().unwrap().to_owned()
    }
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The fields that problem details name.
    pub fn fields(&self) -> Vec<String> {
        let json = self.json();
        let errors = json["errors"].as_array().unwrap();
        errors.iter().map(|error| error["field"].as_str().unwrap().to_owned()).collect()
    }

    /// Checks that it is a refusal of this kind, in the agreed form.
    #[track_caller]
    pub fn refuses(&self, status: u16, kind: &str) {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let json = self.json();
        assert_eq!(json["type"], kind, "{self:?}");
        assert_eq!(json["status"], status);
        assert_eq!(json["correlation_id"].as_str(), self.header("x-correlation-id"));
        assert!(json["title"].is_string() && json["detail"].is_string() && json["errors"].is_array());
    }
}

pub async fn ask(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    let mut text = format!("{method} {path} HTTP/1.1\r\n");
    if !headers.iter().any(|(name, _)| *name == "host") {
        let _ = write!(text, "host: {address}\r\n");
    }
    if !body.is_empty() {
        let _ = write!(text, "content-length: {}\r\n", body.len());
    }
    for (name, value) in headers {
        let _ = write!(text, "{name}: {value}\r\n");
    }
    text += "\r\n";
    text += body;
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    let answer = read(&mut stream, method == "HEAD").await.unwrap();
    assert!(answer.header("x-correlation-id").is_some(), "every answer has one: {answer:?}");
    answer
}

/// Reads one answer; none when the connection ends before one begins.
pub async fn read(stream: &mut TcpStream, head_only: bool) -> Option<Answer> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|part| part == b"\r\n\r\n") {
            break at;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: Vec<_> = lines
        .map(|line| line.split_once(": ").unwrap())
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length").map(|(_, value)| value.parse());
    let length: usize = if head_only { 0 } else { length.map_or(0, Result::unwrap) };
    let mut body = bytes[end + 4..].to_vec();
    while body.len() < length {
        assert!(stream.read_buf(&mut body).await.unwrap() > 0, "the body is cut off");
    }
    Some(Answer { status, headers, body: String::from_utf8(body).unwrap() })
}

/// Writes some bytes and waits for what the daemon does.
pub async fn write(house: &House, bytes: &[u8]) -> Option<Answer> {
    let mut stream = TcpStream::connect(house.address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    read(&mut stream, false).await
}
