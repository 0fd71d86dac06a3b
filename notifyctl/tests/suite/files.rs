//! Files that are handed in, and files that must be new.

use crate::every_command::words;
use crate::house::willing;

#[test]
fn files_that_cannot_be_used() {
    let fake = willing();
    let file = |name: &str, text: &str| {
        let path = fake.dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let (broken, list, empty) =
        (file("broken", "{\"pass\": hunter2}"), file("list", "[]"), file("empty", "\n"));
    let add = ["provider", "add", "relay", "--type", "smtp"];
    for more in [
        ["--config-file", broken.as_str()],
        ["--config-file", &list],
        ["--config-file", "/none"],
        ["--secret-file", &empty],
        ["--secret-file", "/none"],
    ] {
        let run = fake.run(&[&add[..], &more].concat());
        assert_eq!(run.exit, 78, "{more:?}");
        assert!(!run.stderr.contains("hunter2"), "{}", run.stderr);
    }
    for more in [["--config-file", broken.as_str()], ["--secret-file", &empty]] {
        let run = fake.run(&[&["provider", "update", "relay"][..], &more].concat());
        assert_eq!(run.exit, 78, "{more:?}");
        assert!(!run.stderr.contains("hunter2"), "{}", run.stderr);
    }
    for line in [
        &["service", "create", "acme", "--key-file", "/none/acme.key"][..],
        &["ntf", "export", "--out", "/none/day.jsonl"],
        &["man", "--dir", "/dev/null/man"],
        &["ntf", "send", "--service", "acme", "--channel", "sms", "--to", "x", "--body-file", "/none"],
        &["ntf", "send-batch", "/none"],
    ] {
        assert_eq!(fake.run(line).exit, 78, "{line:?}");
    }
    assert!(fake.calls("ServiceCreate").is_empty(), "no key is made without a place for it");
}

/// Whatever writes to a file that must be new; the file's name comes last.
const NEW_FILES: &[&str] = &[
    "service create acme --key-file",
    "service seed-mock --no-hooks --key-file",
    "service key create acme --key-file",
    "service key reset acme --confirm acme --key-file",
    "webhook create --service acme --url https://hooks.example.org/n --secret-out",
    "webhook secret rotate ID --secret-out",
    "webhook secret rotate ID --grace 0 --confirm ID --secret-out",
    "notification export --out",
    "dead export --out",
    "man --dir",
];

#[test]
fn man_pages_are_not_written_on_a_dry_run() {
    let fake = willing();
    let dir = fake.dir.path().join("man");
    let run = fake.run(&["man", "-n", "--dir", dir.to_str().unwrap()]);
    assert!(run.exit == 0 && !dir.exists(), "{}", run.stderr);
    assert!(run.stderr.contains("man pages would be written into"), "{}", run.stderr);
}

#[test]
fn a_file_that_exists_is_not_written_over_and_nothing_is_changed_for_it() {
    let fake = willing();
    let path = |name: &str| fake.dir.path().join(name).display().to_string();
    let (there, link) = (path("there"), path("link"));
    std::fs::write(&there, "precious").unwrap();
    std::os::unix::fs::symlink(&there, &link).unwrap();
    for line in NEW_FILES {
        for (file, more) in [(&there, &[][..]), (&there, &["-o", "csv"]), (&there, &["-n"]), (&link, &[])] {
            let run = fake.run(&[&words(line)[..], &[file.as_str()], more].concat());
            assert_eq!((run.exit, run.stdout.as_str()), (5, ""), "{line} {more:?}: {}", run.stderr);
            let flag = line.rsplit(' ').next().unwrap();
            let said = format!(
                "error: {flag}: {file} exists, and nothing is written over\nhint: nothing was changed;"
            );
            assert!(run.stderr.starts_with(&said), "{line}: {}", run.stderr);
        }
    }
    assert_eq!(std::fs::read_to_string(&there).unwrap(), "precious");
    for verb in ["ServiceCreate", "KeyCreate", "KeyReset", "WebhookCreate", "WebhookRotate"] {
        assert!(fake.calls(verb).is_empty(), "{verb}");
    }
}
