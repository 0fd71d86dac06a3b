//! What the mock provider wrote down with `record_file`: one JSON line per call, written before it answers.

use std::collections::HashMap;
use std::path::Path;

/// Calls per notification id.
pub fn calls(path: &Path) -> HashMap<String, u32> {
    let mut calls = HashMap::new();
    for line in std::fs::read_to_string(path).unwrap_or_default().lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect("the record is whole lines of JSON");
        let id = line["notification"].as_str().expect("a line names its notification").to_owned();
        *calls.entry(id).or_insert(0) += 1;
    }
    calls
}
