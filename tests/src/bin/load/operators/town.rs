//! A log as a year leaves it: 40 services, 6 providers, 60 webhooks, most delivered, some given up, retrying, scheduled.

use crate::bed::CONFIG;
use crate::drive::flood;
use crate::say;
use crate::sink::Sink;
use crate::wire::{Wire, now};
use anyhow::{Context, Result, bail, ensure};
use notify_proto::Status;
use notify_tests::control::Control;
use notify_tests::daemon::{Builder, Daemon};
use notify_tests::http::Client;
use serde_json::json;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Services.
pub const SERVICES: u64 = 40;

/// Providers.
const PROVIDERS: u64 = 6;

/// Webhooks.
const WEBHOOKS: u64 = 60;

/// How long it may take until all has been tried.
const PATIENCE: Duration = Duration::from_secs(300);

/// Time between two looks.
const LOOK: Duration = Duration::from_millis(100);

/// Connections of the traffic.
const LANES: u64 = 8;

/// It, running.
pub struct Town {
    /// The daemon.
    pub daemon: Daemon,
    /// Its control socket.
    pub control: Control,
    keys: Vec<String>,
    sink: Sink,
}

/// What the applications post, in the background, until it is ended.
pub struct Traffic {
    end: Arc<AtomicBool>,
    thread: JoinHandle<Result<u64>>,
}

/// Who gets it decides what becomes of it: of 1,000, 918 are delivered, 50 given up, 2 retried, and 30 wait for their time
/// when there is one.
fn body(run: u32, number: u64, soon: Option<&str>) -> String {
    // Scattered, as 919 and 1,000 have no factor in common.
    let kind = number * 919 % 1_000;
    let area = match kind {
        0..50 => 666,
        50..52 => 777,
        _ => 555,
    };
    let later =
        soon.filter(|_| kind >= 970).map(|at| format!(",\"scheduled_at\":\"{at}\"")).unwrap_or_default();
    format!(
        "{{\"to\":\"+1500{area}{:04}\",\"message\":\"Order {run}-{number}: your parcel is on its way and arrives today.\",\
         \"provider_id\":\"carrier-{:02}\",\"meta_data\":{{\"campaign\":\"c{}\"}}{later}}}",
        number % 10_000,
        number % PROVIDERS + 1,
        number % 7,
    )
}

/// Builds it.
pub async fn build(count: u64) -> Result<Town> {
    let sink = Sink::start(Duration::ZERO)?;
    let config = format!("{CONFIG}[webhooks]\nallow_private = [\"127.0.0.1/32:{}\"]\n", sink.address.port());
    let daemon = Builder::new().config(&config).start();
    let plan = json!({"latency_ms": 2, "plan": {"recipients": [
        {"to": "+1500666*", "outcome": "permanent", "message": "21610 unsubscribed"},
        {"to": "+1500777*", "outcome": "transient", "message": "503 upstream unavailable"},
    ]}});
    for number in 1..=PROVIDERS {
        daemon.mock(&format!("carrier-{number:02}"), &plan, &["--max-in-flight", "128"]);
    }
    let keys: Vec<String> =
        (0..SERVICES).map(|number| daemon.service(&format!("shop-{number:02}"))).collect();
    let control = Control::connect(&daemon.builder().socket()).await?;
    let soon = control.status().await?.daemon.started_at + chrono::TimeDelta::days(7);
    let soon = soon.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    for (number, key) in (0..).zip(&keys) {
        let share = count / SERVICES + u64::from(number < count % SERVICES);
        let soon = soon.clone();
        let body = move |run, number| body(run, number, Some(&soon));
        let seen = flood(daemon.listen(), key, 64, body, move |number| number >= share).await?;
        ensure!(seen.accepted == share, "{} of {share} accepted, {} refused", seen.accepted, seen.refused);
    }
    say("until all has been tried");
    let started = now();
    loop {
        let waiting = control.count(Status::Queued).await? + control.count(Status::Sending).await?;
        if waiting == 0 {
            break;
        }
        ensure!(started.elapsed() < PATIENCE, "{waiting} were not tried in {PATIENCE:?}");
        tokio::time::sleep(LOOK).await;
    }
    let kept: u64 = control.status().await?.by_status.values().sum();
    ensure!(kept == count, "acknowledged {count}, but the log holds {kept}");
    for number in 0..WEBHOOKS {
        let key = keys.get(usize::try_from(number % SERVICES)?).context("a service")?;
        let mut wire = Wire::connect(daemon.listen(), key).await?.to("/api/v1/webhooks");
        let webhook = json!({"url": format!("http://{}/hook/{number}", sink.address)});
        let answer = wire.post(&webhook.to_string()).await?;
        ensure!(answer.status == 201, "{}: {}", answer.status, String::from_utf8_lossy(answer.body));
    }
    Ok(Town { daemon, control, keys, sink })
}

