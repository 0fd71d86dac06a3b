//! What the tests share: answers of a daemon, and a clock that stands still.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use notify_proto::Timestamp;
use notify_proto::control::Welcome;
use notify_proto::view::StatusView;
use notify_tui::config::Settings;
use notify_tui::message::{Answer, Cmd, Moment, Msg, Question, Slot};
use notify_tui::state::{App, Page};
use notify_tui::update;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use serde_json::{Value, json};
use std::time::Duration;

/// A moment to begin with.
pub(crate) fn start() -> Moment {
    #[expect(clippy::disallowed_methods, reason = "an Instant has no other source")]
    let instant = std::time::Instant::now();
    Moment { instant, wall: Timestamp::from_timestamp(1_800_000_000, 0).unwrap() }
}

pub(crate) fn after(moment: Moment, milliseconds: u64) -> Moment {
    let span = Duration::from_millis(milliseconds);
    Moment { instant: moment.instant + span, wall: moment.wall + chrono::TimeDelta::from_std(span).unwrap() }
}

pub(crate) fn daemon(pid: u32) -> Value {
    json!({
        "version": "0.1.0", "pid": pid, "started_at": "2027-01-14T00:00:00.000Z", "uptime_seconds": 5,
        "listen": "127.0.0.1:8000", "state_dir": "/var/lib/notifyd", "socket": "/run/notifyd/control.sock",
        "store_bytes": 4096, "sqlite_version": "3.53.0"
    })
}

pub(crate) fn welcome_json(pid: u32) -> Value {
    json!({"protocol": 1, "oldest_protocol": 1, "role": "viewer", "host": "ops-1", "daemon": daemon(pid)})
}

pub(crate) fn welcome(pid: u32) -> Box<Welcome> {
    serde_json::from_value(welcome_json(pid)).unwrap()
}

pub(crate) fn status_json(pid: u32, accepted: u64) -> Value {
    let provider = |name: &str, circuit: &str, active: bool, simulated: bool| {
        json!({
            "id": "0197a6c2-5b1e-7cc0-8000-0123456789ab", "name": name, "type": "smtp", "channels": ["sms", "email"],
            "priority": 10, "active": active, "simulated": simulated, "rate_per_second": null, "burst": null,
            "max_in_flight": 32, "circuit": circuit,
            "circuit_reason": if circuit == "closed" { None } else { Some("5 failures in a row") },
            "in_flight": 3, "created_at": "2027-01-14T00:00:00.000Z"
        })
    };
    json!({
        "health": "degraded", "concerns": ["the circuit of provider relay is open\u{1b}[31m"],
        "by_status": {"queued": 1_284, "retrying": 3_977, "delivered": 4_218_113, "failed": 87},
        "in_flight": 48, "accepted": accepted, "delivered": accepted, "failed": 0, "oldest_queued_seconds": 372,
        "providers": [
            provider("relay", "open", true, false), provider("spare", "closed", true, false),
            provider("old", "closed", false, false), provider("mock", "half_open", true, true)
        ],
        "daemon": daemon(pid)
    })
}

pub(crate) fn status(pid: u32, accepted: u64) -> Box<StatusView> {
    serde_json::from_value(status_json(pid, accepted)).unwrap()
}

/// A program that has just begun, on this view.
pub(crate) fn begun(page: Page) -> App {
    App::new(start(), &Settings { view: page, ..Settings::default() }, 7)
}

/// The questions among what is to be done, by slot.
pub(crate) fn asked(cmds: &[Cmd]) -> Vec<(Slot, u64, Question)> {
    let questions = cmds.iter().filter_map(|cmd| match cmd {
        Cmd::Ask(slot, number, question) => Some((*slot, *number, (**question).clone())),
        _ => None,
    });
    questions.collect()
}

/// The slots that are asked.
pub(crate) fn slots(cmds: &[Cmd]) -> Vec<Slot> {
    asked(cmds).into_iter().map(|(slot, ..)| slot).collect()
}

/// The number of the question under way in this slot.
pub(crate) fn number(cmds: &[Cmd], slot: Slot) -> u64 {
    asked(cmds).into_iter().find(|(it, ..)| *it == slot).unwrap().1
}

/// Answers the question of this slot.
pub(crate) fn answer(app: &mut App, cmds: &[Cmd], slot: Slot, answer: Answer, now: Moment) -> Vec<Cmd> {
    let msg = Msg::Answered(slot, number(cmds, slot), Ok(answer), Duration::from_micros(400));
    update(app, msg, now)
}

