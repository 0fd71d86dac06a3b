//! What may be asked of a webhook: the body of a request, held to the rules of every field at once. A service asks over
//! HTTP, an operator over the socket; both get the same answer.

use super::header::{self, MAX_HEADERS};
use super::{EventSet, Keys, Schedule, profile};
use crate::Secret;
use crate::admission::FieldError;
use crate::destination::Policy;
use notify_proto::webhook::HIDDEN;
use notify_proto::{RetryProfile, WebhookEvent};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// Longest description, characters.
pub const MAX_DESCRIPTION: usize = 500;

/// Time for one try, seconds.
const TIMEOUT: std::ops::RangeInclusive<i64> = 1..=120;
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// Headers that every event carries, lower case, besides those that no webhook may set.
const CARRIED: &[&str] = &[
    "user-agent",
    "x-correlation-id",
    "x-notification-id",
    "x-service-id",
    "x-webhook-attempt",
    "x-webhook-event",
];

/// What a dotted event begins with.
const DOTTED: &str = "notification.";

/// Headers that are sent along, by name.
pub type Headers = BTreeMap<String, Secret<String>>;

/// A request to create or change a webhook; what is absent has its default, or stays. Unknown fields are refused by name.
/// It does not show itself: secrets are in it.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Ask {
    /// Its endpoint.
    pub url: Option<String>,
    /// For people; null takes it away.
    pub description: Change<String>,
    /// Whether it is told anything.
    pub is_active: Option<bool>,
    /// What it is told of, short or dotted.
    pub events: Option<Vec<String>>,
    /// Names and values of headers that are sent along, all of them.
    pub headers: Option<Value>,
    /// Retries instead of those of its profile; null leaves it to the profile.
    pub max_retries: Change<i64>,
    /// Time for one try.
    pub timeout_seconds: Option<i64>,
    /// When it is asked again.
    pub retry_profile: Option<RetryProfile>,
    /// Whether it is told nothing of what is sent to whom.
    pub redact: Option<bool>,
    /// A signing secret of the caller's own.
    pub secret: Option<String>,
}

/// What becomes of something that need not be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Change<T> {
    /// It stays.
    #[default]
    Keep,
    /// It goes: null.
    Clear,
    /// This takes its place.
    Set(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Change<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Option::deserialize(from).map(|given| given.map_or(Self::Clear, Self::Set))
    }
}

/// How a webhook is set.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Its endpoint.
    pub url: String,
    /// For people.
    pub description: Option<String>,
    /// What it is told of; not nothing.
    pub events: EventSet,
    /// When it is asked again.
    pub schedule: Schedule,
    /// Time for one try, whole seconds from 1 to 120.
    pub timeout: Duration,
    /// Whether it is told nothing of what is sent to whom.
    pub redact: bool,
    /// Whether it is told anything.
    pub active: bool,
}

/// A checked request.
#[derive(Debug, Clone)]
pub struct Asked {
    /// How it is set from now on.
    pub settings: Settings,
    /// The headers from now on; none when they stay.
    pub headers: Option<Headers>,
    /// The signing secret of the caller's own, when a new webhook shall have it.
    pub secret: Option<Secret<String>>,
}

impl Ask {
    /// Checks it as a new webhook, to be called as `policy` allows.
    pub fn create(self, policy: &Policy) -> Result<Asked, Vec<FieldError>> {
        let mut errors = Errors::default();
        if self.url.is_none() {
            errors.add("url", "is missing: where the events shall be sent, such as https://example.org/hook");
        }
        let secret = self.secret.as_deref().and_then(|text| match own_secret(text) {
            Ok(secret) => Some(secret),
            Err(error) => {
                errors.0.push(error);
                None
            }
        });
        let blank = Settings {
            url: String::new(),
            description: None,
            events: EventSet::ALL,
            schedule: Schedule { profile: RetryProfile::Standard, max_retries: None },
            timeout: DEFAULT_TIMEOUT,
            redact: false,
            active: true,
        };
        self.check(blank, &Headers::new(), secret, policy, errors)
    }

    /// Checks it as a change of a webhook that is set so and has these headers.
    pub fn change(self, now: Settings, headers: &Headers, policy: &Policy) -> Result<Asked, Vec<FieldError>> {
        let mut errors = Errors::default();
        if self.is_empty() {
            errors.add(
                "$",
                "give at least one of url, description, is_active, events, headers, max_retries, timeout_seconds, \
                 retry_profile, redact",
            );
        }
        if self.secret.is_some() {
            errors.add("secret", "is not changed like this; rotate it, so that both sign for a while");
        }
        self.check(now, headers, None, policy, errors)
    }

    const fn is_empty(&self) -> bool {
        let Self { url, description, is_active, events, headers, .. } = self;
        let Self { max_retries, timeout_seconds, retry_profile, redact, secret, .. } = self;
        url.is_none()
            && matches!(description, Change::Keep)
            && is_active.is_none()
            && events.is_none()
            && headers.is_none()
            && matches!(max_retries, Change::Keep)
            && timeout_seconds.is_none()
            && retry_profile.is_none()
            && redact.is_none()
            && secret.is_none()
    }

