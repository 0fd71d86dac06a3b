//! What is refused and why, as RFC 9457 problem details. The public text is apart from the private cause, which only
//! the log gets.

use crate::correlation::Correlation;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use notifyd_lifecycle::admission::{FieldError, MAX_ERRORS};
use notifyd_store::{Cause, StoreError};
use serde::Serialize;
use std::borrow::Cow;
use std::error::Error;
use std::fmt::Write as _;

/// Longest text about one field, bytes.
const MAX_TEXT: usize = 512;

/// A refusal. Boxed, because it is the rare half of every result.
#[derive(Debug, Clone)]
pub(crate) struct Problem(Box<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    status: StatusCode,
    kind: &'static str,
    title: &'static str,
    detail: Cow<'static, str>,
    errors: Vec<FieldError>,
    headers: Vec<(HeaderName, HeaderValue)>,
    cause: Option<String>,
}

/// The body on the wire.
#[derive(Serialize)]
struct Wire<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    title: &'a str,
    status: u16,
    detail: &'a str,
    correlation_id: &'a str,
    errors: Vec<WireError<'a>>,
}

#[derive(Serialize)]
struct WireError<'a> {
    field: &'a str,
    message: &'a str,
}

impl Problem {
    pub(crate) fn new(
        status: StatusCode,
        kind: &'static str,
        title: &'static str,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        let (detail, errors, headers, cause) = (detail.into(), Vec::new(), Vec::new(), None);
        Self(Box::new(Inner { status, kind, title, detail, errors, headers, cause }))
    }

    /// Nothing is there, or nothing the caller may know of.
    pub(crate) fn not_found(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "Not found", detail)
    }

    /// No such notification of this service.
    pub(crate) fn no_notification() -> Self {
        Self::not_found("There is no notification with this id.")
    }

    /// No such webhook of this service.
    pub(crate) fn no_webhook() -> Self {
        Self::not_found("There is no webhook with this id.")
    }

    /// Something is there, but not for this method.
    pub(crate) fn method_not_allowed() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method-not-allowed",
            "Method not allowed",
            "This address does not take this method; the Allow header names those it takes.",
        )
    }

    /// The state does not allow it.
    pub(crate) fn conflict(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", "Conflict", detail)
    }

    /// The body is not what it should be, and not even JSON.
    pub(crate) fn bad_request(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-request", "Bad request", detail)
    }

    /// Fields that are wrong, all at once.
    pub(crate) fn fields(mut errors: Vec<FieldError>) -> Self {
        errors.truncate(MAX_ERRORS);
        for error in &mut errors {
            shorten(&mut error.field);
            shorten(&mut error.message);
        }
        let detail = match errors.as_slice() {
            [one] => format!("{}: {}.", one.field, one.message),
            many => format!("{} fields are not valid; errors names each of them.", many.len()),
        };
        let mut problem =
            Self::new(StatusCode::UNPROCESSABLE_ENTITY, "validation", "Validation failed", detail);
        problem.0.errors = errors;
        problem
    }

    /// One field that is wrong.
    pub(crate) fn field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::fields(vec![FieldError { field: field.into(), message: message.into() }])
    }

    /// The caller must come back later.
    pub(crate) fn unavailable(
        kind: &'static str,
        detail: impl Into<Cow<'static, str>>,
        retry_after: u64,
    ) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, kind, "Service unavailable", detail)
            .retry_after(retry_after)
    }

    /// The daemon is about to stop.
    pub(crate) fn draining() -> Self {
        Self::unavailable("draining", "The daemon is stopping and takes nothing new; try again shortly.", 5)
    }

    /// Nothing new is taken, for this reason.
    pub(crate) fn latched(cause: Cause) -> Self {
        let (kind, retry_after) = match cause {
            Cause::Closed => return Self::draining(),
            Cause::DiskLow | Cause::DiskFull => ("storage-full", 30),
            Cause::Pinned => ("storage-full", 5),
            Cause::Failed => ("storage-error", 5),
        };
        let detail = format!("Nothing new is taken: {}. Nothing of this request was stored.", cause.reason());
        Self::unavailable(kind, detail, retry_after)
    }

    /// Something broke that is none of the caller's business.
    pub(crate) fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Internal error",
            "The request could not be answered. The correlation id leads to the cause in the daemon's log.",
        )
    }

    /// Adds `Retry-After` in whole seconds, at least one.
    pub(crate) fn retry_after(self, seconds: u64) -> Self {
        self.header(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)))
    }

    /// Adds a header.
    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }

    /// Keeps the private cause for the log.
    pub(crate) fn because(mut self, cause: &dyn Error) -> Self {
        self.0.cause = Some(chain(cause));
        self
    }

    /// The type, as a word.
    pub(crate) fn kind(&self) -> &'static str {
        self.0.kind
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The private cause, if there is one.
    pub(crate) fn cause(&self) -> Option<&str> {
        self.0.cause.as_deref()
    }

    /// The body.
    pub(crate) fn json(&self, correlation: &Correlation) -> Vec<u8> {
        let errors =
            self.0.errors.iter().map(|error| WireError { field: &error.field, message: &error.message });
        let wire = Wire {
            kind: self.0.kind,
            title: self.0.title,
            status: self.0.status.as_u16(),
            detail: &self.0.detail,
            correlation_id: correlation.as_str(),
            errors: errors.collect(),
        };
        serde_json::to_vec(&wire).unwrap_or_default()
    }

    /// The answer, with `headers` that were decided elsewhere, such as `Allow`.
    pub(crate) fn response(self, correlation: &Correlation, mut headers: HeaderMap) -> Response<Body> {
        headers.remove(header::CONTENT_LENGTH);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        let body = self.json(correlation);
        for (name, value) in self.0.headers {
            headers.insert(name, value);
        }
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.0.status;
        *response.headers_mut() = headers;
        response
    }
}

