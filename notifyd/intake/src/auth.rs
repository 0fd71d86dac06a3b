//! Who asks. [`Gate`] turns headers into a [`Tenant`], the only handle to the log that a handler gets.

use crate::context::Context;
use crate::correlation::Correlation;
use crate::options::{Limits, Options};
use crate::problem::Problem;
use crate::rate::{Buckets, too_many};
use arc_swap::ArcSwap;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use notify_proto::{ServiceId, Timestamp};
use notifyd_lifecycle::key::claimed_service;
use notifyd_store::door::Entry;
use notifyd_store::{Service, Store, Tenant};
use prometheus::IntCounter;
use std::net::IpAddr;
use std::sync::Arc;
use tokio::time::Instant;

/// The address of the peer, as an extension of its requests.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// The gate. The store stays private: all that leaves is a view of one service.
pub(crate) struct Gate {
    store: Arc<dyn Store>,
    anonymous: Option<String>,
    default_rate: ArcSwap<Option<f64>>,
    buckets: Buckets,
    failures: IntCounter,
}

/// What the headers say about the caller.
enum Credentials<'a> {
    /// Nothing at all.
    None,
    /// A key, and the service it is said to open; none when what was given names no service.
    Key(Option<ServiceId>, &'a str),
    /// Something that can be no key.
    Unusable,
}

impl Gate {
    pub(crate) fn new(
        store: Arc<dyn Store>,
        options: &Options,
        limits: &Limits,
        failures: IntCounter,
    ) -> Self {
        let anonymous = options.anonymous_service.clone();
        Self {
            store,
            anonymous,
            default_rate: ArcSwap::from_pointee(limits.service_requests_per_second),
            buckets: Buckets::default(),
            failures,
        }
    }

    /// Changes how often callers may ask; requests that begin from now on follow it.
    pub(crate) fn set_limits(&self, limits: &Limits) {
        self.default_rate.store(Arc::new(limits.service_requests_per_second));
    }

    /// The view of the service that asks, if it proves who it is and does not ask too often.
    pub(crate) fn open(
        &self,
        headers: &HeaderMap,
        peer: IpAddr,
        now: Timestamp,
        correlation: &Correlation,
    ) -> Result<Tenant, Problem> {
        let service = match credentials(headers) {
            Credentials::Key(claimed, key) => self.knock(claimed, key, peer, now, correlation)?,
            Credentials::None => self.anonymous(peer)?,
            Credentials::Unusable => {
                tracing::warn!(%peer, correlation_id = %correlation, "authentication refused: unreadable");
                return Err(self.refused());
            }
        };
        let rate = service.rate_per_second.filter(|rate| *rate > 0.0).or(**self.default_rate.load());
        if let Some(rate) = rate {
            let wait = self.buckets.take(service.no, rate, Instant::now().into_std());
            wait.map_err(|wait| too_many(rate, wait))?;
        }
        Ok(Tenant::new(Arc::clone(&self.store), service))
    }

    fn knock(
        &self,
        claimed: Option<ServiceId>,
        key: &str,
        peer: IpAddr,
        now: Timestamp,
        correlation: &Correlation,
    ) -> Result<Arc<Service>, Problem> {
        let directory = self.store.directory();
        match self.store.door().knock(&directory, claimed, key, peer, now) {
            Entry::Open(service) => Ok(service),
            Entry::Inactive => Err(inactive()),
            Entry::Wrong => {
                let service = claimed.map(tracing::field::display);
                tracing::warn!(service, %peer, correlation_id = %correlation, "authentication refused");
                Err(self.refused())
            }
            Entry::Locked(until) => {
                self.failures.inc();
                let seconds = (until - now).num_milliseconds().div_euclid(1_000) + 1;
                Err(Problem::new(
                    StatusCode::TOO_MANY_REQUESTS,
                    "locked",
                    "Too many failed authentications",
                    "There were too many failed attempts; the right key works at once, others are refused for now.",
                )
                .retry_after(u64::try_from(seconds).unwrap_or(1)))
            }
        }
    }

    /// Who a caller without credentials is: nobody, unless an operator said otherwise and the caller is on this machine.
    fn anonymous(&self, peer: IpAddr) -> Result<Arc<Service>, Problem> {
        let name = self.anonymous.as_deref().filter(|_| peer.is_loopback()).ok_or_else(|| self.refused())?;
        let directory = self.store.directory();
        match directory.find_service(name) {
            Some(service) if service.active => Ok(Arc::clone(service)),
            Some(_) => Err(inactive()),
            None => Err(self.refused()),
        }
    }

    /// One text for a missing key, an unknown service and a wrong key.
    fn refused(&self) -> Problem {
        self.failures.inc();
        Problem::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "Unauthorized",
            "Give a valid key: X-Service-Id with X-API-Key, or Authorization: Bearer with the key.",
        )
        .header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"notifyd\""))
    }
}

fn inactive() -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "service-inactive",
        "Service inactive",
        "The key is right, but this service is switched off; ask the operator to enable it.",
    )
}

fn credentials(headers: &HeaderMap) -> Credentials<'_> {
    let claimed = headers.get("x-service-id");
    if let Some(key) = headers.get("x-api-key") {
        let Ok(key) = key.to_str() else { return Credentials::Unusable };
        let service = claimed.and_then(|id| id.to_str().ok()).and_then(|id| id.parse().ok());
        return Credentials::Key(service, key);
    }
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let bearer = value.to_str().ok().and_then(|value| value.split_once(' '));
        let Some((_, key)) = bearer.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")) else {
            return Credentials::Unusable;
        };
        let key = key.trim();
        let opens = claimed_service(key);
        let agrees = claimed.is_none_or(|id| id.to_str().ok().and_then(|id| id.parse().ok()) == opens);
        return Credentials::Key(opens.filter(|_| agrees), key);
    }
    if claimed.is_some() { Credentials::Unusable } else { Credentials::None }
}

/// The service that asks, for handlers.
pub(crate) struct Caller(pub(crate) Tenant);

impl FromRequestParts<Arc<Context>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, context: &Arc<Context>) -> Result<Self, Problem> {
        let peer = parts.extensions.get::<Peer>().ok_or_else(Problem::internal)?.0;
        let correlation = parts.extensions.get::<Correlation>().ok_or_else(Problem::internal)?;
        context.gate.open(&parts.headers, peer, context.clock.now(), correlation).map(Self)
    }
}
