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
            let reply = match verb.as_str() {
                "Hello" => welcome_json(1),
                "Status" => status_json(1, 5),
                "OperationList" => json!([]),
                "Overview" => json!({"rev": 1}),
                verb => panic!("{verb} is not asked for by the first view"),
            };
            let response =
                json!({"request_id": request["id"], "message": {"Ok": {verb: {"Ok": reply}}}}).to_string();
            say(&mut stream, response.as_bytes());
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

/// A snapshot against a daemon that does this with every connection.
fn against(what: impl Fn(UnixStream) + Send + 'static) -> (Option<i32>, String) {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("control.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    std::thread::spawn(move || listener.incoming().map_while(Result::ok).for_each(what));
    let output = run(&["--snapshot", "--ascii", "--socket", socket.to_str().unwrap()]);
    (output.status.code(), text(&output.stdout))
}

fn say(stream: &mut UnixStream, bytes: &[u8]) {
    let length = u32::try_from(bytes.len()).unwrap().to_be_bytes();
    // It may have gone away.
    let _ = stream.write_all(&length).and_then(|()| stream.write_all(bytes));
}

#[test]
fn a_daemon_that_closes_hangs_or_talks_nonsense_is_told_from_one_that_works() {
    let (code, shown) = against(drop);
    assert_eq!(code, Some(69), "{shown}");
    assert!(shown.contains("closed before an answer"), "{shown}");
    let (code, shown) = against(|mut stream| {
        request(&mut stream);
        say(&mut stream, b"\xff\xfe");
        request(&mut stream);
    });
    assert_eq!(code, Some(69), "{shown}");
    assert!(shown.contains("LOST"), "{shown}");
    let (code, shown) = against(|mut stream| {
        request(&mut stream);
        // Longer than any frame may be.
        let _ = stream.write_all(&u32::MAX.to_be_bytes());
        request(&mut stream);
    });
    assert_eq!(code, Some(69), "{shown}");
    assert!(shown.contains("LOST"), "{shown}");
    // It greets and then says nothing any more: there is a frame all the same.
    let (code, shown) = against(|mut stream| {
        let hello = request(&mut stream).unwrap();
        let reply = json!({"request_id": hello["id"], "message": {"Ok": {"Hello": {"Ok": welcome_json(1)}}}});
        say(&mut stream, reply.to_string().as_bytes());
        while request(&mut stream).is_some() {}
    });
    assert_eq!(code, Some(69), "{shown}");
    assert!(shown.contains("CONNECTING") && shown.contains("ops-1"), "{shown}");
}

/// Answers the greeting with this.
fn greet(stream: &mut UnixStream, welcome: &Value) -> Option<Vec<u8>> {
    let hello = request(stream)?;
    let reply = json!({"request_id": hello["id"], "message": {"Ok": {"Hello": {"Ok": welcome}}}});
    Some(reply.to_string().into_bytes())
}

#[test]
fn a_daemon_of_another_protocol_is_told_which_side_to_upgrade() {
    for (oldest, newest, side) in [(99, 99, "upgrade notify-tui"), (0, 0, "upgrade notifyd")] {
        let (code, shown) = against(move |mut stream| {
            let mut welcome = welcome_json(1);
            (welcome["protocol"], welcome["oldest_protocol"]) = (json!(newest), json!(oldest));
            if let Some(reply) = greet(&mut stream, &welcome) {
                say(&mut stream, &reply);
            }
            while request(&mut stream).is_some() {}
        });
        assert_eq!(code, Some(69), "{shown}");
        assert!(shown.contains(side), "{shown}");
    }
}

#[test]
fn an_answer_that_comes_in_drips_or_is_too_long_is_borne() {
    let drips = |mut stream: UnixStream| {
        let Some(reply) = greet(&mut stream, &welcome_json(1)) else { return };
        let frame = [&u32::try_from(reply.len()).unwrap().to_be_bytes(), reply.as_slice()].concat();
        for byte in frame {
            let _ = stream.write_all(&[byte]).and_then(|()| stream.flush());
        }
        // Then a refused call, and one that is longer than any frame may be.
        while let Some(asked) = request(&mut stream) {
            let verb = asked["message"].as_object().unwrap().keys().next().unwrap().clone();
            if verb == "Status" {
                let reply =
                    json!({"request_id": asked["id"], "message": {"Ok": {verb: {"Ok": status_json(1, 5)}}}});
                say(&mut stream, reply.to_string().as_bytes());
            } else {
                let _ = stream.write_all(&(2_u32 << 20).to_be_bytes());
            }
        }
    };
    let (_, shown) = against(drips);
    assert!(shown.contains("ops-1") && shown.contains("LOST"), "{shown}");
}

#[test]
fn the_configuration_is_checked_and_dumped() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("notify/tui.toml");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    let with = |line: &str, flag: &str| {
        std::fs::write(&file, line).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_notify-tui"));
        command
            .args([flag])
            .env_clear()
            .env("XDG_CONFIG_HOME", home.path())
            .stdin(Stdio::null())
            .output()
            .unwrap()
    };
    assert_eq!(with("theme = \"cb\"", "--check-config").status.code(), Some(0));
    let wrong = with("\ntheme = 7", "--check-config");
    assert_eq!(wrong.status.code(), Some(78));
    assert!(text(&wrong.stderr).contains("tui.toml: line 2: "), "{}", text(&wrong.stderr));
    let dumped = text(&with("view = \"dead\"", "--dump-config").stdout);
    assert!(dumped.contains("view = \"dead\"") && dumped.contains("theme = \"default\""), "{dumped}");
    assert_eq!(with(&dumped, "--check-config").status.code(), Some(0), "what is dumped can be read");
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
