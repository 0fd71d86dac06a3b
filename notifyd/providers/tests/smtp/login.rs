//! Logging in and encryption.

use crate::authority::authority;
use crate::fake::{Act, Script};
use crate::{is_accepted, relay, send};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use notifyd_lifecycle::Outcome;
use serde_json::json;

const PASSWORD: &str = "canary-5c1f";

#[tokio::test]
async fn logging_in() {
    let user = json!({"username": "shop"});
    let plain = BASE64_STANDARD.encode(format!("\0shop\0{PASSWORD}"));
    let server = Script::new().offer("AUTH PLAIN LOGIN").start().await;
    assert!(is_accepted(&send(&relay(server.port, &user, Some(PASSWORD))).await));
    assert!(server.seen().commands.contains(&format!("c AUTH PLAIN {plain}")));

    let server = Script::new().offer("AUTH LOGIN").start().await;
    assert!(is_accepted(&send(&relay(server.port, &user, Some(PASSWORD))).await));
    let answers =
        ["c AUTH LOGIN".into(), "c c2hvcA==".into(), format!("c {}", BASE64_STANDARD.encode(PASSWORD))];
    assert_eq!(server.seen().commands[1..4], answers);

    let server = Script::new().start().await;
    let report = send(&relay(server.port, &user, Some(PASSWORD))).await;
    assert_eq!(report.outcome, Outcome::ProviderConfig);
    assert!(report.message.unwrap().contains("offered: none"));
}

#[tokio::test]
async fn a_refused_login_is_the_accounts_fault_and_does_not_repeat_the_password() {
    let user = json!({"username": "shop"});
    let server =
        Script::new().offer("AUTH PLAIN").on("AUTH", [Act::Say("535 5.7.8 bad credentials")]).start().await;
    let report = send(&relay(server.port, &user, Some(PASSWORD))).await;
    assert_eq!(report.outcome, Outcome::ProviderConfig);
    // A server that repeats what it was told.
    let echo = "501 5.5.2 AUTH PLAIN AHNob3AAY2FuYXJ5LTVjMWY= canary-5c1f Y2FuYXJ5LTVjMWY=";
    let server = Script::new().offer("AUTH PLAIN").on("AUTH", [Act::Say(echo)]).start().await;
    let report = send(&relay(server.port, &user, Some(PASSWORD))).await;
    assert_eq!(report.outcome, Outcome::ProviderConfig);
    assert_eq!(report.message.as_deref(), Some("AUTH: 501 5.5.2 AUTH PLAIN •••• •••• ••••"));
}

#[tokio::test]
async fn starttls_encrypts_before_the_login() {
    let (ca, acceptor) = authority(&["127.0.0.1"]);
    let server = Script::new().starttls(acceptor).offer("AUTH PLAIN").start().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, &ca).unwrap();
    let config = json!({"tls": "starttls", "ca_file": file, "username": "shop"});
    let report = send(&relay(server.port, &config, Some(PASSWORD))).await;
    assert!(is_accepted(&report), "{report:?}");
    let seen = server.seen();
    let words: Vec<&str> = seen.commands.iter().map(|command| command.get(..6).unwrap()).collect();
    assert_eq!(words, ["c EHLO", "c STAR", "e EHLO", "e AUTH", "e MAIL", "e RCPT", "e DATA"]);
}

#[tokio::test]
async fn tls_from_the_start_and_opportunistic() {
    let (ca, acceptor) = authority(&["127.0.0.1"]);
    let server = Script::new().tls_from_the_start(acceptor.clone()).start().await;
    assert!(is_accepted(&send(&relay(server.port, &json!({"tls": "tls", "ca_file": ca}), None)).await));
    assert!(server.seen().commands.iter().all(|command| command.starts_with('e')));

    let config = json!({"tls": "opportunistic", "ca_file": ca});
    let server = Script::new().starttls(acceptor).start().await;
    assert!(is_accepted(&send(&relay(server.port, &config, None)).await));
    assert!(server.seen().commands.iter().any(|command| command.starts_with("e MAIL")));
    let server = Script::new().start().await;
    assert!(is_accepted(&send(&relay(server.port, &config, None)).await));
    assert!(server.seen().commands.iter().any(|command| command.starts_with("c MAIL")));
}

#[tokio::test]
async fn without_the_encryption_asked_for_nothing_is_sent() {
    let (ca, acceptor) = authority(&["127.0.0.1"]);
    let required = json!({"tls": "starttls", "ca_file": ca});

    let server = Script::new().start().await;
    let report = send(&relay(server.port, &required, None)).await;
    assert_eq!(report.outcome, Outcome::ProviderConfig);
    assert_eq!(server.seen().commands.len(), 1);

    // An authority we do not know.
    let server = Script::new().starttls(acceptor).start().await;
    let (stranger, _) = authority(&["127.0.0.1"]);
    let report = send(&relay(server.port, &json!({"tls": "starttls", "ca_file": stranger}), None)).await;
    assert_eq!(report.outcome, Outcome::Transient);
    assert!(report.message.unwrap().starts_with("STARTTLS: "));

    // Answers slipped in before the handshake.
    let injected = [Act::Say("220 go ahead\r\n250-fake.example\r\n250 AUTH PLAIN")];
    let server = Script::new().offer("STARTTLS").on("STARTTLS", injected).start().await;
    let report = send(&relay(server.port, &required, None)).await;
    assert_eq!(report.outcome, Outcome::Transient);
    assert!(report.message.unwrap().contains("in clear before the TLS handshake"));
    assert!(server.seen().mails.is_empty());
}
