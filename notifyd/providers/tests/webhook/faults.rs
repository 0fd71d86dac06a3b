//! Which outcome each fault has: the HTTP rows of the fault table (R9).

use crate::fake::{Act, Server, answer};
use crate::{Names, PATH, allowing, is_accepted, only, own, send, send_to, webhook};
use notifyd_lifecycle::Outcome;
use notifyd_lifecycle::outcome::{Invalid, Scope};
use serde_json::json;
use std::time::Duration;

/// How each status is classed, at the operator's own URL and at a recipient's.
fn expected(status: u16) -> (&'static str, &'static str) {
    match status {
        200..=299 => ("accepted", "accepted"),
        300..=399 | 401..=403 | 407 => ("provider_config", "permanent"),
        408 | 421 | 425 | 500..=599 => ("transient", "transient"),
        410 => ("provider_config", "recipient_dead"),
        429 => ("rate_limited", "rate_limited"),
        400..=499 => ("permanent", "permanent"),
        _ => ("provider_config", "permanent"),
    }
}

#[tokio::test]
async fn each_status_has_its_class_and_no_redirect_is_followed() {
    let elsewhere = Server::start([]).await;
    for status in (200..=511).chain([599, 600, 999]) {
        let headers = format!("Location: {}\r\n", elsewhere.url("/"));
        // These have no body.
        let body = if matches!(status, 204 | 304) { String::new() } else { format!("no: {PATH}") };
        let say = if body.is_empty() {
            format!("HTTP/1.1 {status} Word\r\n{headers}\r\n")
        } else {
            answer(&format!("{status} Word"), &headers, &body)
        };
        let server = Server::start([Act::Say(say.clone()), Act::Say(say)]).await;
        let anyone = webhook(&only(&server), &json!({}), None);
        let report = send_to(&own(&server, &json!({})), "https://x.example/", &json!({}), 2).await;
        let theirs = send_to(&anyone, &server.url(PATH), &json!({}), 2).await;
        assert_eq!((report.outcome.class(), theirs.outcome.class()), expected(status), "{status}");
        assert_eq!((report.scope, theirs.scope), (Scope::Provider, Scope::Target), "{status}");
        let message = report.message.unwrap();
        assert!(message.starts_with(&status.to_string()), "{message}");
        assert_eq!(message.contains("no: ••••"), !is_accepted(&theirs) && !body.is_empty(), "{message}");
        assert_eq!((server.connections(), server.requests().len()), (2, 2), "{status}");
    }
    assert_eq!(elsewhere.connections(), 0, "a redirect was followed");
}

#[tokio::test]
async fn when_to_come_back_is_understood() {
    let after = |seconds| Outcome::RateLimited { after: Some(Duration::from_secs_f64(seconds)) };
    for (status, said, outcome) in [
        ("429 Slow", "Retry-After: 7\r\n", after(7.0)),
        ("429 Slow", "Retry-After: 1.5\r\n", after(1.5)),
        ("429 Slow", "Retry-After: Thu, 01 Jan 1970 00:00:00 GMT\r\n", after(0.0)),
        ("429 Slow", "Retry-After: 999999\r\n", after(86_400.0)),
        ("429 Slow", "Retry-After: soon\r\n", Outcome::RateLimited { after: None }),
        ("429 Slow", "RateLimit-Reset: 3\r\n", after(3.0)),
        ("503 Busy", "Retry-After: 7\r\n", after(7.0)),
        ("503 Busy", "", Outcome::Transient),
    ] {
        let server = Server::start([Act::Say(answer(status, said, ""))]).await;
        assert_eq!(send(&own(&server, &json!({}))).await.outcome, outcome, "{status} {said}");
        let server = Server::start([Act::Say(answer(status, said, ""))]).await;
        let anyone = webhook(&only(&server), &json!({}), None);
        let theirs = send_to(&anyone, &server.url(PATH), &json!({}), 1).await;
        assert_eq!((theirs.outcome, theirs.scope), (outcome, Scope::Target), "{status} {said}");
    }
}

