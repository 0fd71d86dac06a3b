//! What a daemon costs that has nothing to do.

use crate::bed::Bed;
use crate::process::{round, usage};
use anyhow::Result;
use serde_json::{Value, json};
use std::time::Duration;

/// Providers beside the first.
const MORE: [&str; 3] = ["second", "third", "fourth"];

pub async fn run(seconds: u64) -> Result<Value> {
    let bed = Bed::new(&json!({}), &[]).await?;
    for name in MORE {
        bed.daemon.mock(name, &json!({"latency_ms": 5}), &["--rate", "100/s"]);
    }
    let before = usage(bed.daemon.pid());
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let after = usage(bed.daemon.pid());
    bed.nothing_lost(0).await?;
    let elapsed = seconds as f64;
    Ok(json!({
        "scenario": "idle",
        "seconds": seconds,
        "providers": MORE.len() + 1,
        "rss_mib": round(after.rss_mib),
        "peak_rss_mib": round(after.peak_rss_mib),
        "daemon_cpu_percent": round(100.0 * (after.cpu_seconds - before.cpu_seconds) / elapsed),
        "switches_per_second": round((after.switches - before.switches) / elapsed),
        "lost": 0,
    }))
}
