//! A daemon made of frames: it answers what the test tells it to, so each way a call can end is one line.

use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Condvar, Mutex};

pub(crate) const ID: &str = "0197a6c2-5b1e-7cc0-8000-0123456789ab";
pub(crate) const OTHER: &str = "0197a6c2-5b1e-7cc0-8000-0123456789ac";
pub(crate) const KEY: &str = "0123456789abcdef0123456789abcdef-00112233445566778899aabbccddeeff";

pub(crate) const SECRET: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

/// How a call ends.
pub(crate) enum Answer {
    Ok(Value),
    Err(&'static str, &'static str),
    /// Never.
    Silence,
    /// With the connection.
    HangUp,
}

type Script = dyn Fn(&str, &Value) -> Answer + Send + Sync;

pub(crate) struct Fake {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) socket: PathBuf,
    seen: Arc<Seen>,
}

/// The calls so far, with whoever waits for one.
#[derive(Default)]
struct Seen {
    calls: Mutex<Vec<(String, Value)>>,
    more: Condvar,
}

/// How long a call may take to come before a test gives up: no measure, only an end.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

pub(crate) fn fake(script: impl Fn(&str, &Value) -> Answer + Send + Sync + 'static) -> Fake {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("control.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    let seen = Arc::new(Seen::default());
    let script: Arc<Script> = Arc::new(script);
    let log = Arc::clone(&seen);
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let (script, log) = (Arc::clone(&script), Arc::clone(&log));
            std::thread::spawn(move || serve(stream, &*script, &log));
        }
    });
    Fake { dir, socket, seen }
}

/// A daemon that knows everything there is to ask.
pub(crate) fn willing() -> Fake {
    fake(|verb, arguments| Answer::Ok(usual(verb, arguments)))
}

fn serve(mut stream: UnixStream, script: &Script, log: &Seen) {
    loop {
        let mut length = [0; 4];
        if stream.read_exact(&mut length).is_err() {
            return;
        }
        let mut frame = vec![0; u32::from_be_bytes(length) as usize];
        stream.read_exact(&mut frame).unwrap();
        let message: Value = serde_json::from_slice(&frame).unwrap();
        let Some(request) = message.get("Request") else { continue };
        let (verb, arguments) = request["message"].as_object().unwrap().iter().next().unwrap();
        log.calls.lock().unwrap().push((verb.clone(), arguments.clone()));
        log.more.notify_all();
        let reply = match script(verb, arguments) {
            Answer::Ok(value) => json!({"Ok": value}),
            Answer::Err(code, text) => json!({"Err": {"code": code, "message": text}}),
            Answer::Silence => continue,
            Answer::HangUp => return,
        };
        let response = json!({"request_id": request["id"], "message": {"Ok": {verb: reply}}}).to_string();
        stream.write_all(&u32::try_from(response.len()).unwrap().to_be_bytes()).unwrap();
        if stream.write_all(response.as_bytes()).is_err() {
            return;
        }
    }
}

impl Fake {
    /// Runs the program against this daemon, off every terminal.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        run_with(arguments, &[("NOTIFYD_SOCKET", self.socket.to_str().unwrap())], "")
    }

    /// The same with something on standard input.
    pub(crate) fn run_on(&self, arguments: &[&str], input: &str) -> Run {
        run_with(arguments, &[("NOTIFYD_SOCKET", self.socket.to_str().unwrap())], input)
    }

    /// The arguments of the calls of this verb.
    pub(crate) fn calls(&self, verb: &str) -> Vec<Value> {
        let calls = self.seen.calls.lock().unwrap();
        calls.iter().filter(|(it, _)| it == verb).map(|(_, it)| it.clone()).collect()
    }

    /// Waits for a call of this verb.
    pub(crate) fn wait_for(&self, verb: &str) {
        let calls = self.seen.calls.lock().unwrap();
        let missing = |calls: &mut Vec<(String, Value)>| !calls.iter().any(|(it, _)| it == verb);
        let (calls, waited) = self.seen.more.wait_timeout_while(calls, PATIENCE, missing).unwrap();
        assert!(!waited.timed_out(), "no {verb} came: {calls:?}");
    }
}

