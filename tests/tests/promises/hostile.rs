//! R12: whatever is written to the intake, it answers or closes as documented, stores only what was rightly asked for,
//! and goes on serving others.

use crate::hostile_cases::{Case, Writer, all, good, late};
use notify_tests::daemon::{Builder, Daemon};
use notify_tests::http::Client;
use notify_tests::raw::{Heard, connect_from, one, say, until_closed};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Many connections of one peer at once, and strangers as they come.
const CROWDED: &str = "max_connections_per_peer = 256\n[limits]\npeer_requests_per_second = 0\n";

const HEALTHY: &[u8] = b"GET /health/live HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

/// Everything a daemon says of itself when it is well.
async fn is_well(to: SocketAddr, key: &str) {
    assert_eq!(say(to, HEALTHY).await[0].status, 200);
    let mut client = Client::connect(to, key).await.unwrap();
    assert_eq!(client.get("/api/v1/providers").await.unwrap().status, 200);
}

/// A daemon that waits this many seconds for a head or a body.
fn patient(seconds: u32) -> (Daemon, Writer) {
    let times = format!("[intake]\nheader_timeout_seconds = {seconds}\nbody_timeout_seconds = {seconds}\n");
    let daemon = Builder::new().config(&format!("{times}{CROWDED}")).start();
    let key = daemon.service("acme");
    daemon.mock("only", &serde_json::json!({}), &[]);
    (daemon, Writer { key })
}

