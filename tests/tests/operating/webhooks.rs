//! Webhooks, as an operator makes them, looks at them and brings them back.

use notify_tests::ctl::Ctl;
use notify_tests::daemon::{Builder, Daemon};
use notify_tests::hook::Hook;
use notifyd_lifecycle::webhook::Keys;
use serde_json::{Value, json};

/// Looks before a test gives up: no measure, only an end.
const LOOKS: usize = 2_000;

/// A daemon that may call this receiver.
fn house(hook: &Hook) -> Daemon {
    let daemon = Builder::new().config(&hook.allowed()).start();
    daemon.service("acme");
    daemon.mock("only", &json!({}), &[]);
    daemon
}

/// A webhook of these flags; its id and its secret.
fn webhook(ctl: &Ctl, hook: &Hook, flags: &[&str]) -> (String, String) {
    let url = hook.url("/n");
    let made = ctl.json(&[&["webhook", "create", "--service", "acme", "--url", &url][..], flags].concat());
    (text(&made["webhook"]["id"]), text(&made["secret"]))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value}")).to_owned()
}

fn send(ctl: &Ctl, body: &str) -> String {
    let send = ["ntf", "send", "--service", "acme", "--channel", "sms", "--to", "+15005550006", "-o", "id"];
    let id = ctl.ok(&[&send[..], &["--no-dedup", "--body", body]].concat()).trim().to_owned();
    ctl.ok(&["ntf", "wait", &id]);
    id
}