pub(crate) struct Run {
    pub(crate) exit: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}", self.stdout))
    }
}

pub(crate) fn command(arguments: &[&str], environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_notifyctl"));
    command.args(arguments).env_clear().envs(environment.iter().copied());
    command
}

pub(crate) fn run_with(arguments: &[&str], environment: &[(&str, &str)], input: &str) -> Run {
    let mut command = command(arguments, environment);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A program that reads nothing closes its end; that is no fault of the test.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    Run {
        exit: status.code().unwrap(),
        stdout: String::from_utf8(stdout).unwrap(),
        stderr: String::from_utf8(stderr).unwrap(),
    }
}

pub(crate) fn welcome() -> Value {
    json!({"protocol": 1, "oldest_protocol": 1, "role": "admin", "host": "ops-1", "daemon": daemon()})
}

pub(crate) fn daemon() -> Value {
    json!({
        "version": "0.1.0", "pid": 77, "started_at": "2026-01-01T00:00:00.000Z", "uptime_seconds": 5,
        "listen": "127.0.0.1:8000", "state_dir": "/var/lib/notifyd", "socket": "/run/notifyd/control.sock",
        "store_bytes": 4096, "sqlite_version": "3.53.0"
    })
}

pub(crate) fn service() -> Value {
    let ms = json!({"count": 9, "p50": 84.0, "p95": 310.5, "p99": null, "max": 1_300.0});
    json!({
        "latency": {"wait_ms": ms, "call_ms": ms, "deliver_ms": ms},
        "id": ID, "name": "acme", "description": null, "active": true, "rate_per_second": 5.0,
        "created_at": "2026-01-01T00:00:00.000Z", "active_keys": 1, "auth_failures": 0, "locked_until": null
    })
}

pub(crate) fn key() -> Value {
    json!({
        "id": ID, "prefix": "00112233", "fingerprint": "a1b2c3d4e5f6", "label": null, "created_at": "2026-01-01T00:00:00.000Z",
        "last_used_at": null, "expires_at": null, "revoked_at": null
    })
}

pub(crate) fn provider() -> Value {
    json!({
        "id": ID, "name": "mock", "type": "mock", "channels": ["sms", "email"], "priority": 100, "active": true,
        "simulated": true, "rate_per_second": null, "burst": null, "max_in_flight": 32, "circuit": "open",
        "circuit_reason": "5 failures in a row", "in_flight": 0, "config": {"latency_ms": 5},
        "created_at": "2026-01-01T00:00:00.000Z"
    })
}

/// A webhook that was switched off, with a description that would play tricks on a terminal.
pub(crate) fn webhook() -> Value {
    json!({
        "id": ID, "service_id": OTHER, "service_name": "acme", "url": "https://hooks.example.org/n",
        "description": "it\u{1b}[5m blinks", "is_active": false, "disabled_reason": "gone",
        "failing_since": "2026-01-01T00:00:00.000Z", "events": ["delivered", "failed"], "headers": {"X-Token": "***"},
        "max_retries": null, "timeout_seconds": 30, "retry_profile": "standard", "redact": false,
        "secret_set_at": "2026-01-01T00:00:00.000Z", "old_secret_until": null,
        "created_at": "2026-01-01T00:00:00.000Z", "updated_at": "2026-01-01T00:00:00.000Z"
    })
}

/// An event that stands there.
pub(crate) fn delivery(status: &str) -> Value {
    let taken = status == "acknowledged";
    json!({
        "id": if taken { OTHER } else { ID }, "webhook_id": ID, "notification_id": ID, "event": "delivered",
        "status": status, "duration_ms": 12, "attempt_count": 1, "last_attempt_at": "2026-01-01T00:00:01.000Z", "next_attempt_at": null,
        "acknowledged_at": if taken { json!("2026-01-01T00:00:01.000Z") } else { Value::Null },
        "response_status_code": if taken { 200 } else { 500 }, "response_body": null,
        "error_message": if taken { Value::Null } else { json!("it answered\u{9b} 500") },
        "created_at": "2026-01-01T00:00:00.000Z"
    })
}

