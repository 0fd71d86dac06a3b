//! The load program: starts a real daemon on a temporary directory, drives it over loopback, checks that nothing was
//! lost, and prints one line of JSON. Every scenario runs with `synchronous=FULL` and everything switched on.
//!
//! `cargo run --release -p notify-tests --bin load -- accept`

#![expect(clippy::print_stdout, reason = "the line of JSON is the answer")]
#![expect(clippy::cast_precision_loss, reason = "counts of a run, far below 2^52")]

mod accept;
mod backlog;
mod bed;
mod chaos;
mod crowd;
mod drain;
mod drive;
mod http;
mod idle;
mod latency;
mod operators;
mod overload;
mod process;
mod sink;
mod storm;
mod urgent;
mod webhook;
mod wire;

use clap::builder::RangedU64ValueParser;
use clap::{Parser, Subcommand};
use serde_json::Value;
use std::ops::RangeInclusive;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// How long a scenario may be told to go on, seconds.
const SECONDS: RangeInclusive<u64> = 1..=86_400;

/// Drives a daemon and prints what it bore.
#[derive(Parser)]
#[command(name = "load")]
struct Args {
    #[command(subcommand)]
    scenario: Scenario,
}

#[derive(Subcommand)]
enum Scenario {
    /// Single POSTs over many connections: unique content, keys checked, deduplication on
    Accept {
        /// Connections
        #[arg(long, default_value_t = 64)]
        connections: usize,
        /// For how long, seconds
        #[arg(long, default_value_t = 10, value_parser = range(SECONDS))]
        seconds: u64,
        /// Deliver through the mock provider at the same time
        #[arg(long)]
        deliver: bool,
    },
    /// Notifications queued first, then delivered through the mock provider
    Drain {
        /// How many
        #[arg(long, default_value_t = 100_000, value_parser = range(1..=10_000_000))]
        count: u64,
        /// Calls under way at once
        #[arg(long, default_value_t = 1_024)]
        max_in_flight: u32,
    },
    /// Notifications queued first, then delivered over real HTTP: to a receiver that answers at once, and a tenth as many to
    /// one that takes 50 ms for each answer
    Http {
        /// How many
        #[arg(long, default_value_t = 100_000, value_parser = range(1..=10_000_000))]
        count: u64,
        /// Calls under way at once to the receiver that answers at once; to the other the default
        #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=1_000))]
        max_in_flight: u32,
    },
    /// Services told by webhooks of each acceptance and delivery, until all is acknowledged; the same beside a receiver that
    /// hangs; and what an acceptance costs with one webhook registered and with many
    Webhook {
        /// Notifications, each time
        #[arg(long, default_value_t = 40_000, value_parser = range(1..=10_000_000))]
        count: u64,
        /// Webhooks registered
        #[arg(long, default_value_t = 10_000)]
        registered: usize,
    },
    /// Paced requests: from the POST to the call of the provider
    Latency {
        /// Requests per second
        #[arg(long, default_value_t = 200, value_parser = range(1..=100_000))]
        rate: u64,
        /// For how long, seconds
        #[arg(long, default_value_t = 20, value_parser = range(SECONDS))]
        seconds: u64,
    },
    /// A long queue: memory, time from start to ready, rate of delivery against that of a short one
    Backlog {
        /// How many
        #[arg(long, default_value_t = 1_000_000, value_parser = range(1..=10_000_000))]
        count: u64,
        /// How many of them are delivered, and queued for the comparison
        #[arg(long, default_value_t = 100_000, value_parser = range(1..=10_000_000))]
        drain: u64,
        /// Calls under way at once
        #[arg(long, default_value_t = 1_024)]
        max_in_flight: u32,
    },
    /// No traffic: memory, processor time, how often it wakes up
    Idle {
        /// For how long, seconds
        #[arg(long, default_value_t = 60, value_parser = range(SECONDS))]
        seconds: u64,
    },
    /// More than it can bear, from many addresses, beside a polite service: refusals, memory, recovery
    Overload {
        /// For how long, seconds
        #[arg(long, default_value_t = 60, value_parser = range(SECONDS))]
        seconds: u64,
        /// How many times its capacity, which is measured first, is offered
        #[arg(long, default_value_t = 5, value_parser = range(1..=100))]
        factor: u64,
        /// Callers, each with one request under way: half as many again as a daemon serves at once by default
        #[arg(long, default_value_t = 768, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        callers: u32,
    },
    /// Three providers of one channel, of which one hangs, one throttles and one works: what that costs the one that works
    Storm {
        /// Notifications, each time
        #[arg(long, default_value_t = 50_000, value_parser = range(1_000..=10_000_000))]
        count: u64,
    },
    /// One service's bulk queued, and `instant` notifications of another: from their POST to the call of the provider
    Urgent {
        /// How many of the bulk
        #[arg(long, default_value_t = 100_000, value_parser = range(1..=10_000_000))]
        count: u64,
        /// Urgent ones per second
        #[arg(long, default_value_t = 50, value_parser = range(1..=10_000))]
        rate: u64,
        /// For how long, seconds
        #[arg(long, default_value_t = 10, value_parser = range(SECONDS))]
        seconds: u64,
    },
    /// What operators wait for, on a log of a million notifications, while applications post: each call of the control
    /// socket and each program that makes them, beside what is wanted of it
    Operators {
        /// Notifications in the log
        #[arg(long, default_value_t = 1_000_000, value_parser = range(1_000..=10_000_000))]
        count: u64,
        /// Notifications posted per second meanwhile
        #[arg(long, default_value_t = 200, value_parser = range(1..=100_000))]
        rate: u64,
        /// How often each call is made and each program run
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        times: u32,
        /// How long a dashboard stays open, walking through its views, minutes: its memory is compared, and nothing is
        /// measured at rest then
        #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=10_000))]
        soak_minutes: u32,
    },
    /// Kills, stops, freezes, a full disk and failing providers, while applications post and repeat; then the balance
    Chaos {
        /// For how long, minutes
        #[arg(long, default_value_t = 10.0, value_parser = minutes)]
        minutes: f64,
        /// Seed of the faults: the same one gives the same sequence [default: a new one]
        #[arg(long)]
        seed: Option<u64>,
        /// Requests per second, in all
        #[arg(long, default_value_t = 150, value_parser = range(1..=5_000))]
        rate: u64,
        /// Size of the disk that runs full, a file system in memory which only root can mount, MiB. It must hold all
        /// that is accepted, about 2 KiB each
        #[arg(long, default_value_t = 512, value_parser = range(64..=65_536))]
        disk_mib: u64,
    },
}