#[tokio::test]
async fn a_conflict_is_tried_once_more() {
    for (attempt, outcome) in [(1, Outcome::Transient), (2, Outcome::Permanent)] {
        let server = Server::start([Act::Say(answer("409 Conflict", "", ""))]).await;
        let provider = own(&server, &json!({}));
        assert_eq!(send_to(&provider, "https://x.example/", &json!({}), attempt).await.outcome, outcome);
    }
}

#[tokio::test]
async fn what_goes_wrong_before_the_first_byte_is_not_in_doubt() {
    // Nobody listens.
    let server = Server::start([]).await;
    let (network, url) = (only(&server), server.url(PATH));
    let address = server.address;
    drop(server);
    // The port is free when it can be taken again.
    drop(tokio::net::TcpListener::bind(address).await);
    let report = send(&webhook(&network, &json!({"url": url}), None)).await;
    assert_eq!(report.outcome, Outcome::Transient);
    let message = report.message.unwrap();
    let scheme_host_and_port = format!("http://{address}: cannot connect: ");
    assert!(message.starts_with(&scheme_host_and_port), "{message}");
    assert!(message.ends_with("(before anything was sent)"), "{message}");

    // The same at a recipient's URL is nobody else's matter.
    let theirs = send_to(&webhook(&network, &json!({}), None), &url, &json!({}), 1).await;
    assert_eq!(
        (report.scope, theirs.outcome, theirs.scope),
        (Scope::Provider, Outcome::Transient, Scope::Target)
    );

    // Nobody knows the name, or it stands for nothing.
    let names = Names::of(&[("empty.example", &[&[]])]);
    for name in ["nobody.example", "empty.example"] {
        let network = allowing(&[], names.clone());
        let report = send(&webhook(&network, &json!({"url": format!("https://{name}{PATH}")}), None)).await;
        assert_eq!(report.outcome, Outcome::Transient, "{report:?}");
        assert!(report.message.unwrap().contains("the name cannot be looked up"));
    }

    // All connections are busy: nobody goes on with the call that has the only one.
    let mut server = Server::start([Act::Stall]).await;
    let provider = own(&server, &json!({"max_connections": 1, "timeout_seconds": 1}));
    let mut first = Box::pin(send(&provider));
    tokio::select! {
        report = &mut first => panic!("{report:?}"),
        () = server.begun(1) => {}
    }
    let second = send(&provider).await;
    assert_eq!((&second.outcome, server.connections()), (&Outcome::Transient, 1), "{second:?}");
    assert!(second.message.unwrap().contains("no connection was free"));
}

#[tokio::test]
async fn after_the_first_byte_only_a_whole_answer_settles_it() {
    let half = "HTTP/1.1 200 OK\r\nContent-Le";
    let large = json!({"content": "x".repeat(9 << 20)});
    let mut running = tokio::task::JoinSet::new();
    let cases = [
        (Act::Reset, json!({})),
        (Act::ResetInBody, large),
        (Act::SayAndCut(String::new()), json!({})),
        (Act::SayAndCut(half.into()), json!({})),
        (Act::SayAndCut("220 mail.example ESMTP\r\n".into()), json!({})),
        (Act::SayAndCut("\0\u{1}\u{2}garbage\r\n\r\n".into()), json!({})),
        (Act::SayAndCut("HTTP/1.1 2000 OK\r\n\r\n".into()), json!({})),
        (Act::SayAndCut(format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(1 << 20))), json!({})),
        (Act::SayAndCut("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n".into()), json!({})),
        (
            Act::SayAndCut("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx".into()),
            json!({}),
        ),
        (Act::Stall, json!({})),
        (Act::Drip(half.into()), json!({})),
    ];
    for (act, message) in cases {
        running.spawn(async move {
            let server = Server::start([act.clone()]).await;
            let provider = own(&server, &json!({"timeout_seconds": 2}));
            let report = send_to(&provider, "https://x.example/", &message, 1).await;
            assert_eq!(report.outcome, Outcome::Ambiguous, "{act:?}: {report:?}");
            let message = report.message.unwrap();
            assert!(message.ends_with("(after the request was sent)"), "{act:?}: {message}");
            // What is in doubt is not sent again from here.
            assert_eq!(server.connections(), 1);
        });
    }
    while let Some(ended) = running.join_next().await {
        ended.unwrap();
    }
}