/// A hold of this kind, with a reason that would play tricks on a terminal.
pub(crate) fn hold(kind: &str) -> Value {
    json!({
        "id": "hold_3", "provider_id": ID, "queue": "mock", "kind": kind,
        "limit": if kind == "limit" { json!(5) } else { Value::Null }, "reason": "carrier\u{1b}[5m maintenance",
        "actor": "ada(uid 1000, pid 42)", "made_at": "2026-01-01T00:00:00.000Z", "until": "2026-01-01T00:10:00.000Z"
    })
}

/// A queue with this many calls under way.
pub(crate) fn queue(busy: u32) -> Value {
    json!({
        "name": "mock", "provider_id": ID, "state": "paused", "waiting": 1_284, "oldest_at": "2026-01-01T00:00:00.000Z",
        "busy": busy, "limit": 32, "on_disk": 90_000, "rate_per_second": 12.345, "arriving_per_second": 0.0,
        "empty_in_ms": 245_000, "never_empty": null, "circuit_reason": null, "holds": [hold("pause")]
    })
}

/// What waits for its next try, with names that would play tricks on a terminal.
pub(crate) fn shape() -> Value {
    let bucket = |label: &str, from: Option<u64>, to: Option<u64>| json!({"label": label, "from_ms": from, "to_ms": to});
    let row = |name: &str, counts: [u64; 7], estimated: u64| {
        let total: u64 = counts.iter().sum();
        json!({"name": name, "id": ID, "counts": counts, "total": total, "estimated": estimated})
    };
    json!({
        "queue": "retries", "by": "provider", "measure": "due_in", "as_of": "2026-01-01T14:32:07.000Z",
        "buckets": [
            bucket("late", None, Some(0)), bucket("<1m", Some(0), Some(60_000)), bucket("5m", Some(60_000), Some(300_000)),
            bucket("15m", Some(300_000), Some(900_000)), bucket("30m", Some(900_000), Some(1_800_000)),
            bucket("1h", Some(1_800_000), Some(3_600_000)), bucket("1h+", Some(3_600_000), None)
        ],
        "total": row("TOTAL", [3, 612, 1_804, 1_100, 458, 0, 0], 611),
        "rows": [
            row("twilio-sms", [2, 601, 1_790, 811, 0, 0, 0], 0), row("msg91", [0, 11, 14, 286, 300, 0, 0], 611),
            row("(any of \u{1b}[5mfax)", [1, 0, 0, 3, 158, 0, 0], 0)
        ],
        "uncounted": 0, "notes": ["611 of 3977 stand\u{202e} where they do by estimate"]
    })
}

pub(crate) fn notification(id: &str, status: &str) -> Value {
    json!({
        "id": id, "service_id": ID, "service_name": "acme", "type": "sms", "channels": ["sms"],
        "channel_used": null, "status": status, "delivery_proof": null, "recipient": "+1********06",
        "subject": null, "content": null, "priority": "normal", "provider_id": null, "provider_name": null,
        "external_id": null, "retry_count": 0, "retries_left": 3, "max_retries": 3,
        "created_at": "2026-01-01T00:00:00.000Z", "scheduled_at": null, "next_attempt_at": null,
        "delivered_at": null, "failed_at": null, "cancelled_at": null, "expires_at": null,
        "error_message": "\u{1b}[31mred\u{202e}", "failure_reason": null, "simulated": false, "tenant_id": null,
        "event_type": null, "batch_id": null, "correlation_id": null, "meta_data": null
    })
}

pub(crate) fn detail(id: &str, status: &str) -> Value {
    let attempt = json!({
        "id": format!("{id}.1"), "number": 1, "channel": "sms", "provider_id": null, "provider_name": "mock",
        "status": "failed", "reason": "transient", "attempted_at": "2026-01-01T00:00:00.000Z",
        "finished_at": null, "duration_ms": 12, "external_id": null, "response_data": null,
        "error_message": null, "simulated": true
    });
    let event = json!({
        "sequence": 1, "at": "2026-01-01T00:00:00.000Z", "event": "created", "from": null, "to": "queued",
        "reason": null, "detail": null
    });
    json!({"notification": notification(id, status), "attempts": [attempt], "events": [event]})
}

