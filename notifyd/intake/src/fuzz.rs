//! Whatever bytes a stranger sends, no part of the intake that reads them panics, and what it makes of them is within its
//! bounds. The ignored case is the long form of the others.

use crate::auth::credentials;
use crate::body::check_type;
use crate::correlation::{Correlation, traceparent};
use crate::decode::{Flaw, decode};
use crate::host::{Hosts, Link};
use crate::options::Options;
use crate::problem::Problem;
use crate::query::Query;
use crate::service_api::list::page;
use crate::service_api::send::Form;
use crate::service_api::webhooks::deliveries;
use crate::{front, idempotency};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, Uri};
use notify_proto::filter::{MAX_VALUES, Term};
use notify_proto::send::SendRequest;
use notify_proto::{Channel, ServiceId, Timestamp};
use notifyd_lifecycle::Policy;
use notifyd_lifecycle::admission::{AdmissionRules, admit};
use notifyd_lifecycle::entropy::SeededEntropy;
use notifyd_lifecycle::revision::{Revision, revise};
use notifyd_lifecycle::webhook::Ask;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value, json};
use std::net::IpAddr;

/// Cases of each kind in the normal suite.
const CASES: u32 = 2_000;

fn check<S: Strategy>(cases: u32, what: &S, test: impl Fn(S::Value)) {
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 10_000, ..Config::default() };
    let ran = TestRunner::new(config).run(what, |value| {
        test(value);
        Ok(())
    });
    ran.unwrap();
}

fn problem(errors: Vec<notifyd_lifecycle::admission::FieldError>) {
    assert!(!errors.is_empty(), "refused without a reason");
    let json = Problem::fields(errors).json(&Correlation::random(&SeededEntropy::new(1)));
    assert!(json.len() < 200_000);
    let json: Value = serde_json::from_slice(&json).unwrap();
    for error in json["errors"].as_array().unwrap() {
        assert!(error["field"] != "" && error["message"] != "", "{error}");
    }
}

/// Reads a body the way a request to send and a change do.
fn body(bytes: &[u8]) {
    let now = Timestamp::from_timestamp(1_800_000_000, 0).unwrap();
    let rules = AdmissionRules::default();
    let is_json = serde_json::from_slice::<Value>(bytes);
    match decode::<SendRequest>(bytes) {
        Ok(request) => {
            assert!(is_json.unwrap().is_object(), "only an object is a request");
            for fixed in [None, Some(Channel::Email), Some(Channel::Sms)] {
                let drafted =
                    admit(request.clone(), fixed, ServiceId::from_bytes([1; 16]), None, now, &rules, &[]);
                problem(drafted.unwrap_err());
            }
        }
        Err(Flaw::NotJson(detail)) => assert!(is_json.is_err() && detail.len() < 300, "{detail}"),
        Err(Flaw::Fields { errors, .. }) => {
            assert!(is_json.is_ok());
            problem(errors);
        }
    }
    if let Ok(ask) = decode::<Ask>(bytes) {
        match ask.create(&Policy::default()) {
            Ok(asked) => assert!((1..=120).contains(&asked.settings.timeout.as_secs())),
            Err(errors) => problem(errors),
        }
    }
    if let Ok(revision) = decode::<Revision>(bytes)
        && let Err(errors) = revise(revision, &[Channel::Email], None, now, &rules)
    {
        problem(errors);
    }
}

/// Anything JSON can say, deeper and odder than a request.
fn anything() -> impl Strategy<Value = Value> {
    let words = [
        "sms",
        "email",
        "instant",
        "2026-01-31T12:00:00Z",
        "+262142-12-31T23:59:59Z",
        "+15005550006",
        "a@b.example",
        "https://a.example/",
        "delivered",
        "persistent",
        "***",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,20}".prop_map(Value::from),
        "[\\x00-\\x7f]{0,20}".prop_map(Value::from),
        select(words.to_vec()).prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((member(), inner), 0..6).prop_map(|all| Value::Object(Map::from_iter(all))),
        ]
    })
}

