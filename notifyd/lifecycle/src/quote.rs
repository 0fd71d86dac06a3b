//! Texts from outside that quote what we sent: an answer such as `554 looks like spam: Your code is 1234` must not bring
//! a message into a log.

use std::borrow::Cow;

/// Shorter lines are found in texts that do not quote them.
const SHORTEST: usize = 6;

/// Lines of one text that are looked for.
const LINES: usize = 200;

/// `text` with dots for each line of `texts` that it repeats.
pub fn unquoted<'a>(text: &'a str, texts: impl IntoIterator<Item = &'a str>) -> Cow<'a, str> {
    let mut rest = Cow::Borrowed(text);
    for line in texts.into_iter().flat_map(|it| it.lines().take(LINES)) {
        let line = line.trim();
        if line.chars().count() >= SHORTEST && rest.contains(line) {
            rest = Cow::Owned(rest.replace(line, "••••"));
        }
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_message_are_taken_out_and_words_of_a_sentence_are_not() {
        let message = "Hello Ann,\n\n  your code is 1234.\nok";
        let said = unquoted("554 spam: your code is 1234. Hello Ann, ok?", [message, "Code"]);
        assert_eq!(said, "554 spam: •••• •••• ok?");
        assert!(matches!(unquoted("250 ok", [message]), Cow::Borrowed("250 ok")));
    }
}
