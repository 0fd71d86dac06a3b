//! Addresses: what is a valid one per channel, its normal form, and how it is shown in logs.

use crate::Destination;
use notify_proto::Channel;
use std::borrow::Cow;

/// Most addresses of one mail, over to, cc and bcc (RFC 5321 asks servers to take at least 100).
pub const MAX_RECIPIENTS: usize = 100;

/// Checks an address of `channel` and brings it to its normal form. The error says what a right one looks like.
pub fn normalise(channel: Channel, address: &str) -> Result<String, String> {
    match channel {
        Channel::Sms | Channel::Whatsapp => e164(address),
        Channel::Email => email(address),
        Channel::Webhook => url(address),
        Channel::Push => token(address, 4_096, "a device token"),
        Channel::Telegram => token(address, 128, "a chat id or @name"),
        Channel::Slack | Channel::Teams => token(address, 2_048, "a channel id, #name or URL"),
    }
}

/// A telephone number as `+`, country code and subscriber, 7 to 15 digits in all. Blanks and punctuation are dropped,
/// `00` becomes `+`, `tel:` is dropped; a country code is never guessed.
pub fn e164(text: &str) -> Result<String, String> {
    const HELP: &str = "a telephone number with its country code, such as +15005550006";
    let text = text.trim().strip_prefix("tel:").unwrap_or(text.trim());
    let mut number = String::with_capacity(16);
    for c in text.chars() {
        match c {
            '0'..='9' => number.push(c),
            '+' if number.is_empty() => number.push(c),
            ' ' | '-' | '.' | '(' | ')' | '\u{a0}' | '\u{200b}'..='\u{200f}' | '\u{2060}' => {}
            _ => return Err(format!("`{}` is not {HELP}", shown(text))),
        }
    }
    if let Some(rest) = number.strip_prefix("00") {
        number = format!("+{rest}");
    }
    let digits = number.strip_prefix('+').unwrap_or_default();
    if !(7..=15).contains(&digits.len()) || digits.starts_with('0') {
        return Err(format!("`{}` is not {HELP}", shown(text)));
    }
    Ok(number)
}

/// A mail address, bare or as `Name <address>`, at most 254 bytes.
pub fn email(text: &str) -> Result<String, String> {
    let text = text.trim();
    let bad = |why: &str| Err(format!("`{}` is not a mail address: {why}", shown(text)));
    if let Some(control) = text.chars().find(|c| c.is_control()) {
        return bad(&format!("it has a control character (U+{:04X})", control as u32));
    }
    let (name, address) = match text.strip_suffix('>').and_then(|rest| rest.rsplit_once('<')) {
        Some((name, address)) => (name.trim().trim_matches('"'), address.trim()),
        None => ("", text),
    };
    if name.contains(['<', '>', '"', '\\']) {
        return bad("its name has quotes or angle brackets");
    }
    let Some((local, domain)) = address.rsplit_once('@') else { return bad("there is no @") };
    if address.len() > 254 || local.len() > 64 {
        return bad("it is longer than 254 characters, or 64 before the @");
    }
    let local_ok = !local.is_empty()
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && local.chars().all(|c| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c));
    if !local_ok {
        return bad("the part before the @ is not valid");
    }
    let label_ok = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    if !domain.split('.').all(label_ok) {
        return bad("the domain is not valid");
    }
    let address = format!("{local}@{}", domain.to_lowercase());
    Ok(if name.is_empty() { address } else { format!("{name} <{address}>") })
}

fn url(text: &str) -> Result<String, String> {
    match Destination::parse(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(refusal) => Err(format!("`{}` {refusal}", shown(text))),
    }
}

fn token(text: &str, longest: usize, what: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() || text.len() > longest || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(format!("`{}` is not {what} of 1 to {longest} characters without blanks", shown(text)));
    }
    Ok(text.to_owned())
}

/// A rejected value as repeated to the caller who sent it: short and without control characters.
pub(crate) fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(60).collect()
}

/// The address of `Name <address>`, or the whole.
fn bare(address: &str) -> &str {
    address.strip_suffix('>').and_then(|rest| rest.rsplit_once('<')).map_or(address, |(_, it)| it)
}

/// An address as it may stand in a log: numbers keep country code start and last two digits, mail addresses the first
/// letter of each part, everything else its first two characters.
pub fn mask(address: &str) -> String {
    let bare = bare(address);
    if let Some((local, domain)) = bare.rsplit_once('@') {
        let first = |text: &str| text.chars().next().map(String::from).unwrap_or_default();
        let end = domain.rsplit_once('.').map_or("", |(_, end)| end);
        let dot = if end.is_empty() { "" } else { "." };
        return format!("{}***@{}***{dot}{end}", first(local), first(domain));
    }
    let chars: Vec<char> = bare.chars().collect();
    if bare.starts_with('+') && chars.len() > 4 {
        let stars = "*".repeat(chars.len() - 4);
        return chars[..2]
            .iter()
            .chain(stars.chars().collect::<Vec<_>>().iter())
            .chain(&chars[chars.len() - 2..])
            .collect();
    }
    let kept: String = chars.iter().take(if chars.len() > 6 { 2 } else { 0 }).collect();
    format!("{kept}***")
}

