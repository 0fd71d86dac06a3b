//! How long it takes from a POST to the call of the provider, at a modest pace.

use crate::bed::Bed;
use crate::process::{ms, round, usage};
use crate::wire::{Wire, body};
use anyhow::{Context, Result, ensure};
use hdrhistogram::Histogram;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub async fn run(rate: u64, seconds: u64) -> Result<Value> {
    let dir = tempfile::tempdir()?;
    let record = dir.path().join("calls");
    let bed = Bed::new(&json!({"record_file": record}), &[]).await?;
    let before = usage(bed.daemon.pid());
    let run = std::process::id();
    let latency = paced(&bed, &bed.key, &record, (rate, seconds), |number| body(run, number)).await?;
    let after = usage(bed.daemon.pid());
    let wanted = rate * seconds;
    bed.nothing_lost(wanted).await?;
    Ok(json!({
        "scenario": "latency",
        "rate": rate,
        "sent": wanted,
        "p50_ms": ms(&latency, 0.5),
        "p95_ms": ms(&latency, 0.95),
        "p99_ms": ms(&latency, 0.99),
        "max_ms": ms(&latency, 1.0),
        "rss_mib": round(after.peak_rss_mib),
        "daemon_cpu_cores": round((after.cpu_seconds - before.cpu_seconds) / seconds as f64),
        "lost": 0,
    }))
}

/// Posts so many a second for so many seconds, and waits until each is final. Microseconds from the POST to the call of the
/// provider, which notes its calls in `record`.
pub async fn paced(
    bed: &Bed,
    key: &str,
    record: &Path,
    (rate, seconds): (u64, u64),
    body: impl Fn(u64) -> String,
) -> Result<Histogram<u64>> {
    let mut wire = Wire::connect(bed.daemon.listen(), key).await?;
    let mut sent: HashMap<String, i64> = HashMap::new();
    let mut pace = tokio::time::interval(Duration::from_micros(1_000_000 / rate.max(1)));
    for number in 0..rate * seconds {
        pace.tick().await;
        let at = micros()?;
        let answer = wire.post(&body(number)).await?;
        ensure!(answer.status == 202, "refused: {} {}", answer.status, String::from_utf8_lossy(answer.body));
        sent.insert(answer.id()?.to_owned(), at);
    }
    for id in sent.keys() {
        bed.control.settled(id).await?;
    }
    let mut latency: Histogram<u64> = Histogram::new_with_bounds(1, 60_000_000, 3)?;
    for line in std::fs::read_to_string(record)?.lines() {
        let line: Value = serde_json::from_str(line)?;
        let called = line["at_us"].as_i64().context("a time of the call")?;
        // Others call it, too.
        let Some(posted) = sent.remove(line["notification"].as_str().unwrap_or_default()) else { continue };
        latency.saturating_record(u64::try_from(called - posted).unwrap_or(1).max(1));
    }
    ensure!(sent.is_empty(), "{} notifications never reached the provider", sent.len());
    Ok(latency)
}

#[expect(
    clippy::disallowed_methods,
    reason = "compared with the daemon's own wall clock on the same machine"
)]
fn micros() -> Result<i64> {
    Ok(i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros())?)
}
