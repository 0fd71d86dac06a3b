//! Asking for notifications: answers, deduplication, idempotency, and every refusal with its fields.

use crate::support::House;
use notify_proto::view::rfc3339;
use notifyd_lifecycle::Clock;
use serde_json::json;

const JSON: (&str, &str) = ("content-type", "application/json");

#[tokio::test]
async fn an_accepted_text_is_answered_as_agreed_and_there_at_once() {
    let house = House::open().await;
    let shop = house.service("shop").await;
    let body = json!({"to": "+1 500 555 0006", "message": "hi"});
    let answer = shop.post("/api/v1/sms", &body).await;
    assert_eq!(answer.status, 202);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let json = answer.json();
    let id = json["id"].as_str().unwrap();
    assert_eq!(
        json,
        json!({
            "success": true, "status": "queued", "id": id, "created_at": "2027-01-15T08:00:00.000Z",
            "channel": "sms", "provider_name": "texts", "message_id": null,
            "provider_response": {"message": "Notification queued for processing", "notification_id": id},
        })
    );
    let shown = shop.get(&format!("/api/v1/notifications/{id}")).await;
    assert_eq!(shown.status, 200);
    let shown = shown.json();
    assert_eq!(shown["notification"]["recipient"], "+1 500 555 0006");
    assert_eq!(shown["notification"]["type"], "sms");
    assert_eq!(shown["notification"]["correlation_id"], answer.header("x-correlation-id").unwrap());
    assert_eq!(shown["delivery_attempts"], json!([]));
    assert_eq!(shown["task_info"], json!({"status": "queued", "eta": null, "max_retries": 3}));
}

#[tokio::test]
async fn every_form_of_the_path_takes_the_same_body() {
    let house = House::open().await;
    house.provider(9, "all", notify_proto::Channel::ALL, true).await;
    let shop = house.service("shop").await;
    for (channel, to) in [
        ("sms", "+15005550006"),
        ("email", "a@b.example"),
        ("whatsapp", "+15005550006"),
        ("push", "token"),
        ("telegram", "@chat"),
        ("slack", "#ops"),
        ("teams", "ops"),
        ("webhook", "https://hook.example/x"),
    ] {
        for path in [format!("/api/v1/{channel}"), format!("/api/v1/notifications/{channel}")] {
            let body = json!({"to": to, "message": path});
            let answer = shop.post(&path, &body).await;
            assert_eq!((answer.status, &answer.json()["channel"]), (202, &json!(channel)), "{path}");
        }
    }
    let general = json!({"channels": ["email", "sms"], "recipient": {"email": "a@b.example", "sms": "+15005550006"},
        "content": "x", "scheduled_at": "2027-01-16T00:00:00Z"});
    let answer = shop.post("/api/v1/notifications", &general).await;
    assert_eq!((answer.status, &answer.json()["status"]), (202, &json!("pending")), "{}", answer.body);
    let shown = shop.get(&format!("/api/v1/notifications/{}", answer.json()["id"].as_str().unwrap())).await;
    assert_eq!(shown.json()["task_info"]["eta"], "2027-01-16T00:00:00.000Z");
}

#[tokio::test]
async fn an_equal_request_answers_the_earlier_notification() {
    let house = House::open().await;
    let shop = house.service("shop").await;
    let id = shop.text("hi").await;
    let again = shop.post("/api/v1/sms", &json!({"to": "+15005550006", "content": "hi"})).await;
    assert_eq!(again.status, 200);
    assert_eq!((&again.json()["id"], &again.json()["duplicate"]), (&json!(id), &json!(true)));
    let apart = json!({"to": "+15005550006", "message": "hi", "deduplicate": false});
    let apart = shop.post("/api/v1/sms", &apart).await;
    assert_eq!(apart.status, 202);
    assert_ne!(apart.json()["id"], json!(id));
    let other = house.service("other").await;
    assert_ne!(other.text("hi").await, id, "services do not share");
}

