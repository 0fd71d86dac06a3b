//! R2: acknowledged means on disk. The system calls of the daemon are read: every 2xx is written after an fdatasync or
//! fsync of the write-ahead log that came after the write of its commit.

use notify_tests::daemon::Builder;
use notify_tests::pump::message;
use notify_tests::trace::{Tracer, attach};
use std::collections::HashMap;
use std::path::Path;
use std::process::Command;

/// Posts that are looked at.
const POSTS: usize = 50;

/// Traces a process until it ends; answers once it is attached.
fn trace(pid: u32, to: &Path) -> Tracer {
    let mut strace = Command::new("strace");
    strace.args(["-f", "-y", "-s", "64", "-e", "trace=fdatasync,fsync,pwrite64,write,writev,sendto"]);
    attach(&mut strace, to, pid)
}

/// What a line of the trace tells of the order.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// Something was written to the write-ahead log.
    Log,
    /// The write-ahead log is on disk.
    Synced,
    /// A 2xx was written to a connection.
    Answered,
}

/// Reads the trace. A call that another thread's interrupted counts when it is done, but an answer when it begins.
fn steps(trace: &str) -> Vec<Step> {
    let mut unfinished: HashMap<&str, &str> = HashMap::new();
    let mut steps = Vec::new();
    for line in trace.lines() {
        let Some((thread, call)) = line.split_once(' ') else { continue };
        let call = call.trim_start();
        let begins = !call.starts_with("<...");
        let ends = !call.ends_with("<unfinished ...>");
        let whole = if begins { call } else { unfinished.remove(thread).unwrap_or_default() };
        if !ends {
            unfinished.insert(thread, call);
        }
        let log = whole.contains("notifyd.db-wal>");
        let sync = whole.starts_with("fdatasync") || whole.starts_with("fsync");
        if ends && log && sync {
            assert!(call.ends_with("= 0"), "{line}");
            steps.push(Step::Synced);
        } else if begins && log && whole.starts_with("pwrite64") {
            steps.push(Step::Log);
        } else if begins && whole.contains("HTTP/1.1 202") {
            steps.push(Step::Answered);
        }
    }
    steps
}

#[test]
fn the_trace_is_read_as_it_happened() {
    let trace = "\
10 pwrite64(5</s/notifyd.db-wal>, \"x\", 4096, 0) = 4096
10 fdatasync(5</s/notifyd.db-wal> <unfinished ...>
11 writev(9<socket:[1]>, [{iov_base=\"HTTP/1.1 202 Accepted\"}], 1 <unfinished ...>
10 <... fdatasync resumed>) = 0
11 <... writev resumed>) = 200
10 fdatasync(6</s/notifyd.db>) = 0";
    assert_eq!(steps(trace), [Step::Log, Step::Answered, Step::Synced], "this answer came too early");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_is_written_after_the_sync_of_its_commit() {
    let builder = Builder::new();
    let mut daemon = builder.start();
    let key = daemon.service("acme");
    // Nothing but acceptances is written.
    daemon.ctl().ok(&["provider", "add", "mock", "--type", "mock", "--rate", "1/h", "--burst", "1"]);
    daemon.ctl().ok(&[
        "notification",
        "send",
        "--service",
        "acme",
        "--channel",
        "sms",
        "--to",
        "+15005550006",
        "--body",
        "first",
        "--wait",
    ]);
    let file = builder.dir().join("trace");
    let mut client = daemon.client(&key).await;
    let tracer = trace(daemon.pid(), &file);
    for _ in 0..POSTS {
        assert_eq!(client.post("/api/v1/sms", &message()).await.unwrap().status, 202);
    }
    daemon.signal(rustix::process::Signal::TERM);
    assert_eq!(daemon.wait().code(), Some(0));
    tracer.ended();
    let steps = steps(&std::fs::read_to_string(&file).unwrap());
    let mut written = 0;
    let mut synced = 0;
    let mut answered = 0;
    for step in steps {
        match step {
            Step::Log => written += 1,
            Step::Synced => synced = written,
            Step::Answered => {
                answered += 1;
                assert!(
                    written > 0 && synced == written,
                    "answer {answered}: {synced} of {written} writes synced"
                );
                // The next answer needs a commit of its own.
                (written, synced) = (0, 0);
            }
        }
    }
    assert_eq!(answered, POSTS);
}
