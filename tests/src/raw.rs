//! A client that writes what it is told, byte by byte, and reads until the daemon closes.

use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

/// How long the daemon may take to answer or close before a test gives up: no measure, only an end.
const PATIENCE: Duration = Duration::from_secs(60);

/// One answer as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// The status.
    pub status: u16,
    /// Status line and headers, in small letters.
    pub head: String,
    /// The body.
    pub body: String,
}

impl Heard {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    /// The `type` of problem details; empty for any other body.
    pub fn kind(&self) -> String {
        let json: serde_json::Value = serde_json::from_str(&self.body).unwrap_or_default();
        json["type"].as_str().unwrap_or_default().to_owned()
    }
}

/// Connects from an address of this machine, such as `127.0.0.2`, to be another peer than others.
pub async fn connect_from(from: &str, to: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    let from = SocketAddr::new(from.parse().expect("an address"), 0);
    socket.bind(from)?;
    socket.connect(to).await
}

/// Reads what comes until the peer closes.
pub async fn until_closed(stream: &mut TcpStream) -> Vec<Heard> {
    let mut bytes = Vec::new();
    let closed = tokio::time::timeout(PATIENCE, async {
        // A reset is a close as well.
        while stream.read_buf(&mut bytes).await.is_ok_and(|count| count > 0) {}
    });
    closed.await.unwrap_or_else(|_| panic!("still open after: {}", String::from_utf8_lossy(&bytes)));
    answers(&bytes)
}

/// Reads one answer; none when the connection ends before it is whole.
pub async fn one(stream: &mut TcpStream) -> Option<Heard> {
    let mut bytes = Vec::new();
    let reading = async {
        loop {
            if let Some(heard) = answers(&bytes).into_iter().next() {
                return Some(heard);
            }
            if stream.read_buf(&mut bytes).await.ok()? == 0 {
                return None;
            }
        }
    };
    tokio::time::timeout(PATIENCE, reading).await.expect("the daemon answers or closes")
}

/// Writes bytes on a connection of its own, and all that is heard until it is closed. The daemon may have enough before
/// everything is written.
pub async fn say(to: SocketAddr, bytes: &[u8]) -> Vec<Heard> {
    let mut stream = TcpStream::connect(to).await.expect("the intake accepts");
    let (mut reader, mut writer) = stream.split();
    let mut heard = Vec::new();
    let talk = async {
        let write = async {
            let _ = writer.write_all(bytes).await;
        };
        let read = async { while reader.read_buf(&mut heard).await.is_ok_and(|count| count > 0) {} };
        tokio::join!(write, read);
    };
    let ended = tokio::time::timeout(PATIENCE, talk).await.is_ok();
    assert!(ended, "still open after: {}", String::from_utf8_lossy(&heard));
    answers(&heard)
}

/// The whole answers at the beginning of what was read.
fn answers(mut bytes: &[u8]) -> Vec<Heard> {
    let mut all = Vec::new();
    while let Some(end) = bytes.windows(4).position(|part| part == b"\r\n\r\n") {
        let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or_default();
        let mut heard = Heard { status, head, body: String::new() };
        let length = heard.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
        let Some(body) = bytes[end + 4..].get(..length) else { break };
        heard.body = String::from_utf8_lossy(body).into_owned();
        bytes = &bytes[end + 4 + length..];
        all.push(heard);
    }
    all
}
