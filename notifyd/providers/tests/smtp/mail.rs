//! What a mail looks like on the wire, and that no text becomes protocol.

use crate::fake::Script;
use crate::{is_accepted, plain, relay, send_to};
use notify_proto::{Channel, NotificationId};
use notifyd_lifecycle::{Message, Outcome};
use notifyd_providers::Call;
use serde_json::json;

#[tokio::test]
async fn a_full_mail_arrives_whole() {
    let server = Script::new().start().await;
    let message = json!({
        "subject": "Grüße",
        "content": "plain\n.\ntext",
        "html_body": "<p>rich</p>",
        "cc": ["cora@example.org"],
        "bcc": ["bert@example.org"],
        "reply_to": "desk@example.org",
        "attachments": [{"filename": "a b.txt", "content_type": "text/plain", "content_base64": "aGVsbG8gZmlsZQ=="}],
    });
    let report = send_to(&plain(&server), &["ann@example.org", "amy@example.org"], &message, 1).await;
    assert_eq!(report.outcome, Outcome::Accepted { external_id: Some("FAKE1".into()) });
    assert_eq!(report.message.as_deref(), Some("250 2.0.0 Ok: queued as FAKE1"));
    let seen = server.seen();
    let mail = &seen.mails[0];
    assert_eq!(mail.from, "shop@example.org");
    assert_eq!(mail.to, ["ann@example.org", "amy@example.org", "cora@example.org", "bert@example.org"]);
    let data = &mail.data;
    assert!(!data.contains("bert") && !data.to_lowercase().contains("bcc:"), "{data}");
    for part in [
        "From: Shop <shop@example.org>\r\n",
        "To: ann@example.org, amy@example.org\r\n",
        "Cc: cora@example.org\r\n",
        "Reply-To: desk@example.org\r\n",
        "Auto-Submitted: auto-generated\r\n",
        "Content-Type: multipart/mixed;",
        "Content-Type: multipart/alternative;",
        "filename=\"a b.txt\"",
        "\r\n\r\nplain\r\n.\r\ntext\r\n",
        "<p>rich</p>",
        "aGVsbG8gZmlsZQ==",
    ] {
        assert!(data.contains(part), "{part} not in\n{data}");
    }
    assert!(data.find("text/plain").unwrap() < data.find("text/html").unwrap());
    assert!(seen.commands[1].starts_with("c MAIL FROM:<shop@example.org> SIZE="), "{}", seen.commands[1]);
    assert_eq!(seen.commands[0], "c EHLO [127.0.0.1]");
}

#[tokio::test]
async fn the_message_id_names_the_notification_on_every_attempt() {
    let server = Script::new().start().await;
    let provider = plain(&server);
    for attempt in [1, 2] {
        assert!(is_accepted(&send_to(&provider, &["ann@example.org"], &json!({}), attempt).await));
    }
    let id = NotificationId::from_parts(1_700_000_000_000, [9; 10]);
    let expected = format!("Message-ID: <{id}@example.org>\r\n");
    assert!(server.seen().mails.iter().all(|mail| mail.data.contains(&expected)));
    assert_eq!(server.seen().mails.len(), 2);
}

#[tokio::test]
async fn text_never_becomes_a_second_mail() {
    let end = ["\n.\r\n", "\r\n.\r\n", "\n.\n", "\r.\r", "\r.\r\n", "\n.\n\r\n"];
    let second = "MAIL FROM:<evil@example.org>\r\nRCPT TO:<ann@example.org>\r\nDATA\r\nowned\r\n.\r\n";
    let server = Script::new().start().await;
    let provider = plain(&server);
    for end in end {
        let body = format!("first{end}{second}");
        let message = json!({"content": body, "html_body": body});
        assert!(is_accepted(&send_to(&provider, &["ann@example.org"], &message, 1).await));
    }
    let seen = server.seen();
    assert_eq!(seen.mails.len(), end.len());
    assert!(seen.mails.iter().all(|mail| mail.from == "shop@example.org" && mail.data.contains("owned")));
    assert!(!seen.commands.iter().any(|command| command.contains("evil")));
}

#[tokio::test]
async fn a_line_break_in_a_header_value_is_refused_before_a_connection() {
    let server = Script::new().start().await;
    let message = json!({"subject": "x\r\nBcc: eve@example.org"});
    let report = send_to(&plain(&server), &["ann@example.org"], &message, 1).await;
    assert_eq!(report.outcome, Outcome::Permanent);
    assert_eq!(report.message.as_deref(), Some("subject contains a line break or NUL"));
    let report =
        send_to(&plain(&server), &["ann@example.org>\r\nRCPT TO:<eve@example.org"], &json!({}), 1).await;
    assert_eq!(report.outcome, Outcome::Permanent);
    assert_eq!(server.seen().connections, 0);
}

#[tokio::test]
async fn a_mail_above_the_limit_is_refused_here() {
    let server = Script::new().start().await;
    let provider = relay(server.port, &json!({"max_message_bytes": 2_000}), None);
    let report = send_to(&provider, &["ann@example.org"], &json!({"content": "x".repeat(3_000)}), 1).await;
    assert_eq!(report.outcome, Outcome::Permanent);
    assert_eq!(server.seen().connections, 0);
}

#[tokio::test]
async fn another_channel_is_refused() {
    let provider = relay(25, &json!({}), None);
    let message: Message = serde_json::from_value(json!({"recipient": "x"})).unwrap();
    let notification = NotificationId::from_parts(1, [1; 10]);
    let to = ["+15005550006".to_owned()];
    let call = Call { notification, attempt: 1, channel: Channel::Sms, to: &to, message: &message };
    assert_eq!(provider.send(call).await.outcome, Outcome::ProviderConfig);
}
