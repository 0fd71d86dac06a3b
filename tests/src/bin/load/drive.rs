//! Posts as fast as the daemon answers: each connection asks again when it has its answer.

use crate::say;
use crate::wire::{SMS, Wire, now};
use anyhow::{Context, Result};
use hdrhistogram::Histogram;
use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::task::LocalSet;

/// A number that no other run has, so that nothing is taken for a repetition: neither of this program nor within it.
fn run() -> u32 {
    static RUNS: AtomicU32 = AtomicU32::new(0);
    std::process::id().wrapping_mul(MAX_RUNS).wrapping_add(RUNS.fetch_add(1, Ordering::Relaxed))
}

/// Runs within one program, at most.
const MAX_RUNS: u32 = 64;

/// What the connections saw together.
pub struct Seen {
    /// Answers with 202.
    pub accepted: u64,
    /// Other answers.
    pub refused: u64,
    /// Microseconds from the first byte written to the last byte read.
    pub latency: Histogram<u64>,
    /// From the first request to the last answer.
    pub elapsed: Duration,
}

/// Posts what `body` makes of the run and a number, over `connections`, until `until` says so; it is asked before each request with the number of the next.
pub async fn flood(
    address: SocketAddr,
    key: &str,
    connections: usize,
    body: impl Fn(u32, u64) -> String + 'static,
    until: impl Fn(u64) -> bool + 'static,
) -> Result<Seen> {
    flood_to(SMS, address, key, connections, body, until).await
}

/// The same to this path.
pub async fn flood_to(
    path: &str,
    address: SocketAddr,
    key: &str,
    connections: usize,
    body: impl Fn(u32, u64) -> String + 'static,
    until: impl Fn(u64) -> bool + 'static,
) -> Result<Seen> {
    let seen = Rc::new(RefCell::new(Seen {
        accepted: 0,
        refused: 0,
        latency: Histogram::new_with_bounds(1, 60_000_000, 3)?,
        elapsed: Duration::ZERO,
    }));
    let run = run();
    let next = Rc::new(RefCell::new(0_u64));
    let (body, until) = (Rc::new(body), Rc::new(until));
    let mut wires = Vec::new();
    for _ in 0..connections {
        wires.push(Wire::connect(address, key).await?.to(path));
    }
    let local = LocalSet::new();
    let started = now();
    let tasks: Vec<_> = wires
        .into_iter()
        .map(|mut wire| {
            let (seen, next) = (Rc::clone(&seen), Rc::clone(&next));
            let (body, until) = (Rc::clone(&body), Rc::clone(&until));
            local.spawn_local(async move {
                loop {
                    let number = next.replace_with(|number| *number + 1);
                    if until(number) {
                        return anyhow::Ok(());
                    }
                    let sent = now();
                    let answer = wire.post(&body(run, number)).await?;
                    let status = answer.status;
                    let text = (status != 202).then(|| String::from_utf8_lossy(answer.body).into_owned());
                    let mut seen = seen.borrow_mut();
                    seen.latency.saturating_record(u64::try_from(sent.elapsed().as_micros())?);
                    if let Some(text) = text {
                        if seen.refused == 0 {
                            say(&format!("first refusal: {status} {text}"));
                        }
                        seen.refused += 1;
                    } else {
                        seen.accepted += 1;
                    }
                }
            })
        })
        .collect();
    local
        .run_until(async {
            for task in tasks {
                task.await??;
            }
            anyhow::Ok(())
        })
        .await?;
    drop(local);
    let mut seen = Rc::try_unwrap(seen).ok().context("a connection is still open")?.into_inner();
    seen.elapsed = started.elapsed();
    Ok(seen)
}
