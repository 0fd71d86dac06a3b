//! The service API under `/api/v1`: applications with a key, bare JSON, problem details.
//!
//! * [`send`]: everything that asks for a notification, one handler over one body;
//! * [`show`]: one notification and its story; [`list`]: many; [`stats`]: counts and latencies;
//! * [`change`]: revoke, retry, edit;
//! * [`providers`]: who delivers.
//!
//! Every handler gets its notifications through [`Caller`](crate::auth::Caller): a view of the service that asked.

pub(crate) mod change;
pub(crate) mod list;
pub(crate) mod providers;
pub(crate) mod send;
pub(crate) mod show;
pub(crate) mod stats;

use crate::context::Context;
use crate::problem::Problem;
use axum::Router;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, header};
use axum::routing::{any, get, post};
use notify_proto::{Channel, NotificationId};
use std::sync::Arc;

/// The routes. Sending is not among them: it is matched before the router (see [`send::Form::of`]), so here those
/// addresses only say that they take nothing but POST.
pub(crate) fn routes() -> Router<Arc<Context>> {
    let mut router = Router::new()
        .route("/api/v1/notifications", get(list::list).fallback(only_list_and_send))
        .route("/api/v1/notifications/{id}", get(show::show).put(change::edit).fallback(not_on_notification))
        .route("/api/v1/notifications/{id}/events", get(show::events))
        .route("/api/v1/notifications/{id}/revoke", post(change::revoke))
        .route("/api/v1/notifications/{id}/retry", post(change::retry))
        .route("/api/v1/providers", get(providers::list))
        .route("/api/v1/stats", get(stats::show));
    for channel in Channel::ALL {
        router = router.route(&format!("/api/v1/{channel}"), any(only_send));
    }
    router
}

/// The id in the path. What is no id names nothing, just as an unknown one.
pub(crate) struct Id(NotificationId);

impl FromRequestParts<Arc<Context>> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, context: &Arc<Context>) -> Result<Self, Problem> {
        let path = Path::<String>::from_request_parts(parts, context).await;
        let id = path.ok().and_then(|Path(text)| text.parse().ok());
        id.map(Self).ok_or_else(Problem::no_notification)
    }
}

async fn only_send() -> Problem {
    Problem::method_not_allowed().header(header::ALLOW, HeaderValue::from_static("POST"))
}

async fn only_list_and_send() -> Problem {
    Problem::method_not_allowed().header(header::ALLOW, HeaderValue::from_static("GET,HEAD,POST"))
}

async fn not_on_notification(method: Method, id: Result<Id, Problem>) -> Problem {
    if method == Method::POST && id.is_err() {
        let names: Vec<_> = Channel::ALL.iter().map(|channel| channel.as_str()).collect();
        return Problem::not_found(format!("There is no such channel; channels are {}.", names.join(", ")));
    }
    Problem::method_not_allowed().header(header::ALLOW, HeaderValue::from_static("GET,HEAD,PUT"))
}