pub(crate) fn status(health: &str) -> Value {
    json!({
        "health": health, "concerns": ["provider mock is simulated"], "by_status": {"queued": 1_284, "failed": 2},
        "in_flight": 3, "accepted": 9, "delivered": 5, "failed": 1, "oldest_queued_seconds": 2,
        "providers": [provider()], "daemon": daemon()
    })
}

/// An operation in this state, with texts that would play tricks on a terminal.
pub(crate) fn operation(id: &str, verb: &str, state: &str) -> Value {
    let ended = state != "running";
    let (result, error) = match state {
        "done" => (json!("all is \u{1b}[1mwell"), Value::Null),
        "failed" => (
            Value::Null,
            json!({"code": "failed", "message": "the log is damaged: page 7", "hint": "restore"}),
        ),
        _ => (Value::Null, Value::Null),
    };
    json!({
        "id": id, "verb": verb, "actor": "ada(uid 1000, pid 42)", "state": state, "done": 7, "total": 9,
        "unit": "pages", "started_at": "2026-01-01T00:00:00.000Z",
        "finished_at": ended.then_some("2026-01-01T00:00:01.000Z"), "result": result,
        "path": ended.then_some("/b/\u{202e}.db"), "bytes": ended.then_some(12_897_485), "removed": 3, "error": error
    })
}

/// An overview in which something is worth a look.
pub(crate) fn overview() -> Value {
    let ms = json!({"count": 9, "p50": 84.0, "p95": 310.5, "p99": null, "max": 1_300.0});
    json!({"rev": 7, "overview": {
        "as_of": "2026-01-01T00:00:00.000Z", "by_status": {"queued": 1_284, "failed": 2, "moody": 1},
        "counters": {"busy": 3, "limit": 32, "dead_1h": 101, "ack_share": 0.942},
        "rates": {"delivered": 812.4},
        "attention": [{
            "severity": "info", "kind": "held", "object": "queue", "name": "mock", "fact": "the oldest\u{1b}[5m waits",
            "since": "2026-01-01T00:00:00.000Z", "look": "notifyctl queue show mock"
        }],
        "queues": [{"name": "mock", "provider": true, "state": "running", "ready": 3, "limit": 32, "wait_ms": ms,
            "oldest_at": "2026-01-01T00:00:00.000Z"}],
        "providers": [{"name": "mock", "channels": ["sms"], "active": true, "circuit": "closed", "call_ms": ms,
            "last_error": "503\u{202e}"}],
        "webhooks": [{"id": ID, "service": "acme", "url": "https://hooks.example.org/n", "state": "failing",
            "tries": 40, "ack_share": 0.618, "ack_ms": ms, "last_code": 503}],
        "webhooks_left_off": 4, "channels": [{"channel": "sms", "wait_ms": ms, "call_ms": ms, "deliver_ms": ms}],
        "latency": [{"kind": "queue_wait", "ms": ms, "trend": [null, 3.0]}]
    }})
}

fn event() -> Value {
    json!({"seq": 8, "at": "2026-01-01T00:00:00.000Z", "event": "circuit_open", "severity": "critical",
        "object": "provider", "id": "mock", "provider": "mock", "detail": "5\u{9b} in a row"})
}

fn audit() -> Value {
    json!({"id": "7", "at": "2026-01-01T00:00:00.000Z", "actor": "ada(uid 1000, pid 42)", "verb": "queue.pause",
        "target": "mock", "reason": "carrier\u{1b} maintenance"})
}

