//! What the documents say is so: the shipped configuration, the systemd unit, the man pages, the commands of the README.
//!
//! The generated parts of the man pages are written anew by `UPDATE_MAN=1 cargo test -p notify-tests --test documents`.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

#[path = "documents/configuration.rs"]
mod configuration;
#[path = "documents/curl.rs"]
mod curl;
#[path = "documents/http_page.rs"]
mod http_page;
#[path = "documents/manual.rs"]
mod manual;
#[path = "documents/readme.rs"]
mod readme;
#[path = "documents/unit.rs"]
mod unit;

use notifyd::Settings;
use std::path::{Path, PathBuf};

/// A path in the repository.
fn at(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// The text of a file of the repository.
fn read(path: &str) -> String {
    std::fs::read_to_string(at(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Settings of this text, or what is wrong with it.
fn settings(text: &str) -> Result<Settings, String> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    Settings::load(Some(file.path()), []).map_err(|error| error.to_string())
}

/// Every key of the default settings as `section.key`, with whether it has a default. A table whose members have names
/// of the operator's own is one key.
fn keys() -> Vec<(String, bool)> {
    fn walk(value: &serde_json::Value, path: &str, keys: &mut Vec<(String, bool)>) {
        match value.as_object().filter(|members| !members.is_empty()) {
            Some(members) => {
                for (name, value) in members {
                    let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    walk(value, &path, keys);
                }
            }
            None => keys.push((path.to_owned(), !value.is_null())),
        }
    }
    let mut keys = Vec::new();
    walk(&serde_json::to_value(Settings::default()).unwrap(), "", &mut keys);
    assert!(keys.len() > 30, "the default settings were not read");
    keys
}

/// One `key = value` under a section, as TOML.
fn alone(section: &str, line: &str) -> String {
    format!("[{section}]\n{line}\n")
}
