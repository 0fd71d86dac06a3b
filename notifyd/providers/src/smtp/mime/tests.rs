use super::*;
use notify_proto::{Channel, NotificationId};
use proptest::prelude::*;
use serde_json::{Value, json};

fn try_mail(to: &[&str], message: &Value, attempt: u32) -> Result<Mail, Refusal> {
    let mut body = json!({"recipient": "x"});
    body.as_object_mut().unwrap().extend(message.as_object().unwrap().clone());
    let message: Message = serde_json::from_value(body).unwrap();
    let to: Vec<String> = to.iter().map(|address| (*address).to_owned()).collect();
    let notification = NotificationId::from_parts(1_700_000_000_000, [7; 10]);
    let call = Call { notification, attempt, channel: Channel::Email, to: &to, message: &message };
    let from = "Shop <shop@example.org>".parse().unwrap();
    build(&call, &from, Timestamp::from_timestamp_millis(1_700_000_000_000).unwrap())
}

fn mail(to: &[&str], message: &Value) -> String {
    String::from_utf8(try_mail(to, message, 1).unwrap().bytes).unwrap()
}

#[test]
fn the_headers_of_a_plain_mail() {
    let text = mail(&["ann@example.org"], &json!({"subject": "Grüße", "content": "hi\n.\nbye"}));
    let (headers, body) = text.split_once("\r\n\r\n").unwrap();
    for header in [
        "From: Shop <shop@example.org>",
        "To: ann@example.org",
        "Date: Tue, 14 Nov 2023 22:13:20 +0000",
        "Auto-Submitted: auto-generated",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: quoted-printable",
        "MIME-Version: 1.0",
    ] {
        assert!(headers.lines().any(|line| line == header), "{header} not in\n{headers}");
    }
    assert!(headers.contains("Subject: =?utf-8?"), "{headers}");
    assert_eq!(body, "hi\r\n.\r\nbye\r\n");
}

#[test]
fn the_message_id_is_the_same_on_every_attempt() {
    let id = |attempt| {
        let mail = try_mail(&["a@example.org"], &json!({"content": "x"}), attempt).unwrap();
        let text = String::from_utf8(mail.bytes).unwrap();
        text.lines().find(|line| line.starts_with("Message-ID:")).unwrap().to_owned()
    };
    let notification = NotificationId::from_parts(1_700_000_000_000, [7; 10]);
    assert_eq!(id(1), format!("Message-ID: <{notification}@example.org>"));
    assert_eq!(id(1), id(5));
}

#[test]
fn the_envelope_has_everybody_once_and_the_headers_have_no_bcc() {
    let copies =
        json!({"cc": ["bob@example.org"], "bcc": ["eve@example.org", "ann@example.org"], "content": "x"});
    let mail = try_mail(&["ann@example.org", "Bo <bo@example.org>"], &copies, 1).unwrap();
    let envelope: Vec<String> = mail.recipients.iter().map(ToString::to_string).collect();
    assert_eq!(envelope, ["ann@example.org", "bo@example.org", "bob@example.org", "eve@example.org"]);
    let text = String::from_utf8(mail.bytes).unwrap();
    assert!(text.contains("\r\nCc: bob@example.org\r\n"), "{text}");
    assert!(!text.to_lowercase().contains("bcc") && !text.contains("eve@"), "{text}");
}

#[test]
fn a_foreign_domain_is_written_in_ascii() {
    let mail = try_mail(&["kai@büro.example"], &json!({"content": "x"}), 1).unwrap();
    assert_eq!(mail.recipients[0].to_string(), "kai@xn--bro-hoa.example");
    assert!(!mail.needs_utf8());
    assert!(try_mail(&["käi@example.org"], &json!({"content": "x"}), 1).unwrap().needs_utf8());
}

