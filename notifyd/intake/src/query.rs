//! Query parameters: every unknown or wrong one is named at once.

use crate::problem::Problem;
use chrono::{DateTime, Utc};
use notify_proto::Timestamp;
use notifyd_lifecycle::admission::FieldError;
use std::str::FromStr;

/// The parameters of one request that were not taken yet, and what was wrong with those that were.
pub(crate) struct Query {
    pairs: Vec<(String, String)>,
    errors: Vec<FieldError>,
}

impl Query {
    pub(crate) fn new(pairs: Vec<(String, String)>) -> Self {
        Self { pairs, errors: Vec::new() }
    }

    /// All values of a parameter that may be repeated, each once, empty ones left out.
    pub(crate) fn all(&mut self, name: &str) -> Vec<String> {
        let mut values = Vec::new();
        self.pairs.retain_mut(|(key, value)| {
            if key == name {
                let value = std::mem::take(value);
                if !value.is_empty() && !values.contains(&value) {
                    values.push(value);
                }
            }
            key != name
        });
        values
    }

    /// The value of a parameter that may be given once.
    pub(crate) fn one(&mut self, name: &str) -> Option<String> {
        let mut values = self.all(name);
        if values.len() > 1 {
            self.wrong(name, "may be given once");
        }
        values.pop()
    }

    /// The same, understood as something; `help` says what a right one looks like.
    pub(crate) fn parsed<T: FromStr>(&mut self, name: &str, help: &str) -> Option<T> {
        let text = self.one(name)?;
        let value = text.parse().ok();
        if value.is_none() {
            self.wrong(name, help);
        }
        value
    }

    /// A moment. A `+` that was not escaped has become a blank; it is read as the `+` it must have been.
    pub(crate) fn time(&mut self, name: &str) -> Option<Timestamp> {
        let text = self.one(name)?;
        let at = DateTime::parse_from_rfc3339(&text.replace(' ', "+")).ok();
        if at.is_none() {
            self.wrong(name, "must be an RFC 3339 time such as 2026-01-31T12:00:00Z");
        }
        at.map(|at| at.with_timezone(&Utc))
    }

    /// All values of a parameter that must be words of one vocabulary.
    pub(crate) fn words<T: FromStr<Err: ToString>>(&mut self, name: &str) -> Vec<String> {
        let values = self.all(name);
        for value in &values {
            if let Err(problem) = value.parse::<T>() {
                self.wrong(name, problem.to_string());
            }
        }
        values
    }

    /// Notes that a parameter is wrong.
    pub(crate) fn wrong(&mut self, name: &str, message: impl Into<String>) {
        self.errors.push(FieldError { field: name.to_owned(), message: message.into() });
    }

    /// Ends it: whatever was not taken is unknown.
    pub(crate) fn finish(mut self) -> Result<(), Problem> {
        for (name, _) in std::mem::take(&mut self.pairs) {
            self.wrong(&name, "is no parameter of this address");
        }
        if self.errors.is_empty() { Ok(()) } else { Err(Problem::fields(self.errors)) }
    }
}
