//! `notifyctl stats`: what the daemon has counted and measured.

use super::latency::Latency;
use super::{Desk, top};
use crate::cli::Format;
use crate::failure::{Ended, Exit, Failure, Stop};
use crate::output::{Cell, rows};
use crate::{clock, given};
use clap::{Args, Subcommand, ValueEnum};
use notify_proto::Timestamp;
use notify_proto::control::StatsRequest;
use notify_proto::overview::{MAX_WEBHOOKS, Overview};
use notify_proto::series::SeriesRequest;
use notify_proto::view::StatsView;
use serde_json::json;
use std::time::Duration;

/// How far back it is looked when nobody says so.
const USUAL: Duration = Duration::from_secs(86_400);

pub(crate) const EXAMPLES: &str = "Examples:
  notifyctl stats summary
  notifyctl stats latency --by provider
  notifyctl stats series delivered failed --step 1m";

/// What was measured.
#[derive(Debug, Subcommand)]
pub enum Stats {
    /// Counters and rates, on one screen
    #[command(
        after_help = "Without a flag it is how it is now. With one it is what was accepted since then, the last 24 hours unless it is said,
and what became of it: by status, or told apart by --by.

Examples:
  notifyctl stats summary
  notifyctl stats summary -o plain | grep per_second
  notifyctl stats summary --since 24h --service acme
  notifyctl stats summary --since 7d --by provider -o csv"
    )]
    Summary(Summary),
    /// How long things took in the last five minutes
    #[command(
        after_help = "From due to the begin of the call, calls of providers, from accepted to delivered, and from an event to its
acknowledgement by a webhook. With --by a line for each queue, provider, channel, service or webhook, as far as it is
measured for them: the wait in each queue, the calls of each provider, all but acknowledgements for each channel and each
service, and those for each webhook. Of services 64 are measured at once, to about 6 in 100: those that had a place first
keep it while something of them goes every minute or two. What was accepted of one service since some time, and how long
it took to deliver: notifyctl stats summary --service NAME.

Examples:
  notifyctl stats latency
  notifyctl stats latency --by provider
  notifyctl stats latency --by channel -o csv
  notifyctl stats latency --by service
  notifyctl stats latency --json | jq '.items[] | {kind, p99: .ms.p99}'"
    )]
    Latency(Latency),
    /// How it was: 15 minutes by the second, or 24 hours by the minute
    #[command(
        after_help = "A KEY is a metric of the whole (accepted, delivered, failed, retried, ready, retrying, scheduled, busy, told,
acks), provider/NAME/ with calls, errors, ready or busy, or webhook/ID/ with told or acks; without any, all of the whole.
Tables sum the points up; json, jsonl and --columns have them.

Examples:
  notifyctl stats series
  notifyctl stats series delivered provider/mock/calls --step 1m --last 60
  notifyctl stats series failed --since 5m
  notifyctl stats series ready --json | jq '.items[0].points'"
    )]
    Series(Series),
}

/// Of what.
#[derive(Debug, Args)]
pub struct Summary {
    /// What was accepted since: a span back, an RFC 3339 time, or HH:MM today
    #[arg(long, value_name = "TIME", value_parser = given::back)]
    since: Option<Timestamp>,
    /// Only of this service, by name or id
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    /// A line for each
    #[arg(long, value_enum, value_name = "WHAT")]
    by: Option<By>,
}

/// What is told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum By {
    /// The status.
    Status,
    /// The first channel.
    Channel,
    /// The provider of the last attempt.
    Provider,
    /// How urgent.
    Priority,
    /// The service.
    Service,
    /// Where it stands, of what is not final: scheduled, retries, its provider, or its channel when it was not tried.
    Queue,
    /// Why it was given up, of what failed.
    Error,
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
    #[arg(long, value_name = "N", value_parser = given::whole(1_u32..))]
    last: Option<u32>,
    /// Only the points since then: a span back, an RFC 3339 time, or HH:MM today
    #[arg(long, value_name = "TIME", value_parser = given::back, conflicts_with = "last")]
    since: Option<Timestamp>,
}

