//! `man/notifyd.8`, `man/notifyd.toml.5` and `man/notifyd-providers.7`.

use super::{alone, at, keys, read, settings};
use clap::CommandFactory as _;
use notifyd::{Args, Settings};
use notifyd_providers::SecretUse;
use std::collections::BTreeSet;

/// The lines between two marks of a page.
fn region<'a>(page: &'a str, name: &str) -> &'a str {
    let (begin, end) = marks(name);
    let (_, rest) = page.split_once(&begin).unwrap_or_else(|| panic!("no BEGIN {name}"));
    rest.split_once(&end).unwrap_or_else(|| panic!("no END {name}")).0
}

fn marks(name: &str) -> (String, String) {
    (format!(".\\\" BEGIN {name}\n"), format!(".\\\" END {name}\n"))
}

/// A section as clap_mangen writes it, without its heading and the preamble that every section repeats.
fn generated(section: fn(&clap_mangen::Man, &mut dyn std::io::Write) -> std::io::Result<()>) -> String {
    let page = clap_mangen::Man::new(Args::command());
    let mut text = Vec::new();
    section(&page, &mut text).unwrap();
    let text =
        String::from_utf8(text).unwrap().replace("\\*(Aq", "\\(aq").replace("\n.br\n\n.br\n", "\n.sp\n");
    let preamble = [".ie \\n(.g .ds Aq", ".el .ds Aq", ".SH "];
    let lines = text.lines().filter(|line| !preamble.iter().any(|start| line.starts_with(start)));
    lines.flat_map(|line| [line.trim_end(), "\n"]).collect()
}

/// A page whose marked regions must be these texts; writes them first when it is asked to.
fn up_to_date(path: &str, sections: &[(&str, String)]) -> String {
    let mut page = read(path);
    for (name, text) in sections {
        if std::env::var_os("UPDATE_MAN").is_some() {
            let (begin, end) = marks(name);
            let old = format!("{begin}{}{end}", region(&page, name));
            page = page.replace(&old, &format!("{begin}{text}{end}"));
            std::fs::write(at(path), &page).unwrap();
        }
        let update = "UPDATE_MAN=1 cargo test -p notify-tests --test documents";
        assert_eq!(region(&page, name), text, "{path} is not up to date; run: {update}");
    }
    page
}

/// Text of ours as roff: what it would take for its own is escaped.
fn roff(text: &str) -> String {
    text.replace('\\', "\\e").replace('-', "\\-").replace('"', "\\(dq")
}

#[test]
fn every_setting_of_every_provider_is_on_its_page() {
    let mut text = String::new();
    for kind in notifyd_providers::kinds() {
        let channels: Vec<_> = kind.channels.iter().map(|channel| channel.as_str()).collect();
        let secret = match kind.secret {
            SecretUse::Never => "It takes no secret.",
            SecretUse::Optional => "It may have a secret.",
            SecretUse::Required => "It needs a secret.",
        };
        let about = format!("{}.", roff(kind.about));
        let facts = [kind.name, &about, ".br", &format!("Channels: {}.", channels.join(", ")), ".br", secret];
        text.push_str(".SS ");
        text.push_str(&facts.join("\n"));
        text.push('\n');
        for field in kind.fields {
            let required = if field.required { "; required" } else { "" };
            let lines =
                [".TP", &format!(".B {}", field.name), &format!("{}{required}.", roff(field.about)), ""];
            text.push_str(&lines.join("\n"));
        }
    }
    up_to_date("man/notifyd-providers.7", &[("TYPES", text)]);
}

#[test]
fn the_settings_shown_as_examples_are_taken() {
    let page = read("man/notifyd-providers.7").replace("\\(dq", "\"").replace("\\-", "-");
    let clock = std::sync::Arc::new(notifyd_lifecycle::clock::SystemClock);
    let context = notifyd_providers::BuildContext {
        seed: 1,
        clock,
        receipts: notifyd_providers::Sink::default(),
        network: notifyd_providers::Network::default(),
    };
    let examples = page.split(".EX\n").skip(1).filter_map(|rest| rest.split(".EE").next());
    let mut kinds = Vec::new();
    for example in examples.filter(|example| example.starts_with('{')) {
        let config: serde_json::Value = serde_json::from_str(example).unwrap();
        let kind = match () {
            () if config.get("host").is_some() => "smtp",
            () if config.get("url").is_some() => "webhook",
            () => "mock",
        };
        let secret =
            config.get("username").map(|_| notifyd_lifecycle::Secret::new(String::from("a password")));
        if let Err(error) = notifyd_providers::build(kind, &config, secret.as_ref(), &context) {
            panic!("{error}: {example}");
        }
        kinds.push(kind);
    }
    assert_eq!(kinds, ["smtp", "webhook", "mock", "mock", "mock"]);
}

#[test]
fn the_options_of_the_daemon_are_those_of_the_program() {
    let path = "man/notifyd.8";
    let sections = [
        ("SYNOPSIS", generated(|page, to| page.render_synopsis_section(&mut &mut *to))),
        ("OPTIONS", generated(|page, to| page.render_options_section(&mut &mut *to))),
    ];
    let page = up_to_date(path, &sections);
    for argument in Args::command().get_arguments() {
        let flag = argument.get_long().unwrap_or("version").replace('-', "\\-");
        assert!(region(&page, "OPTIONS").contains(&flag), "{flag} is missing");
    }
}

