//! Headers that a caller or an operator adds to a webhook. A text cannot become protocol: only plain printable ASCII
//! goes through, and the headers by which messages are framed, routed, coded and signed are ours alone.

use serde_json::Value;

/// Most added headers.
pub const MAX_HEADERS: usize = 32;

/// Longest name and longest value, characters.
const MAX_NAME: usize = 64;
const MAX_VALUE: usize = 1_024;

/// Lower case; what begins with one of [`OURS_BEGIN`] is ours as well.
const OURS: &[&str] = &[
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
];
const OURS_BEGIN: &[&str] = &["webhook-", "proxy-"];

/// Methods a webhook may have.
pub const METHODS: [&str; 3] = ["POST", "PUT", "PATCH"];

/// A header that cannot be added: its name, if it can be repeated, and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// The name, shortened and without control characters; empty when all of them are meant.
    pub name: String,
    /// What is wrong.
    pub problem: String,
}

/// Reads an object of names and values. Values are not repeated in an error.
pub fn read(headers: &Value) -> Result<Vec<(&str, &str)>, Wrong> {
    let all = |problem: &str| Wrong { name: String::new(), problem: problem.to_owned() };
    let Value::Object(headers) = headers else {
        return Err(all("is no object of names and values, such as {\"X-Team\": \"ops\"}"));
    };
    if headers.len() > MAX_HEADERS {
        return Err(all(&format!("has {} headers; at most {MAX_HEADERS} are allowed", headers.len())));
    }
    let mut read: Vec<(&str, &str)> = Vec::with_capacity(headers.len());
    for (name, value) in headers {
        let wrong = |problem: String| Wrong { name: shown(name), problem };
        let value = one(name, value).map_err(wrong)?;
        if read.iter().any(|(other, _)| other.eq_ignore_ascii_case(name)) {
            return Err(wrong("is there twice; names do not differ by case".to_owned()));
        }
        read.push((name, value));
    }
    Ok(read)
}

/// A name as it can be repeated: shortened and without control characters.
pub fn shown(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(MAX_NAME).collect()
}

/// The value of one header; the error does not repeat it.
pub fn one<'a>(name: &str, value: &'a Value) -> Result<&'a str, String> {
    let Value::String(value) = value else { return Err("is not a text; put it in quotes".to_owned()) };
    check(name, value)?;
    Ok(value)
}

fn check(name: &str, value: &str) -> Result<(), String> {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || name.len() > MAX_NAME || !name.bytes().all(token) {
        return Err(format!("is no header name of 1 to {MAX_NAME} letters, digits and hyphens"));
    }
    let lower = name.to_ascii_lowercase();
    if OURS.contains(&lower.as_str()) || OURS_BEGIN.iter().any(|start| lower.starts_with(start)) {
        return Err("is set by notifyd itself; leave it out".to_owned());
    }
    if value.len() > MAX_VALUE || !value.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Err(format!(
            "has a value that is not one line of at most {MAX_VALUE} printable ASCII characters"
        ));
    }
    if value.trim() != value {
        return Err("has a value with blanks around it; leave them out".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn what_frames_routes_or_signs_is_ours() {
        let ours =
            ["Host", "content-length", "Transfer-Encoding", "CONNECTION", "TE", "Upgrade", "Webhook-Id"];
        for name in ours.into_iter().chain(["webhook-signature", "proxy-authorization", "Content-Type"]) {
            let wrong = read(&json!({name: "x"})).unwrap_err();
            assert_eq!(
                (wrong.name.as_str(), wrong.problem.contains("by notifyd")),
                (name, true),
                "{wrong:?}"
            );
        }
        let good = json!({"X-Team": "ops", "authorization": "Bearer x", "Accept": "a/b; q=1", "X-Empty": ""});
        assert_eq!(read(&good).unwrap().len(), 4);
    }

    #[test]
    fn what_could_become_protocol_is_refused_and_not_repeated() {
        for headers in [
            json!({"X-A": "a\r\nX-Evil: hunter2"}),
            json!({"X-A": "a\nhunter2"}),
            json!({"X-A": "hunter2\0"}),
            json!({"X-A": "hunter2 \u{e9}"}),
            json!({"X-A": "hunter2\t"}),
            json!({"X-A": " hunter2"}),
            json!({"X-A": "hunter2".repeat(200)}),
            json!({"X-A": ["hunter2"]}),
            json!({"X-A\r\nX-Evil": "hunter2"}),
            json!({"X A": "hunter2"}),
            json!({"X-A:": "hunter2"}),
            json!({"": "hunter2"}),
            json!({"x-a": "1", "X-A": "hunter2"}),
            json!(["hunter2"]),
            json!("hunter2"),
        ] {
            let wrong = read(&headers).unwrap_err();
            assert!(
                !wrong.problem.contains("hunter2") && !wrong.name.contains(char::is_control),
                "{wrong:?}"
            );
        }
        let many: serde_json::Map<_, _> = (0..33).map(|n| (format!("X-{n}"), json!("x"))).collect();
        assert!(read(&many.into()).unwrap_err().problem.contains("33 headers"));
    }

    proptest! {
        #[test]
        fn what_is_taken_is_one_line(name in "\\PC{0,12}|[A-Za-z-]{1,12}", value in "\\PC{0,20}|[ -~]{0,20}|[\r\n a]{0,4}") {
            let headers = json!({&name: &value});
            if let Ok(taken) = read(&headers) {
                prop_assert_eq!(taken, [(name.as_str(), value.as_str())]);
                prop_assert!(name.bytes().all(|b| b.is_ascii_graphic() && b != b':'));
                prop_assert!(value.bytes().all(|b| (b' '..=b'~').contains(&b)));
            }
        }
    }
}
