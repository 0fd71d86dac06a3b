//! Who asks. [`Gate`] turns headers into a [`Tenant`], the only handle to the log that a handler gets.

use crate::context::Context;
use crate::options::{Limits, Options};
use crate::problem::Problem;
use crate::rate::{Buckets, Quota, Strangers};
use crate::visit::Visit;
use arc_swap::ArcSwap;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use notify_proto::{NotificationId, ServiceId, Timestamp};
use notifyd_lifecycle::Household;
use notifyd_lifecycle::key::claimed_service;
use notifyd_lifecycle::message::Plan;
use notifyd_store::door::Entry;
use notifyd_store::{Answered, Service, Store, Tenant};
use prometheus::IntCounter;
use std::sync::Arc;
use tokio::time::Instant;

/// The gate. The store stays private: all that leaves is a view of one service.
pub(crate) struct Gate {
    store: Arc<dyn Store>,
    anonymous: Option<String>,
    default_rate: ArcSwap<Option<f64>>,
    buckets: Buckets,
    strangers: ArcSwap<Strangers>,
    failures: IntCounter,
}

/// What the headers say about the caller.
pub(crate) enum Credentials<'a> {
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
            strangers: ArcSwap::from_pointee(Strangers::new(limits.peer_requests_per_second)),
            failures,
        }
    }

    /// Changes how often callers may ask; requests that begin from now on follow it.
    pub(crate) fn set_limits(&self, limits: &Limits) {
        self.default_rate.store(Arc::new(limits.service_requests_per_second));
        let strangers = Strangers::new(limits.peer_requests_per_second);
        if !strangers.has_rate_of(&self.strangers.load()) {
            self.strangers.store(Arc::new(strangers));
        }
    }

    /// The view of the service that asks, if it proves who it is and does not ask too often.
    pub(crate) fn open(&self, headers: &HeaderMap, visit: &Visit, now: Timestamp) -> Result<Tenant, Problem> {
        let service = match credentials(headers) {
            Credentials::Key(claimed, key) => self.knock(claimed, key, visit, now)?,
            Credentials::None => self.anonymous(visit)?,
            // Whatever it was, it was an attempt.
            Credentials::Unusable => self.knock(None, "", visit, now)?,
        };
        let _ = visit.service.set(service.no);
        let rate = service.rate_per_second.filter(|rate| *rate > 0.0).or(**self.default_rate.load());
        if let Some(rate) = rate {
            let taken = self.buckets.take(service.no, rate, Instant::now().into_std());
            let quota = taken.inspect_err(|_| self.store.door().note(service.id, Answered::Throttled))?;
            let _ = visit.quota.set(quota);
        }
        Ok(Tenant::new(Arc::clone(&self.store), service))
    }

    /// How a notification of this service is to be delivered; none when the service has none with this id.
    pub(crate) async fn plan(&self, tenant: &Tenant, id: NotificationId) -> Result<Option<Plan>, Problem> {
        let job = self.store.job(id).await?;
        Ok(job.filter(|job| job.group.service == tenant.service().no).map(|job| job.plan))
    }

    /// Lets somebody ask who need not say who it is, unless its peer does so too often.
    pub(crate) fn stranger(&self, visit: &Visit) -> Result<(), Problem> {
        let quota: Option<Quota> =
            self.strangers.load().take(Household::of(visit.peer), Instant::now().into_std())?;
        if let Some(quota) = quota {
            let _ = visit.quota.set(quota);
        }
        Ok(())
    }

    fn knock(
        &self,
        claimed: Option<ServiceId>,
        key: &str,
        visit: &Visit,
        now: Timestamp,
    ) -> Result<Arc<Service>, Problem> {
        let directory = self.store.directory();
        match self.store.door().knock(&directory, claimed, key, visit.peer, now) {
            Entry::Open(service) => Ok(service),
            Entry::Inactive => Err(inactive()),
            Entry::Wrong => {
                let service = claimed.map(tracing::field::display);
                tracing::warn!(
                    service, peer = %visit.peer, correlation_id = %visit.correlation, "authentication refused"
                );
                Err(self.refused(visit))
            }
            Entry::Locked(until) => {
                self.failures.inc();
                self.stranger(visit)?;
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
    fn anonymous(&self, visit: &Visit) -> Result<Arc<Service>, Problem> {
        let name = self.anonymous.as_deref().filter(|_| visit.peer.is_loopback());
        let name = name.ok_or_else(|| self.refused(visit))?;
        let directory = self.store.directory();
        match directory.find_service(name) {
            Some(service) if service.active => Ok(Arc::clone(service)),
            Some(_) => Err(inactive()),
            None => Err(self.refused(visit)),
        }
    }

    /// One text for a missing key, an unknown service and a wrong key.
    fn refused(&self, visit: &Visit) -> Problem {
        self.failures.inc();
        if let Err(too_many) = self.stranger(visit) {
            return too_many;
        }
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

pub(crate) fn credentials(headers: &HeaderMap) -> Credentials<'_> {
    let (claimed, key, bearer) =
        (once(headers, "x-service-id"), once(headers, "x-api-key"), once(headers, "authorization"));
    let (Ok(claimed), Ok(key), Ok(bearer)) = (claimed, key, bearer) else {
        // Two keys, or half a one: whoever is between may have read another than we would.
        return Credentials::Unusable;
    };
    if let Some(key) = key {
        return Credentials::Key(claimed.and_then(|id| id.parse().ok()), key);
    }
    if let Some(value) = bearer {
        let Some((_, key)) =
            value.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        else {
            return Credentials::Unusable;
        };
        let key = key.trim();
        let opens = claimed_service(key);
        let agrees = claimed.is_none_or(|id| id.parse().ok() == opens);
        return Credentials::Key(opens.filter(|_| agrees), key);
    }
    if claimed.is_some() { Credentials::Unusable } else { Credentials::None }
}

/// The text of a header that may be given once; an error if it is given twice or is no text.
fn once<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, ()> {
    let mut given = headers.get_all(name).iter();
    match (given.next(), given.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(drop),
        _ => Err(()),
    }
}

/// The service that asks, for handlers.
pub(crate) struct Caller(pub(crate) Tenant);

impl FromRequestParts<Arc<Context>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, context: &Arc<Context>) -> Result<Self, Problem> {
        let visit = parts.extensions.get::<Arc<Visit>>().ok_or_else(Problem::internal)?;
        context.gate.open(&parts.headers, visit, context.clock.now()).map(Self)
    }
}
