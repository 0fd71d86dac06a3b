//! What a request looks like on the wire.

use crate::fake::Server;
use crate::{PATH, is_accepted, notification, only, send, send_to, webhook};
use notifyd_lifecycle::webhook::Keys;
use serde_json::json;

const SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";
const OLD: &str = "whsec_GBkaGxwdHh8gISIjJCUmJygpKissLS4v";

#[tokio::test]
async fn the_document_and_its_headers() {
    let server = Server::start([]).await;
    let config = json!({"url": server.url("/in?k=1"), "headers": {"X-Team": "ops"}});
    let provider = webhook(&only(&server), &config, None);
    let message = json!({
        "tenant_id": "t7", "event_type": "ci.failed", "category": "builds", "meta_data": {"build": 214},
        "correlation_id": "c-1",
    });
    assert!(is_accepted(&send_to(&provider, "https://hooks.example.org/ann", &message, 3).await));
    let request = &server.requests()[0];
    assert_eq!(request.head[0], "POST /in?k=1 HTTP/1.1");
    let id = notification().to_string();
    for (name, value) in [
        ("host", server.address.to_string()),
        ("content-type", "application/json".into()),
        ("content-length", request.body.len().to_string()),
        ("user-agent", concat!("notifyd/", env!("CARGO_PKG_VERSION")).into()),
        ("x-team", "ops".into()),
        ("webhook-id", id.clone()),
    ] {
        assert_eq!(request.header(name), Some(value.as_str()), "{name}");
    }
    // Nothing else: no cookie, no wish for a coding that is not understood, no signature without a secret.
    assert_eq!(request.head.len(), 8, "{:?}", request.head);
    let mut body = request.json();
    let sent: i64 = request.header("webhook-timestamp").unwrap().parse().unwrap();
    let timestamp = body["timestamp"].take();
    let timestamp: notify_proto::Timestamp = timestamp.as_str().unwrap().parse().unwrap();
    assert!((timestamp.timestamp() - sent).abs() <= 1);
    let data = json!({
        "id": id, "attempt": 3, "recipient": "https://hooks.example.org/ann", "tenant": "t7",
        "event_type": "ci.failed", "category": "builds", "title": "Build 214 failed", "body": "2 tests red",
        "meta_data": {"build": 214}, "correlation_id": "c-1",
    });
    assert_eq!(body, json!({"type": "notification.send", "timestamp": null, "data": data}));
}

#[tokio::test]
async fn what_is_sent_is_what_is_signed_and_the_id_stays() {
    let server = Server::start([]).await;
    let both = format!("{SECRET} {OLD}");
    let provider = webhook(&only(&server), &json!({"url": server.url(PATH)}), Some(&both));
    for attempt in 1..=3 {
        assert!(is_accepted(&send_to(&provider, "https://x.example/", &json!({}), attempt).await));
    }
    for request in server.requests() {
        let id = request.header("webhook-id").unwrap();
        assert_eq!(id, notification().to_string());
        let at = request.header("webhook-timestamp").unwrap().parse().unwrap();
        let signature = request.header("webhook-signature").unwrap();
        for (secret, signed) in [SECRET, OLD].iter().zip(signature.split(' ')) {
            assert_eq!(Keys::parse(secret).unwrap().sign(id, at, &request.body), signed);
        }
        assert_eq!(signature.split(' ').count(), 2);
    }
}

#[tokio::test]
async fn callers_choose_the_method_and_add_headers_but_never_replace_the_operators() {
    let server = Server::start([]).await;
    let config = json!({"url": server.url("/"), "method": "PATCH", "headers": {"X-Team": "ops"}});
    let provider = webhook(&only(&server), &config, None);
    send(&provider).await;
    let options =
        json!({"method": "PUT", "headers": {"x-team": "evil", "X-Trace": "7", "User-Agent": "evil"}});
    send_to(&provider, "https://x.example/", &json!({"channel_options": {"webhook": options}}), 1).await;
    let requests = server.requests();
    assert_eq!(requests[0].head[0], "PATCH / HTTP/1.1");
    assert_eq!(requests[1].head[0], "PUT / HTTP/1.1");
    assert_eq!(requests[1].header("x-team"), Some("ops"));
    assert_eq!(requests[1].header("x-trace"), Some("7"));
    assert!(requests[1].header("user-agent").unwrap().starts_with("notifyd/"));
}
