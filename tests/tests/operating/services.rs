//! Services that go, and one to try things with.

use notify_tests::daemon::{Builder, Daemon};
use serde_json::json;

const RECIPIENT: &str = "+15005550006";

async fn answers(daemon: &Daemon, key: &str) -> u16 {
    let mut client = daemon.client(key).await;
    client.get("/api/v1/notifications").await.unwrap().status.as_u16()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_goes_when_nothing_of_it_is_under_way() {
    let mut daemon = Daemon::start();
    daemon.mock("quick", &json!({}), &[]);
    let (acme, other) = (daemon.service("acme"), daemon.service("other"));
    let ctl = daemon.ctl();
    let mut client = daemon.client(&acme).await;
    let sent = client.post("/api/v1/sms", &json!({"to": RECIPIENT, "message": "one"})).await.unwrap();
    let made: notify_proto::Timestamp = sent.json()["created_at"].as_str().unwrap().parse().unwrap();
    let tomorrow = notify_proto::view::rfc3339(made + chrono::TimeDelta::days(1));
    let sent = sent.id();
    ctl.ok(&["ntf", "wait", &sent]);
    let later = json!({"to": RECIPIENT, "message": "two", "scheduled_at": tomorrow});
    let later = client.post("/api/v1/sms", &later).await.unwrap();
    assert_eq!(later.status, 202);
    let waits = later.id();

    let delete = ["service", "delete", "acme", "--keep-history", "--confirm", "acme"];
    let refused = ctl.run(&delete);
    assert_eq!(refused.code, 5, "{}", refused.stderr);
    assert!(refused.stderr.contains("cancel --filter service:acme"), "{}", refused.stderr);
    assert_eq!(answers(&daemon, &acme).await, 200, "nothing has changed");
    assert_eq!(ctl.run(&["service", "delete", "acme"]).code, 5, "what cannot be is not asked for");
    // What the hint says.
    ctl.ok(&["ntf", "cancel", "--filter", "service:acme", "--expect", "1", "--yes"]);
    assert_eq!(ctl.run(&["service", "delete", "acme"]).code, 6, "nobody was asked");
    assert_eq!(ctl.run(&["service", "delete", "acme", "--confirm", "other"]).code, 6);
    let dry = ctl.ok(&["service", "delete", "acme", "-n"]);
    assert!(dry.starts_with("dry run: service acme would be removed"), "{dry}");
    let gone = ctl.json(&delete);
    assert_eq!((&gone["notifications"], &gone["history_kept"]), (&json!(2), &json!(true)), "{gone}");

    assert_eq!(
        client.post("/api/v1/sms", &json!({"to": RECIPIENT, "message": "x"})).await.unwrap().status,
        401
    );
    assert_eq!((answers(&daemon, &acme).await, answers(&daemon, &other).await), (401, 200));
    assert_eq!(ctl.run(&["service", "show", "acme"]).code, 3);
    let kept = ctl.json(&["ntf", "show", &sent])["notification"].clone();
    assert_eq!((&kept["service_name"], &kept["status"]), (&json!("acme"), &json!("delivered")));
    let again = ctl.run(&["ntf", "retry", &waits]);
    assert!(again.code == 5 && again.stderr.contains("was removed"), "{}", again.stderr);

    // Its name is free, and whoever has it now has nothing of what was.
    let heir = daemon.service("acme");
    let builder = daemon.builder().clone();
    daemon.signal(rustix::process::Signal::KILL);
    daemon.wait();
    drop(daemon);
    let daemon = builder.start();
    assert_eq!((answers(&daemon, &heir).await, answers(&daemon, &acme).await), (200, 401));
    let mut client = daemon.client(&heir).await;
    assert_eq!(client.get(&format!("/api/v1/notifications/{sent}")).await.unwrap().status, 404);
    assert_eq!(daemon.ctl().json(&["ntf", "show", &sent])["notification"]["service_name"], "acme");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_to_try_things_with_says_how_to_call_it() {
    let daemon = Builder::new().config("[webhooks]\nallow_private = [\"127.0.0.1/32:9911\"]\n").start();
    let ctl = daemon.ctl();
    let file = daemon.builder().dir().join("mock.key");
    let path = file.to_str().unwrap();
    let dry = ctl.run(&["service", "seed-mock", "-n"]);
    assert!(dry.code == 0 && dry.stdout.contains("mock_service would be created"), "{}", dry.stdout);
    let made = ctl.run(&["service", "seed-mock", "--key-file", path]);
    assert_eq!(made.code, 0, "{}", made.stderr);
    let key = std::fs::read_to_string(&file).unwrap().trim().to_owned();
    assert!(!made.stdout.contains(&key) && !made.stderr.contains(&key), "{}", made.stderr);
    let listen = daemon.listen().to_string();
    let call = format!("curl -sS http://{listen}/api/v1/sms -H \"Authorization: Bearer $(cat '{path}')\"");
    assert!(made.stderr.contains(&call), "{}", made.stderr);
    assert_eq!(answers(&daemon, &key).await, 200);
    let hooks = ctl.json(&["webhook", "list", "--service", "mock_service"]);
    let urls: Vec<_> = hooks["items"].as_array().unwrap().iter().map(|it| it["url"].clone()).collect();
    assert_eq!(urls, ["http://127.0.0.1:9911/all", "http://127.0.0.1:9911/ends"]);
    assert_eq!(ctl.run(&["service", "seed-mock"]).code, 5, "there is one");
    ctl.ok(&["service", "delete", "mock_service", "--confirm", "mock_service"]);

    let elsewhere = ["service", "seed-mock", "--hooks", "http://127.0.0.1:9912"];
    let refused = ctl.run(&elsewhere);
    assert!(refused.code == 1 && refused.stderr.contains("add --no-hooks"), "{}", refused.stderr);
    assert_eq!(ctl.run(&["service", "show", "mock_service"]).code, 3, "nothing was made");
    ctl.ok(&["service", "seed-mock", "--no-hooks", "-o", "plain"]);
}
