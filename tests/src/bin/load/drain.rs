//! How many queued notifications a second are delivered.

use crate::bed::{Bed, CONFIG};
use crate::drive::{Seen, flood_to};
use crate::process::{round, usage};
use crate::wire::{self, SMS, now};
use anyhow::{Result, ensure};
use notify_proto::Status;
use notify_tests::daemon::Builder;
use serde_json::{Value, json};
use std::time::Duration;

/// Time between two looks at the counts: short against the whole, so that it hardly blurs the end.
const LOOK: Duration = Duration::from_millis(20);

/// How long the drain may take at most.
const PATIENCE: Duration = Duration::from_secs(300);

/// How a drain went.
pub struct Drained {
    /// Delivered in it.
    pub delivered: u64,
    /// How long it took, seconds.
    pub seconds: f64,
    /// Processor time the daemon used, seconds.
    pub cpu_seconds: f64,
}

impl Drained {
    /// Delivered a second.
    pub fn rate(&self) -> f64 {
        (self.delivered as f64 / self.seconds).round()
    }

    /// Cores the daemon used.
    pub fn cores(&self) -> f64 {
        round(self.cpu_seconds / self.seconds)
    }

    /// Microseconds of processor time for each: what a busy machine hardly changes.
    pub fn cost(&self) -> f64 {
        round(self.cpu_seconds * 1_000_000.0 / self.delivered.max(1) as f64)
    }
}

pub async fn run(count: u64, max_in_flight: u32) -> Result<Value> {
    let bed = held_back(max_in_flight).await?;
    let seen = fill(&bed, count).await?;
    let drained = drain(&bed, count).await?;
    bed.nothing_lost(count).await?;
    let status = bed.control.status().await?;
    Ok(json!({
        "scenario": "drain",
        "queued": count,
        "max_in_flight": max_in_flight,
        "accepted_per_second": (count as f64 / seen.elapsed.as_secs_f64()).round(),
        "seconds": round(drained.seconds),
        "delivered_per_second": drained.rate(),
        "rss_mib": round(usage(bed.daemon.pid()).peak_rss_mib),
        "daemon_cpu_cores": drained.cores(),
        "daemon_cpu_us_each": drained.cost(),
        "store_mib": round(status.daemon.store_bytes as f64 / 1_048_576.0),
        "lost": 0,
    }))
}

/// A daemon with one provider, whose work is held back.
pub async fn held_back(max_in_flight: u32) -> Result<Bed> {
    let daemon = Builder::new().config(CONFIG).start();
    let key = daemon.service("load");
    let in_flight = max_in_flight.to_string();
    daemon.mock("fast", &json!({}), &["--priority", "2", "--max-in-flight", &in_flight]);
    Bed::held(daemon, key, &["fast"]).await
}

/// Queues so many.
pub async fn fill(bed: &Bed, count: u64) -> Result<Seen> {
    fill_with(bed, count, wire::body).await
}

/// Queues so many of this kind.
pub async fn fill_with(bed: &Bed, count: u64, body: fn(u32, u64) -> String) -> Result<Seen> {
    fill_to(SMS, bed, count, body).await
}

/// The same by this path.
pub async fn fill_to(path: &str, bed: &Bed, count: u64, body: fn(u32, u64) -> String) -> Result<Seen> {
    let enough = move |number| number >= count;
    let seen = flood_to(path, bed.daemon.listen(), &bed.key, 64, body, enough).await?;
    ensure!(seen.accepted == count, "{} of {count} accepted, {} refused", seen.accepted, seen.refused);
    Ok(seen)
}

/// Lets go what is held back, and waits until so many are delivered in all.
pub async fn drain(bed: &Bed, wanted: u64) -> Result<Drained> {
    let already = bed.control.count(Status::Delivered).await?;
    let before = usage(bed.daemon.pid());
    let started = now();
    bed.let_go();
    let mut delivered = already;
    while delivered < wanted {
        ensure!(started.elapsed() < PATIENCE, "only {delivered} of {wanted} were delivered in {PATIENCE:?}");
        tokio::time::sleep(LOOK).await;
        delivered = bed.control.count(Status::Delivered).await?;
    }
    let seconds = started.elapsed().as_secs_f64();
    let cpu_seconds = usage(bed.daemon.pid()).cpu_seconds - before.cpu_seconds;
    Ok(Drained { delivered: delivered - already, seconds, cpu_seconds })
}
