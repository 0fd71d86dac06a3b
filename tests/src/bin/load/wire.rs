//! A lean HTTP client: what it costs is taken from the daemon's share of the machine, so it does no more than write a
//! request and read its answer.

use anyhow::{Context, Result, bail};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Instant;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// Where text messages go.
pub const SMS: &str = "/api/v1/sms";

/// One connection.
pub struct Wire {
    stream: TcpStream,
    head: String,
    request: Vec<u8>,
    answer: Vec<u8>,
}

/// What the daemon said.
pub struct Answer<'a> {
    /// The status.
    pub status: u16,
    /// Seconds after which to come back, when it is a whole number.
    pub retry_after: Option<u64>,
    /// The body.
    pub body: &'a [u8],
}

impl Answer<'_> {
    /// The `id` member of the body: found, not parsed, because that costs more than all the rest.
    pub fn id(&self) -> Result<&str> {
        let text = std::str::from_utf8(self.body)?;
        let (_, rest) = text.split_once("\"id\":\"").context("an id")?;
        Ok(rest.split('"').next().unwrap_or_default())
    }
}

impl Wire {
    /// Connects.
    pub async fn connect(address: SocketAddr, key: &str) -> Result<Self> {
        Self::over(
            TcpStream::connect(address).await.context("the intake refused a connection")?,
            address,
            key,
        )
    }

    /// Connects from this address of the loopback network.
    pub async fn connect_from(source: Ipv4Addr, address: SocketAddr, key: &str) -> Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind((source, 0).into())?;
        Self::over(socket.connect(address).await?, address, key)
    }

    fn over(stream: TcpStream, address: SocketAddr, key: &str) -> Result<Self> {
        stream.set_nodelay(true)?;
        let head = format!(
            "POST {SMS} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {key}\r\n\
             Content-Type: application/json\r\n"
        );
        Ok(Self { stream, head, request: Vec::with_capacity(1_024), answer: vec![0; 4_096] })
    }

    /// The same with another path than that of text messages.
    pub fn to(mut self, path: &str) -> Self {
        self.head = self.head.replacen(SMS, path, 1);
        self
    }

    /// Posts a body.
    pub async fn post(&mut self, body: &str) -> Result<Answer<'_>> {
        self.post_with("", body).await
    }

    /// Posts a body with more lines in the head, each with its line end.
    pub async fn post_with(&mut self, lines: &str, body: &str) -> Result<Answer<'_>> {
        self.request.clear();
        for part in [self.head.as_str(), lines, "Content-Length: "] {
            self.request.extend_from_slice(part.as_bytes());
        }
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
            let status = head.get(9..12).context("a status line")?.parse()?;
            let wanted: usize = header(head, "content-length").context("an answer without a length")?;
            let retry_after = header(head, "retry-after");
            let total = end + 4 + wanted;
            if total > self.answer.len() {
                self.answer.resize(total, 0);
            }
            if length >= total {
                return Ok(Answer { status, retry_after, body: &self.answer[end + 4..total] });
            }
        }
    }
}

/// The value of a header, when it can be read.
fn header<T: std::str::FromStr>(head: &str, wanted: &str) -> Option<T> {
    head.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case(wanted).then(|| value.trim().parse().ok())?
    })
}

/// A body no other request has.
pub fn body(run: u32, number: u64) -> String {
    format!(
        "{{\"to\":\"+1500555{:04}\",\"message\":\"Order {run}-{number}: your parcel is on its way and arrives today.\"}}",
        number % 10_000
    )
}

/// A stopwatch is what this program is for.
#[expect(clippy::disallowed_methods, reason = "measures real time")]
pub fn now() -> Instant {
    Instant::now()
}
