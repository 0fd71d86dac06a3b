//! The front of the house: every request passes here once on its way in and once on its way out. On the way in it gets
//! its correlation id and is checked for host and origin; on the way out it is counted and the id goes onto the answer.

use crate::auth::Peer;
use crate::context::Context;
use crate::correlation::{self, Correlation, traceparent};
use crate::host::{self, Hosts, Link};
use crate::problem::Problem;
use crate::service_api::send::{self, Form};
use crate::{health, metrics, service_api};
use arc_swap::ArcSwap;
use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::{MatchedPath, Request};
use axum::http::Response;
use axum::middleware::{self, Next};
use axum::response::IntoResponse as _;
use axum::routing::get;
use bytes::Bytes;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tokio::time::Instant;
use tower::ServiceExt as _;
use tracing::Instrument as _;

pub(crate) struct Front {
    pub(crate) context: Arc<Context>,
    pub(crate) hosts: Arc<ArcSwap<Hosts>>,
    router: Router,
    /// When a failure was last written to the log, seconds since 1970.
    told: AtomicI64,
}

/// The route a request took, as an extension of its answer.
#[derive(Clone)]
struct Route(MatchedPath);

impl Front {
    pub(crate) fn new(context: Arc<Context>) -> Self {
        let router = service_api::routes()
            .route("/health", get(health::show))
            .route("/health/live", get(health::live))
            .route("/health/ready", get(health::ready))
            .route("/metrics", get(metrics::show))
            .route_layer(middleware::from_fn(note_route))
            .method_not_allowed_fallback(|| async { Problem::method_not_allowed() })
            .fallback(|| async { Problem::not_found("There is nothing at this address.") })
            .with_state(Arc::clone(&context));
        let hosts = Arc::new(ArcSwap::from_pointee(Hosts::new(&context.options)));
        Self { hosts, context, router, told: AtomicI64::new(0) }
    }

    /// Answers one request.
    pub(crate) async fn answer<B>(&self, request: Request<B>, link: Link) -> Response<Body>
    where
        B: HttpBody<Data = Bytes, Error: Into<axum::BoxError>> + Send + Unpin + 'static,
    {
        let correlation = Correlation::of(request.headers(), &*self.context.entropy);
        // Without a trace to belong to, the span is only for those who debug: it would cost more than the request.
        let span = if let Some(traceparent) = traceparent(request.headers()) {
            tracing::info_span!("request", correlation_id = %correlation, traceparent)
        } else {
            tracing::debug_span!("request", correlation_id = %correlation)
        };
        if span.is_disabled() {
            self.answered(request, link, correlation).await
        } else {
            self.answered(request, link, correlation).instrument(span).await
        }
    }

    async fn answered<B>(&self, request: Request<B>, link: Link, correlation: Correlation) -> Response<Body>
    where
        B: HttpBody<Data = Bytes, Error: Into<axum::BoxError>> + Send + Unpin + 'static,
    {
        let started = Instant::now();
        let (parts, body) = request.into_parts();
        let form = if parts.method == axum::http::Method::POST { Form::of(parts.uri.path()) } else { None };
        let mut origin = None;
        let hosts = self.hosts.load();
        let checked = hosts.check_host(&parts, link).and_then(|()| hosts.check_origin(&parts.headers));
        drop(hosts);
        let response = match checked {
            Err(problem) => problem.into_response(),
            Ok(allowed) => {
                origin = allowed;
                let preflight = origin.as_ref().and_then(|_| host::preflight(&parts.method));
                match (preflight, form) {
                    (Some(response), _) => response,
                    (None, Some(form)) => send::send(&self.context, &parts, body, form, link, &correlation)
                        .await
                        .unwrap_or_else(Problem::into_response),
                    (None, None) => {
                        let request = Request::from_parts(parts, Body::new(body));
                        Box::pin(self.route(request, link, &correlation)).await
                    }
                }
            }
        };
        let mut response = self.finish(response, &correlation);
        let headers = response.headers_mut();
        headers.insert(correlation::HEADER, correlation.header());
        if let Some(origin) = origin {
            host::admit(headers, origin);
        }
        let taken = response.extensions_mut().remove::<Route>();
        let route = match (&form, &taken) {
            (Some(form), _) => form.route,
            (None, Some(Route(path))) => path.as_str(),
            (None, None) => metrics::ROUTES[0],
        };
        self.context.metrics.answered(route, response.status(), started.elapsed());
        response
    }

