//! What may be asked of a webhook, field by field.

use super::*;
use proptest::prelude::*;
use serde_json::json;

const SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";

fn ask(body: Value) -> Ask {
    serde_json::from_value(body).unwrap()
}

fn create(body: Value) -> Result<Asked, Vec<FieldError>> {
    ask(body).create(&Policy::default())
}

/// The webhook that changes are made to.
fn before() -> (Settings, Headers) {
    let asked = create(json!({
        "url": "https://hooks.example.org/in", "description": "ours", "events": ["delivered", "failed"],
        "headers": {"Authorization": "Bearer hunter2", "X-Team": "ops"}, "max_retries": 3,
    }));
    let asked = asked.unwrap();
    (asked.settings, asked.headers.unwrap())
}

fn change(body: Value) -> Result<Asked, Vec<FieldError>> {
    let (settings, headers) = before();
    ask(body).change(settings, &headers, &Policy::default())
}

fn fields(refused: Result<Asked, Vec<FieldError>>) -> Vec<String> {
    refused.unwrap_err().into_iter().map(|error| error.field).collect()
}

fn exposed(headers: &Headers) -> Vec<(&str, &str)> {
    headers.iter().map(|(name, value)| (name.as_str(), value.expose().as_str())).collect()
}

#[test]
fn a_url_is_enough() {
    let asked = create(json!({"url": "https://hooks.example.org/in?x=1"})).unwrap();
    let expected = Settings {
        url: "https://hooks.example.org/in?x=1".to_owned(),
        description: None,
        events: EventSet::ALL,
        schedule: Schedule { profile: RetryProfile::Standard, max_retries: None },
        timeout: Duration::from_secs(30),
        redact: false,
        active: true,
    };
    assert_eq!(asked.settings, expected);
    assert!(asked.headers.is_none() && asked.secret.is_none());
}

#[test]
fn every_field_is_taken() {
    let asked = create(json!({
        "url": "http://93.184.216.34:8080/", "description": "x".repeat(500), "is_active": false,
        "events": ["notification.delivered", "failed"], "headers": {"X-Team": "ops"}, "max_retries": 20,
        "timeout_seconds": 120, "retry_profile": "persistent", "redact": true, "secret": SECRET,
    }));
    let asked = asked.unwrap();
    let it = &asked.settings;
    assert_eq!(it.events.iter().collect::<Vec<_>>(), [WebhookEvent::Delivered, WebhookEvent::Failed]);
    assert_eq!(it.schedule, Schedule { profile: RetryProfile::Persistent, max_retries: Some(20) });
    assert_eq!((it.timeout, it.redact, it.active), (Duration::from_secs(120), true, false));
    assert_eq!(it.description.as_ref().map(String::len), Some(500));
    assert_eq!(exposed(asked.headers.as_ref().unwrap()), [("X-Team", "ops")]);
    assert_eq!(asked.secret.unwrap().expose(), SECRET);
}

#[test]
fn every_wrong_field_is_named_at_once() {
    let wrong = json!({
        "url": "http://127.0.0.1/", "description": "a\nb", "events": ["delivered", "opened", "notification.delivered"],
        "headers": {"Host": "x", "X-A": "a\nb", "X-Webhook-Event": "x", "Fine": "x"}, "max_retries": 21,
        "timeout_seconds": 0, "secret": "hunter2",
    });
    let named = fields(create(wrong));
    let expected = [
        "secret",
        "url",
        "description",
        "max_retries",
        "timeout_seconds",
        "events[1]",
        "events[2]",
        "headers.Host",
        "headers.X-A",
        "headers.X-Webhook-Event",
    ];
    assert_eq!(named, expected);
    assert_eq!(fields(create(json!({}))), ["url"]);
    assert_eq!(fields(create(json!({"url": "https://a.example", "events": []}))), ["events"]);
}

#[test]
fn where_nobody_may_call_is_refused_unless_it_is_allowed() {
    for url in [
        "ftp://a.example/",
        "https://u:hunter2@a.example/",
        "http://localhost/",
        "http://169.254.169.254/",
        "http://[::1]/",
        "http://2130706433/",
        "a.example",
        "",
    ] {
        let errors = create(json!({"url": url})).unwrap_err();
        assert_eq!((errors.len(), errors[0].field.as_str()), (1, "url"), "{url}");
        assert!(!errors[0].message.contains("hunter2"));
    }
    let house = Policy::allowing(["127.0.0.0/8"]).unwrap();
    assert!(ask(json!({"url": "http://127.0.0.1:9/"})).create(&house).is_ok());
}

#[test]
fn what_every_event_carries_nobody_sets() {
    for name in [
        "Content-Type",
        "User-Agent",
        "X-WEBHOOK-EVENT",
        "X-Notification-Id",
        "X-Service-Id",
        "X-Webhook-Attempt",
        "x-correlation-id",
        "webhook-id",
        "Webhook-Signature",
        "Content-Length",
    ] {
        let errors = create(json!({"url": "https://a.example", "headers": {name: "x"}})).unwrap_err();
        assert_eq!(errors[0].field, format!("headers.{name}"));
        assert!(errors[0].message.contains("by notifyd"), "{}", errors[0].message);
    }
}

