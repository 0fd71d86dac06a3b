//! The command tree itself, and the pages made from it.

use crate::house::run_with;
use std::path::Path;

fn walk(command: &clap::Command, path: &str, visit: &mut dyn FnMut(&clap::Command, &str)) {
    visit(command, path);
    for below in command.get_subcommands() {
        walk(below, &format!("{path} {}", below.get_name()), visit);
    }
}

#[test]
fn every_command_says_what_it_is_for_and_has_an_example() {
    let mut command = notifyctl::command();
    command.build();
    command.clone().debug_assert();
    let mut seen = 0;
    walk(&command, "notifyctl", &mut |command, path| {
        assert!(
            command.get_about().is_some_and(|about| !about.to_string().is_empty()),
            "{path} says nothing"
        );
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        assert!(help.contains("Examples:\n") && help.contains("  "), "{path} has no example");
        let called = help.lines().any(|line| line.contains("notifyctl"));
        assert!(called, "{path}: the example does not call notifyctl");
        for argument in command.get_arguments() {
            let help = argument.get_help().is_some_and(|help| !help.to_string().is_empty());
            assert!(help, "{path}: {} says nothing", argument.get_id());
        }
        seen += 1;
    });
    assert!(seen > 35, "{seen}");
}

#[test]
fn help_and_usage_are_the_same_whatever_the_environment() {
    for line in [
        &["--help"][..],
        &["-h"],
        &["service"],
        &["provider", "update", "--help"],
        &["help", "ntf", "list"],
        &["provider", "update", "relay"],
        &["ntf", "list", "--since", "90"],
        &["store", "prune"],
        &["nonsense"],
    ] {
        let [bare, named] = [&[][..], &[("NOTIFYD_SOCKET", "/secret/place.sock")]].map(|environment| {
            let run = run_with(line, environment, "");
            (run.exit, run.stdout, run.stderr)
        });
        assert_eq!(bare, named, "{line:?}");
    }
}

#[test]
fn all_help_fits_and_says_the_same() {
    let words = |text: &str| {
        text.split_whitespace().filter(|word| *word != "\\").map(str::to_owned).collect::<Vec<_>>()
    };
    for width in [60, 80, 100] {
        let mut fitted = notifyctl::fit::command(notifyctl::command(), width);
        let mut help = Vec::new();
        walk(&fitted.clone(), "", &mut |command, path| {
            let of = |command: &clap::Command| command.get_after_help().map(ToString::to_string);
            let mut plain = notifyctl::command();
            let found = path.split_whitespace().try_fold(&mut plain, |it, word| it.find_subcommand_mut(word));
            let (before, after) =
                (found.and_then(|it| of(it)).unwrap_or_default(), of(command).unwrap_or_default());
            assert_eq!(words(&before), words(&after), "{path} at {width}");
            help.push(path.to_owned());
        });
        for path in help {
            let found =
                path.split_whitespace().try_fold(&mut fitted, |it, word| it.find_subcommand_mut(word));
            let command = found.unwrap();
            for text in [command.render_help(), command.render_long_help()] {
                for line in text.to_string().lines() {
                    // A word that is longer than that stays whole.
                    let one = line.split_whitespace().count() == 1 || line.starts_with("Usage:");
                    let fits = line.chars().count() <= width || (width == 60 && (one || line.contains("--")));
                    assert!(fits, "{path} at {width}: {line}");
                }
            }
        }
    }
    // A file is no prose.
    let apply = run_with(&["apply", "--help"], &[], "").stdout;
    for line in include_str!("../../src/commands/apply/example.toml").lines() {
        assert!(apply.lines().any(|it| it == line), "{line}");
    }
    // Off a terminal it is 100, wherever it comes from.
    for line in [&["ntf", "send", "--help"][..], &["ntf", "send", "-h"], &["ntf"], &["help", "ntf", "send"]] {
        let run = run_with(line, &[], "");
        let text = run.stdout + &run.stderr;
        let widest = text.lines().map(|line| line.chars().count()).max();
        assert!((80..=100).contains(&widest.unwrap()), "{line:?}: {widest:?}");
    }
    for topic in ["exit-codes", "filters", "formatting", "environment", "examples"] {
        for (columns, width) in [("200", 100), ("80", 80)] {
            let text = run_with(&["help", topic], &[("COLUMNS", columns)], "").stdout;
            let wide = text.lines().find(|line| line.chars().count() > width);
            assert!(wide.is_none(), "{topic}: {wide:?}");
        }
    }
}

#[test]
fn every_example_can_be_parsed() {
    let mut command = notifyctl::command();
    command.build();
    walk(&command.clone(), "notifyctl", &mut |it, path| {
        let help = it.get_after_help().map(ToString::to_string).unwrap_or_default();
        for line in help.lines().filter(|line| line.starts_with("  ")) {
            // The part of a pipeline that is ours; quotes as a shell reads them.
            let Some(at) = line.find("notifyctl ") else { continue };
            let words = shell_words(&line[at..]);
            let parsed = command.clone().try_get_matches_from(&words);
            if let Err(error) = parsed {
                assert!(!error.use_stderr(), "{path}: {line}: {error}");
            }
        }
    });
}

/// Words up to the first `|`, `<`, `>`, `&`, or closing parenthesis outside quotes.
fn shell_words(line: &str) -> Vec<String> {
    let mut words = vec![];
    let (mut word, mut quote, mut any) = (String::new(), None, false);
    for c in line.chars() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (None, '"' | '\'') => {
                quote = Some(c);
                any = true;
            }
            (None, '|' | '<' | '>' | '&' | ')' | ';') => break,
            (None, c) if c.is_whitespace() => {
                if any || !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                    any = false;
                }
            }
            (_, c) => word.push(c),
        }
    }
    if any || !word.is_empty() {
        words.push(word);
    }
    words
}

#[test]
fn the_man_page_in_the_repository_is_the_trees() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../man/notifyctl.1");
    let page = notifyctl::man::main_page();
    if std::env::var_os("UPDATE_MAN").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        stored == page,
        "man/notifyctl.1 is out of date: UPDATE_MAN=1 cargo test -p notifyctl --test suite"
    );
    for title in
        ["NAME", "SYNOPSIS", "OPTIONS", "COMMANDS", "EXIT STATUS", "ENVIRONMENT", "FILES", "EXAMPLES"]
    {
        let heading = format!(".SH {title}\n");
        let quoted = format!(".SH \"{title}\"\n");
        assert!(page.contains(&heading) || page.contains(&quoted), "{title}");
    }
}

#[test]
fn there_is_a_page_for_every_command() {
    let pages = notifyctl::man::pages();
    assert!(pages.len() > 35);
    for (name, page) in pages {
        for title in ["EXAMPLES", "EXIT STATUS", "ENVIRONMENT"] {
            assert!(page.contains(&format!(".SH {title}\n")), "{name} has no {title}");
        }
    }
}
