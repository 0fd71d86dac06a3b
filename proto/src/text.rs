//! Text for terminals and other programs: nobody gets raw control bytes, whoever wrote the text.

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, Serializer};
use std::io::{self, Write};

/// Whether a character could move the cursor, change colours or turn the reading direction.
pub fn hostile(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
}

/// A field of a CSV record, quoted after RFC 4180 where it has to be. Line ends stay; other control characters are escaped.
pub fn csv_field(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for c in text.chars() {
        if hostile(c) && !matches!(c, '\n' | '\r' | '\t') {
            clean.extend(c.escape_default());
        } else {
            clean.push(c);
        }
    }
    if clean.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", clean.replace('"', "\"\"")) } else { clean }
}

/// One line of JSON, in which control characters are escaped that JSON itself lets through, too.
pub fn json(value: &impl Serialize) -> io::Result<String> {
    let mut bytes = Vec::new();
    value.serialize(&mut Serializer::with_formatter(&mut bytes, Safe))?;
    String::from_utf8(bytes).map_err(io::Error::other)
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_reads_back_and_has_no_control_characters() {
        let value = serde_json::json!({"a\u{9b}": "x\u{1b}\u{7f}\u{85}\u{202e}\n\"ä日"});
        let text = json(&value).unwrap();
        assert!(!text.contains(hostile), "{text:?}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }

    #[test]
    fn csv_is_quoted_where_it_must_be() {
        let fields = ["plain", "a,b", "say \"hi\"", "two\nlines", "esc\u{1b}[m", ""].map(csv_field);
        assert_eq!(fields, ["plain", "\"a,b\"", "\"say \"\"hi\"\"\"", "\"two\nlines\"", "esc\\u{1b}[m", ""]);
    }
}