/// Tells whoever waits how far it is; the answer itself goes to stdout.
#[expect(clippy::print_stderr, reason = "progress is not the answer")]
fn say(text: &str) {
    eprintln!("{text}");
}

fn range(range: RangeInclusive<u64>) -> RangedU64ValueParser {
    RangedU64ValueParser::new().range(range)
}

/// Minutes, within bounds.
fn minutes(text: &str) -> Result<f64, String> {
    let minutes = text.parse().ok().filter(|minutes| (0.01..=1_440.0).contains(minutes));
    minutes.ok_or_else(|| "use a number from 0.01 to 1440".to_owned())
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let line = runtime.block_on(async {
        let mut terminated = signal(SignalKind::terminate())?;
        // Whatever was started and mounted goes with what is dropped here.
        tokio::select! {
            line = run(args.scenario) => line,
            _ = terminated.recv() => anyhow::bail!("terminated"),
            _ = tokio::signal::ctrl_c() => anyhow::bail!("interrupted"),
        }
    })?;
    println!("{line}");
    if let Some(wrong) = line["wrong"].as_array().filter(|wrong| !wrong.is_empty()) {
        anyhow::bail!("it did not bear it: {}", Value::from(wrong.clone()));
    }
    Ok(())
}

async fn run(scenario: Scenario) -> anyhow::Result<Value> {
    match scenario {
        Scenario::Accept { connections, seconds, deliver } => {
            accept::run(connections, seconds, deliver).await
        }
        Scenario::Drain { count, max_in_flight } => drain::run(count, max_in_flight).await,
        Scenario::Http { count, max_in_flight } => http::run(count, max_in_flight).await,
        Scenario::Webhook { count, registered } => webhook::run(count, registered).await,
        Scenario::Latency { rate, seconds } => latency::run(rate, seconds).await,
        Scenario::Backlog { count, drain, max_in_flight } => backlog::run(count, drain, max_in_flight).await,
        Scenario::Storm { count } => storm::run(count).await,
        Scenario::Urgent { count, rate, seconds } => urgent::run(count, rate, seconds).await,
        Scenario::Idle { seconds } => idle::run(seconds).await,
        Scenario::Operators { count, rate, times, soak_minutes } => {
            operators::run(operators::Operators { count, rate, times, soak_minutes }).await
        }
        Scenario::Chaos { minutes, seed, rate, disk_mib } => {
            let lasting = Duration::from_secs_f64(minutes * 60.0);
            let seed = seed.unwrap_or_else(rand::random);
            chaos::run(chaos::Chaos { lasting, seed, rate, disk_mib }).await
        }
        Scenario::Overload { seconds, factor, callers } => overload::run(seconds, factor, callers).await,
    }
}
