//! The calls a dashboard makes: how long each takes, from its begin to its answer in the hands of who asked and within the
//! daemon alone, and how many bytes its answer has on the wire.

use super::goals::{Goals, Times};
use super::town::Town;
use crate::wire::now;
use anyhow::{Context, Result, ensure};
use notify_proto::control::{ControlClient, Hello, ListRequest};
use notify_proto::filter::Filter;
use notify_proto::happening::EventsRequest;
use notify_proto::series::SeriesRequest;
use notify_proto::transport::{Reply, connect, within};
use serde::Serialize;
use std::future::Future;
use std::time::Duration;

/// How long an answer may take at most.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long it may take until nothing moves any more: webhooks and retries are behind.
const QUIET: Duration = Duration::from_secs(900);

/// Time between two looks.
const LOOK: Duration = Duration::from_secs(1);

/// Rows of a page.
const PAGE: u32 = 50;

/// Webhooks of an overview.
const WEBHOOKS: u32 = 8;

/// Makes each of them so often.
pub async fn measure(town: &Town, times: u32, goals: &mut Goals) -> Result<()> {
    let client = &connect(&town.daemon.builder().socket()).await.context("the control socket")?;
    client.hello(within(PATIENCE), Hello::of("the load program")).await??;

    let page = |filter: Filter| ListRequest { filter, limit: PAGE, ..ListRequest::default() };
    let as_of =
        client.overview(within(PATIENCE), None, WEBHOOKS).await??.overview.context("an overview")?.as_of;
    let filter = |text: &str| Filter::parse(text, as_of).context("a filter");
    let (all, indexed) = (page(Filter::default()), page(filter("status:failed service:shop-07")?));
    let nothing = page(filter("error:\"no error says this\"")?);

    let (took, bytes) = each(times, || client.overview(within(PATIENCE), None, WEBHOOKS)).await?;
    goals.quantiles("overview", &took, 1.0);
    goals.at_most("overview_bytes", bytes, 12_288.0);
    let (took, bytes) = unchanged(client, times).await?;
    goals.quantiles("overview_unchanged", &took, 1.0);
    goals.at_most("overview_unchanged_bytes", bytes, 100.0);
    let (took, bytes) =
        each(times, || client.notification_lines(within(PATIENCE), all.clone(), false)).await?;
    goals.quantiles("page_of_50", &took, 2.0);
    goals.at_most("page_of_50_bytes", bytes, 15_360.0);
    let (of_overviews, of_pages) =
        (inside(town, "overview", "0.001"), inside(town, "notification_lines", "0.002"));
    goals.at_least("overview_in_daemon_within_1_ms_percent", of_overviews.await?, 99.0);
    goals.at_least("page_in_daemon_within_2_ms_percent", of_pages.await?, 99.0);
    let large = ListRequest { limit: 200, ..all.clone() };
    let (took, bytes) =
        each(times, || client.notification_lines(within(PATIENCE), large.clone(), false)).await?;
    goals.quantiles("page_of_200", &took, 4.0);
    goals.at_most("page_of_200_bytes", bytes, 46_080.0);
    let (took, _) =
        each(times, || client.notification_lines(within(PATIENCE), indexed.clone(), false)).await?;
    goals.quantiles("filter_indexed", &took, 100.0);
    let (took, _) =
        each(times, || client.notification_lines(within(PATIENCE), nothing.clone(), false)).await?;
    goals.quantiles("filter_scan", &took, 300.0);
    let partial = client.notification_lines(within(PATIENCE), nothing, false).await??;
    ensure!(partial.items.is_empty(), "a filter for nothing found something");
    let (took, bytes) = each(times, || client.queue_list(within(PATIENCE))).await?;
    goals.quantiles("queues", &took, 2.0);
    goals.at_most("queues_bytes", bytes, 12_288.0);
    let events = Box::new(EventsRequest { last: 100, max: 100, ..EventsRequest::default() });
    let (took, bytes) = each(times, || client.events(within(PATIENCE), events.clone())).await?;
    goals.quantiles("events_of_100", &took, 2.0);
    goals.at_most("events_of_100_bytes", bytes, 20_480.0);
    let series = SeriesRequest { n: 120, ..SeriesRequest::default() };
    let (took, bytes) = each(times, || client.series(within(PATIENCE), series.clone())).await?;
    goals.quantiles("series", &took, 2.0);
    goals.at_most("series_bytes", bytes, 8_192.0);
    Ok(())
}

/// Waits until nothing was accepted, sent or told for a minute.
pub async fn quiet(town: &Town) -> Result<()> {
    let client = &connect(&town.daemon.builder().socket()).await.context("the control socket")?;
    client.hello(within(PATIENCE), Hello::of("the load program")).await??;
    let started = now();
    loop {
        let view = client.overview(within(PATIENCE), None, 0).await??.overview.context("an overview")?;
        let rates = view.rates;
        if rates.accepted + rates.calls + rates.told == 0.0 {
            return Ok(());
        }
        ensure!(started.elapsed() < QUIET, "it goes on: {rates:?}");
        tokio::time::sleep(LOOK).await;
    }
}

/// Of 100 calls of a verb so far, how many took no longer than that, seconds, within the daemon.
async fn inside(town: &Town, verb: &str, seconds: &str) -> Result<f64> {
    let text = town.metrics().await?;
    let figure = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)).with_context(|| name.to_owned())?;
        line.trim().parse::<f64>().with_context(|| line.to_owned())
    };
    let name = "notifyd_control_call_seconds";
    let all = figure(&format!("{name}_count{{verb=\"{verb}\"}}"))?;
    let soon = figure(&format!("{name}_bucket{{verb=\"{verb}\",le=\"{seconds}\"}}"))?;
    Ok(soon / all * 100.0)
}

/// Makes one so often; how long the answers took, and the bytes of the longest.
async fn each<T, F, E>(times: u32, call: impl Fn() -> F) -> Result<(Times, f64)>
where
    T: Serialize,
    F: Future<Output = Result<Reply<T>, E>>,
    E: std::error::Error + Send + Sync + 'static,
{
    let (mut took, mut most) = (Times::new()?, 0);
    for _ in 0..times {
        let started = now();
        let answer = call().await??;
        took.add(started.elapsed());
        most = most.max(serde_json::to_vec(&answer)?.len());
    }
    Ok((took, most as f64))
}

/// The overview for somebody who has it already, as often as nothing moved meanwhile.
async fn unchanged(client: &ControlClient, times: u32) -> Result<(Times, f64)> {
    let (mut took, mut most) = (Times::new()?, 0);
    let mut rev = None;
    for _ in 0..times {
        let started = now();
        let answer = client.overview(within(PATIENCE), rev, WEBHOOKS).await??;
        if answer.overview.is_none() {
            took.add(started.elapsed());
            most = most.max(serde_json::to_vec(&answer)?.len());
        }
        rev = Some(answer.rev);
    }
    Ok((took, most as f64))
}
