//! `notifyctl stats`: what the daemon has counted and measured.

use super::{Desk, top};
use crate::failure::{Ended, Exit, Failure};
use crate::given;
use clap::{Args, Subcommand};
use notify_proto::overview::{MAX_WEBHOOKS, Overview};
use notify_proto::series::SeriesRequest;
use std::time::Duration;

pub(crate) const EXAMPLES: &str = "Examples:
  notifyctl stats summary
  notifyctl stats latency
  notifyctl stats series delivered failed --step 1m";

/// What was measured.
#[derive(Debug, Subcommand)]
pub enum Stats {
    /// Counters and rates, on one screen
    #[command(
        after_help = "Examples:\n  notifyctl stats summary\n  notifyctl stats summary -o plain | grep per_second"
    )]
    Summary,
    /// How long things took in the last five minutes
    #[command(
        after_help = "From due to the begin of the call, calls of providers, from accepted to delivered, and from an event to its
acknowledgement by a webhook.

Examples:
  notifyctl stats latency
  notifyctl stats latency --json | jq '.items[] | {kind, p99: .ms.p99}'"
    )]
    Latency,
    /// How it was: 15 minutes by the second, or 24 hours by the minute
    #[command(
        after_help = "A KEY is a metric of the whole (accepted, delivered, failed, retried, ready, retrying, scheduled, busy, told,
acks), provider/NAME/ with calls, errors, ready or busy, or webhook/ID/ with told or acks; without any, all of the whole.
Tables sum the points up; json, jsonl and --columns have them.

Examples:
  notifyctl stats series
  notifyctl stats series delivered provider/mock/calls --step 1m --last 60
  notifyctl stats series ready --json | jq '.items[0].points'"
    )]
    Series(Series),
}

/// Which series.
#[derive(Debug, Args)]
pub struct Series {
    /// Which
    #[arg(value_name = "KEY")]
    keys: Vec<String>,
    /// Time between two points: 1s or 1m
    #[arg(long, value_name = "DUR", default_value = "1s", value_parser = given::span)]
    step: Duration,
    /// Only the last so many points
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    last: Option<u32>,
}

impl Stats {
    pub(crate) async fn run(self, desk: &Desk<'_>) -> Ended {
        match self {
            Self::Summary => desk.out.facts("stats.summary", &top::facts(&look(desk).await?))?,
            Self::Latency => desk.out.whole("stats.latency", &look(desk).await?.latency)?,
            Self::Series(series) => {
                let link = desk.link().await?;
                let request = SeriesRequest {
                    keys: series.keys,
                    step_ms: u64::try_from(series.step.as_millis()).unwrap_or(u64::MAX),
                    n: series.last.unwrap_or(0),
                };
                let found = link.read(link.client.series(link.within(), request)).await?;
                desk.out.whole("stats.series", &found.series)?;
            }
        }
        Ok(Exit::Done)
    }
}

/// The overview as it is now.
pub(super) async fn look(desk: &Desk<'_>) -> Result<Overview, Failure> {
    let link = desk.link().await?;
    let reply = link.read(link.client.overview(link.within(), None, MAX_WEBHOOKS)).await?;
    let none = || Failure::new(Exit::Protocol, "the daemon told nothing of what it was asked for");
    reply.overview.map(|view| *view).ok_or_else(none)
}
