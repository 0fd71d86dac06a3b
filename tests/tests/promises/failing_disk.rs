//! R14: an I/O error is never a false acknowledgement. One system call of a real daemon fails, after the start: the process
//! ends with 74 or refuses, whoever was acknowledged is there after the next start, and whoever was not was never told so.

use hyper::Method;
use notify_tests::control::Control;
use notify_tests::daemon::{Builder, Daemon};
use notify_tests::http::Client;
use notify_tests::pump::message;
use notify_tests::trace::{Tracer, attach};
use serde_json::json;
use std::collections::HashMap;
use std::process::Command;

/// A system call that fails, with its error, from which of them on. `+` is strace's word for "and all that follow".
struct Fault {
    call: &'static str,
    error: &'static str,
    when: &'static str,
    /// Whether only a restart mends it.
    fatal: bool,
}

const fn fault(call: &'static str, error: &'static str, when: &'static str, fatal: bool) -> Fault {
    Fault { call, error, when, fatal }
}

const FAULTS: [Fault; 5] = [
    // The commit's own sync: what is on the disk is unknown.
    fault("fsync,fdatasync", "EIO", "20", true),
    fault("fsync,fdatasync", "ENOSPC", "20", true),
    // The write of a page to the write-ahead log.
    fault("pwrite64", "EIO", "200", true),
    fault("pwrite64", "EIO", "200+", true),
    // A disk that was full for the length of one write.
    fault("pwrite64", "ENOSPC", "200", false),
];

/// Has the system calls of a process fail from now on.
fn inject(daemon: &Daemon, fault: &Fault) -> Tracer {
    let Fault { call, error, when, .. } = fault;
    let file = daemon.builder().dir().join("injected");
    let mut strace = Command::new("strace");
    strace.args([
        "-f",
        "-e",
        &format!("trace={call}"),
        "-e",
        &format!("inject={call}:error={error}:when={when}"),
    ]);
    attach(&mut strace, &file, daemon.pid())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_io_error_is_never_a_false_acknowledgement() {
    for fault in FAULTS {
        let name = format!("{} {} {}", fault.call, fault.error, fault.when);
        let builder = Builder::new();
        let mut daemon = builder.start();
        let key = daemon.service("acme");
        daemon.mock("mock", &json!({}), &["--rate", "1/h", "--burst", "1"]);
        let tracer = inject(&daemon, &fault);
        // Ids by the number of the post: each is repeated with its key until it is acknowledged, as a careful caller does.
        let mut acked: HashMap<usize, String> = HashMap::new();
        let mut refused = 0;
        let mut client = daemon.client(&key).await;
        let bodies: Vec<_> = (0..60).map(|_| message()).collect();
        for (number, body) in bodies.iter().enumerate() {
            match post(&mut client, number, &body.to_string()).await {
                Some((202, id)) => drop(acked.insert(number, id)),
                Some((503, _)) => refused += 1,
                Some((other, _)) => panic!("{name}: {other}"),
                None => break,
            }
        }
        if fault.fatal {
            assert_eq!(daemon.wait().code(), Some(74), "{name}: {}", daemon.log());
            assert!(acked.len() < bodies.len(), "{name}: nothing failed");
            tracer.ended();
            daemon = builder.start();
        } else {
            assert!(refused > 0, "{name}: nothing failed");
            daemon.wait_for_log(|line| line["event"] == "disk_room");
        }
        // Everybody asks again: the acknowledged get the same answer, the others are taken now.
        let mut client = daemon.client(&key).await;
        for (number, body) in bodies.iter().enumerate() {
            let (status, id) = post(&mut client, number, &body.to_string()).await.unwrap();
            assert_eq!(status, 202, "{name}");
            let before = acked.insert(number, id.clone());
            assert!(before.is_none_or(|before| before == id), "{name}: another id for post {number}");
        }
        let control = Control::connect(&builder.socket()).await.unwrap();
        let kept: u64 = control.status().await.unwrap().by_status.values().sum();
        assert_eq!(kept, bodies.len() as u64, "{name}: one request, one notification");
    }
}

async fn post(client: &mut Client, number: usize, body: &str) -> Option<(u16, String)> {
    let key = number.to_string();
    let headers = [("idempotency-key", key.as_str())];
    let answer = client.request(Method::POST, "/api/v1/sms", &headers, body.to_owned()).await.ok()?;
    Some((answer.status.as_u16(), answer.id()))
}