fn storage() -> Value {
    let backup = json!({"path": "/b/1\u{9b}.db", "bytes": 4_096, "made_at": "2026-01-01T00:00:00.000Z"});
    json!({
        "path": "/var/lib/notifyd/notifyd.db", "schema": 2, "sqlite_version": "3.53.0",
        "database_bytes": 12_897_485, "unused_bytes": 0, "wal_bytes": 4_096, "reserve_bytes": 0,
        "disk_free_bytes": 1_u64 << 33, "disk_floor_bytes": 1_u64 << 28, "refusing": "the disk\nis low",
        "by_status": {"delivered": 1_284, "failed": 2}, "oldest_at": "2026-01-01T00:00:00.000Z",
        "newest_at": null, "backups": [backup]
    })
}

/// Held behind an open circuit.
fn explanation(id: &str) -> Value {
    json!({
        "id": id, "service_name": "acme", "channels": ["sms"], "priority": "normal", "status": "queued",
        "retry_count": 0, "max_retries": 3, "expires_at": null, "cut": true,
        "decisions": [{
            "at": "2026-01-01T00:00:00.000Z", "what": "created", "attempt": null, "channel": null, "provider": null,
            "status": "queued", "reason": null, "sentence": "it was accepted from acme for sms\u{202e}, due at once"
        }],
        "now": {
            "for": "opening", "reason": "breaker_open", "provider": "mock", "since": "2026-01-01T00:00:00.000Z",
            "until": null,
            "sentence": "it is held until somebody can be called: mock on sms: its circuit is open\u{9b}"
        },
        "route": route()
    })
}

/// A look that found this.
pub(crate) fn checkup(found: &str) -> Value {
    let check = |check: &str, name: Value, result: &str, found: &str, advice: Value| json!({"check": check, "name": name, "result": result, "found": found, "advice": advice, "elapsed_ms": null});
    json!({"as_of": notify_proto::view::rfc3339(now()), "checks": [
        check("disk", Value::Null, "ok", "8.0 GiB are free", Value::Null),
        check("provider", json!("relay"), found, "mail.example.org:25: no\u{1b}[5m answer", json!("see\u{9b} to it")),
        check("moon", Value::Null, "of a newer daemon", "it is full", Value::Null)
    ]})
}

#[expect(clippy::disallowed_methods, reason = "the daemon's clock is ours")]
fn now() -> notify_proto::Timestamp {
    chrono::Utc::now()
}

fn preview() -> Value {
    json!({
        "service_name": "acme", "verdict": "duplicate", "refusals": [], "duplicate_of": ID, "channels": ["sms"],
        "priority": "normal", "due_at": null, "expires_at": null, "max_retries": 3,
        "sentences": ["an equal one\u{202e} was accepted"], "route": route()
    })
}

fn histogram() -> Value {
    let bucket = |due_in: &str, total: u64, retrying: u64, told_again: u64| {
        json!({"due_in": due_in, "from": null, "to": "2026-01-01T00:01:00.000Z", "total": total,
            "pending": total - retrying, "retrying": retrying, "told_again": told_again})
    };
    let buckets = [bucket("late", 0, 0, 0), bucket("now", 4_000, 1_000, 1_000), bucket("+24h", 9, 0, 0)];
    json!({"as_of": "2026-01-01T00:00:00.000Z", "buckets": buckets, "held": 17})
}

fn route() -> Value {
    json!({
        "steps": [{
            "channel": "sms", "place": 1, "provider": "mock", "provider_id": ID, "priority": 100,
            "verdict": "passed_over", "state": "breaker_open", "why": "no\u{9b}31m",
            "since": "2026-01-01T00:00:00.000Z", "until": null
        }],
        "notes": ["sms: nobody\u{202e} can be called now"]
    })
}

fn changed(arguments: &Value, status: &str) -> Value {
    let ids = arguments["ids"].as_array().unwrap();
    ids.iter().map(|id| json!({"id": id, "result": {"Ok": status}})).collect()
}

fn values() -> Value {
    let services = json!([{"value": "ac\u{1b}[1mme", "count": 2}, {"value": "b", "count": 1}]);
    json!({"scanned": 10_000, "partial": true, "values": {"service": services}})
}

