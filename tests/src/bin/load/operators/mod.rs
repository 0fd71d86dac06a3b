//! What operators wait for: the calls of the control socket and the programs that make them, on a log of a million
//! notifications, while applications go on posting and webhooks are told. Each figure stands beside its bar.

mod calls;
mod goals;
mod programs;
mod screens;
mod town;

use crate::process::{round, usage};
use crate::say;
use anyhow::Result;
use goals::Goals;
use serde_json::{Value, json};

/// How much there is, and what goes on.
#[derive(Debug, Clone, Copy)]
pub struct Operators {
    /// Notifications in the log.
    pub count: u64,
    /// Notifications posted per second while it is measured.
    pub rate: u64,
    /// How often each call is made and each program run.
    pub times: u32,
    /// How long a dashboard stays open meanwhile, minutes; 0 for not at all.
    pub soak_minutes: u32,
}

pub async fn run(asked: Operators) -> Result<Value> {
    say(&format!("{} notifications of {} services first", asked.count, town::SERVICES));
    let town = town::build(asked.count).await?;
    let mut goals = Goals::default();
    let traffic = town.traffic(asked.rate)?;
    say("the calls of the control socket");
    calls::measure(&town, asked.times, &mut goals).await?;
    say("notifyctl");
    programs::measure(&town, asked.times, &mut goals).await?;
    say("the dashboard");
    screens::measure(&town, &mut goals)?;
    if asked.soak_minutes > 0 {
        say(&format!("the dashboard, for {} minutes", asked.soak_minutes));
        screens::soak(&town, asked.soak_minutes, &mut goals);
    }
    let posted = traffic.end()?;
    let busy = usage(town.daemon.pid());
    let store = town.control.status().await?.daemon.store_bytes;
    // What was posted for so long is tried again for hours, so that there is no rest to measure.
    if asked.soak_minutes == 0 {
        say("until nothing moves any more");
        calls::quiet(&town).await?;
        say("the dashboard, at rest and without a daemon");
        let town = screens::rest(town, &mut goals)?;
        say("notifyctl, while the daemon stands still, and without one");
        programs::without(town, &mut goals)?;
    }
    Ok(json!({
        "scenario": "operators",
        "notifications": asked.count,
        "posted_meanwhile": posted,
        "wanted_per_second": asked.rate,
        "times": asked.times,
        "daemon_peak_rss_mib": round(busy.peak_rss_mib),
        "store_mib": round(store as f64 / 1_048_576.0),
        "goals": goals,
    }))
}