#[test]
fn a_header_is_a_line_and_its_value_is_not_repeated() {
    for headers in [
        json!(["hunter2"]),
        json!("hunter2"),
        json!({"X-A": ["hunter2"]}),
        json!({"X-A": "hunter2\r\nX-B: c"}),
        json!({"x-a": "1", "X-A": "hunter2"}),
        json!({"X-A\u{1b}[2J": "hunter2"}),
        json!((0..=MAX_HEADERS).map(|n| (format!("X-{n}"), "hunter2")).collect::<BTreeMap<_, _>>()),
    ] {
        let errors = create(json!({"url": "https://a.example", "headers": headers})).unwrap_err();
        let error = &errors[0];
        assert!(error.field.starts_with("headers") && !error.field.contains(char::is_control), "{error:?}");
        assert!(!error.message.contains("hunter2"), "{error:?}");
    }
}

#[test]
fn a_change_touches_what_it_names() {
    let (settings, _) = before();
    let asked = change(json!({"redact": true})).unwrap();
    assert_eq!(asked.settings, Settings { redact: true, ..settings.clone() });
    assert!(asked.headers.is_none(), "they stay");
    let asked = change(json!({"description": null, "max_retries": null, "is_active": null})).unwrap();
    assert_eq!(asked.settings.description, None);
    assert_eq!(asked.settings.schedule.max_retries, None);
    assert!(asked.settings.active, "null keeps what cannot be nothing");
    assert_eq!(change(json!({"description": ""})).unwrap().settings.description, None);
    // What was allowed once is not looked at again when it stays.
    let inside = Settings { url: "http://10.0.0.7/".to_owned(), ..settings };
    assert!(ask(json!({"is_active": false})).change(inside, &Headers::new(), &Policy::default()).is_ok());
}

#[test]
fn a_hidden_value_stays_and_what_is_left_out_goes() {
    let asked = change(json!({"headers": {"authorization": "***", "X-New": "1"}})).unwrap();
    assert_eq!(
        exposed(asked.headers.as_ref().unwrap()),
        [("X-New", "1"), ("authorization", "Bearer hunter2")]
    );
    assert!(change(json!({"headers": {}})).unwrap().headers.unwrap().is_empty());
    assert_eq!(fields(change(json!({"headers": {"X-Other": "***"}}))), ["headers.X-Other"]);
    assert_eq!(
        fields(create(json!({"url": "https://a.example", "headers": {"X-A": "***"}}))),
        ["headers.X-A"]
    );
}

#[test]
fn a_change_of_nothing_or_of_the_secret_is_refused() {
    assert_eq!(fields(change(json!({}))), ["$"]);
    assert_eq!(fields(change(json!({"url": null}))), ["$"]);
    assert_eq!(fields(change(json!({"secret": SECRET}))), ["secret"]);
}

#[test]
fn a_secret_of_ones_own_is_one_secret() {
    assert_eq!(own_secret(SECRET).unwrap().expose(), SECRET);
    for text in ["", "hunter2", "whsec_hunter2", &format!("{SECRET} {SECRET}"), &format!("{SECRET}\n")] {
        let error = own_secret(text).unwrap_err();
        assert!(!error.message.contains("hunter2") && error.message.contains("whsec_"), "{error:?}");
    }
    let shown = format!("{:?}", create(json!({"url": "https://a.example", "secret": SECRET})).unwrap());
    assert!(!shown.contains("AAEC"), "{shown}");
}

#[test]
fn unknown_fields_are_no_fields() {
    assert!(serde_json::from_value::<Ask>(json!({"colour": "red"})).is_err());
}

proptest! {
    /// Whatever is taken is within the bounds that the log and the engine rely on, and a second look changes nothing.
    #[test]
    fn what_is_taken_fits(
        description in "\\PC{0,20}|[a\n]{0,3}", retries in -2i64..30, timeout in -2i64..200,
        bits in prop::collection::vec(prop::sample::select(vec!["created", "notification.failed", "delivered", "x"]), 0..4),
        header in "[A-Za-z-]{1,12}|\\PC{0,6}", value in "[ -~]{0,12}|\\PC{0,6}",
    ) {
        let body = json!({"url": "https://a.example/", "description": description, "max_retries": retries,
            "timeout_seconds": timeout, "events": bits, "headers": {header: value}});
        match create(body.clone()) {
            Ok(asked) => {
                let it = asked.settings.clone();
                prop_assert!((1..=120).contains(&it.timeout.as_secs()) && it.events.bits() != 0);
                prop_assert!(it.schedule.max_retries.is_some_and(|most| most <= 20));
                prop_assert_eq!(it.events.iter().count(), bits.len());
                let headers = asked.headers.unwrap();
                let again = ask(body).change(it.clone(), &headers, &Policy::default()).unwrap();
                prop_assert_eq!(again.settings, it);
                let same = again.headers.unwrap();
                prop_assert_eq!(exposed(&same), exposed(&headers));
            }
            Err(errors) => prop_assert!(!errors.is_empty()),
        }
    }
}
