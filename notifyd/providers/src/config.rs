//! Reading a stored configuration: [`Fields`] hands out one typed field at a time, [`ConfigError`] says which one is
//! wrong and what would be right. Values are never repeated in an error: someone may have put a credential there.

use serde_json::{Map, Value};
use std::borrow::Cow;
use std::ops::RangeInclusive;

/// Why a provider cannot be built from its configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// No such provider type.
    #[error("`{given}` is no provider type; use one of {known}")]
    UnknownKind {
        /// What was given.
        given: String,
        /// The types there are.
        known: String,
    },
    /// The configuration is not a JSON object.
    #[error("the configuration must be a JSON object, such as {{\"host\": \"mail.example.org\"}}")]
    NotAnObject,
    /// A field this type does not have.
    #[error("{kind} has no field `{field}`; {fix}")]
    Unknown {
        /// The type.
        kind: &'static str,
        /// The field as given.
        field: String,
        /// What to do.
        fix: String,
    },
    /// A field that must be there is not.
    #[error("`{field}` is missing; {fix}")]
    Missing {
        /// The field, or `secret`.
        field: &'static str,
        /// What to do.
        fix: String,
    },
    /// A field has a wrong type or value.
    #[error("`{field}` {problem}; {fix}")]
    Invalid {
        /// The field, its path where it lies deeper, or `secret`.
        field: Cow<'static, str>,
        /// What is wrong.
        problem: String,
        /// What to do.
        fix: String,
    },
}

impl ConfigError {
    /// The field at fault, where one is.
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::UnknownKind { .. } | Self::NotAnObject => None,
            Self::Unknown { field, .. } => Some(field),
            Self::Missing { field, .. } => Some(field),
            Self::Invalid { field, .. } => Some(field),
        }
    }

    pub(crate) fn invalid(
        field: impl Into<Cow<'static, str>>,
        problem: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self::Invalid { field: field.into(), problem: problem.into(), fix: fix.into() }
    }

    pub(crate) fn missing(field: &'static str, fix: impl Into<String>) -> Self {
        Self::Missing { field, fix: fix.into() }
    }

    /// The same about a value that lies deeper: `outcome` within `plan.steps[2]` is `plan.steps[2].outcome`.
    pub(crate) fn within(self, path: &str) -> Self {
        match self {
            Self::Invalid { field, problem, fix } => {
                Self::Invalid { field: format!("{path}.{field}").into(), problem, fix }
            }
            other => other,
        }
    }
}

/// The fields of one configuration. A field that is `null` counts as absent.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a>(&'a Map<String, Value>);

impl<'a> Fields<'a> {
    pub(crate) const fn new(map: &'a Map<String, Value>) -> Self {
        Self(map)
    }

    pub(crate) fn get(self, field: &str) -> Option<&'a Value> {
        self.0.get(field).filter(|value| !value.is_null())
    }

    /// A text that is not empty.
    pub(crate) fn text(self, field: &'static str) -> Result<Option<&'a str>, ConfigError> {
        match self.get(field) {
            None => Ok(None),
            Some(Value::String(text)) if !text.trim().is_empty() => Ok(Some(text.trim())),
            Some(Value::String(_)) => {
                Err(ConfigError::invalid(field, "is empty", "leave it out or fill it in"))
            }
            Some(_) => Err(ConfigError::invalid(field, "is not a text", "put it in quotes")),
        }
    }

    /// A whole number within `range`.
    pub(crate) fn whole(
        self,
        field: &'static str,
        range: RangeInclusive<u32>,
    ) -> Result<Option<u32>, ConfigError> {
        let Some(value) = self.get(field) else { return Ok(None) };
        let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
        match number.filter(|number| range.contains(number)) {
            Some(number) => Ok(Some(number)),
            None => Err(ConfigError::invalid(
                field,
                "is out of range or no whole number",
                format!("use a number from {} to {}", range.start(), range.end()),
            )),
        }
    }

    /// A number, possibly with a fraction, within `range`.
    pub(crate) fn number(
        self,
        field: &'static str,
        range: RangeInclusive<f64>,
    ) -> Result<Option<f64>, ConfigError> {
        let Some(value) = self.get(field) else { return Ok(None) };
        match value.as_f64().filter(|number| range.contains(number)) {
            Some(number) => Ok(Some(number)),
            None => Err(ConfigError::invalid(
                field,
                "is out of range or no number",
                format!("use a number from {} to {}", range.start(), range.end()),
            )),
        }
    }

    /// One of a few words.
    pub(crate) fn word<T: Copy>(
        self,
        field: &'static str,
        words: &[(&str, T)],
    ) -> Result<Option<T>, ConfigError> {
        let Some(value) = self.get(field) else { return Ok(None) };
        let found = value.as_str().and_then(|given| words.iter().find(|(word, _)| *word == given));
        if let Some((_, meaning)) = found {
            return Ok(Some(*meaning));
        }
        let allowed: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let fix = format!("use one of {}", allowed.join(", "));
        Err(ConfigError::invalid(field, "is not a known word", fix))
    }
}
