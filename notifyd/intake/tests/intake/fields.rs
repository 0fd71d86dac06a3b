//! Refusals of single fields: each is named, and nothing else is.

use crate::support::House;
use notify_proto::view::rfc3339;
use notifyd_lifecycle::Clock;
use serde_json::{Value, json};

/// Sends `base` with `extra` over it; exactly these fields must be refused.
#[expect(clippy::unwrap_used, reason = "a helper of tests ends the test")]
async fn refused(path: &str, base: &Value, cases: &[(Value, &[&str])]) {
    let house = House::open().await;
    let shop = house.service("shop").await;
    for (extra, fields) in cases {
        let mut body = base.clone();
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        let answer = shop.post(path, &body).await;
        answer.refuses(422, "validation");
        assert_eq!(answer.fields(), *fields, "{path} {extra}: {}", answer.body);
    }
    let listed = shop.get("/api/v1/notifications").await.json();
    assert_eq!(listed["notifications"], json!([]), "nothing of it was accepted");
}

#[tokio::test]
async fn of_a_text() {
    let long = "x".repeat(3_000);
    let base = json!({"to": "+15005550006", "message": "hi"});
    let cases: &[(Value, &[&str])] = &[
        (json!({"to": []}), &["recipient"]),
        (json!({"to": ["+15005550006"]}), &["recipient"]),
        (json!({"to": {}}), &["recipient"]),
        (json!({"to": {"user_id": "u"}}), &["recipient.user_id"]),
        (json!({"to": {"fax": "1"}}), &["recipient.fax"]),
        (json!({"to": {"sms": ["+15005550006", "+15005550007"]}}), &["recipient.sms"]),
        (json!({"bcc": "a@b.example"}), &["bcc"]),
        (json!({"reply_to": "a@b.example"}), &["reply_to"]),
        (json!({"html_body": "<p>hi</p>"}), &["html_body"]),
        (json!({"attachments": []}), &["attachments"]),
        (json!({"sender_id": "a\nb"}), &["sender_id"]),
        (json!({"sender_id": long}), &["sender_id"]),
        (json!({"event_type": long}), &["event_type"]),
        (json!({"category": "a\u{1b}[2J"}), &["category"]),
        (json!({"channel_options": {"x": "y".repeat(17_000)}}), &["channel_options"]),
        (json!({"channel_options": []}), &["channel_options"]),
        (json!({"retry": {"policy": "nosuch"}}), &["retry.policy"]),
        (json!({"retry": {"delays": [1], "policy": "fixed"}}), &["retry"]),
        (json!({"retry": {"base": 1, "factor": 0.5}}), &["retry.factor"]),
        (json!({"retry": {"delays": vec![1; 51]}}), &["retry.delays"]),
        (json!({"on_unknown": "maybe"}), &["on_unknown"]),
        (json!({"expires_at": "+262142-12-31T23:59:59Z"}), &["expires_at"]),
        (json!({"scheduled_at": "+262142-12-31T23:59:59Z"}), &["scheduled_at"]),
    ];
    refused("/api/v1/sms", &base, cases).await;
}

#[tokio::test]
async fn of_a_mail() {
    let many = vec!["a@b.example"; 101];
    let file = json!({"filename": "a/b", "content_type": "pdf", "content_base64": "!"});
    let base = json!({"to": "a@b.example", "subject": "s", "body": "t"});
    let cases: &[(Value, &[&str])] = &[
        (json!({"to": []}), &["recipient"]),
        (json!({"to": many}), &["recipient"]),
        (json!({"to": ["a@b.example", "nobody"]}), &["recipient[1]"]),
        (json!({"cc": many}), &["cc"]),
        (json!({"cc": ["a@b.example", "x"]}), &["cc[1]"]),
        (json!({"cc": vec!["a@b.example"; 60], "bcc": vec!["a@b.example"; 60]}), &["recipient"]),
        (json!({"reply_to": "a@b.example\r\nBcc: x@y.example"}), &["reply_to[0]"]),
        (
            json!({"attachments": [file]}),
            &["attachments[0].filename", "attachments[0].content_type", "attachments[0].content_base64"],
        ),
    ];
    refused("/api/v1/email", &base, cases).await;
}

