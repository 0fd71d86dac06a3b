//! How often each service may ask: a token bucket per service that has a limit, one second's worth deep.

use crate::problem::Problem;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use notifyd_lifecycle::pacing::Pace;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The buckets, by the store's number of the service.
#[derive(Default)]
pub(crate) struct Buckets(Mutex<HashMap<i64, Bucket>>);

struct Bucket {
    rate: f64,
    pace: Pace,
}

impl Buckets {
    /// Takes one token of a service limited to `rate` requests per second, or says how long to wait for one.
    pub(crate) fn take(&self, service: i64, rate: f64, now: Instant) -> Result<(), Duration> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = || Bucket { rate, pace: Pace::new(Some(rate), None, now) };
        let bucket = all.entry(service).or_insert_with(fresh);
        if bucket.rate.to_bits() != rate.to_bits() {
            // An operator changed the limit.
            *bucket = fresh();
        }
        let ready = bucket.pace.ready_at(now);
        if ready > now {
            return Err(ready - now);
        }
        bucket.pace.take(now);
        Ok(())
    }
}

/// The refusal, with the fields of the RateLimit header draft (draft-ietf-httpapi-ratelimit-headers).
pub(crate) fn too_many(rate: f64, wait: Duration) -> Problem {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    let quota = rate.max(1.0).floor();
    let window = (quota / rate).ceil();
    let header = |text: String| HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""));
    Problem::new(
        StatusCode::TOO_MANY_REQUESTS,
        "rate-limited",
        "Too many requests",
        format!("This service may make {rate} requests per second; wait before the next."),
    )
    .retry_after(seconds)
    .header(HeaderName::from_static("ratelimit"), header(format!("\"service\";r=0;t={}", seconds.max(1))))
    .header(HeaderName::from_static("ratelimit-policy"), header(format!("\"service\";q={quota};w={window}")))
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "an origin for made-up times")]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_empties_and_refills_and_a_new_limit_holds_at_once() {
        let buckets = Buckets::default();
        let now = Instant::now();
        assert!(buckets.take(1, 2.0, now).is_ok());
        assert!(buckets.take(1, 2.0, now).is_ok());
        assert_eq!(buckets.take(1, 2.0, now), Err(Duration::from_millis(500)));
        assert!(buckets.take(2, 2.0, now).is_ok(), "another service has its own");
        assert!(buckets.take(1, 2.0, now + Duration::from_millis(500)).is_ok());
        assert!(buckets.take(1, 100.0, now + Duration::from_millis(500)).is_ok());
    }

    #[test]
    fn a_slow_limit_is_told_in_whole_seconds() {
        let problem = too_many(0.5, Duration::from_millis(1_500));
        let correlation = crate::correlation::Correlation::random(&notifyd_lifecycle::entropy::OsEntropy);
        let response = problem.response(&correlation, axum::http::HeaderMap::new());
        assert_eq!(response.headers()["retry-after"], "2");
        assert_eq!(response.headers()["ratelimit-policy"], "\"service\";q=1;w=2");
        assert_eq!(response.headers()["ratelimit"], "\"service\";r=0;t=2");
    }
}
