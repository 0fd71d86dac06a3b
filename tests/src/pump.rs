//! Applications that keep posting: each on a connection of its own, until they are told to stop or the daemon is gone.

use crate::http::Client;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Posts under way.
pub struct Pump {
    stop: Arc<AtomicBool>,
    acked: watch::Receiver<u64>,
    posting: JoinSet<Vec<String>>,
}

impl Pump {
    /// Starts posting text messages over this many connections; no two are alike, over all pumps of this process.
    pub fn start(address: SocketAddr, key: &str, connections: usize) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (count, acked) = watch::channel(0);
        let count = Arc::new(count);
        let mut posting = JoinSet::new();
        for _ in 0..connections {
            let (stop, count, key) = (Arc::clone(&stop), Arc::clone(&count), key.to_owned());
            posting.spawn(async move {
                let mut ids = Vec::new();
                let Ok(mut client) = Client::connect(address, &key).await else { return ids };
                while !stop.load(Ordering::Acquire) {
                    // An error is a daemon that is gone: what was not acknowledged does not count.
                    let Ok(answer) = client.post("/api/v1/sms", &message()).await else { break };
                    if answer.status == 202 {
                        ids.push(answer.id());
                        count.send_modify(|count| *count += 1);
                    }
                }
                ids
            });
        }
        Self { stop, acked, posting }
    }

    /// Waits until this many are acknowledged. Answers at once when all connections have ended.
    pub async fn reached(&mut self, wanted: u64) {
        // An error means that all connections have ended.
        let _ = self.acked.wait_for(|count| *count >= wanted).await;
    }

    /// Stops posting; the ids that were acknowledged.
    pub async fn end(self) -> Vec<String> {
        self.stop.store(true, Ordering::Release);
        self.posting.join_all().await.concat()
    }
}

/// A text message that no other is like.
pub fn message() -> Value {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    // Retries do not wait, so that an end is never minutes away.
    json!({
        "to": "+15005550006",
        "message": format!("Order {number}: your parcel arrives today."),
        "retry": {"delays": [0, 0, 0, 0, 0, 0, 0, 0]},
    })
}