/// Presses keys, as they are written; answers with all that follows.
pub(crate) fn press(app: &mut App, keys: &[&str]) -> Vec<Cmd> {
    let mut cmds = Vec::new();
    for key in keys {
        let (modifiers, name) = key
            .strip_prefix("ctrl-")
            .map_or((KeyModifiers::NONE, *key), |name| (KeyModifiers::CONTROL, name));
        let code = match name {
            "enter" => KeyCode::Enter,
            "esc" => KeyCode::Esc,
            "tab" => KeyCode::Tab,
            "space" => KeyCode::Char(' '),
            "backspace" => KeyCode::Backspace,
            name => KeyCode::Char(name.chars().next().unwrap()),
        };
        let now = app.now;
        cmds.extend(update(app, Msg::Key(KeyEvent::new(code, modifiers)), now));
    }
    cmds
}

/// Writes a text, letter by letter.
pub(crate) fn write(app: &mut App, text: &str) -> Vec<Cmd> {
    let keys: Vec<_> =
        text.chars().map(|c| if c == ' ' { "space".to_owned() } else { c.to_string() }).collect();
    press(app, &keys.iter().map(String::as_str).collect::<Vec<_>>())
}

pub(crate) fn admin(pid: u32) -> Box<Welcome> {
    let mut welcome = welcome(pid);
    welcome.role = notify_proto::control::Role::Admin;
    welcome
}

/// The id of the notification with this number.
pub(crate) fn id(n: u32) -> String {
    format!("0197a6c2-5b1e-7cc0-8000-{n:012}")
}

pub(crate) fn note(n: u32, status: &str) -> Value {
    let due = (status == "retrying").then_some("2027-01-15T08:05:00.000Z");
    let failed = (status == "failed").then_some("2027-01-15T07:59:00.000Z");
    json!({
        "id": id(n), "service_id": id(900), "service_name": "acme", "type": "sms", "channels": ["sms", "email"],
        "channel_used": "sms", "status": status, "delivery_proof": null, "recipient": "+91******4821",
        "subject": null, "content": null, "priority": "high", "provider_id": null, "provider_name": "relay",
        "external_id": null, "retry_count": 1, "retries_left": 3, "max_retries": 4,
        "delays_left_seconds": if status == "retrying" { json!([900, 1_800, 5_430]) } else { json!([]) },
        "created_at": "2027-01-15T07:58:00.000Z", "scheduled_at": null, "next_attempt_at": due,
        "delivered_at": null, "failed_at": failed, "cancelled_at": null, "expires_at": null,
        "error_message": "503 upstream \u{1b}[2J unavailable",
        "failure_reason": failed.map(|_| "exhausted"), "simulated": false, "tenant_id": null, "event_type": null,
        "batch_id": null, "correlation_id": null, "meta_data": null
    })
}

/// A page of notifications with these numbers.
pub(crate) fn page(numbers: impl IntoIterator<Item = u32>, status: &str, next: Option<&str>) -> Answer {
    let items: Vec<_> = numbers.into_iter().map(|n| note(n, status)).collect();
    Answer::Page(Box::new(
        serde_json::from_value(json!({"items": items, "next_cursor": next, "total": null})).unwrap(),
    ))
}

/// What waits for a time: a retry, what a webhook did not take of another, and a test that none took.
pub(crate) fn waiting() -> Answer {
    let hook = |n: u32, of: u32| {
        let mut row = note(of, "retrying");
        row["webhook"] = json!({"id": id(n), "webhook_id": id(800), "event": "delivered", "code": 503});
        row["provider_name"] = json!("hooks.acme.test");
        row
    };
    let items = [note(1, "retrying"), hook(501, 1), hook(502, 2), hook(503, 503), note(4, "pending")];
    let page = json!({"items": items, "next_cursor": null, "total": 5});
    Answer::Page(Box::new(serde_json::from_value(page).unwrap()))
}

/// A first screen with something of everything.
pub(crate) fn overview() -> Answer {
    let ms = json!({"count": 9, "p50": 121.0, "p95": 702.0, "p99": 4_100.0, "max": 960_000.0});
    let trend: Vec<_> = (0..15).map(f64::from).collect();
    Answer::Overview(
        serde_json::from_value(json!({"rev": 7, "overview": {
            "as_of": "2027-01-15T08:00:00Z", "by_status": {"pending": 20_511, "retrying": 3_977, "failed": 87},
            "counters": {"busy": 48, "limit": 64, "webhooks_owed": 1_004, "dead_1h": 3, "ack_share": 0.942},
            "rates": {"accepted": 830.0, "delivered": 812.4, "failed": 6.1},
            "attention": [
                {"severity": "critical", "kind": "circuit", "object": "provider", "name": "relay",
                    "fact": "circuit open, 5/5 failed", "since": "2027-01-15T07:59:19Z"},
                {"severity": "warning", "kind": "old", "object": "queue", "name": "retries", "fact": "oldest item 6m12s past due (limit 1m)"}
            ],
            "queues": [
                {"name": "msg91", "provider": true, "state": "running", "ready": 1_284, "busy": 8, "limit": 24,
                    "oldest_at": "2027-01-15T07:59:00Z", "wait_ms": ms, "trend": trend, "error_share": 0.058},
                {"name": "retries", "state": "behind", "ready": 3, "later": 3_977}
            ],
            "providers": [
                {"name": "relay", "channels": ["sms"], "active": true, "circuit": "open", "call_ms": ms,
                    "circuit_since": "2027-01-15T07:59:19Z"},
                {"name": "msg91", "channels": ["sms"], "active": true, "circuit": "closed", "ok_share": 0.996}
            ],
            "webhooks": [{"id": id(800), "service": "acme", "url": "https://hooks.acme.test/n", "state": "failing",
                "ack_share": 0.618, "waiting": 1_004, "retrying": 812, "failed": 44, "last_code": 503, "last_at": "2027-01-15T07:59:58Z",
                "trend": [100.0, null, 40.0]}],
            "latency": [{"kind": "accept_to_deliver", "ms": ms, "trend": [1.0, null, 3.0]}],
            "trends": {"step_ms": 15_000, "delivered": trend, "failed": trend, "ready": trend, "retrying": trend}
        }}))
        .unwrap(),
    )
}

