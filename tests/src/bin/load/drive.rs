//! A lean HTTP client: what it costs is taken from the daemon's share of the machine, so it does no more than write a
//! request and read its answer.

use crate::say;
use anyhow::{Context, Result, bail};
use hdrhistogram::Histogram;
use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::LocalSet;

/// What the connections saw together.
pub struct Seen {
    /// Answers with 202.
    pub accepted: u64,
    /// Other answers.
    pub refused: u64,
    /// Microseconds from the first byte written to the last byte read.
    pub latency: Histogram<u64>,
    /// From the first request to the last answer.
    pub elapsed: Duration,
}

/// One connection.
pub struct Wire {
    stream: TcpStream,
    head: String,
    request: Vec<u8>,
    answer: Vec<u8>,
}

impl Wire {
    /// Connects.
    pub async fn connect(address: SocketAddr, key: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).await.context("the intake refused a connection")?;
        stream.set_nodelay(true)?;
        let head = format!(
            "POST /api/v1/sms HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {key}\r\n\
             Content-Type: application/json\r\nContent-Length: "
        );
        Ok(Self { stream, head, request: Vec::with_capacity(1_024), answer: vec![0; 4_096] })
    }

    /// Sends a body; its status, and the answer's body.
    pub async fn post(&mut self, body: &str) -> Result<(u16, &[u8])> {
        self.request.clear();
        self.request.extend_from_slice(self.head.as_bytes());
        self.request.extend_from_slice(body.len().to_string().as_bytes());
        self.request.extend_from_slice(b"\r\n\r\n");
        self.request.extend_from_slice(body.as_bytes());
        self.stream.write_all(&self.request).await?;
        let mut length = 0;
        loop {
            let read = self.stream.read(&mut self.answer[length..]).await?;
            if read == 0 {
                bail!("the daemon closed the connection");
            }
            length += read;
            let Some(end) = self.answer[..length].windows(4).position(|window| window == b"\r\n\r\n") else {
                continue;
            };
            let head = std::str::from_utf8(&self.answer[..end])?;
            let status: u16 = head.get(9..12).context("a status line")?.parse()?;
            let wanted: usize = head
                .split("\r\n")
                .find_map(|line| {
                    let (name, value) = line.split_once(':')?;
                    name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
                })
                .context("an answer without a length")?;
            let total = end + 4 + wanted;
            if total > self.answer.len() {
                self.answer.resize(total, 0);
            }
            if length >= total {
                return Ok((status, &self.answer[end + 4..total]));
            }
        }
    }
}

/// A body no other request has.
pub fn body(run: u32, number: u64) -> String {
    format!(
        "{{\"to\":\"+1500555{:04}\",\"message\":\"Order {run}-{number}: your parcel is on its way and arrives today.\"}}",
        number % 10_000
    )
}

/// Posts over `connections` until `until` says so; it is asked before each request with the number of the next.
pub async fn flood(
    address: SocketAddr,
    key: &str,
    connections: usize,
    until: impl Fn(u64) -> bool + 'static,
) -> Result<Seen> {
    let seen = Rc::new(RefCell::new(Seen {
        accepted: 0,
        refused: 0,
        latency: Histogram::new_with_bounds(1, 60_000_000, 3)?,
        elapsed: Duration::ZERO,
    }));
    let run = std::process::id();
    let next = Rc::new(RefCell::new(0_u64));
    let until = Rc::new(until);
    let mut wires = Vec::new();
    for _ in 0..connections {
        wires.push(Wire::connect(address, key).await?);
    }
    let local = LocalSet::new();
    let started = now();
    let tasks: Vec<_> = wires
        .into_iter()
        .map(|mut wire| {
            let (seen, next, until) = (Rc::clone(&seen), Rc::clone(&next), Rc::clone(&until));
            local.spawn_local(async move {
                loop {
                    let number = next.replace_with(|number| *number + 1);
                    if until(number) {
                        return anyhow::Ok(());
                    }
                    let sent = now();
                    let (status, answer) = wire.post(&body(run, number)).await?;
                    let text = (status != 202).then(|| String::from_utf8_lossy(answer).into_owned());
                    let mut seen = seen.borrow_mut();
                    seen.latency.saturating_record(u64::try_from(sent.elapsed().as_micros())?);
                    if let Some(text) = text {
                        if seen.refused == 0 {
                            say(&format!("first refusal: {status} {text}"));
                        }
                        seen.refused += 1;
                    } else {
                        seen.accepted += 1;
                    }
                }
            })
        })
        .collect();
    local
        .run_until(async {
            for task in tasks {
                task.await??;
            }
            anyhow::Ok(())
        })
        .await?;
    drop(local);
    let mut seen = Rc::try_unwrap(seen).ok().context("a connection is still open")?.into_inner();
    seen.elapsed = started.elapsed();
    Ok(seen)
}

/// A stopwatch is what this program is for.
#[expect(clippy::disallowed_methods, reason = "measures real time")]
pub fn now() -> Instant {
    Instant::now()
}
