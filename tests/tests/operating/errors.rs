//! The error of what failed or is tried again; what came through in spite of one does not look as if it had failed.

use notify_tests::daemon::Daemon;
use notify_tests::pump::message;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_error_of_what_was_delivered_after_all_is_told_of_its_attempt_alone() {
    let daemon = Daemon::start();
    let key = daemon.service("acme");
    daemon.mock("shaky", &json!({"fail_times": 1}), &["--channel", "sms"]);
    daemon.mock("dead", &json!({"outcome": "permanent"}), &["--channel", "push"]);
    let (ctl, mut client) = (daemon.ctl(), daemon.client(&key).await);
    let arrived = client.post("/api/v1/sms", &message()).await.unwrap().id();
    let failed = client.post("/api/v1/push", &json!({"to": "token", "message": "hi"})).await.unwrap().id();
    ctl.ok(&["ntf", "wait", &arrived, &failed]);

    for (id, status, has_error) in [(&arrived, "delivered", false), (&failed, "failed", true)] {
        let of = |told: &Value| {
            assert_eq!(told["status"], status, "{told}");
            told["error_message"].is_string()
        };
        let shown = client.get(&format!("/api/v1/notifications/{id}")).await.unwrap().json();
        assert_eq!(of(&shown["notification"]), has_error, "{shown}");
        assert!(shown["delivery_attempts"][0]["error_message"].is_string(), "{shown}");
        let listed = client.get(&format!("/api/v1/notifications?status={status}")).await.unwrap().json();
        assert_eq!(of(&listed["notifications"][0]), has_error, "{listed}");
        let shown = ctl.json(&["ntf", "show", id]);
        assert_eq!(of(&shown["notification"]), has_error, "{shown}");
        assert!(shown["attempts"][0]["error_message"].is_string(), "{shown}");
        assert_eq!(of(&ctl.json(&["ntf", "list", "--status", status])["items"][0]), has_error);
        let column = ctl.ok(&["ntf", "list", "--status", status, "-o", "plain", "--columns", "error"]);
        assert_eq!(!column.trim().is_empty(), has_error, "{column}");
    }
}