/// A text from outside with these addresses masked in it: providers repeat them in their answers. `Name <address>` is
/// looked for without the name too.
pub fn mask_in<'a>(text: &'a str, addresses: impl IntoIterator<Item = &'a str>) -> Cow<'a, str> {
    let mut masked = Cow::Borrowed(text);
    for address in addresses {
        for form in [address, bare(address)] {
            // Short ones would take words apart that have nothing to do with them.
            if form.len() > 3 && masked.contains(form) {
                masked = Cow::Owned(masked.replace(form, &mask(form)));
            }
        }
    }
    masked
}

/// The same for whatever looks like a mailbox, known or not.
pub fn mask_mailboxes(text: &str) -> Cow<'_, str> {
    let between = |c: char| c.is_whitespace() || c.is_control() || "<>()[],;:\"'`|".contains(c);
    let mailbox =
        |word: &&str| word.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty());
    let mut masked = Cow::Borrowed(text);
    for word in text.split(between).map(|word| word.trim_matches('.')).filter(mailbox) {
        masked = Cow::Owned(masked.replace(word, &mask(word)));
    }
    masked
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn mailboxes_are_masked_wherever_they_are() {
        for (text, masked) in [
            ("550 5.1.1 <ann@mail.example.org>: nobody", "550 5.1.1 <a***@m***.org>: nobody"),
            ("RCPT TO:<a@b.example>, c@d.example.", "RCPT TO:<a***@b***.example>, c***@d***.example."),
            ("421 @ noon, at@ and @at", "421 @ noon, at@ and @at"),
        ] {
            assert_eq!(mask_mailboxes(text), masked);
        }
    }

    #[test]
    fn numbers_come_to_one_form() {
        for text in ["+1 500 555-0006", "tel:+1(500)5550006", "0015005550006", "+15005550006"] {
            assert_eq!(e164(text).unwrap(), "+15005550006", "{text}");
        }
        for text in ["15005550006", "+0123456789", "+123456", "+1234567890123456", "+1500CALLME", ""] {
            assert!(e164(text).unwrap_err().contains("country code"), "{text}");
        }
    }

    #[test]
    fn mail_addresses_are_checked() {
        assert_eq!(email("Ada@Example.ORG").unwrap(), "Ada@example.org");
        assert_eq!(email("Ada L <ada@example.org>").unwrap(), "Ada L <ada@example.org>");
        assert_eq!(email("root@localhost").unwrap(), "root@localhost");
        for text in [
            "ada",
            "@b.c",
            "a@",
            "a@b..c",
            "a b@c.d",
            "a@b.c\r\nBcc: x@y.z",
            ".a@b.c",
            "a@-b.c",
            "a@b.c, d@e.f",
        ] {
            assert!(email(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn urls_have_no_user_and_no_blanks() {
        assert!(normalise(Channel::Webhook, "https://hooks.example.org/a?b=c").is_ok());
        for text in ["ftp://x.y", "https://u:p@x.y/", "https://", "https://x.y/a b", "x.y"] {
            assert!(normalise(Channel::Webhook, text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_answer_that_repeats_an_address_does_not_tell_it() {
        let answer = "550 no such user <ada@example.org>, +15005550006";
        let masked = mask_in(answer, ["Ada <ada@example.org>", "+15005550006"]);
        assert_eq!(masked, "550 no such user <a***@e***.org>, +1********06");
        assert_eq!(mask_in("to Ada <ada@example.org>", ["Ada <ada@example.org>"]), "to a***@e***.org");
        assert_eq!(mask_in("550 no", ["no"]), "550 no");
    }

    #[test]
    fn masks_tell_apart_but_do_not_tell() {
        assert_eq!(mask("+15005550090"), "+1********90");
        assert_eq!(mask("user@example.com"), "u***@e***.com");
        assert_eq!(mask("Ada Lovelace <ada@example.org>"), "a***@e***.org");
        assert_eq!(mask("abcdefgh"), "ab***");
        assert_eq!(mask("abc"), "***");
    }

    proptest! {
        #[test]
        fn normal_forms_are_stable_and_free_of_control_characters(text in "\\PC{0,60}|[+0-9 ()\r\n-]{0,30}") {
            for channel in Channel::ALL {
                if let Ok(normal) = normalise(*channel, &text) {
                    prop_assert!(!normal.chars().any(char::is_control));
                    prop_assert_eq!(normalise(*channel, &normal).unwrap(), normal);
                }
            }
            mask(&text);
        }
    }
}
