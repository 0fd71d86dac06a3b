//! One connection, from its first byte to its last.

use crate::correlation::Correlation;
use crate::front::Front;
use crate::host::Link;
use crate::options::Options;
use crate::problem::Problem;
use crate::seats::Full;
use crate::wire::{Wire, refusal};
use axum::http::StatusCode;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

/// Largest head of a request: line and headers, bytes.
const MAX_HEAD: usize = 16 * 1_024;

/// Largest buffer of a connection for what it reads, bytes: whatever the peer sends, this much of it waits here, and the
/// rest in the system's buffers.
const MAX_BUFFER: usize = 32 * 1_024;

/// How long a refused connection may take to read why.
const REFUSAL_TIMEOUT: Duration = Duration::from_secs(1);

/// The two ways a connection is asked to end.
#[derive(Clone, Default)]
pub(crate) struct Stop {
    /// After the request under way.
    pub(crate) gently: CancellationToken,
    /// At once.
    pub(crate) now: CancellationToken,
}

/// HTTP/1.1 with its bounds.
pub(crate) fn protocol(options: &Options) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(options.header_timeout())
        .max_header_size(MAX_HEAD)
        .max_buf_size(MAX_BUFFER)
        .keep_alive(true)
        // Who closes its half after the request still gets its answer.
        .half_close(true)
        // Flushing pipelined answers together would save little, and hyper then never flushes its answer to a head it
        // cannot parse: the unread rest of that head looks like a next request.
        .pipeline_flush(false);
    http
}

/// Serves requests until the peer or the daemon has enough.
pub(crate) async fn serve(
    stream: TcpStream,
    peer: IpAddr,
    http: http1::Builder,
    front: Arc<Front>,
    stop: Stop,
) {
    let local = stream.local_addr().map_or(peer, |address| address.ip().to_canonical());
    let link = Link { peer, local };
    // Answers are written whole; waiting for more would only delay them.
    let _ = stream.set_nodelay(true);
    let wire = TokioIo::new(Wire::new(stream, Arc::clone(&front.context)));
    let service = service_fn(|request: axum::http::Request<Incoming>| {
        let front = Arc::clone(&front);
        async move { Ok::<_, Infallible>(front.answer(request, link).await) }
    });
    let connection = http.serve_connection(wire, service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        biased;
        ended = connection.as_mut() => ended,
        () = stop.gently.cancelled() => {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                ended = connection => ended,
                () = stop.now.cancelled() => Ok(()),
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, error = &error as &dyn std::error::Error, "connection ended early");
    }
}

/// Tells a peer that there is no seat, and gives it a moment to read that.
pub(crate) async fn refuse(mut stream: TcpStream, full: Full, front: &Front) {
    let answer = words(full, front);
    let told = async {
        stream.write_all(&answer).await?;
        stream.shutdown().await?;
        // Closing with unread bytes would reset the connection before the peer has read the answer.
        let mut unread = [0; 1_024];
        while stream.read(&mut unread).await? > 0 {}
        Ok::<_, std::io::Error>(())
    };
    let _ = tokio::time::timeout(REFUSAL_TIMEOUT, told).await;
}

/// The same for one of a crowd: the words fit into the fresh connection's buffer, and nobody waits until they are read. A
/// peer that has sent its request already may see a reset instead.
pub(crate) fn turn_away(stream: &TcpStream, full: Full, front: &Front) {
    let _ = stream.try_write(&words(full, front));
}

/// The refusal on the wire, counted.
fn words(full: Full, front: &Front) -> Vec<u8> {
    let context = &front.context;
    context.metrics.count("connection", StatusCode::SERVICE_UNAVAILABLE);
    let crowded = |detail| Problem::unavailable("overloaded", detail, 1);
    let problem = match full {
        Full::House => crowded("The daemon has as many connections as it can bear; try again shortly."),
        Full::Peer => {
            crowded("There are too many connections from this address; use fewer and keep them open.")
        }
        Full::Latched(cause) => Problem::latched(cause),
    };
    refusal(&problem, &Correlation::random(&*context.entropy))
}
