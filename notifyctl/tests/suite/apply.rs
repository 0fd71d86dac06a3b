//! A file of services, providers and webhooks: checked before anything changes, and told step by step.

use crate::house::Answer::{Err, Ok};
use crate::house::{Fake, Run, fake, usual, willing};
use std::os::unix::fs::PermissionsExt as _;

/// Runs it on this file.
fn apply(fake: &Fake, text: &str, more: &[&str]) -> Run {
    let path = fake.dir.path().join("setup.toml");
    std::fs::write(&path, text).unwrap();
    fake.run(&[&["apply", "-f", path.to_str().unwrap()][..], more].concat())
}

/// The calls that changed something.
fn changes(fake: &Fake) -> usize {
    let verbs = [
        "ServiceCreate",
        "ServiceUpdate",
        "ServiceSetActive",
        "ProviderAdd",
        "ProviderUpdate",
        "ProviderRemove",
        "WebhookCreate",
        "WebhookUpdate",
        "WebhookDelete",
        "WebhookSetActive",
    ];
    let real = |verb: &&str| fake.calls(verb).iter().filter(|it| it["change"]["dry_run"] == false).count();
    verbs.iter().map(real).sum()
}

const NEW: &str = "[[service]]\nname = \"shop\"\nkey_file = \"shop.key\"\n\n[[webhook]]\nservice = \"shop\"\nurl = \"https://h.example.org/n\"\nsecret_out = \"shop.whsec\"\n";

#[test]
fn what_is_wrong_is_told_with_its_line_and_nothing_changes() {
    let fake = willing();
    std::fs::write(fake.dir.path().join("there.key"), "precious").unwrap();
    for (text, line, words) in [
        ("[[service]]\nname = \"acme\"\nrte = \"5/s\"\n", 3, "rte"),
        ("\n[[service]]\nname = \"acme\"\nrate = \"5\"\n", 2, "rate: write a rate such as 50/s"),
        ("[[service]]\nname = \"new\"\n", 1, "key_file"),
        ("[[provider]]\nname = \"mock\"\ntype = \"smtp\"\n", 1, "another name"),
        ("[[provider]]\nname = \"n\"\ntype = \"smtp\"\nsecret_file = \"none\"\n", 1, "secret_file"),
        ("[[webhook]]\nservice = \"nobody\"\nurl = \"https://x\"\n", 1, "no service nobody"),
        ("[[webhook]]\nservice = \"acme\"\nurl = \"https://x\"\n", 1, "secret_out"),
        ("[[webhook]]\nservice = \"acme\"\nurl = \"https://x\"\nevents = [\"read\"]\n", 4, "read"),
    ] {
        let run = apply(&fake, text, &[]);
        assert_eq!(run.exit, 78, "{text}: {}", run.stderr);
        let place = format!("line {line}: ");
        assert!(run.stderr.contains(&place) && run.stderr.contains(words), "{text}: {}", run.stderr);
        assert!(run.stderr.contains("nothing was changed"), "{}", run.stderr);
    }
    for (text, field) in [
        ("[[service]]\nname = \"new\"\nkey_file = \"there.key\"\n", "service new: key_file: "),
        (
            "[[webhook]]\nservice = \"acme\"\nurl = \"https://x\"\nsecret_out = \"there.key\"\n",
            "webhook https://x of acme: secret_out: ",
        ),
    ] {
        let run = apply(&fake, text, &[]);
        assert_eq!(run.exit, 5, "{text}: {}", run.stderr);
        assert!(run.stderr.contains(&format!("line 1: {field}")), "{}", run.stderr);
        assert!(
            run.stderr.contains("exists") && run.stderr.contains("nothing was changed"),
            "{}",
            run.stderr
        );
    }
    assert_eq!((fake.run(&["apply", "-f", "/none"]).exit, fake.run(&["apply"]).exit), (78, 2));
    assert_eq!(changes(&fake), 0);
    let refuses = crate::house::fake(|verb, arguments| match verb {
        "ProviderAdd" => Err("invalid", "host: there is none"),
        _ => Ok(usual(verb, arguments)),
    });
    let both = format!("{NEW}\n[[provider]]\nname = \"relay\"\ntype = \"smtp\"\n");
    let run = apply(&refuses, &both, &[]);
    assert!(run.exit == 78 && run.stderr.contains("line 10: provider relay: host"), "{}", run.stderr);
    assert_eq!(changes(&refuses), 0);
    assert!(!refuses.dir.path().join("shop.key").exists());
}

