//! The dashboard in a real terminal: what it shows while the daemon hangs or is gone, and how it leaves the terminal.

use notify_tests::daemon::{Builder, Daemon};
use notify_tests::seat::{Seat, dashboard};
use notify_tests::skipped;
use rustix::process::Signal;
use serde_json::json;
use std::path::Path;

/// A daemon with something to see.
fn daemon() -> Daemon {
    let daemon = Builder::new().start();
    daemon.mock("relay", &json!({}), &[]);
    daemon
}

/// A dashboard that shows it.
fn seat(socket: &Path) -> Seat {
    let mut seat = Seat::at(dashboard(socket));
    seat.sees("LIVE 1s");
    seat.sees("relay");
    seat
}

/// Looks until a key that changes something is shown as one that works, or does nothing, now.
fn sees_key(seat: &mut Seat, words: &str, works: bool) {
    seat.watches(&format!("`{words}`, works: {works}"), |screen| {
        let (rows, width) = screen.size();
        let found = (0..rows).zip(screen.rows(0, width)).find_map(|(row, line)| {
            let before = &line[..line.find(words)?];
            Some((row, u16::try_from(before.chars().count()).unwrap()))
        });
        let cell = found.and_then(|(row, column)| screen.cell(row, column));
        cell.is_some_and(|cell| cell.dim() != works)
    });
}

#[test]
fn a_daemon_that_hangs_is_told_and_the_keys_go_on() {
    let daemon = daemon();
    let mut seat = seat(&daemon.builder().socket());
    seat.press("6");
    seat.sees("[6 Providers]");
    sees_key(&mut seat, "P pause/resume", true);
    daemon.signal(Signal::STOP);
    seat.sees("STALE");
    assert!(seat.screen().contents().contains("relay"), "the last data stays");
    sees_key(&mut seat, "P pause/resume", false);
    for (key, title) in [("2", "[2 Queues]"), ("3", "[3 Notifs]"), ("6", "[6 Providers]")] {
        seat.press(key);
        seat.sees(title);
    }
    seat.press("P");
    seat.sees("not now: what is shown may be out of date");
    daemon.signal(Signal::CONT);
    seat.sees("LIVE 1s");
    seat.press("q");
    seat.press("\x03");
    let end = seat.end();
    assert!(end.code == 0 && end.gave_back(), "{end:?}");
}

#[test]
fn a_daemon_that_is_gone_is_told_and_so_is_its_return() {
    let daemon = daemon();
    let socket = daemon.builder().socket();
    let mut seat = seat(&socket);
    let builder = daemon.kill();
    let screen = seat.sees("LOST");
    assert!(screen.contains("relay"), "the last data stays\n{screen}");
    seat.press("6");
    let screen = seat.sees("[6 Providers]");
    assert!(screen.contains("r now") && !screen.contains("P pause/resume"), "only what works\n{screen}");
    let daemon = builder.start();
    seat.sees("the daemon restarted");
    seat.sees("LIVE 1s");
    sees_key(&mut seat, "P pause/resume", true);
    drop(daemon);
    seat.sees("LOST");
    seat.press("\x03");
    let end = seat.end();
    assert!(end.code == 0 && end.gave_back(), "{end:?}");
    let log = std::fs::read_to_string(socket.parent().unwrap().join("notify/tui.log")).unwrap();
    for part in ["started", "connected", "the connection broke", "ended code=0"] {
        assert!(log.contains(part), "`{part}` is not in\n{log}");
    }
}

#[test]
fn where_nobody_listens_it_says_so_and_goes_on() {
    let builder = Builder::new();
    let mut seat = Seat::at(dashboard(&builder.socket()));
    let screen = seat.sees("there is no socket");
    assert!(screen.contains("systemctl start notifyd"), "{screen}");
    let daemon = builder.start();
    seat.sees("LIVE 1s");
    drop(daemon);
}

