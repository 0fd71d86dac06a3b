//! Reading what is given on the command line. Each error says what a right value looks like; clap turns it into exit 2.

use crate::clock;
use chrono::{Local, NaiveTime, TimeZone as _};
use notify_proto::bulk::Expect;
use notify_proto::control::Limit;
use notify_proto::filter::{Filter, span as parse_span};
use notify_proto::{DeliveryId, NotificationId, Timestamp, WebhookEvent, WebhookId};
use std::fmt::Display;
use std::ops::{Bound, RangeBounds};
use std::str::FromStr;
use std::time::Duration;

/// Rows of a list, when nobody says how many.
pub(crate) const ROWS: u32 = 50;

/// A span of time such as `90s` or `1h30m`; not zero.
pub(crate) fn span(text: &str) -> Result<Duration, String> {
    match span_or_zero(text)? {
        Duration::ZERO => Err("write a span above zero, such as 90s".into()),
        span => Ok(span),
    }
}

/// How often to look again: a span, or whole seconds without a unit, as the tools that watch others take them.
pub(crate) fn every(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(0) => Err("write a span above zero, such as 5s".into()),
        Ok(seconds) => Ok(Duration::from_secs(seconds)),
        Err(_) => span(text),
    }
}

/// A span of time, or `0`, which needs no unit.
pub(crate) fn span_or_zero(text: &str) -> Result<Duration, String> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    parse_span(text)?.to_std().map_err(|_| "that span is too long".into())
}

/// A whole number within these bounds.
pub(crate) fn whole<T, R>(bounds: R) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static
where
    T: FromStr + PartialOrd + Display,
    R: RangeBounds<T> + Clone + Send + Sync + 'static,
{
    move |text| {
        let within = text.parse().ok().filter(|number| bounds.contains(number));
        within.ok_or_else(|| match (bounds.start_bound(), bounds.end_bound()) {
            (Bound::Included(least), Bound::Included(most)) => {
                format!("write a whole number from {least} to {most}")
            }
            (Bound::Included(least), _) => format!("write a whole number, {least} or more"),
            _ => "write a whole number".into(),
        })
    }
}

/// A rate such as `50/s`, `300/m` or `1000/h`, as calls per second.
pub(crate) fn rate(text: &str) -> Result<f64, String> {
    let help = || format!("write a rate such as 50/s, 300/m or 1000/h, not `{}`", shown(text));
    let (count, unit) = text.split_once('/').ok_or_else(help)?;
    let seconds = match unit {
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3_600.0,
        _ => return Err(help()),
    };
    let count: f64 = count.parse().map_err(|_| help())?;
    if count.is_finite() && count > 0.0 { Ok(count / seconds) } else { Err(help()) }
}

/// A rate, or `none`.
pub(crate) fn rate_or_none(text: &str) -> Result<Limit<f64>, String> {
    match text {
        "none" => Ok(Limit::Lift),
        text => rate(text).map(Limit::Set).map_err(|error| format!("{error}; or none")),
    }
}

/// A number of notifications, or about so many: `4218`, `4218~5%`.
pub(crate) fn expect(text: &str) -> Result<Expect, String> {
    let help = || format!("write a number, or one with a tolerance such as 4218~5%, not `{}`", shown(text));
    let (count, percent) = match text.split_once('~') {
        Some((count, percent)) => (count, percent.strip_suffix('%').ok_or_else(help)?),
        None => (text, "0"),
    };
    let count = count.parse().map_err(|_| help())?;
    let percent = percent.parse().map_err(|_| help())?;
    if percent > 100 { Err(help()) } else { Ok(Expect { count, percent }) }
}

/// A number, or `none`.
pub(crate) fn count_or_none(text: &str) -> Result<Limit<u32>, String> {
    match text {
        "none" => Ok(Limit::Lift),
        text => {
            text.parse().map(Limit::Set).map_err(|_| format!("write a number or none, not `{}`", shown(text)))
        }
    }
}

/// Longest idempotency key; the daemon takes a few more characters, for what is put behind it.
const MAX_KEY: usize = 180;

/// An idempotency key.
pub(crate) fn key(text: &str) -> Result<String, String> {
    let fits = (1..=MAX_KEY).contains(&text.len()) && text.bytes().all(|it| it.is_ascii_graphic());
    fits.then(|| text.to_owned())
        .ok_or_else(|| format!("write 1 to {MAX_KEY} characters of plain ASCII, without blanks"))
}

/// A moment that lies ahead: RFC 3339, a span from now, `now`, or `HH:MM` today.
pub(crate) fn ahead(text: &str) -> Result<Timestamp, String> {
    moment(text, 1)
}

/// A moment that lies back: RFC 3339, a span before now, `now`, or `HH:MM` today.
pub(crate) fn back(text: &str) -> Result<Timestamp, String> {
    moment(text, -1)
}

fn moment(text: &str, sign: i32) -> Result<Timestamp, String> {
    let now = clock::now();
    if text == "now" {
        return Ok(now);
    }
    if let Ok(at) = chrono::DateTime::parse_from_rfc3339(text) {
        return Ok(at.to_utc());
    }
    if let Ok(time) = NaiveTime::parse_from_str(text, "%H:%M") {
        let today = now.with_timezone(&Local).date_naive().and_time(time);
        return Local
            .from_local_datetime(&today)
            .earliest()
            .map(|at| at.to_utc())
            .ok_or_else(|| format!("the clock skips {} today; write the time in RFC 3339", shown(text)));
    }
    let span = parse_span(text).map_err(|error| format!("{error}, an RFC 3339 time, or HH:MM for today"))?;
    now.checked_add_signed(span * sign).ok_or_else(|| "that is too far away".into())
}

