//! The JSON Schemas of what is written for programs: one per kind of document, by the name in its member `schema`. They are
//! made from what the commands write, by the tests, and kept in `schemas.json`.

use serde_json::{Map, Value};

/// All of them in one file, by kind.
const BUNDLE: &str = include_str!("../schemas.json");

fn all() -> Map<String, Value> {
    // The tests read it; a file that is none cannot be built with.
    serde_json::from_str(BUNDLE).unwrap_or_default()
}

/// The kinds of documents there are.
pub(crate) fn kinds() -> Vec<String> {
    all().into_iter().map(|(kind, _)| kind).collect()
}

/// The schema of a kind: `notification.list`, or as it stands in a document, `notify.notification.list/1`.
pub(crate) fn of(kind: &str) -> Option<Value> {
    let kind = kind.strip_prefix("notify.").unwrap_or(kind);
    let kind = kind.split_once('/').map_or(kind, |(kind, _)| kind);
    all().remove(kind)
}
