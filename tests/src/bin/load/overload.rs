//! What a daemon does that is asked for several times what it can: how it refuses, what that costs others, and how soon
//! it is over.

use crate::bed::Bed;
use crate::crowd::{Answered, Crowd};
use crate::drive::flood;
use crate::process::{ms, round, usage};
use crate::say;
use crate::wire::{Wire, body, now};
use anyhow::{Context as _, Result, ensure};
use notify_proto::{NotificationId, Status};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::net::Ipv4Addr;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::task::LocalSet;

/// How long the capacity is measured.
const CALM: Duration = Duration::from_secs(3);

/// Addresses the storm comes from, each with its own share of the daemon's connections.
const SOURCES: u8 = 32;

/// The polite service: requests a second, over this many connections, from before the storm on.
const POLITE: (u64, u32) = (20, 4);

/// Newcomers: requests a second, each on a connection of its own, from one caller. They are timed by a thread of their own,
/// as a crowd that has one thread among hundreds of connections cannot tell how soon it was answered.
const NEWCOMERS: (u64, u32) = (100, 8);

/// Posts in a row, each on a new connection and accepted within this time, after which all is well again.
const WELL: (u32, Duration) = (20, Duration::from_millis(100));

/// Time between two looks, after the storm.
const LOOK: Duration = Duration::from_millis(50);

/// How long the recovery, and the delivery of what was accepted, may take at most.
const PATIENCE: Duration = Duration::from_secs(600);

pub async fn run(seconds: u64, factor: u64, callers: u32) -> Result<Value> {
    let bed = Bed::new(&json!({}), &["--max-in-flight", "1024"]).await?;
    let polite = bed.daemon.service("polite");
    let address = bed.daemon.listen();
    let end = now() + CALM;
    let calm = flood(address, &bed.key, 64, body, move |_| now() >= end).await?;
    let millis = u64::try_from(calm.elapsed.as_millis())?;
    let capacity = (calm.accepted * 1_000 / millis).max(1);
    let rate = capacity * factor;
    say(&format!("{capacity} a second are accepted; {rate} a second come for {seconds} s"));

    // The polite one is there first, by a second.
    let start = now();
    let from = start + Duration::from_secs(1);
    let until = from + Duration::from_secs(seconds);
    let sources = (1..=SOURCES).map(|host| Ipv4Addr::new(127, 0, 1, host)).collect();
    let crowd = Crowd { address, key: bed.key.clone(), rate, callers, keep: true, sources, from, until };
    let polite = Crowd {
        key: polite,
        rate: POLITE.0,
        callers: POLITE.1,
        sources: vec![Ipv4Addr::new(127, 0, 2, 1)],
        from: start,
        ..crowd.clone()
    };
    let newcomers = Crowd {
        rate: NEWCOMERS.0,
        callers: NEWCOMERS.1,
        keep: false,
        sources: vec![Ipv4Addr::new(127, 0, 3, 1)],
        ..crowd.clone()
    };
    let before = usage(bed.daemon.pid());
    let others = apart(polite, newcomers);
    let seen = LocalSet::new().run_until(crowd.come()).await?;
    let (polite, newcomers) = others.join().ok().context("the polite and the newcomers panicked")??;
    let after = usage(bed.daemon.pid());
    let recovered = recovered(&bed, until).await?;
    say(&format!("{} were offered, {} accepted; each is looked for", seen.offered, seen.accepted.len()));
    let delivered = delivered(&bed).await?;

    let acknowledged = seen.accepted.iter().chain(&polite.accepted).chain(&newcomers.accepted);
    let lost = acknowledged.filter(|id| !delivered.contains(id)).count();
    ensure!(lost == 0, "{lost} of {} that were accepted were not delivered", seen.accepted.len());
    let status = bed.control.status().await?;
    let elapsed = seconds as f64;
    Ok(json!({
        "scenario": "overload",
        "seconds": seconds,
        "capacity_per_second": capacity,
        "wanted_per_second": rate,
        "offered_per_second": (seen.offered as f64 / elapsed).round(),
        "offered": seen.offered,
        "not_offered": seen.not_offered,
        "accepted": seen.accepted.len(),
        "accepted_per_second": (seen.accepted.len() as f64 / elapsed).round(),
        "refused": seen.refused,
        "refused_without_retry_after": seen.without_retry_after + newcomers.without_retry_after,
        "accepted_p50_ms": ms(&seen.accepted_latency, 0.5),
        "accepted_p99_ms": ms(&seen.accepted_latency, 0.99),
        "crowd_refused_p50_ms": ms(&seen.refused_latency, 0.5),
        "crowd_refused_p99_ms": ms(&seen.refused_latency, 0.99),
        "newcomers_offered": newcomers.offered,
        "newcomers_refused": newcomers.refused,
        "refused_p50_ms": ms(&newcomers.refused_latency, 0.5),
        "refused_p99_ms": ms(&newcomers.refused_latency, 0.99),
        "polite_offered": polite.offered,
        "polite_share": round(polite.accepted.len() as f64 / polite.offered as f64),
        "polite_refused": polite.refused,
        "polite_p99_ms": ms(&polite.accepted_latency, 0.99),
        "peak_rss_mib": round(after.peak_rss_mib),
        "daemon_cpu_cores": round((after.cpu_seconds - before.cpu_seconds) / (elapsed + 1.0)),
        "recovered_seconds": round(recovered.as_secs_f64()),
        "store_mib": round(status.daemon.store_bytes as f64 / 1_048_576.0),
        "lost": lost,
    }))
}

/// The two that are watched, on a thread of their own.
fn apart(polite: Crowd, newcomers: Crowd) -> JoinHandle<Result<(Answered, Answered)>> {
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let both = async { tokio::try_join!(polite.come(), newcomers.come()) };
        LocalSet::new().block_on(&runtime, both)
    })
}

/// Asks until it accepts as it does when nothing is wrong; how long after the storm that began.
async fn recovered(bed: &Bed, storm: Instant) -> Result<Duration> {
    let mut well = 0;
    let mut since = now();
    let mut number = 0;
    while well < WELL.0 {
        ensure!(storm.elapsed() < PATIENCE, "it does not accept as before after {PATIENCE:?}");
        let asked = now();
        number += 1;
        let accepted = async {
            let mut wire = Wire::connect(bed.daemon.listen(), &bed.key).await?;
            anyhow::Ok(wire.post(&body(0, number)).await?.status == 202)
        };
        let answer = tokio::time::timeout(WELL.1, accepted).await;
        if matches!(answer, Ok(Ok(true))) {
            if well == 0 {
                since = asked;
            }
            well += 1;
        } else {
            well = 0;
            tokio::time::sleep(LOOK).await;
        }
    }
    Ok(since.saturating_duration_since(storm))
}

/// Waits until nothing is left to do; what was delivered.
async fn delivered(bed: &Bed) -> Result<HashSet<NotificationId>> {
    let started = now();
    loop {
        let status = bed.control.status().await?;
        let is_final = |name: &String| name.parse::<Status>().is_ok_and(Status::is_final);
        let left: u64 = status.by_status.iter().filter(|(name, _)| !is_final(name)).map(|(_, n)| n).sum();
        if left == 0 {
            break;
        }
        ensure!(started.elapsed() < PATIENCE, "{left} are still not delivered after {PATIENCE:?}");
        tokio::time::sleep(LOOK).await;
    }
    let mut found = HashSet::new();
    bed.control
        .each(|it| {
            if it.status.known() == Some(Status::Delivered) {
                found.insert(it.id);
            }
        })
        .await?;
    Ok(found)
}
