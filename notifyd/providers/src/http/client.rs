//! One request: a connection that idles or a new one, an exchange on it, and what becomes of it afterwards.

use super::dial::dial;
use super::fault::{Fault, What};
use super::network::Network;
use super::pool::Pool;
use super::target::Target;
use super::wire::{Failed, Wire, idle_for};
use crate::config::ConfigError;
use crate::{Reach, trust};
use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{HOST, HeaderMap};
use hyper::{Method, StatusCode};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;

/// Longest that is waited for a connection, as far as the time for the whole request allows it.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Bounds of a client.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Time for one request, from the wait for a connection to the last byte of the answer.
    pub timeout: Duration,
    /// Connections at the same time, idle ones included.
    pub connections: usize,
}

/// What to send. It has no form for a log.
#[derive(Clone)]
pub struct Request {
    /// How.
    pub method: Method,
    /// Everything but `Host` and `Content-Length`.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// How the body of an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It is whole.
    Whole,
    /// It is longer than what is kept of it.
    Cut,
    /// The connection broke, or the time was over.
    Broken,
}

/// What came back. It has no form for a log: servers repeat what they are sent.
#[derive(Clone)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, at most 256 KiB of it.
    pub body: Bytes,
    /// How it ended.
    pub end: End,
}

/// The way out of one provider: its connections, its time limit, whom it believes.
pub struct Client {
    network: Network,
    /// Instead of the system's authorities.
    trust: Option<TlsConnector>,
    limits: Limits,
    pool: Pool,
}

impl Client {
    /// A client. `authorities` are believed besides the system's: a file of certificates (PEM), or its text.
    pub fn new(network: &Network, limits: Limits, authorities: Option<&str>) -> Result<Self, ConfigError> {
        let trust = match authorities {
            Some(authorities) => Some(connector(trust::config(Some(authorities))?)),
            None => None,
        };
        Ok(Self { network: network.clone(), trust, limits, pool: Pool::new(limits.connections) })
    }

    /// Who may be called, and how.
    pub const fn network(&self) -> &Network {
        &self.network
    }

    /// Sends a request and waits for the answer. The fault says whether any of it had been sent. Nothing is sent twice: a
    /// new connection is tried only when an idle one turns out to be gone before the first byte.
    pub async fn send(&self, target: &Target, request: Request) -> Result<Answer, Fault> {
        let fault = |what, sent| Fault { what, sent, to: target.to_string() };
        let deadline = Instant::now() + self.limits.timeout;
        let slot = timeout_at(deadline, self.pool.slot()).await;
        let _slot = slot.ok().flatten().ok_or_else(|| fault(What::NoConnection, false))?;
        let mut request = assemble(target, request);
        if let Some(wire) = self.pool.take(&target.origin, &self.network.policy()).await {
            match self.exchange(wire, target, request, deadline).await {
                Err(Failed::Gone(unsent)) => request = *unsent,
                Err(Failed::Fault(what, sent)) => return Err(fault(what, sent)),
                Ok(answer) => return Ok(answer),
            }
        }
        self.pool.make_room();
        let connected_by = deadline.min(Instant::now() + CONNECT_TIMEOUT);
        let dialled = dial(&self.network, self.trust.as_ref(), target, connected_by).await;
        let (stream, peer) = dialled.map_err(|what| fault(what, false))?;
        let wire = Wire::new(stream, peer).await.map_err(|what| fault(what, false))?;
        match self.exchange(wire, target, request, deadline).await {
            Err(Failed::Gone(_)) => {
                Err(fault(What::Broken("the connection was closed at once".into()), false))
            }
            Err(Failed::Fault(what, sent)) => Err(fault(what, sent)),
            Ok(answer) => Ok(answer),
        }
    }

    /// Connects and hangs up. Nothing is sent but what encrypts the connection.
    pub async fn reach(&self, target: &Target, within: Duration) -> Reach {
        match dial(&self.network, self.trust.as_ref(), target, Instant::now() + within).await {
            Ok((_, peer)) => Reach::There(format!("{target} takes connections, at {peer}")),
            Err(what) => Reach::Away(format!("{target}: {what}")),
        }
    }

    /// One exchange; the connection is kept when both sides agree that it is at its end.
    async fn exchange(
        &self,
        mut wire: Wire,
        target: &Target,
        request: hyper::Request<Full<Bytes>>,
        deadline: Instant,
    ) -> Result<Answer, Failed> {
        let answer = wire.exchange(request, deadline).await?;
        // Who was misdirected shall take another connection.
        let kept = answer.end == End::Whole && answer.status != StatusCode::MISDIRECTED_REQUEST;
        if kept
            && let Some(keep) = idle_for(&answer.headers)
            && wire.is_ready().await
        {
            self.pool.give(wire, &target.origin, keep);
        }
        Ok(answer)
    }
}

fn assemble(target: &Target, request: Request) -> hyper::Request<Full<Bytes>> {
    let Request { method, headers, body } = request;
    let mut whole = hyper::Request::new(Full::new(body));
    *whole.method_mut() = method;
    *whole.uri_mut() = target.uri.clone();
    *whole.headers_mut() = headers;
    whole.headers_mut().insert(HOST, target.host.clone());
    whole
}

/// HTTP/1.1 alone is offered.
pub(super) fn connector(mut config: ClientConfig) -> TlsConnector {
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    TlsConnector::from(Arc::new(config))
}