/// What a webhook did not take, as a page of lines.
fn told_again() -> Value {
    json!({
        "items": [{
            "id": ID, "type": "webhook", "status": "retrying", "priority": "normal", "service_name": "acme",
            "provider_name": "hooks.example\u{9b}.org", "retry_count": 2, "max_retries": 7,
            "created_at": "2026-01-01T00:00:00.000Z", "next_attempt_at": "2026-01-01T00:05:00.000Z",
            "error_message": "it answ\u{1b}[1mered 503",
            "webhook": {"id": OTHER, "webhook_id": ID, "event": "delivered", "code": 503}
        }],
        "next_cursor": null, "total": 1, "partial": false
    })
}

/// The answer of a healthy daemon.
pub(crate) fn usual(verb: &str, arguments: &Value) -> Value {
    let dry = arguments["change"]["dry_run"] == json!(true);
    let fresh = if dry { Value::Null } else { json!({"service": service(), "key": key(), "api_key": KEY}) };
    match verb {
        "Hello" => welcome(),
        "Ping" | "DaemonShutdown" => Value::Null,
        "Status" => status("degraded"),
        "Overview" => overview(),
        "Series" => json!({"as_of": "2026-01-01T00:00:00.000Z", "step_ms": 1_000, "series": [
            {"key": "delivered", "unit": "per second", "points": [1.0, 2.5]},
            {"key": "a\u{9b}b", "unit": "calls", "points": []}
        ]}),
        "Events" => json!({"events": [event()], "next_seq": 8, "dropped": 0, "head_seq": 8}),
        "AuditList" => json!({"items": [audit()], "next": null, "partial": false}),
        "DaemonInfo" => daemon(),
        "DaemonReload" | "DaemonConfigCheck" => json!({
            "changed": [{"key": "delivery.workers", "from": "64", "to": "3\u{1b}2"}], "needs_restart": ["intake.listen"]
        }),
        "OperationList" => {
            json!([operation("op_4", "store.check", "running"), operation("op_3", "store.backup", "done")])
        }
        "OperationShow" => operation(arguments["id"].as_str().unwrap(), "store.backup", "done"),
        "OperationCancel" => operation(arguments["id"].as_str().unwrap(), "store.backup", "running"),
        "StoreStats" => storage(),
        "StorePrune" => {
            let begun = if dry { Value::Null } else { operation("op_3", "store.prune", "running") };
            json!({"by_status": {"delivered": 2, "failed": 1}, "operation": begun})
        }
        "NotificationPreview" => preview(),
        "ServiceCreate" | "KeyCreate" | "KeyReset" => fresh,
        "ServiceList" => json!([service()]),
        "ServiceShow" | "ServiceSetActive" | "ServiceUnlock" => service(),
        "KeyList" => json!([key()]),
        "KeyRevoke" => key(),
        "ProviderSeed" => json!([{"provider": provider(), "created": true}]),
        "ProviderList" => json!([provider()]),
        "ProviderAdd" | "ProviderShow" | "ProviderSetActive" | "CircuitForce" => provider(),
        "ProviderUpdate" => json!({
            "provider": provider(),
            "changed": [{"key": "config.host", "from": "\"a\u{1b}[1m\"", "to": "none"}]
        }),
        "ProviderRemove" => json!({"provider": provider(), "unserved": ["sms"]}),
        "ProviderRoute" => route(),
        "ProviderTest" => json!({
            "accepted": true, "outcome": "accepted", "message": null, "external_id": "x1", "elapsed_ms": 7,
            "simulated": true
        }),
        "NotificationSend" | "NotificationSendOnce" | "StoreBackup" | "StoreCheck" | "StoreCompact" => {
            if dry { Value::Null } else { begun(verb) }
        }
        "NotificationShow" | "NotificationWait" => {
            let id = arguments["id"].as_str().unwrap();
            detail(id, if id == OTHER { "failed" } else { "delivered" })
        }
        "NotificationList" => json!({
            "items": [notification(ID, "queued"), notification(OTHER, "failed")], "next_cursor": null, "total": 2
        }),
        "QueueList" => json!({"queues": [queue(2)], "elsewhere": 5_000}),
        "QueueShow" | "QueueResume" => queue(0),
        "QueueShape" => shape(),
        "HoldList" => json!([hold("pause"), hold("limit"), hold("of a newer daemon")]),
        "HoldSet" => hold(arguments["request"]["kind"].as_str().unwrap()),
        "HoldCancel" => hold("pause"),
        "NotificationCount" => json!({"queued": 1, "failed": 1}),
        "NotificationBulk" => {
            let op = arguments["request"]["op"].as_str().unwrap();
            let begun = if dry { Value::Null } else { operation("op_3", op, "running") };
            json!({
                "by_status": {"failed": 2, "queued": 1}, "by_service": {"ac\u{1b}[1mme": 3}, "total": 3, "refused": 1, "refused_by_status": {"queued": 1},
                "samples": [ID], "cutoff": "2026-01-01T00:00:00.000Z",
                "limit": arguments["request"]["limit"].as_u64().unwrap_or(9), "rate_per_second": 200.0,
                "operation": begun
            })
        }
        "DeadDiscard" => changed(arguments, "discarded"),
        "NotificationCancel" => changed(arguments, "cancelled"),
        "NotificationPostpone" | "ScheduleMove" => changed(arguments, "pending"),
        "NotificationBury" => changed(arguments, "failed"),
        "NotificationExplain" => explanation(arguments["id"].as_str().unwrap()),
        "ScheduleList" => json!({"items": [notification(ID, "pending")], "next_cursor": null, "total": 1}),
        "NotificationLines" => told_again(),
        "ScheduleHistogram" => histogram(),
        "ScheduleGroup" => json!({
            "by": arguments["request"]["by"], "elsewhere": 7, "scanned": 20_000, "partial": true,
            "groups": [{
                "name": "time\u{9b}out", "retrying": 1_284, "pending": 2, "tried_once": 9, "tried_twice": 8,
                "tried_more": 7, "next_at": "2026-01-01T00:00:00.000Z", "last_at": null, "sample": ID, "error": "a\u{1b}[1m",
                "tries": {"second": 4, "second_delivered": 3, "third": 0, "third_delivered": 0, "dead": 12,
                    "failing_since": "2026-01-01T00:00:00.000Z", "last_failed_at": "2026-01-01T00:00:09.000Z"}
            }]
        }),
        "NotificationRetry" | "ScheduleRun" => changed(arguments, "queued"),
        "ProviderReseed" | "NotificationDup" | "Stats" | "Doctor" | "DaemonConfig" | "DaemonLogFilter"
        | "ServiceUpdate" | "ServiceDelete" | "DeadGroup" | "NotificationValues" => kept(verb),
        verb => told(verb, arguments, dry),
    }
}

