//! Every command of the README runs: the `sh` blocks in their order, in one shell, against the real programs in a
//! directory of their own. What would build, run for long or need a terminal is checked for being right.

use super::{at, curl, read};
use cargo_metadata::{Metadata, MetadataCommand};
use notify_tests::bin;
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

/// How long the session may take before it is given up: no measure, only an end.
const PATIENCE: Duration = Duration::from_mins(2);

/// The relay of the example; in the test nobody is asked for its address.
const RELAY: &str = "mail.example.org";

/// The lines of all `sh` blocks.
fn lines() -> Vec<String> {
    let readme = read("README.md");
    let blocks = readme.split("\n```sh\n").skip(1);
    let lines = blocks.flat_map(|rest| rest.split("\n```").next().unwrap_or_default().lines());
    lines.map(str::to_owned).collect()
}

fn metadata() -> Metadata {
    MetadataCommand::new().manifest_path(at("Cargo.toml")).no_deps().exec().unwrap()
}

/// Checks a line that Cargo would run; answers what follows `--`.
fn check_cargo(line: &str, metadata: &Metadata) -> Vec<String> {
    let (cargo, rest) = line.split_once(" -- ").unwrap_or((line, ""));
    let mut words = cargo.split(' ').skip(1);
    let verb = words.next().unwrap_or_default();
    assert!(["run", "build", "test"].contains(&verb), "{line}");
    let mut packages: Vec<_> = metadata.packages.iter().collect();
    let (mut bin, mut package) = (None, None);
    while let Some(word) = words.next() {
        match word {
            "--release" | "--workspace" => {}
            "-p" => package = words.next(),
            "--bin" => bin = words.next(),
            other => panic!("{line}: {other}?"),
        }
    }
    if let Some(name) = package {
        packages.retain(|package| package.name.as_str() == name);
    } else if verb != "test" {
        packages.retain(|package| metadata.workspace_default_members.contains(&package.id));
    }
    assert!(!packages.is_empty(), "{line}: there is no such package");
    if let Some(name) = bin {
        let of = |package: &&cargo_metadata::Package| {
            package.targets.iter().any(|it| it.is_bin() && it.name == name)
        };
        assert!(packages.iter().any(of), "{line}: there is no such program");
    }
    rest.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

#[test]
fn what_cargo_is_asked_for_is_there() {
    let metadata = metadata();
    let lines: Vec<_> = lines().into_iter().filter(|line| line.starts_with("cargo ")).collect();
    assert_eq!(
        lines.iter().filter(|line| line.starts_with("cargo test")).count(),
        1,
        "one way to run the tests"
    );
    assert!(lines.contains(&"cargo test --workspace".to_owned()));
    let load = |arguments: &[String]| {
        let ran = Command::new(env!("CARGO_BIN_EXE_load")).args(arguments).arg("--help").output().unwrap();
        assert!(ran.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&ran.stderr));
        String::from_utf8(ran.stdout).unwrap()
    };
    let mut shown = Vec::new();
    for line in &lines {
        let arguments = check_cargo(line, &metadata);
        if line.contains("--bin load") {
            load(&arguments);
            shown.extend(arguments.first().cloned());
        }
    }
    // Each scenario of the load program is one line of its help.
    let help = load(&[]);
    let known =
        help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let mut known: Vec<_> = known
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .filter(|name| name != "help")
        .collect();
    shown.sort_unstable();
    known.sort_unstable();
    assert!(!known.is_empty(), "{help}");
    assert_eq!(shown, known, "the README shows each scenario once");
    let built: Vec<_> = metadata
        .packages
        .iter()
        .filter(|package| metadata.workspace_default_members.contains(&package.id))
        .collect();
    for program in ["notifyd", "notifyctl", "notify-tui"] {
        assert!(
            built.iter().any(|package| package.name.as_str() == program),
            "cargo build does not build {program}"
        );
    }
}

#[test]
fn the_demo_plays_and_cleans_up() {
    let line = lines().into_iter().find(|line| line.contains("--demo")).expect("the README shows the demo");
    let arguments = check_cargo(&line, &metadata());
    let home = tempfile::tempdir().unwrap();
    let ran = Command::new(bin("notifyd"))
        .args(arguments)
        .args(["--demo-for", "2"])
        .env("TMPDIR", home.path())
        .env("HOME", home.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success(), "{said}{}", String::from_utf8_lossy(&ran.stderr));
    for promised in ["SIMULATED", "curl ", "/api/v1/", "notifyctl --socket ", "Ctrl-C"] {
        assert!(said.contains(promised), "the demo does not show {promised}: {said}");
    }
    let left: Vec<_> = std::fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(left.is_empty(), "the demo left {left:?}");
}

