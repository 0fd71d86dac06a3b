//! A receiver of webhooks on a free port of this machine: it keeps what it is sent, and answers as it is told.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Method, Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpListener;
use tokio::sync::watch;

/// A request, read whole.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Its method.
    pub method: Method,
    /// Path and query.
    pub path: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Delivery {
    /// A header; empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body as JSON; null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }
}

/// The receiver; it ends with the runtime of the test.
pub struct Hook {
    address: SocketAddr,
    told: Arc<Mutex<VecDeque<u16>>>,
    taken: watch::Receiver<Vec<Delivery>>,
}

impl Hook {
    /// Starts it. It answers with these statuses in turn, then always with 200.
    pub async fn start(statuses: &[u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it has an address");
        let told = Arc::new(Mutex::new(statuses.iter().copied().collect()));
        let (take, taken) = watch::channel(vec![]);
        let (answers, take) = (Arc::clone(&told), Arc::new(take));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (answers, take) = (Arc::clone(&answers), Arc::clone(&take));
                let serve =
                    service_fn(move |request| answer(request, Arc::clone(&answers), Arc::clone(&take)));
                // A daemon that is killed breaks its connections.
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), serve));
            }
        });
        Self { address, told, taken }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A URL of it.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What a configuration needs for it to be called.
    pub fn allowed(&self) -> String {
        format!("[webhooks]\nallow_private = [\"{}/32:{}\"]\n", self.address.ip(), self.address.port())
    }

    /// The statuses of the next answers; afterwards it is 200.
    pub fn tell(&self, statuses: &[u16]) {
        *self.told.lock().unwrap_or_else(PoisonError::into_inner) = statuses.iter().copied().collect();
    }

    /// Waits until so many requests have come, since the start; all of them.
    pub async fn reached(&mut self, count: usize) -> Vec<Delivery> {
        self.taken.wait_for(|taken| taken.len() >= count).await.expect("it runs").clone()
    }

    /// The requests that have come so far.
    pub fn taken(&self) -> Vec<Delivery> {
        self.taken.borrow().clone()
    }
}

async fn answer(
    request: Request<Incoming>,
    answers: Arc<Mutex<VecDeque<u16>>>,
    take: Arc<watch::Sender<Vec<Delivery>>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let path = head.uri.to_string();
    take.send_modify(|taken| {
        taken.push(Delivery { method: head.method, path: path.clone(), headers: head.headers, body });
    });
    let status = answers.lock().unwrap_or_else(PoisonError::into_inner).pop_front().unwrap_or(200);
    // Talkative: what it was asked for is in its answer.
    let mut response =
        Response::new(Full::new(Bytes::from(format!("{{\"id\": \"m-1\", \"asked\": \"{path}\"}}"))));
    *response.status_mut() = status.try_into().unwrap_or_default();
    Ok(response)
}
