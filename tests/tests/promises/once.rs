//! R4: without faults nothing is sent twice.

use notify_tests::control::Control;
use notify_tests::daemon::Daemon;
use notify_tests::pump::Pump;
use notify_tests::record;
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_faults_each_is_called_once() {
    called_once(5_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes"]
async fn without_faults_each_of_a_hundred_thousand_is_called_once() {
    called_once(100_000).await;
}

async fn called_once(count: u64) {
    let daemon = Daemon::start();
    let record = daemon.builder().dir().join("calls");
    let key = daemon.service("acme");
    daemon.mock("only", &json!({"record_file": record}), &[]);
    let mut pump = Pump::start(daemon.listen(), &key, 16);
    pump.reached(count).await;
    let acked = pump.end().await;
    assert!(acked.len() >= usize::try_from(count).unwrap());
    let control = Control::connect(&daemon.builder().socket()).await.unwrap();
    for id in &acked {
        let detail = control.settled(id).await.unwrap();
        assert!(!detail.notification.possible_duplicate);
    }
    let calls = record::calls(&record);
    assert_eq!(calls.len(), acked.len());
    let twice: Vec<_> = calls.iter().filter(|(_, calls)| **calls != 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
}
