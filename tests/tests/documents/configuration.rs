//! `config/notifyd.toml` has every key at its default; `config/minimal.toml` is good.

use super::{alone, at, keys, read, settings};
use notifyd::Settings;

/// A key of the file.
struct Entry {
    section: String,
    /// `key = value`, without the comment sign.
    line: String,
    key: String,
    commented: bool,
    explained: bool,
}

fn entries() -> Vec<Entry> {
    let text = read("config/notifyd.toml");
    let mut section = String::new();
    let mut before = "";
    let mut entries = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix('[') {
            name.trim_end_matches(']').clone_into(&mut section);
        }
        let (bare, commented) = line.strip_prefix("# ").map_or((line, false), |bare| (bare, true));
        if let Some((key, _)) = bare.split_once(" = ")
            && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        {
            let (section, line, key) = (section.clone(), bare.to_owned(), format!("{section}.{key}"));
            entries.push(Entry { section, line, key, commented, explained: before.starts_with("# ") });
        }
        before = line;
    }
    entries
}

/// Members of this table have names of the operator's own.
const FREE: &str = "delivery.policies";

#[test]
fn the_shipped_file_says_the_defaults_and_nothing_else() {
    let text = read("config/notifyd.toml");
    assert_eq!(settings(&text).unwrap(), Settings::default());
    assert_eq!(Settings::load(Some(&at("config/notifyd.toml")), []).unwrap(), Settings::default());
}

#[test]
fn the_shipped_file_has_every_key_with_its_reason() {
    let entries = entries();
    for (key, has_default) in keys() {
        if key == FREE {
            assert!(read("config/notifyd.toml").contains("\n[delivery.policies]\n"), "no [{key}]");
            continue;
        }
        let of_key: Vec<_> = entries.iter().filter(|entry| entry.key == key).collect();
        assert_eq!(of_key.len(), 1, "{key} is there {} times", of_key.len());
        assert_eq!(of_key[0].commented, !has_default, "{key}: commented out exactly if it has no default");
        assert!(of_key[0].explained, "{key} has no comment above it");
    }
    let known: Vec<_> = keys().into_iter().map(|(key, _)| key).collect();
    for entry in entries {
        assert!(entry.section == FREE || known.contains(&entry.key), "there is no key {}", entry.key);
    }
}

#[test]
fn what_is_commented_out_parses_when_it_is_not() {
    let commented: Vec<_> = entries().into_iter().filter(|entry| entry.commented).collect();
    assert!(commented.len() >= 7, "only {} keys are commented out", commented.len());
    for Entry { section, line, key, .. } in &commented {
        let changed = settings(&alone(section, line)).unwrap_or_else(|error| panic!("{key}: {error}"));
        assert_ne!(changed, Settings::default(), "{key} changes nothing");
    }
    let all: Vec<_> = commented.iter().map(|entry| format!("{}.{}", entry.section, entry.line)).collect();
    settings(&all.join("\n")).unwrap();
}

#[test]
fn the_minimal_file_is_good_and_small() {
    let text = read("config/minimal.toml");
    settings(&text).unwrap();
    assert!(text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).count() <= 5);
    let uncommented = text.replace("# allowed_hosts", "allowed_hosts");
    assert_ne!(settings(&uncommented).unwrap(), settings(&text).unwrap());
}
