//! The JSON Schemas: made from what every command writes, so that they cannot drift, and every document keeps to its own.
//! `UPDATE_SCHEMAS=1` writes them anew.
//!
//! What was seen is the schema: which members there are, which are always there, and of which type. Any of them may be null;
//! members may be added. What is only ever null here, or may be anything, is not narrowed.

use crate::every_command::{LINES, words};
use crate::house::{run_with, willing};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Objects whose members are data: the names are no promise.
const MAPS: &[&str] = &[
    "by_status",
    "by_service",
    "by_code",
    "by_channel",
    "by_event",
    "by_provider",
    "by_priority",
    "headers",
    "rates",
    "refused_by_status",
];

/// Members that may be anything.
const ANYTHING: &[&str] = &["body", "config", "default", "meta_data", "recipient", "response_data", "value"];

/// What was seen in one place.
#[derive(Default)]
struct Seen {
    times: usize,
    types: BTreeSet<&'static str>,
    members: BTreeMap<String, Seen>,
    items: Option<Box<Seen>>,
}

impl Seen {
    fn look(&mut self, value: &Value) {
        self.times += 1;
        let kind = match value {
            Value::Null => return,
            Value::Bool(_) => "boolean",
            Value::Number(number) if number.is_f64() => "number",
            Value::Number(_) => "integer",
            Value::String(_) => "string",
            Value::Array(items) => {
                let seen = self.items.get_or_insert_default();
                for item in items {
                    seen.look(item);
                }
                "array"
            }
            Value::Object(members) => {
                for (name, value) in members {
                    self.members.entry(name.clone()).or_default().look(value);
                }
                "object"
            }
        };
        self.types.insert(kind);
    }

    fn schema(&self, name: &str) -> Value {
        if self.types.is_empty() || ANYTHING.contains(&name) {
            return json!({});
        }
        let mut types = self.types.clone();
        if types.contains("number") {
            types.remove("integer");
        }
        types.insert("null");
        let mut schema = Map::from_iter([("type".to_owned(), json!(types))]);
        if let Some(items) = &self.items {
            schema.insert("items".into(), items.schema(""));
        }
        if self.types.contains("object") && MAPS.contains(&name) {
            // What is told by event is told by status below it.
            let below = if name == "by_event" { "by_status" } else { "" };
            let mut all: Vec<_> = self.members.values().map(|it| it.schema(below)).collect();
            all.dedup();
            if let [one] = all.as_slice() {
                schema.insert("additionalProperties".into(), one.clone());
            }
        } else if self.types.contains("object") {
            let of = |(name, it): (&String, &Self)| (name.clone(), it.schema(name));
            schema.insert("properties".into(), Value::Object(self.members.iter().map(of).collect()));
            let always = |(_, it): &(&String, &Self)| it.times == self.times;
            let required: Vec<_> = self.members.iter().filter(always).map(|(name, _)| name).collect();
            schema.insert("required".into(), json!(required));
        }
        Value::Object(schema)
    }
}

/// What every command writes, and what it writes when nothing shall change.
fn documents() -> Vec<(String, Value)> {
    let fake = willing();
    let mut all = Vec::new();
    for line in LINES {
        for more in [&["-o", "json"][..], &["-o", "json", "--dry-run"]] {
            let run = fake.run(&[words(line), more.to_vec()].concat());
            // Not everything can be rehearsed.
            if run.exit == 0 {
                all.push(((*line).to_owned(), run.json()));
            }
        }
    }
    all
}

fn kind(document: &Value) -> String {
    let schema = document["schema"].as_str().unwrap();
    schema.strip_prefix("notify.").unwrap().strip_suffix("/1").unwrap().to_owned()
}

#[test]
fn they_are_those_of_what_is_written_and_every_document_keeps_to_its_own() {
    let documents = documents();
    let mut seen: BTreeMap<String, Seen> = BTreeMap::new();
    for (_, document) in &documents {
        seen.entry(kind(document)).or_default().look(document);
    }
    let schema = |(kind, seen): (&String, &Seen)| {
        let mut schema = seen.schema("");
        schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
        schema["title"] = json!(format!("notify.{kind}/1"));
        schema["type"] = json!("object");
        if !schema["properties"]["next"].is_null() {
            let total = json!({"value": {"type": "integer"}, "exact": {"type": "boolean"}});
            schema["properties"]["next"] = json!({"type": ["string", "null"]});
            schema["properties"]["total"] =
                json!({"type": ["object", "null"], "properties": total, "required": ["value", "exact"]});
        }
        schema["properties"]["schema"] = json!({"const": format!("notify.{kind}/1")});
        (kind.clone(), schema)
    };
    let made: Map<String, Value> = seen.iter().map(schema).collect();
    // A kind a line.
    let lines: Vec<_> = made.iter().map(|(kind, schema)| format!("{}: {schema}", json!(kind))).collect();
    let text = format!("{{\n{}\n}}\n", lines.join(",\n"));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas.json");
    if std::env::var_os("UPDATE_SCHEMAS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let stored = std::fs::read_to_string(&path).unwrap();
    assert!(
        stored == text,
        "schemas.json is out of date: UPDATE_SCHEMAS=1 cargo test -p notifyctl --test suite"
    );
    for (line, document) in &documents {
        let schema = jsonschema::validator_for(&made[&kind(document)]).unwrap();
        if let Err(error) = schema.validate(document) {
            panic!("{line}: {} at {}", error, error.instance_path());
        }
    }
    assert!(made.len() > 80, "{}", made.len());
}

#[test]
fn one_is_printed_by_the_name_in_its_document() {
    let print = |words: &[&str]| run_with(&[&["help", "formatting", "--schema"], words].concat(), &[], "");
    let kinds = print(&[]).stdout;
    assert!(kinds.lines().any(|kind| kind == "notification.list"), "{kinds}");
    for name in ["notification.list", "notify.notification.list/1"] {
        assert_eq!(print(&[name]).json()["title"], "notify.notification.list/1");
    }
    let unknown = print(&["nonsense"]);
    assert!(unknown.exit == 2 && unknown.stderr.contains("--schema lists them"), "{}", unknown.stderr);
}
