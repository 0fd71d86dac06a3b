use super::*;
use crate::{Network, Sink, build};
use notify_proto::NotificationId;
use notify_proto::send::Recipient;
use notifyd_lifecycle::Message;
use notifyd_lifecycle::clock::SystemClock;
use notifyd_lifecycle::outcome::Invalid;
use serde_json::{Value, json};
use tokio::time::Instant;

fn mock(config: &Value) -> Arc<dyn Provider> {
    build("mock", config, None, &context()).unwrap()
}

fn context() -> BuildContext {
    let (receipts, network) = (Sink::default(), Network::default());
    BuildContext { seed: 7, clock: Arc::new(SystemClock), receipts, network }
}

fn message() -> Message {
    serde_json::from_value(json!({"recipient": "+15005550006"})).unwrap()
}

async fn send(provider: &Arc<dyn Provider>, attempt: u32) -> Outcome {
    let message = message();
    assert_eq!(message.recipient, Recipient::One("+15005550006".into()));
    let to = ["+15005550006".to_owned()];
    let notification = NotificationId::from_parts(1, [0xab; 10]);
    provider
        .send(Call { notification, attempt, channel: Channel::Sms, to: &to, message: &message })
        .await
        .outcome
}

#[tokio::test]
async fn without_configuration_it_accepts_at_once() {
    for config in [Value::Null, json!({}), json!({"failure_rate": 0, "hang": false})] {
        let provider = mock(&config);
        assert_eq!(
            send(&provider, 1).await,
            Outcome::Accepted { external_id: Some("mock-abababababab".into()) }
        );
        assert_eq!(
            send(&provider, 2).await,
            Outcome::Accepted { external_id: Some("mock-abababababab-2".into()) }
        );
    }
}

#[tokio::test]
async fn the_first_attempts_fail_then_it_succeeds() {
    let provider = mock(&json!({"fail_times": 2, "failure_outcome": "ambiguous"}));
    assert_eq!(send(&provider, 1).await, Outcome::Ambiguous);
    assert_eq!(send(&provider, 2).await, Outcome::Ambiguous);
    assert!(matches!(send(&provider, 3).await, Outcome::Accepted { .. }));
}

#[tokio::test]
async fn a_fixed_outcome_is_given_by_its_class() {
    let outcomes = [
        ("permanent", Outcome::Permanent),
        ("provider_config", Outcome::ProviderConfig),
        ("recipient_dead", Outcome::RecipientInvalid(Invalid::Dead)),
        ("recipient_opted_out", Outcome::RecipientInvalid(Invalid::OptedOut)),
        ("ambiguous", Outcome::Ambiguous),
        ("transient", Outcome::Transient),
        ("rate_limited", Outcome::RateLimited { after: None }),
    ];
    for (class, outcome) in outcomes {
        assert_eq!(send(&mock(&json!({"outcome": class})), 1).await, outcome);
    }
    assert!(matches!(send(&mock(&json!({"outcome": "accepted"})), 1).await, Outcome::Accepted { .. }));
}

#[tokio::test]
async fn the_dice_are_seeded() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let provider = mock(&json!({"failure_rate": 0.3}));
        let mut failed = Vec::new();
        for call in 0..1_000 {
            if send(&provider, 1).await == Outcome::Transient {
                failed.push(call);
            }
        }
        assert!((200..400).contains(&failed.len()), "{}", failed.len());
        runs.push(failed);
    }
    assert_eq!(runs[0], runs[1]);
}

#[tokio::test(start_paused = true)]
async fn latency_and_hanging_are_on_the_runtimes_timer() {
    let start = Instant::now();
    send(&mock(&json!({"latency_ms": 1_500})), 1).await;
    assert_eq!(start.elapsed(), Duration::from_millis(1_500));
    let start = Instant::now();
    send(&mock(&json!({"latency_ms": {"min": 10, "max": 20}})), 1).await;
    assert!((10..=20).contains(&start.elapsed().as_millis()), "{:?}", start.elapsed());
    let hanging = mock(&json!({"hang": true}));
    assert!(tokio::time::timeout(Duration::from_hours(1), send(&hanging, 1)).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn above_the_limit_it_says_when_to_come_back() {
    let provider = mock(&json!({"rate_limit_per_second": 2}));
    assert!(matches!(send(&provider, 1).await, Outcome::Accepted { .. }));
    tokio::time::advance(Duration::from_millis(400)).await;
    assert!(matches!(send(&provider, 1).await, Outcome::Accepted { .. }));
    let after = Duration::from_millis(600);
    assert_eq!(send(&provider, 1).await, Outcome::RateLimited { after: Some(after) });
    tokio::time::advance(after).await;
    assert!(matches!(send(&provider, 1).await, Outcome::Accepted { .. }));
}

#[tokio::test]
async fn a_throttling_one_says_when_to_come_back_as_it_is_told() {
    let after = Some(Duration::from_secs(90));
    for field in ["outcome", "failure_outcome"] {
        let config = json!({field: "rate_limited", "fail_times": 1, "retry_after_seconds": 90});
        assert_eq!(send(&mock(&config), 1).await, Outcome::RateLimited { after });
    }
}

#[tokio::test]
async fn every_call_is_recorded_before_its_answer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calls");
    let provider = mock(&json!({"record_file": path, "outcome": "ambiguous"}));
    send(&provider, 1).await;
    send(&provider, 2).await;
    // A second daemon appends to the same file.
    send(&mock(&json!({"record_file": path})), 3).await;
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.iter().map(|line| line["attempt"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(lines[0]["to"], json!(["+15005550006"]));
    assert_eq!(lines[0]["channel"], "sms");
    assert!(lines[0]["at_us"].as_i64().unwrap() > 0);
}

#[test]
fn wrong_scripts_are_refused() {
    let context = context();
    let cases = [
        (json!({"latency_ms": -1}), "latency_ms"),
        (json!({"latency_ms": {"min": 9, "max": 3}}), "latency_ms"),
        (json!({"latency_ms": {"min": 9}}), "latency_ms"),
        (json!({"latency_ms": {"max": 9, "avg": 3}}), "latency_ms"),
        (json!({"failure_rate": "half"}), "failure_rate"),
        (json!({"failure_outcome": "accepted"}), "failure_outcome"),
        (json!({"outcome": "explode"}), "outcome"),
        (json!({"rate_limit_per_second": 0}), "rate_limit_per_second"),
        (json!({"retry_after_seconds": 0}), "retry_after_seconds"),
        (json!({"hang": "yes"}), "hang"),
        (json!({"record_file": "/nonexistent/folder/file"}), "record_file"),
    ];
    for (config, field) in cases {
        let error = build("mock", &config, None, &context).err().unwrap();
        assert_eq!(error.field(), Some(field), "{config}: {error}");
    }
}
