//! One connection and one exchange at a time on it. Whoever has the connection drives it: there is no task of its own that
//! would have to be woken for every request, and an idle connection costs nothing.

use super::client::{Answer, End};
use super::dial::Stream;
use super::fault::What;
use bytes::{Bytes, BytesMut};
use http_body_util::Full;
use hyper::Request;
use hyper::body::{Body as _, Incoming};
use hyper::client::conn::http1::{Builder, Connection, SendRequest};
use hyper::header::HeaderMap;
use hyper_util::rt::TokioIo;
use std::error::Error;
use std::fmt::Write as _;
use std::future::poll_fn;
use std::io;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, timeout_at};

/// Of an answer's body, bytes that are read. What comes after them is dropped, and the connection with it.
pub(super) const MAX_BODY: usize = 256 * 1_024;

/// Longest head of an answer, bytes.
const MAX_HEAD: usize = 64 * 1_024;

/// How long an idle connection is kept when the server does not say how long it keeps its end. Servers hang up after some
/// seconds to minutes; a request that meets the hang-up on its way would be in doubt.
const MAX_IDLE: Duration = Duration::from_secs(30);

/// How much earlier than the server we let go of an idle connection.
const AHEAD: Duration = Duration::from_secs(1);

/// The stream of a connection, which notes whether anything was written.
struct Tap {
    stream: Box<dyn Stream>,
    written: Arc<AtomicBool>,
}

impl Tap {
    fn note(&self, written: &Poll<io::Result<usize>>) {
        if matches!(written, Poll::Ready(Ok(1..))) {
            self.written.store(true, Ordering::Relaxed);
        }
    }
}

impl AsyncRead for Tap {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Tap {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.note(&written);
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.note(&written);
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// An exchange that brought no answer.
pub(super) enum Failed {
    /// The connection was gone before the request was begun; here it is back.
    Gone(Box<Request<Full<Bytes>>>),
    /// Something else, and whether any of the request had been written.
    Fault(What, bool),
}

/// A connection.
pub(super) struct Wire {
    sender: SendRequest<Full<Bytes>>,
    connection: Connection<TokioIo<Tap>, Full<Bytes>>,
    written: Arc<AtomicBool>,
    over: bool,
    /// Where its other end is.
    pub peer: IpAddr,
}

impl Wire {
    pub(super) async fn new(stream: Box<dyn Stream>, peer: IpAddr) -> Result<Self, What> {
        let written = Arc::new(AtomicBool::new(false));
        let tap = TokioIo::new(Tap { stream, written: Arc::clone(&written) });
        let shaken = Builder::new().max_buf_size(MAX_HEAD).handshake(tap).await;
        let (sender, connection) = shaken.map_err(|error| What::Broken(chain(&error)))?;
        Ok(Self { sender, connection, written, over: false, peer })
    }

    /// Lets the connection read and write what it can.
    fn drive(&mut self, cx: &mut Context<'_>) {
        // How it ended is told to the request under way.
        self.over = self.over || Pin::new(&mut self.connection).poll(cx).is_ready();
    }

    /// Whether a request can begin on it: nobody has hung up, or said anything out of turn.
    pub(super) async fn is_ready(&mut self) -> bool {
        // What has just been read to its end may need another look.
        for _ in 0..2 {
            let look = poll_fn(|cx| {
                self.drive(cx);
                Poll::Ready(self.sender.poll_ready(cx))
            });
            match look.await {
                Poll::Ready(Ok(())) => return !self.over,
                Poll::Ready(Err(_)) => return false,
                Poll::Pending => {}
            }
        }
        false
    }

    /// Sends a request and reads the answer, until `deadline`.
    pub(super) async fn exchange(
        &mut self,
        request: Request<Full<Bytes>>,
        deadline: Instant,
    ) -> Result<Answer, Failed> {
        self.written.store(false, Ordering::Relaxed);
        let mut answered = pin!(self.sender.try_send_request(request));
        let head = poll_fn(|cx| {
            self.drive(cx);
            answered.as_mut().poll(cx)
        });
        let head = timeout_at(deadline, head).await;
        let written = self.written.load(Ordering::Relaxed);
        let head = match head {
            Err(_) => return Err(Failed::Fault(What::TimedOut, written)),
            Ok(Ok(head)) => head,
            Ok(Err(mut failed)) => {
                return Err(match failed.take_message() {
                    Some(request) if !written => Failed::Gone(Box::new(request)),
                    _ => Failed::Fault(What::Broken(chain(failed.error())), written),
                });
            }
        };
        let (parts, body) = head.into_parts();
        let (body, end) = self.read(body, deadline).await;
        Ok(Answer { status: parts.status, headers: parts.headers, body, end })
    }

    /// Reads as much of a body as is kept.
    async fn read(&mut self, mut body: Incoming, deadline: Instant) -> (Bytes, End) {
        let mut first = Bytes::new();
        let mut rest = BytesMut::new();
        let end = loop {
            let frame = poll_fn(|cx| {
                self.drive(cx);
                Pin::new(&mut body).poll_frame(cx)
            });
            let data = match timeout_at(deadline, frame).await {
                Ok(None) => break End::Whole,
                Ok(Some(Ok(frame))) => frame.into_data().unwrap_or_default(),
                Ok(Some(Err(_))) | Err(_) => break End::Broken,
            };
            // Mostly it comes in one piece, which is not copied.
            if first.is_empty() {
                first = data;
            } else {
                if rest.is_empty() {
                    rest.extend_from_slice(&first);
                }
                rest.extend_from_slice(&data);
            }
            if first.len().max(rest.len()) > MAX_BODY {
                break End::Cut;
            }
        };
        let mut kept = if rest.is_empty() { first } else { rest.freeze() };
        kept.truncate(MAX_BODY);
        (kept, end)
    }
}

/// How long a connection may idle after this answer; none when it is not kept.
pub(super) fn idle_for(headers: &HeaderMap) -> Option<Duration> {
    let said = headers.get("keep-alive").and_then(|value| value.to_str().ok());
    let Some(said) = said else { return Some(MAX_IDLE) };
    let timeout = said.split(',').find_map(|part| part.trim().strip_prefix("timeout=")?.trim().parse().ok());
    let Some(timeout) = timeout.map(Duration::from_secs) else { return Some(MAX_IDLE) };
    timeout.checked_sub(AHEAD).filter(|left| !left.is_zero()).map(|left| left.min(MAX_IDLE))
}

/// An error and its causes on one line.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let _ = write!(text, ": {cause}");
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    #[test]
    fn an_idle_connection_is_let_go_before_the_server_does() {
        let idle = |said: &'static str| {
            idle_for(&[("keep-alive".parse().unwrap(), HeaderValue::from_static(said))].into_iter().collect())
        };
        assert_eq!(idle_for(&HeaderMap::new()), Some(MAX_IDLE));
        assert_eq!(idle("timeout=5"), Some(Duration::from_secs(4)));
        assert_eq!(idle("max=100, timeout=20"), Some(Duration::from_secs(19)));
        assert_eq!(idle("timeout=86400"), Some(MAX_IDLE));
        assert_eq!(idle("timeout=1"), None);
        assert_eq!(idle("timeout=0"), None);
        assert_eq!(idle("timeout=x"), Some(MAX_IDLE));
        assert_eq!(idle("max=5"), Some(MAX_IDLE));
    }
}
