//! R20: a reload puts all of the configuration in force, or nothing of it.

use notify_tests::daemon::{Builder, Daemon};
use notify_tests::http::Client;
use notify_tests::pump::message;
use rustix::process::Signal;
use serde_json::{Value, json};

fn write(daemon: &Daemon, toml: &str) {
    std::fs::write(daemon.builder().dir().join("notifyd.toml"), toml).unwrap();
}

/// Has it read its configuration again, and waits for what it says of that.
fn reload(daemon: &mut Daemon, toml: &str) -> Value {
    write(daemon, toml);
    daemon.signal(Signal::HUP);
    daemon.wait_for_log(|line| line["event"] == "reloaded" || line["event"] == "reload_refused")
}

/// A daemon whose limit lets a service ask once, and its client, who has done so.
async fn limited() -> (Daemon, Client) {
    let daemon = Builder::new().config("[limits]\nservice_requests_per_second = 0.001\n").start();
    let key = daemon.service("acme");
    daemon.mock("mock", &json!({}), &[]);
    let mut client = daemon.client(&key).await;
    assert_eq!(client.post("/api/v1/sms", &message()).await.unwrap().status, 202);
    (daemon, client)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reload_changes_all_that_can_change_and_names_the_rest() {
    let (mut daemon, mut client) = limited().await;
    assert_eq!(client.post("/api/v1/sms", &message()).await.unwrap().status, 429);
    let said = reload(
        &mut daemon,
        "[limits]\nservice_requests_per_second = 1000.0\n[log]\nfilter = \"error,notifyd::reload=info\"\n[store]\nreaders = 7\n\
         [intake]\nallowed_hosts = [\"notify.example.org\"]\n[delivery.policy_by_priority]\nnormal = \"fixed\"\n",
    );
    let changed = said["changed"].as_str().unwrap();
    for key in ["limits.service_requests_per_second=1000.0", "log.filter=", "intake.allowed_hosts="] {
        assert!(changed.contains(key), "{said}");
    }
    assert_eq!(said["needs_restart"], "store.readers");
    // All of it is in force, on connections that were open as well.
    let answer = client.post("/api/v1/sms", &message()).await.unwrap();
    assert_eq!(answer.status, 202, "{answer:?}");
    let by_name = [("host", "notify.example.org")];
    let answer = client.request(hyper::Method::GET, "/health/live", &by_name, "").await.unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
    // A warning that is no longer logged; the reload at the end shows that it would have been by then.
    let refused = daemon.client("wrong").await.get("/api/v1/providers").await.unwrap();
    assert_eq!(refused.status, 401);
    let mut plain = message();
    plain.as_object_mut().unwrap().remove("retry");
    let id = client.post("/api/v1/sms", &plain).await.unwrap().id();
    let shown = client.get(&format!("/api/v1/notifications/{id}")).await.unwrap().json();
    assert_eq!(shown["task_info"]["max_retries"], 3, "{shown}");
    // The same again changes nothing.
    daemon.signal(Signal::HUP);
    let said = daemon.wait_for_log(|line| line["event"] == "reloaded");
    assert_eq!((&said["changed"], &said["needs_restart"]), (&json!(""), &json!("store.readers")));
    assert!(!daemon.log().contains("authentication refused"), "{}", daemon.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reload_that_is_wrong_anywhere_changes_nothing() {
    let (mut daemon, mut client) = limited().await;
    for (wrong, words) in [
        ("readerz = 3\n", "there is no setting"),
        ("[store]\nreaders = 0\n", "store.readers"),
        ("[store]\nreaders = \"many\"\n", "store.readers"),
        ("[log]\nfilter = \"loud\"\n", "log.filter"),
        ("[delivery.policy_by_priority]\nlow = \"never\"\n", "there is no policy never"),
        ("[limits\n", "notifyd.toml"),
    ] {
        let toml = format!("[limits]\nservice_requests_per_second = 1000.0\n{wrong}");
        let said = reload(&mut daemon, if wrong.starts_with("[limits") { wrong } else { &toml });
        assert_eq!(said["event"], "reload_refused", "{wrong}: {said}");
        assert!(said["error"].as_str().unwrap().contains(words), "{wrong}: {said}");
        assert!(said["message"].as_str().unwrap().contains("as it was"), "{said}");
        assert_eq!(
            client.post("/api/v1/sms", &message()).await.unwrap().status,
            429,
            "{wrong}: it was changed"
        );
    }
    std::fs::remove_file(daemon.builder().dir().join("notifyd.toml")).unwrap();
    daemon.signal(Signal::HUP);
    let said = daemon.wait_for_log(|line| line["event"] == "reload_refused");
    assert!(said["error"].as_str().unwrap().contains("cannot read the configuration"), "{said}");
    assert_eq!(daemon.ctl().run(&["ping"]).code, 0, "it goes on");
}
