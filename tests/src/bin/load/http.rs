//! How many a second go out over real HTTP: once to a receiver that answers at once, once to one that takes its time.

use crate::bed::{Bed, CONFIG};
use crate::drain::{Drained, drain, fill_to};
use crate::process::{round, usage};
use crate::sink::Sink;
use anyhow::{Result, ensure};
use notify_tests::daemon::Builder;
use serde_json::{Value, json};
use std::time::Duration;

/// How long the slow receiver takes for an answer.
const SLOW: Duration = Duration::from_millis(50);

/// How many fewer it gets: what each answer takes away from the whole.
const FEWER: u64 = 10;

/// How one of the two went.
struct Sent {
    drained: Drained,
    connections: u64,
    answer_ms: f64,
    peak_rss_mib: f64,
}

pub async fn run(count: u64, max_in_flight: u32) -> Result<Value> {
    let fast = send(count, Duration::ZERO, &["--max-in-flight", &max_in_flight.to_string()]).await?;
    let fewer = (count / FEWER).max(1);
    let slow = send(fewer, SLOW, &[]).await?;
    Ok(json!({
        "scenario": "http",
        "queued": count,
        "max_in_flight": max_in_flight,
        "delivered_per_second": fast.drained.rate(),
        "seconds": round(fast.drained.seconds),
        "connections": fast.connections,
        "peak_rss_mib": round(fast.peak_rss_mib),
        "daemon_cpu_cores": fast.drained.cores(),
        "daemon_cpu_us_each": fast.drained.cost(),
        "slow_queued": fewer,
        "slow_answer_ms": round(slow.answer_ms),
        "slow_delivered_per_second": slow.drained.rate(),
        "slow_connections": slow.connections,
        "lost": 0,
    }))
}

/// Queues so many, lets them go to a receiver of its own, and looks at what came there.
async fn send(count: u64, takes: Duration, flags: &[&str]) -> Result<Sent> {
    let sink = Sink::start(takes)?;
    let allowed = format!("[webhooks]\nallow_private = [\"127.0.0.1/32:{}\"]\n", sink.address.port());
    let daemon = Builder::new().config(&format!("{CONFIG}{allowed}")).start();
    let key = daemon.service("load");
    let config = json!({"url": format!("http://{}/in", sink.address)});
    daemon.provider("hook", "webhook", &config, &[&["--priority", "2"], flags].concat());
    let bed = Bed::held(daemon, key, &["hook"]).await?;
    fill_to("/api/v1/webhook", &bed, count, body).await?;
    let drained = drain(&bed, count).await?;
    bed.nothing_lost(count).await?;
    // The gate may have let one through.
    let came = sink.requests();
    ensure!(came == drained.delivered, "{} were delivered, but {came} requests came", drained.delivered);
    let peak_rss_mib = usage(bed.daemon.pid()).peak_rss_mib;
    Ok(Sent { drained, connections: sink.connections(), answer_ms: sink.answer_ms(), peak_rss_mib })
}

/// A body no other request has.
fn body(run: u32, number: u64) -> String {
    format!(
        "{{\"to\":\"https://hooks.example.org/in\",\"subject\":\"Order {run}-{number}\",\"message\":\"Your parcel is on its way and arrives today.\"}}"
    )
}
