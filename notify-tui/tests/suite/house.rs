//! What the tests share: answers of a daemon, and a clock that stands still.

use notify_proto::Timestamp;
use notify_proto::control::Welcome;
use notify_proto::view::StatusView;
use notify_tui::message::Moment;
use notify_tui::state::App;
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

/// The screen as text.
pub(crate) fn screen(app: &App, look: notify_tui::view::Look, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| notify_tui::view::draw(app, look, frame)).unwrap();
    terminal.backend().to_string()
}