fn member() -> impl Strategy<Value = String> {
    let known = [
        "to",
        "recipient",
        "channel",
        "channels",
        "content",
        "message",
        "body",
        "subject",
        "html_body",
        "cc",
        "bcc",
        "reply_to",
        "attachments",
        "filename",
        "content_type",
        "content_base64",
        "priority",
        "deduplicate",
        "dedup_window_seconds",
        "dedup_key",
        "scheduled_at",
        "expires_at",
        "retry",
        "policy",
        "delays",
        "base",
        "factor",
        "cap",
        "max_retries",
        "meta_data",
        "channel_options",
        "provider_id",
        "on_unknown",
        "tenant_id",
        "sms",
        "email",
        "url",
        "events",
        "headers",
        "timeout_seconds",
        "retry_profile",
        "secret",
        "description",
        "",
    ];
    prop_oneof![9 => select(known.to_vec()).prop_map(str::to_owned), 1 => "\\PC{0,8}"]
}

/// A request that is nearly right, and then damaged: bytes changed, left out, doubled, cut off.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let good = json!({"to": ["a@b.example"], "subject": "s", "content": "é\u{1f600}", "priority": "high",
        "retry": {"delays": [1, 2]}, "meta_data": {"a": [1, 2.5e3, null]}, "scheduled_at": "2026-01-31T12:00:00Z",
        "attachments": [{"filename": "a", "content_type": "text/plain", "content_base64": "aGk="}]});
    let extra = prop::collection::vec((member(), anything()), 0..4);
    let damage = prop::collection::vec((0..5_u8, any::<Index>(), any::<u8>()), 0..6);
    (extra, damage).prop_map(move |(extra, damage)| {
        let mut request = good.clone();
        request.as_object_mut().unwrap().extend(extra);
        let mut bytes = request.to_string().into_bytes();
        for (kind, at, byte) in damage {
            let at = at.index(bytes.len().max(1)).min(bytes.len().saturating_sub(1));
            match kind {
                _ if bytes.is_empty() => {}
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                2 => drop(bytes.remove(at)),
                3 => bytes.extend_from_within(at..),
                _ => bytes.truncate(at),
            }
        }
        bytes
    })
}

fn bodies(cases: u32) {
    check(cases, &prop::collection::vec(any::<u8>(), 0..300), |bytes| body(&bytes));
    check(cases, &anything(), |value| body(value.to_string().as_bytes()));
    check(cases, &damaged(), |bytes| body(&bytes));
}

/// Values of the headers that mean something, right, half right and wrong.
fn headers() -> impl Strategy<Value = HeaderMap> {
    let names = [
        "host",
        "origin",
        "authorization",
        "x-api-key",
        "x-service-id",
        "content-type",
        "content-encoding",
        "transfer-encoding",
        "idempotency-key",
        "x-correlation-id",
        "traceparent",
        "content-length",
    ];
    let pieces = [
        "localhost",
        "127.0.0.1",
        "[::1]",
        ":",
        "8000",
        "[",
        "]",
        ".",
        "@",
        "evil.example",
        "Bearer",
        " ",
        "-",
        "00000000000000000000000000000001",
        "application/json",
        ";",
        "charset=",
        "utf-8",
        "\"",
        "gzip",
        "chunked",
        ",",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "\u{e9}",
    ];
    let made = prop::collection::vec(select(pieces.to_vec()), 0..5).prop_map(|all| all.concat().into_bytes());
    let value = prop_oneof![3 => made, 1 => prop::collection::vec(any::<u8>(), 0..40)];
    prop::collection::vec((select(names.to_vec()), value), 0..8).prop_map(|all| {
        let fit = all.into_iter().filter_map(|(name, value)| {
            Some((HeaderName::from_static(name), HeaderValue::from_bytes(&value).ok()?))
        });
        let mut headers = HeaderMap::new();
        for (name, value) in fit {
            headers.append(name, value);
        }
        headers
    })
}

