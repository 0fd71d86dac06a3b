//! Records for programs: CSV after RFC 4180 and tab-separated lines.

use super::text::hostile;

/// One CSV record, without its line end. Line ends inside a field stay, quoted; other control characters are escaped.
pub(super) fn csv(fields: impl IntoIterator<Item = String>) -> String {
    let fields: Vec<_> = fields.into_iter().map(|field| field_of(&field)).collect();
    fields.join(",")
}

fn field_of(text: &str) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_is_quoted_where_it_must_be() {
        let fields = ["plain", "a,b", "say \"hi\"", "two\nlines", "esc\u{1b}[m", ""].map(String::from);
        assert_eq!(csv(fields), "plain,\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\",esc\\u{1b}[m,");
    }
}
