//! How often callers may ask: a token bucket per service that has a limit, and one per peer for requests that show no
//! valid key; each is one second's worth deep.

use crate::problem::Problem;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use notifyd_lifecycle::Household;
use notifyd_lifecycle::pacing::Pace;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Peers that are told apart, at most. Only those count that asked within the last second or so.
const MAX_PEERS: usize = 16_384;

/// How often a full table is searched for peers to forget.
const SWEEP: Duration = Duration::from_millis(100);

/// What a limited caller may still do, in the fields of draft-ietf-httpapi-ratelimit-headers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Quota {
    /// Who is limited: the name of the policy.
    who: &'static str,
    rate: f64,
    left: f64,
}

impl Quota {
    /// Puts it onto an answer.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        let full = whole((depth(self.rate) - self.left).max(0.0) / self.rate);
        let left = format!("\"{}\";r={};t={full}", self.who, self.left.floor());
        for (name, text) in [(LIMIT, left), (POLICY, policy(self.who, self.rate))] {
            headers.insert(name, value(&text));
        }
    }
}

const LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Requests that may come at once.
fn depth(rate: f64) -> f64 {
    rate.max(1.0).floor()
}

fn policy(who: &str, rate: f64) -> String {
    format!("\"{who}\";q={};w={}", depth(rate), (depth(rate) / rate).ceil())
}

fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""))
}

/// Whole seconds, none too few.
fn whole(seconds: f64) -> u64 {
    let wait = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

/// Takes one token, or says how long to wait for one.
fn take(pace: &mut Pace, now: Instant) -> Result<f64, Duration> {
    let ready = pace.ready_at(now);
    if ready > now {
        return Err(ready - now);
    }
    pace.take(now);
    Ok(pace.left(now))
}

/// The buckets of services, by the store's number of the service.
#[derive(Default)]
pub(crate) struct Buckets(Mutex<HashMap<i64, Bucket>>);

struct Bucket {
    rate: f64,
    pace: Pace,
}

impl Buckets {
    /// Takes one token of a service limited to `rate` requests per second.
    pub(crate) fn take(&self, service: i64, rate: f64, now: Instant) -> Result<Quota, Problem> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = || Bucket { rate, pace: Pace::new(Some(rate), None, now) };
        let bucket = all.entry(service).or_insert_with(fresh);
        if bucket.rate.to_bits() != rate.to_bits() {
            // An operator changed the limit.
            *bucket = fresh();
        }
        let left = take(&mut bucket.pace, now).map_err(|wait| {
            let detail = format!("This service may make {rate} requests per second; wait before the next.");
            too_many("service", rate, wait, detail)
        })?;
        Ok(Quota { who: "service", rate, left })
    }
}

/// The buckets of peers that show no valid key.
pub(crate) struct Strangers {
    rate: f64,
    table: Mutex<Table>,
}

struct Table {
    peers: HashMap<Household, Pace>,
    /// One bucket for all who come when the table is full, so that nobody's limit is forgotten for a crowd.
    crowd: Option<Pace>,
    swept: Option<Instant>,
}

impl Strangers {
    /// Each may make `rate` requests per second; 0 for no limit.
    pub(crate) fn new(rate: f64) -> Self {
        Self { rate, table: Mutex::new(Table { peers: HashMap::new(), crowd: None, swept: None }) }
    }

    /// Whether both allow the same.
    pub(crate) fn has_rate_of(&self, other: &Self) -> bool {
        self.rate.to_bits() == other.rate.to_bits()
    }

    /// Takes one token of a peer. None when there is no limit.
    pub(crate) fn take(&self, peer: Household, now: Instant) -> Result<Option<Quota>, Problem> {
        let rate = self.rate;
        if rate <= 0.0 {
            return Ok(None);
        }
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let left = take(table.bucket(peer, rate, now), now).map_err(|wait| {
            let detail = format!(
                "There may be {rate} requests per second without a valid key from one address; wait before the next."
            );
            too_many("peer", rate, wait, detail)
        })?;
        Ok(Some(Quota { who: "peer", rate, left }))
    }
}

