//! What a webhook was told: many, newest first; one with its tries; and one told once more.

use super::{Ids, check_active, no_delivery, owed};
use crate::answer::json;
use crate::auth::Caller;
use crate::context::Context;
use crate::problem::Problem;
use crate::query::Query;
use axum::body::Body;
use axum::extract::{Query as Pairs, State};
use axum::http::{Response, StatusCode};
use notify_proto::webhook::DeliveryView;
use notify_proto::{WebhookId, WebhookStatus};
use notifyd_lifecycle::webhook::ask::event;
use notifyd_store::webhooks::Page;
use serde::Serialize;
use std::sync::Arc;

/// Rows of a page when the caller does not say.
const DEFAULT_LIMIT: u64 = 100;
/// Rows of a page at most.
const MAX_LIMIT: u64 = 1_000;

#[derive(Serialize)]
struct Answer {
    webhook_id: WebhookId,
    deliveries: Vec<DeliveryView>,
}

/// `GET /api/v1/webhooks/{id}/deliveries`.
pub(crate) async fn list(
    Caller(tenant): Caller,
    ids: Ids,
    Pairs(pairs): Pairs<Vec<(String, String)>>,
) -> Result<Response<Body>, Problem> {
    let page = page(Query::new(pairs))?;
    let deliveries = tenant.deliveries(ids.webhook, page).await?.ok_or_else(Problem::no_webhook)?;
    Ok(json(StatusCode::OK, &Answer { webhook_id: ids.webhook, deliveries }))
}

pub(crate) fn page(mut query: Query) -> Result<Page, Problem> {
    let words = query.words::<WebhookStatus>("status");
    let status = words.iter().filter_map(|word| word.parse().ok()).collect();
    let mut events = Vec::new();
    for word in query.all("event") {
        match event(&word) {
            Ok(event) if events.contains(&event) => {}
            Ok(event) => events.push(event),
            Err(problem) => query.wrong("event", problem),
        }
    }
    let (since, until) = (query.time("since"), query.time("until"));
    let skip = query.parsed("skip", "must be a whole number from 0").unwrap_or(0);
    let limit = query.parsed("limit", "must be a whole number from 1 to 1000").unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        query.wrong("limit", "must be a whole number from 1 to 1000");
    }
    query.finish()?;
    Ok(Page { status, events, since, until, skip, limit })
}

/// `GET /api/v1/webhooks/{id}/deliveries/{delivery_id}`.
pub(crate) async fn show(Caller(tenant): Caller, ids: Ids) -> Result<Response<Body>, Problem> {
    let delivery = tenant.delivery(ids.webhook, ids.delivery()?).await?.ok_or_else(no_delivery)?;
    Ok(json(StatusCode::OK, &delivery))
}

/// `POST /api/v1/webhooks/{id}/deliveries/{delivery_id}/redeliver`.
pub(crate) async fn redeliver(
    State(context): State<Arc<Context>>,
    Caller(tenant): Caller,
    ids: Ids,
) -> Result<Response<Body>, Problem> {
    context.check_takes()?;
    let delivery = ids.delivery()?;
    // Whose it is comes before how it stands.
    tenant.delivery(ids.webhook, delivery).await?.ok_or_else(no_delivery)?;
    check_active(&tenant, ids.webhook)?;
    if !tenant.redeliver(ids.webhook, delivery).await? {
        return Err(no_delivery());
    }
    Ok(owed(ids.webhook, delivery))
}
