//! What is wrong with a dead letter, without what differs from one to the next: thousands of errors that differ in a
//! number, an id or an address are one fault, and have one fingerprint.

use sha2::{Digest as _, Sha256};
use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

/// Longest error looked at, bytes; what follows is detail.
const MAX_TEXT: usize = 500;

/// Shortest word of letters and digits that is taken for an id, bytes.
const SHORTEST_ID: usize = 12;

/// Shortest word of hexadecimal digits that is taken for one.
const SHORTEST_HEX: usize = 8;

/// Stands for a quoted string until the words are looked at. Not a character that any error is told with.
const QUOTED: char = '\u{1}';

/// The fingerprint of a fault, eight hexadecimal digits: why it was given up, the number of the last provider, and the error as [`template`] has it.
pub fn fingerprint(reason: &str, provider: Option<i64>, error: &str) -> String {
    of_template(reason, provider, &template(error))
}

/// The same of an error that went through [`template`] already.
pub fn of_template(reason: &str, provider: Option<i64>, template: &str) -> String {
    let provider = provider.map_or_else(|| "-".to_owned(), |no| no.to_string());
    let hash = Sha256::digest(format!("{reason}\0{provider}\0{template}"));
    let first = hash.iter().take(4).fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
    format!("{first:08x}")
}

/// An error with placeholders: `<text>` for quoted strings, `<address>` for mail, phone and network addresses, `<url>`,
/// `<id>`, and `<n>` for numbers. A reply code at its beginning stays (`550 5.1.1`), as it says what is wrong.
pub fn template(error: &str) -> String {
    let error = &error[..error.floor_char_boundary(MAX_TEXT)];
    let unquoted = without_quotes(error);
    let mut words = Vec::new();
    let mut code = true;
    for word in unquoted.split_whitespace() {
        code &= is_code(word, words.len());
        words.push(if code { Cow::Borrowed(word) } else { placeholder(word) });
    }
    words.join(" ")
}

/// Whether the word at this place is a reply code: three digits, or the three numbers that may follow.
fn is_code(word: &str, place: usize) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    match place {
        0 => word.len() == 3 && digits(word),
        1 => {
            let parts: Vec<_> = word.split('.').collect();
            parts.len() == 3 && parts.iter().all(|part| part.len() <= 3 && digits(part))
        }
        _ => false,
    }
}

/// With [`QUOTED`] in the place of quoted strings. An apostrophe inside a word begins none.
fn without_quotes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        let closing = match c {
            '"' | '`' => Some(c),
            '\'' if !out.ends_with(char::is_alphanumeric) => Some(c),
            '“' => Some('”'),
            '«' => Some('»'),
            _ => None,
        };
        match closing.and_then(|closing| rest.find(closing).map(|at| at + closing.len_utf8())) {
            Some(end) => {
                out.push(QUOTED);
                rest = &rest[end..];
            }
            None => out.push(c),
        }
    }
    out
}

/// A word with placeholders; the punctuation around it stays.
fn placeholder(word: &str) -> Cow<'_, str> {
    let edge = |c: char| c.is_ascii_punctuation() && c != '+';
    let core = word.trim_matches(edge);
    if !core.contains(|c: char| c.is_ascii_digit() || matches!(c, '@' | QUOTED)) && !core.contains("://") {
        return Cow::Borrowed(word);
    }
    let start = word.len() - word.trim_start_matches(edge).len();
    let (before, after) = (&word[..start], &word[start + core.len()..]);
    let stands = if core.contains(QUOTED) {
        Cow::Borrowed("<text>")
    } else if core.contains("://") {
        Cow::Borrowed("<url>")
    } else if is_address(core) {
        Cow::Borrowed("<address>")
    } else if is_id(core) {
        Cow::Borrowed("<id>")
    } else {
        Cow::Owned(without_numbers(core))
    };
    Cow::Owned(format!("{before}{stands}{after}"))
}

fn is_address(core: &str) -> bool {
    let phone = |digits: &str| digits.len() >= 7 && digits.bytes().all(|byte| byte.is_ascii_digit());
    core.contains('@')
        || core.strip_prefix('+').is_some_and(phone)
        || core.parse::<IpAddr>().is_ok()
        || core.parse::<SocketAddr>().is_ok()
}

fn is_id(core: &str) -> bool {
    let letters = core.bytes().any(|byte| byte.is_ascii_alphabetic());
    let hex = core.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    let plain = core.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    letters && ((hex && core.len() >= SHORTEST_HEX) || (plain && core.len() >= SHORTEST_ID))
}

/// With `<n>` in the place of each number.
fn without_numbers(core: &str) -> String {
    let mut out = String::with_capacity(core.len());
    let mut inside = false;
    for c in core.chars() {
        if !c.is_ascii_digit() {
            out.push(c);
        } else if !inside {
            out.push_str("<n>");
        }
        inside = c.is_ascii_digit();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_from_one_to_the_next_is_left_out() {
        for (error, expected) in [
            ("no answer within 30 s", "no answer within <n> s"),
            ("550 5.1.1 <ann@example.org>: user unknown", "550 5.1.1 <<address>>: user unknown"),
            ("503 slow down, 17 waiting", "503 slow down, <n> waiting"),
            ("order 17: 503 from upstream", "order <n>: <n> from upstream"),
            ("cannot reach 10.0.0.7:25 or 10.0.0.8", "cannot reach <address> or <address>"),
            ("+15005550006 is not reachable", "<address> is not reachable"),
            ("see https://example.org/e/17?x=1.", "see <url>."),
            ("request 0197a6c2-5b1e-7cc0-8000-0123456789ab failed", "request <id> failed"),
            ("trace 4bf92f3577b34da6 and SM1f0c9a8b7c6d", "trace <id> and <id>"),
            ("field \"to\" of 'Ann Lee' isn't `set`", "field <text> of <text> isn't <text>"),
            ("unknown user “Ann”", "unknown user <text>"),
            ("worker7 took 1.5s", "worker<n> took <n>.<n>s"),
            ("a lone \" stays, it's\n fine", "a lone \" stays, it's fine"),
            ("", ""),
        ] {
            assert_eq!(template(error), expected, "{error}");
        }
    }

    #[test]
    fn a_long_error_is_cut_at_a_characters_border() {
        assert!(template(&"é ".repeat(1_000)).len() <= MAX_TEXT);
    }

    #[test]
    fn a_fingerprint_is_the_faults_and_not_the_letters() {
        let one = fingerprint("exhausted", Some(1), "timeout after 30 s");
        assert_eq!(one, fingerprint("exhausted", Some(1), "timeout after 31 s"));
        assert_eq!(one.len(), 8);
        for other in [
            fingerprint("permanent", Some(1), "timeout after 30 s"),
            fingerprint("exhausted", Some(2), "timeout after 30 s"),
            fingerprint("exhausted", None, "timeout after 30 s"),
            fingerprint("exhausted", Some(1), "refused after 30 s"),
        ] {
            assert_ne!(one, other);
        }
        // People write it down: it is the same in every version.
        assert_eq!(fingerprint("exhausted", None, ""), "e2cd43ba");
    }
}
