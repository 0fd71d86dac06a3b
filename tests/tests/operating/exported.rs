//! What the dashboard exports is, byte for byte, what `notifyctl` exports; and it ends when somebody wants it to.

use notify_tests::daemon::{Builder, Daemon};
use notify_tests::seat::{Seat, dashboard};
use rustix::process::Signal;
use serde_json::json;
use std::path::PathBuf;

/// More than two pages of them, which wait.
const ROWS: usize = 450;

/// A daemon that has them.
fn daemon() -> Daemon {
    let daemon = Builder::new().start();
    daemon.service("acme");
    daemon.mock("relay", &json!({}), &[]);
    daemon.ctl().ok(&["queue", "pause", "relay", "--yes"]);
    let one = |n: usize| {
        let recipient = if n == 7 {
            json!(["a@example.org", "b@example.org"])
        } else {
            json!(format!("n{n}@example.org"))
        };
        json!({"channel": "email", "recipient": recipient, "subject": format!("\"{n}\", no less"), "content": "hello", "event_type": format!("a,b {n}")})
    };
    let lines: Vec<_> = (0..ROWS).map(|n| one(n).to_string()).collect();
    let file = daemon.builder().dir().join("batch.jsonl");
    std::fs::write(&file, lines.join("\n")).unwrap();
    daemon.ctl().ok(&["notification", "send-batch", "--service", "acme", file.to_str().unwrap()]);
    daemon
}

/// A dashboard whose files come to the daemon's directory, on the view of notifications.
fn seat(daemon: &Daemon) -> Seat {
    let mut command = dashboard(&daemon.builder().socket());
    command.cwd(daemon.builder().dir());
    let mut seat = Seat::at(command);
    seat.press("3");
    seat.sees("of 450");
    seat
}

/// The files that were exported.
fn files(daemon: &Daemon) -> Vec<PathBuf> {
    let all = std::fs::read_dir(daemon.builder().dir()).unwrap().map(|it| it.unwrap().path());
    all.filter(|it| it.file_name().unwrap().to_string_lossy().starts_with("notify-")).collect()
}

#[test]
fn all_that_match_are_written_as_notifyctl_writes_them() {
    let daemon = daemon();
    let mut seat = seat(&daemon);
    for (key, format, flag) in [("j", "jsonl", ""), ("c", "csv", " --format csv")] {
        seat.press("e");
        seat.sees("all rows that match, 450, as CSV");
        seat.press(key);
        let end = format!("notifyctl notification export{flag} --out notify-notifications-");
        seat.watches(&end, |screen| {
            let words: Vec<_> = screen.contents().split_whitespace().map(str::to_owned).collect();
            let text = words.join(" ");
            text.contains("450 rows are written to") && text.contains(&end)
        });
        let [file] = files(&daemon).try_into().unwrap();
        assert_eq!(file.extension().unwrap(), format);
        let told = daemon.ctl().ok(&["notification", "export", "--format", format]);
        let written = std::fs::read_to_string(&file).unwrap();
        assert!(written == told, "the dashboard:\n{written}\nnotifyctl:\n{told}");
        assert!(written.lines().count() >= ROWS);
        std::fs::remove_file(file).unwrap();
    }
}

#[test]
fn an_export_that_hangs_is_ended_by_a_key_or_with_the_program() {
    let daemon = daemon();
    let mut seat = seat(&daemon);
    daemon.signal(Signal::STOP);
    seat.press("ej");
    seat.sees("export: 0 of 450 rows to notify-notifications-");
    seat.press("2");
    seat.sees("[2 Queues]");
    seat.press("e");
    seat.sees("nothing was written: given up");
    assert_eq!(files(&daemon), [] as [PathBuf; 0]);
    // Who leaves in the middle of one leaves nothing of nothing either.
    seat.press("3ej");
    seat.sees("export: 0 of 450 rows to notify-notifications-");
    seat.press("\x03");
    assert!(seat.end().gave_back());
    assert_eq!(files(&daemon), [] as [PathBuf; 0]);
    daemon.signal(Signal::CONT);
}
