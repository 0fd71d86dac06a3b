//! The id by which a request is found again: in its answer, on its notification, in every log line about it.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use notifyd_lifecycle::Entropy;
use std::fmt;

/// The header.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-correlation-id");

/// Longest id that is taken from a caller.
const MAX_LENGTH: usize = 128;

/// A correlation id: 1 to 128 visible ASCII characters. Cloning shares the bytes.
#[derive(Debug, Clone)]
pub(crate) struct Correlation(HeaderValue);

impl Correlation {
    /// The caller's, if it is a fit one, or a new random one.
    pub(crate) fn of(headers: &HeaderMap, entropy: &dyn Entropy) -> Self {
        match headers.get(HEADER) {
            Some(given) if is_fit(given.as_bytes()) => Self(given.clone()),
            _ => Self::random(entropy),
        }
    }

    /// A UUIDv4.
    pub(crate) fn random(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; 16];
        entropy.fill(&mut bytes);
        let uuid = uuid::Builder::from_random_bytes(bytes).into_uuid();
        let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
        let text = uuid.hyphenated().encode_lower(&mut text);
        Self(HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static("unknown")))
    }

    /// As text.
    pub(crate) fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    /// As header value.
    pub(crate) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

impl fmt::Display for Correlation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fn is_fit(bytes: &[u8]) -> bool {
    (1..=MAX_LENGTH).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic)
}

/// The caller's trace context (W3C Trace Context), if it has the right form: `00-{32 hex}-{16 hex}-{2 hex}`.
pub(crate) fn traceparent(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get("traceparent")?.to_str().ok()?;
    let mut parts = text.split('-');
    let hex = |part: Option<&str>, length| {
        part.is_some_and(|part| part.len() == length && part.bytes().all(|b| b.is_ascii_hexdigit()))
    };
    let fits = hex(parts.next(), 2)
        && hex(parts.next(), 32)
        && hex(parts.next(), 16)
        && hex(parts.next(), 2)
        && parts.next().is_none();
    fits.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use notifyd_lifecycle::entropy::SeededEntropy;

    fn of(given: &'static [u8]) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, HeaderValue::from_bytes(given).unwrap());
        Correlation::of(&headers, &SeededEntropy::new(1)).to_string()
    }

    #[test]
    fn a_fit_one_is_kept_and_any_other_replaced_by_a_uuid() {
        assert_eq!(of(b"order-42/a"), "order-42/a");
        assert_eq!(of(&[b'x'; 128]).len(), 128);
        for given in [&b""[..], b"two words", &[b'x'; 129], "é".as_bytes()] {
            let made: uuid::Uuid = of(given).parse().unwrap();
            assert_eq!(made.get_version_num(), 4);
        }
    }

    #[test]
    fn only_a_well_formed_traceparent_is_passed_on() {
        let with = |text: &'static str| {
            let headers = HeaderMap::from_iter([(
                HeaderName::from_static("traceparent"),
                HeaderValue::from_static(text),
            )]);
            traceparent(&headers).is_some()
        };
        assert!(with("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
        assert!(!with("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7"));
        assert!(!with("00-4bf92f3577b34da6a3ce929d0e0e473x-00f067aa0ba902b7-01"));
    }
}
