//! R24: what the daemon makes is its own business only, whatever the umask of whoever started it and the modes of what
//! was there before.

use notify_tests::daemon::{Builder, Daemon};
use notify_tests::person::Person;
use serde_json::json;
use std::fs::{self, Permissions};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Starts what follows with a umask that closes nothing.
const WIDE: &[&str] = &["sh", "-c", "umask 000 && exec \"$@\"", "sh"];

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// Everything below a directory.
fn below(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(below(&path));
        }
        found.push(path);
    }
    found
}

/// A daemon with logs in files, whose places were made by somebody careless.
fn careless() -> Builder {
    let builder = Builder::new().through(WIDE);
    for name in ["state", "logs"] {
        let directory = builder.dir().join(name);
        fs::create_dir(&directory).unwrap();
        set_mode(&directory, 0o777);
    }
    let socket = builder.dir().join("run/control.sock");
    let builder = builder.flag(&format!("--socket={}", socket.display()));
    let logs = json!(builder.dir().join("logs"));
    builder.config(&format!("[log]\ndirectory = {logs}\n"))
}

fn status(daemon: &Daemon, field: &str) -> String {
    let status = fs::read_to_string(format!("/proc/{}/status", daemon.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    line.unwrap_or_else(|| panic!("no {field} in {status}")).trim().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_it_makes_is_closed_to_others() {
    let mut builder = careless();
    for _run in 0..2 {
        let daemon = builder.start();
        assert_eq!(status(&daemon, "Umask"), "0077");
        let ctl = notify_tests::ctl::Ctl::new(&builder.dir().join("run/control.sock"));
        let key = ctl.ok(&["-q", "-o", "plain", "service", "create", &uuid::Uuid::now_v7().to_string()]);
        let record = builder.dir().join("record");
        let config = builder.dir().join("config.json");
        fs::write(&config, json!({"record_file": record}).to_string()).unwrap();
        let config = config.to_str().unwrap();
        ctl.run(&["provider", "add", "only", "--type", "mock", "--config-file", config]);
        let mut client = daemon.client(key.trim()).await;
        let sent = client.post("/api/v1/sms", &notify_tests::pump::message()).await.unwrap();
        assert_eq!(sent.status, 202);
        ctl.ok(&["notification", "wait", &sent.id()]);
        // Made by the test itself.
        let ours = ["notifyd.toml", "config.json", "logs"].map(|name| builder.dir().join(name));
        let mut seen = Vec::new();
        for path in below(builder.dir()).into_iter().filter(|path| !ours.contains(path)) {
            let found = fs::symlink_metadata(&path).unwrap();
            let allowed = match path.strip_prefix(builder.dir()).unwrap().to_str().unwrap() {
                "run" => 0o750,
                "run/control.sock" => 0o660,
                _ if found.is_dir() => 0o700,
                _ => 0o600,
            };
            assert_eq!(found.mode() & 0o7777, allowed, "{}", path.display());
            assert_eq!(found.file_type().is_socket(), allowed == 0o660, "{}", path.display());
            seen.push(path.strip_prefix(builder.dir()).unwrap().to_owned());
        }
        for name in ["master.key", "record", "run/control.sock", "state"] {
            assert!(seen.contains(&PathBuf::from(name)), "{name}: {seen:?}");
        }
        for name in ["notifyd.db", "notifyd.db-wal", "notifyd.db-shm", "notifyd.lock"] {
            assert!(seen.contains(&Path::new("state").join(name)), "{name}: {seen:?}");
        }
        assert!(seen.iter().any(|path| path.starts_with("logs")), "a log file: {seen:?}");
        // Somebody opens the directory again while it is down; the next start closes it.
        builder = daemon.kill();
        set_mode(&builder.state(), 0o755);
    }
}

#[test]
fn directories_that_it_makes_are_closed_on_the_way_down() {
    let builder = Builder::new().through(WIDE);
    let deep = builder.dir().join("one/two/log");
    let builder = builder.config(&format!("[log]\ndirectory = {}\n", json!(deep)));
    let socket = builder.dir().join("a/b/control.sock");
    let builder = builder.flag(&format!("--socket={}", socket.display()));
    let _daemon = builder.start();
    for name in ["one", "one/two", "one/two/log", "a", "state"] {
        assert_eq!(mode(&builder.dir().join(name)) & 0o027, 0, "{name}");
    }
    assert_eq!(mode(&builder.dir().join("a/b")), 0o750);
}

/// What this person gets of a file of another process.
fn read_by(person: &Person, path: &str) -> bool {
    let words = person.words();
    let mut cat = Command::new(&words[0]);
    cat.args(&words[1..]).args(["head", "-c", "1", path]).stdout(Stdio::null()).stderr(Stdio::null());
    cat.status().unwrap().success()
}

#[test]
fn no_process_of_its_own_user_looks_into_it() {
    let Some(own) = Person::known("mail") else { return };
    let daemon = Builder::new().by(&own).start();
    let of = |name: &str| format!("/proc/{}/{name}", daemon.pid());
    assert!(read_by(&own, &of("status")), "it is there and it is this user's");
    assert_eq!(status(&daemon, "Uid").split('\t').next(), Some(own.uid.to_string().as_str()));
    for name in ["environ", "maps", "mem", "fd/1", "auxv"] {
        assert!(!read_by(&own, &of(name)), "{name} can be read, so it can be dumped");
    }
}

#[test]
fn a_master_key_that_others_have_or_that_is_somebody_elses_is_refused() {
    let Some(other) = Person::known("nobody") else { return };
    let builder = Builder::new().start().kill();
    let key = builder.dir().join("master.key");
    let name = key.display().to_string();
    let refused = |builder: &Builder, words: &[&str]| {
        let (code, said) = builder.refused();
        assert_eq!((code, said.lines().count()), (Some(78), 1), "{said}");
        assert!(words.iter().chain([&name.as_str()]).all(|word| said.contains(word)), "{said}");
    };
    for wide in [0o640, 0o604, 0o610, 0o620, 0o602, 0o601, 0o777] {
        set_mode(&key, wide);
        refused(&builder, &["can be read by others", "chmod 600"]);
    }
    set_mode(&key, 0o600);
    std::os::unix::fs::chown(&key, Some(other.uid), None).unwrap();
    refused(&builder, &["belongs to another user", &format!("uid {}", other.uid), "chown"]);
    std::os::unix::fs::chown(&key, Some(0), None).unwrap();
    // A pipe must not hold the start up.
    let kept = fs::read(&key).unwrap();
    fs::remove_file(&key).unwrap();
    assert!(Command::new("mkfifo").args(["-m", "600"]).arg(&key).status().unwrap().success());
    refused(&builder, &["is not a file"]);
    fs::remove_file(&key).unwrap();
    // Through a link it is the file that counts.
    let elsewhere = builder.dir().join("elsewhere");
    fs::write(&elsewhere, kept).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &key).unwrap();
    set_mode(&elsewhere, 0o644);
    refused(&builder, &["chmod 600"]);
    set_mode(&elsewhere, 0o600);
    builder.start();
}

#[test]
fn a_state_directory_that_is_somebody_elses_and_closed_is_left_alone() {
    let (Some(own), Some(other)) = (Person::known("mail"), Person::known("nobody")) else { return };
    let builder = Builder::new().by(&own);
    fs::create_dir(builder.state()).unwrap();
    other.own(&builder.state());
    set_mode(&builder.state(), 0o700);
    let (code, said) = builder.refused();
    assert_eq!((code, said.lines().count()), (Some(78), 1), "{said}");
    assert!(said.contains(&builder.state().display().to_string()), "{said}");
    assert_eq!(below(&builder.state()), Vec::<PathBuf>::new());
}