#[tokio::test]
async fn of_a_choice_of_channels() {
    let base = json!({"to": "+15005550006", "message": "hi"});
    let cases: &[(Value, &[&str])] = &[
        (json!({"channels": ["push"]}), &["channels"]),
        (json!({"channels": ["sms", "sms"]}), &["channels"]),
        (json!({"channels": ["sms"], "channel": "sms"}), &["channel"]),
    ];
    refused("/api/v1/notifications", &base, cases).await;
    refused(
        "/api/v1/notifications",
        &json!({"channel": "sms", "message": "hi"}),
        &[(json!({}), &["recipient"])],
    )
    .await;
}

#[tokio::test]
async fn of_times_that_contradict_each_other() {
    let house = House::open().await;
    let shop = house.service("shop").await;
    let at = |hours: i64| rfc3339(house.clock.now() + chrono::TimeDelta::hours(hours));
    let body = json!({"to": "+15005550006", "message": "hi", "scheduled_at": at(2), "expires_at": at(1)});
    let answer = shop.post("/api/v1/sms", &body).await;
    answer.refuses(422, "validation");
    assert_eq!(answer.fields(), ["expires_at"]);
}

#[tokio::test]
async fn a_body_that_is_wrong_in_very_many_places_gets_an_answer_of_bounded_size() {
    let house = House::open().await;
    let shop = house.service("shop").await;
    let unknown: serde_json::Map<String, Value> = (0..20_000).map(|n| (format!("f{n}"), json!(n))).collect();
    for body in [json!({"to": vec![""; 200_000], "subject": "s", "body": "t"}), Value::Object(unknown)] {
        let answer = shop.post("/api/v1/email", &body).await;
        answer.refuses(422, "validation");
        assert!(answer.fields().len() <= 200 && answer.body.len() < 65_536, "{} bytes", answer.body.len());
    }
}

#[tokio::test]
async fn the_same_thing_by_another_address_is_the_same_request() {
    let house = House::open().await;
    let shop = house.service("shop").await;
    let headers = [("content-type", "application/json"), ("idempotency-key", "one")];
    let body = r#"{"to":"+15005550006","message":"hi"}"#;
    let first = shop.ask("POST", "/api/v1/sms", &headers, body).await;
    let again = shop.ask("POST", "/api/v1/notifications/sms", &headers, body).await;
    assert_eq!((again.status, &again.body), (202, &first.body));
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
}

#[tokio::test]
async fn an_edited_notification_is_not_equal_to_what_it_was() {
    let house = House::open().await;
    let shop = house.service("shop").await;
    let first = shop.post("/api/v1/sms", &json!({"to": "+15005550006", "message": "A"})).await;
    let id = first.json()["id"].as_str().unwrap().to_owned();
    let put = shop.put(&format!("/api/v1/notifications/{id}"), &json!({"content": "B"})).await;
    assert_eq!(put.status, 200, "{}", put.body);
    let again = shop.post("/api/v1/sms", &json!({"to": "+15005550006", "message": "A"})).await;
    assert_eq!(again.status, 202, "{}", again.body);
    let emptied = shop.put(&format!("/api/v1/notifications/{id}"), &json!({"recipient": []})).await;
    assert_eq!((emptied.status, emptied.fields()), (422, vec!["recipient".to_owned()]));
}

#[tokio::test]
async fn a_list_finds_addresses_as_they_were_sent_and_takes_a_star_for_a_star() {
    let house = House::open().await;
    let shop = house.service("shop").await;
    let text = json!({"to": "+1 500 555 0006", "message": "hi", "tenant_id": "one"});
    assert_eq!(shop.post("/api/v1/sms", &text).await.status, 202);
    let mail = json!({"to": "Ada@Example.ORG", "subject": "s", "body": "t", "tenant_id": "*"});
    assert_eq!(shop.post("/api/v1/email", &mail).await.status, 202);
    for (query, found) in [
        ("recipient=%2B1%20500%20555%200006", 1),
        ("recipient=%2B15005550006", 1),
        ("recipient=Ada@Example.ORG", 1),
        ("recipient=%2B1500*", 0),
        ("tenant_id=*", 1),
        ("tenant_id=o*", 0),
        ("tenant_id=one", 1),
        ("provider=*", 0),
    ] {
        let listed = shop.get(&format!("/api/v1/notifications?{query}")).await.json();
        assert_eq!(listed["notifications"].as_array().map(Vec::len), Some(found), "{query}: {listed}");
    }
}
