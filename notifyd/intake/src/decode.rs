//! JSON to a request. The straight way is one pass of serde; only when that fails is the body taken apart field by
//! field, so that every wrong one is named at once.

use notifyd_lifecycle::admission::{FieldError, MAX_ERRORS};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Map, Value};

/// Values of one body, at most: twice what fits into its free parts, which may have 16 KiB each.
const MAX_VALUES: usize = 20_000;

/// What is wrong with a body.
#[derive(Debug)]
pub(crate) enum Flaw<T> {
    /// It is no JSON; the sentence says where.
    NotJson(String),
    /// Fields are unknown or of the wrong type.
    Fields {
        /// All of them.
        errors: Vec<FieldError>,
        /// What the other fields say, so that their values can be checked as well.
        rest: Option<T>,
    },
}

/// Reads a body. Every field of `T` must be optional, so that each can be tried alone.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Flaw<T>> {
    if is_crowded(bytes) {
        if let Err(error) = serde_json::from_slice::<IgnoredAny>(bytes) {
            return Err(no_json(&error));
        }
        let message = format!("has more than {MAX_VALUES} values; send less at once");
        return Err(Flaw::Fields { errors: vec![flaw("$", message)], rest: None });
    }
    // serde would also take a list, as the fields in their order.
    if bytes.trim_ascii_start().first() == Some(&b'[') {
        return Err(explain(bytes, ""));
    }
    serde_json::from_slice(bytes).map_err(|error| explain(bytes, &error.to_string()))
}

/// Whether there are more values than any request needs. In memory a value takes up to a hundred times the bytes it has
/// in the body, so these are counted before anything is made of them. Strings may be as long as they like.
fn is_crowded(bytes: &[u8]) -> bool {
    if bytes.len() <= MAX_VALUES {
        return false;
    }
    let (mut values, mut quoted, mut escaped) = (0, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = quoted,
            b'"' => quoted = !quoted,
            b',' | b'[' | b'{' if !quoted => values += 1,
            _ => {}
        }
    }
    values > MAX_VALUES
}

/// `error` is what serde said about the whole.
#[cold]
fn explain<T: DeserializeOwned>(bytes: &[u8], error: &str) -> Flaw<T> {
    let all = match serde_json::from_slice::<Value>(bytes) {
        Ok(Value::Object(all)) => all,
        Ok(_) => {
            return Flaw::Fields { errors: vec![flaw("$", "must be a JSON object".into())], rest: None };
        }
        Err(error) => return no_json(&error),
    };
    let mut errors = Vec::new();
    let mut good = Map::new();
    for (key, value) in all {
        let alone = Value::Object(Map::from_iter([(key.clone(), value.clone())]));
        match serde_path_to_error::deserialize::<_, T>(alone) {
            Ok(_) => {
                good.insert(key, value);
            }
            Err(error) => {
                let path = error.path().to_string();
                let path = if path.starts_with(&key) { path } else { key };
                let message = say(&path, &error.into_inner().to_string());
                errors.push(flaw(&path, message));
            }
        }
        if errors.len() >= MAX_ERRORS {
            return Flaw::Fields { errors, rest: None };
        }
    }
    let rest = serde_json::from_value(Value::Object(good)).ok();
    if errors.is_empty() {
        // Each field is right alone: one is there twice, under one name or under two.
        let field = error.split('`').nth(1).filter(|_| error.contains("duplicate field")).unwrap_or("$");
        errors.push(flaw(field, "is given twice, or once more by another of its names".into()));
        return Flaw::Fields { errors, rest: None };
    }
    Flaw::Fields { errors, rest }
}

fn no_json<T>(error: &serde_json::Error) -> Flaw<T> {
    Flaw::NotJson(format!("The body is not valid JSON: {error}."))
}

fn flaw(field: &str, message: String) -> FieldError {
    let field = if field.is_empty() { "\"\"" } else { field };
    FieldError { field: field.to_owned(), message }
}

