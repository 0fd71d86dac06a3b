//! What a long queue costs: memory, the time of a start, and the rate at which it is delivered.

use crate::bed::Bed;
use crate::drain::{drain, fill, held_back};
use crate::process::{ms, round, usage};
use crate::say;
use crate::wire::now;
use anyhow::{Result, bail};
use notify_proto::Status;
use notify_tests::daemon::Builder;
use rustix::process::Signal;
use serde_json::{Value, json};
use std::time::Duration;

/// Time between two questions whether it is ready.
const ASK: Duration = Duration::from_millis(2);

/// Questions after which a start is given up: a minute.
const QUESTIONS: u32 = 30_000;

pub async fn run(count: u64, drained: u64, max_in_flight: u32) -> Result<Value> {
    let drained = drained.min(count);
    say(&format!("an empty backlog first: {drained} queued and delivered"));
    let bed = held_back(max_in_flight).await?;
    fill(&bed, drained).await?;
    let empty = drain(&bed, drained).await?;
    bed.nothing_lost(drained).await?;
    drop(bed);

    say(&format!("{count} to be queued"));
    let bed = held_back(max_in_flight).await?;
    let seen = fill(&bed, count).await?;
    let full = usage(bed.daemon.pid());

    say("killed, and started again");
    let Bed { daemon, key, .. } = bed;
    let (bed, after_kill) = start(&daemon.kill(), key).await?;
    bed.nothing_lost(count).await?;
    say("stopped, and started again");
    let Bed { mut daemon, key, .. } = bed;
    let asked = now();
    daemon.signal(Signal::TERM);
    let ended = daemon.wait();
    let stop = asked.elapsed();
    if !ended.success() {
        bail!("the stop ended with {ended}: {}", daemon.log());
    }
    let builder = daemon.builder().clone();
    drop(daemon);
    let (bed, after_stop) = start(&builder, key).await?;
    bed.nothing_lost(count).await?;
    let started = usage(bed.daemon.pid());
    let store = bed.control.status().await?.daemon.store_bytes;

    say(&format!("{drained} of it to be delivered"));
    let already = bed.control.count(Status::Delivered).await?;
    let long = drain(&bed, (already + drained).min(count)).await?;
    bed.nothing_lost(count).await?;
    Ok(json!({
        "scenario": "backlog",
        "queued": count,
        "max_in_flight": max_in_flight,
        "accepted_per_second": (count as f64 / seen.elapsed.as_secs_f64()).round(),
        "p99_ms": ms(&seen.latency, 0.99),
        "rss_mib": round(full.rss_mib),
        "peak_rss_mib": round(full.peak_rss_mib),
        "rss_after_start_mib": round(started.rss_mib),
        "peak_rss_after_start_mib": round(started.peak_rss_mib),
        "ready_after_kill_ms": round(after_kill.as_secs_f64() * 1_000.0),
        "stop_ms": round(stop.as_secs_f64() * 1_000.0),
        "ready_after_stop_ms": round(after_stop.as_secs_f64() * 1_000.0),
        "delivered": long.delivered,
        "delivered_per_second": long.rate(),
        "delivered_per_second_when_empty": empty.rate(),
        "of_empty": round(long.rate() / empty.rate()),
        "peak_rss_delivering_mib": round(usage(bed.daemon.pid()).peak_rss_mib),
        "daemon_cpu_cores": long.cores(),
        "daemon_cpu_us_each": long.cost(),
        "daemon_cpu_us_each_when_empty": empty.cost(),
        "store_mib": round(store as f64 / 1_048_576.0),
        "lost": 0,
    }))
}

/// Starts it on what is there; from the start of the program to the first time it says that it is ready.
async fn start(builder: &Builder, key: String) -> Result<(Bed, Duration)> {
    let started = now();
    let daemon = builder.start();
    let mut client = daemon.client("").await;
    for _ in 0..QUESTIONS {
        if client.get("/health/ready").await?.status == 200 {
            let ready = started.elapsed();
            return Ok((Bed::of(daemon, key).await?, ready));
        }
        tokio::time::sleep(ASK).await;
    }
    bail!("it was not ready after {:?}", started.elapsed())
}
