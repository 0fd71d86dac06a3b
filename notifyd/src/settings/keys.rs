//! Which keys there are: read off the default settings, so that no second list goes stale.

use super::{Settings, SettingsError};
use serde_json::Value as Json;
use toml::{Table, Value};

/// Words in front of every environment variable of the overlay.
const PREFIX: &str = "NOTIFYD_";

/// Variables with that prefix that are not settings.
const OTHERS: [&str; 4] =
    ["NOTIFYD_CONFIG", "NOTIFYD_SOCKET", "NOTIFYD_MASTER_KEY_FILE", "NOTIFYD_FAIL_POINT"];

/// How far a word may be from a known one to be taken for it (Jaro-Winkler, 1 is equal).
const NEAR: f64 = 0.75;

fn known() -> Json {
    serde_json::to_value(Settings::default()).unwrap_or_default()
}

/// Whether the members of this table are names of the operator's own.
fn is_free(path: &str) -> bool {
    path == "delivery.policies"
}

/// Refuses keys that are not there.
pub(super) fn check(table: &Table, origin: &str) -> Result<(), SettingsError> {
    check_at(table, &known(), "", origin)
}

fn check_at(table: &Table, known: &Json, path: &str, origin: &str) -> Result<(), SettingsError> {
    if is_free(path) {
        return Ok(());
    }
    for (key, value) in table {
        let full = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        match (known.get(key), value) {
            (None, _) => {
                let nearest = nearest(known, path, key);
                return Err(SettingsError::Unknown { origin: origin.to_owned(), key: full, nearest });
            }
            (Some(below @ Json::Object(_)), Value::Table(table)) => check_at(table, below, &full, origin)?,
            (Some(_), _) => {}
        }
    }
    Ok(())
}

fn nearest(known: &Json, path: &str, key: &str) -> Option<String> {
    let names = known.as_object()?.keys();
    let rated = names.map(|name| (strsim::jaro_winkler(name, key), name));
    let (rate, name) = rated.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (rate >= NEAR).then(|| if path.is_empty() { name.clone() } else { format!("{path}.{name}") })
}

/// Lays `NOTIFYD_<SECTION>_<KEY>` over the table.
pub(super) fn overlay(
    table: &mut Table,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<(), SettingsError> {
    let known = known();
    for (name, text) in environment {
        let Some(words) = name.strip_prefix(PREFIX) else { continue };
        if OTHERS.contains(&name.as_str()) {
            continue;
        }
        let words = words.to_lowercase();
        let unknown = |nearest: Option<String>| SettingsError::Unknown {
            origin: "environment".to_owned(),
            key: name.clone(),
            nearest,
        };
        let Some((section, key)) = words.split_once('_') else { return Err(unknown(None)) };
        let Some(keys) = known.get(section) else {
            let section = nearest(&known, "", section);
            return Err(unknown(section.map(|section| format!("{PREFIX}{}_…", section.to_uppercase()))));
        };
        let Some(default) = keys.get(key) else {
            let near = nearest(keys, section, key);
            return Err(unknown(
                near.map(|near| format!("{PREFIX}{}", near.replace('.', "_").to_uppercase())),
            ));
        };
        let value = value(&text, default)
            .map_err(|problem| SettingsError::Wrong { origin: name.clone(), problem })?;
        let section = table.entry(section.to_owned()).or_insert_with(|| Value::Table(Table::new()));
        if let Value::Table(section) = section {
            section.insert(key.to_owned(), value);
        }
    }
    Ok(())
}

/// Reads a value of the type its default has; a setting without a default takes what the text looks like.
fn value(text: &str, default: &Json) -> Result<Value, String> {
    let wrong = |what: &str| format!("`{text}` is not {what}");
    match default {
        Json::String(_) => Ok(Value::String(text.to_owned())),
        Json::Bool(_) => text.parse().map(Value::Boolean).map_err(|_| wrong("true or false")),
        Json::Number(number) if number.is_f64() => {
            text.parse().map(Value::Float).map_err(|_| wrong("a number"))
        }
        Json::Number(_) => text.parse().map(Value::Integer).map_err(|_| wrong("a whole number")),
        Json::Array(_) => {
            let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
            Ok(Value::Array(words.map(|word| Value::String(word.to_owned())).collect()))
        }
        Json::Null => Ok(match (text.parse::<i64>(), text.parse::<f64>()) {
            (Ok(whole), _) => Value::Integer(whole),
            (_, Ok(number)) => Value::Float(number),
            _ => Value::String(text.to_owned()),
        }),
        Json::Object(_) => Err("this setting is a table; write it in the configuration file".to_owned()),
    }
}
