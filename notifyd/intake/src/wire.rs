//! The TCP stream under a connection, with three things the HTTP library leaves open:
//!
//! * an answer that the peer does not take is given up after a while;
//! * a connection that ends while the peer is still writing is read to its end, within bounds: closing it with unread
//!   bytes would reset it before the peer has read why;
//! * a head that cannot be parsed is answered by the library itself, bare; here that answer gets its problem details
//!   and correlation id. All our own answers carry the id already, which is how the bare ones are known.

use crate::context::Context;
use crate::correlation::{self, Correlation};
use crate::problem::Problem;
use axum::http::StatusCode;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as Task, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

/// How long, and for how many bytes, a peer is listened to that is not answered any more.
const LINGER: Duration = Duration::from_secs(1);
const MAX_LINGER_BYTES: usize = 16 * 1_024 * 1_024;

pub(crate) struct Wire {
    stream: TcpStream,
    context: Arc<Context>,
    /// Runs while the peer takes nothing.
    stalled: Option<Pin<Box<Sleep>>>,
    /// What is written in place of a bare answer, and how much of it was.
    instead: Option<(Vec<u8>, usize)>,
    /// Set once our half is closed: how long to listen yet, and how much was heard.
    closing: Option<(Pin<Box<Sleep>>, usize)>,
    /// Whether the peer was refused before it had said all.
    refused: bool,
}

impl Wire {
    pub(crate) fn new(stream: TcpStream, context: Arc<Context>) -> Self {
        Self { stream, context, stalled: None, instead: None, closing: None, refused: false }
    }

    /// Hands an outcome of a write on, and watches how long there is none.
    fn watched(&mut self, task: &mut Task<'_>, outcome: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if outcome.is_ready() {
            self.stalled = None;
            return outcome;
        }
        let timeout = self.context.options.write_timeout();
        let timer = self.stalled.get_or_insert_with(|| Box::pin(sleep(timeout)));
        ready!(timer.as_mut().poll(task));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the peer takes no answer")))
    }

    /// Begins to write something else when `head` is a bare refusal.
    fn replace(&mut self, head: &[u8]) {
        let Some(status) = bare_refusal(head) else { return };
        let correlation = Correlation::random(&*self.context.entropy);
        self.context.metrics.count("connection", status);
        self.refused = true;
        self.instead = Some((refusal(&unreadable(status), &correlation), 0));
    }

    /// Writes what stands in for `whole` bytes of a bare refusal.
    fn poll_instead(&mut self, task: &mut Task<'_>, whole: usize) -> Poll<io::Result<usize>> {
        while let Some((bytes, written)) = &mut self.instead {
            let outcome = Pin::new(&mut self.stream).poll_write(task, &bytes[*written..]);
            if let Poll::Ready(Ok(count)) = outcome {
                *written += count;
                if *written == bytes.len() {
                    self.instead = None;
                }
                if count > 0 {
                    continue;
                }
            }
            return self.watched(task, outcome);
        }
        Poll::Ready(Ok(whole))
    }
}

/// The status of an answer that is not ours.
fn bare_refusal(head: &[u8]) -> Option<StatusCode> {
    let rest = head.strip_prefix(b"HTTP/1.1 ")?;
    if rest.first() != Some(&b'4') {
        return None;
    }
    let name = correlation::HEADER;
    let name = name.as_str().as_bytes();
    if head.windows(name.len()).any(|part| part.eq_ignore_ascii_case(name)) {
        return None;
    }
    StatusCode::from_bytes(rest.get(..3)?).ok()
}

fn unreadable(status: StatusCode) -> Problem {
    match status {
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => Problem::new(
            status,
            "headers-too-large",
            "Headers too large",
            "Request line and headers may have 16 KiB and 100 fields together.",
        ),
        StatusCode::URI_TOO_LONG => {
            Problem::new(status, "uri-too-long", "URI too long", "Ask with a shorter address.")
        }
        _ => Problem::new(status, "bad-request", "Bad request", "This is no HTTP/1.1 request."),
    }
}

/// A whole answer on the wire, after which the connection ends.
pub(crate) fn refusal(problem: &Problem, correlation: &Correlation) -> Vec<u8> {
    let status = problem.status();
    let response = problem.clone().response(correlation, axum::http::HeaderMap::new());
    let body = problem.json(correlation);
    let reason = status.canonical_reason().unwrap_or_default();
    let mut bytes = format!("HTTP/1.1 {} {reason}\r\n", status.as_u16()).into_bytes();
    for (name, value) in response.headers() {
        bytes.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    let end = format!(
        "{}: {correlation}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        correlation::HEADER,
        body.len()
    );
    bytes.extend(end.into_bytes());
    bytes.extend(body);
    bytes
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        task: &mut Task<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(task, buf)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, task: &mut Task<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if self.instead.is_none() {
            self.replace(buf);
        }
        if self.instead.is_some() {
            return self.poll_instead(task, buf.len());
        }
        let outcome = Pin::new(&mut self.stream).poll_write(task, buf);
        self.watched(task, outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        task: &mut Task<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.instead.is_none() {
            self.replace(bufs.first().map_or(&[], |buf| buf));
        }
        if self.instead.is_some() {
            return self.poll_instead(task, bufs.iter().map(|buf| buf.len()).sum());
        }
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(task, bufs);
        self.watched(task, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, task: &mut Task<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(task)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, task: &mut Task<'_>) -> Poll<io::Result<()>> {
        if self.closing.is_none() {
            ready!(Pin::new(&mut self.stream).poll_shutdown(task))?;
        }
        let Self { stream, closing, refused, .. } = &mut *self;
        let (timer, heard) = closing.get_or_insert_with(|| (Box::pin(sleep(LINGER)), 0));
        let mut scrap = [0; 4_096];
        while *heard < MAX_LINGER_BYTES {
            let mut buf = ReadBuf::new(&mut scrap);
            match Pin::new(&mut *stream).poll_read(task, &mut buf) {
                Poll::Ready(Ok(())) if !buf.filled().is_empty() => *heard += buf.filled().len(),
                Poll::Ready(_) => break,
                // A peer that has said all it had to say is not waited for.
                Poll::Pending if *heard == 0 && !*refused => break,
                Poll::Pending => return timer.as_mut().poll(task).map(Ok),
            }
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use notifyd_lifecycle::entropy::SeededEntropy;

    #[test]
    fn only_the_librarys_own_refusals_are_bare() {
        let bare = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\n\r\n";
        assert_eq!(bare_refusal(bare), Some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE));
        assert_eq!(bare_refusal(b"HTTP/1.1 404 Not Found\r\nX-Correlation-Id: a\r\n\r\n"), None);
        assert_eq!(bare_refusal(b"HTTP/1.1 200 OK\r\n\r\n"), None);
        assert_eq!(bare_refusal(b""), None);
        let ours =
            refusal(&unreadable(StatusCode::BAD_REQUEST), &Correlation::random(&SeededEntropy::new(1)));
        assert_eq!(bare_refusal(&ours), None);
    }
}
