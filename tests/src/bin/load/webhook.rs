//! How fast services are told what happened: from the POST over the delivery to the acknowledgement of both events; what a
//! second receiver costs the first one, when it answers and when it hangs; and what an acceptance costs when many webhooks
//! are registered.

use crate::bed::{Bed, CONFIG};
use crate::drive::flood;
use crate::process::{round, usage};
use crate::sink::Sink;
use crate::wire::{Wire, body, now};
use anyhow::{Result, ensure};
use notify_tests::daemon::{Builder, Daemon};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;

/// Time between two looks.
const LOOK: Duration = Duration::from_millis(20);

/// How long it may take at most.
const PATIENCE: Duration = Duration::from_secs(300);

/// A receiver that takes this long does not answer.
const HANGS: Duration = Duration::from_secs(3_600);

/// Webhooks of one of the services that nothing happens to.
const EACH: usize = 100;

/// How many times what is compared is measured, in turn; the middle one counts.
const ROUNDS: usize = 3;

/// How long an acceptance is measured.
const ROUND: Duration = Duration::from_secs(3);

/// How it went.
struct Told {
    seconds: f64,
    cpu_seconds: f64,
    peak_rss_mib: f64,
    connections: u64,
}

pub async fn run(count: u64, registered: usize) -> Result<Value> {
    let [mut alone, mut answering, mut hanging] = [const { Vec::new() }; 3];
    for _ in 0..ROUNDS {
        alone.push(tell(count, None).await?);
        answering.push(tell(count, Some(Duration::ZERO)).await?);
        hanging.push(tell(count, Some(HANGS)).await?);
    }
    let [alone, answering, hanging] = [alone, answering, hanging].map(middle);
    let accepts = accepts(registered).await?;
    let rate = |told: &Told| (count as f64 / told.seconds).round();
    let percent = |told: &Told| (rate(told) / rate(&alone) * 100.0).round();
    Ok(json!({
        "scenario": "webhook",
        "notifications": count,
        "notifications_per_second": rate(&alone),
        "acks_per_second": rate(&alone) * 2.0,
        "seconds": round(alone.seconds),
        "connections": alone.connections,
        "peak_rss_mib": round(alone.peak_rss_mib),
        "daemon_cpu_cores": round(alone.cpu_seconds / alone.seconds),
        "daemon_cpu_us_each": round(alone.cpu_seconds * 1_000_000.0 / count as f64),
        "beside_one_that_answers_percent": percent(&answering),
        "beside_one_that_hangs_percent": percent(&hanging),
        "registered": registered,
        "accept_cpu_us_with_one": round(accepts.0),
        "accept_cpu_us_with_all": round(accepts.1),
        "lost": 0,
    }))
}

/// The one with the middle rate.
fn middle(mut told: Vec<Told>) -> Told {
    told.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
    told.swap_remove(ROUNDS / 2)
}

/// Posts so many, which are delivered at once, and waits until the first receiver has acknowledged all; the second one, if
/// there is one, takes this long for an answer.
async fn tell(count: u64, second: Option<Duration>) -> Result<Told> {
    let (sink, other) = (Sink::start(Duration::ZERO)?, Sink::start(second.unwrap_or_default())?);
    let daemon = start(&[sink.address, other.address]);
    let key = daemon.service("load");
    daemon.mock("mock", &json!({}), &["--max-in-flight", "1024"]);
    register(&daemon, &key, sink.address, 1).await?;
    if second.is_some() {
        register(&daemon, &key, other.address, 1).await?;
    }
    let bed = Bed::of(daemon, key).await?;
    let before = usage(bed.daemon.pid());
    let started = now();
    let seen = flood(bed.daemon.listen(), &bed.key, 64, body, move |number| number >= count).await?;
    ensure!(seen.accepted == count, "{} of {count} accepted, {} refused", seen.accepted, seen.refused);
    // One for its acceptance, one for its delivery.
    while sink.requests() < 2 * count {
        ensure!(started.elapsed() < PATIENCE, "only {} of {} were told", sink.requests(), 2 * count);
        tokio::time::sleep(LOOK).await;
    }
    let seconds = started.elapsed().as_secs_f64();
    let after = usage(bed.daemon.pid());
    bed.nothing_lost(count).await?;
    ensure!(sink.requests() == 2 * count, "{} were told, some twice", sink.requests());
    Ok(Told {
        seconds,
        cpu_seconds: after.cpu_seconds - before.cpu_seconds,
        peak_rss_mib: after.peak_rss_mib,
        connections: sink.connections(),
    })
}

/// Microseconds of processor time for an acceptance when one webhook is registered, and when all are; the middle ones.
async fn accepts(registered: usize) -> Result<(f64, f64)> {
    let few = waiting(1).await?;
    let many = waiting(registered).await?;
    let (mut with_one, mut with_all) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        with_one.push(accept(&few).await?);
        with_all.push(accept(&many).await?);
    }
    for costs in [&mut with_one, &mut with_all] {
        costs.sort_by(f64::total_cmp);
    }
    Ok((with_one[ROUNDS / 2], with_all[ROUNDS / 2]))
}

/// A daemon that delivers nothing, with so many webhooks of services to which nothing happens.
async fn waiting(registered: usize) -> Result<Bed> {
    let nobody = SocketAddr::from(([127, 0, 0, 1], 9));
    let daemon = start(&[nobody]);
    let key = daemon.service("load");
    daemon.mock("mock", &json!({}), &["--rate", "1/h", "--burst", "1"]);
    let mut left = registered;
    for number in 0.. {
        let some = left.min(EACH);
        if some == 0 {
            break;
        }
        let other = daemon.service(&format!("other{number}"));
        register(&daemon, &other, nobody, some).await?;
        left -= some;
    }
    Bed::of(daemon, key).await
}

async fn accept(bed: &Bed) -> Result<f64> {
    let before = usage(bed.daemon.pid());
    let end = now() + ROUND;
    let seen = flood(bed.daemon.listen(), &bed.key, 64, body, move |_| now() >= end).await?;
    let used = usage(bed.daemon.pid()).cpu_seconds - before.cpu_seconds;
    ensure!(seen.accepted > 0 && seen.refused == 0, "{} accepted, {} refused", seen.accepted, seen.refused);
    Ok(used * 1_000_000.0 / seen.accepted as f64)
}

/// A daemon that may call these.
fn start(allowed: &[SocketAddr]) -> Daemon {
    let allowed: Vec<_> = allowed.iter().map(|it| format!("127.0.0.1/32:{}", it.port())).collect();
    Builder::new().config(&format!("{CONFIG}[webhooks]\nallow_private = {}\n", json!(allowed))).start()
}

/// So many webhooks of a service that hear of acceptances and deliveries.
async fn register(daemon: &Daemon, key: &str, at: SocketAddr, count: usize) -> Result<()> {
    let mut wire = Wire::connect(daemon.listen(), key).await?.to("/api/v1/webhooks");
    let webhook = json!({"url": format!("http://{at}/hook"), "events": ["created", "delivered"]}).to_string();
    for _ in 0..count {
        let answer = wire.post(&webhook).await?;
        ensure!(answer.status == 201, "{}: {}", answer.status, String::from_utf8_lossy(answer.body));
    }
    Ok(())
}
