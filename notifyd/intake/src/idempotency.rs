//! `Idempotency-Key`: what it is, and which request it stands for.

use crate::problem::Problem;
use axum::http::HeaderMap;
use notifyd_store::api::Idempotency;

/// Longest key, characters.
const MAX_LENGTH: usize = 255;

/// The key of a request, bound to what it asks for and to its body. Two addresses of the same thing are one `subject`.
pub(crate) fn of(headers: &HeaderMap, subject: &str, body: &[u8]) -> Result<Option<Idempotency>, Problem> {
    let mut given = headers.get_all("idempotency-key").iter();
    let Some(first) = given.next() else { return Ok(None) };
    let key = first.to_str().ok().map(str::trim).filter(|key| (1..=MAX_LENGTH).contains(&key.len()));
    let Some(key) = key.filter(|_| given.next().is_none()) else {
        let message = format!("must be given once, with 1 to {MAX_LENGTH} visible ASCII characters");
        return Err(Problem::field("Idempotency-Key", message));
    };
    Ok(Some(Idempotency::of(key, subject, body)))
}

/// The key was used for something else.
pub(crate) fn reused() -> Problem {
    Problem::field("Idempotency-Key", "was used with another request within the last 24 hours; use a new one")
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    fn key(given: &[&[u8]], body: &str) -> Result<Option<Idempotency>, Problem> {
        let mut headers = HeaderMap::new();
        for value in given {
            let name = HeaderName::from_static("idempotency-key");
            headers.append(name, HeaderValue::from_bytes(value).unwrap());
        }
        of(&headers, "sms", body.as_bytes())
    }

    #[test]
    fn a_key_stands_for_one_request() {
        assert_eq!(key(&[], "{}").unwrap(), None);
        let one = key(&[b"order 1"], "{}").unwrap().unwrap();
        assert_eq!(key(&[b"order 1"], "{}").unwrap().unwrap(), one);
        assert_ne!(key(&[b"order 1"], "{ }").unwrap().unwrap().request, one.request);
    }

    #[test]
    fn an_unfit_key_is_refused_by_name() {
        for given in [&[&b""[..]][..], &[&[b'x'; 256]], &["é".as_bytes()], &[b"a", b"b"]] {
            let problem = key(given, "{}").unwrap_err();
            assert_eq!(problem.status(), 422);
        }
        assert!(key(&[&[b'x'; 255]], "{}").is_ok());
    }
}