impl Table {
    fn bucket(&mut self, peer: Household, rate: f64, now: Instant) -> &mut Pace {
        let fresh = || Pace::new(Some(rate), None, now);
        if self.peers.len() >= MAX_PEERS
            && !self.peers.contains_key(&peer)
            && self.swept.is_none_or(|swept| now.saturating_duration_since(swept) >= SWEEP)
        {
            self.swept = Some(now);
            // A full bucket says no more than none.
            self.peers.retain(|_, pace| pace.left(now) < rate.max(1.0));
        }
        if self.peers.len() >= MAX_PEERS && !self.peers.contains_key(&peer) {
            return self.crowd.get_or_insert_with(fresh);
        }
        self.peers.entry(peer).or_insert_with(fresh)
    }
}

/// The refusal, with the header fields that tell when to come back.
fn too_many(who: &'static str, rate: f64, wait: Duration, detail: String) -> Problem {
    let seconds = whole(wait.as_secs_f64()).max(1);
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate-limited", "Too many requests", detail)
        .retry_after(seconds)
        .header(LIMIT, value(&format!("\"{who}\";r=0;t={seconds}")))
        .header(POLICY, value(&policy(who, rate)))
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "an origin for made-up times")]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn headers(problem: Problem) -> HeaderMap {
        let correlation = crate::correlation::Correlation::random(&notifyd_lifecycle::entropy::OsEntropy);
        problem.response(&correlation, HeaderMap::new()).headers().clone()
    }

    #[test]
    fn a_bucket_empties_and_refills_and_a_new_limit_holds_at_once() {
        let buckets = Buckets::default();
        let now = Instant::now();
        assert_eq!(buckets.take(1, 2.0, now).unwrap(), Quota { who: "service", rate: 2.0, left: 1.0 });
        assert!(buckets.take(1, 2.0, now).is_ok());
        assert_eq!(headers(buckets.take(1, 2.0, now).unwrap_err())["retry-after"], "1");
        assert!(buckets.take(2, 2.0, now).is_ok(), "another service has its own");
        assert!(buckets.take(1, 2.0, now + Duration::from_millis(500)).is_ok());
        assert!(buckets.take(1, 100.0, now + Duration::from_millis(500)).is_ok());
    }

    #[test]
    fn a_slow_limit_is_told_in_whole_seconds() {
        let refused = headers(too_many("service", 0.5, Duration::from_millis(1_500), String::new()));
        assert_eq!(refused["retry-after"], "2");
        assert_eq!(refused["ratelimit-policy"], "\"service\";q=1;w=2");
        assert_eq!(refused["ratelimit"], "\"service\";r=0;t=2");
        let mut good = HeaderMap::new();
        Quota { who: "peer", rate: 10.0, left: 2.5 }.write(&mut good);
        assert_eq!(good["ratelimit-policy"], "\"peer\";q=10;w=1");
        assert_eq!(good["ratelimit"], "\"peer\";r=2;t=1");
    }

    #[test]
    fn a_crowd_of_strangers_is_bounded_and_frees_nobody() {
        let strangers = Strangers::new(1.0);
        let now = Instant::now();
        let peer = |n: u32| Household::of(Ipv4Addr::from(n).into());
        assert!(strangers.take(peer(0), now).is_ok());
        let crowd = u32::try_from(MAX_PEERS).unwrap() + 10;
        let passed = (1..crowd).filter(|n| strangers.take(peer(*n), now).is_ok()).count();
        assert_eq!(passed, MAX_PEERS, "those who came last share one bucket");
        assert!(strangers.take(peer(0), now).is_err(), "the first has no new one");
        assert_eq!(strangers.table.lock().unwrap().peers.len(), MAX_PEERS);
        let later = now + Duration::from_secs(2);
        assert!(strangers.take(peer(crowd), later).is_ok());
        assert_eq!(strangers.table.lock().unwrap().peers.len(), 1, "who is quiet is forgotten");
        assert_eq!(Strangers::new(0.0).take(peer(1), now).unwrap(), None);
    }
}
