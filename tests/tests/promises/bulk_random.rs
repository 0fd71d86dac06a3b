//! What operators change at once is what they counted: a thousand times, with other filters, other changes and other
//! moments, while applications go on posting what matches as well.

use notify_proto::bulk::{Again, BulkRequest, Expect};
use notify_proto::control::{Change, ControlClient, Hello, Limit};
use notify_proto::filter::Filter;
use notify_proto::transport::{connect, within};
use notify_proto::upkeep::OperationState;
use notify_proto::view::NotificationView;
use notify_proto::{BulkOp, Status, Timestamp};
use notify_tests::control::Control;
use notify_tests::daemon::Daemon;
use notify_tests::http::Client;
use notify_tests::pump::message;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::json;
use std::collections::HashMap;
use std::time::Duration;

const RUNS: u64 = 1_000;

/// How long a call may take before the test gives up: no measure, only an end.
const PATIENCE: Duration = Duration::from_secs(60);

/// Posts so many of this run; each with the moment it was accepted at.
async fn post(client: &mut Client, run: u64, many: u32) -> Vec<(String, Timestamp)> {
    let mut posted = Vec::new();
    for _ in 0..many {
        let mut body = message();
        body["meta_data"] = json!({"run": format!("r{run}")});
        let answer = client.post("/api/v1/sms", &body).await.unwrap();
        assert_eq!(answer.status, 202, "{answer:?}");
        posted.push((answer.id(), answer.json()["created_at"].as_str().unwrap().parse().unwrap()));
    }
    posted
}

async fn bulk(client: &ControlClient, request: &BulkRequest, dry_run: bool) -> notify_proto::bulk::BulkView {
    let change = Change { reason: Some("a test".into()), dry_run, key: None };
    client.notification_bulk(within(PATIENCE), Box::new(request.clone()), change).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_but_what_was_counted_is_changed_in_a_thousand_runs() {
    let daemon = Daemon::start();
    let key = daemon.service("acme");
    daemon.mock("only", &json!({}), &[]);
    // What is accepted waits here, so that it can be cancelled and buried.
    daemon.ctl().ok(&["queue", "pause", "only", "--no-end", "--yes"]);
    let client = connect(&daemon.builder().socket()).await.unwrap();
    client.hello(within(PATIENCE), Hello::of("a test")).await.unwrap().unwrap();
    let mut posting = daemon.client(&key).await;
    let seed = rand::random();
    let mut rng = StdRng::seed_from_u64(seed);
    let mut expected = HashMap::new();
    for run in 0..RUNS {
        let (op, becomes) =
            if rng.random() { (BulkOp::Cancel, Status::Cancelled) } else { (BulkOp::Bury, Status::Failed) };
        let others = post(&mut posting, RUNS + run, rng.random_range(0..2)).await;
        let before = post(&mut posting, run, rng.random_range(0..4)).await;
        let mut request = BulkRequest {
            again: Again::default(),
            op: op.into(),
            filter: Filter::parse(&format!("service:acme meta.run:r{run}"), Timestamp::UNIX_EPOCH).unwrap(),
            until: None,
            notify: op == BulkOp::Bury && rng.random(),
            cutoff: None,
            expect: None,
            limit: None,
            rate_per_second: Limit::Lift,
        };
        let counted = bulk(&client, &request, true).await;
        request.cutoff = Some(counted.cutoff);
        request.expect = Some(Expect { count: counted.total, percent: 0 });
        // What comes meanwhile matches as well.
        let many = rng.random_range(0..3);
        let (meanwhile, begun) = tokio::join!(post(&mut posting, run, many), bulk(&client, &request, false));
        let at = |all: &[(String, Timestamp)], wanted: bool| {
            all.iter().filter(|(_, at)| (*at < counted.cutoff) == wanted).map(|(id, _)| id.clone()).collect()
        };
        let all = [before, meanwhile].concat();
        let (in_time, late): (Vec<String>, Vec<String>) = (at(&all, true), at(&all, false));
        assert_eq!(counted.total, in_time.len() as u64, "run {run} of seed {seed}");
        if let Some(operation) = begun.operation {
            let ended = client.operation_show(within(PATIENCE), operation.id, 60).await.unwrap().unwrap();
            assert_eq!(
                (ended.state, ended.done, ended.refused),
                (OperationState::Done, counted.total, 0),
                "run {run} of seed {seed}"
            );
        }
        expected.extend(in_time.into_iter().map(|id| (id, becomes)));
        expected.extend(
            late.into_iter().chain(others.into_iter().map(|(id, _)| id)).map(|id| (id, Status::Queued)),
        );
    }
    let mut seen = 0;
    let control = Control::connect(&daemon.builder().socket()).await.unwrap();
    let look = |view: NotificationView| {
        assert_eq!(
            view.status.known(),
            expected.get(&view.id.to_string()).copied(),
            "{} of seed {seed}",
            view.id
        );
        seen += 1;
    };
    control.each(look).await.unwrap();
    assert_eq!(seen, expected.len());
}
