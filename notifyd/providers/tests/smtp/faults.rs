//! Which outcome each fault has: the SMTP rows of the fault table.

use crate::fake::{Act, Script};
use crate::{is_accepted, plain, relay, send, send_to};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use notifyd_lifecycle::Outcome;
use notifyd_lifecycle::outcome::Invalid;
use serde_json::{Value, json};

/// A mail too large for the buffers between us and the server.
fn large() -> Value {
    let file = BASE64_STANDARD.encode(vec![0xa5; 9 << 20]);
    json!({"attachments": [{"filename": "f.bin", "content_type": "application/octet-stream", "content_base64": file}]})
}

#[tokio::test]
async fn each_refusal_has_its_class() {
    let dead = Outcome::RecipientInvalid(Invalid::Dead);
    let limited = Outcome::RateLimited { after: None };
    for (stage, reply, expected) in [
        ("GREETING", "421 too busy", Outcome::Transient),
        ("GREETING", "554 no service", Outcome::ProviderConfig),
        ("EHLO", "502 what?", Outcome::ProviderConfig),
        ("MAIL", "451 4.3.0 try later", Outcome::Transient),
        ("MAIL", "553 5.1.8 sender unknown", Outcome::ProviderConfig),
        ("RCPT", "550 5.1.1 no such user", dead.clone()),
        ("RCPT", "550-5.1.1 no\r\n550 5.1.1 such user", dead.clone()),
        ("RCPT", "451 4.7.1 greylisted", Outcome::Transient),
        ("RCPT", "421 4.7.28 unusual rate", limited),
        ("RCPT", "552 5.2.2 mailbox full", Outcome::Permanent),
        ("RCPT", "554 5.7.1 relay access denied", Outcome::ProviderConfig),
        ("DATA", "554 5.5.1 no valid recipients", Outcome::Permanent),
        ("DOT", "552 5.3.4 too large", Outcome::Permanent),
        ("DOT", "550 5.1.1 no such user", dead),
        ("DOT", "451 4.3.0 disk trouble", Outcome::Transient),
    ] {
        let server = Script::new().on(stage, [Act::Say(reply)]).start().await;
        let report = send(&plain(&server)).await;
        assert_eq!(report.outcome, expected, "{stage} {reply}: {:?}", report.message);
        let first_line = reply.split(['\r']).next().unwrap();
        let message = report.message.unwrap();
        assert!(message.contains(&first_line[4..]), "{message}");
    }
}

#[tokio::test]
async fn a_cut_or_a_nonsense_answer_is_in_doubt_only_after_the_final_dot() {
    for stage in ["GREETING", "EHLO", "MAIL", "RCPT", "DATA"] {
        for act in [Act::Cut, Act::SayAndCut("250-half"), Act::Say("HTTP/1.1 400 Bad Request")] {
            let server = Script::new().on(stage, [act.clone()]).start().await;
            let report = send(&plain(&server)).await;
            assert_eq!(report.outcome, Outcome::Transient, "{stage} {act:?}: {:?}", report.message);
            assert!(server.seen().mails.is_empty());
        }
    }
    for act in
        [Act::Cut, Act::SayAndCut("250-half"), Act::Say("HTTP/1.1 400 Bad Request"), Act::Say("354 more")]
    {
        let server = Script::new().on("DOT", [act.clone()]).start().await;
        let report = send(&plain(&server)).await;
        assert_eq!(report.outcome, Outcome::Ambiguous, "{act:?}: {:?}", report.message);
        assert_eq!(server.seen().mails.len(), 1);
    }
}

#[tokio::test]
async fn a_cut_in_the_middle_of_the_content_is_not_in_doubt() {
    let server = Script::new().on("BODY", [Act::Cut]).start().await;
    let report = send_to(&plain(&server), &["ann@example.org"], &large(), 1).await;
    assert_eq!(report.outcome, Outcome::Transient, "{:?}", report.message);
    assert!(report.message.unwrap().starts_with("before the final dot: "));
}

#[tokio::test]
async fn silence_is_in_doubt_only_after_the_final_dot() {
    let limit = json!({"timeout_seconds": 2});
    let cases = [
        ("GREETING", json!({}), Outcome::Transient),
        ("RCPT", json!({}), Outcome::Transient),
        ("DATA", json!({}), Outcome::Transient),
        ("BODY", large(), Outcome::Transient),
        ("DOT", json!({}), Outcome::Ambiguous),
    ];
    let mut running = tokio::task::JoinSet::new();
    for (stage, message, expected) in cases {
        let server = Script::new().on(stage, [Act::Stall]).start().await;
        let provider = relay(server.port, &limit, None);
        running.spawn(async move {
            let report = send_to(&provider, &["ann@example.org"], &message, 1).await;
            drop(server);
            assert_eq!(report.outcome, expected, "{stage}: {:?}", report.message);
            assert!(report.message.unwrap().ends_with("no answer within the time limit"));
        });
    }
    while let Some(ended) = running.join_next().await {
        ended.unwrap();
    }
}

#[tokio::test]
async fn nobody_listening_is_transient() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let report = send(&relay(port, &json!({}), None)).await;
    assert_eq!(report.outcome, Outcome::Transient);
    assert!(report.message.unwrap().starts_with("connecting: "));
}

#[tokio::test]
async fn one_refused_recipient_stops_the_mail_for_all_and_is_named() {
    let server =
        Script::new().on("RCPT", [Act::Say("250 ok"), Act::Say("550 5.1.1 no such user")]).start().await;
    let provider = plain(&server);
    let report = send_to(&provider, &["ann@example.org", "amy@example.org"], &json!({}), 1).await;
    // Which address is meant cannot be told in a report, so nobody is to be suppressed.
    assert_eq!(report.outcome, Outcome::Permanent);
    assert_eq!(report.message.as_deref(), Some("recipient 2 of 2: RCPT TO: 550 5.1.1 no such user"));
    assert!(is_accepted(&send(&provider).await));
    let seen = server.seen();
    assert_eq!((seen.connections, seen.mails.len()), (1, 1));
    assert_eq!(seen.mails[0].to, ["ann@example.org"]);
    assert!(seen.commands.contains(&"c RSET".to_owned()));
}
