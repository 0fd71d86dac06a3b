//! Puts the rooms together, runs them, and takes them apart in order.
//!
//! Start: lock, address and socket are taken, then the log is opened; the engine takes up what another run left, and the
//! control socket and the intake are served.
//! Stop: the intake says it is draining, nothing new is claimed, calls under way get the drain timeout, their outcomes
//! are committed, and the log is closed last.

use crate::failure::Failure;
use crate::places::Places;
use crate::reload::{Reloader, Rooms, Source};
use crate::settings::Settings;
use crate::supervisor;
use crate::telemetry::LogFilter;
use arc_swap::ArcSwap;
use async_trait::async_trait;
use notify_proto::upkeep::{ConfigView, ReloadView};
use notifyd_control::{Control, Reload};
use notifyd_engine::{Engine, Handle};
use notifyd_intake::{Intake, Pulse, PulseSource};
use notifyd_lifecycle::admission::AdmissionRules;
use notifyd_lifecycle::{Clock, Entropy, Secret};
use notifyd_providers::Network;
use notifyd_store::{Lock, SqliteStore, Store, Upkeep};
use prometheus::Registry;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Ends the stop at the latest after the drain timeout and this much more, so that a stop is never endless.
const STOP_GRACE: Duration = Duration::from_secs(2);

/// What is handed in from outside, so that tests own it.
#[derive(Clone)]
pub struct World {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Gives randomness.
    pub entropy: Arc<dyn Entropy>,
}

/// Where the configuration came from, for a reload.
pub struct Origin {
    /// Reads it again.
    pub source: Source,
    /// The file it is read from, if there is one.
    pub file: Option<PathBuf>,
    /// What is logged.
    pub log: LogFilter,
}

/// A daemon that is ready to run: everything is bound and open.
pub struct Daemon {
    store: Arc<SqliteStore>,
    engine: Engine,
    handle: Handle,
    intake: Intake,
    control: Control,
    rules: Arc<ArcSwap<AdmissionRules>>,
    world: World,
    stop: Arc<Stop>,
    reloader: Arc<Reloader>,
}

/// A stop that somebody asked for.
pub struct Stop {
    asked: CancellationToken,
    engine: Handle,
}

impl Stop {
    /// Asks for a graceful stop; calls under way get `drain`, or the configured time.
    pub fn ask(&self, drain: Option<Duration>) {
        if let Some(drain) = drain {
            self.engine.set_drain_timeout(drain);
        }
        self.asked.cancel();
    }
}

