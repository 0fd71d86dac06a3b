//! The thread that takes connections, and turns away those there is no seat for.
//!
//! It is none of those that serve them: when more is asked for than can be done, whoever is turned away hears so at once
//! instead of waiting behind hundreds of requests.

use crate::connection::{self, Stop};
use crate::front::Front;
use crate::seats::{Full, Seat, Seats};
use hyper::server::conn::http1;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio_util::task::TaskTracker;

/// Refused connections that are given time to read the refusal; beyond, it is sent and they are closed.
const MAX_REFUSED: usize = 64;

/// How long to wait when the system can open no more connections.
const PAUSE: Duration = Duration::from_millis(100);

/// Takes connections.
pub(crate) struct Acceptor {
    front: Arc<Front>,
    http: http1::Builder,
    seats: Arc<Seats>,
    refused: Arc<Seats>,
    stop: Stop,
    /// The connections that are served.
    served: TaskTracker,
}

impl Acceptor {
    pub(crate) fn new(front: Arc<Front>, stop: Stop, served: TaskTracker) -> Self {
        let options = &front.context.options;
        let http = connection::protocol(options);
        let seats = Seats::new(options.max_connections, options.max_connections_per_peer);
        Self { http, seats, refused: Seats::new(MAX_REFUSED, MAX_REFUSED), front, stop, served }
    }

    /// Takes connections until it is asked to stop; they are served by the runtime this is called in.
    pub(crate) async fn run(self, listener: TcpListener) -> io::Result<()> {
        let servers = Handle::current();
        let (ended, end) = oneshot::channel::<()>();
        let thread = std::thread::Builder::new().name("intake-accept".into()).spawn(move || {
            let _ended = ended;
            Builder::new_current_thread().enable_all().build()?.block_on(self.take(listener, &servers))
        })?;
        // Nothing is ever sent: the thread drops its end when it is done, or panics.
        let _ = end.await;
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    async fn take(self, listener: TcpListener, servers: &Handle) -> io::Result<()> {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let refusals = TaskTracker::new();
        loop {
            let accepted = tokio::select! {
                biased;
                () = self.stop.gently.cancelled() => break,
                accepted = listener.accept() => accepted,
            };
            let Some((stream, peer)) = settle(accepted).await else { continue };
            let peer = peer.ip().to_canonical();
            match self.seat(peer) {
                Ok(seat) => self.serve(stream, peer, seat, servers),
                Err(full) => self.refuse(stream, peer, full, &refusals),
            }
        }
        drop(listener);
        refusals.close();
        refusals.wait().await;
        Ok(())
    }

    fn seat(&self, peer: IpAddr) -> Result<Seat, Full> {
        match self.front.context.vitals.latched() {
            Some(cause) => self.seats.take_latched(peer, cause),
            None => self.seats.take(peer),
        }
    }

    fn serve(&self, stream: TcpStream, peer: IpAddr, seat: Seat, servers: &Handle) {
        let (http, front, stop) = (self.http.clone(), Arc::clone(&self.front), self.stop.clone());
        // From this thread's watch over sockets to that of those who serve.
        let stream = stream.into_std();
        let served = async move {
            match stream.and_then(TcpStream::from_std) {
                Ok(stream) => connection::serve(stream, peer, http, front, stop).await,
                Err(error) => tracing::warn!(%peer, %error, "a connection could not be handed on"),
            }
            drop(seat);
        };
        self.served.spawn_on(served, servers);
    }

    fn refuse(&self, stream: TcpStream, peer: IpAddr, full: Full, refusals: &TaskTracker) {
        let Ok(seat) = self.refused.take(peer) else {
            return connection::turn_away(&stream, full, &self.front);
        };
        let front = Arc::clone(&self.front);
        refusals.spawn(async move {
            connection::refuse(stream, full, &front).await;
            drop(seat);
        });
    }
}

/// A connection, or a pause when the system has none left to give.
async fn settle(accepted: io::Result<(TcpStream, SocketAddr)>) -> Option<(TcpStream, SocketAddr)> {
    match accepted {
        Ok(accepted) => Some(accepted),
        Err(error) => {
            let gone = [io::ErrorKind::ConnectionAborted, io::ErrorKind::ConnectionReset];
            if !gone.contains(&error.kind()) {
                tracing::warn!(error = &error as &dyn std::error::Error, "no connection can be accepted");
                tokio::time::sleep(PAUSE).await;
            }
            None
        }
    }
}