/// A filter.
pub(crate) fn filter(text: &str) -> Result<Filter, String> {
    if text.trim().is_empty() {
        return Err("an empty filter matches nothing here; to mean all, write '*'".into());
    }
    Filter::parse(text, clock::now()).map_err(|error| format!("{error}; see notifyctl help filters"))
}

/// The id of a notification.
pub(crate) fn id(text: &str) -> Result<NotificationId, String> {
    text.trim().parse().map_err(|_| {
        let shown = shown(text);
        format!("`{shown}` is no notification id; ids look like 0197a6c2-5b1e-7cc0-8000-0123456789ab")
    })
}

/// The id of a webhook.
pub(crate) fn webhook(text: &str) -> Result<WebhookId, String> {
    uuid(text, "webhook", "notifyctl webhook list")
}

/// The id of an event that a webhook is told.
pub(crate) fn delivery(text: &str) -> Result<DeliveryId, String> {
    uuid(text, "webhook delivery", "notifyctl webhook deliveries")
}

fn uuid<T: FromStr>(text: &str, what: &str, list: &str) -> Result<T, String> {
    text.trim().parse().map_err(|_| format!("`{}` is no {what} id; {list} shows them", shown(text)))
}

/// An event of a notification, short or dotted.
pub(crate) fn event(text: &str) -> Result<WebhookEvent, String> {
    let word = text.strip_prefix("notification.").unwrap_or(text);
    word.parse().map_err(|error: notify_proto::UnknownWord| error.to_string())
}

/// `yes` or `no`.
pub(crate) fn yes_or_no(text: &str) -> Result<bool, String> {
    match text {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err(format!("write yes or no, not `{}`", shown(text))),
    }
}

/// `key=value`.
pub(crate) fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(format!("write key=value, not `{}`", shown(text))),
    }
}

fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_is_none_hears_what_would_be_one() {
        let (open, closed) = (whole(1_u64..), whole(4_u32..=16));
        assert_eq!((open("1"), closed("16")), (Ok(1), Ok(16)));
        for text in ["x", "0", "-1", "1.5", ""] {
            assert_eq!(open(text).unwrap_err(), "write a whole number, 1 or more", "{text}");
        }
        assert_eq!(closed("3").unwrap_err(), "write a whole number from 4 to 16");
    }

    #[test]
    fn spans_have_units() {
        assert_eq!(span("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(span("1h30m"), Ok(Duration::from_mins(90)));
        assert_eq!(span_or_zero("0"), Ok(Duration::ZERO));
        assert!(span("90").unwrap_err().contains("write 90s"));
        assert!(span("0").is_err() && span("0s").is_err() && span("-5s").is_err() && span("").is_err());
    }

    #[test]
    fn rates_have_units() {
        assert_eq!(rate("50/s"), Ok(50.0));
        assert_eq!(rate("90/m"), Ok(1.5));
        for text in ["50", "0/s", "-1/s", "x/s", "1/d", "inf/s", "NaN/s"] {
            assert!(rate(text).unwrap_err().contains("50/s"), "{text}");
        }
    }

    #[test]
    fn limits_can_be_lifted() {
        assert_eq!(rate_or_none("none"), Ok(Limit::Lift));
        assert_eq!(rate_or_none("50/s"), Ok(Limit::Set(50.0)));
        assert!(rate_or_none("0/s").unwrap_err().contains("or none"));
        assert_eq!((count_or_none("none"), count_or_none("3")), (Ok(Limit::Lift), Ok(Limit::Set(3))));
        assert!(count_or_none("-3").unwrap_err().contains("number or none"));
    }

    #[test]
    fn expectations_have_a_tolerance() {
        assert_eq!(expect("12"), Ok(Expect { count: 12, percent: 0 }));
        assert_eq!(expect("4218~5%"), Ok(Expect { count: 4_218, percent: 5 }));
        for text in ["", "x", "-1", "5~", "5~5", "5%", "5~101%", "5~1.5%"] {
            assert!(expect(text).unwrap_err().contains("4218~5%"), "{text}");
        }
    }

    #[test]
    fn moments_are_read_in_all_forms() {
        let now = clock::now();
        assert!(ahead("1h").unwrap() > now && back("1h").unwrap() < now);
        assert_eq!(ahead("2026-01-02T03:04:05Z").unwrap().timestamp(), 1_767_323_045);
        assert_eq!(back("00:00").unwrap().with_timezone(&Local).format("%H:%M").to_string(), "00:00");
        assert!(ahead("90").unwrap_err().contains("write 90s"));
    }

    #[test]
    fn filters_ids_and_pairs() {
        assert!(filter("").unwrap_err().contains("'*'"));
        assert_eq!(filter("*"), Ok(Filter::default()));
        assert!(filter("state:x").unwrap_err().contains("help filters"));
        assert!(id("x\u{1b}[31m").unwrap_err().starts_with("`x[31m` is no notification id"));
        assert_eq!(event("notification.delivered"), Ok(WebhookEvent::Delivered));
        assert!(event("read").unwrap_err().contains("retry_scheduled"));
        assert!(webhook("wh_12").unwrap_err().contains("webhook list") && yes_or_no("1").is_err());
        assert_eq!(pair("a=b=c"), Ok(("a".into(), "b=c".into())));
        assert!(pair("=b").is_err() && pair("ab").is_err());
    }
}
