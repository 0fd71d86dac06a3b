//! The demo's own webhook receiver, on a free port of this machine: it takes what the demo's service is told, and every now
//! and then does not take it the first time, so that there is something to see.

use crate::failure::Failure;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};

/// One event in so many is not taken the first time.
const REFUSED: u64 = 25;

/// Longest body that is read, bytes.
const MAX_BODY: usize = 1_024 * 1_024;

/// How long a request may take to arrive, and a connection to idle.
const PATIENCE: Duration = Duration::from_secs(60);

/// How it has gone.
#[derive(Default)]
pub struct Counts {
    /// First tries.
    firsts: AtomicU64,
    /// Events that were taken.
    pub taken: AtomicU64,
    /// Events that were not.
    pub refused: AtomicU64,
}

/// The receiver.
pub struct Receiver {
    listener: TcpListener,
    address: SocketAddr,
    counts: Arc<Counts>,
}

impl Receiver {
    /// One that does not answer yet.
    pub async fn bind() -> Result<Self, Failure> {
        let refused = |error| Failure::Configuration(format!("the demo's receiver found no port: {error}"));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        Ok(Self { listener, address, counts: Arc::default() })
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// How it has gone so far.
    pub fn counts(&self) -> Arc<Counts> {
        Arc::clone(&self.counts)
    }

    /// Answers until it is dropped.
    pub async fn run(self) {
        let mut connections = tokio::task::JoinSet::new();
        loop {
            let accepted = self.listener.accept().await;
            while connections.try_join_next().is_some() {}
            match accepted {
                Ok((stream, _)) => drop(connections.spawn(serve(stream, Arc::clone(&self.counts)))),
                // Out of descriptors, which passes.
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }
}

async fn serve(stream: TcpStream, counts: Arc<Counts>) {
    let service = service_fn(move |request| {
        let counts = Arc::clone(&counts);
        async move { Ok::<_, Infallible>(answer(request, &counts).await) }
    });
    let server = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .serve_connection(TokioIo::new(stream), service);
    // Whoever calls hears of it.
    let _ = tokio::time::timeout(PATIENCE * 60, server).await;
}

async fn answer(request: Request<Incoming>, counts: &Counts) -> Response<Full<Bytes>> {
    let first = request.headers().get("x-webhook-attempt").is_some_and(|number| number == "1");
    let read = tokio::time::timeout(PATIENCE, Limited::new(request.into_body(), MAX_BODY).collect()).await;
    let (status, said) = if !matches!(read, Ok(Ok(_))) {
        (StatusCode::BAD_REQUEST, "the request could not be read")
    } else if first && (counts.firsts.fetch_add(1, Ordering::Relaxed) + 1).is_multiple_of(REFUSED) {
        counts.refused.fetch_add(1, Ordering::Relaxed);
        (StatusCode::SERVICE_UNAVAILABLE, "simulated: busy, come back")
    } else {
        counts.taken.fetch_add(1, Ordering::Relaxed);
        (StatusCode::OK, "simulated: taken")
    };
    let mut answer = Response::new(Full::new(Bytes::from_static(said.as_bytes())));
    *answer.status_mut() = status;
    answer
}
