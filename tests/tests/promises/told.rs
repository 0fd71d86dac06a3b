//! What a service is told of its notifications (R24, R28): every step, in a form that any library of Standard Webhooks
//! verifies, at least once and under one id whoever dies meanwhile, and by nobody but the daemon.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, Mac as _};
use notify_tests::daemon::{Builder, Daemon};
use notify_tests::hook::{Delivery, Hook};
use notify_tests::http::Client;
use serde_json::{Value, json};
use sha2::Sha256;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// How long it may take to get somewhere: no measure, only an end.
const PATIENCE: Duration = Duration::from_secs(60);

const WEBHOOKS: &str = "/api/v1/webhooks";

/// Whether one of the signatures is by this secret, as the specification of Standard Webhooks says: written here anew, so
/// that a fault in the daemon's own signing is not looked for with itself.
fn verifies(delivery: &Delivery, secret: &str) -> bool {
    let key = BASE64_STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    mac.update(delivery.header("webhook-id").as_bytes());
    mac.update(b".");
    mac.update(delivery.header("webhook-timestamp").as_bytes());
    mac.update(b".");
    mac.update(&delivery.body);
    let expected = format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()));
    delivery.header("webhook-signature").split(' ').any(|signature| signature == expected)
}

/// A service with a webhook.
struct House {
    daemon: Daemon,
    key: String,
    client: Client,
    path: String,
    secret: String,
}

impl House {
    /// In a new directory, with a provider that does as it is told, and a webhook at this URL with these settings.
    async fn new(config: &str, provider: &Value, url: &str, settings: &Value) -> Self {
        let daemon = Builder::new().config(config).start();
        daemon.mock("trial", provider, &[]);
        let key = daemon.service("acme");
        let mut client = daemon.client(&key).await;
        let mut body = settings.clone();
        body["url"] = json!(url);
        let made = client.post(WEBHOOKS, &body).await.unwrap();
        assert_eq!(made.status, 201, "{}", made.json());
        let path = format!("{WEBHOOKS}/{}", made.id());
        let secret = made.json()["secret"].as_str().unwrap().to_owned();
        Self { daemon, key, client, path, secret }
    }

    async fn send(&mut self, more: &Value) -> String {
        let mut body = json!({"to": "+15005550006", "message": "hello", "deduplicate": false});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let sent = self.client.post("/api/v1/sms", &body).await.unwrap();
        assert_eq!(sent.status, 202, "{}", sent.json());
        sent.id()
    }

    /// Asks until there is a delivery like this; it.
    async fn told(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        let path = format!("{}/deliveries", self.path);
        let asked = async {
            loop {
                let all = self.client.get(&path).await.unwrap().json();
                if let Some(found) = all["deliveries"].as_array().unwrap().iter().find(|it| wanted(it)) {
                    return found.clone();
                }
            }
        };
        tokio::time::timeout(PATIENCE, asked).await.unwrap()
    }

