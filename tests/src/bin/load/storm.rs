//! Three providers of one channel on a bad day: the first hangs, the second throttles, the third works. What the two cost
//! the third is told against what it does alone.

use crate::bed::{Bed, CONFIG};
use crate::drain::{Drained, drain, fill_with};
use crate::process::{round, usage};
use crate::wire;
use anyhow::{Result, ensure};
use notify_proto::Status;
use notify_tests::daemon::Builder;
use serde_json::{Value, json};

/// Time of one call of the provider that works, milliseconds.
const CALL_MS: u32 = 5;

/// Calls a second above which the second provider throttles.
const THROTTLED: u32 = 50;

/// Seconds after which a call without an answer is given up.
const PATIENCE_S: u32 = 2;

/// Name of the provider that works.
const WORKS: &str = "works";

/// How one day went.
struct Day {
    drained: Drained,
    by_worker: u64,
    peak_rss_mib: f64,
}

impl Day {
    /// What the provider that works delivered a second.
    fn rate(&self) -> f64 {
        (self.by_worker as f64 / self.drained.seconds).round()
    }
}

pub async fn run(count: u64) -> Result<Value> {
    let solo = day(count, false).await?;
    let storm = day(count, true).await?;
    Ok(json!({
        "scenario": "storm",
        "queued": count,
        "solo_per_second": solo.rate(),
        "works_per_second": storm.rate(),
        "of_solo": round(storm.rate() / solo.rate()),
        "delivered_by_others": storm.drained.delivered - storm.by_worker,
        "seconds": round(storm.drained.seconds),
        "solo_peak_rss_mib": round(solo.peak_rss_mib),
        "peak_rss_mib": round(storm.peak_rss_mib),
        "daemon_cpu_cores": storm.drained.cores(),
        "retries_spent": 0,
        "lost": 0,
    }))
}

/// Queues so many, lets them go and looks at each.
async fn day(count: u64, bad: bool) -> Result<Day> {
    let config = format!("{CONFIG}[delivery]\nattempt_timeout_seconds = {PATIENCE_S}\n");
    let daemon = Builder::new().config(&config).start();
    let key = daemon.service("load");
    daemon.mock(WORKS, &json!({"latency_ms": CALL_MS}), &["--priority", "4"]);
    let mut all = vec![WORKS];
    if bad {
        daemon.mock("hangs", &json!({"hang": true}), &["--priority", "2"]);
        daemon.mock("throttles", &json!({"rate_limit_per_second": THROTTLED}), &["--priority", "3"]);
        all.extend(["hangs", "throttles"]);
    }
    let bed = Bed::held(daemon, key, &all).await?;
    // Who asks a provider that hangs may ask another, though the first may have done it: otherwise it would wait for that
    // one to come back.
    fill_with(&bed, count, |run, number| {
        let body = wire::body(run, number);
        format!("{},\"failover_on_unknown\":true}}", body.trim_end_matches('}'))
    })
    .await?;
    let drained = drain(&bed, count).await?;
    bed.nothing_lost(count).await?;
    let (mut by_worker, mut retries, mut undelivered) = (0, 0, 0);
    bed.control
        .each(|it| {
            by_worker += u64::from(it.provider_name.as_deref() == Some(WORKS));
            retries += u64::from(it.retry_count);
            undelivered += u64::from(it.status.known() != Some(Status::Delivered));
        })
        .await?;
    ensure!(undelivered == 0, "{undelivered} did not end delivered");
    ensure!(retries == 0, "{retries} retries were spent by waiting");
    Ok(Day { drained, by_worker, peak_rss_mib: usage(bed.daemon.pid()).peak_rss_mib })
}
