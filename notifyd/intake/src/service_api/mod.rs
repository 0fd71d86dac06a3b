//! The service API under `/api/v1`: applications with a key, bare JSON, problem details.
//!
//! * [`send`]: everything that asks for a notification, one handler over one body;
//! * [`show`]: one notification and its story; [`list`]: many; [`stats`]: counts and latencies;
//! * [`change`]: revoke, retry, edit;
//! * [`providers`]: who delivers;
//! * [`webhooks`]: who is told what happened.
//!
//! Every handler gets its notifications through [`Caller`](crate::auth::Caller): a view of the service that asked.

pub(crate) mod change;
pub(crate) mod list;
pub(crate) mod providers;
pub(crate) mod send;
pub(crate) mod show;
pub(crate) mod stats;
pub(crate) mod webhooks;

use crate::context::Context;
use crate::problem::Problem;
use axum::Router;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, header};
use axum::routing::{MethodFilter, MethodRouter, any, on};
use notify_proto::{Channel, NotificationId};
use std::sync::Arc;

/// Makes the table of operations and the routes from the same lines, so that neither has what the other has not.
macro_rules! operations {
    ($($method:ident $path:literal => $handler:path;)+) => {
        /// What the router answers: method and address.
        const ROUTED: &[(&str, &str)] = &[$((stringify!($method), $path)),+];

        fn routed() -> Router<Arc<Context>> {
            Router::new()$(.route($path, on(MethodFilter::$method, $handler)))+
        }
    };
}

operations! {
    GET "/api/v1/notifications" => list::list;
    GET "/api/v1/notifications/{id}" => show::show;
    PUT "/api/v1/notifications/{id}" => change::edit;
    GET "/api/v1/notifications/{id}/events" => show::events;
    POST "/api/v1/notifications/{id}/revoke" => change::revoke;
    POST "/api/v1/notifications/{id}/retry" => change::retry;
    GET "/api/v1/providers" => providers::list;
    GET "/api/v1/stats" => stats::show;
    POST "/api/v1/webhooks" => webhooks::create;
    GET "/api/v1/webhooks" => webhooks::list;
    GET "/api/v1/webhooks/{id}" => webhooks::show;
    PUT "/api/v1/webhooks/{id}" => webhooks::change;
    DELETE "/api/v1/webhooks/{id}" => webhooks::remove;
    POST "/api/v1/webhooks/{id}/test" => webhooks::test;
    POST "/api/v1/webhooks/{id}/rotate-secret" => webhooks::rotate;
    GET "/api/v1/webhooks/{id}/deliveries" => webhooks::deliveries::list;
    GET "/api/v1/webhooks/{id}/deliveries/{delivery_id}" => webhooks::deliveries::show;
    POST "/api/v1/webhooks/{id}/deliveries/{delivery_id}/redeliver" => webhooks::deliveries::redeliver;
    POST "/api/v1/webhooks/{id}/replay" => webhooks::replay::replay;
}

/// Every operation of the service API: method and address.
pub fn operations() -> impl Iterator<Item = (&'static str, &'static str)> {
    send::ADDRESSES.iter().map(|address| ("POST", *address)).chain(ROUTED.iter().copied())
}

/// The routes. Sending is not among them: it is matched before the router (see [`send::Form::of`]), so here those
/// addresses only say that they take nothing but POST.
pub(crate) fn routes() -> Router<Arc<Context>> {
    let mut router = routed()
        .route("/api/v1/notifications", MethodRouter::new().fallback(only_list_and_send))
        .route("/api/v1/notifications/{id}", MethodRouter::new().fallback(not_on_notification));
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
