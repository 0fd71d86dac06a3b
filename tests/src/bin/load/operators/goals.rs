//! What was measured, beside what is wanted of it.

use crate::process::{ms, round};
use crate::say;
use hdrhistogram::Histogram;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// One figure.
#[derive(Debug, Serialize)]
pub struct Goal {
    /// The unit is in the name of the goal.
    measured: f64,
    /// At most this, unless `at_least`.
    wanted: f64,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    at_least: bool,
    met: bool,
}

/// All of them, by name.
#[derive(Debug, Default, Serialize)]
#[serde(transparent)]
pub struct Goals(BTreeMap<String, Goal>);

impl Goals {
    /// A figure that shall be no more than that.
    pub fn at_most(&mut self, name: &str, measured: f64, wanted: f64) {
        self.put(name, measured, wanted, false);
    }

    /// A figure that shall be no less than that.
    pub fn at_least(&mut self, name: &str, measured: f64, wanted: f64) {
        self.put(name, measured, wanted, true);
    }

    /// How long something took: half of the times, and 99 in 100, which shall be no longer than that, milliseconds.
    pub fn quantiles(&mut self, name: &str, took: &Times, wanted: f64) {
        self.at_most(&format!("{name}_p50_ms"), took.ms(0.5), wanted);
        self.at_most(&format!("{name}_p99_ms"), took.ms(0.99), wanted);
    }

    fn put(&mut self, name: &str, measured: f64, wanted: f64, at_least: bool) {
        let met = if at_least { measured >= wanted } else { measured <= wanted };
        say(&format!("{name} {measured:.2}, wanted {wanted}{}", if met { "" } else { ": missed" }));
        self.0.insert(name.to_owned(), Goal { measured: round(measured), wanted, at_least, met });
    }
}

/// How long something took each time.
pub struct Times(Histogram<u64>);

impl Times {
    /// None so far.
    pub fn new() -> anyhow::Result<Self> {
        Ok(Self(Histogram::new_with_bounds(1, 600_000_000, 3)?))
    }

    /// Once more.
    pub fn add(&mut self, took: Duration) {
        self.0.saturating_record(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    }

    /// A quantile, milliseconds.
    pub fn ms(&self, quantile: f64) -> f64 {
        ms(&self.0, quantile)
    }
}
