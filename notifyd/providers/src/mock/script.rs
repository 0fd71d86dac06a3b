//! The mock's configuration: [`Script`] is what it is to do, [`Throttle`] counts the calls of the running second.

use super::plan::{Defaults, Plan};
use super::receipt::{self, Told};
use crate::config::{ConfigError, Fields};
use notifyd_lifecycle::Outcome;
use serde_json::{Map, Value};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);
/// One hour; longer than any time limit of the engine.
const MAX_LATENCY_MS: u32 = 3_600_000;

/// One day; longer pauses are not believed.
const MAX_RETRY_AFTER: u32 = 86_400;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Script {
    pub latency_ms: (u32, u32),
    pub failure_rate: f64,
    pub failure: Outcome,
    pub fail_times: u32,
    pub per_second: Option<u32>,
    pub retry_after: Option<Duration>,
    pub hang: f64,
    pub outcome: Option<Outcome>,
    pub record_file: Option<PathBuf>,
    pub receipt: Option<Told>,
    pub plan: Option<Plan>,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            latency_ms: (0, 0),
            failure_rate: 0.0,
            failure: Outcome::Transient,
            fail_times: 0,
            per_second: None,
            retry_after: None,
            hang: 0.0,
            outcome: None,
            record_file: None,
            receipt: None,
            plan: None,
        }
    }
}

impl Script {
    pub(super) fn read(fields: Fields<'_>) -> Result<Self, ConfigError> {
        let failure = outcome(fields, "failure_outcome")?.unwrap_or(Outcome::Transient);
        if matches!(failure, Outcome::Accepted { .. }) {
            return Err(ConfigError::invalid(
                "failure_outcome",
                "is a success",
                "use a class that is a failure",
            ));
        }
        let latency_ms = millis(fields, "latency_ms")?;
        let receipt = receipt::read(fields)?;
        let retry_after = retry_after(fields)?;
        Ok(Self {
            latency_ms: latency_ms.unwrap_or((0, 0)),
            failure_rate: fields.number("failure_rate", 0.0..=1.0)?.unwrap_or(0.0),
            failure,
            fail_times: fields.whole("fail_times", 0..=u32::MAX)?.unwrap_or(0),
            per_second: fields.whole("rate_limit_per_second", 1..=u32::MAX)?,
            retry_after,
            hang: match fields.get("hang") {
                Some(Value::Bool(hang)) => f64::from(u8::from(*hang)),
                _ => fields.number("hang", 0.0..=1.0)?.unwrap_or(0.0),
            },
            outcome: outcome(fields, "outcome")?,
            record_file: fields.text("record_file")?.map(PathBuf::from),
            plan: Plan::read(
                fields,
                &Defaults { latency_ms: latency_ms.unwrap_or((0, 0)), retry_after, receipt: receipt.clone() },
            )?,
            receipt,
        })
    }
}

pub(super) fn retry_after(fields: Fields<'_>) -> Result<Option<Duration>, ConfigError> {
    let seconds = fields.whole("retry_after_seconds", 1..=MAX_RETRY_AFTER)?;
    Ok(seconds.map(|seconds| Duration::from_secs(seconds.into())))
}

fn outcome(fields: Fields<'_>, field: &'static str) -> Result<Option<Outcome>, ConfigError> {
    let Some(given) = fields.text(field)? else { return Ok(None) };
    class(field, given, "").map(Some)
}

/// A class by the word it is stored as. `more` ends the list of words that are good there.
pub(super) fn class(field: &'static str, given: &str, more: &str) -> Result<Outcome, ConfigError> {
    let known = Outcome::EACH.each_ref().map(Outcome::class).join(", ");
    Outcome::EACH.into_iter().find(|outcome| outcome.class() == given).ok_or_else(|| {
        ConfigError::invalid(field, "names no outcome class", format!("use one of {known}{more}"))
    })
}

/// From and to, milliseconds.
pub(super) fn millis(fields: Fields<'_>, field: &'static str) -> Result<Option<(u32, u32)>, ConfigError> {
    let wrong = |problem: &str| {
        let fix = format!(
            "use whole milliseconds up to {MAX_LATENCY_MS}, such as 20 or {{\"min\": 5, \"max\": 50}}"
        );
        ConfigError::invalid(field, problem, fix)
    };
    let bounds: &Map<String, Value> = match fields.get(field) {
        None => return Ok(None),
        Some(Value::Object(bounds)) => bounds,
        Some(_) => {
            let fixed = fields
                .whole(field, 0..=MAX_LATENCY_MS)
                .map_err(|_| wrong("is out of range or has a wrong form"))?;
            return Ok(fixed.map(|fixed| (fixed, fixed)));
        }
    };
    if bounds.keys().any(|key| key != "min" && key != "max") {
        return Err(wrong("has a key other than min and max"));
    }
    let bound = |key: &str, default: u64| match bounds.get(key) {
        None => Some(default),
        Some(value) => value.as_u64(),
    };
    let min = bound("min", 0).and_then(|min| u32::try_from(min).ok());
    let max = bounds.get("max").and_then(Value::as_u64).and_then(|max| u32::try_from(max).ok());
    match (min, max) {
        (Some(min), Some(max)) if min <= max && max <= MAX_LATENCY_MS => Ok(Some((min, max))),
        (Some(min), Some(max)) if min > max => Err(wrong("has a min above its max")),
        _ => Err(wrong("is out of range or lacks max")),
    }
}

/// A fixed window of one second on the runtime's timer, which tests can pause.
pub(super) struct Throttle {
    limit: u32,
    window: Mutex<Option<(Instant, u32)>>,
}

impl Throttle {
    pub(super) const fn new(limit: u32) -> Self {
        Self { limit, window: Mutex::new(None) }
    }

    /// Counts a call; says how long to stay away when it is one too many.
    pub(super) fn refuse(&self) -> Option<Duration> {
        let now = Instant::now();
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        let (start, count) = match *window {
            Some((start, count)) if now.duration_since(start) < SECOND => (start, count),
            _ => (now, 0),
        };
        if count >= self.limit {
            return Some(SECOND.saturating_sub(now.duration_since(start)));
        }
        *window = Some((start, count + 1));
        None
    }
}
