//! Reading and changing: one, many, its story, revoke, retry, edit, providers, stats; and whose they are.

use crate::support::House;
use serde_json::json;

#[tokio::test]
async fn the_list_filters_and_pages() {
    let house = House::open().await;
    let shop = house.service("shop").await;
    let mut ids = Vec::new();
    for n in 0..5 {
        ids.push(shop.text(&format!("text {n}")).await);
    }
    let mail = json!({"to": "a@b.example", "message": "x", "priority": "high", "tenant_id": "t1", "event_type": "paid"});
    let mail = shop.post("/api/v1/email", &mail).await.json()["id"].as_str().unwrap().to_owned();
    let list = |query: &str| {
        let (shop, path) = (shop.clone(), format!("/api/v1/notifications{query}"));
        async move {
            let answer = shop.get(&path).await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.body);
            answer.json()
        }
    };
    let all = list("").await;
    assert_eq!(all["notifications"].as_array().unwrap().len(), 6);
    assert_eq!(all["notifications"][0]["id"], json!(mail), "newest first");
    assert!(all.get("total").is_none());
    assert_eq!(all["next_cursor"], json!(null));
    for query in [
        "?notification_type=email",
        "?priority=high",
        "?tenant_id=t1",
        "?event_type=paid",
        "?recipient=a@b.example",
    ] {
        let found = list(&format!("{query}&with_total=true")).await;
        assert_eq!((&found["total"], &found["notifications"][0]["id"]), (&json!(1), &json!(mail)), "{query}");
    }
    assert_eq!(list("?recipient=+15005550006&with_total=true").await["total"], 5);
    assert_eq!(list("?recipient=%2B15005550006&with_total=true").await["total"], 5);
    assert_eq!(list("?status=queued&status=failed&with_total=true").await["total"], 6);
    assert_eq!(list("?status=failed&with_total=true").await["total"], 0);
    assert_eq!(list("?created_after=2027-01-15T08:00:00Z&with_total=true").await["total"], 6);
    assert_eq!(list("?created_before=2027-01-15T08:00:00Z&with_total=true").await["total"], 0);
    assert_eq!(list("?skip=5").await["notifications"][0]["id"], json!(ids[0]));
    let first = list("?limit=4").await;
    let cursor = first["next_cursor"].as_str().unwrap().to_owned();
    shop.text("a newcomer").await;
    let rest = list(&format!("?limit=4&cursor={cursor}")).await;
    let rest: Vec<_> = rest["notifications"].as_array().unwrap().iter().map(|it| it["id"].clone()).collect();
    assert_eq!(rest, [json!(ids[1]), json!(ids[0])]);
}

#[tokio::test]
async fn wrong_parameters_are_named_at_once() {
    let house = House::open().await;
    let shop = house.service("shop").await;
    let answer = shop.get("/api/v1/notifications?status=lost&limit=0&colour=red&cursor=x").await;
    answer.refuses(422, "validation");
    let mut fields = answer.fields();
    fields.sort();
    assert_eq!(fields, ["colour", "limit", "status"]);
    assert_eq!(shop.get("/api/v1/notifications?cursor=x").await.fields(), ["cursor"]);
    assert_eq!(shop.get("/api/v1/stats?since=now&until=x").await.fields(), ["since", "until"]);
}

#[tokio::test]
async fn a_revoked_one_says_so_and_a_final_one_refuses() {
    let house = House::open().await;
    let shop = house.service("shop").await;
    let id = shop.text("hi").await;
    let path = |verb: &str| format!("/api/v1/notifications/{id}/{verb}");
    let unknown = shop.post(&path("revoke"), &json!({"why": "x"})).await;
    assert_eq!((unknown.status, unknown.fields()), (422, vec!["why".to_owned()]));
    let retried = shop.ask("POST", &path("retry"), &[], "").await;
    retried.refuses(409, "conflict");
    assert!(retried.body.contains("queued"), "{}", retried.body);
    let revoked = shop.post(&path("revoke"), &json!({"reason": "ordered twice"})).await;
    let expected = json!({"message": format!("Notification {id} has been revoked"), "status": "CANCELLED"});
    assert_eq!((revoked.status, revoked.json()), (200, expected));
    let again = shop.ask("POST", &path("revoke"), &[], "").await;
    again.refuses(409, "conflict");
    assert!(again.body.contains("cancelled"), "{}", again.body);
    let events = shop.get(&path("events")).await.json();
    assert_eq!(events["notification_id"], json!(id));
    assert_eq!(events["events"].as_array().unwrap().len(), 2);
    assert_eq!(events["events"][1]["detail"], "ordered twice");
    let retried = shop.ask("POST", &path("retry"), &[], "").await;
    assert_eq!((retried.status, &retried.json()["status"]), (200, &json!("QUEUED")));
}

