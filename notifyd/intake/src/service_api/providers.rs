//! Who delivers: names and channels, never the configuration.

use crate::answer::json;
use crate::auth::Caller;
use axum::body::Body;
use axum::http::{Response, StatusCode};
use notify_proto::{Channel, ProviderId};
use serde::Serialize;

#[derive(Serialize)]
struct Provider<'a> {
    id: ProviderId,
    name: &'a str,
    supported_types: &'a [Channel],
    is_active: bool,
    priority: i32,
}

/// `GET /api/v1/providers`, in the order they are tried.
pub(crate) async fn list(Caller(tenant): Caller) -> Response<Body> {
    let directory = tenant.directory();
    let all = directory.providers().iter().map(|provider| Provider {
        id: provider.id,
        name: &provider.name,
        supported_types: &provider.channels,
        is_active: provider.active,
        priority: provider.priority,
    });
    json(StatusCode::OK, &all.collect::<Vec<_>>())
}
