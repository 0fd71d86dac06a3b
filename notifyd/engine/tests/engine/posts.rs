//! A network in memory, on which endpoints answer as they are told, in virtual time. Nothing is listened to.

use async_trait::async_trait;
use notifyd_lifecycle::Policy;
use notifyd_providers::Network;
use notifyd_providers::http::{Dialer, Stream, SystemResolver};
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::time::Instant;

/// What an endpoint does with a request.
#[derive(Debug, Clone)]
pub enum Does {
    /// Answers with this status after so long, and these headers.
    Answers(u16, Duration, &'static str),
    /// Reads it and says nothing more.
    Hangs,
    /// Hangs up.
    HangsUp,
}

/// Answers at once.
pub const fn says(status: u16) -> Does {
    Does::Answers(status, Duration::ZERO, "")
}

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Came {
    /// Since the network began.
    pub at: Duration,
    /// To which endpoint.
    pub port: u16,
    pub headers: BTreeMap<String, String>,
    /// The body, and what it says.
    pub text: String,
    pub body: serde_json::Value,
}

type Script = dyn Fn(&Came) -> Does + Send + Sync;

/// The network.
#[derive(Clone)]
pub struct Posts {
    origin: Instant,
    script: Arc<Script>,
    came: Arc<Mutex<Vec<Came>>>,
    open: Arc<Mutex<BTreeMap<u16, usize>>>,
    most: Arc<Mutex<usize>>,
}

impl Posts {
    /// One on which all endpoints do this.
    pub fn new(script: impl Fn(&Came) -> Does + Send + Sync + 'static) -> Self {
        Self {
            origin: Instant::now(),
            script: Arc::new(script),
            came: Arc::default(),
            open: Arc::default(),
            most: Arc::default(),
        }
    }

    /// As the engine is given it.
    pub fn network(&self) -> Network {
        Network::with(Policy::default(), Arc::new(SystemResolver::default()), Arc::new(self.clone()))
    }

    /// What came to an endpoint, in the order it did.
    pub fn came_to(&self, port: u16) -> Vec<Came> {
        let came = self.came.lock().unwrap();
        came.iter().filter(|came| came.port == port).cloned().collect()
    }

    /// Most connections that were open at the same time.
    pub fn most(&self) -> usize {
        *self.most.lock().unwrap()
    }

    fn opened(&self, port: u16) {
        let mut open = self.open.lock().unwrap();
        *open.entry(port).or_default() += 1;
        let mut most = self.most.lock().unwrap();
        *most = (*most).max(open.values().sum());
    }

    async fn serve(self, mut stream: DuplexStream, port: u16) {
        let mut read = Vec::new();
        while let Some(request) = request(&mut stream, &mut read).await {
            let (headers, text) = request;
            let body = serde_json::from_str(&text).unwrap();
            let came = Came { at: self.origin.elapsed(), port, headers, text, body };
            self.came.lock().unwrap().push(came.clone());
            match (self.script)(&came) {
                Does::Answers(status, after, more) => {
                    tokio::time::sleep(after).await;
                    let answer = format!("HTTP/1.1 {status} Said\r\n{more}content-length: 2\r\n\r\nok");
                    if stream.write_all(answer.as_bytes()).await.is_err() {
                        break;
                    }
                }
                // Until the other end has had enough.
                Does::Hangs => drop(stream.read(&mut [0]).await),
                Does::HangsUp => break,
            }
        }
        *self.open.lock().unwrap().get_mut(&port).unwrap() -= 1;
    }
}

/// The next request: its headers and its body.
async fn request(
    stream: &mut DuplexStream,
    read: &mut Vec<u8>,
) -> Option<(BTreeMap<String, String>, String)> {
    loop {
        if let Some(end) = read.windows(4).position(|it| it == b"\r\n\r\n") {
            let head = String::from_utf8(read[..end].to_vec()).unwrap();
            let pairs = head.lines().skip(1).map(|line| line.split_once(": ").unwrap());
            let headers: BTreeMap<String, String> =
                pairs.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
            let length: usize = headers["content-length"].parse().unwrap();
            if read.len() >= end + 4 + length {
                let text = String::from_utf8(read[end + 4..end + 4 + length].to_vec()).unwrap();
                read.drain(..end + 4 + length);
                return Some((headers, text));
            }
        }
        let mut chunk = [0; 4_096];
        match stream.read(&mut chunk).await {
            Ok(count @ 1..) => read.extend_from_slice(&chunk[..count]),
            _ => return None,
        }
    }
}

#[async_trait]
impl Dialer for Posts {
    async fn connect(&self, address: SocketAddr) -> io::Result<Box<dyn Stream>> {
        let (near, far) = duplex(65_536);
        self.opened(address.port());
        tokio::spawn(self.clone().serve(far, address.port()));
        Ok(Box::new(near))
    }
}
