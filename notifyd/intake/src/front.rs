//! The front of the house: every request passes here once on its way in and once on its way out. On the way in it gets
//! its correlation id and is checked for host and origin; on the way out it is counted and the id goes onto the answer.

use crate::context::Context;
use crate::correlation::{self, Correlation, traceparent};
use crate::host::{self, Hosts, Link};
use crate::problem::Problem;
use crate::service_api::send::{self, Form};
use crate::visit::Visit;
use crate::{health, metrics, service_api};
use arc_swap::ArcSwap;
use axum::body::{Body, HttpBody};
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, Response, header};
use axum::middleware::{self, Next};
use axum::response::IntoResponse as _;
use axum::routing::get;
use axum::{Extension, Router};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::time::Instant;
use tower::ServiceExt as _;
use tracing::Instrument as _;

pub(crate) struct Front {
    pub(crate) context: Arc<Context>,
    pub(crate) hosts: Arc<ArcSwap<Hosts>>,
    router: Router,
    told: Told,
}

/// When a failure of each kind was last written to the log, seconds since 1970, and how many were not since.
#[derive(Default)]
struct Told(Mutex<BTreeMap<&'static str, (i64, u64)>>);

impl Told {
    /// Whether it is time to tell a failure of this kind, and then how many were not told. Once per second is enough: a
    /// full disk fails thousands of requests with the same cause.
    fn due(&self, kind: &'static str, now: i64) -> Option<u64> {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, untold) = told.entry(kind).or_insert((i64::MIN, 0));
        if *at == now {
            *untold += 1;
            return None;
        }
        *at = now;
        Some(std::mem::take(untold))
    }
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
            .fallback(nothing_here)
            .with_state(Arc::clone(&context));
        let hosts = Arc::new(ArcSwap::from_pointee(Hosts::new(&context.options)));
        Self { hosts, context, router, told: Told::default() }
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
        let visit = Arc::new(Visit::new(link.peer, correlation));
        let form = if parts.method == axum::http::Method::POST { Form::of(parts.uri.path()) } else { None };
        let mut origin = None;
        let hosts = self.hosts.load();
        let checked = check_framing(&parts.headers)
            .and_then(|()| hosts.check_host(&parts, link))
            .and_then(|()| hosts.check_origin(&parts.headers));
        drop(hosts);
        let response = match checked {
            Err(problem) => problem.into_response(),
            Ok(allowed) => {
                origin = allowed;
                let preflight = origin.as_ref().and_then(|_| host::preflight(&parts.method));
                match (preflight, form) {
                    (Some(response), _) => response,
                    (None, Some(form)) => send::send(&self.context, &parts, body, form, &visit)
                        .await
                        .unwrap_or_else(Problem::into_response),
                    (None, None) => {
                        let request = Request::from_parts(parts, Body::new(body));
                        Box::pin(self.route(request, &visit)).await
                    }
                }
            }
        };
        let mut response =
            self.finish(self.context.room.hold(response, visit.payer()).await, &visit.correlation);
        let headers = response.headers_mut();
        headers.insert(correlation::HEADER, visit.correlation.header());
        if let Some(quota) = visit.quota.get().filter(|_| !headers.contains_key("ratelimit")) {
            quota.write(headers);
        }
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
    async fn route(&self, mut request: Request, visit: &Arc<Visit>) -> Response<Body> {
        request.extensions_mut().insert(Arc::clone(visit));
        match self.router.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }

    /// Gives a problem its body, and the log its cause.
    fn finish(&self, mut response: Response<Body>, correlation: &Correlation) -> Response<Body> {
        if let Some(problem) = response.extensions_mut().remove::<Problem>() {
            if let Some(cause) = problem.cause() {
                self.tell(problem.kind(), cause, correlation);
            }
            let taken = response.extensions_mut().remove::<Route>();
            response = problem.response(correlation, std::mem::take(response.headers_mut()));
            if let Some(route) = taken {
                response.extensions_mut().insert(route);
            }
        }
        response
    }

    fn tell(&self, kind: &'static str, cause: &str, correlation: &Correlation) {
        if let Some(untold) = self.told.due(kind, self.context.clock.now().timestamp()) {
            tracing::error!(kind, error = cause, untold, correlation_id = %correlation, "request failed");
        }
    }
}

/// Refuses a body in any coding but chunks. The HTTP library only looks whether chunks are the last one and would hand
/// on, as it came, what was compressed below them.
pub(crate) fn check_framing(headers: &HeaderMap) -> Result<(), Problem> {
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (None, _) => Ok(()),
        (Some(coding), None) if coding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked") => Ok(()),
        // Where such a body ends is a matter of opinion, so nothing that follows is believed.
        _ => Err(Problem::bad_request(
            "A body comes with a Content-Length or in chunks, and in no other coding.",
        )
        .header(header::CONNECTION, HeaderValue::from_static("close"))),
    }
}

async fn nothing_here(
    State(context): State<Arc<Context>>,
    Extension(visit): Extension<Arc<Visit>>,
) -> Problem {
    let there_is = context.gate.stranger(&visit);
    there_is.err().unwrap_or_else(|| Problem::not_found("There is nothing at this address."))
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

    #[test]
    fn each_kind_of_failure_is_told_once_a_second() {
        let told = Told::default();
        assert_eq!(told.due("storage-full", 7), Some(0));
        assert_eq!((told.due("storage-full", 7), told.due("storage-full", 7)), (None, None));
        assert_eq!(told.due("internal", 7), Some(0), "another kind is not drowned");
        assert_eq!(told.due("storage-full", 8), Some(2));
    }

    #[tokio::test]
    async fn metrics_are_for_this_machine_unless_opened() {
        let closed = Options::default();
        assert_eq!(get(&closed, "10.0.0.7", "/metrics").await, 403);
        assert_eq!(get(&closed, "127.0.0.1", "/metrics").await, 200);
        assert_eq!(get(&Options { metrics_remote: true, ..closed }, "10.0.0.7", "/metrics").await, 200);
    }
}