#[test]
fn it_bears_any_change_of_its_size() {
    let daemon = daemon();
    let mut seat = seat(&daemon.builder().socket());
    let before = seat.written();
    for n in 0..200_u16 {
        let (width, height) = (1 + n * 37 % 200, 1 + n * 13 % 60);
        seat.resize(width, height);
        if n % 20 == 0 {
            seat.press("w");
        }
    }
    seat.resize(100, 30);
    seat.watches("the whole at the last size", |screen| {
        let text = screen.contents();
        text.contains("LIVE 1s") && text.contains("q quit") && text.contains("relay")
    });
    let bytes = seat.written() - before;
    assert!(bytes < 200 * 16_384, "{bytes} bytes for 200 sizes");
    seat.resize(48, 12);
    seat.sees("needs 60x15, have 48x12");
    seat.press("q");
    let end = seat.end();
    assert!(end.code == 0 && end.gave_back(), "{end:?}");
}

#[test]
fn however_it_ends_the_terminal_is_the_shells_again() {
    let daemon = daemon();
    let socket = daemon.builder().socket();
    let ends = [(Signal::TERM, 143), (Signal::HUP, 129), (Signal::INT, 130), (Signal::QUIT, 131)];
    for (signal, code) in ends {
        let seat = seat(&socket);
        seat.signal(signal);
        let end = seat.end();
        assert!(end.code == code && end.gave_back(), "{signal:?}: {end:?}");
    }
    for key in ["q", "\x03"] {
        let mut seat = seat(&socket);
        seat.press(key);
        let end = seat.end();
        assert!(end.code == 0 && end.gave_back(), "{key:?}: {end:?}");
    }
}

#[test]
fn whichever_part_panics_the_terminal_is_the_shells_again() {
    let daemon = daemon();
    for (part, code) in [("loop", 101), ("task", 1), ("thread", 1)] {
        let mut command = dashboard(&daemon.builder().socket());
        // Only a program that is built for tests looks for it.
        command.env("NOTIFY_TUI_FAULT", part);
        let end = Seat::at(command).end();
        assert!(end.code == code && end.gave_back(), "{part}: {end:?}");
        let said = end.wrote.rsplit("\x1b[?1049l").next().unwrap();
        assert!(said.contains(&format!("{part} fails, as NOTIFY_TUI_FAULT says")), "it is legible: {said}");
    }
}

#[test]
fn what_cannot_start_says_why_and_leaves_the_terminal_alone() {
    let builder = Builder::new();
    let mut command = dashboard(&builder.socket());
    command.env("NOTIFY_TUI_STATS", builder.dir().join("no/such/place"));
    let end = Seat::at(command).end();
    assert_eq!(end.code, 1);
    assert!(end.wrote.contains("error: NOTIFY_TUI_STATS: "), "{}", end.wrote);
    assert!(!end.wrote.contains('\x1b') && end.as_before, "{}", end.wrote);
}

#[test]
fn it_stops_for_the_shell_and_goes_on_with_the_whole_screen() {
    let daemon = daemon();
    let program = dashboard(&daemon.builder().socket());
    let bash = Path::new("/bin/bash");
    if !bash.exists() {
        return skipped("there is no bash");
    }
    let mut shell = portable_pty::CommandBuilder::new(bash);
    shell.args(["--norc", "--noprofile", "-i"]);
    shell.env_clear();
    for (name, value) in program.iter_extra_env_as_str() {
        shell.env(name, value);
    }
    shell.env("PS1", "ready> ");
    let mut seat = Seat::at(shell);
    seat.sees("ready> ");
    let words: Vec<_> = program.get_argv().iter().map(|word| word.to_string_lossy()).collect();
    seat.press(&format!("{}\r", words.join(" ")));
    for round in 0..2 {
        seat.watches("the dashboard", |screen| {
            screen.alternate_screen() && screen.contents().contains("relay")
        });
        // The key, and the signal, which another terminal may send.
        seat.press("\x1a");
        seat.watches("the shell", |screen| {
            let text = screen.contents();
            !screen.alternate_screen()
                && !screen.hide_cursor()
                && text.contains("Stopped")
                && text.ends_with("ready> ")
        });
        seat.press(&format!("stty -a; echo round-{round}-$((1+1))\r"));
        let screen = seat.sees(&format!("round-{round}-2"));
        assert!(screen.contains(" icanon") && screen.contains(" echo "), "the terminal is not raw\n{screen}");
        seat.press("clear; fg\r");
    }
    seat.watches("the dashboard", |screen| {
        screen.alternate_screen() && screen.contents().contains("LIVE 1s")
    });
    seat.press("q");
    // What is typed before the shell asks may still be read by the program that ends.
    seat.watches("the shell", |screen| {
        !screen.alternate_screen() && !screen.hide_cursor() && screen.contents().ends_with("ready> ")
    });
    seat.press("echo code-$?; exit 7\r");
    seat.sees("code-0");
    let end = seat.end();
    assert!(end.code == 7 && end.gave_back(), "{end:?}");
}

