//! A receiver that costs next to nothing, on a thread of its own: it finds the end of a request, counts it and answers.

use crate::wire::now;
use anyhow::{Context, Result};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// A running sink; it ends when it is dropped.
pub struct Sink {
    /// Where it listens.
    pub address: SocketAddr,
    counts: Arc<Counts>,
    _end: oneshot::Sender<()>,
}

#[derive(Default)]
struct Counts {
    requests: AtomicU64,
    connections: AtomicU64,
    /// Microseconds from the last byte of a request to the first one of its answer, all together.
    busy_us: AtomicU64,
}

impl Sink {
    /// Starts it; each answer takes this long.
    pub fn start(takes: Duration) -> Result<Self> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let counts = Arc::new(Counts::default());
        let (end, ended) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let counting = Arc::clone(&counts);
        std::thread::Builder::new()
            .name("sink".into())
            .spawn(move || {
                runtime.block_on(async move {
                    tokio::select! {
                        _ = accept(listener, takes, counting) => {}
                        _ = ended => {}
                    }
                });
            })
            .context("a thread for the sink")?;
        Ok(Self { address, counts, _end: end })
    }

    /// Requests it has answered.
    pub fn requests(&self) -> u64 {
        self.counts.requests.load(Ordering::Acquire)
    }

    /// How long an answer really took, in milliseconds on average: a timer is good to about one.
    pub fn answer_ms(&self) -> f64 {
        self.counts.busy_us.load(Ordering::Acquire) as f64 / 1_000.0 / self.requests().max(1) as f64
    }

    /// Connections it was asked for.
    pub fn connections(&self) -> u64 {
        self.counts.connections.load(Ordering::Acquire)
    }
}

async fn accept(listener: std::net::TcpListener, takes: Duration, counts: Arc<Counts>) -> Result<()> {
    let listener = TcpListener::from_std(listener)?;
    loop {
        let (stream, _) = listener.accept().await?;
        counts.connections.fetch_add(1, Ordering::AcqRel);
        tokio::spawn(serve(stream, takes, Arc::clone(&counts)));
    }
}

async fn serve(mut stream: TcpStream, takes: Duration, counts: Arc<Counts>) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(8_192);
    loop {
        while let Some(length) = request(&buffer) {
            buffer.drain(..length);
            if !takes.is_zero() {
                let read = now();
                tokio::time::sleep(takes).await;
                let took = u64::try_from(read.elapsed().as_micros())?;
                counts.busy_us.fetch_add(took, Ordering::AcqRel);
            }
            stream.write_all(ANSWER).await?;
            counts.requests.fetch_add(1, Ordering::AcqRel);
        }
        if stream.read_buf(&mut buffer).await? == 0 {
            return Ok(());
        }
    }
}

/// The length of the request at the start of these bytes, when it is whole.
fn request(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let lines = std::str::from_utf8(&bytes[..head]).ok()?.split("\r\n");
    let length = lines.filter_map(|line| line.split_once(':')).find_map(|(name, value)| {
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let whole = head + 4 + length.unwrap_or(0);
    (bytes.len() >= whole).then_some(whole)
}
