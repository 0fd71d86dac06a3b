//! When to come back: `Retry-After` as seconds, with a fraction too, or as a date; else the headers that tell when a
//! quota is full again.

use hyper::header::{HeaderMap, RETRY_AFTER};
use notify_proto::Timestamp;
use std::time::Duration;

/// Nobody is left alone for longer than this.
const MOST: Duration = Duration::from_secs(24 * 3_600);

/// Tell when a quota is full again; numbers past [`EPOCH`] are seconds since 1970, others from now.
const RESETS: &[&str] = &["x-ratelimit-reset-after", "x-ratelimit-reset", "ratelimit-reset"];

/// No wait is that long.
const EPOCH: f64 = 1_000_000_000.0;

/// What `Retry-After` says; none when it says nothing that can be understood.
pub(crate) fn asked(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Some(seconds) = number(text) {
        return Some(wait(seconds));
    }
    let at = Timestamp::from(httpdate::parse_http_date(text).ok()?);
    Some((at - now).to_std().unwrap_or_default().min(MOST))
}

/// The same, or what is said of a quota.
pub(super) fn of_quota(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let reset = || {
        let value = RESETS.iter().find_map(|name| number(headers.get(*name)?.to_str().ok()?.trim()))?;
        let since = f64::from(u32::try_from(now.timestamp()).unwrap_or_default());
        Some(wait(if value > EPOCH { (value - since).max(0.0) } else { value }))
    };
    asked(headers, now).or_else(reset)
}

/// Digits, with a fraction or without.
fn number(text: &str) -> Option<f64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    text.parse().ok().filter(|number: &f64| plain && number.is_finite())
}

fn wait(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or(MOST).min(MOST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::{HeaderName, HeaderValue};
    use proptest::prelude::*;

    fn headers(all: &[(&'static str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &str)| {
            (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
        };
        all.iter().map(pair).collect()
    }

    /// Sunday, 22 November 2026, 10:00:00 UTC.
    fn now() -> Timestamp {
        "2026-11-22T10:00:00Z".parse().unwrap()
    }

    #[test]
    fn each_form_is_understood() {
        for (text, seconds) in [
            ("120", Some(120.0)),
            ("0", Some(0.0)),
            (" 5 ", Some(5.0)),
            ("1.5", Some(1.5)),
            ("86401", Some(86_400.0)),
            ("99999999999999999999999999", Some(86_400.0)),
            ("Sun, 22 Nov 2026 10:02:00 GMT", Some(120.0)),
            ("Sunday, 22-Nov-26 10:02:00 GMT", Some(120.0)),
            ("Sun Nov 22 10:02:00 2026", Some(120.0)),
            ("Sun, 22 Nov 2026 09:00:00 GMT", Some(0.0)),
            ("Thu, 22 Nov 2029 09:00:00 GMT", Some(86_400.0)),
            ("-5", None),
            ("1e3", None),
            ("inf", None),
            ("NaN", None),
            ("1.2.3", None),
            (".", None),
            ("", None),
            ("soon", None),
            ("Sun, 32 Nov 2026 10:02:00 GMT", None),
        ] {
            let after = asked(&headers(&[("retry-after", text)]), now());
            assert_eq!(after, seconds.map(Duration::from_secs_f64), "{text:?}");
        }
    }

    #[test]
    fn a_quota_tells_too() {
        let epoch = (now().timestamp() + 30).to_string();
        let fraction = format!("{epoch}.5");
        for (all, seconds) in [
            (vec![("x-ratelimit-reset", epoch.as_str())], Some(30.0)),
            (vec![("x-ratelimit-reset", fraction.as_str())], Some(30.5)),
            (vec![("x-ratelimit-reset", "1000000001")], Some(0.0)),
            (vec![("ratelimit-reset", "7")], Some(7.0)),
            (vec![("x-ratelimit-reset-after", "0.25"), ("x-ratelimit-reset", "9")], Some(0.25)),
            (vec![("retry-after", "3"), ("ratelimit-reset", "7")], Some(3.0)),
            (vec![("retry-after", "soon"), ("ratelimit-reset", "7")], Some(7.0)),
            (vec![], None),
        ] {
            let after = of_quota(&headers(&all), now());
            assert_eq!(after, seconds.map(Duration::from_secs_f64), "{all:?}");
        }
    }

    proptest! {
        #[test]
        fn nobody_is_left_alone_for_more_than_a_day(text in "[ -~]{0,40}|[0-9.]{1,30}") {
            let headers = headers(&[("retry-after", &text), ("x-ratelimit-reset", &text)]);
            prop_assert!(of_quota(&headers, now()).is_none_or(|after| after <= MOST));
        }
    }
}
