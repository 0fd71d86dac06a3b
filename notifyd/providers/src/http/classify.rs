//! The table that makes an [`Outcome`] of an answer, and of a fault. A provider whose codes mean something else asks for
//! those first and comes here for the rest.

use super::client::Answer;
use super::fault::{Fault, What};
use super::retry_after;
use notify_proto::Timestamp;
use notifyd_lifecycle::Outcome;
use notifyd_lifecycle::outcome::Invalid;

/// What an answer means when the provider says nothing else; `attempt` is that of the call.
pub fn answer(answer: &Answer, attempt: u32, now: Timestamp) -> Outcome {
    let asked = retry_after::asked(&answer.headers, now);
    match answer.status.as_u16() {
        200..=299 => Outcome::Accepted { external_id: None },
        408 | 421 | 425 => Outcome::Transient,
        // The same request is under way, it may be; once is enough to find out.
        409 if attempt <= 1 => Outcome::Transient,
        410 => Outcome::RecipientInvalid(Invalid::Dead),
        429 => Outcome::RateLimited { after: retry_after::of_quota(&answer.headers, now) },
        // Credentials, billing, a wrong URL or server: nothing that another message would mend.
        401..=404 | 407 | 501 | 505 => Outcome::ProviderConfig,
        400..=499 => Outcome::Permanent,
        503 if asked.is_some() => Outcome::RateLimited { after: asked },
        500..=599 => Outcome::Transient,
        // Not followed; and what is no answer to a message comes from who knows where.
        _ => Outcome::ProviderConfig,
    }
}

/// What a request without an answer means: only after its first byte nobody knows.
pub const fn fault(fault: &Fault) -> Outcome {
    match fault.what {
        What::Forbidden(_) => Outcome::ProviderConfig,
        _ if fault.sent => Outcome::Ambiguous,
        _ => Outcome::Transient,
    }
}

#[cfg(test)]
mod tests {
    use super::super::End;
    use super::*;
    use bytes::Bytes;
    use hyper::StatusCode;
    use hyper::header::{HeaderMap, RETRY_AFTER};
    use std::time::Duration;

    fn class(status: u16, retry_after: Option<&str>, attempt: u32) -> Outcome {
        let mut headers = HeaderMap::new();
        if let Some(text) = retry_after {
            headers.insert(RETRY_AFTER, text.parse().unwrap());
        }
        let status = StatusCode::from_u16(status).unwrap();
        let now = "2026-11-22T10:00:00Z".parse().unwrap();
        answer(&Answer { status, headers, body: Bytes::new(), end: End::Whole }, attempt, now)
    }

    #[test]
    fn every_status_has_its_class() {
        let of = |status: u16| match status {
            200..=299 => "accepted",
            400 | 405 | 406 | 409 | 411..=420 | 422..=424 | 426..=428 | 430..=499 => "permanent",
            408 | 421 | 425 | 500 | 502..=504 | 506..=599 => "transient",
            410 => "recipient_dead",
            429 => "rate_limited",
            _ => "provider_config",
        };
        for status in 100..=999 {
            assert_eq!(class(status, None, 2).class(), of(status), "{status}");
        }
    }

    #[test]
    fn what_depends_on_more_than_the_status() {
        let after = |seconds| Outcome::RateLimited { after: Some(Duration::from_secs(seconds)) };
        assert_eq!(class(409, None, 1), Outcome::Transient);
        assert_eq!(class(409, None, 2), Outcome::Permanent);
        assert_eq!(class(503, Some("7"), 1), after(7));
        assert_eq!(class(503, Some("soon"), 1), Outcome::Transient);
        assert_eq!(class(429, Some("7"), 1), after(7));
        assert_eq!(class(429, Some("soon"), 1), Outcome::RateLimited { after: None });
        assert_eq!(class(500, Some("7"), 1), Outcome::Transient);
    }

    #[test]
    fn only_after_the_first_byte_nobody_knows() {
        let of = |what, sent| fault(&Fault { what, sent, to: String::new() });
        assert_eq!(of(What::TimedOut, false), Outcome::Transient);
        assert_eq!(of(What::TimedOut, true), Outcome::Ambiguous);
        assert_eq!(of(What::Broken(String::new()), true), Outcome::Ambiguous);
        assert_eq!(of(What::Unknown(String::new()), false), Outcome::Transient);
        assert_eq!(of(What::NoConnection, false), Outcome::Transient);
        assert_eq!(of(What::Forbidden("x"), false), Outcome::ProviderConfig);
    }
}
