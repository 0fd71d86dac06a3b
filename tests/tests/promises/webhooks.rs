//! The channel `webhook` through the real daemon: signed requests with one id over all tries (R28), outcomes (R9), and
//! nobody inside the house is called (R25).

use notify_proto::{FailureReason, Open, Status};
use notify_tests::control::Control;
use notify_tests::daemon::{Builder, Daemon};
use notify_tests::hook::Hook;
use notifyd_lifecycle::webhook::Keys;
use rustix::process::Signal;
use serde_json::{Value, json};

const SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";

/// Path and query of a URL that only its receiver shall know.
const PATH: &str = "/canary-path?key=canary-query";

/// A daemon that may call this receiver, with a provider of these settings, and the key of a service.
fn house(hook: &Hook, config: &Value) -> (Daemon, String) {
    let daemon = Builder::new().config(&format!("[log]\nfilter = \"trace\"\n{}", hook.allowed())).start();
    let key = daemon.service("acme");
    let secret = daemon.builder().dir().join("hook.secret");
    std::fs::write(&secret, SECRET).unwrap();
    daemon.provider("hook", "webhook", config, &["--secret-file", secret.to_str().unwrap()]);
    (daemon, key)
}

fn message(to: &str, text: &str) -> Value {
    json!({"to": to, "message": text, "subject": "Build 214 failed", "retry": {"delays": [0, 0]}})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_is_signed_and_keeps_its_id_over_all_tries() {
    let mut hook = Hook::start(&[500]).await;
    let (mut daemon, key) = house(&hook, &json!({"url": hook.url(PATH), "id_path": "id"}));
    let mut client = daemon.client(&key).await;
    let answer = client.post("/api/v1/webhook", &message("https://hooks.example.org/a", "2 tests red")).await;
    let answer = answer.unwrap();
    assert_eq!(answer.status, 202, "{answer:?}");
    let id = answer.id();
    let control = Control::connect(&daemon.builder().socket()).await.unwrap();
    let detail = control.settled(&id).await.unwrap();
    assert_eq!(detail.notification.status.known(), Some(Status::Delivered), "{detail:#?}");
    let taken = hook.reached(2).await;
    assert_eq!((taken.len(), detail.attempts.len()), (2, 2));
    for (number, delivery) in (1..).zip(&taken) {
        assert_eq!((delivery.method.as_str(), delivery.path.as_str()), ("POST", PATH));
        assert_eq!(delivery.header("webhook-id"), id);
        let at = delivery.header("webhook-timestamp").parse().unwrap();
        let signature = Keys::parse(SECRET).unwrap().sign(&id, at, &delivery.body);
        assert_eq!(delivery.header("webhook-signature"), signature);
        let body = delivery.json();
        assert_eq!(
            (&body["data"]["body"], &body["data"]["attempt"]),
            (&json!("2 tests red"), &json!(number))
        );
    }
    let shown = client.get(&format!("/api/v1/notifications/{id}")).await.unwrap().json().to_string();
    assert!(shown.contains("\"m-1\""), "the receiver's id is kept: {shown}");
    daemon.signal(Signal::TERM);
    daemon.wait();
    let log = daemon.log();
    assert!(log.contains("notification_delivered"), "{log}");
    for secret in ["canary", "AAECAwQF", "2 tests red"] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recipient_who_is_gone_is_a_dead_letter_and_stops_nobody_else() {
    let hook = Hook::start(&[410, 401, 429]).await;
    let (daemon, key) = house(&hook, &json!({}));
    let mut client = daemon.client(&key).await;
    let control = Control::connect(&daemon.builder().socket()).await.unwrap();
    for (text, status, reason) in [
        ("gone", Status::Failed, Some(FailureReason::InvalidRecipient)),
        // One recipient's refusal is not the provider's.
        ("refused", Status::Failed, Some(FailureReason::Permanent)),
        ("slow down, then taken", Status::Delivered, None),
    ] {
        let answer = client.post("/api/v1/webhook", &message(&hook.url(PATH), text)).await.unwrap();
        assert_eq!(answer.status, 202, "{answer:?}");
        let detail = control.settled(&answer.id()).await.unwrap();
        assert_eq!(detail.notification.status.known(), Some(status), "{text}: {detail:#?}");
        let failed = detail.notification.failure_reason.as_ref().and_then(Open::known);
        assert_eq!(failed, reason, "{text}: {detail:#?}");
        let said = detail
            .attempts
            .iter()
            .any(|it| it.error_message.as_deref().is_some_and(|it| it.contains("canary")));
        assert!(!said, "{detail:#?}");
    }
    assert_eq!(hook.taken().len(), 4);
    let shown = daemon.ctl().json(&["provider", "show", "hook"]);
    assert_eq!(shown["provider"]["circuit"], "closed", "{shown}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_inside_the_house_is_called() {
    let hook = Hook::start(&[]).await;
    let (mut daemon, key) = house(&hook, &json!({}));
    let port = hook.address().port();
    let mut client = daemon.client(&key).await;
    for to in [
        format!("http://127.0.0.2:{port}/canary"),
        format!("http://[::1]:{port}/canary"),
        format!("http://[::ffff:127.0.0.1]:{}/canary", daemon.listen().port()),
        format!("http://0x7f000001:{}/canary", daemon.listen().port()),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "http://localhost/canary".to_owned(),
        "ftp://hooks.example.org/canary".to_owned(),
        "https://user:pass@hooks.example.org/canary".to_owned(),
    ] {
        let answer = client.post("/api/v1/webhook", &message(&to, "x")).await.unwrap();
        assert_eq!(answer.status, 422, "{to}: {answer:?}");
        assert_eq!(answer.json()["errors"][0]["field"], "recipient", "{answer:?}");
    }
    for (options, field) in [
        (json!({"method": "GET"}), "channel_options.webhook.method"),
        (json!({"headers": {"X-A": "a\r\nX-Evil: 1"}}), "channel_options.webhook.headers.X-A"),
        (json!({"headers": {"Host": "evil.example"}}), "channel_options.webhook.headers.Host"),
        (json!({"retries": 3}), "channel_options.webhook.retries"),
    ] {
        let mut body = message(&hook.url("/"), "x");
        body["channel_options"] = json!({"webhook": options});
        let answer = client.post("/api/v1/webhook", &body).await.unwrap();
        assert_eq!(answer.json()["errors"][0]["field"], field, "{answer:?}");
    }
    // An operator's URL is refused when it is given, with the way out.
    let file = daemon.builder().dir().join("inside.json");
    std::fs::write(&file, json!({"url": format!("http://127.0.0.2:{port}{PATH}")}).to_string()).unwrap();
    let add = ["provider", "add", "inside", "--type", "webhook", "--config-file", file.to_str().unwrap()];
    let refused = daemon.ctl().run(&add);
    assert_eq!(refused.code, 1, "{}", refused.stderr);
    assert!(refused.stderr.contains("url") && refused.stderr.contains("allow_private"), "{}", refused.stderr);
    assert!(!refused.stderr.contains("canary"), "{}", refused.stderr);
    assert_eq!(hook.taken().len(), 0);

    // What is allowed follows the configuration, all of it or nothing.
    let mut reload = |entries: &str| {
        let config = format!("[webhooks]\nallow_private = [{entries}]\n");
        std::fs::write(daemon.builder().dir().join("notifyd.toml"), config).unwrap();
        daemon.signal(Signal::HUP);
        daemon.wait_for_log(|line| line["event"] == "reloaded" || line["event"] == "reload_refused")
    };
    let said = reload("\"127.0.0.1\"");
    assert_eq!(said["event"], "reload_refused");
    let error = said["error"].as_str().unwrap();
    assert!(error.contains("webhooks.allow_private") && error.contains("write 127.0.0.1/32"), "{error}");
    let to = hook.url("/");
    assert_eq!(client.post("/api/v1/webhook", &message(&to, "still")).await.unwrap().status, 202);
    assert_eq!(reload("")["event"], "reloaded");
    assert_eq!(client.post("/api/v1/webhook", &message(&to, "no more")).await.unwrap().status, 422);
    assert_eq!(reload("\"127.0.0.0/8\"")["event"], "reloaded");
    assert_eq!(client.post("/api/v1/webhook", &message(&to, "again")).await.unwrap().status, 202);
}

#[test]
fn a_wrong_exception_keeps_the_daemon_from_starting() {
    let (code, said) = Builder::new().config("[webhooks]\nallow_private = [\"10.1.2.3/16\"]\n").refused();
    assert_eq!(code, Some(78), "{said}");
    assert!(said.contains("webhooks.allow_private") && said.contains("write 10.1.0.0/16"), "{said}");
}
