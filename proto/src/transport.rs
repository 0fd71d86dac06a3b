//! The wire of the control socket: JSON frames of at most 1 MiB over a Unix socket.
//!
//! JSON, because adding a field works both ways with it and it is the maintained tolerant codec tarpc offers.

mod counted;

use crate::codec::{ClampedJson, Json};
use crate::control::ControlClient;
use crate::error::ApiError;
use counted::Counted;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use tarpc::serde_transport::Transport;
use tarpc::tokio_util::codec::{Decoder, LengthDelimitedCodec};
use tarpc::{ClientMessage, Response, client, context};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::UnixStream;

/// The longest frame either side sends or accepts. A longer one ends the connection, so replies are kept well below.
pub const MAX_FRAME_BYTES: usize = 1 << 20;

/// The longest deadline a call may carry. tarpc adds the caller's deadline to the clock, and an absurd one overflows.
pub const MAX_DEADLINE: Duration = Duration::from_hours(1);

fn codec() -> LengthDelimitedCodec {
    LengthDelimitedCodec::builder().max_frame_length(MAX_FRAME_BYTES).new_codec()
}

/// What the two programs need of tarpc: why a call brought no reply, and the deadline that goes with one.
pub use tarpc::{client::RpcError, context::Context};

/// The daemon's end of a connection.
pub type ServerTransport<Req, Resp> = Transport<UnixStream, ClientMessage<Req>, Response<Resp>, ClampedJson>;

/// Wraps an accepted connection for tarpc.
pub fn serve<Req, Resp>(stream: UnixStream) -> ServerTransport<Req, Resp>
where
    Req: serde::de::DeserializeOwned,
    Resp: serde::Serialize,
{
    tarpc::serde_transport::new(codec().framed(stream), ClampedJson)
}

/// Connects to the daemon. That it connects says little: a stopped daemon's socket still accepts, so the first call
/// must be `hello`, under a deadline.
pub async fn connect(socket: &Path) -> io::Result<ControlClient> {
    Ok(over(UnixStream::connect(socket).await?))
}

/// Connects, and counts the bytes that come.
pub async fn connect_counted(socket: &Path, received: Arc<AtomicU64>) -> io::Result<ControlClient> {
    let stream = UnixStream::connect(socket).await?;
    Ok(over(Counted { stream, received }))
}

/// Speaks to the daemon over a connection that is there already.
pub fn over(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> ControlClient {
    let transport = tarpc::serde_transport::new(codec().framed(stream), Json);
    ControlClient::new(client::Config::default(), transport).spawn()
}

/// A call context with this time to answer, clamped to [`MAX_DEADLINE`].
pub fn within(timeout: Duration) -> Context {
    let mut context = context::current();
    #[expect(
        clippy::disallowed_methods,
        reason = "a deadline on the wire is relative to the real monotonic clock"
    )]
    let now = std::time::Instant::now();
    context.deadline = now + timeout.min(MAX_DEADLINE);
    context
}

/// A reply: what was asked for, or a refusal. Transport errors are tarpc's own and come around this.
pub type Reply<T> = Result<T, ApiError>;