    async fn show(&mut self) -> Value {
        self.client.get(&self.path).await.unwrap().json()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_step_is_told_signed_and_numbered() {
    let mut hook = Hook::start(&[]).await;
    let url = hook.url("/told");
    let provider = json!({"fail_times": 1, "failure_outcome": "transient"});
    let mut house = House::new(&hook.allowed(), &provider, &url, &json!({})).await;
    let again =
        house.send(&json!({"retry": {"delays": [0]}, "tenant_id": "t1", "meta_data": {"n": 1}})).await;
    let steps = ["created", "retry_scheduled", "retry_attempted", "delivered"];
    let taken = hook.reached(4).await;
    let mut sorted = taken.clone();
    sorted.sort_by_key(|it| it.json()["sequence"].as_u64().unwrap());
    let told: Vec<_> = sorted.iter().map(|it| it.json()["event"].as_str().unwrap().to_owned()).collect();
    assert_eq!(told, steps);
    let ids: BTreeSet<_> = taken.iter().map(|it| it.header("webhook-id").to_owned()).collect();
    assert_eq!(ids.len(), 4, "each event has an id of its own");
    for delivery in &sorted {
        let body = delivery.json();
        assert!(verifies(delivery, &house.secret), "{delivery:?}");
        assert!(!verifies(delivery, "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"));
        assert_eq!((delivery.method.as_str(), delivery.path.as_str()), ("POST", "/told"));
        assert_eq!(delivery.header("content-type"), "application/json");
        assert_eq!(delivery.header("user-agent"), "NotificationService-Webhook/1.0");
        assert_eq!(delivery.header("x-webhook-event"), body["event_type"]);
        assert_eq!(delivery.header("x-notification-id"), again);
        assert_eq!((delivery.header("x-webhook-attempt"), &body["webhook_attempt"]), ("1", &json!(1)));
        assert_eq!(delivery.header("x-correlation-id"), body["correlation_id"]);
        assert_eq!((&body["notification_id"], &body["tenant_id"]), (&json!(again), &json!("t1")));
        assert_eq!((&body["recipient"], &body["meta_data"]), (&json!("+15005550006"), &json!({"n": 1})));
    }
    // What is given up; and what is revoked, without what was to be sent to whom.
    house.daemon.mock("rejects", &json!({"outcome": "permanent"}), &["--priority", "2"]);
    let dead = house.send(&json!({"provider_id": "rejects"})).await;
    let taken = hook.reached(6).await;
    let failed = taken.iter().find(|it| it.json()["event"] == "failed").unwrap();
    assert!(verifies(failed, &house.secret) && failed.header("x-notification-id") == dead);
    assert_eq!(
        (&failed.json()["failure_reason"], &failed.json()["status"]),
        (&json!("permanent"), &json!("failed"))
    );
    let change = json!({"redact": true, "events": ["notification.cancelled"]}).to_string();
    let changed = house.client.request(hyper::Method::PUT, &house.path, &[], change).await.unwrap();
    assert_eq!(changed.status, 200, "{}", changed.json());
    let now: notify_proto::Timestamp = changed.json()["updated_at"].as_str().unwrap().parse().unwrap();
    let tomorrow = notify_proto::view::rfc3339(now + chrono::TimeDelta::days(1));
    let id = house.send(&json!({"scheduled_at": tomorrow})).await;
    let path = format!("/api/v1/notifications/{id}/revoke");
    let revoked = house.client.post(&path, &json!({"reason": "no longer"})).await.unwrap();
    assert_eq!(revoked.status, 200);
    let taken = hook.reached(7).await;
    let cancelled = &taken[6].json();
    assert!(verifies(&taken[6], &house.secret));
    assert_eq!(
        (&cancelled["event"], &cancelled["cancellation_reason"]),
        (&json!("cancelled"), &json!("no longer"))
    );
    for hidden in ["recipient", "content", "subject"] {
        assert_eq!(cancelled[hidden], Value::Null, "{hidden}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_fails_is_asked_again_under_the_same_id_and_who_is_gone_is_not() {
    let mut hook = Hook::start(&[500, 200]).await;
    let url = hook.url("/again");
    let settings = json!({"events": ["delivered"], "retry_profile": "persistent"});
    let mut house = House::new(&hook.allowed(), &json!({}), &url, &settings).await;
    house.send(&json!({})).await;
    let taken = hook.reached(2).await;
    assert_eq!(taken[0].header("webhook-id"), taken[1].header("webhook-id"));
    assert_eq!(
        (&taken[0].json()["webhook_attempt"], &taken[1].json()["webhook_attempt"]),
        (&json!(1), &json!(2))
    );
    assert!(taken.iter().all(|it| verifies(it, &house.secret)));
    let told = house.told(|it| it["status"] == "acknowledged").await;
    assert_eq!((&told["attempt_count"], &told["response_status_code"]), (&json!(2), &json!(200)));
    // Redirects lead nowhere, and are no success.
    hook.tell(&[302]);
    house.send(&json!({})).await;
    let told = house.told(|it| it["status"] == "failed").await;
    assert_eq!(told["response_status_code"], 302);
    // It is told once more when it is asked for, under its id.
    let id = told["id"].as_str().unwrap().to_owned();
    let path = format!("{}/deliveries/{id}/redeliver", house.path);
    assert_eq!(house.client.post(&path, &json!({})).await.unwrap().status, 202);
    let taken = hook.reached(4).await;
    assert_eq!((taken[3].header("webhook-id"), taken[3].header("x-webhook-attempt")), (id.as_str(), "2"));
    house.told(|it| it["id"] == *id && it["status"] == "acknowledged").await;
    // Gone.
    hook.tell(&[410]);
    house.send(&json!({})).await;
    house.told(|it| it["response_status_code"] == 410).await;
    let shown = house.show().await;
    assert_eq!((&shown["is_active"], &shown["disabled_reason"]), (&json!(false), &json!("gone")));
    house.send(&json!({})).await;
    let test = house.client.post(&format!("{}/test", house.path), &json!({})).await.unwrap();
    assert_eq!(test.status, 409);
    assert_eq!(hook.taken().len(), 5, "nobody asks it again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_a_secret_is_replaced_both_verify() {
    let mut hook = Hook::start(&[]).await;
    let url = hook.url("/rotate");
    let mut house = House::new(&hook.allowed(), &json!({}), &url, &json!({"events": ["delivered"]})).await;
    let rotate = format!("{}/rotate-secret", house.path);
    let test = format!("{}/test", house.path);
    let new =
        house.client.post(&rotate, &json!({})).await.unwrap().json()["secret"].as_str().unwrap().to_owned();
    house.client.post(&test, &json!({})).await.unwrap();
    let both = hook.reached(1).await.remove(0);
    assert!(verifies(&both, &house.secret) && verifies(&both, &new));
    assert_eq!(
        (&both.json()["test"], both.header("webhook-signature").split(' ').count()),
        (&json!(true), 2)
    );
    let newest = house.client.post(&rotate, &json!({"overlap_seconds": 0})).await.unwrap().json();
    let newest = newest["secret"].as_str().unwrap().to_owned();
    house.client.post(&test, &json!({})).await.unwrap();
    let one = hook.reached(2).await.remove(1);
    assert!(verifies(&one, &newest) && !verifies(&one, &new) && !verifies(&one, &house.secret));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_a_receiver_does_the_rest_goes_on() {
    let mut good = Hook::start(&[]).await;
    let bad = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = bad.local_addr().unwrap().port();
    let (tell, mut asked) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut count = 0_u32;
        while let Ok((mut stream, _)) = bad.accept().await {
            let tell = tell.clone();
            count += 1;
            tokio::spawn(async move {
                let mut request = vec![0; 65_536];
                let _ = stream.read(&mut request).await;
                let _ = tell.send(());
                match count % 3 {
                    // Reset: what was sent is not even read.
                    0 => drop(stream),
                    // A drip, and no end.
                    1 => {
                        while stream.write_all(b"H").await.is_ok() {
                            tokio::time::sleep(Duration::from_millis(100)).await;
                        }
                    }
                    // More than anybody wants to know.
                    _ => {
                        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\n";
                        let _ = stream.write_all(head).await;
                        let much = vec![b'x'; 65_536];
                        while stream.write_all(&much).await.is_ok() {}
                    }
                }
            });
        }
    });
    let config = format!(
        "[webhooks]\nallow_private = [\"127.0.0.1/32:{}\", \"127.0.0.1/32:{port}\"]\n",
        good.address().port()
    );
    let settings = json!({"timeout_seconds": 1, "retry_profile": "persistent", "events": ["created"]});
    let url = format!("http://127.0.0.1:{port}/");
    let mut house = House::new(&config, &json!({}), &url, &settings).await;
    let made =
        house.client.post(WEBHOOKS, &json!({"url": good.url("/"), "events": ["created"]})).await.unwrap();
    assert_eq!(made.status, 201);
    for _ in 0..12 {
        house.send(&json!({})).await;
    }
    let calls = async {
        for _ in 0..12 {
            asked.recv().await.unwrap();
        }
    };
    tokio::time::timeout(PATIENCE, calls).await.unwrap();
    assert_eq!(tokio::time::timeout(PATIENCE, good.reached(12)).await.unwrap().len(), 12);
    let told = house.told(|it| it["attempt_count"].as_u64() > Some(0)).await;
    let kept = told["response_body"].as_str().unwrap_or_default().len();
    assert!(kept <= 4_096, "{kept}");
    let health = house.client.get("/health/ready").await.unwrap();
    assert_eq!(health.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_dies_everything_is_told_under_one_id() {
    for at in ["webhook.begins", "webhook.answered", "webhook.written", "webhook.committed"] {
        let mut hook = Hook::start(&[]).await;
        let url = hook.url("/dies");
        let house = House::new(&hook.allowed(), &json!({}), &url, &json!({"events": ["delivered"]})).await;
        let House { daemon, key, path, secret, .. } = house;
        let builder = daemon.kill();
        let mut daemon = builder.clone().env("NOTIFYD_FAIL_POINT", at).start();
        // The answer may be lost with the daemon.
        let body = json!({"to": "+15005550006", "message": "hello"});
        let _ = daemon.client(&key).await.post("/api/v1/sms", &body).await;
        let status = daemon.wait();
        assert_eq!(status.code(), None, "{at}: it was to be killed, but {status}: {}", daemon.log());
        let daemon = builder.start();
        let client = daemon.client(&key).await;
        let mut house = House { daemon, key, client, path, secret };
        let told = house.told(|it| it["status"] == "acknowledged").await;
        let taken = hook.reached(1).await;
        assert!(taken.len() <= 2, "{at}: {taken:?}");
        for delivery in &taken {
            assert_eq!(delivery.header("webhook-id"), told["id"], "{at}");
            assert!(verifies(delivery, &house.secret), "{at}");
        }
        if at == "webhook.committed" {
            assert_eq!(taken.len(), 1, "what was written down is not told again");
        }
        drop(house.daemon);
    }
}

/// Has a public library of Standard Webhooks look at a delivery, and at the same with another body.
fn look(program: &str, script: &str, delivery: &Delivery, secret: &str, dir: &Path) {
    let headers: BTreeMap<_, _> = ["webhook-id", "webhook-timestamp", "webhook-signature"]
        .map(|name| (name, delivery.header(name)))
        .into();
    let body = std::str::from_utf8(&delivery.body).unwrap();
    for (body, good) in [(body.to_owned(), true), (format!("{body} "), false)] {
        let file = dir.join("delivery.json");
        std::fs::write(&file, json!({"secret": secret, "headers": headers, "body": body}).to_string())
            .unwrap();
        let mut command = Command::new(program);
        command.arg(if program.ends_with("node") { "-e" } else { "-c" }).arg(script);
        command.env("NODE_PATH", verifiers().join("node_modules")).env("DELIVERY", &file);
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let expected = if good { "verified" } else { "refused" };
        assert_eq!(said.trim(), expected, "{program}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

/// Where the script that runs all tests installs the public libraries.
fn verifiers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/verifiers")
}

const PYTHON: &str = r#"
import json, os
from standardwebhooks import Webhook, WebhookVerificationError
d = json.load(open(os.environ["DELIVERY"]))
try:
    Webhook(d["secret"]).verify(d["body"], d["headers"])
    print("verified")
except WebhookVerificationError:
    print("refused")
"#;

const NODE: &str = r#"
const { Webhook, WebhookVerificationError } = require("standardwebhooks");
const d = JSON.parse(require("fs").readFileSync(process.env.DELIVERY, "utf8"));
try {
    new Webhook(d.secret).verify(d.body, d.headers);
    console.log("verified");
} catch (error) {
    if (!(error instanceof WebhookVerificationError)) throw error;
    console.log("refused");
}
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_public_libraries_verify_it() {
    let mut hook = Hook::start(&[]).await;
    let url = hook.url("/verified");
    let mut house = House::new(&hook.allowed(), &json!({}), &url, &json!({"events": ["delivered"]})).await;
    house.send(&json!({"message": "Grüße, \u{1f600} and a \"quote\""})).await;
    let one = hook.reached(1).await.remove(0);
    let rotate = format!("{}/rotate-secret", house.path);
    let new =
        house.client.post(&rotate, &json!({})).await.unwrap().json()["secret"].as_str().unwrap().to_owned();
    house.client.post(&format!("{}/test", house.path), &json!({})).await.unwrap();
    let both = hook.reached(2).await.remove(1);
    let dir = house.daemon.builder().dir();
    let python = verifiers().join("bin/python");
    for (installed, program, script, name) in [
        (python.exists(), python.to_str().unwrap(), PYTHON, "standardwebhooks of PyPI"),
        (verifiers().join("node_modules/standardwebhooks").exists(), "node", NODE, "standardwebhooks of npm"),
    ] {
        if !installed {
            println!("skipped: {name} is not installed in target/verifiers, as .ci/run does");
            continue;
        }
        look(program, script, &one, &house.secret, dir);
        for secret in [&house.secret, &new] {
            look(program, script, &both, secret, dir);
        }
    }
}