/// What is begun, of these.
fn begun(verb: &str) -> Value {
    match verb {
        "StoreBackup" | "StoreCheck" | "StoreCompact" => operation("op_3", "store.backup", "running"),
        _ => json!({"id": ID, "status": "queued", "duplicate": false}),
    }
}

/// The same about what operators set and look after.
fn kept(verb: &str) -> Value {
    match verb {
        "ProviderReseed" => {
            let changed = json!({"key": "config.latency_ms", "from": "5\u{1b}", "to": "none"});
            json!([{"provider": provider(), "created": false, "changed": [changed]}])
        }
        "DeadGroup" => json!({
            "groups": [{
                "fault": "1f6c09ab", "count": 1_284, "reason": "exhausted", "provider_name": "mock",
                "error": "time\u{9b}out after <n> s", "first_at": "2026-01-01T00:00:00.000Z",
                "last_at": "2026-01-02T00:00:00.000Z", "sample": ID
            }],
            "elsewhere": 7, "scanned": 100_000, "partial": true
        }),
        "NotificationValues" => values(),
        "Doctor" => checkup("warning"),
        "NotificationDup" => json!({
            "id": ID, "deduplicated": true, "stands": OTHER, "status": "delivered",
            "accepted_at": "2026-01-01T00:00:00.000Z", "until": "2026-01-01T00:30:00.000Z",
            "sentence": "another\u{1b}[1m one stands"
        }),
        "Stats" => {
            let latency = json!({"p50": 12, "p95": 84, "p99": null});
            let webhooks = json!({
                "total": 9, "by_status": {"acknowledged": 9}, "ack_rate": 1.0, "ack_ms": latency, "partial": false
            });
            json!({
                "since": "2026-01-01T00:00:00.000Z", "total": 1_284, "by_status": {"delivered": 1_280, "failed": 4},
                "by_channel": {"sms": 1_284}, "by_provider": {"mo\u{1b}[1mck": 1_284}, "by_priority": {"normal": 1_284},
                "success_rate": 0.997, "latency_ms": latency, "queue_depth": 0, "partial": true, "webhooks": webhooks
            })
        }
        "DaemonConfig" => json!({"file": "/etc/notifyd/notifyd.toml", "settings": [
            {"key": "delivery.workers", "value": 32, "default": 64, "live": true},
            {"key": "intake.listen", "value": "127.0.0.1:8000", "default": "127.0.0.1:8000", "live": false}
        ]}),
        "DaemonLogFilter" => json!({
            "filter": "debug\u{9b}", "configured": "info", "until": "2026-01-01T00:10:00.000Z"
        }),
        "ServiceDelete" => json!({
            "service": service(), "notifications": 1_284, "history_kept": false, "webhooks": 1, "owed": 7
        }),
        "ServiceUpdate" => json!({
            "service": service(), "changed": [{"key": "rate", "from": "none", "to": "5/s\u{1b}"}]
        }),
        other => panic!("a call nobody knows: {other}"),
    }
}