#[test]
fn without_a_shell_it_does_not_stop() {
    let daemon = daemon();
    let mut seat = seat(&daemon.builder().socket());
    seat.press("\x1a");
    seat.sees("there is no shell to go back to");
    seat.signal(Signal::TSTP);
    seat.press("2");
    seat.sees("[2 Queues]");
}

#[test]
fn the_mouse_and_the_focus_are_heard_and_can_be_left_alone() {
    let daemon = daemon();
    let socket = daemon.builder().socket();
    let mut ours = seat(&socket);
    // A click on the name of the second view, counted from 1; then what a terminal says that is not looked at any more.
    ours.press("\x1b[<0;16;2M");
    ours.sees("[2 Queues]");
    ours.press("\x1b[O\x1b[I");
    ours.press("m");
    ours.sees("the mouse is the terminal's");
    ours.press("\x03");
    let end = ours.end();
    assert!(end.code == 0 && end.gave_back() && end.wrote.contains("\x1b[?1000h"), "{end:?}");
    let mut command = dashboard(&socket);
    command.arg("--no-mouse");
    let mut theirs = Seat::at(command);
    theirs.sees("LIVE 1s");
    theirs.press("\x03");
    let end = theirs.end();
    assert!(end.code == 0 && end.gave_back() && !end.wrote.contains("\x1b[?1000h"), "{end:?}");
}

#[test]
fn what_a_frame_and_a_question_cost_is_written_for_whoever_measures() {
    let daemon = daemon();
    let file = daemon.builder().dir().join("stats.jsonl");
    let mut command = dashboard(&daemon.builder().socket());
    command.env("NOTIFY_TUI_STATS", &file);
    let mut seat = Seat::at(command);
    seat.sees("relay");
    seat.press("2");
    seat.sees("calls at once");
    seat.press("\x03");
    let end = seat.end();
    assert!(end.code == 0, "{end:?}");
    let text = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.iter().all(|line| line["at_us"].is_u64()), "{text}");
    let frames: Vec<_> = lines.iter().filter(|line| line["draw_us"].is_u64()).collect();
    assert!(frames[0]["bytes"].as_u64() > Some(500), "the first frame is a whole one: {}", frames[0]);
    assert!(frames.iter().any(|line| line["key_us"].is_u64() && line["view"] == "queues"), "{text}");
    let bytes: u64 = frames.iter().filter_map(|line| line["bytes"].as_u64()).sum();
    assert_eq!(frames.last().unwrap()["written_total"].as_u64(), Some(bytes));
    assert!(usize::try_from(bytes).unwrap() <= end.wrote.len(), "{bytes} of {}", end.wrote.len());
    for ask in ["status", "overview", "queue_list"] {
        let answer = lines.iter().find(|line| line["ask"] == ask).unwrap_or_else(|| panic!("{ask}: {text}"));
        assert!(answer["ok"] == true && answer["rtt_us"].as_u64() > Some(0), "{answer}");
        assert!(answer["received_total"].as_u64() >= answer["received"].as_u64(), "{answer}");
    }
    let received: u64 = lines.iter().filter_map(|line| line["received"].as_u64()).sum();
    let last = lines.iter().rev().find_map(|line| line["received_total"].as_u64());
    assert_eq!(last, Some(received));
}