impl Series {
    /// How many points are asked for; 0 for all there are.
    fn points(&self) -> u32 {
        let since = |since: Timestamp| {
            let back = (clock::now() - since).to_std().unwrap_or_default();
            let points = back.as_millis().div_ceil(self.step.as_millis().max(1));
            u32::try_from(points).unwrap_or(0).max(1)
        };
        self.last.or_else(|| self.since.map(since)).unwrap_or(0)
    }
}

impl Stats {
    pub(crate) async fn run(self, desk: &Desk<'_>) -> Ended {
        match self {
            Self::Summary(Summary { since: None, service: None, by: None }) => {
                desk.out.facts("stats.summary", &top::facts(&look(desk).await?))?;
            }
            Self::Summary(summary) => summary.run(desk).await?,
            Self::Latency(latency) => latency.run(desk).await?,
            Self::Series(series) => {
                let link = desk.link().await?;
                let request = SeriesRequest {
                    n: series.points(),
                    keys: series.keys,
                    step_ms: u64::try_from(series.step.as_millis()).unwrap_or(u64::MAX),
                };
                let found = link.read(link.client.series(link.within(), request)).await?;
                desk.out.whole("stats.series", &found.series)?;
            }
        }
        Ok(Exit::Done)
    }
}

impl Summary {
    /// What became of what was accepted since then.
    async fn run(self, desk: &Desk<'_>) -> Result<(), Stop> {
        const WHAT: &str = "stats.period";
        let since = self.since.unwrap_or_else(|| clock::now() - USUAL);
        let link = desk.link().await?;
        let request = StatsRequest { service: self.service, since };
        let found = link.read(link.client.stats(link.within(), request)).await?;
        let counts = match self.by {
            _ if matches!(desk.out.format, Format::Json | Format::Jsonl) => None,
            None => None,
            Some(By::Status) => Some(&found.by_status),
            Some(By::Channel) => Some(&found.by_channel),
            Some(By::Provider) => Some(&found.by_provider),
            Some(By::Priority) => Some(&found.by_priority),
            Some(By::Service) => Some(&found.by_service),
            Some(By::Queue) => Some(&found.by_queue),
            Some(By::Error) => Some(&found.by_error),
        };
        match counts {
            // One document has them all.
            None if matches!(desk.out.format, Format::Json | Format::Jsonl) => {
                desk.out.document(WHAT, json!({"stats": found}))?;
            }
            None => desk.out.facts(WHAT, &facts(&found))?,
            Some(counts) => {
                let count =
                    |(name, count): (&String, &u64)| rows::Count { name: name.clone(), count: *count };
                desk.out.whole(WHAT, &counts.iter().map(count).collect::<Vec<_>>())?;
                if counts.is_empty() {
                    desk.out.advise("nothing to count since then");
                }
            }
        }
        if found.partial {
            desk.out.note("there are more: only the newest million was counted");
        }
        Ok(())
    }
}

fn facts(it: &StatsView) -> Vec<(&str, Cell)> {
    let mut facts = vec![("since", it.since.into()), ("accepted", it.total.into())];
    facts.extend(it.by_status.iter().map(|(status, count)| (status.as_str(), (*count).into())));
    facts.extend([
        ("success_percent", Cell::percent(it.success_rate)),
        ("latency_p50_ms", it.latency_ms.p50.into()),
        ("latency_p95_ms", it.latency_ms.p95.into()),
        ("latency_p99_ms", it.latency_ms.p99.into()),
        ("queue_depth", it.queue_depth.into()),
        ("webhook_events", it.webhooks.total.into()),
        ("webhook_ack_percent", Cell::percent(it.webhooks.ack_rate)),
    ]);
    facts
}

/// The overview as it is now.
pub(super) async fn look(desk: &Desk<'_>) -> Result<Overview, Failure> {
    let link = desk.link().await?;
    let reply = link.read(link.client.overview(link.within(), None, MAX_WEBHOOKS)).await?;
    let none = || Failure::new(Exit::Protocol, "the daemon told nothing of what it was asked for");
    reply.overview.map(|view| *view).ok_or_else(none)
}
