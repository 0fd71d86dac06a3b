//! Webhooks of a service: every operation, and every way to ask for it wrongly.

use crate::support::{Answer, Client, House};
use notify_proto::{DeliveryId, Timestamp, WebhookId};
use notifyd_lifecycle::webhook::Keys;
use notifyd_store::Store as _;
use notifyd_store::webhooks::Tried;
use serde_json::{Value, json};

const ALL: &str = "/api/v1/webhooks";
const URL: &str = "https://hooks.example.org/in";
const SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";
const JSON: (&str, &str) = ("content-type", "application/json");

impl Client {
    async fn delete(&self, path: &str) -> Answer {
        self.ask("DELETE", path, &[], "").await
    }

    /// Creates a webhook and gives its address.
    pub async fn hook(&self, body: &Value) -> String {
        let made = self.post(ALL, body).await;
        assert_eq!(made.status, 201, "{}", made.body);
        made.header("location").unwrap().to_owned()
    }
}

/// The store's number of a webhook.
fn number(house: &House, path: &str) -> i64 {
    let id: WebhookId = path.rsplit('/').next().unwrap().parse().unwrap();
    house.store.webhooks().endpoints().find(id).unwrap().no
}

/// Has what is owed to it answered with this status.
pub async fn answered(house: &House, path: &str, code: u16) {
    let no = number(house, path);
    let now = Timestamp::from_timestamp(1_900_000_000, 0).unwrap();
    let error = (code != 200).then(|| format!("it answered {code}"));
    let tried = house.store.webhooks().load(no, now, 100).await.unwrap().owed.into_iter().map(|owed| Tried {
        no: owed.no,
        webhook: no,
        number: owed.tries + 1,
        at: owed.created_at,
        duration_ms: 7,
        code: Some(code),
        body: Some("said".into()),
        error: error.clone(),
        again_at: None,
        fault: None,
    });
    house.store.webhooks().acknowledge(tried.collect()).await.unwrap();
}