/// Writes all of them at once, each on a connection of its own, and looks after each whether the daemon is well.
async fn written(listen: SocketAddr, key: &str, cases: Vec<Case>) {
    let mut talking = JoinSet::new();
    for Case { name, bytes, answers, .. } in cases {
        let key = key.to_owned();
        talking.spawn(async move {
            let heard = say(listen, &bytes).await;
            let told: Vec<_> = heard.iter().map(|it| (it.status, it.kind())).collect();
            let told: Vec<_> = told.iter().map(|(status, kind)| (*status, kind.as_str())).collect();
            assert_eq!(told, answers, "{name}: {heard:?}");
            for answer in heard.iter().filter(|it| it.status >= 400) {
                assert!(answer.header("x-correlation-id").is_some(), "{name}: {answer:?}");
                assert!(answer.body.len() < 10_000, "{name}: {} bytes", answer.body.len());
            }
            is_well(listen, &key).await;
        });
    }
    talking.join_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_written_is_answered_or_closed_and_nothing_strange_is_kept() {
    // No case waits for a time: each is answered at once, however busy the machine is.
    let (mut daemon, to) = patient(600);
    let cases = all(&to);
    assert!(cases.len() > 100);
    let mut wanted: BTreeSet<&str> = cases.iter().filter(|case| case.stored).map(|case| case.name).collect();
    wanted.insert("the pipeline's last");
    written(daemon.listen(), &to.key, cases).await;
    let listed = daemon.client(&to.key).await.get("/api/v1/notifications?limit=1000").await.unwrap().json();
    let kept = listed["notifications"].as_array().unwrap().iter();
    let kept: Vec<_> = kept.map(|it| it["content"].as_str().unwrap()).collect();
    assert_eq!(kept.iter().copied().collect::<BTreeSet<_>>(), wanted);
    assert_eq!(kept.len(), wanted.len(), "each once: {kept:?}");
    assert!(!daemon.log().contains("panicked"), "{}", daemon.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_says_nothing_or_not_enough_is_not_waited_for() {
    let (daemon, to) = patient(1);
    let get = "GET /health/live HTTP/1.1\r\nhost: localhost\r\n";
    assert_eq!(say(daemon.listen(), b"").await, []);
    assert_eq!(say(daemon.listen(), b"G").await, []);
    assert_eq!(say(daemon.listen(), get.as_bytes()).await, []);
    let idle = say(daemon.listen(), format!("{get}\r\n").as_bytes()).await;
    assert_eq!(idle[0].status, 200, "answered, and closed when nothing follows");
    let after_one = say(daemon.listen(), format!("{get}\r\n{get}").as_bytes()).await;
    assert_eq!(after_one.len(), 1, "the second was never whole");
    written(daemon.listen(), &to.key, late(&to)).await;
    // A byte for each request of another, until the daemon has enough.
    let head = format!("{get}x: {}", "y".repeat(15_000));
    assert_eq!(dribbled(&daemon, head.as_bytes(), 0, &to.key).await, []);
    let body = to.post("content-length: 15000\r\n", &"y".repeat(14_999));
    let heard = dribbled(&daemon, body.as_bytes(), body.len() - 14_999, &to.key).await;
    assert_eq!((heard[0].status, heard[0].kind().as_str()), (408, "body-timeout"));
    is_well(daemon.listen(), &to.key).await;
}

/// Writes `at_once` bytes and then one after each request of somebody else, until the daemon closes.
async fn dribbled(daemon: &Daemon, bytes: &[u8], at_once: usize, key: &str) -> Vec<Heard> {
    let mut client = daemon.client(key).await;
    let mut stream = TcpStream::connect(daemon.listen()).await.unwrap();
    stream.set_nodelay(true).unwrap();
    stream.write_all(&bytes[..at_once]).await.unwrap();
    for byte in &bytes[at_once..] {
        // What there is to read is an answer or the end; both mean that it has enough.
        let mut scrap = [0; 1];
        if stream.write_all(&[*byte]).await.is_err()
            || std::future::poll_fn(|task| {
                match stream.poll_peek(task, &mut tokio::io::ReadBuf::new(&mut scrap)) {
                    std::task::Poll::Pending => std::task::Poll::Ready(false),
                    std::task::Poll::Ready(_) => std::task::Poll::Ready(true),
                }
            })
            .await
        {
            break;
        }
        assert_eq!(client.get("/api/v1/stats").await.unwrap().status, 200);
    }
    until_closed(&mut stream).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_closes_half_of_a_connection_gets_the_answer_to_what_was_whole() {
    let (daemon, to) = patient(1);
    for (request, answers) in [
        (
            to.post(&format!("content-length: {}\r\n", good("half closed").len()), &good("half closed")),
            &[202][..],
        ),
        (to.post("content-length: 99\r\n", &good("cut off")), &[400]),
        ("GET /health/live HTTP/1.1\r\nhost: localhost\r\n\r\n".to_owned(), &[200]),
        ("GET /health/live HTTP/1.1\r\nhost: local".to_owned(), &[]),
        (String::new(), &[]),
    ] {
        let mut stream = TcpStream::connect(daemon.listen()).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let heard: Vec<_> = until_closed(&mut stream).await.iter().map(|it| it.status).collect();
        assert_eq!(heard, answers, "{request}");
        is_well(daemon.listen(), &to.key).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_are_counted_by_peer_and_in_all() {
    let config = "[intake]\nmax_connections = 6\nmax_connections_per_peer = 4\n";
    let daemon = Builder::new().config(config).start();
    let to = daemon.listen();
    let alive = b"GET /health/live HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n";
    let ask = async |from: &str| {
        let mut stream = connect_from(from, to).await.unwrap();
        stream.write_all(alive).await.unwrap();
        let heard = one(&mut stream).await.unwrap();
        (heard, stream)
    };
    let mut held = Vec::new();
    for from in ["127.0.0.1"; 4].into_iter().chain(["127.0.0.2"; 2]) {
        let (heard, stream) = ask(from).await;
        assert_eq!(heard.status, 200);
        held.push(stream);
    }
    for (from, why) in
        [("127.0.0.1", "from this address"), ("127.0.0.3", "as many connections as it can bear")]
    {
        let (refused, mut stream) = ask(from).await;
        assert_eq!((refused.status, refused.kind().as_str()), (503, "overloaded"), "{refused:?}");
        assert!(refused.body.contains(why), "{refused:?}");
        assert_eq!(refused.header("retry-after"), Some("1"));
        assert_eq!(until_closed(&mut stream).await, []);
    }
    // Those who sit are not disturbed, and who leaves makes room.
    held[0].write_all(alive).await.unwrap();
    assert_eq!(one(&mut held[0]).await.unwrap().status, 200);
    drop(held.pop());
    let mut turns = 0;
    while ask("127.0.0.3").await.0.status != 200 {
        turns += 1;
        assert!(turns < 10_000, "the seat never came free");
    }
}
