//! Counts, rates and latencies of one service, or of all.

use crate::api::Scope;
use crate::directory::Directory;
use crate::error::{Result, StoreError};
use crate::row::{millis, priority, status};
use hdrhistogram::Histogram;
use notify_proto::view::{Latency, StatsView};
use notify_proto::{Status, Timestamp};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

/// Rows the scan looks at, newest first.
pub const MAX_SCAN: u32 = 1_000_000;

/// Reads the rows accepted since `since` once and sums them up.
pub fn stats(
    connection: &Connection,
    directory: &Directory,
    scope: Scope,
    tenant_id: Option<&str>,
    since: Timestamp,
) -> Result<StatsView> {
    let from = Value::from(millis(since));
    let most = Value::from(i64::from(MAX_SCAN) + 1);
    let (sql, values) = match (scope, tenant_id) {
        (Scope::Service(no), None) => (include_str!("sql/stats_of_service.sql"), vec![from, most, no.into()]),
        (Scope::Service(no), Some(tenant)) => {
            (include_str!("sql/stats_of_tenant.sql"), vec![from, most, no.into(), tenant.to_owned().into()])
        }
        (Scope::All, _) => (include_str!("sql/stats.sql"), vec![from, most]),
    };
    let mut latencies: Histogram<u64> = Histogram::new_with_bounds(1, 86_400_000, 2)
        .map_err(|error| StoreError::Corrupt(error.to_string()))?;
    let mut view = StatsView { since: Some(since), ..StatsView::default() };
    let mut query = connection.prepare_cached(sql).map_err(StoreError::Read)?;
    let mut rows = query.query(params_from_iter(values)).map_err(StoreError::Read)?;
    let mut seen = 0;
    while let Some(row) = rows.next().map_err(StoreError::Read)? {
        seen += 1;
        if seen > MAX_SCAN {
            view.partial = true;
            break;
        }
        let read = || -> rusqlite::Result<_> {
            let status = status(row, 0)?;
            let provider: Option<i64> = row.get(2)?;
            let took: Option<i64> = row.get(4)?;
            Ok((status, row.get::<_, String>(1)?, provider, priority(row, 3)?, took))
        };
        let (status, channel, provider, priority, took) = read().map_err(StoreError::Read)?;
        view.total += 1;
        *view.by_status.entry(status.to_string()).or_default() += 1;
        *view.by_channel.entry(channel).or_default() += 1;
        *view.by_priority.entry(priority.to_string()).or_default() += 1;
        if let Some(provider) = provider.and_then(|no| directory.known_no(no)) {
            *view.by_provider.entry(provider.name.clone()).or_default() += 1;
        }
        if status == Status::Delivered
            && let Some(took) = took
        {
            latencies.saturating_record(u64::try_from(took).unwrap_or_default());
        }
    }
    let of = |status: Status| view.by_status.get(status.as_str()).copied().unwrap_or_default();
    let (delivered, failed) = (of(Status::Delivered), of(Status::Failed));
    #[expect(clippy::cast_precision_loss, reason = "at most a million")]
    let rate = delivered as f64 / (delivered + failed) as f64;
    view.success_rate = (delivered + failed > 0).then_some(rate);
    view.queue_depth = of(Status::Queued);
    view.latency_ms = latency(&latencies);
    Ok(view)
}

/// The percentiles of what was measured.
pub fn latency(times: &Histogram<u64>) -> Latency {
    let at = |quantile: f64| (!times.is_empty()).then(|| times.value_at_quantile(quantile));
    Latency { p50: at(0.5), p95: at(0.95), p99: at(0.99) }
}