/// It, after its daemon was killed.
pub struct Ruin {
    control: Control,
    keys: Vec<String>,
    sink: Sink,
}

impl Ruin {
    /// The same with a daemon again.
    pub fn with(self, daemon: Daemon) -> Town {
        Town { daemon, control: self.control, keys: self.keys, sink: self.sink }
    }
}

impl Town {
    /// Kills its daemon.
    pub fn kill(self) -> (Ruin, Builder) {
        let Self { daemon, control, keys, sink } = self;
        (Ruin { control, keys, sink }, daemon.kill())
    }

    /// What the daemon measured itself.
    pub async fn metrics(&self) -> Result<String> {
        let key = self.keys.first().context("a service")?;
        let answer = Client::connect(self.daemon.listen(), key).await?.get("/metrics").await?;
        Ok(String::from_utf8(answer.body.to_vec())?)
    }

    /// Applications that post so many a second, from a thread of its own.
    pub fn traffic(&self, rate: u64) -> Result<Traffic> {
        let end = Arc::new(AtomicBool::new(false));
        let (ended, keys, address) = (Arc::clone(&end), self.keys.clone(), self.daemon.listen());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let thread = std::thread::Builder::new()
            .name("traffic".into())
            .spawn(move || {
                let lanes = tokio::task::LocalSet::new();
                let posts: Vec<_> = (0..LANES)
                    .map(|lane| {
                        lanes.spawn_local(post(lane, rate, keys.clone(), address, Arc::clone(&ended)))
                    })
                    .collect();
                runtime.block_on(lanes.run_until(async {
                    let mut posted = 0;
                    for lane in posts {
                        posted += lane.await??;
                    }
                    anyhow::Ok(posted)
                }))
            })
            .context("a thread for the traffic")?;
        Ok(Traffic { end, thread })
    }
}

/// One of the connections: what it posted.
async fn post(lane: u64, rate: u64, keys: Vec<String>, to: SocketAddr, end: Arc<AtomicBool>) -> Result<u64> {
    let mut wires = Vec::new();
    for key in keys.iter().skip(usize::try_from(lane)?).step_by(usize::try_from(LANES)?) {
        wires.push(Wire::connect(to, key).await?);
    }
    let mut pace = tokio::time::interval(Duration::from_micros(1_000_000 * LANES / rate.max(1)));
    pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    let mut posted = 0;
    // A run that nothing else in this program has.
    let run = u32::MAX - u32::try_from(lane)?;
    while !end.load(Ordering::Acquire) {
        for wire in &mut wires {
            pace.tick().await;
            let answer = wire.post(&body(run, posted, None)).await?;
            if answer.status != 202 {
                bail!("refused: {} {}", answer.status, String::from_utf8_lossy(answer.body));
            }
            posted += 1;
        }
    }
    Ok(posted)
}

impl Traffic {
    /// Ends it; how many were posted.
    pub fn end(self) -> Result<u64> {
        self.end.store(true, Ordering::Release);
        self.thread.join().map_err(|_| anyhow::anyhow!("the traffic broke down"))?
    }
}