    fn check(
        self,
        mut it: Settings,
        before: &Headers,
        secret: Option<Secret<String>>,
        policy: &Policy,
        mut errors: Errors,
    ) -> Result<Asked, Vec<FieldError>> {
        if let Some(url) = self.url {
            if let Err(refusal) = policy.check_url(&url) {
                errors.add("url", refusal.to_string());
            }
            it.url = url;
        }
        match self.description {
            Change::Keep => {}
            Change::Clear => it.description = None,
            Change::Set(text) => {
                if text.chars().count() > MAX_DESCRIPTION || text.contains(char::is_control) {
                    errors.add(
                        "description",
                        format!("must be one line of at most {MAX_DESCRIPTION} characters"),
                    );
                }
                it.description = Some(text).filter(|text| !text.is_empty());
            }
        }
        match self.max_retries {
            Change::Keep => {}
            Change::Clear => it.schedule.max_retries = None,
            Change::Set(retries) => match u32::try_from(retries) {
                Ok(retries @ 0..=profile::MAX_RETRIES) => it.schedule.max_retries = Some(retries),
                _ => errors.add(
                    "max_retries",
                    format!("must be 0 to {}, or null for those of the profile", profile::MAX_RETRIES),
                ),
            },
        }
        if let Some(seconds) = self.timeout_seconds {
            match u64::try_from(seconds).ok().filter(|_| TIMEOUT.contains(&seconds)) {
                Some(seconds) => it.timeout = Duration::from_secs(seconds),
                None => errors.add(
                    "timeout_seconds",
                    format!("must be {} to {} seconds", TIMEOUT.start(), TIMEOUT.end()),
                ),
            }
        }
        if let Some(words) = self.events {
            it.events = events(&words, &mut errors);
        }
        let headers = self.headers.map(|asked| headers(&asked, before, &mut errors));
        it.active = self.is_active.unwrap_or(it.active);
        it.redact = self.redact.unwrap_or(it.redact);
        it.schedule.profile = self.retry_profile.unwrap_or(it.schedule.profile);
        if errors.0.is_empty() { Ok(Asked { settings: it, headers, secret }) } else { Err(errors.0) }
    }
}

/// Checks a signing secret that a caller brings along. It is not repeated in the error.
pub fn own_secret(text: &str) -> Result<Secret<String>, FieldError> {
    match Keys::parse(text) {
        Ok(_) if !text.contains(char::is_whitespace) => Ok(Secret::new(text.to_owned())),
        _ => Err(FieldError {
            field: "secret".to_owned(),
            message:
                "must be one signing secret: whsec_ and the base64 of 24 to 64 random bytes; leave it out to \
                      get one"
                    .to_owned(),
        }),
    }
}

/// The event of a word, short or dotted; the error says which words there are.
pub fn event(word: &str) -> Result<WebhookEvent, String> {
    word.strip_prefix(DOTTED).unwrap_or(word).parse().map_err(|error: notify_proto::UnknownWord| {
        format!("{error}, each with or without `{DOTTED}` before it")
    })
}

fn events(words: &[String], errors: &mut Errors) -> EventSet {
    if words.is_empty() {
        errors.add("events", "is empty; leave it out to be told of everything, or set is_active to false");
    }
    let mut known = Vec::with_capacity(words.len().min(WebhookEvent::ALL.len()));
    for (place, word) in words.iter().enumerate() {
        match event(word) {
            Ok(event) if known.contains(&event) => {
                errors.add(format!("events[{place}]"), "is there twice");
            }
            Ok(event) => known.push(event),
            Err(problem) => errors.add(format!("events[{place}]"), problem),
        }
    }
    known.into_iter().collect()
}

fn headers(asked: &Value, before: &Headers, errors: &mut Errors) -> Headers {
    let Value::Object(asked) = asked else {
        errors.add("headers", "is no object of names and values, such as {\"X-Team\": \"ops\"}");
        return Headers::new();
    };
    if asked.len() > MAX_HEADERS {
        errors.add("headers", format!("has {} headers; at most {MAX_HEADERS} are allowed", asked.len()));
        return Headers::new();
    }
    let mut read = Headers::new();
    for (name, value) in asked {
        let field = || format!("headers.{}", header::shown(name));
        let value = match header::one(name, value) {
            Ok(value) => value,
            Err(problem) => {
                errors.add(field(), problem);
                continue;
            }
        };
        let same = |other: &&String| other.eq_ignore_ascii_case(name);
        if CARRIED.iter().any(|carried| carried.eq_ignore_ascii_case(name)) {
            errors.add(field(), "is set by notifyd itself; leave it out");
        } else if read.keys().any(|other| same(&other)) {
            errors.add(field(), "is there twice; names do not differ by case");
        } else if value == HIDDEN {
            match before.iter().find(|(other, _)| same(other)) {
                Some((_, value)) => {
                    read.insert(name.clone(), value.clone());
                }
                None => errors.add(
                    field(),
                    format!("has no value that {HIDDEN} could stand for; give the value itself"),
                ),
            }
        } else {
            read.insert(name.clone(), Secret::new(value.to_owned()));
        }
    }
    read
}

/// What is wrong so far.
#[derive(Default)]
struct Errors(Vec<FieldError>);

impl Errors {
    fn add(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.0.push(FieldError { field: field.into(), message: message.into() });
    }
}

#[cfg(test)]
#[path = "ask_tests.rs"]
mod tests;