/// Work that must not outlive the daemon it is about.
struct AbortOnDrop(tokio::task::JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[async_trait]
impl Reload for Reloader {
    async fn reload(&self) -> Result<ReloadView, String> {
        Self::reload(self).map_err(|failure| failure.sentence())
    }

    fn config(&self) -> Result<ConfigView, String> {
        Self::config(self).map_err(|failure| failure.sentence())
    }

    fn check(&self, text: Option<&str>) -> Result<ReloadView, String> {
        Self::check(self, text).map_err(|failure| failure.sentence())
    }

    fn check_log_filter(&self, filter: &str) -> Result<String, String> {
        Self::check_log_filter(self, filter).map_err(|failure| failure.sentence())
    }

    fn log_filter(&self, filter: Option<&str>, lasts: Duration) -> Result<(), String> {
        Self::log_filter(self, filter, lasts).map_err(|failure| failure.sentence())
    }
}

/// What health needs to know of the engine.
struct EnginePulse {
    handle: Handle,
    store: Arc<dyn Store>,
}

impl PulseSource for EnginePulse {
    fn pulse(&self) -> Pulse {
        let directory = self.store.directory();
        let active = || directory.providers().iter().filter(|provider| provider.active);
        // One that is off for a time is wanted, and its absence is to be seen.
        let wanted =
            directory.providers().iter().filter(|it| it.active || directory.switched(it.id).is_some());
        let running = self.handle.is_running();
        Pulse {
            queue_running: running,
            workers_running: running,
            providers: wanted
                .map(|provider| {
                    let state = self.handle.provider_state(provider.id);
                    (provider.name.clone(), state.held.unwrap_or(state.circuit))
                })
                .collect(),
            simulated: active().any(|provider| provider.simulated),
        }
    }
}

/// What the daemon takes before it touches the log, so that a start that cannot be leaves everything as it was.
pub struct Taken {
    lock: Lock,
    intake: notifyd_intake::Bound,
    control: notifyd_control::Bound,
}

impl Taken {
    /// Takes the state directory, the address and the control socket, in this order: another daemon on the same
    /// directory is found out first.
    pub async fn take(settings: &Settings, places: &Places) -> Result<Self, Failure> {
        let lock = notifyd_store::lock(&places.state)?;
        let intake = notifyd_intake::Bound::take(settings.intake.clone(), settings.limits)?;
        let control =
            notifyd_control::Options { socket: Some(places.socket.clone()), ..settings.control.clone() };
        Ok(Self { lock, intake, control: notifyd_control::Bound::take(control).await? })
    }
}

impl Daemon {
    /// Opens the log and puts the rooms together.
    pub fn assemble(
        settings: &Settings,
        places: &Places,
        taken: Taken,
        master: Secret<[u8; 32]>,
        world: World,
        origin: Origin,
    ) -> Result<Self, Failure> {
        let registry = Registry::new();
        let bug = |error: prometheus::Error| Failure::Bug(error.to_string());
        let options = notifyd_store::Options {
            dir: places.state.clone(),
            retention: settings.store.retention(),
            room: settings.store.room(),
            readers: settings.store.readers,
            master,
            clock: Arc::clone(&world.clock),
            entropy: Arc::clone(&world.entropy),
        };
        let store = Arc::new(SqliteStore::open_locked(options, taken.lock, &registry)?);
        let shared: Arc<dyn Store> = Arc::clone(&store) as Arc<dyn Store>;
        let network = Network::system(settings.destinations()?);
        let deps = notifyd_engine::Deps {
            store: Arc::clone(&shared),
            clock: Arc::clone(&world.clock),
            entropy: Arc::clone(&world.entropy),
            network: network.clone(),
        };
        let (engine, handle) = Engine::new(deps, settings.engine(), &registry).map_err(bug)?;
        let stop = Arc::new(Stop { asked: CancellationToken::new(), engine: handle.clone() });
        let rules = Arc::new(ArcSwap::from_pointee(settings.admission()?));
        let pulse = EnginePulse { handle: handle.clone(), store: Arc::clone(&shared) };
        let intake = Intake::new(
            taken.intake,
            notifyd_intake::Deps {
                store: Arc::clone(&shared),
                clock: Arc::clone(&world.clock),
                entropy: Arc::clone(&world.entropy),
                rules: Arc::clone(&rules),
                registry: registry.clone(),
                pulse: Arc::new(pulse),
                version: env!("CARGO_PKG_VERSION").to_owned(),
            },
        )
        .map_err(bug)?;
        let attention = Arc::new(ArcSwap::from_pointee(settings.attention));
        let rooms = Rooms {
            store: Arc::clone(&store),
            engine: handle.clone(),
            intake: intake.handle(),
            rules: Arc::clone(&rules),
            attention: Arc::clone(&attention),
            network,
            log: origin.log,
        };
        let reloader = Arc::new(Reloader::new(origin.source, origin.file, settings.clone(), rooms));
        let control = Control::new(
            taken.control,
            notifyd_control::Deps {
                store: shared,
                upkeep: Arc::clone(&store) as Arc<dyn Upkeep>,
                reload: Arc::clone(&reloader) as Arc<dyn Reload>,
                engine: Arc::new(handle.clone()),
                clock: Arc::clone(&world.clock),
                entropy: Arc::clone(&world.entropy),
                rules: Arc::clone(&rules),
                attention,
                daemon: notifyd_control::Daemon {
                    version: env!("CARGO_PKG_VERSION").to_owned(),
                    pid: std::process::id(),
                    started_at: world.clock.now(),
                    listen: intake.local_addr().to_string(),
                    state_dir: places.state.clone(),
                    sqlite_version: store.sqlite_version().to_owned(),
                    host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
                },
                stop: Arc::new({
                    let stop = Arc::clone(&stop);
                    move |drain| stop.ask(drain)
                }),
                concerns: None,
            },
            &registry,
        )
        .map_err(bug)?;
        Ok(Self { store, engine, handle, intake, control, rules, world, stop, reloader })
    }

    /// Where the intake listens; the real port when 0 was asked for.
    pub fn listen(&self) -> SocketAddr {
        self.intake.local_addr()
    }

    /// Where the control socket is.
    pub fn socket(&self) -> PathBuf {
        self.control.socket().to_owned()
    }

    /// The log.
    pub fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store) as Arc<dyn Store>
    }

    /// The engine.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// The rules for new notifications.
    pub fn rules(&self) -> Arc<ArcSwap<AdmissionRules>> {
        Arc::clone(&self.rules)
    }

    /// The clock and the randomness it was given.
    pub fn world(&self) -> World {
        self.world.clone()
    }

    /// How to stop it.
    pub fn stop(&self) -> Arc<Stop> {
        Arc::clone(&self.stop)
    }

    /// How to change its configuration.
    pub fn reloader(&self) -> Arc<Reloader> {
        Arc::clone(&self.reloader)
    }

    /// Runs until somebody asks for a stop, then drains. Fails when the log failed.
    pub async fn run(self) -> Result<(), Failure> {
        let Self { store, engine, handle, intake, control, stop, .. } = self;
        let intake_handle = intake.handle();
        let outer = CancellationToken::new();
        let status = format!("taking notifications at {}", intake.local_addr());
        let watched = supervisor::watch(Arc::clone(&store) as Arc<dyn Store>, handle.clone(), status);
        let watched = AbortOnDrop(tokio::spawn(watched));
        let mut engine = tokio::spawn(engine.run(stop.asked.clone()));
        let mut control = tokio::spawn(control.run(outer.clone()));
        let mut intake = tokio::spawn(intake.run(outer.clone()));
        let fatal = tokio::select! {
            biased;
            () = stop.asked.cancelled() => None,
            fatal = store.fatal() => Some(Failure::Fatal(fatal)),
            // Without it everything would be accepted and nothing delivered.
            ended = &mut engine => Some(match ended {
                Ok(Ok(())) => Failure::Bug("the engine stopped by itself".to_owned()),
                Ok(Err(error)) => Failure::Store(error),
                Err(panic) => Failure::Bug(format!("the engine stopped: {panic}")),
            }),
            // Nobody could reach it any more.
            ended = &mut intake => Some(Failure::Bug(format!("the intake stopped: {ended:?}"))),
            ended = &mut control => Some(Failure::Bug(format!("the control socket stopped: {ended:?}"))),
        };
        intake_handle.set_draining(true);
        stop.asked.cancel();
        supervisor::stopping();
        if let Some(failure) = fatal {
            // Nothing more can be done; what was acknowledged is on disk already.
            return Err(failure);
        }
        let drain = handle.drain_timeout();
        tracing::info!(drain_seconds = drain.as_secs(), "stopping");
        let drained = tokio::time::timeout(drain + STOP_GRACE, engine).await;
        outer.cancel();
        let requests = intake_handle.stop_timeout() + STOP_GRACE;
        let _ = tokio::time::timeout(requests, async { tokio::join!(intake, control) }).await;
        drop(watched);
        store.close().await;
        match drained {
            Ok(Ok(result)) => Ok(result?),
            Ok(Err(panic)) => Err(Failure::Bug(panic.to_string())),
            Err(_) => {
                tracing::warn!("the engine did not stop in time; calls under way are in doubt");
                Ok(())
            }
        }
    }
}