/// The numbers that start a row of a table or a tagged paragraph.
fn codes<'a>(text: &'a str, before: &str) -> BTreeSet<&'a str> {
    let rows = text.lines().filter_map(|line| line.strip_prefix(before));
    rows.map(|rest| rest.split(' ').next().unwrap_or_default())
        .filter(|code| code.parse::<u8>().is_ok())
        .collect()
}

#[test]
fn the_exit_codes_are_the_same_everywhere() {
    let help = Args::command().get_after_long_help().unwrap().to_string();
    let help = help.split("Exit status:").nth(1).expect("the help has exit codes").trim().to_owned();
    let of_help: BTreeSet<_> = help.split(", ").map(|part| part.split(' ').next().unwrap()).collect();
    let page = read("man/notifyd.8");
    let section = page.split(".SH EXIT STATUS").nth(1).unwrap().split(".SH ").next().unwrap();
    assert_eq!(codes(section, ".B "), of_help);
    let readme = read("README.md");
    let section = readme.split("## Exit codes").nth(1).unwrap().split("\n## ").next().unwrap();
    assert_eq!(codes(section, "| "), of_help);
}

#[test]
fn every_page_has_its_name_and_the_version() {
    for (name, section) in
        [("notifyd", 8), ("notifyd.toml", 5), ("notifyd-http", 7), ("notifyd-providers", 7)]
    {
        let page = read(&format!("man/{name}.{section}"));
        let first = page.lines().next().unwrap();
        assert!(first.starts_with(&format!(".TH {} {section} ", name.to_uppercase())), "{first}");
        assert!(first.contains(&format!("\"notifyd {}\"", env!("CARGO_PKG_VERSION"))), "{first}");
        assert!(page.contains(&format!(".SH NAME\n{} \\- ", name.replace('-', "\\-"))), "{name}");
    }
}

/// Keys of notifyd.toml(5): section and `key = value`, and the text below it.
fn documented() -> Vec<(String, String, String)> {
    let page = read("man/notifyd.toml.5");
    let body = page.split(".SH KEYS").nth(1).unwrap().split(".SH ").next().unwrap();
    let mut section = String::new();
    let mut keys: Vec<(String, String, String)> = Vec::new();
    for line in body.lines() {
        if let Some(name) = line.strip_prefix(".SS [") {
            name.trim_end_matches(']').clone_into(&mut section);
        } else if let Some(entry) = line.strip_prefix(".B ").filter(|entry| entry.contains(" = ")) {
            let entry = entry.replace("\\(dq", "\"").replace("\\-", "-");
            keys.push((section.clone(), entry, String::new()));
        } else if let Some((of, _, text)) = keys.last_mut()
            && *of == section
        {
            text.push_str(line);
            text.push('\n');
        }
    }
    keys
}

#[test]
fn the_page_of_the_configuration_has_every_key_with_its_default() {
    let documented = documented();
    let name = |line: &str| line.split(" = ").next().unwrap().to_owned();
    for (key, has_default) in keys() {
        if key == "delivery.policies" {
            assert!(documented.iter().any(|(section, ..)| *section == key), "{key}");
            continue;
        }
        let (section, leaf) = key.rsplit_once('.').unwrap();
        let found = documented.iter().filter(|(of, line, _)| of == section && name(line) == leaf);
        let found: Vec<_> = found.collect();
        assert_eq!(found.len(), 1, "{key} is there {} times", found.len());
        let (_, line, text) = found[0];
        let loaded = settings(&alone(section, line)).unwrap_or_else(|error| panic!("{key}: {error}"));
        assert_eq!(loaded == Settings::default(), has_default, "{key} is not shown with its default");
        assert_eq!(
            text.contains("Absent by default"),
            !has_default,
            "{key}: says that it is absent exactly if it is"
        );
    }
    for (section, line, _) in documented {
        settings(&alone(&section, &line)).unwrap_or_else(|error| panic!("{section}: {line}: {error}"));
    }
}

#[test]
fn the_example_of_the_configuration_parses() {
    let page = read("man/notifyd.toml.5");
    let example = page.split(".SH EXAMPLES").nth(1).unwrap();
    let example = example.split(".EX\n").nth(1).unwrap().split(".EE").next().unwrap();
    assert_ne!(settings(&example.replace("\\(dq", "\"")).unwrap(), Settings::default());
}

#[test]
fn every_variable_the_page_names_is_one() {
    let page = read("man/notifyd.8").replace("\\_", "_");
    let section = page.split(".SH ENVIRONMENT").nth(1).unwrap().split(".SH ").next().unwrap();
    assert!(section.contains("NOTIFYD_DELIVERY_DRAIN_TIMEOUT_SECONDS=30"));
    let environment = [("NOTIFYD_DELIVERY_DRAIN_TIMEOUT_SECONDS", "30"), ("NOTIFYD_LOG_FILTER", "debug")];
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let settings = Settings::load(None, environment).unwrap();
    assert_eq!((settings.delivery.drain_timeout_seconds, settings.log.filter.as_str()), (30, "debug"));
    let help: Vec<_> =
        Args::command().get_arguments().filter_map(|it| Some(it.get_help()?.to_string())).collect();
    let named: Vec<_> = help.iter().filter_map(|it| it.split("[env: ").nth(1)?.split(']').next()).collect();
    assert_eq!(named, ["NOTIFYD_CONFIG"]);
    assert!(named.iter().all(|name| section.contains(name)), "{named:?}");
}
