//! A mail server that takes every mail, and answers only when the test lets it: calls can be kept under way for as long as
//! a case needs.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// The server; it ends with the runtime of the test.
pub struct Mailbox {
    address: SocketAddr,
    open: watch::Sender<bool>,
    waiting: watch::Receiver<u64>,
    taken: Arc<AtomicU64>,
}

impl Mailbox {
    /// Starts it on a free port. Mails wait at their final dot until [`Mailbox::open`].
    pub async fn closed() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it has an address");
        let (open, opened) = watch::channel(false);
        let (wait, waiting) = watch::channel(0);
        let taken = Arc::new(AtomicU64::new(0));
        let (wait, count) = (Arc::new(wait), Arc::clone(&taken));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (opened, wait, taken) = (opened.clone(), Arc::clone(&wait), Arc::clone(&count));
                tokio::spawn(async move {
                    // A daemon that is killed breaks its connections.
                    let _ = serve(stream, opened, &wait, &taken).await;
                });
            }
        });
        Self { address, open, waiting, taken }
    }

    /// The settings of a provider of type `smtp` that sends here.
    pub fn settings(&self) -> serde_json::Value {
        serde_json::json!({
            "host": self.address.ip(), "port": self.address.port(), "tls": "none", "from": "daemon@example.org",
        })
    }

    /// Waits until so many mails have come to their final dot, since the start.
    pub async fn reached(&mut self, count: u64) {
        self.waiting.wait_for(|waiting| *waiting >= count).await.expect("the server runs");
    }

    /// From now on every mail is taken.
    pub fn open(&self) {
        self.open.send_replace(true);
    }

    /// Mails that were taken.
    pub fn taken(&self) -> u64 {
        self.taken.load(Ordering::Acquire)
    }
}

async fn serve(
    stream: TcpStream,
    mut opened: watch::Receiver<bool>,
    wait: &watch::Sender<u64>,
    taken: &AtomicU64,
) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 mailbox\r\n").await?;
    while let Some(line) = lines.next_line().await? {
        let word = line.split(' ').next().unwrap_or_default().to_ascii_uppercase();
        let answer: &[u8] = match word.as_str() {
            "DATA" => {
                write.write_all(b"354 go on\r\n").await?;
                while lines.next_line().await?.is_some_and(|line| line != ".") {}
                wait.send_modify(|count| *count += 1);
                if opened.wait_for(|open| *open).await.is_err() {
                    return Ok(());
                }
                taken.fetch_add(1, Ordering::AcqRel);
                b"250 taken\r\n"
            }
            "QUIT" => b"221 bye\r\n",
            _ => b"250 fine\r\n",
        };
        write.write_all(answer).await?;
    }
    Ok(())
}