#[test]
fn keys_and_secrets_go_to_new_files_and_nowhere_else() {
    let fake = willing();
    let would = apply(&fake, NEW, &["--dry-run"]);
    assert!(would.exit == 0 && would.stdout.contains("would"), "{}", would.stderr);
    assert_eq!(changes(&fake), 0);
    assert!(!fake.dir.path().join("shop.key").exists());
    let run = apply(&fake, NEW, &["-o", "json"]);
    assert_eq!(run.exit, 0, "{}", run.stderr);
    for (file, text) in [("shop.key", crate::house::KEY), ("shop.whsec", crate::house::SECRET)] {
        let path = fake.dir.path().join(file);
        assert_eq!(std::fs::read_to_string(&path).unwrap().trim(), text);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!run.stdout.contains(text) && !run.stderr.contains(text));
    }
    let results: Vec<_> =
        run.json()["items"].as_array().unwrap().iter().map(|it| it["result"].clone()).collect();
    assert_eq!(results, ["done", "done"]);
    assert_eq!(changes(&fake), 2);
}

#[test]
fn what_is_so_already_is_left_alone() {
    let same = fake(|verb, arguments| match verb {
        "ServiceUpdate" | "ProviderUpdate" => Err("conflict", "it is that already; nothing would change"),
        _ => Ok(usual(verb, arguments)),
    });
    let text =
        "[[service]]\nname = \"acme\"\nactive = true\n[[provider]]\nname = \"mock\"\ntype = \"mock\"\n";
    let run = apply(&same, text, &[]);
    assert_eq!((run.exit, run.stdout.as_str()), (0, ""), "{}", run.stderr);
    assert!(run.stderr.contains("nothing to change: 2 as declared"), "{}", run.stderr);
    assert_eq!(changes(&same), 0);
    let switched = apply(&same, "[[service]]\nname = \"acme\"\nactive = false\n", &[]);
    assert!(switched.stdout.contains("disable"), "{}", switched.stdout);
    assert_eq!(changes(&same), 1);
}

#[test]
fn half_done_is_told_step_by_step_with_7() {
    let half = fake(|verb, arguments| match verb {
        "ProviderUpdate" if arguments["change"]["dry_run"] == false => Err("failed", "the disk is full"),
        _ => Ok(usual(verb, arguments)),
    });
    let text =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/suite/setup.toml")).unwrap();
    let run = apply(&half, &text, &["-o", "json"]);
    assert_eq!(run.exit, 7, "{}", run.stderr);
    let results: Vec<_> =
        run.json()["items"].as_array().unwrap().iter().map(|it| it["result"].clone()).collect();
    assert_eq!(results, ["done", "failed", "not_done", "not_done"]);
    assert!(run.stderr.contains("the disk is full") && run.stderr.contains("run it again"), "{}", run.stderr);
    // When nothing came of it, it ends as the failure does.
    let first = apply(&half, "[[provider]]\nname = \"mock\"\ntype = \"mock\"\npriority = 5\n", &[]);
    assert_eq!(first.exit, 1);
}

#[test]
fn nothing_is_removed_unless_it_is_said_how_many() {
    let fake = willing();
    let text = "[[service]]\nname = \"acme\"\n";
    let plain = apply(&fake, text, &[]);
    assert!(plain.exit == 0 && !plain.stdout.contains("remove"), "{}", plain.stdout);
    let asked = apply(&fake, text, &["--prune"]);
    assert!(asked.exit == 6 && asked.stderr.contains("add --confirm 2"), "{}", asked.stderr);
    assert_eq!(apply(&fake, text, &["--prune", "--confirm", "1"]).exit, 6);
    assert!(fake.calls("ProviderRemove").is_empty() && fake.calls("WebhookDelete").is_empty());
    let done = apply(&fake, text, &["--prune", "--confirm", "2"]);
    assert_eq!(done.exit, 0, "{}", done.stderr);
    assert_eq!((fake.calls("ProviderRemove").len(), fake.calls("WebhookDelete").len()), (1, 1));
}