/// Some queues.
pub(crate) fn queues() -> Answer {
    let queue = |name: &str, state: &str| {
        json!({"name": name, "provider_id": id(700), "state": state, "waiting": 12, "on_disk": 3, "rate_per_second": 4.0,
            "arriving_per_second": 5.0, "empty_in_ms": null, "never_empty": "grows",
            "oldest_at": "2027-01-15T07:59:00Z", "busy": 3, "limit": 32, "circuit_reason": null, "holds": []})
    };
    let shared = |name: &str, state: &str, later: u32, holds: Value| {
        json!({"name": name, "provider_id": null, "state": state, "waiting": 1, "later": later, "rate_per_second": 0.0,
            "arriving_per_second": 1.5, "oldest_at": "2027-01-15T07:59:00Z", "next_at": "2027-01-15T07:59:00Z",
            "busy": 0, "limit": null, "circuit_reason": null, "holds": holds})
    };
    let hold = json!({"id": "hold_3", "queue": "scheduled", "provider_id": null, "kind": "pause", "limit": null,
        "reason": "carrier maintenance", "actor": "ada", "made_at": "2027-01-15T07:59:00Z",
        "until": "2027-01-15T08:09:00Z"});
    let all = json!({"queues": [queue("relay", "circuit_open"), queue("spare", "running"),
        shared("webhooks", "running", 0, json!([])), shared("retries", "late", 3_977, json!([])),
        shared("scheduled", "paused", 20_511, json!([hold]))], "elsewhere": 2});
    Answer::Queues(serde_json::from_value(all).unwrap())
}

/// Some webhooks.
pub(crate) fn webhooks() -> Answer {
    let all = json!([{
        "id": id(800), "service_id": id(900), "service_name": "acme", "url": "https://hooks.acme.test/n",
        "description": null, "is_active": true, "disabled_reason": null, "failing_since": "2027-01-15T07:00:00Z",
        "events": ["delivered"], "headers": {}, "max_retries": null, "timeout_seconds": 10, "retry_profile": "standard",
        "redact": false, "secret_set_at": "2026-12-05T07:00:00Z", "old_secret_until": null, "created_at": "2027-01-14T07:00:00Z",
        "updated_at": "2027-01-14T07:00:00Z"
    }]);
    Answer::Webhooks(serde_json::from_value(all).unwrap())
}

/// Some events.
pub(crate) fn events() -> Answer {
    let event = |seq: u32, event: &str, severity: &str, detail: &str| {
        json!({"seq": seq, "at": "2027-01-15T07:59:00Z", "event": event, "severity": severity, "object": "notification",
            "id": id(seq), "service": "acme", "channel": "sms", "provider": "relay", "detail": detail})
    };
    let events = [
        event(1, "delivered", "info", "in 483ms"),
        event(2, "circuit_open", "critical", "5 failures in a row"),
    ];
    let view = json!({"events": events, "next_seq": 2, "dropped": 3, "head_seq": 2});
    Answer::Events(Box::new(serde_json::from_value(view).unwrap()))
}

/// A program on this view that has had its status; and what it asks then.
pub(crate) fn live(page: Page) -> (App, Vec<Cmd>, Moment) {
    let begin = start();
    let mut app = App::new(begin, &Settings { view: page, ..Settings::default() }, 7);
    app.size = (120, 36);
    let cmds = update(&mut app, Msg::Greeted(admin(1), "/s".into()), begin);
    answer(&mut app, &cmds, Slot::Status, Answer::Status(status(1, 100)), begin);
    (app, cmds, begin)
}

/// The screen as text.
pub(crate) fn screen(app: &App, look: notify_tui::view::Look, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| notify_tui::view::draw(app, look, frame)).unwrap();
    terminal.backend().to_string()
}
