//! R23: what is no call ends its own connection to the control socket at most, and absurd deadlines are brought down.

use notify_proto::transport::{MAX_FRAME_BYTES, within};
use notify_tests::daemon::Daemon;
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

fn frame(text: &[u8]) -> Vec<u8> {
    [&u32::try_from(text.len()).unwrap().to_be_bytes(), text].concat()
}

/// Sends these bytes and nothing more; what comes back until the daemon hangs up.
fn sent(socket: &Path, bytes: &[u8]) -> Vec<u8> {
    let mut stream = UnixStream::connect(socket).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    // The daemon may hang up before it has read all of it.
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let mut back = Vec::new();
    let mut piece = [0; 4_096];
    loop {
        match stream.read(&mut piece) {
            Ok(0) => return back,
            Ok(count) => back.extend(&piece[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return back,
            Err(error) => panic!("the daemon neither answers nor hangs up: {error}"),
        }
    }
}

#[test]
fn frames_that_are_no_calls_end_their_connection_and_not_the_daemon() {
    let mut daemon = Daemon::start();
    let socket = daemon.builder().socket();
    let hello = |deadline: Value| {
        let mut context = serde_json::to_value(within(Duration::from_secs(5))).unwrap();
        context["deadline"] = deadline;
        let message = json!({"Hello": {"hello": {"client": "hunter2", "protocol": 1, "oldest_protocol": 1}}});
        json!({"Request": {"context": context, "id": 0, "message": message}}).to_string().into_bytes()
    };
    let greeting = hello(json!({"secs": 5, "nanos": 0}));
    for deadline in [
        json!({"secs": 5, "nanos": 0}),
        json!({"secs": u64::MAX, "nanos": 999_999_999}),
        json!({"secs": u64::MAX, "nanos": 0}),
        json!([u64::MAX, 999_999_999]),
        json!({"secs": i64::MAX, "nanos": 0}),
    ] {
        let back = sent(&socket, &frame(&hello(deadline.clone())));
        assert!(String::from_utf8_lossy(&back).contains("\"role\":\"admin\""), "{deadline}: answered");
    }
    let long = vec![b' '; MAX_FRAME_BYTES - greeting.len()];
    let longest = [greeting.as_slice(), &long].concat();
    assert!(!sent(&socket, &frame(&longest)).is_empty(), "a frame of exactly 1 MiB is one");
    let too_long = [longest.as_slice(), b" "].concat();
    let deep = b"[".repeat(MAX_FRAME_BYTES);
    let deep_call = [br#"{"Request":"#.as_slice(), &b"[".repeat(MAX_FRAME_BYTES - 11)].concat();
    let nanos = hello(json!({"secs": u64::MAX, "nanos": u32::MAX}));
    let negative = hello(json!({"secs": -1, "nanos": 0}));
    let cases: &[&[u8]] = &[
        &frame(b""),
        &frame(b"hunter2"),
        &frame(b"[]"),
        &frame(b"{}"),
        &frame(br#"{"Request":[[[18446744073709551615,0],{}],1,{"Ping":{}}]}"#),
        &frame(br#"{"Cancel":{"trace_context":{},"request_id":-1}}"#),
        &frame(&[0xff; 64]),
        &frame(&too_long),
        &frame(&deep),
        &frame(&deep_call),
        &frame(&nanos),
        &frame(&negative),
        &[0xff, 0xff, 0xff, 0xff],
        &[0xff, 0xff, 0xff, 0xff, b'{'],
        &frame(&greeting)[..20],
        b"\0\0",
        b"",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ];
    for bytes in cases {
        let back = sent(&socket, bytes);
        assert!(back.is_empty(), "{:?} was answered", &bytes[..bytes.len().min(40)]);
        daemon.ctl().ok(&["ping", "--count", "1"]);
    }
    let log = daemon.log();
    assert!(!log.contains("panicked") && !log.contains("hunter2"), "{log}");
}
