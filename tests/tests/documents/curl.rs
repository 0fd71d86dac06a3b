//! Stands in for curl where there is none: a fresh machine with Rust and a C compiler may have no curl, and the README
//! shows it because everybody knows it.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;

/// Carries the arguments, which may contain blanks and newlines.
const ARGUMENTS: &str = "NOTIFY_TESTS_CURL";

/// Between two arguments.
const SEPARATOR: char = '\u{1f}';

/// Whether a program is on the path.
fn found(name: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(name).is_file()))
}

/// Puts a stand-in into `dir` if there is no curl.
pub fn stand_in(dir: &Path) {
    if found("curl") {
        return;
    }
    let me = std::env::current_exe().unwrap();
    let script = format!(
        "#!/bin/sh\n{ARGUMENTS}=\"$(printf '%s\\037' \"$@\")\" exec '{}' --exact curl::answers_for_curl --ignored --nocapture\n",
        me.display()
    );
    let path = dir.join("curl");
    std::fs::write(&path, script).unwrap();
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
}

#[test]
#[ignore = "is run in place of curl by the commands of the README"]
fn answers_for_curl() {
    let Ok(arguments) = std::env::var(ARGUMENTS) else { return };
    let mut arguments = arguments.split_terminator(SEPARATOR);
    let (mut url, mut headers, mut body) = ("", String::new(), "");
    while let Some(argument) = arguments.next() {
        match argument {
            "-sS" | "--fail-with-body" => {}
            "-H" => headers = headers + arguments.next().unwrap() + "\r\n",
            "-d" => body = arguments.next().unwrap(),
            other if other.starts_with("http://") => url = other,
            other => panic!("the stand-in for curl does not know {other}"),
        }
    }
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    let length = body.len();
    let head =
        format!("POST /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}\r\n");
    stream.write_all(format!("{head}{headers}\r\n{body}").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 2"), "{answer}");
    println!("{}", answer.split("\r\n\r\n").nth(1).unwrap_or_default());
}
