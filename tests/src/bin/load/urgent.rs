//! What one service's bulk costs another service's urgent notification.

use crate::bed::{Bed, CONFIG};
use crate::drain::fill;
use crate::latency::paced;
use crate::process::{ms, round, usage};
use anyhow::{Result, ensure};
use notify_proto::Status;
use notify_tests::daemon::Builder;
use serde_json::{Value, json};

/// Time of one call, milliseconds: with the default 32 calls under way, the bulk lasts longer than the measurement.
const CALL_MS: u32 = 5;

pub async fn run(count: u64, rate: u64, seconds: u64) -> Result<Value> {
    let dir = tempfile::tempdir()?;
    let record = dir.path().join("calls");
    let daemon = Builder::new().config(CONFIG).start();
    let (bulk, urgent) = (daemon.service("bulk"), daemon.service("urgent"));
    daemon.mock("works", &json!({"latency_ms": CALL_MS, "record_file": record}), &["--priority", "2"]);
    let bed = Bed::held(daemon, bulk, &["works"]).await?;
    fill(&bed, count).await?;
    bed.let_go();

    let before = usage(bed.daemon.pid());
    let run = std::process::id();
    let body = |number: u64| {
        format!(
            "{{\"to\":\"+1500777{:04}\",\"priority\":\"instant\",\"message\":\"Your code {run}-{number} is 1234.\"}}",
            number % 10_000
        )
    };
    let latency = paced(&bed, &urgent, &record, (rate, seconds), body).await?;
    let after = usage(bed.daemon.pid());
    let queued = bed.control.count(Status::Queued).await?;
    ensure!(queued > 0, "the bulk was gone before the last urgent one; queue more, or measure for less time");
    bed.nothing_lost(count + rate * seconds).await?;
    Ok(json!({
        "scenario": "urgent",
        "bulk": count,
        "bulk_left": queued,
        "rate": rate,
        "sent": rate * seconds,
        "p50_ms": ms(&latency, 0.5),
        "p95_ms": ms(&latency, 0.95),
        "p99_ms": ms(&latency, 0.99),
        "max_ms": ms(&latency, 1.0),
        "rss_mib": round(after.peak_rss_mib),
        "daemon_cpu_cores": round((after.cpu_seconds - before.cpu_seconds) / seconds as f64),
        "lost": 0,
    }))
}
