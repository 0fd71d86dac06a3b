//! JSON that is safe on a terminal: control characters that JSON itself lets through are escaped, too.

use super::text::hostile;
use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{CompactFormatter, Formatter, Serializer};
use std::io::{self, Write};

struct Safe;

impl Formatter for Safe {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        // Most are of letters that need no look at each.
        if fragment.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            return CompactFormatter.write_string_fragment(writer, fragment);
        }
        let mut rest = fragment;
        while let Some(at) = rest.find(hostile) {
            let (before, from) = rest.split_at(at);
            CompactFormatter.write_string_fragment(writer, before)?;
            let mut after = from.chars();
            if let Some(c) = after.next() {
                write!(writer, "\\u{:04x}", u32::from(c))?;
            }
            rest = after.as_str();
        }
        CompactFormatter.write_string_fragment(writer, rest)
    }
}

/// One line of JSON.
pub(super) fn text(value: &impl Serialize) -> io::Result<String> {
    let mut bytes = Vec::new();
    value.serialize(&mut Serializer::with_formatter(&mut bytes, Safe))?;
    String::from_utf8(bytes).map_err(io::Error::other)
}

/// As a value.
pub(super) fn value(object: &impl Serialize) -> io::Result<Value> {
    Ok(serde_json::to_value(object)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_back_and_has_no_control_characters() {
        let value = serde_json::json!({"a\u{9b}": "x\u{1b}\u{7f}\u{85}\u{202e}\n\"ä日"});
        let text = text(&value).unwrap();
        assert!(!text.contains(hostile), "{text:?}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }
}
