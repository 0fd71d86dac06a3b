//! A start that cannot be: one sentence with the way out, the documented exit code, and nothing changed.

use notify_tests::daemon::Builder;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// Starts it, which must fail with this code and a single sentence that has these words in it.
fn refused(builder: &Builder, code: i32, words: &[&str]) {
    let (ended, said) = builder.refused();
    assert_eq!(ended, Some(code), "{said}");
    assert!(said.starts_with("notifyd: "), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    for word in words {
        assert!(said.contains(word), "`{word}` is not in: {said}");
    }
}

/// Everything in a directory: names, and the bytes of the files.
fn contents(directory: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).into_iter().flatten() {
        let entry = entry.unwrap();
        let bytes =
            if entry.file_type().unwrap().is_file() { fs::read(entry.path()).unwrap() } else { vec![] };
        found.push((entry.file_name().into_string().unwrap(), bytes));
    }
    found.sort();
    found
}

#[test]
fn a_taken_port() {
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap().to_string();
    let builder = Builder::new().flag(&format!("--listen={address}"));
    refused(&builder, 74, &[&address, "is taken", "--listen"]);
    assert!(!builder.state().join("notifyd.db").exists(), "no log was made");
    assert!(!builder.dir().join("master.key").exists(), "no key was made");
}

#[test]
fn a_taken_port_leaves_the_log_as_it_was() {
    let mut builder = Builder::new();
    let daemon = builder.start();
    daemon.service("acme");
    builder = daemon.kill();
    let before = contents(&builder.state());
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap().to_string();
    refused(&builder.clone().flag(&format!("--listen={address}")), 74, &[&address]);
    assert_eq!(contents(&builder.state()), before);
}

#[test]
fn a_socket_that_somebody_answers_on() {
    let first = Builder::new();
    let daemon = first.start();
    let socket = first.socket().display().to_string();
    let builder = Builder::new().flag(&format!("--socket={socket}"));
    refused(&builder, 75, &["another notifyd", &socket]);
    assert!(!builder.state().join("notifyd.db").exists(), "no log was made");
    assert_eq!(daemon.ctl().run(&["ping"]).code, 0);
}

#[test]
fn a_master_key_that_is_missing_open_or_no_key() {
    let builder = Builder::new();
    let key = builder.dir().join("my.key");
    let name = key.display().to_string();
    let builder = builder.env("NOTIFYD_MASTER_KEY_FILE", &name);
    refused(&builder, 78, &["cannot read the master key", &name]);
    fs::write(&key, "not a key").unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    refused(&builder, 78, &[&name, "chmod 600"]);
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    refused(&builder, 78, &[&name, "64 hex digits"]);
    assert_eq!(fs::read_to_string(&key).unwrap(), "not a key");
    assert!(!builder.state().join("notifyd.db").exists(), "no log was made");
}

#[test]
fn a_log_whose_master_key_is_gone() {
    let builder = Builder::new();
    let builder = builder.start().kill();
    fs::remove_file(builder.dir().join("master.key")).unwrap();
    let before = contents(&builder.state());
    refused(&builder, 78, &["was written with a master key", "put it back", "NOTIFYD_MASTER_KEY_FILE"]);
    assert_eq!(contents(&builder.state()), before);
    assert!(!builder.dir().join("master.key").exists(), "a log never gets another key");
}

#[test]
fn a_log_with_another_master_key() {
    let builder = Builder::new();
    let builder = builder.start().kill();
    let right = fs::read_to_string(builder.dir().join("master.key")).unwrap();
    fs::write(builder.dir().join("master.key"), format!("{}\n", "ab".repeat(32))).unwrap();
    refused(&builder, 78, &["the master key is not the one", "put that one back"]);
    fs::write(builder.dir().join("master.key"), right).unwrap();
    builder.start();
}

#[test]
fn an_unknown_setting_names_the_nearest() {
    let builder = Builder::new().config("[delivery]\ndrain_timeot_seconds = 3\n");
    let words = ["`delivery.drain_timeot_seconds`", "did you mean `delivery.drain_timeout_seconds`?"];
    refused(&builder, 78, &words);
    let builder = Builder::new().env("NOTIFYD_INTAKE_LISTN", "127.0.0.1:1");
    refused(&builder, 78, &["`NOTIFYD_INTAKE_LISTN`", "did you mean `NOTIFYD_INTAKE_LISTEN`?"]);
    assert!(!builder.state().exists(), "nothing was made");
}