/// Inside the router a problem travels as an extension: its body needs the correlation id, which only the front knows.
impl IntoResponse for Problem {
    fn into_response(self) -> axum::response::Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.0.status;
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let unknown = "It is not known whether this was stored; repeat it with the same Idempotency-Key.";
        match &error {
            StoreError::Overloaded | StoreError::Pool(_) => Self::unavailable(
                "overloaded",
                "The daemon has more to do than it can; try again shortly.",
                1,
            ),
            StoreError::Closing => Self::draining(),
            StoreError::Latched(cause) => Self::latched(*cause),
            StoreError::Slow => Self::unavailable(
                "overloaded",
                "The answer takes longer than one second to find; ask for less: a narrower filter, a shorter time, no total.",
                1,
            ),
            // It was there when its key was looked at.
            StoreError::ServiceGone => Self::conflict("The service was removed."),
            StoreError::TooMany { .. } => Self::conflict(format!("{error}; remove one first.")),
            StoreError::Commit(_) | StoreError::Write(_) => {
                Self::unavailable("storage-error", format!("The daemon could not write. {unknown}"), 5)
                    .because(&error)
            }
            _ => Self::internal().because(&error),
        }
    }
}

/// Leaves the middle out of a text that is too long to be told: names and values of the caller's may be in it.
fn shorten(text: &mut String) {
    if text.len() > MAX_TEXT {
        let (mut head, mut tail) = (MAX_TEXT / 4, text.len() - MAX_TEXT / 2);
        while !text.is_char_boundary(head) {
            head -= 1;
        }
        while !text.is_char_boundary(tail) {
            tail += 1;
        }
        text.replace_range(head..tail, " … ");
    }
}

/// An error with its causes, for the log.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let _ = write!(text, ": {next}");
        cause = next.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderMap;
    use notifyd_lifecycle::entropy::SeededEntropy;

    #[test]
    fn a_failure_of_the_store_says_what_to_do_and_nothing_of_its_insides() {
        let correlation = Correlation::random(&SeededEntropy::new(1));
        for (error, kind) in [
            (StoreError::Overloaded, "overloaded"),
            (StoreError::Closing, "draining"),
            (StoreError::Latched(Cause::DiskLow), "storage-full"),
            (StoreError::Latched(Cause::DiskFull), "storage-full"),
            (StoreError::Latched(Cause::Pinned), "storage-full"),
            (StoreError::Latched(Cause::Failed), "storage-error"),
            (StoreError::Slow, "overloaded"),
            (StoreError::Commit("disk I/O error in /var/lib".into()), "storage-error"),
        ] {
            let problem = Problem::from(error);
            assert_eq!(problem.0.kind, kind);
            let response = problem.response(&correlation, HeaderMap::new());
            assert_eq!(response.status(), 503, "{kind}");
            let seconds = response.headers()["retry-after"].to_str().unwrap();
            assert!(seconds.parse::<u64>().unwrap() >= 1);
        }
        let full = Problem::from(StoreError::Commit("disk I/O error in /var/lib".into()));
        let json = String::from_utf8(full.json(&correlation)).unwrap();
        assert!(
            json.contains(r#""type":"storage-error""#) && json.contains("same Idempotency-Key"),
            "{json}"
        );
        assert!(!json.contains("/var/lib"));
        assert!(full.cause().unwrap().contains("/var/lib"));
        assert_eq!(Problem::from(StoreError::Corrupt("x".into())).status(), 500);
        assert_eq!(Problem::from(StoreError::ServiceGone).status(), 409);
    }

    #[test]
    fn a_caller_gets_no_more_back_than_helps() {
        let long = FieldError {
            field: "é".repeat(10_000),
            message: format!("a{} expected b", "é".repeat(10_000)),
        };
        let problem = Problem::fields(vec![long; 1_000]);
        let json = String::from_utf8(problem.json(&Correlation::random(&SeededEntropy::new(1)))).unwrap();
        assert!(json.len() < 110_000, "{}", json.len());
        assert!(json.contains("expected b"), "the end of a message says what is right");
    }
}