/// serde's words, or better ones where serde speaks of Rust types.
fn say(path: &str, text: &str) -> String {
    if text.contains("unknown field") {
        let known = text.split_once("expected").map_or("", |(_, known)| known.trim());
        return match known {
            "" => "is not a field of this request".to_owned(),
            known if known.len() > 200 => "is not a field of this request".to_owned(),
            known => format!("is not a field here; use {}", known.replace('`', "")),
        };
    }
    if text.contains("untagged enum Recipient") {
        return "must be an address, a list of addresses, or a map from channel to address".to_owned();
    }
    if text.contains("untagged enum OneOrMany") {
        return "must be a string or a list of strings".to_owned();
    }
    if path.ends_with("_at") || matches!(path, "since" | "until") {
        return "must be an RFC 3339 time such as 2026-01-31T12:00:00Z".to_owned();
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use notify_proto::send::SendRequest;

    fn errors(body: &str) -> Vec<(String, String)> {
        match decode::<SendRequest>(body.as_bytes()) {
            Err(Flaw::Fields { errors, .. }) => errors.into_iter().map(|e| (e.field, e.message)).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_unknown_field_and_wrong_type_is_named_at_once() {
        let found = errors(
            r#"{"to":5,"priority":"urgent","retry":{"delays":[1,"x"],"polcy":1},"colour":"red","deduplicate":"no",
                "scheduled_at":"tomorrow","cc":[1],"attachments":[{"filename":1}]}"#,
        );
        let fields: Vec<_> = found.iter().map(|(field, _)| field.as_str()).collect();
        let expected = [
            "attachments[0].filename",
            "cc",
            "colour",
            "deduplicate",
            "priority",
            "retry.delays[1]",
            "scheduled_at",
            "to",
        ];
        assert_eq!(fields, expected, "{found:?}");
        assert!(found[4].1.contains("instant, high, normal, low"), "{}", found[4].1);
        assert!(found[6].1.contains("RFC 3339"));
        assert!(found[7].1.contains("list of addresses"));
    }

    #[test]
    fn a_nested_unknown_field_is_named_with_its_path() {
        let found = errors(r#"{"retry":{"polcy":"fixed"}}"#);
        assert_eq!(found[0].0, "retry.polcy");
        assert!(found[0].1.contains("policy"), "{}", found[0].1);
    }

    #[test]
    fn the_rest_is_kept_for_further_checks() {
        let Err(Flaw::Fields { rest: Some(rest), .. }) = decode::<SendRequest>(br#"{"to":"x","colour":1}"#)
        else {
            panic!("no rest")
        };
        assert!(rest.recipient.is_some());
    }

    #[test]
    fn a_field_by_two_names_is_named() {
        assert_eq!(errors(r#"{"recipient":"a","to":"b"}"#)[0].0, "recipient");
        assert_eq!(errors(r#"{"subject":"a","subject":"b"}"#)[0].0, "subject");
    }

    #[test]
    fn what_is_no_json_is_told_apart_from_what_is_no_object() {
        let deep = "[".repeat(100_000);
        for body in ["", "{", "{\"to\":}", "nope", deep.as_str(), "{\"to\":\"\\ud800\"}"] {
            assert!(matches!(decode::<SendRequest>(body.as_bytes()), Err(Flaw::NotJson(_))));
        }
        assert!(matches!(decode::<SendRequest>(b"\xff"), Err(Flaw::NotJson(_))));
        assert_eq!(errors("[]")[0].0, "$");
        assert_eq!(errors("null")[0].0, "$");
    }

    #[test]
    fn a_body_of_countless_values_is_refused_and_a_long_text_is_not() {
        let crowd = format!(r#"{{"meta_data":{{"a":[{}0]}}}}"#, r#"{"":0},"#.repeat(10_001));
        assert_eq!(errors(&crowd)[0].0, "$");
        assert_eq!(
            errors(&format!("[{}0]", "0,".repeat(20_001)))[0].1,
            "has more than 20000 values; send less at once"
        );
        let text = format!(r#"{{"to":"a","content":"{}"}}"#, r#"[,{\",\\"#.repeat(10_000));
        assert!(decode::<SendRequest>(text.as_bytes()).is_ok());
    }
}
