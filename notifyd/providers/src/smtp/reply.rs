//! What a server said: a code and its lines.

use super::fault::Fault;
use std::fmt;

/// A whole reply of one or several lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    pub code: u16,
    /// The texts without codes; at least one, possibly empty.
    pub lines: Vec<String>,
}

/// One line, and whether it is the last.
pub(super) struct Line {
    pub code: u16,
    pub text: String,
    pub last: bool,
}

impl Line {
    /// Reads `250-text` (more follow), `250 text` or `250`.
    pub(super) fn parse(raw: &[u8]) -> Result<Self, Fault> {
        let text = String::from_utf8_lossy(raw);
        let text = text.trim_end_matches(['\r', '\n']);
        let garbage = || Fault::Garbage(text.chars().take(200).collect());
        let (code, rest) = text.split_at_checked(3).ok_or_else(garbage)?;
        if !code.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(garbage());
        }
        let code = code.parse().ok().filter(|code| (200..600).contains(code)).ok_or_else(garbage)?;
        let (last, text) = match rest.as_bytes().first() {
            None => (true, ""),
            Some(b' ') => (true, &rest[1..]),
            Some(b'-') => (false, &rest[1..]),
            Some(_) => return Err(garbage()),
        };
        Ok(Self { code, text: text.to_owned(), last })
    }
}

impl Reply {
    /// The first digit.
    pub(super) const fn class(&self) -> u16 {
        self.code / 100
    }

    /// The lines as one.
    pub(super) fn text(&self) -> String {
        self.lines.join(" ")
    }

    /// Subject and detail of the enhanced code (`5.1.1` is `(1, 1)`), when there is one that agrees with the code. One
    /// that contradicts it is no ground for suppressing anybody.
    pub(super) fn enhanced(&self) -> Option<(u16, u16)> {
        let token = self.lines.first()?.split_whitespace().next()?;
        let mut parts = token.split('.');
        let mut number = || {
            let part = parts.next()?;
            let short = (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
            if short { part.parse::<u16>().ok() } else { None }
        };
        let (class, subject, detail) = (number()?, number()?, number()?);
        (parts.next().is_none() && class == self.class()).then_some((subject, detail))
    }

    /// The server's own id of the mail, where its text follows one of the known forms. For people only.
    pub(super) fn queue_id(&self) -> Option<String> {
        let text = self.text();
        let after = |mark: &str| text.split_once(mark).and_then(|(_, rest)| rest.split_whitespace().next());
        let first = || {
            let skip = usize::from(self.enhanced().is_some());
            let known = ["Message accepted for delivery", "Queued mail for delivery"];
            let named = known.iter().any(|mark| text.contains(mark));
            text.split_whitespace()
                .nth(skip)
                .filter(|word| named && word.bytes().any(|byte| byte.is_ascii_digit()))
        };
        let id = after("queued as ").or_else(|| after(" id=")).or_else(first)?;
        let id = id.trim_end_matches(['.', ',', ';']);
        (!id.is_empty() && id.len() <= 128).then(|| id.to_owned())
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(code: u16, text: &str) -> Reply {
        Reply { code, lines: vec![text.to_owned()] }
    }

    #[test]
    fn lines_are_read() {
        for (raw, code, text, last) in [
            ("250 ok\r\n", 250, "ok", true),
            ("250-SIZE 10\r\n", 250, "SIZE 10", false),
            ("354\r\n", 354, "", true),
        ] {
            let line = Line::parse(raw.as_bytes()).ok().unwrap();
            assert_eq!((line.code, line.text.as_str(), line.last), (code, text, last));
        }
        for raw in ["", "25", "2x0 ok", "250_ok", "999 no", "100 no", "é50 x", "HTTP/1.1 400"] {
            assert!(Line::parse(raw.as_bytes()).is_err(), "{raw}");
        }
    }

    #[test]
    fn enhanced_codes_must_agree() {
        assert_eq!(reply(550, "5.1.1 no such user").enhanced(), Some((1, 1)));
        assert_eq!(reply(421, "4.7.28 slow").enhanced(), Some((7, 28)));
        for text in ["4.1.1 x", "5.1 x", "5.1.1.1 x", "5.1.1234", "no 5.1.1", "", "5..1", "5.+1.1"] {
            assert_eq!(reply(550, text).enhanced(), None, "{text}");
        }
    }

    #[test]
    fn queue_ids_of_known_servers() {
        for (text, id) in [
            ("2.0.0 Ok: queued as 4XyZ1Q2abc", Some("4XyZ1Q2abc")),
            ("OK id=1abcDE-000001-AB", Some("1abcDE-000001-AB")),
            ("2.0.0 8c5e6f7a Message accepted for delivery", Some("8c5e6f7a")),
            ("2.6.0 <a@b> [InternalId=12] Queued mail for delivery", None),
            ("2.0.0 thanks", None),
            ("", None),
        ] {
            assert_eq!(reply(250, text).queue_id().as_deref(), id, "{text}");
        }
    }
}
