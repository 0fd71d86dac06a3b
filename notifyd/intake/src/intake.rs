//! The long-running part: what takes connections, and a task for each.

use crate::acceptor::Acceptor;
use crate::auth::Gate;
use crate::connection::Stop;
use crate::context::Context;
use crate::front::Front;
use crate::host::Hosts;
use crate::metrics::Metrics;
use crate::options::{Limits, Options, SettingError};
use crate::pulse::PulseSource;
use crate::vitals::Vitals;
use arc_swap::ArcSwap;
use notifyd_lifecycle::admission::AdmissionRules;
use notifyd_lifecycle::{Clock, Entropy};
use notifyd_store::Store;
use prometheus::Registry;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpSocket;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What the system may hold of one connection in each direction, bytes. Left alone it lets several MiB pile up for a peer
/// that does not read, and counts them as ours.
const SYSTEM_BUFFER: u32 = 64 * 1_024;

/// Connections that may wait to be accepted; the system caps it (net.core.somaxconn, 4,096 by default). One that finds no
/// place is tried again by its peer's system after a second.
const BACKLOG: u32 = 4_096;

/// What the intake needs of the rest of the daemon.
pub struct Deps {
    /// The log.
    pub store: Arc<dyn Store>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Gives correlation ids.
    pub entropy: Arc<dyn Entropy>,
    /// The rules for new notifications.
    pub rules: Arc<ArcSwap<AdmissionRules>>,
    /// Where every room registers its metrics; shown at `/metrics`.
    pub registry: Registry,
    /// The daemon's version.
    pub version: String,
    /// Tells how the engine is doing.
    pub pulse: Arc<dyn PulseSource>,
}

/// Why the intake cannot start.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// A setting is out of its range.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// Another program listens there.
    #[error(
        "{0} is taken by another program; stop that one, or choose another address with --listen or [intake] listen"
    )]
    Taken(SocketAddr),
    /// The system refuses the address.
    #[error("cannot listen at {listen}")]
    Listen {
        /// The address.
        listen: SocketAddr,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

/// An address that was taken, with settings that were checked. Whoever connects meanwhile waits.
pub struct Bound {
    listener: TcpListener,
    address: SocketAddr,
    options: Options,
    limits: Limits,
}

impl Bound {
    /// Checks the settings and takes the address. To be called within a runtime.
    pub fn take(options: Options, limits: Limits) -> Result<Self, BindError> {
        options.check()?;
        limits.check()?;
        let listen = options.listen;
        let listener = bind(listen).map_err(|source| match source.kind() {
            io::ErrorKind::AddrInUse => BindError::Taken(listen),
            _ => BindError::Listen { listen, source },
        })?;
        let address = listener.local_addr().map_err(|source| BindError::Listen { listen, source })?;
        Ok(Self { listener, address, options, limits })
    }
}

fn bind(listen: SocketAddr) -> io::Result<TcpListener> {
    let socket = if listen.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    // Connections take these over from the listener.
    socket.set_send_buffer_size(SYSTEM_BUFFER)?;
    socket.set_recv_buffer_size(SYSTEM_BUFFER)?;
    socket.bind(listen)?;
    socket.listen(BACKLOG)?.into_std()
}

/// The intake, before it runs.
pub struct Intake {
    listener: TcpListener,
    address: SocketAddr,
    front: Arc<Front>,
}

/// A cheap handle to the intake.
#[derive(Clone)]
pub struct Handle {
    context: Arc<Context>,
    hosts: Arc<ArcSwap<Hosts>>,
    address: SocketAddr,
}

impl Handle {
    /// Whether the daemon is about to stop: nothing new is taken and `/health/ready` says so.
    pub fn set_draining(&self, draining: bool) {
        self.context.set_draining(draining);
    }

    /// Changes what may change while it runs: who may call it by which name, from which pages, and how often. Requests that
    /// begin from now on follow it.
    pub fn set_options(&self, options: &Options, limits: &Limits) {
        self.hosts.store(Arc::new(Hosts::new(options)));
        self.context.gate.set_limits(limits);
    }

    /// Where it listens, with the real port.
    pub const fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// How long requests under way may finish after the shutdown was asked for.
    pub fn stop_timeout(&self) -> Duration {
        self.context.options.stop_timeout()
    }
}

impl Intake {
    /// An intake at this address. Fails when the registry has its metrics already.
    pub fn new(bound: Bound, deps: Deps) -> Result<Self, prometheus::Error> {
        let Bound { listener, address, options, limits } = bound;
        let metrics = Metrics::register(&deps.registry, &deps.version)?;
        let failures = metrics.auth_failures.clone();
        let gate = Gate::new(Arc::clone(&deps.store), &options, &limits, failures);
        let vitals = Vitals::new(Arc::clone(&deps.store));
        let context = Arc::new(Context::new(options, gate, vitals, metrics, deps));
        Ok(Self { listener, address, front: Arc::new(Front::new(context)) })
    }

    /// Where it listens, with the real port.
    pub const fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// A handle that stays valid while it runs.
    pub fn handle(&self) -> Handle {
        Handle {
            context: Arc::clone(&self.front.context),
            hosts: Arc::clone(&self.front.hosts),
            address: self.address,
        }
    }

    /// Serves until `shutdown`, then lets the requests under way finish, within their time. Fails when no connections can be
    /// taken at all.
    pub async fn run(self, shutdown: CancellationToken) -> io::Result<()> {
        let Self { listener, address, front } = self;
        let timeout = front.context.options.stop_timeout();
        let stop = Stop { gently: shutdown, now: CancellationToken::new() };
        let tasks = TaskTracker::new();
        tracing::info!(%address, "intake listening");
        if !address.ip().is_loopback() {
            tracing::warn!(%address, "intake listens on the network without encryption; put a TLS proxy before it");
        }
        Acceptor::new(front, stop.clone(), tasks.clone()).run(listener).await?;
        tasks.close();
        if tokio::time::timeout(timeout, tasks.wait()).await.is_err() {
            tracing::warn!(connections = tasks.len(), "connections cut off at the end of the stop timeout");
            stop.now.cancel();
            tasks.wait().await;
        }
        tracing::info!(%address, "intake stopped");
        Ok(())
    }
}
