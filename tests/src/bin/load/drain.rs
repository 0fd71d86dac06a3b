//! How many queued notifications a second are delivered.

use crate::bed::Bed;
use crate::drive::{flood, now};
use crate::process::{round, usage};
use anyhow::{Result, ensure};
use notify_proto::Status;
use serde_json::{Value, json};
use std::time::Duration;

/// Time between two looks at the counts: short against the whole, so that it hardly blurs the end.
const LOOK: Duration = Duration::from_millis(20);

/// How long the drain may take at most.
const PATIENCE: Duration = Duration::from_secs(300);

pub async fn run(count: usize, max_in_flight: u32) -> Result<Value> {
    // A provider that goes first and admits one call an hour holds everything back until it is disabled.
    let gate = ["--rate", "1/h", "--burst", "1", "--priority", "1"];
    let bed = Bed::new(&json!({}), &gate).await?;
    let in_flight = max_in_flight.to_string();
    bed.daemon.mock("fast", &json!({}), &["--priority", "2", "--max-in-flight", &in_flight]);
    let wanted = u64::try_from(count)?;
    let seen = flood(bed.daemon.listen(), &bed.key, 64, move |number| number >= wanted).await?;
    ensure!(seen.accepted == wanted, "{} of {wanted} accepted, {} refused", seen.accepted, seen.refused);
    let already = bed.control.count(Status::Delivered).await?;
    let before = usage(bed.daemon.pid());
    let started = now();
    bed.daemon.ctl().ok(&["provider", "disable", "mock", "--yes"]);
    let mut delivered = already;
    while delivered < wanted {
        ensure!(started.elapsed() < PATIENCE, "only {delivered} of {wanted} were delivered in {PATIENCE:?}");
        tokio::time::sleep(LOOK).await;
        delivered = bed.control.count(Status::Delivered).await?;
    }
    let elapsed = started.elapsed().as_secs_f64();
    let after = usage(bed.daemon.pid());
    bed.nothing_lost(wanted).await?;
    let status = bed.control.status().await?;
    Ok(json!({
        "scenario": "drain",
        "queued": wanted,
        "max_in_flight": max_in_flight,
        "accepted_per_second": (wanted as f64 / seen.elapsed.as_secs_f64()).round(),
        "seconds": round(elapsed),
        "delivered_per_second": ((delivered - already) as f64 / elapsed).round(),
        "rss_mib": round(after.peak_rss_mib),
        "daemon_cpu_cores": round((after.cpu_seconds - before.cpu_seconds) / elapsed),
        "store_mib": round(status.daemon.store_bytes as f64 / 1_048_576.0),
        "lost": 0,
    }))
}