    /// Everything but sending goes through the router.
    async fn route(&self, mut request: Request, link: Link, correlation: &Correlation) -> Response<Body> {
        request.extensions_mut().insert(Peer(link.peer));
        request.extensions_mut().insert(correlation.clone());
        match self.router.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }

    /// Gives a problem its body, and the log its cause.
    fn finish(&self, mut response: Response<Body>, correlation: &Correlation) -> Response<Body> {
        if let Some(problem) = response.extensions_mut().remove::<Problem>() {
            if let Some(cause) = problem.cause() {
                self.tell(cause, correlation);
            }
            let taken = response.extensions_mut().remove::<Route>();
            response = problem.response(correlation, std::mem::take(response.headers_mut()));
            if let Some(route) = taken {
                response.extensions_mut().insert(route);
            }
        }
        response
    }

    /// At most one line per second: a full disk fails thousands of requests with the same cause.
    fn tell(&self, cause: &str, correlation: &Correlation) {
        let now = self.context.clock.now().timestamp();
        if self.told.swap(now, Ordering::Relaxed) != now {
            tracing::error!(error = cause, correlation_id = %correlation, "request failed");
        }
    }
}

async fn note_route(request: Request, next: Next) -> axum::response::Response {
    let path = request.extensions().get::<MatchedPath>().cloned();
    let mut response = next.run(request).await;
    if let Some(path) = path {
        response.extensions_mut().insert(Route(path));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Gate;
    use crate::metrics::Metrics;
    use crate::options::{Limits, Options};
    use crate::pulse::{Pulse, PulseSource};
    use crate::vitals::Vitals;
    use http_body_util::Empty;
    use notifyd_lifecycle::Secret;
    use notifyd_lifecycle::clock::SystemClock;
    use notifyd_lifecycle::entropy::OsEntropy;
    use notifyd_store::{Retention, SqliteStore};
    use prometheus::Registry;

    struct Still;

    impl PulseSource for Still {
        fn pulse(&self) -> Pulse {
            Pulse::default()
        }
    }

    /// What a caller gets who comes from `peer`; everything else runs over real connections in `tests/`.
    async fn get(options: &Options, peer: &str, path: &str) -> u16 {
        let dir = tempfile::tempdir().unwrap();
        let registry = Registry::new();
        let store = notifyd_store::Options {
            dir: dir.path().join("state"),
            retention: Retention::default(),
            room: notifyd_store::disk::Room { floor: 0, reserve: 0 },
            readers: 1,
            master: Secret::new([1; 32]),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(OsEntropy),
        };
        let store = Arc::new(SqliteStore::open(store, &registry).unwrap());
        let metrics = Metrics::register(&registry, "1").unwrap();
        let gate = Gate::new(store.clone(), options, &Limits::default(), metrics.auth_failures.clone());
        let deps = crate::intake::Deps {
            store: store.clone(),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(OsEntropy),
            rules: Arc::default(),
            registry,
            version: "1".into(),
            pulse: Arc::new(Still),
        };
        let context = Context::new(options.clone(), gate, Vitals::new(store), metrics, deps);
        let request = Request::builder().uri(path).header("host", "10.0.0.1").body(Empty::new()).unwrap();
        let link = Link { peer: peer.parse().unwrap(), local: "10.0.0.1".parse().unwrap() };
        Front::new(Arc::new(context)).answer(request, link).await.status().as_u16()
    }

    #[tokio::test]
    async fn metrics_are_for_this_machine_unless_opened() {
        let closed = Options::default();
        assert_eq!(get(&closed, "10.0.0.7", "/metrics").await, 403);
        assert_eq!(get(&closed, "127.0.0.1", "/metrics").await, 200);
        assert_eq!(get(&Options { metrics_remote: true, ..closed }, "10.0.0.7", "/metrics").await, 200);
    }
}