#[tokio::test]
async fn one_is_created_read_changed_and_removed() {
    let house = House::open().await;
    let shop = house.service("shop").await;
    assert_eq!(shop.get(ALL).await.json(), json!({"webhooks": []}));
    let body = json!({
        "url": URL, "description": "orders", "events": ["notification.delivered", "failed"],
        "headers": {"Authorization": "Bearer hunter2"}, "max_retries": 5, "timeout_seconds": 7,
        "retry_profile": "persistent", "redact": true,
    });
    let made = shop.post(ALL, &body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let mut told = made.json();
    let secret = told.as_object_mut().unwrap().remove("secret").unwrap();
    Keys::parse(secret.as_str().unwrap()).unwrap();
    let expected = json!({
        "id": told["id"], "service_id": shop.service.to_string(), "service_name": "shop", "url": URL,
        "description": "orders", "is_active": true, "disabled_reason": null, "failing_since": null,
        "events": ["delivered", "failed"], "headers": {"Authorization": "***"}, "max_retries": 5,
        "timeout_seconds": 7, "retry_profile": "persistent", "redact": true,
        "secret_set_at": "2027-01-15T08:00:00.000Z", "old_secret_until": null,
        "created_at": "2027-01-15T08:00:00.000Z", "updated_at": "2027-01-15T08:00:00.000Z",
    });
    assert_eq!(told, expected);
    let path = made.header("location").unwrap();
    assert_eq!(path, format!("{ALL}/{}", told["id"].as_str().unwrap()));
    assert_eq!(shop.get(path).await.json(), expected, "the secret is shown once");
    assert_eq!(shop.get(ALL).await.json(), json!({"webhooks": [expected]}));

    // What it hears, it can say again.
    let change = json!({"headers": {"authorization": "***", "X-Team": "ops"}, "description": null, "is_active": false});
    let changed = shop.put(path, &change).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    let changed = changed.json();
    assert_eq!(changed["headers"], json!({"authorization": "***", "X-Team": "***"}));
    assert_eq!((&changed["description"], &changed["is_active"]), (&Value::Null, &json!(false)));
    assert_eq!((&changed["url"], &changed["max_retries"]), (&json!(URL), &json!(5)));
    let private = house.store.webhooks().private(number(&house, path)).await.unwrap().unwrap();
    assert_eq!(private.headers["authorization"].expose(), "Bearer hunter2");
    assert_eq!(private.secret.expose(), secret.as_str().unwrap());

    let gone = shop.delete(path).await;
    assert_eq!((gone.status, gone.body.as_str()), (204, ""));
    shop.get(path).await.refuses(404, "not-found");
    shop.delete(path).await.refuses(404, "not-found");
    assert_eq!(shop.get(ALL).await.json(), json!({"webhooks": []}));
}

#[tokio::test]
async fn every_wrong_field_is_named_and_nothing_is_kept() {
    let house = House::open().await;
    let shop = house.service("shop").await;
    let wrong = json!({
        "url": "http://127.0.0.1/", "events": ["opened"], "headers": {"X-Service-Id": "x"}, "max_retries": 99,
        "timeout_seconds": "x", "colour": "red",
    });
    let refused = shop.post(ALL, &wrong).await;
    refused.refuses(422, "validation");
    let mut fields = refused.fields();
    fields.sort();
    let expected = ["colour", "events[0]", "headers.X-Service-Id", "max_retries", "timeout_seconds", "url"];
    assert_eq!(fields, expected);
    assert_eq!(shop.post(ALL, &json!({})).await.fields(), ["url"]);
    assert_eq!(shop.post(ALL, &json!({"url": 5})).await.fields(), ["url"]);
    assert_eq!(shop.post(ALL, &json!({"url": URL, "secret": "hunter2"})).await.fields(), ["secret"]);
    shop.ask("POST", ALL, &[JSON], "{").await.refuses(400, "bad-request");
    shop.ask("POST", ALL, &[("content-type", "text/plain")], "{}")
        .await
        .refuses(415, "unsupported-media-type");
    assert_eq!(shop.get(ALL).await.json(), json!({"webhooks": []}));

    let path = shop.hook(&json!({"url": URL})).await;
    for (change, field) in [
        (json!({}), "$"),
        (json!({"secret": SECRET}), "secret"),
        (json!({"url": "ftp://a.example"}), "url"),
        (json!({"id": "x"}), "id"),
    ] {
        let refused = shop.put(&path, &change).await;
        refused.refuses(422, "validation");
        assert_eq!(refused.fields(), [field]);
    }
    for (rest, body, field) in [
        ("test", json!({"event": "opened"}), "event"),
        ("test", json!({"x": 1}), "x"),
        ("rotate-secret", json!({"overlap_seconds": 604_801}), "overlap_seconds"),
        ("rotate-secret", json!({"overlap_seconds": -1}), "overlap_seconds"),
        ("rotate-secret", json!({"secret": "hunter2"}), "secret"),
        ("replay", json!({}), "since"),
        ("replay", json!({"since": "yesterday"}), "since"),
        ("replay", json!({"since": "2099-01-01T00:00:00Z"}), "since"),
        ("replay", json!({"since": "2001-01-01T00:00:00Z", "status": "pending"}), "status"),
    ] {
        let refused = shop.post(&format!("{path}/{rest}"), &body).await;
        refused.refuses(422, "validation");
        assert_eq!(refused.fields(), [field], "{rest} {body}");
        assert!(!refused.body.contains("hunter2"));
    }
    let query = "status=sent&event=opened&since=x&until=x&skip=-1&limit=0&colour=red";
    let refused = shop.get(&format!("{path}/deliveries?{query}")).await;
    refused.refuses(422, "validation");
    assert_eq!(refused.fields(), ["status", "event", "since", "until", "skip", "limit", "colour"]);
}

#[tokio::test]
async fn what_is_another_services_is_not_there() {
    let house = House::open().await;
    let (shop, other) = (house.service("shop").await, house.service("other").await);
    let path = shop.hook(&json!({"url": URL})).await;
    let tested = shop.post(&format!("{path}/test"), &json!({})).await;
    assert_eq!(tested.status, 202, "{}", tested.body);
    let delivery = tested.json()["delivery_id"].as_str().unwrap().to_owned();
    // Nor is a delivery there by way of one's own webhook.
    let own = other.hook(&json!({"url": URL})).await;
    for (method, rest, body) in [
        ("GET", path.clone(), ""),
        ("PUT", path.clone(), r#"{"redact": true}"#),
        ("PUT", path.clone(), r#"{"colour": "red"}"#),
        ("DELETE", path.clone(), ""),
        ("POST", format!("{path}/test"), "{}"),
        ("POST", format!("{path}/rotate-secret"), "{}"),
        ("POST", format!("{path}/replay"), r#"{"since": "2001-01-01T00:00:00Z"}"#),
        ("GET", format!("{path}/deliveries"), ""),
        ("GET", format!("{path}/deliveries/{delivery}"), ""),
        ("POST", format!("{path}/deliveries/{delivery}/redeliver"), "{}"),
        ("GET", format!("{own}/deliveries/{delivery}"), ""),
        ("POST", format!("{own}/deliveries/{delivery}/redeliver"), "{}"),
        ("GET", format!("{ALL}/x"), ""),
        ("GET", format!("{own}/deliveries/x"), ""),
    ] {
        other.ask(method, &rest, &[JSON], body).await.refuses(404, "not-found");
    }
    assert_eq!(other.get(ALL).await.json()["webhooks"].as_array().unwrap().len(), 1);
    assert_eq!(shop.get(&path).await.json()["redact"], false);
    for (method, path) in [("POST", ALL), ("GET", ALL), ("DELETE", &*path)] {
        house.ask(method, path, &[JSON], "{}").await.refuses(401, "unauthorized");
    }
    shop.ask("PATCH", &path, &[], "").await.refuses(405, "method-not-allowed");
}

#[tokio::test]
async fn a_key_creates_one() {
    let house = House::open().await;
    let shop = house.service("shop").await;
    let create = |key: &'static str, body: &'static str| {
        let shop = shop.clone();
        async move { shop.ask("POST", ALL, &[JSON, ("idempotency-key", key)], body).await }
    };
    let body = r#"{"url": "https://hooks.example.org/in"}"#;
    let first = create("one", body).await;
    let again = create("one", body).await;
    assert_eq!((first.status, &first.body), (201, &again.body), "secret and all");
    assert_eq!(
        (first.header("idempotency-replayed"), again.header("idempotency-replayed")),
        (None, Some("true"))
    );
    let other = create("one", r#"{"url": "https://hooks.example.org/on"}"#).await;
    assert_eq!(other.fields(), ["Idempotency-Key"]);
    let neighbour = house.service("neighbour").await;
    let theirs = neighbour.ask("POST", ALL, &[JSON, ("idempotency-key", "one")], body).await;
    assert_eq!((theirs.status, theirs.header("idempotency-replayed")), (201, None), "another service's key");
    // It is one key for everything that a service asks for.
    let sms = r#"{"to": "+15005550006", "message": "hi"}"#;
    let sent = shop.ask("POST", "/api/v1/sms", &[JSON, ("idempotency-key", "one")], sms).await;
    assert_eq!(sent.fields(), ["Idempotency-Key"]);
    let sent = shop.ask("POST", "/api/v1/sms", &[JSON, ("idempotency-key", "two")], sms).await;
    assert_eq!(sent.status, 202);
    assert_eq!(create("two", body).await.fields(), ["Idempotency-Key"]);
    assert_eq!(shop.get(ALL).await.json()["webhooks"].as_array().unwrap().len(), 1);
    // What became invalid is answered as it was; a refusal is not kept.
    assert_eq!(create("three", "{}").await.fields(), ["url"]);
    assert_eq!(create("three", body).await.status, 201);
    let path = first.header("location").unwrap();
    assert_eq!(shop.delete(path).await.status, 204);
    create("one", body).await.refuses(409, "conflict");
    house.clock.advance(chrono::TimeDelta::hours(25));
    assert_eq!(create("one", body).await.status, 201, "a day later it is a new key");
}

#[tokio::test]
async fn there_are_only_so_many() {
    let house = House::open().await;
    let (shop, other) = (house.service("shop").await, house.service("other").await);
    for _ in 0..100 {
        shop.hook(&json!({"url": URL})).await;
    }
    let refused = shop.post(ALL, &json!({"url": URL})).await;
    refused.refuses(409, "conflict");
    assert!(refused.body.contains("100 webhooks"), "{}", refused.body);
    other.hook(&json!({"url": URL})).await;
}

#[tokio::test]
async fn a_secret_is_rotated() {
    let house = House::open().await;
    let shop = house.service("shop").await;
    let path = shop.hook(&json!({"url": URL, "secret": SECRET})).await;
    let rotate = |body: Value| {
        let (shop, path) = (shop.clone(), format!("{path}/rotate-secret"));
        async move {
            let answer = shop.post(&path, &body).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            answer.json()
        }
    };
    let first = rotate(json!({})).await;
    assert_eq!(first["old_secret_until"], "2027-01-16T08:00:00.000Z");
    let private = house.store.webhooks().private(number(&house, &path)).await.unwrap().unwrap();
    assert_eq!(private.secret.expose(), first["secret"].as_str().unwrap());
    assert_eq!(private.old.unwrap().expose(), SECRET);
    assert_eq!(shop.get(&path).await.json()["old_secret_until"], first["old_secret_until"]);
    // Changing something else keeps both.
    assert_eq!(shop.put(&path, &json!({"headers": {"X-A": "1"}})).await.status, 200);
    let private = house.store.webhooks().private(number(&house, &path)).await.unwrap().unwrap();
    assert_eq!((private.old.unwrap().expose().as_str(), private.headers.len()), (SECRET, 1));
    let own = rotate(json!({"secret": SECRET, "overlap_seconds": 0})).await;
    assert_eq!((&own["secret"], &own["old_secret_until"]), (&json!(SECRET), &Value::Null));
    let private = house.store.webhooks().private(number(&house, &path)).await.unwrap().unwrap();
    assert!(private.old.is_none() && private.headers.len() == 1);
}

#[tokio::test]
async fn what_was_told_is_listed_shown_and_told_once_more() {
    let house = House::open().await;
    let shop = house.service("shop").await;
    let path = shop.hook(&json!({"url": URL, "events": ["created"]})).await;
    let notification = shop.text("hello").await;
    let tested = shop.ask("POST", &format!("{path}/test"), &[], "").await;
    assert_eq!(tested.status, 202, "{}", tested.body);
    let list = |query: &'static str| {
        let (shop, path) = (shop.clone(), path.clone());
        async move { shop.get(&format!("{path}/deliveries{query}")).await.json() }
    };
    let all = list("").await;
    assert_eq!(all["webhook_id"], shop.get(&path).await.json()["id"]);
    let all = all["deliveries"].as_array().unwrap().clone();
    assert_eq!(
        (all[0]["id"].clone(), &all[0]["event"]),
        (tested.json()["delivery_id"].clone(), &json!("delivered"))
    );
    assert_eq!(
        (&all[0]["notification_id"], &all[1]["notification_id"]),
        (&Value::Null, &json!(notification))
    );
    assert_eq!((&all[1]["status"], &all[1]["attempt_count"]), (&json!("pending"), &json!(0)));
    answered(&house, &path, 503).await;
    for (query, count) in [
        ("?status=failed", 2),
        ("?status=pending&status=acknowledged", 0),
        ("?event=notification.created", 1),
        ("?limit=1", 1),
        ("?skip=1&limit=5", 1),
        ("?since=2027-01-15T08:00:00Z&until=2027-01-15T08:00:01Z", 2),
        ("?until=2027-01-15T08:00:00Z", 0),
    ] {
        assert_eq!(list(query).await["deliveries"].as_array().unwrap().len(), count, "{query}");
    }
    let one = format!("{path}/deliveries/{}", all[1]["id"].as_str().unwrap());
    let shown = shop.get(&one).await.json();
    assert_eq!(shown["delivery"]["response_status_code"], 503);
    assert_eq!(shown["attempts"].as_array().unwrap().len(), 1);
    assert_eq!(shown["attempts"][0]["response_body"], "said");
    let again = shop.ask("POST", &format!("{one}/redeliver"), &[], "").await;
    assert_eq!((again.status, &again.json()["delivery_id"]), (202, &all[1]["id"]));
    assert_eq!(shop.get(&one).await.json()["delivery"]["status"], "pending");
    let nobody = DeliveryId::from_bytes([9; 16]);
    shop.ask("POST", &format!("{path}/deliveries/{nobody}/redeliver"), &[], "")
        .await
        .refuses(404, "not-found");
    // Nothing is owed to one that is switched off, but it can be looked at.
    shop.put(&path, &json!({"is_active": false})).await;
    for rest in ["test", "replay"] {
        let body = if rest == "test" { json!({}) } else { json!({"since": "2001-01-01T00:00:00Z"}) };
        shop.post(&format!("{path}/{rest}"), &body).await.refuses(409, "conflict");
    }
    shop.ask("POST", &format!("{one}/redeliver"), &[], "").await.refuses(409, "conflict");
    assert_eq!(list("").await["deliveries"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn what_failed_in_some_time_is_told_once_more() {
    let house = House::open().await;
    let shop = house.service("shop").await;
    let path = shop.hook(&json!({"url": URL, "events": ["created"]})).await;
    for number in 0..130 {
        shop.text(&format!("hello {number}")).await;
    }
    answered(&house, &path, 400).await;
    answered(&house, &path, 200).await;
    house.clock.advance(chrono::TimeDelta::minutes(1));
    let begin = json!({"since": "2027-01-15T08:00:00Z"});
    let begun = shop.post(&format!("{path}/replay"), &begin).await;
    assert_eq!(begun.status, 202, "{}", begun.body);
    let failed = begun.json();
    assert_eq!((&failed["count"], &failed["status"]), (&json!(100), &json!("failed")));
    assert_eq!(failed["until"], "2027-01-15T08:01:00.000Z");
    // It goes on behind the answer, at the engine's pace, also after a restart.
    let running = house.store.operations().moving().await.unwrap();
    assert_eq!(running.len(), 1);
    assert_eq!(failed["operation"], format!("op_{}", running[0].no));
    let acknowledged = json!({"since": "2027-01-15T08:00:00Z", "status": "acknowledged"});
    shop.post(&format!("{path}/replay"), &acknowledged).await.refuses(409, "conflict");
    let pending = house.store.webhooks().pending();
    while !house.store.operations().moving().await.unwrap().is_empty() {
        house.store.operations().advance(running[0].no, 30).await.unwrap();
    }
    assert_eq!(house.store.webhooks().pending(), pending + 100);
    let begun = shop.post(&format!("{path}/replay"), &acknowledged).await;
    assert_eq!((begun.status, &begun.json()["count"]), (202, &json!(30)));
    let nothing = json!({"since": "2027-01-15T08:00:00Z", "until": "2027-01-15T08:00:00.001Z"});
    let begun = shop.post(&format!("{path}/replay"), &nothing).await;
    assert_eq!(
        (begun.status, &begun.json()["count"], &begun.json()["operation"]),
        (202, &json!(0), &json!(null))
    );
}
