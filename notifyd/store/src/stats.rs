//! Counts, rates and latencies of one service, or of all.

use crate::api::Scope;
use crate::directory::Directory;
use crate::error::{Result, StoreError};
use crate::row::{millis, priority, status};
use hdrhistogram::Histogram;
use notify_proto::view::{Latency, StatsView};
use notify_proto::{Priority, Status, Timestamp};
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};
use std::collections::BTreeMap;

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
        let row = read(row).map_err(StoreError::Read)?;
        let provider = row.provider.and_then(|no| directory.known_no(no)).map(|provider| &provider.name);
        view.total += 1;
        one(&mut view.by_status, row.status.as_str());
        one(&mut view.by_priority, row.priority.as_str());
        if let Some(queue) = queue(&row, provider) {
            one(&mut view.by_queue, queue);
        }
        one(&mut view.by_channel, &row.channel);
        if let Some(provider) = provider {
            one(&mut view.by_provider, provider);
        }
        if let Some((_, name)) = directory.whose(row.service) {
            one(&mut view.by_service, name);
        }
        if let Some(why) = &row.failure {
            one(&mut view.by_error, why);
        }
        if let (Status::Delivered, Some(took)) = (row.status, row.took) {
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

/// What is counted of one.
struct Counted {
    status: Status,
    channel: String,
    provider: Option<i64>,
    priority: Priority,
    took: Option<i64>,
    service: i64,
    failure: Option<String>,
}

fn read(row: &Row<'_>) -> rusqlite::Result<Counted> {
    Ok(Counted {
        status: status(row, 0)?,
        channel: row.get(1)?,
        provider: row.get(2)?,
        priority: priority(row, 3)?,
        took: row.get(4)?,
        service: row.get(5)?,
        failure: row.get(6)?,
    })
}

fn one(counts: &mut BTreeMap<String, u64>, name: &str) {
    match counts.get_mut(name) {
        Some(count) => *count += 1,
        None => drop(counts.insert(name.to_owned(), 1)),
    }
}

/// Where one stands that is not final.
fn queue<'a>(it: &'a Counted, provider: Option<&'a String>) -> Option<&'a str> {
    match it.status {
        Status::Pending => Some("scheduled"),
        Status::Retrying => Some("retries"),
        Status::Queued | Status::Sending => Some(provider.map_or(&it.channel, |name| name)),
        Status::Delivered | Status::Failed | Status::Cancelled => None,
    }
}

/// The percentiles of what was measured.
pub fn latency(times: &Histogram<u64>) -> Latency {
    let at = |quantile: f64| (!times.is_empty()).then(|| times.value_at_quantile(quantile));
    Latency { p50: at(0.5), p95: at(0.95), p99: at(0.99) }
}
