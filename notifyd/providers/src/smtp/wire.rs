//! One connection, encrypted or not. Every read and write ends at the deadline of the call it is done for, so that no
//! silence of the server outlasts it.

use super::fault::Fault;
use super::reply::{Line, Reply};
use super::tls::Secure;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader,
};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};

/// RFC 5321 allows 512 bytes a line; servers are generous, so are we, within limits.
const MAX_LINE_BYTES: u64 = 4_096;
const MAX_LINES: usize = 128;

trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for T {}

pub(super) struct Wire {
    stream: BufReader<Box<dyn Stream>>,
    /// Our own end.
    pub local: SocketAddr,
    pub deadline: Instant,
}

impl Wire {
    pub(super) async fn connect(host: &str, port: u16, deadline: Instant) -> Result<Self, Fault> {
        let stream = by(deadline, TcpStream::connect((host, port))).await??;
        // The final dot is a write of its own and must not wait for the acknowledgement of the content.
        stream.set_nodelay(true)?;
        let local = stream.local_addr()?;
        Ok(Self { stream: BufReader::new(Box::new(stream)), local, deadline })
    }

    /// Encrypts from here on. What the server has already said beyond its last reply was not protected by the
    /// handshake: it is an attempt to slip in answers, and the connection is given up.
    pub(super) async fn secure(self, secure: &Secure) -> Result<Self, Fault> {
        let Self { stream, local, deadline } = self;
        if !stream.buffer().is_empty() {
            return Err(Fault::Garbage(String::from("answers in clear before the TLS handshake")));
        }
        let handshake = secure.connector.connect(secure.name.clone(), stream.into_inner());
        let stream = by(deadline, handshake).await??;
        Ok(Self { stream: BufReader::new(Box::new(stream)), local, deadline })
    }

    /// Writes it all and flushes.
    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let stream = self.stream.get_mut();
        by(self.deadline, async {
            stream.write_all(bytes).await?;
            stream.flush().await
        })
        .await??;
        Ok(())
    }

    /// Reads a whole reply.
    pub(super) async fn reply(&mut self) -> Result<Reply, Fault> {
        by(self.deadline, read_reply(&mut self.stream)).await?
    }

    /// A command and its reply, which must be of the class `expected` (2 or 3).
    pub(super) async fn command(&mut self, line: &str, expected: u16) -> Result<Reply, Fault> {
        self.write(line.as_bytes()).await?;
        expect(self.reply().await?, expected)
    }

    /// Looks, without waiting, whether the server has already spoken or hung up while it had nothing to say.
    pub(super) async fn interrupted(&mut self) -> Result<(), Fault> {
        match timeout(Duration::ZERO, self.stream.fill_buf()).await {
            Err(_) => Ok(()),
            Ok(Err(error)) => Err(error.into()),
            Ok(Ok([])) => Err(Fault::Closed),
            Ok(Ok(_)) => match self.reply().await? {
                reply if reply.class() >= 4 => Err(Fault::Refused(reply)),
                reply => Err(Fault::Garbage(reply.to_string())),
            },
        }
    }
}

/// A refusal is any 4xx or 5xx; any other reply out of place is nonsense.
pub(super) fn expect(reply: Reply, class: u16) -> Result<Reply, Fault> {
    match reply.class() {
        found if found == class => Ok(reply),
        4 | 5 => Err(Fault::Refused(reply)),
        _ => Err(Fault::Garbage(reply.to_string())),
    }
}

async fn by<T>(deadline: Instant, work: impl Future<Output = T>) -> Result<T, Fault> {
    timeout_at(deadline, work).await.map_err(|_| Fault::TimedOut)
}

async fn read_reply(stream: &mut BufReader<Box<dyn Stream>>) -> Result<Reply, Fault> {
    let mut lines = Vec::new();
    let mut first = None;
    let mut raw = Vec::with_capacity(128);
    loop {
        raw.clear();
        (&mut *stream).take(MAX_LINE_BYTES).read_until(b'\n', &mut raw).await?;
        if raw.last() != Some(&b'\n') {
            let whole = u64::try_from(raw.len()).is_ok_and(|length| length < MAX_LINE_BYTES);
            return Err(if whole {
                Fault::Closed
            } else {
                Fault::Garbage(String::from("a line without end"))
            });
        }
        let line = Line::parse(&raw)?;
        if *first.get_or_insert(line.code) != line.code {
            return Err(Fault::Garbage(String::from("a reply with two codes")));
        }
        if lines.len() == MAX_LINES {
            return Err(Fault::Garbage(String::from("a reply without end")));
        }
        lines.push(line.text);
        if line.last {
            return Ok(Reply { code: line.code, lines });
        }
    }
}
