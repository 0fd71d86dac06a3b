//! A scripted HTTP server on a free port of a loopback address. Requests meet its acts in order, over all connections;
//! afterwards it answers each with 200. It counts its connections, and how many were open at once.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

/// What it does with a request instead of taking it.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// Answers this, as it is, and goes on.
    Say(String),
    /// Answers this and hangs up.
    SayAndCut(String),
    /// Resets the connection after the request.
    Reset,
    /// Resets it when the head is there, and reads no more.
    ResetInBody,
    /// Answers this when the head is there, and never reads the body.
    SayAtOnce(String),
    /// Never answers.
    Stall,
    /// Answers this, then a byte now and then, without end.
    Drip(String),
    /// Answers with so many bytes, if anybody takes them.
    Flood(u64),
}

/// A request as it arrived.
#[derive(Debug, Clone, Default)]
pub(crate) struct Request {
    /// The first line and the headers.
    pub head: Vec<String>,
    pub body: Vec<u8>,
}

impl Request {
    /// The only value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let fits =
            |line: &&String| line.split_once(": ").is_some_and(|(it, _)| it.eq_ignore_ascii_case(name));
        let all: Vec<_> = self.head.iter().filter(fits).collect();
        assert!(all.len() <= 1, "{all:?}");
        all.first().and_then(|line| line.split_once(": ")).map(|(_, value)| value)
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

#[derive(Default)]
struct House {
    acts: Mutex<VecDeque<Act>>,
    requests: Mutex<Vec<Request>>,
    connections: AtomicUsize,
    most: AtomicUsize,
    /// Bytes written of a flood.
    flooded: AtomicUsize,
}

pub(crate) struct Server {
    pub address: SocketAddr,
    house: Arc<House>,
    open: watch::Receiver<usize>,
    begun: watch::Receiver<usize>,
    task: tokio::task::JoinHandle<()>,
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// An answer of this status with this body.
pub(crate) fn answer(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len())
}

impl Server {
    pub(crate) async fn start(acts: impl IntoIterator<Item = Act>) -> Self {
        Self::at("127.0.0.1:0".parse().unwrap(), acts, None).await
    }

    pub(crate) async fn with_tls(acceptor: TlsAcceptor) -> Self {
        Self::at("127.0.0.1:0".parse().unwrap(), [], Some(acceptor)).await
    }

    pub(crate) async fn at(
        address: SocketAddr,
        acts: impl IntoIterator<Item = Act>,
        tls: Option<TlsAcceptor>,
    ) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let house = Arc::new(House { acts: Mutex::new(acts.into_iter().collect()), ..House::default() });
        let (opened, open) = watch::channel(0);
        let (begin, begun) = watch::channel(0);
        let (opened, begin) = (Arc::new(opened), Arc::new(begin));
        let serving = Arc::clone(&house);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                serving.connections.fetch_add(1, Ordering::AcqRel);
                opened.send_modify(|open| *open += 1);
                serving.most.fetch_max(*opened.borrow(), Ordering::AcqRel);
                let (house, opened, begin) = (Arc::clone(&serving), Arc::clone(&opened), Arc::clone(&begin));
                let tls = tls.clone();
                tokio::spawn(async move {
                    // A client that goes away ends the dialogue; what matters was seen by then.
                    let _ = house.serve(stream, tls, &begin).await;
                    opened.send_modify(|open| *open -= 1);
                });
            }
        });
        Self { address, house, open, begun, task }
    }

    pub(crate) fn ip(&self) -> IpAddr {
        self.address.ip()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.house.requests.lock().unwrap().clone()
    }

    /// Connections since the start.
    pub(crate) fn connections(&self) -> usize {
        self.house.connections.load(Ordering::Acquire)
    }

    /// Connections open at once, at most.
    pub(crate) fn most(&self) -> usize {
        self.house.most.load(Ordering::Acquire)
    }

    pub(crate) fn flooded(&self) -> usize {
        self.house.flooded.load(Ordering::Acquire)
    }

    /// Waits until so many requests have begun.
    pub(crate) async fn begun(&mut self, count: usize) {
        self.begun.wait_for(|begun| *begun >= count).await.unwrap();
    }

    /// Waits until so many connections are open.
    pub(crate) async fn until_open(&mut self, count: usize) {
        self.open.wait_for(|open| *open == count).await.unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Has the end of this connection be a reset.
fn reset_at_the_end(stream: &TcpStream) {
    rustix::net::sockopt::set_socket_linger(stream, Some(Duration::ZERO)).unwrap();
}

impl House {
    async fn serve(
        &self,
        stream: TcpStream,
        tls: Option<TlsAcceptor>,
        begun: &watch::Sender<usize>,
    ) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let raw = stream.into_std()?;
        let handle = TcpStream::from_std(raw.try_clone()?)?;
        let stream = TcpStream::from_std(raw)?;
        let mut io: BufReader<Box<dyn Stream>> = match tls {
            Some(tls) => BufReader::new(Box::new(tls.accept(stream).await?)),
            None => BufReader::new(Box::new(stream)),
        };
        loop {
            let mut request = Request::default();
            loop {
                let mut line = String::new();
                if io.read_line(&mut line).await? == 0 {
                    return Ok(());
                }
                let line = line.trim_end();
                if line.is_empty() {
                    break;
                }
                request.head.push(line.to_owned());
            }
            begun.send_modify(|begun| *begun += 1);
            let act = self.acts.lock().unwrap().pop_front();
            if matches!(act, Some(Act::ResetInBody)) {
                reset_at_the_end(&handle);
                return Ok(());
            }
            if let Some(Act::SayAtOnce(text)) = &act {
                io.get_mut().write_all(text.as_bytes()).await?;
                return std::future::pending().await;
            }
            let length = request.header("content-length").and_then(|it| it.parse().ok()).unwrap_or(0);
            request.body = vec![0; length];
            io.read_exact(&mut request.body).await?;
            self.requests.lock().unwrap().push(request);
            let out = io.get_mut();
            match act {
                None => out.write_all(answer("200 OK", "", "taken").as_bytes()).await?,
                Some(Act::Say(text)) => out.write_all(text.as_bytes()).await?,
                Some(Act::SayAndCut(text)) => {
                    out.write_all(text.as_bytes()).await?;
                    return out.shutdown().await;
                }
                Some(Act::Reset | Act::ResetInBody | Act::SayAtOnce(_)) => {
                    reset_at_the_end(&handle);
                    return Ok(());
                }
                Some(Act::Stall) => return wait_for_the_end(&mut io).await,
                Some(Act::Drip(text)) => {
                    let mut pace = tokio::time::interval(Duration::from_millis(50));
                    out.write_all(text.as_bytes()).await?;
                    loop {
                        pace.tick().await;
                        out.write_all(b"x").await?;
                    }
                }
                Some(Act::Flood(bytes)) => {
                    out.write_all(format!("HTTP/1.1 200 OK\r\nContent-Length: {bytes}\r\n\r\n").as_bytes())
                        .await?;
                    for _ in 0..bytes >> 12 {
                        out.write_all(&[b'x'; 1 << 12]).await?;
                        self.flooded.fetch_add(1 << 12, Ordering::AcqRel);
                    }
                }
            }
            out.flush().await?;
        }
    }
}

async fn wait_for_the_end(io: &mut BufReader<Box<dyn Stream>>) -> io::Result<()> {
    let mut rest = Vec::new();
    io.read_to_end(&mut rest).await.map(drop)
}
