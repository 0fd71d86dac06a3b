//! What the webhooks of a service took, among its statistics.

use crate::support::House;
use crate::webhooks::answered;
use serde_json::json;

const STATS: &str = "/api/v1/stats";

#[tokio::test]
async fn statistics_say_what_webhooks_took() {
    let house = House::open().await;
    let (shop, thief) = (house.service("shop").await, house.service("thief").await);
    let nothing = json!({
        "total": 0, "by_status": {}, "ack_rate": null, "ack_ms": {"p50": null, "p95": null, "p99": null}, "partial": false,
    });
    assert_eq!(shop.get(STATS).await.json()["webhooks"], nothing);
    let path = shop.hook(&json!({"url": "https://hooks.example.org/in", "events": ["created"]})).await;
    for (text, status) in [("one", Some(200)), ("two", Some(200)), ("three", Some(500)), ("four", None)] {
        shop.text(text).await;
        if let Some(status) = status {
            answered(&house, &path, status).await;
        }
    }
    let told = shop.get(STATS).await.json()["webhooks"].clone();
    assert_eq!(told["by_status"], json!({"acknowledged": 2, "failed": 1, "pending": 1}));
    assert_eq!((&told["total"], &told["partial"]), (&json!(4), &json!(false)));
    assert!((told["ack_rate"].as_f64().unwrap() - 2.0 / 3.0).abs() < 1e-9, "{told}");
    assert!(["p50", "p95", "p99"].iter().all(|it| told["ack_ms"][it].is_u64()), "{told}");
    for none in [format!("{STATS}?tenant_id=none"), format!("{STATS}?since=2027-01-15T09:00:00Z")] {
        assert_eq!(shop.get(&none).await.json()["webhooks"], nothing, "{none}");
    }
    assert_eq!(thief.get(STATS).await.json()["webhooks"], nothing);
}