/// The same about webhooks.
fn told(verb: &str, arguments: &Value, dry: bool) -> Value {
    match verb {
        "WebhookCreate" | "WebhookRotate" => {
            let own = arguments["ask"]["secret"].is_string() || arguments["own"].is_string();
            json!({"webhook": webhook(), "secret": if dry || own { Value::Null } else { json!(SECRET) }})
        }
        "WebhookList" => json!([webhook()]),
        "WebhookShow" | "WebhookSetActive" => webhook(),
        "WebhookUpdate" => json!({
            "webhook": webhook(), "changed": [{"key": "url", "from": "https://a\u{1b}[1m", "to": "https://b"}]
        }),
        "WebhookDelete" => json!({"webhook": webhook(), "owed": 1_284}),
        "WebhookTest" if dry => Value::Null,
        "WebhookTest" => json!(OTHER),
        "WebhookDeliveries" => json!({"items": [delivery("failed"), delivery("acknowledged")], "total": 2}),
        "NotificationWebhooks" => json!([delivery("acknowledged")]),
        "WebhookDelivery" => json!({
            "delivery": delivery("acknowledged"),
            "attempts": [{
                "number": 1, "at": "2026-01-01T00:00:01.000Z", "duration_ms": 12, "response_status_code": 200,
                "response_body": "thank\u{9b}s", "error_message": null
            }],
            "body": if arguments["body"] == json!(true) { json!({"event": "deliv\u{202e}ered"}) } else { Value::Null }
        }),
        "WebhookResend" => changed(arguments, "pending"),
        "WebhookRecover" => {
            let begun = if dry { Value::Null } else { operation("op_3", "webhook.recover", "running") };
            json!({
                "total": 812, "since": "2026-01-01T00:00:00.000Z", "until": "2026-01-01T02:00:00.000Z",
                "rate_per_second": 50.0, "operation": begun
            })
        }
        "WebhookStats" => json!({
            "by_status": {"acknowledged": 1_284, "failed": 2}, "owed": 7, "oldest": "2026-01-01T00:00:00.000Z",
            "ack_p50_ms": 12, "ack_p99_ms": 340, "by_code": {"200": 1_284, "500": 2},
            "last_ack_at": "2026-01-01T00:00:00.000Z", "last_nack_at": "2026-01-01T00:00:00.000Z", "busy": 2, "limit": 8,
            "retry_delays": [60, 300, 900], "disable_after_seconds": 432_000,
            "by_event": {"delivered": {"acknowledged": 1_284}}
        }),
        other => panic!("a call nobody knows: {other}"),
    }
}
