//! Who may ask, how often, by which name; and what is open to everybody.

use crate::support::{House, ask, options, well};
use notifyd_intake::{BindError, Bound, Limits, Options, Pulse};
use notifyd_store::Store as _;
use serde_json::json;

const LIST: &str = "/api/v1/notifications";

#[tokio::test]
async fn only_a_right_key_opens_and_every_wrong_one_hears_the_same() {
    let house = House::open().await;
    let (shop, other) = (house.service("shop").await, house.service("other").await);
    let id = shop.service.to_string();
    let bearer = format!("Bearer {}", shop.key);
    let open = |headers: Vec<(&'static str, String)>| {
        let address = house.address;
        async move {
            let mut headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            headers.push(("x-correlation-id", "same"));
            ask(address, "GET", LIST, &headers, "").await
        }
    };
    let right = [
        vec![("x-service-id", id.clone()), ("x-api-key", shop.key.clone())],
        vec![("authorization", bearer.clone())],
        vec![("authorization", bearer.replace("Bearer", "bearer")), ("x-service-id", id.clone())],
    ];
    for headers in right {
        assert_eq!(open(headers).await.status, 200);
    }
    let wrong_key = format!("{}0", &shop.key[..shop.key.len() - 1]);
    let mut answers = Vec::new();
    for headers in [
        vec![],
        vec![("x-api-key", shop.key.clone())],
        vec![("x-service-id", id.clone())],
        vec![("x-service-id", id.clone()), ("x-api-key", wrong_key)],
        vec![("x-service-id", other.service.to_string()), ("x-api-key", shop.key.clone())],
        vec![("x-service-id", uuid::Uuid::from_u128(1).to_string()), ("x-api-key", shop.key.clone())],
        vec![("x-service-id", "x".into()), ("x-api-key", shop.key.clone())],
        vec![("authorization", format!("Basic {}", shop.key))],
        vec![("authorization", "Bearer nonsense".into())],
        vec![("authorization", bearer.clone()), ("x-service-id", other.service.to_string())],
    ] {
        let answer = open(headers).await;
        answer.refuses(401, "unauthorized");
        assert!(answer.header("www-authenticate").unwrap().starts_with("Bearer"));
        answers.push(answer.body);
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    house.set_active(&shop, false).await;
    shop.get(LIST).await.refuses(403, "service-inactive");
    for (method, path) in [("POST", "/api/v1/sms"), ("GET", "/api/v1/stats"), ("GET", "/api/v1/providers")] {
        house.ask(method, path, &[], "").await.refuses(401, "unauthorized");
    }
}

#[tokio::test]
async fn too_many_failures_are_refused_but_never_the_right_key() {
    let house = House::open().await;
    let shop = house.service("shop").await;
    let mut guess = shop.clone();
    guess.key = format!("{}-{}", &shop.key[..32], "0".repeat(32));
    for _ in 0..20 {
        guess.get(LIST).await.refuses(401, "unauthorized");
    }
    let locked = guess.get(LIST).await;
    locked.refuses(429, "locked");
    let seconds: i64 = locked.header("retry-after").unwrap().parse().unwrap();
    assert!((7_100..=7_201).contains(&seconds), "{seconds}");
    assert_eq!(shop.get(LIST).await.status, 200, "a stranger locks nobody out");
    guess.get(LIST).await.refuses(401, "unauthorized");
}

#[tokio::test]
async fn a_service_may_not_ask_more_often_than_it_may() {
    let limits = Limits { service_requests_per_second: Some(0.001), ..Limits::default() };
    let house = House::with(options(), limits).await;
    let (shop, quick) = (house.service("shop").await, house.service_at("quick", Some(1_000.0)).await);
    let first = shop.get(LIST).await;
    assert_eq!((first.status, first.header("ratelimit")), (200, Some("\"service\";r=0;t=1000")));
    let refused = shop.get(LIST).await;
    refused.refuses(429, "rate-limited");
    assert!(refused.header("retry-after").unwrap().parse::<u32>().unwrap() > 900);
    assert_eq!(refused.header("ratelimit-policy"), Some("\"service\";q=1;w=1000"));
    assert!(refused.header("ratelimit").unwrap().starts_with("\"service\";r=0;t="));
    for _ in 0..5 {
        assert_eq!(quick.get(LIST).await.status, 200, "its own limit goes before the general one");
    }
    let sent = quick.post("/api/v1/sms", &json!({"to": "+15005550006"})).await;
    sent.refuses(422, "validation");
    assert_eq!(sent.header("ratelimit-policy"), Some("\"service\";q=1000;w=1"), "whatever the answer");
    assert!(sent.header("ratelimit").unwrap().starts_with("\"service\";r="));
    let answered = |name: &str| {
        let id = house.store.directory().find_service(name).unwrap().id;
        house.store.door().answered(id)
    };
    assert_eq!(
        (answered("shop").throttled, answered("quick").throttled),
        (1, 0),
        "an operator sees who asks too often"
    );
    assert_eq!(house.ask("GET", "/health/live", &[], "").await.status, 200);
}

#[tokio::test]
async fn a_peer_without_a_right_key_may_not_ask_too_often() {
    let limits = Limits { peer_requests_per_second: 0.001, ..Limits::default() };
    let house = House::with(options(), limits).await;
    let shop = house.service("shop").await;
    let first = house.ask("GET", LIST, &[], "").await;
    first.refuses(401, "unauthorized");
    assert_eq!(first.header("ratelimit-policy"), Some("\"peer\";q=1;w=1000"));
    let body = r#"{"to":"+15005550006","message":"hi"}"#;
    let json = ("content-type", "application/json");
    for (method, path, headers) in [
        ("GET", LIST, &[][..]),
        ("POST", "/api/v1/sms", &[json][..]),
        ("GET", "/nowhere", &[]),
        ("GET", "/metrics", &[]),
        ("GET", LIST, &[("authorization", "Bearer nonsense")]),
        ("GET", LIST, &[("x-service-id", "x")]),
    ] {
        let refused = house.ask(method, path, headers, if method == "POST" { body } else { "" }).await;
        refused.refuses(429, "rate-limited");
        assert!((900..=1_000).contains(&refused.header("retry-after").unwrap().parse::<u32>().unwrap()));
        assert!(refused.header("ratelimit").unwrap().starts_with("\"peer\";r=0;t="));
    }
    for path in ["/health", "/health/live", "/health/ready"] {
        let probed = house.ask("GET", path, &[], "").await;
        assert_eq!(
            (probed.status, probed.header("ratelimit")),
            (200, None),
            "a supervisor is always answered"
        );
    }
    let known = shop.get(LIST).await;
    assert_eq!((known.status, known.header("ratelimit")), (200, None), "a right key is no stranger's");
}

#[tokio::test]
async fn a_key_that_is_given_twice_is_none() {
    let house = House::open().await;
    let shop = house.service("shop").await;
    let bearer = format!("Bearer {}", shop.key);
    for headers in [
        &[("authorization", bearer.as_str()), ("authorization", bearer.as_str())][..],
        &[("x-api-key", &shop.key), ("x-api-key", &shop.key), ("x-service-id", &shop.service.to_string())],
        &[("authorization", &bearer), ("x-service-id", "a"), ("x-service-id", "b")],
    ] {
        house.ask("GET", LIST, headers, "").await.refuses(401, "unauthorized");
    }
    assert_eq!(house.ask("GET", LIST, &[("authorization", &bearer)], "").await.status, 200);
}

#[tokio::test]
async fn a_caller_without_a_key_may_act_as_the_anonymous_service() {
    let options = Options { anonymous_service: Some("demo".into()), ..options() };
    let house = House::with(options, Limits::default()).await;
    house.ask("GET", LIST, &[], "").await.refuses(401, "unauthorized");
    let demo = house.service("demo").await;
    let body = r#"{"to":"+15005550006","message":"hi"}"#;
    let sent = house.ask("POST", "/api/v1/sms", &[("content-type", "application/json")], body).await;
    assert_eq!(sent.status, 202, "{}", sent.body);
    assert_eq!(demo.get("/api/v1/notifications?with_total=true").await.json()["total"], 1);
    let wrong = [("authorization", "Bearer wrong")];
    house.ask("GET", LIST, &wrong, "").await.refuses(401, "unauthorized");
    house.set_active(&demo, false).await;
    house.ask("GET", LIST, &[], "").await.refuses(403, "service-inactive");
}

#[tokio::test]
async fn foreign_hosts_and_origins_are_refused() {
    let options = Options {
        allowed_hosts: vec!["notify.example".into()],
        cors_origins: vec!["https://app.example".into()],
        ..options()
    };
    let house = House::with(options, Limits::default()).await;
    house.ask("GET", "/health", &[("host", "evil.example")], "").await.refuses(403, "host-refused");
    assert_eq!(house.ask("GET", "/health", &[("host", "notify.example:80")], "").await.status, 200);
    let evil = house.ask("GET", "/health", &[("origin", "https://evil.example")], "").await;
    evil.refuses(403, "origin-refused");
    assert_eq!(evil.header("access-control-allow-origin"), None);
    let null = house.ask("POST", "/api/v1/sms", &[("origin", "null")], "").await;
    null.refuses(403, "origin-refused");
    let good = house.ask("GET", "/health", &[("origin", "https://app.example")], "").await;
    assert_eq!((good.status, good.header("access-control-allow-origin")), (200, Some("https://app.example")));
    let asked = house.ask("OPTIONS", "/api/v1/sms", &[("origin", "https://app.example")], "").await;
    assert_eq!(asked.status, 204);
    assert!(asked.header("access-control-allow-headers").unwrap().contains("x-api-key"));
}

#[tokio::test]
async fn unknown_paths_and_methods_are_refused_with_what_there_is() {
    let house = House::open().await;
    let shop = house.service("shop").await;
    for path in ["/", "/api/v1", "/api/v1/fax", "/api/v1/sms/", "/api/v2/sms", "/docs"] {
        shop.get(path).await.refuses(404, "not-found");
        shop.post(path, &json!({})).await.refuses(404, "not-found");
    }
    shop.post("/api/v1/notifications/fax", &json!({})).await.refuses(404, "not-found");
    let id = uuid::Uuid::from_u128(7);
    for (method, path, allow) in [
        ("GET", "/api/v1/sms".to_owned(), "POST"),
        ("DELETE", LIST.to_owned(), "GET,HEAD,POST"),
        ("DELETE", format!("{LIST}/{id}"), "GET,HEAD,PUT"),
        ("POST", format!("{LIST}/{id}"), "GET,HEAD,PUT"),
        ("GET", format!("{LIST}/{id}/revoke"), "POST"),
        ("POST", "/health".to_owned(), "GET,HEAD"),
        ("OPTIONS", "/api/v1/stats".to_owned(), "GET,HEAD"),
    ] {
        let answer = shop.ask(method, &path, &[], "").await;
        answer.refuses(405, "method-not-allowed");
        assert_eq!(answer.header("allow"), Some(allow), "{method} {path}");
    }
    let head = shop.ask("HEAD", "/api/v1/providers", &[], "").await;
    assert_eq!((head.status, head.body.as_str()), (200, ""));
}

#[tokio::test]
async fn the_correlation_id_is_the_callers_or_a_new_one() {
    let house = House::open().await;
    let shop = house.service("shop").await;
    let ours = shop.ask("GET", LIST, &[("x-correlation-id", "order-7")], "").await;
    assert_eq!(ours.header("x-correlation-id"), Some("order-7"));
    let long = "x".repeat(129);
    for unfit in ["two words", long.as_str()] {
        let made = shop.ask("GET", LIST, &[("x-correlation-id", unfit)], "").await;
        let made: uuid::Uuid = made.header("x-correlation-id").unwrap().parse().unwrap();
        assert_eq!(made.get_version_num(), 4);
    }
    let trace = ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    assert_eq!(shop.ask("GET", LIST, &[trace], "").await.status, 200);
}

#[tokio::test]
async fn health_tells_how_it_is() {
    let house = House::open().await;
    let health = house.ask("GET", "/health", &[], "").await;
    assert_eq!(health.status, 200);
    assert_eq!(
        health.json(),
        json!({"status": "healthy", "timestamp": "2027-01-15T08:00:00.000Z", "version": "1.2.3", "uptime_seconds": 0,
            "services": {"database": "connected", "queue": "running", "workers": "running",
                "providers": {"texts": "closed"}}})
    );
    *house.pulse.0.lock().unwrap() = Pulse { simulated: true, ..well() };
    assert_eq!(house.ask("GET", "/health", &[], "").await.json()["status"], "degraded");
    *house.pulse.0.lock().unwrap() = Pulse::default();
    let stopped = house.ask("GET", "/health", &[], "").await;
    assert_eq!((stopped.status, &stopped.json()["services"]["queue"]), (503, &json!("stopped")));
    let starting = house.ask("GET", "/health/ready", &[], "").await;
    assert_eq!((starting.status, &starting.json()["reason"]), (503, &json!("starting")));
    *house.pulse.0.lock().unwrap() = well();
    assert_eq!(house.ask("GET", "/health/ready", &[], "").await.status, 200);
    house.handle.set_draining(true);
    let draining = house.ask("GET", "/health/ready", &[], "").await;
    assert_eq!((draining.status, &draining.json()["reason"]), (503, &json!("draining")));
    assert_eq!(house.ask("GET", "/health/live", &[], "").await.status, 200);
    notifyd_store::Store::close(&*house.store).await;
    let closed = house.ask("GET", "/health", &[], "").await;
    assert_eq!((closed.status, &closed.json()["services"]["database"]), (503, &json!("closed")));
}

#[tokio::test]
async fn metrics_count_what_happened() {
    let house = House::open().await;
    let shop = house.service("shop").await;
    let id = shop.text("hi").await;
    shop.post("/api/v1/sms", &json!({"to": "+15005550006", "message": "hi"})).await;
    let known = house.store.directory().find_service("shop").unwrap().id;
    assert_eq!(house.store.door().answered(known).duplicates, 1);
    shop.get("/api/v1/providers").await;
    house.ask("GET", "/nowhere", &[], "").await;
    house.ask("GET", LIST, &[], "").await;
    let metrics = house.ask("GET", "/metrics", &[], "").await;
    assert_eq!(metrics.status, 200);
    assert!(metrics.header("content-type").unwrap().starts_with("text/plain; version=0.0.4"));
    for line in [
        "notifyd_http_requests_total{code=\"202\",route=\"/api/v1/{channel}\"} 1",
        "notifyd_http_requests_total{code=\"200\",route=\"/api/v1/{channel}\"} 1",
        "notifyd_http_requests_total{code=\"200\",route=\"/api/v1/providers\"} 1",
        "notifyd_http_requests_total{code=\"401\",route=\"/api/v1/notifications\"} 1",
        "notifyd_http_requests_total{code=\"404\",route=\"other\"} 1",
        "notifyd_http_request_seconds_count 5",
        "notifyd_auth_failures_total 1",
        "notifyd_notifications_accepted_total{channel=\"sms\",priority=\"normal\"} 1",
        "notifyd_notifications_deduplicated_total 1",
        "notifyd_queue_depth{queue=\"queued\"} 1",
        "notifyd_queue_oldest_seconds 0",
        "notifyd_build_info{version=\"1.2.3\"} 1",
        "# HELP notifyd_store_wal_bytes",
        "# TYPE notifyd_store_commit_seconds histogram",
    ] {
        assert!(metrics.body.lines().any(|it| it.starts_with(line)), "{line}\n{}", metrics.body);
    }
    shop.ask("POST", &format!("/api/v1/notifications/{id}/revoke"), &[], "").await;
    let metrics = house.ask("GET", "/metrics", &[], "").await;
    let revoked = "notifyd_notifications_final_total{status=\"cancelled\"} 1";
    assert!(metrics.body.lines().any(|line| line == revoked), "{}", metrics.body);
}

#[tokio::test]
async fn a_taken_port_and_a_wrong_setting_are_said_clearly() {
    let house = House::open().await;
    let bind = |options: Options| Bound::take(options, Limits::default());
    let taken = bind(Options { listen: house.address, ..Options::default() }).err().unwrap();
    assert!(matches!(taken, BindError::Taken(_)));
    assert!(taken.to_string().contains("choose another address with --listen"), "{taken}");
    let wrong = bind(Options { max_connections: 0, ..options() }).err().unwrap();
    assert_eq!(wrong.to_string(), "intake.max_connections is 0; use 1 to 65536");
}