#[tokio::test]
async fn a_2xx_alone_means_taken_whatever_becomes_of_the_rest() {
    let id = json!({"id_path": "id", "timeout_seconds": 2});
    let mut running = tokio::task::JoinSet::new();
    for (act, found) in [
        (Act::Say(answer("200 OK", "", "{\"id\": \"m-1\"}")), Some("m-1")),
        (Act::Say(answer("202 Accepted", "", "")), None),
        (Act::Say("HTTP/1.1 204 No Content\r\n\r\n".into()), None),
        (Act::Say(answer("200 OK", "", "{\"id\": ")), None),
        (Act::Say(answer("200 OK", "Content-Encoding: gzip\r\n", "\u{1f}garbage")), None),
        (
            Act::Say(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nc\r\n{\"id\":\"m-2\"}\r\n0\r\n\r\n"
                    .into(),
            ),
            Some("m-2"),
        ),
        (Act::SayAndCut("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"id\"".into()), None),
        (Act::SayAndCut("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n".into()), None),
        (Act::SayAndCut("HTTP/1.0 200 OK\r\n\r\n{\"id\": 7}".into()), Some("7")),
        (Act::Drip("HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n".into()), None),
    ] {
        let id = id.clone();
        running.spawn(async move {
            let server = Server::start([act.clone()]).await;
            let report = send(&own(&server, &id)).await;
            let external_id = found.map(str::to_owned);
            assert_eq!(report.outcome, Outcome::Accepted { external_id }, "{act:?}: {report:?}");
        });
    }
    while let Some(ended) = running.join_next().await {
        ended.unwrap();
    }
}

#[tokio::test]
async fn an_answer_in_the_middle_of_the_request_is_an_answer() {
    let server = Server::start([Act::SayAtOnce(answer("413 Too Large", "", "no"))]).await;
    let provider = own(&server, &json!({}));
    let large = json!({"content": "x".repeat(9 << 20)});
    let report = send_to(&provider, "https://x.example/", &large, 1).await;
    assert_eq!(report.outcome, Outcome::Permanent, "{report:?}");
    // Half a request is on that connection: it is not used again.
    assert!(is_accepted(&send(&provider).await));
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn an_answer_of_a_gibibyte_is_cut_with_its_connection() {
    let mut server = Server::start([Act::Flood(1 << 30)]).await;
    let provider = own(&server, &json!({}));
    assert!(is_accepted(&send(&provider).await));
    server.until_open(0).await;
    assert!(server.flooded() < 64 << 20, "{} bytes were taken", server.flooded());
    assert!(is_accepted(&send(&provider).await));
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn a_message_that_cannot_be_sent_fails_alone() {
    let server = Server::start([]).await;
    let anyone = webhook(&only(&server), &json!({}), None);
    for (to, options) in [
        ("", json!({})),
        ("ftp://hooks.example.org/canary", json!({})),
        (&*server.url("/"), json!({"webhook": {"method": "BREW"}})),
        (&*server.url("/"), json!({"webhook": {"headers": {"X-A": "a\r\nX-Evil: 1"}}})),
        (&*server.url("/"), json!({"webhook": {"headers": {"webhook-signature": "v1,forged"}}})),
    ] {
        let report = send_to(&anyone, to, &json!({"channel_options": options}), 1).await;
        assert_eq!(report.outcome, Outcome::Permanent, "{to} {options}: {report:?}");
        assert_eq!(report.scope, Scope::Target);
    }
    assert_eq!(server.connections(), 0);
    let dead = Outcome::RecipientInvalid(Invalid::Dead);
    let server = Server::start([Act::Say(answer("410 Gone", "", ""))]).await;
    let anyone = webhook(&only(&server), &json!({}), None);
    assert_eq!(send_to(&anyone, &server.url(PATH), &json!({}), 1).await.outcome, dead);
}