#[tokio::test]
async fn an_idempotency_key_replays_the_answer_and_stands_for_one_request() {
    let house = House::open().await;
    let shop = house.service("shop").await;
    let body = r#"{"to":"+15005550006","message":"hi","deduplicate":false}"#;
    let headers = [JSON, ("idempotency-key", "order 7")];
    let first = shop.ask("POST", "/api/v1/sms", &headers, body).await;
    let second = shop.ask("POST", "/api/v1/sms", &headers, body).await;
    assert_eq!((first.status, second.status), (202, 202));
    assert_eq!(first.body, second.body);
    assert_eq!(first.header("idempotency-replayed"), None);
    assert_eq!(second.header("idempotency-replayed"), Some("true"));
    let other = shop.ask("POST", "/api/v1/sms", &headers, &body.replace("hi", "ho")).await;
    other.refuses(422, "validation");
    assert_eq!(other.fields(), ["Idempotency-Key"]);
    let soon = r#"{"to":"+15005550006","message":"hi","deduplicate":false,"expires_at":"EXPIRY"}"#;
    let soon = soon.replace("EXPIRY", &rfc3339(house.clock.now() + chrono::TimeDelta::hours(1)));
    let keyed = [JSON, ("idempotency-key", "order 8")];
    let first = shop.ask("POST", "/api/v1/sms", &keyed, &soon).await;
    house.clock.advance(chrono::TimeDelta::hours(2));
    shop.ask("POST", "/api/v1/sms", &[JSON], &soon).await.refuses(422, "validation");
    let again = shop.ask("POST", "/api/v1/sms", &keyed, &soon).await;
    assert_eq!((again.status, &again.body), (202, &first.body), "though a new one would be refused by now");
    let neighbour = house.service("neighbour").await;
    let theirs = neighbour.ask("POST", "/api/v1/sms", &headers, body).await;
    assert_eq!((theirs.status, theirs.header("idempotency-replayed")), (202, None), "keys are per service");
    house.clock.advance(chrono::TimeDelta::hours(25));
    let later = shop.ask("POST", "/api/v1/sms", &headers, body).await;
    assert_eq!((later.status, later.header("idempotency-replayed")), (202, None), "kept for 24 hours");
}

#[tokio::test]
async fn many_equal_posts_at_once_make_one_notification() {
    let house = House::open().await;
    let shop = house.service("shop").await;
    let posts = (0..20).map(|_| {
        let shop = shop.clone();
        tokio::spawn(async move {
            let body = r#"{"to":"+15005550006","message":"hi","deduplicate":false}"#;
            shop.ask("POST", "/api/v1/sms", &[JSON, ("idempotency-key", "k")], body).await.json()["id"]
                .clone()
        })
    });
    let mut ids = Vec::new();
    for post in posts.collect::<Vec<_>>() {
        ids.push(post.await.unwrap());
    }
    ids.dedup();
    assert_eq!(ids.len(), 1);
}

#[tokio::test]
async fn unfit_bodies_are_refused_by_kind() {
    let house = House::open().await;
    let shop = house.service("shop").await;
    let send = |headers: &'static [(&'static str, &'static str)], body: String| {
        let shop = shop.clone();
        async move { shop.ask("POST", "/api/v1/sms", headers, &body).await }
    };
    send(&[JSON], "{\"to\":".into()).await.refuses(400, "bad-request");
    send(&[JSON], "[".repeat(100_000)).await.refuses(400, "bad-request");
    send(&[JSON], String::new()).await.refuses(400, "bad-request");
    send(&[JSON], "[1]".into()).await.refuses(422, "validation");
    send(&[], "{}".into()).await.refuses(415, "unsupported-media-type");
    send(&[("content-type", "text/plain")], "{}".into()).await.refuses(415, "unsupported-media-type");
    let gzip = send(&[JSON, ("content-encoding", "gzip")], "{}".into()).await;
    gzip.refuses(415, "unsupported-media-type");
    send(&[("content-type", "application/json; charset=utf-8")], "{}".into())
        .await
        .refuses(422, "validation");
    for size in [1_048_577, 3_000_000] {
        let large = json!({"to": "+15005550006", "message": "x".repeat(size)}).to_string();
        send(&[JSON], large).await.refuses(413, "too-large");
    }
    let chunk = "x".repeat(1_100_000);
    let chunked = format!("{:x}\r\n{chunk}\r\n0\r\n\r\n", chunk.len());
    let (service, key) = (shop.service.to_string(), shop.key.clone());
    let head = format!(
        "POST /api/v1/sms HTTP/1.1\r\nhost: localhost\r\nx-service-id: {service}\r\nx-api-key: {key}\r\n\
         content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    let mut stream = tokio::net::TcpStream::connect(house.address).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut stream, format!("{head}{chunked}").as_bytes()).await.unwrap();
    crate::support::read(&mut stream, false).await.unwrap().refuses(413, "too-large");
}

