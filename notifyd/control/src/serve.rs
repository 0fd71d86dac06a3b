//! The socket's loop: who may come in, and how many at once.

use crate::bind::{self, BindError, SocketFile};
use crate::connection;
use crate::deps::Deps;
use crate::metrics::Metrics;
use crate::options::Options;
use crate::peer;
use crate::session::{Room, Session};
use notify_proto::control::Role;
use prometheus::Registry;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Connections at once.
const MAX_CONNECTIONS: usize = 64;

/// Of these, connections of viewers, so that an operator always gets in.
const MAX_VIEWERS: usize = 48;

/// How long to leave the loop alone after the system could not accept a connection (out of file descriptors).
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(200);

/// A socket that was taken. Whoever connects meanwhile waits.
pub struct Bound {
    listener: UnixListener,
    file: SocketFile,
    options: Options,
}

impl Bound {
    /// Takes the socket: its directory is made if it is missing, a stale socket is replaced, a live one never.
    pub async fn take(options: Options) -> Result<Self, BindError> {
        let (listener, file) = bind::bind(&options).await?;
        Ok(Self { listener, file, options })
    }
}

/// The control socket.
pub struct Control {
    listener: UnixListener,
    file: SocketFile,
    options: Arc<Options>,
    room: Arc<Room>,
    all: Arc<Semaphore>,
    viewers: Arc<Semaphore>,
}

impl Control {
    /// Control at this socket.
    pub fn new(bound: Bound, deps: Deps, registry: &Registry) -> Result<Self, prometheus::Error> {
        let Bound { listener, file, options } = bound;
        let metrics = Metrics::register(registry)?;
        Ok(Self {
            room: Arc::new(Room::new(deps, file.path.clone(), metrics)),
            listener,
            file,
            options: Arc::new(options),
            all: Arc::new(Semaphore::new(MAX_CONNECTIONS)),
            viewers: Arc::new(Semaphore::new(MAX_VIEWERS)),
        })
    }

    /// Where the socket is.
    pub fn socket(&self) -> &Path {
        &self.file.path
    }

    /// Serves until `shutdown`; calls that are being answered then get a moment to end, long work is given up. Removes the
    /// socket.
    pub async fn run(self, shutdown: CancellationToken) {
        let mut connections = JoinSet::new();
        tracing::info!(socket = %self.file.path.display(), "control socket open");
        loop {
            let accepted = tokio::select! {
                () = shutdown.cancelled() => break,
                accepted = self.listener.accept() => accepted,
                Some(_) = connections.join_next() => continue,
            };
            match accepted {
                Ok((stream, _)) => {
                    if let Ok(permit) = Arc::clone(&self.all).try_acquire_owned() {
                        connections.spawn(self.admit(stream, permit, shutdown.clone()));
                    } else {
                        tracing::warn!(limit = MAX_CONNECTIONS, "control connection refused: too many");
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "control connection could not be accepted");
                    tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
                }
            }
        }
        drop(self.listener);
        self.room.operations.close();
        while connections.join_next().await.is_some() {}
        self.room.operations.ended().await;
        tracing::info!("control socket closed");
    }

    /// One connection, from its credentials to its end.
    fn admit(
        &self,
        stream: UnixStream,
        permit: OwnedSemaphorePermit,
        shutdown: CancellationToken,
    ) -> impl Future<Output = ()> + Send + use<> {
        let (options, room, viewers) =
            (Arc::clone(&self.options), Arc::clone(&self.room), Arc::clone(&self.viewers));
        async move {
            let _permit = permit;
            let Ok(credentials) = stream.peer_cred() else { return };
            let lookup = tokio::task::spawn_blocking(move || peer::caller(credentials, &options));
            let caller = tokio::select! {
                () = shutdown.cancelled() => return,
                caller = lookup => caller.ok().flatten(),
            };
            let Some(caller) = caller else {
                tracing::warn!(
                    uid = credentials.uid(),
                    pid = credentials.pid(),
                    "control connection refused: no right"
                );
                return;
            };
            let viewer = (caller.role == Role::Viewer).then(|| viewers.try_acquire_owned());
            if matches!(viewer, Some(Err(_))) {
                tracing::warn!(limit = MAX_VIEWERS, "control connection refused: too many viewers");
                return;
            }
            connection::serve(stream, Session::new(room, caller), shutdown).await;
        }
    }
}