#[test]
fn a_setting_out_of_range_names_the_range() {
    let builder = Builder::new().config("[delivery]\ndrain_timeout_seconds = 100000\n");
    refused(&builder, 78, &["delivery.drain_timeout_seconds", "600"]);
    assert!(!builder.state().exists(), "nothing was made");
}

#[test]
fn a_setting_of_the_wrong_type_is_named() {
    let builder = Builder::new().config("[intake]\nlisten = 5\n");
    refused(&builder, 78, &["notifyd.toml", "intake.listen", "socket address"]);
    let builder = Builder::new().config("[delivery]\non_unknown = \"maybe\"\n");
    refused(&builder, 78, &["delivery.on_unknown", "maybe"]);
}

#[test]
fn a_log_filter_that_would_silence_the_log() {
    let builder = Builder::new().config("[log]\nfilter = \"inof\"\n");
    refused(&builder, 78, &["log.filter", "`inof` is no level", "write info"]);
    refused(&builder.clone().flag("--check"), 78, &["`inof` is no level"]);
    let builder = Builder::new().env("NOTIFYD_LOG_FILTER", "foo=bar=baz");
    refused(&builder, 78, &["log.filter", "foo=bar=baz"]);
    assert!(!builder.state().exists(), "nothing was made");
}

#[test]
fn a_demo_with_a_state_of_its_own() {
    let (code, said) = Builder::new().flag("--demo-for=1").refused();
    assert!(code == Some(2) && said.contains("--demo-for"), "{said}");
}

#[test]
fn a_state_directory_that_cannot_be() {
    let builder = Builder::new();
    fs::write(builder.state(), "a file").unwrap();
    refused(&builder, 74, &[&builder.state().display().to_string()]);
    assert_eq!(fs::read_to_string(builder.state()).unwrap(), "a file");
}

#[test]
fn a_file_that_is_no_log() {
    let builder = Builder::new();
    fs::create_dir(builder.state()).unwrap();
    fs::write(builder.state().join("notifyd.db"), "this is text, and no database at all\n".repeat(200))
        .unwrap();
    fs::write(builder.dir().join("master.key"), format!("{}\n", "ab".repeat(32))).unwrap();
    // As the daemon leaves them; what is open to others it says, and closes.
    for (path, mode) in [("state", 0o700), ("state/notifyd.db", 0o600), ("master.key", 0o600)] {
        fs::set_permissions(builder.dir().join(path), fs::Permissions::from_mode(mode)).unwrap();
    }
    let before = fs::read(builder.state().join("notifyd.db")).unwrap();
    refused(&builder, 65, &["notifyd.db", "is damaged", "--restore"]);
    assert_eq!(fs::read(builder.state().join("notifyd.db")).unwrap(), before);
}

#[test]
fn a_flag_that_is_none() {
    let (code, said) = Builder::new().flag("--lissten=1").refused();
    assert!(code == Some(2) && said.contains("'--listen'"), "{said}");
}

#[test]
fn what_it_makes_is_closed_to_others() {
    let builder = Builder::new();
    let daemon = builder.start();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&builder.state()), 0o700);
    assert_eq!(mode(&builder.dir().join("master.key")), 0o600);
    assert_eq!(mode(&builder.socket()), 0o660);
    for (name, _) in contents(&builder.state()) {
        assert_eq!(mode(&builder.state().join(&name)) & 0o077, 0, "{name}");
    }
    drop(daemon);
}

#[test]
fn help_and_usage_are_the_same_whatever_the_environment() {
    for flag in ["--help", "-h", "--nonsense", "--demo-for"] {
        let [bare, named] = [None, Some("/secret/place.toml")].map(|file| {
            let mut command = Command::new(notify_tests::bin("notifyd"));
            command.arg(flag).env_remove("NOTIFYD_CONFIG").envs(file.map(|file| ("NOTIFYD_CONFIG", file)));
            let output = command.stdin(Stdio::null()).output().unwrap();
            (output.status.code(), output.stdout, output.stderr)
        });
        assert_eq!(bare, named, "{flag}");
    }
}