/// Whether a host is one that a daemon on loopback goes by.
fn is_own(host: &str) -> bool {
    let digits = host.trim_end_matches(|c: char| c.is_ascii_digit());
    let name = digits.strip_suffix(':').unwrap_or(host);
    let name = name.strip_prefix('[').and_then(|it| it.strip_suffix(']')).unwrap_or(name);
    name.eq_ignore_ascii_case("localhost")
        || [host, name].iter().any(|it| it.parse::<IpAddr>().is_ok_and(|it| it.to_canonical().is_loopback()))
}

fn heads(cases: u32) {
    let hosts = Hosts::new(&Options::default());
    let here = IpAddr::from([127, 0, 0, 1]);
    check(cases, &headers(), |headers| {
        let _ = (credentials(&headers), traceparent(&headers), idempotency::of(&headers, "sms", b""));
        let correlation = Correlation::of(&headers, &SeededEntropy::new(1));
        assert!((1..=128).contains(&correlation.as_str().len()));
        if check_type(&headers).is_ok() {
            assert_eq!(headers.get_all("content-type").iter().count(), 1);
            assert!(
                headers
                    .get_all("content-encoding")
                    .iter()
                    .all(|it| it.as_bytes().eq_ignore_ascii_case(b"identity"))
            );
        }
        if front::check_framing(&headers).is_ok() {
            assert!(headers.get_all("transfer-encoding").iter().count() <= 1);
        }
        assert_eq!(hosts.check_origin(&headers).is_ok(), !headers.contains_key("origin"), "none is allowed");
        let (mut parts, ()) = Request::new(()).into_parts();
        parts.headers = headers;
        if hosts.check_host(&parts, Link { peer: here, local: here }).is_ok() {
            let mut given = parts.headers.get_all("host").iter();
            let host = given.next().unwrap().to_str().unwrap();
            assert!(is_own(host) && given.next().is_none(), "{host}");
        }
    });
}

fn queries(cases: u32) {
    let names = [
        "status",
        "notification_type",
        "priority",
        "provider",
        "tenant_id",
        "event_type",
        "batch_id",
        "recipient",
        "created_after",
        "created_before",
        "skip",
        "limit",
        "with_total",
        "cursor",
        "event",
        "since",
        "until",
        "colour",
        "",
    ];
    let values = [
        "failed",
        "notification.created",
        "sms",
        "high",
        "1",
        "1000",
        "-1",
        "true",
        "2026-01-31T12:00:00Z",
        "*",
        "%2B1500*",
        "%ff",
        "%00",
        "+",
        "",
    ];
    let value = prop_oneof![2 => select(values.to_vec()).prop_map(str::to_owned), 1 => "[!-~]{0,12}"];
    let pair = (select(names.to_vec()), value).prop_map(|(name, value)| format!("{name}={value}"));
    let query = prop_oneof![3 => prop::collection::vec(pair, 0..80).prop_map(|all| all.join("&")), 1 => "[!-~]{0,300}"];
    check(cases, &query, |query| {
        let Ok(uri) = format!("/api/v1/notifications?{query}").parse::<Uri>() else { return };
        let _ = Form::of(uri.path());
        let Ok(pairs) = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&uri) else { return };
        if let Ok(page) = deliveries::page(Query::new(pairs.0.clone())) {
            assert!((1..=1_000).contains(&page.limit) && page.status.len() <= 4 && page.events.len() <= 6);
        }
        let Ok(page) = page(Query::new(pairs.0)) else { return };
        assert!((1..=1_000).contains(&page.limit) && page.filter.terms.len() <= 10);
        for term in &page.filter.terms {
            // Each recipient is looked for in up to three forms.
            assert!(!matches!(term, Term::Is { values, .. } if values.len() > 3 * MAX_VALUES));
        }
    });
}

#[test]
fn no_body_makes_it_panic() {
    bodies(CASES);
}

#[test]
fn no_head_makes_it_panic_or_lets_a_stranger_in() {
    heads(CASES);
}

#[test]
fn no_query_makes_it_panic() {
    queries(CASES);
}

#[test]
#[ignore = "takes minutes"]
fn nothing_makes_it_panic_a_hundred_thousand_times() {
    bodies(100_000);
    heads(100_000);
    queries(100_000);
}
