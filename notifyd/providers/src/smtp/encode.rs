//! Text that cannot become protocol: line ends are CRLF and nothing else, and what is not plain printable ASCII is
//! encoded, so that no content can end the message early or begin a header.

use lettre::message::Body;
use lettre::message::header::ContentTransferEncoding;
use std::borrow::Cow;

/// Makes every line end (CRLF, a lone CR, a lone LF) a CRLF.
pub(super) fn crlf(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 32);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' => {
                chars.next_if_eq(&'\n');
                out.push_str("\r\n");
            }
            '\n' => out.push_str("\r\n"),
            c => out.push(c),
        }
    }
    out
}

/// A text part, never sent as it is: quoted-printable, which people can read in the raw, or base64 where that is
/// shorter.
pub(super) fn text(text: &str) -> Body {
    let text = crlf(text);
    let escaped = text.bytes().filter(|byte| !is_plain(*byte)).count();
    // An escaped byte takes three instead of one; base64 takes four for three.
    let encoding = if escaped * 2 > text.len() / 3 {
        ContentTransferEncoding::Base64
    } else {
        ContentTransferEncoding::QuotedPrintable
    };
    encoded(text.into_bytes(), encoding)
}

/// A file.
pub(super) fn file(bytes: Vec<u8>) -> Body {
    encoded(bytes, ContentTransferEncoding::Base64)
}

fn encoded(bytes: Vec<u8>, encoding: ContentTransferEncoding) -> Body {
    // Refused only for the encodings that are none; the fallback keeps this total.
    Body::new_with_encoding(bytes, encoding).unwrap_or_else(Body::new)
}

const fn is_plain(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n' | b'\t' | b' '..=b'<' | b'>'..=b'~')
}

/// Doubles each dot that begins a line (RFC 5321, 4.5.2). A lone CR or LF counts as a line end too: some servers take
/// it for one.
pub(super) fn stuff_dots(bytes: &[u8]) -> Cow<'_, [u8]> {
    let begins_line = |index: usize| index == 0 || matches!(bytes[index - 1], b'\r' | b'\n');
    let dots = bytes.iter().enumerate().filter(|(index, byte)| **byte == b'.' && begins_line(*index)).count();
    if dots == 0 {
        return Cow::Borrowed(bytes);
    }
    let mut out = Vec::with_capacity(bytes.len() + dots);
    for (index, byte) in bytes.iter().enumerate() {
        if *byte == b'.' && begins_line(index) {
            out.push(b'.');
        }
        out.push(*byte);
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;
    use proptest::prelude::*;

    fn decoded(body: &Body) -> Vec<u8> {
        let bytes: &[u8] = body.as_ref();
        match body.encoding() {
            ContentTransferEncoding::QuotedPrintable => {
                quoted_printable::decode(bytes, quoted_printable::ParseMode::Strict).unwrap()
            }
            ContentTransferEncoding::Base64 => {
                let packed: Vec<u8> =
                    bytes.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
                BASE64_STANDARD.decode(packed).unwrap()
            }
            other => panic!("not encoded: {other}"),
        }
    }

    /// Only CRLF, only ASCII, and lines no server cuts.
    fn assert_harmless(bytes: &[u8]) {
        assert!(bytes.is_ascii());
        for line in bytes.split(|byte| *byte == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            assert!(!line.contains(&b'\r') && line.len() <= 76, "{}", String::from_utf8_lossy(line));
        }
        let lone =
            bytes.iter().enumerate().any(|(i, byte)| *byte == b'\n' && (i == 0 || bytes[i - 1] != b'\r'));
        assert!(!lone && !bytes.contains(&0));
    }

    /// Text made of what servers stumble over.
    fn nasty() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just("\r".to_owned()),
            Just("\n".to_owned()),
            Just("\r\n".to_owned()),
            Just(".".to_owned()),
            Just("\n.\r\nMAIL FROM:<evil@example.org>\r\n".to_owned()),
            Just("\r.\r\n".to_owned()),
            Just(" \t".to_owned()),
            Just("=".to_owned()),
            Just("\0".to_owned()),
            "[ -~]{0,120}",
            "\\PC{0,20}",
        ];
        proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn text_survives_and_is_harmless(content in nasty()) {
            let body = text(&content);
            assert_harmless(body.as_ref());
            prop_assert_eq!(decoded(&body), crlf(&content).into_bytes());
        }

        #[test]
        fn files_survive_and_are_harmless(content in proptest::collection::vec(any::<u8>(), 0..4_000)) {
            let body = file(content.clone());
            assert_harmless(body.as_ref());
            prop_assert_eq!(decoded(&body), content);
        }

        #[test]
        fn line_ends_are_normalised_once(content in nasty()) {
            let once = crlf(&content);
            prop_assert_eq!(crlf(&once), once.clone());
            prop_assert_eq!(once.replace("\r\n", "\n"), content.replace("\r\n", "\n").replace('\r', "\n"));
        }

        #[test]
        fn stuffed_bytes_never_hold_a_final_dot(content in nasty()) {
            let stuffed = stuff_dots(content.as_bytes()).into_owned();
            for end in ["\r\n.\r\n", "\n.\n", "\n.\r\n", "\r.\r", "\r\n.\n"] {
                prop_assert!(!stuffed.windows(end.len()).any(|window| window == end.as_bytes()));
            }
        }
    }

    #[test]
    fn mostly_foreign_text_is_base64() {
        assert_eq!(
            text("Grüße aus Köln, es ist alles in bester Ordnung").encoding(),
            ContentTransferEncoding::QuotedPrintable
        );
        assert_eq!(text("こんにちは世界").encoding(), ContentTransferEncoding::Base64);
        assert_eq!(text("").encoding(), ContentTransferEncoding::QuotedPrintable);
    }

    #[test]
    fn dots_are_doubled_only_at_the_start_of_lines() {
        assert_eq!(&*stuff_dots(b".a\r\n.\r\nb.c\n.d"), b"..a\r\n..\r\nb.c\n..d");
        assert!(matches!(stuff_dots(b"a.b\r\n"), Cow::Borrowed(_)));
    }
}