/// Looks until the last event of a webhook stands there.
fn stands(ctl: &Ctl, id: &str, status: &str) -> Value {
    for _ in 0..LOOKS {
        let listed = ctl.json(&["webhook", "deliveries", id, "--limit", "1"]);
        if listed["items"][0]["status"] == status {
            return listed["items"][0].clone();
        }
    }
    panic!("it is never {status}: {}", ctl.ok(&["webhook", "deliveries", id]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_told_is_looked_at_and_told_once_more() {
    let mut hook = Hook::start(&[]).await;
    let daemon = house(&hook);
    let ctl = daemon.ctl();
    let (id, secret) = webhook(&ctl, &hook, &["--event", "delivered", "--header", "X-Team=ops"]);
    let tested = ctl.json(&["webhook", "test", &id, "--event", "failed", "--wait"]);
    assert_eq!(
        (&tested["delivery"]["status"], &tested["delivery"]["response_status_code"]),
        (&json!("acknowledged"), &json!(200))
    );
    let first = hook.reached(1).await.remove(0);
    assert_eq!(
        (first.header("x-team"), &first.json()["test"], &first.json()["event"]),
        ("ops", &json!(true), &json!("failed"))
    );
    let about = send(&ctl, "the secret words");
    let told = hook.reached(2).await.remove(1);
    let delivery = stands(&ctl, &id, "acknowledged");
    assert_eq!(text(&delivery["id"]), told.header("webhook-id"));
    assert_eq!(told.json()["content"], "the secret words");
    let shown = ctl.json(&["webhook", "delivery", "show", &text(&delivery["id"]), "--body"]);
    assert_eq!(
        (&shown["body"]["recipient"], &shown["body"]["content"]),
        (&json!("+1********06"), &Value::Null)
    );
    assert_eq!(shown["body"]["webhook_attempt"], 2, "as it would be sent now");
    let revealed = ctl.json(&["webhook", "delivery", "show", &text(&delivery["id"]), "--body", "--reveal"]);
    let mut now = revealed["body"].clone();
    now["webhook_attempt"] = json!(1);
    assert_eq!(now, told.json(), "what is shown is what was sent");
    assert_eq!(ctl.json(&["ntf", "show", &about, "--webhooks"])["webhooks"][0]["id"], delivery["id"]);
    assert!(ctl.ok(&["ntf", "timeline", &about]).contains("webhook took delivered"));

    ctl.ok(&["webhook", "resend", &text(&delivery["id"]), "--yes"]);
    let again = hook.reached(3).await.remove(2);
    assert_eq!(again.header("webhook-id"), told.header("webhook-id"), "the same event");
    let rotated = ctl.json(&["webhook", "secret", "rotate", &id, "--grace", "1h"]);
    send(&ctl, "another one");
    let both = hook.reached(4).await.remove(3);
    let at = both.header("webhook-timestamp").parse().unwrap();
    for secret in [&secret, &text(&rotated["secret"])] {
        let signed = Keys::parse(secret).unwrap().sign(both.header("webhook-id"), at, &both.body);
        assert!(both.header("webhook-signature").split(' ').any(|it| it == signed), "both verify it");
    }
    stands(&ctl, &id, "acknowledged");
    let stats = ctl.json(&["webhook", "stats", &id]);
    assert_eq!(
        (&stats["stats"]["by_status"]["acknowledged"], &stats["stats"]["owed"]),
        (&json!(3), &json!(0))
    );
    ctl.ok(&["webhook", "delete", &id, "--confirm", &id]);
    assert_eq!(ctl.run(&["webhook", "show", &id]).code, 3);
    assert_eq!(ctl.run(&["webhook", "delivery", "show", &text(&delivery["id"])]).code, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burial_is_told_when_that_is_asked_for() {
    let mut hook = Hook::start(&[]).await;
    let daemon = house(&hook);
    let ctl = daemon.ctl();
    webhook(&ctl, &hook, &["--event", "failed", "--event", "cancelled"]);
    let later = |body: &str| {
        let send =
            ["ntf", "send", "--service", "acme", "--channel", "sms", "--to", "+15005550006", "--at", "1h"];
        ctl.ok(&[&send[..], &["--body", body, "-o", "id"]].concat()).trim().to_owned()
    };
    let (quiet, aloud, bulk) = (later("one"), later("two"), later("three"));
    ctl.ok(&["ntf", "bury", &quiet, "--yes"]);
    ctl.ok(&["ntf", "bury", &aloud, "--notify", "--yes", "--reason", "sent by hand"]);
    let filter = ["ntf", "bury", "--filter", "status:scheduled", "--expect", "1", "--notify", "--yes"];
    assert_eq!(ctl.json(&filter)["done"], 1);
    let told = hook.reached(2).await;
    for (told, (id, why)) in told.iter().zip([(&aloud, "sent by hand"), (&bulk, "op_1")]) {
        let body = told.json();
        assert_eq!(
            (told.header("x-webhook-event"), &body["status"]),
            ("notification.failed", &json!("failed"))
        );
        assert_eq!((&body["notification_id"], &body["failure_reason"]), (&json!(id), &json!("buried")));
        assert!(body["failed_at"].is_string() && body["error_message"] == why, "{body}");
    }
    // What comes after them is told after them: nothing of the one that was buried in silence.
    let revoked = later("four");
    ctl.ok(&["ntf", "cancel", &revoked, "--yes"]);
    assert_eq!(hook.reached(3).await[2].json()["notification_id"], json!(revoked));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_is_gone_is_switched_off_and_brought_back() {
    let mut hook = Hook::start(&[503, 410]).await;
    let daemon = house(&hook);
    let ctl = daemon.ctl();
    let (id, _) = webhook(&ctl, &hook, &["--event", "delivered", "--max-retries", "0"]);
    send(&ctl, "one");
    stands(&ctl, &id, "failed");
    assert!(ctl.json(&["webhook", "show", &id])["webhook"]["failing_since"].is_string());
    send(&ctl, "two");
    hook.reached(2).await;
    stands(&ctl, &id, "failed");
    let off = ctl.json(&["webhook", "show", &id])["webhook"].clone();
    assert_eq!((&off["is_active"], &off["disabled_reason"]), (&json!(false), &json!("gone")));
    let status = ctl.json(&["status"])["status"].clone();
    let concerns = status["concerns"].to_string();
    assert!(concerns.contains(&id) && status["health"] == "degraded", "{concerns}");
    assert_eq!(ctl.run(&["webhook", "test", &id]).code, 5);
    assert_eq!(ctl.run(&["webhook", "recover", &id, "--since", "1h", "--yes"]).code, 5);

    ctl.ok(&["webhook", "enable", &id, "--reason", "vendor says fixed"]);
    let on = ctl.json(&["webhook", "show", &id])["webhook"].clone();
    assert_eq!(
        (&on["is_active"], &on["disabled_reason"], &on["failing_since"]),
        (&json!(true), &Value::Null, &Value::Null)
    );
    let dry = ctl.json(&["webhook", "recover", &id, "--since", "1h", "--dry-run"]);
    assert_eq!(dry["total"], 2);
    assert_eq!(ctl.run(&["webhook", "recover", &id, "--since", "1h"]).code, 6);
    assert_eq!(ctl.run(&["webhook", "recover", &id, "--since", "1h", "--expect", "3", "--yes"]).code, 5);
    let done = ctl.json(&["webhook", "recover", &id, "--since", "1h", "--expect", "2", "--yes"]);
    assert_eq!((&done["done"], &done["operation"]["state"]), (&json!(2), &json!("done")));
    hook.reached(4).await;
    stands(&ctl, &id, "acknowledged");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recovery_is_paced_and_given_up() {
    let mut hook = Hook::start(&[500; 4]).await;
    let daemon = house(&hook);
    let ctl = daemon.ctl();
    let (id, _) = webhook(&ctl, &hook, &["--event", "delivered", "--max-retries", "0"]);
    for number in 0..4 {
        send(&ctl, &format!("message {number}"));
    }
    hook.reached(4).await;
    for _ in 0..LOOKS {
        if ctl.json(&["webhook", "stats", &id])["stats"]["by_status"]["failed"] == 4 {
            break;
        }
    }
    // The first goes at once, the next after an hour.
    let slowly =
        ["webhook", "recover", &id, "--since", "1h", "--rate", "1/h", "--expect", "4", "--yes", "--no-wait"];
    let begun = ctl.json(&slowly);
    let operation = text(&begun["operation"]["id"]);
    hook.reached(5).await;
    let now = ctl.json(&["operation", "show", &operation])["operation"].clone();
    assert_eq!((&now["state"], &now["done"], &now["unit"]), (&json!("running"), &json!(1), &json!("events")));
    ctl.ok(&["operation", "cancel", &operation, "--yes"]);
    let ended = ctl.run(&["operation", "wait", &operation]);
    assert!(ended.code == 8 && ended.stderr.contains("given up after 1 of 4"), "{}", ended.stderr);
    let failed = ctl.json(&["webhook", "deliveries", &id, "--status", "failed", "--all"]);
    assert_eq!(failed["items"].as_array().unwrap().len(), 3);
}
