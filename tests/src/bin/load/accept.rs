//! How many single POSTs a second are on disk when they are answered.

use crate::bed::Bed;
use crate::drive::flood;
use crate::process::{ms, round, usage};
use crate::wire::{body, now};
use anyhow::Result;
use serde_json::{Value, json};
use std::time::Duration;

/// Without `deliver`, the provider answers so slowly that what is measured is the intake and the log.
pub async fn run(connections: usize, seconds: u64, deliver: bool) -> Result<Value> {
    let flags: &[&str] =
        if deliver { &["--max-in-flight", "1024"] } else { &["--rate", "1/h", "--burst", "1"] };
    let bed = Bed::new(&json!({}), flags).await?;
    let before = usage(bed.daemon.pid());
    let end = now() + Duration::from_secs(seconds);
    let seen = flood(bed.daemon.listen(), &bed.key, connections, body, move |_| now() >= end).await?;
    let after = usage(bed.daemon.pid());
    bed.nothing_lost(seen.accepted).await?;
    let status = bed.control.status().await?;
    let elapsed = seen.elapsed.as_secs_f64();
    Ok(json!({
        "scenario": "accept",
        "connections": connections,
        "seconds": round(elapsed),
        "accepted": seen.accepted,
        "refused": seen.refused,
        "accepted_per_second": (seen.accepted as f64 / elapsed).round(),
        "delivered_meanwhile": status.by_status.get("delivered"),
        "p50_ms": ms(&seen.latency, 0.5),
        "p99_ms": ms(&seen.latency, 0.99),
        "max_ms": ms(&seen.latency, 1.0),
        "rss_mib": round(after.peak_rss_mib),
        "daemon_cpu_cores": round((after.cpu_seconds - before.cpu_seconds) / elapsed),
        "store_mib": round(status.daemon.store_bytes as f64 / 1_048_576.0),
        "lost": 0,
    }))
}