#[tokio::test]
async fn every_failing_field_is_named_at_once() {
    let house = House::open().await;
    let shop = house.service("shop").await;
    let body = json!({"to": "nobody", "colour": "red", "priority": "urgent", "subject": "a\r\nBcc: x@y.z",
        "retry": {"delays": [1, "x"]}, "provider_id": "sleeping"});
    let answer = shop.post("/api/v1/sms", &body).await;
    answer.refuses(422, "validation");
    let mut fields = answer.fields();
    fields.sort();
    assert_eq!(
        fields,
        ["colour", "content", "priority", "provider_id", "recipient", "retry.delays[1]", "subject"]
    );
}

#[tokio::test]
async fn single_fields_are_refused_by_name() {
    let house = House::open().await;
    let shop = house.service("shop").await;
    let nul = "a\u{0}b";
    for (path, extra, field) in [
        ("/api/v1/sms", json!({"channel": "email"}), "channel"),
        ("/api/v1/notifications", json!({}), "channel"),
        ("/api/v1/notifications", json!({"channels": []}), "channels"),
        ("/api/v1/notifications", json!({"channel": "fax"}), "channel"),
        ("/api/v1/push", json!({}), "channel"),
        ("/api/v1/sms", json!({"provider_id": "nosuch"}), "provider_id"),
        ("/api/v1/sms", json!({"provider_id": "sleeping"}), "provider_id"),
        ("/api/v1/sms", json!({"provider_id": "mails"}), "provider_id"),
        ("/api/v1/sms", json!({"message": nul}), "content"),
        ("/api/v1/sms", json!({"message": " "}), "content"),
        ("/api/v1/sms", json!({"cc": "a@b.example"}), "cc"),
        ("/api/v1/sms", json!({"tenant_id": "x".repeat(129)}), "tenant_id"),
        ("/api/v1/sms", json!({"meta_data": {"x": "y".repeat(17_000)}}), "meta_data"),
        ("/api/v1/sms", json!({"meta_data": []}), "meta_data"),
        ("/api/v1/sms", json!({"scheduled_at": "soon"}), "scheduled_at"),
        ("/api/v1/sms", json!({"scheduled_at": "2099-01-01T00:00:00Z"}), "scheduled_at"),
        ("/api/v1/sms", json!({"expires_at": "2001-01-01T00:00:00Z"}), "expires_at"),
        ("/api/v1/sms", json!({"dedup_window_seconds": 0}), "dedup_window_seconds"),
        ("/api/v1/sms", json!({"deduplicate": "no"}), "deduplicate"),
        ("/api/v1/sms", json!({"dedup_key": "x".repeat(129)}), "dedup_key"),
        ("/api/v1/sms", json!({"dedup_key": ""}), "dedup_key"),
        ("/api/v1/sms", json!({"dedup_key": "x", "deduplicate": false}), "dedup_key"),
        ("/api/v1/sms", json!({"template_id": "x"}), "template_id"),
    ] {
        let mut body = json!({"to": "+15005550006", "message": "hi"});
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        let answer = shop.post(path, &body).await;
        answer.refuses(422, "validation");
        assert_eq!(answer.fields(), [field], "{path} {extra}: {}", answer.body);
    }
    let key = "k".repeat(256);
    let headers = [JSON, ("idempotency-key", key.as_str())];
    let answer = shop.ask("POST", "/api/v1/sms", &headers, r#"{"to":"+15005550006","message":"hi"}"#).await;
    assert_eq!((answer.status, answer.fields()), (422, vec!["Idempotency-Key".to_owned()]));
}

#[tokio::test]
async fn nothing_new_is_taken_while_draining_or_closed() {
    let house = House::open().await;
    let shop = house.service("shop").await;
    let id = shop.text("before").await;
    house.handle.set_draining(true);
    let body = json!({"to": "+15005550006", "message": "hi"});
    let answer = shop.post("/api/v1/sms", &body).await;
    answer.refuses(503, "draining");
    assert!(answer.header("retry-after").unwrap().parse::<u32>().unwrap() >= 1);
    shop.post(&format!("/api/v1/notifications/{id}/revoke"), &json!({})).await.refuses(503, "draining");
    assert_eq!(shop.get(&format!("/api/v1/notifications/{id}")).await.status, 200, "reading goes on");
    house.handle.set_draining(false);
    notifyd_store::Store::close(&*house.store).await;
    shop.post("/api/v1/sms", &body).await.refuses(503, "draining");
}
