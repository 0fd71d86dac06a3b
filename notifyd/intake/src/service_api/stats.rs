//! Counts, success rate and latencies of the service's notifications.

use crate::answer::json;
use crate::auth::Caller;
use crate::context::Context;
use crate::problem::Problem;
use crate::query::Query;
use axum::body::Body;
use axum::extract::{Query as Pairs, State};
use axum::http::{Response, StatusCode};
use chrono::TimeDelta;
use std::sync::Arc;

/// How far back to look when the caller does not say.
const DEFAULT_SPAN: TimeDelta = TimeDelta::hours(24);

/// `GET /api/v1/stats`.
pub(crate) async fn show(
    State(context): State<Arc<Context>>,
    Caller(tenant): Caller,
    Pairs(pairs): Pairs<Vec<(String, String)>>,
) -> Result<Response<Body>, Problem> {
    let mut query = Query::new(pairs);
    let tenant_id = query.one("tenant_id");
    let since = query.time("since").unwrap_or_else(|| context.clock.now() - DEFAULT_SPAN);
    query.finish()?;
    let stats = tenant.stats(tenant_id, since).await?;
    Ok(json(StatusCode::OK, &stats))
}