#[test]
fn line_breaks_in_values_are_refused_by_name() {
    for value in ["x\r\nBcc: eve@example.org", "x\ny", "x\ry", "x\0y"] {
        let file = json!({"filename": value, "content_type": "a/b", "content_base64": ""});
        let kind = json!({"filename": "a", "content_type": value, "content_base64": ""});
        for (message, field) in [
            (json!({"subject": value}), "subject"),
            (json!({"cc": [value]}), "cc"),
            (json!({"bcc": [value]}), "bcc"),
            (json!({"reply_to": value}), "reply_to"),
            (json!({"attachments": [file]}), "attachment filename"),
            (json!({"attachments": [kind]}), "attachment content type"),
        ] {
            let refusal = try_mail(&["a@example.org"], &message, 1).unwrap_err().to_string();
            assert_eq!(refusal, format!("{field} contains a line break or NUL"));
        }
        assert!(try_mail(&[value], &json!({}), 1).is_err());
    }
}

#[test]
fn what_cannot_be_a_mail_is_refused() {
    let file = |kind: &str, content: &str| json!({"attachments": [{"filename": "f", "content_type": kind, "content_base64": content}]});
    for (to, message, expected) in [
        (vec![], json!({}), "there is nobody to send it to"),
        (vec!["nobody"], json!({}), "recipient holds no mail address: "),
        (vec!["a@example.org"], file("text/plain", "***"), "attachment 1 is no valid base64"),
        (vec!["a@example.org"], file("pdf", "aGk="), "attachment 1 has no valid content type"),
    ] {
        let refusal = try_mail(&to, &message, 1).unwrap_err().to_string();
        assert!(refusal.starts_with(expected), "{refusal}");
    }
}

#[test]
fn a_file_that_claims_to_be_a_message_is_sent_as_a_file() {
    let message = json!({"attachments": [{"filename": "m.eml", "content_type": "message/rfc822", "content_base64": "aGk="}]});
    let text = mail(&["a@example.org"], &message);
    assert!(text.contains("application/octet-stream") && !text.contains("message/rfc822"), "{text}");
}

#[test]
fn bare_line_ends_are_found() {
    for bad in [&b"\n"[..], b"a\nb", b"\r", b"a\r", b"a\rb\r\n", b"\r\r\n"] {
        assert!(has_bare_line_end(bad), "{bad:?}");
    }
    for good in [&b""[..], b"a", b"\r\n", b"a\r\n\r\nb"] {
        assert!(!has_bare_line_end(good), "{good:?}");
    }
}

proptest! {
    /// Whatever the texts are, the mail is either refused or has only CRLF line ends and exactly the headers we set.
    #[test]
    fn no_text_becomes_protocol(
        subject in "[^\r\n\0]{0,120}",
        content in "([ -~]|\r|\n|\\PC){0,200}",
        name in "[^\r\n\0]{0,40}",
        html in proptest::option::of("([ -~]|\r|\n|\\PC){0,200}"),
        filename in "[^\r\n\0]{0,90}",
    ) {
        let file = json!({"filename": filename, "content_type": "text/plain", "content_base64": "aGk="});
        let message = json!({"subject": subject, "content": content, "html_body": html, "attachments": [file]});
        let mail = match try_mail(&[&format!("{name} <ann@example.org>")], &message, 1) {
            Err(Refusal::Address { .. }) => return Ok(()),
            mail => mail.unwrap(),
        };
        prop_assert_eq!(&mail.recipients[0].to_string(), "ann@example.org");
        prop_assert!(mail.bytes.is_ascii());
        let text = String::from_utf8(mail.bytes).unwrap();
        let (headers, _) = text.split_once("\r\n\r\n").unwrap();
        let names: Vec<&str> = headers
            .split("\r\n")
            .filter(|line| !line.starts_with([' ', '\t']))
            .map(|line| line.split(':').next().unwrap())
            .collect();
        for name in &names {
            let ours = ["From", "To", "Date", "Message-ID", "Auto-Submitted", "Subject", "MIME-Version", "Content-Type"];
            prop_assert!(ours.contains(name), "{name}");
        }
    }
}