#[tokio::test]
async fn an_edit_follows_the_rules_of_a_new_request() {
    let house = House::open().await;
    let shop = house.service("shop").await;
    let id = shop.text("hi").await;
    let path = format!("/api/v1/notifications/{id}");
    let body = json!({"recipient": "+15005550007", "content": "ho", "priority": "high",
        "scheduled_at": "2027-01-20T00:00:00Z", "meta_data": {"order": 7}, "subject": "s"});
    let edited = shop.put(&path, &body).await;
    assert_eq!(edited.status, 200, "{}", edited.body);
    let it = &edited.json()["notification"];
    assert_eq!(
        (&it["recipient"], &it["content"], &it["status"]),
        (&json!("+15005550007"), &json!("ho"), &json!("pending"))
    );
    assert_eq!((&it["priority"], &it["meta_data"]), (&json!("high"), &json!({"order": 7})));
    for (body, field) in [
        (json!({}), "$"),
        (json!({"status": "delivered"}), "status"),
        (json!({"recipient": "nobody"}), "recipient"),
        (json!({"content": ""}), "content"),
        (json!({"priority": "urgent"}), "priority"),
        (json!({"subject": "a\nb"}), "subject"),
    ] {
        let answer = shop.put(&path, &body).await;
        answer.refuses(422, "validation");
        assert_eq!(answer.fields(), [field], "{body}");
    }
    shop.post(&format!("{path}/revoke"), &json!({})).await;
    let late = shop.put(&path, &json!({"content": "x"})).await;
    late.refuses(409, "conflict");
}

#[tokio::test]
async fn what_is_another_services_is_as_unknown_as_what_is_not() {
    let house = House::open().await;
    let (shop, thief) = (house.service("shop").await, house.service("thief").await);
    let theirs = shop.text("hi").await;
    let nobodys = uuid::Uuid::from_u128(7).to_string();
    for (method, verb, body) in [
        ("GET", "", ""),
        ("GET", "/events", ""),
        ("PUT", "", r#"{"content":"x"}"#),
        ("POST", "/revoke", "{}"),
        ("POST", "/retry", "{}"),
    ] {
        let mut answers = Vec::new();
        for id in [theirs.as_str(), nobodys.as_str(), "not-an-id", "%ff"] {
            let headers = [("content-type", "application/json"), ("x-correlation-id", "same")];
            let path = format!("/api/v1/notifications/{id}{verb}");
            let answer = thief.ask(method, &path, &headers, body).await;
            answer.refuses(404, "not-found");
            answers.push(answer.body);
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "{method} {verb}");
    }
    assert_eq!(thief.get("/api/v1/notifications?with_total=true").await.json()["total"], 0);
    assert_eq!(thief.get("/api/v1/stats").await.json()["total"], 0);
    assert_eq!(
        shop.get(&format!("/api/v1/notifications/{theirs}")).await.json()["notification"]["status"],
        "queued"
    );
}

#[tokio::test]
async fn providers_are_shown_without_their_configuration() {
    let house = House::open().await;
    let shop = house.service("shop").await;
    let answer = shop.get("/api/v1/providers").await;
    assert_eq!(
        answer.json()[0],
        json!({"id": "01010101-0101-0101-0101-010101010101", "name": "texts",
            "supported_types": ["sms", "whatsapp"], "is_active": true, "priority": 1})
    );
    assert_eq!(answer.json()[2]["is_active"], false);
    assert!(!answer.body.contains("insides"));
}

#[tokio::test]
async fn stats_count_what_was_asked_for() {
    let house = House::open().await;
    let shop = house.service("shop").await;
    shop.text("one").await;
    shop.text("two").await;
    let stats = shop.get("/api/v1/stats").await.json();
    assert_eq!((&stats["total"], &stats["by_status"]["queued"]), (&json!(2), &json!(2)));
    assert_eq!((&stats["by_channel"]["sms"], &stats["queue_depth"]), (&json!(2), &json!(2)));
    assert_eq!((&stats["success_rate"], &stats["latency_ms"]["p50"]), (&json!(null), &json!(null)));
    assert_eq!(shop.get("/api/v1/stats?since=2027-01-15T09:00:00Z").await.json()["total"], 0);
    assert_eq!(shop.get("/api/v1/stats?tenant_id=none").await.json()["total"], 0);
}