/// The session as one script. A daemon in the foreground goes to the background and is waited for; a program that needs
/// a terminal is only asked for its help.
fn script(port: u16) -> String {
    let mut script = String::from("set -eux\ntrap 'kill \"$daemon\" 2>/dev/null || :' EXIT\n");
    let mut starts = 0;
    for line in lines().into_iter().filter(|line| !line.starts_with("cargo ")) {
        match line.as_str() {
            "notifyd" => {
                starts += 1;
                script.push_str(
                    "notifyd >notifyd.log 2>&1 &\ndaemon=$!\nset +x\n\
                     until notifyctl status >/dev/null 2>&1; do kill -0 $daemon; sleep 0.1; done\nset -x\n",
                );
            }
            "notify-tui" => script.push_str("notify-tui --help >/dev/null\n"),
            _ => {
                let line =
                    line.replace("127.0.0.1:8000", &format!("127.0.0.1:{port}")).replace(RELAY, "localhost");
                script.push_str(&line);
                script.push('\n');
            }
        }
    }
    assert_eq!(starts, 1, "the README starts the daemon once");
    script.push_str("wait $daemon\n");
    script
}

/// Runs a script to its end, or ends everything it started.
fn run(command: &mut Command) -> (bool, String) {
    let child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0).spawn();
    let child = child.expect("a shell runs");
    let group = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    let (done, ended) = channel();
    std::thread::spawn(move || done.send(child.wait_with_output()));
    let output = ended.recv_timeout(PATIENCE).unwrap_or_else(|_| {
        rustix::process::kill_process_group(group, rustix::process::Signal::KILL).unwrap();
        ended.recv().unwrap()
    });
    let output = output.unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

#[test]
fn the_session_of_the_readme_runs() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let programs = home.join("bin");
    std::fs::create_dir(&programs).unwrap();
    curl::stand_in(&programs);
    std::os::unix::fs::symlink(at("config").canonicalize().unwrap(), home.join("config")).unwrap();
    std::fs::write(home.join("notifyd.toml"), "").unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let built = bin("notifyd").parent().unwrap().to_owned();
    let mut path = vec![programs, built];
    path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap()));
    let state = home.join("state");
    let variable = |name: &str, path: &Path| (name.to_owned(), path.as_os_str().to_owned());
    let (ok, said) = run(Command::new("sh")
        .arg("-c")
        .arg(script(port))
        .current_dir(home)
        .env("PATH", std::env::join_paths(path).unwrap())
        .env("NOTIFYD_INTAKE_LISTEN", format!("127.0.0.1:{port}"))
        .env_remove("NOTIFYD_MASTER_KEY_FILE")
        .env_remove("XDG_RUNTIME_DIR")
        .envs([
            variable("HOME", home),
            variable("XDG_CONFIG_HOME", home),
            variable("XDG_STATE_HOME", home),
            variable("NOTIFYD_CONFIG", &home.join("notifyd.toml")),
            variable("NOTIFYD_STORE_PATH", &state),
            variable("NOTIFYD_SOCKET", &state.join("control.sock")),
        ]));
    let log = std::fs::read_to_string(home.join("notifyd.log")).unwrap_or_default();
    assert!(ok, "{said}\n--- notifyd ---\n{log}");
    assert_eq!(said.matches("\"success\":true").count(), 2, "two notifications were accepted: {said}");
    assert!(said.contains("configuration ok"), "{said}");
    assert!(log.contains("\"message\":\"stopped\""), "{log}");
    assert!(!home.join("relay.pass").exists());
}

#[test]
fn its_screens_are_those_that_are_shown() {
    let readme = read("README.md");
    let blocks = readme.split("\n```text\n").skip(1).filter_map(|rest| rest.split("\n```").next());
    let screens: Vec<_> = blocks.filter(|block| block.starts_with(" notify-tui ")).collect();
    assert_eq!(screens.len(), 2);
    for (screen, view) in screens.into_iter().zip(["overview", "webhooks"]) {
        let stored = read(&format!("notify-tui/tests/screens/{view}.txt"));
        let (_, rest) = stored.split_once(&format!("== {view} live 120x36\n")).unwrap();
        let (shown, _) = rest.split_once("\n== ").unwrap();
        assert_eq!(screen, shown, "take it from notify-tui/tests/screens/{view}.txt");
    }
}
