//! The program itself: the snapshot against a daemon made of frames, the command line, the man page.

use crate::house::{status_json, welcome_json};
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn run(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_notify-tui"));
    command.args(arguments).env_clear().env("LANG", "C.UTF-8").stdin(Stdio::null()).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Answers `hello` and `status` on every connection.
fn serve(listener: &UnixListener) {
    for mut stream in listener.incoming().map_while(Result::ok) {
        while let Some(request) = request(&mut stream) {
            let verb = request["message"].as_object().unwrap().keys().next().unwrap().clone();
            let reply = if verb == "Hello" { welcome_json(1) } else { status_json(1, 5) };
            let response =
                json!({"request_id": request["id"], "message": {"Ok": {verb: {"Ok": reply}}}}).to_string();
            stream.write_all(&u32::try_from(response.len()).unwrap().to_be_bytes()).unwrap();
            stream.write_all(response.as_bytes()).unwrap();
        }
    }
}

fn request(stream: &mut UnixStream) -> Option<Value> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).ok()?;
    let mut frame = vec![0; u32::from_be_bytes(length) as usize];
    stream.read_exact(&mut frame).ok()?;
    serde_json::from_slice::<Value>(&frame).ok()?.get("Request").cloned()
}

#[test]
fn a_snapshot_is_the_screen_as_text() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("control.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    std::thread::spawn(move || serve(&listener));
    let output = run(&["--snapshot", "--size", "90x20", "--socket", socket.to_str().unwrap()]);
    let shown = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(shown.lines().count(), 20);
    assert!(shown.contains("LIVE") && shown.contains("x OPEN") && shown.contains('┌'), "{shown}");
    assert!(!shown.contains('\u{1b}'));
    let ascii = run(&["--snapshot", "--ascii", "--socket", socket.to_str().unwrap()]);
    assert!(text(&ascii.stdout).is_ascii());
}

#[test]
fn without_a_daemon_the_snapshot_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("none.sock");
    let output = run(&["--snapshot", "--socket", socket.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(69));
    assert!(text(&output.stdout).contains("systemctl start notifyd"), "{}", text(&output.stdout));
}

#[test]
fn without_a_terminal_it_names_the_way_out() {
    let output = run(&[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("--snapshot"));
    for wrong in
        [&["--interval", "2"][..], &["--size", "80x24"], &["--nonsense"], &["--snapshot", "--size", "x"]]
    {
        assert_eq!(run(wrong).status.code(), Some(2), "{wrong:?}");
    }
    assert_eq!(run(&["--version"]).status.code(), Some(0));
    assert!(text(&run(&["--help"]).stdout).contains("Examples:"));
}

#[test]
fn help_and_usage_are_the_same_whatever_the_environment() {
    for line in [&["--help"][..], &["--nonsense"], &["--interval", "2"]] {
        let [bare, named] = [None, Some("/secret/place.sock")].map(|socket| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_notify-tui"));
            command.args(line).env_clear().envs(socket.map(|socket| ("NOTIFYD_SOCKET", socket)));
            let output = command.stdin(Stdio::null()).output().unwrap();
            (output.status.code(), text(&output.stdout), text(&output.stderr))
        });
        assert_eq!(bare, named, "{line:?}");
    }
}

#[test]
fn the_man_page_in_the_repository_is_the_programs() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../man/notify-tui.1");
    let page = notify_tui::man::page();
    if std::env::var_os("UPDATE_MAN").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        stored == page,
        "man/notify-tui.1 is out of date: UPDATE_MAN=1 cargo test -p notify-tui --test suite"
    );
}
