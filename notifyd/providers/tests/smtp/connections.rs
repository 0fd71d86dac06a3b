//! Connections are used again, but only clean ones, and never more than allowed.

use crate::fake::{Act, Script};
use crate::{is_accepted, plain, relay, send, send_to};
use notifyd_providers::Reach;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// No measure, only an end.
const PATIENCE: Duration = Duration::from_mins(1);

#[tokio::test]
async fn a_look_goes_as_far_as_a_mail_could_begin_and_sends_none() {
    let server = Script::new().start().await;
    let reach = plain(&server).reach(PATIENCE).await;
    assert!(matches!(&reach, Reach::There(who) if who.contains("greets")), "{reach:?}");
    {
        let seen = server.seen();
        assert_eq!((seen.connections, seen.mails.len()), (1, 0));
        assert!(!seen.commands.iter().any(|line| line.contains("MAIL")), "{:?}", seen.commands);
    }
    let no = Script::new().on("EHLO", [Act::Say("554 5.7.1 go away")]).start().await;
    let reach = plain(&no).reach(PATIENCE).await;
    assert!(matches!(&reach, Reach::Away(why) if why.contains("go away")), "{reach:?}");
    let silent = Script::new().on("EHLO", [Act::Stall]).start().await;
    let reach = plain(&silent).reach(Duration::from_millis(50)).await;
    assert!(matches!(reach, Reach::Away(_)), "{reach:?}");
}

#[tokio::test]
async fn an_idle_connection_is_used_again() {
    let server = Script::new().start().await;
    let provider = plain(&server);
    for _ in 0..5 {
        assert!(is_accepted(&send(&provider).await));
    }
    let seen = server.seen();
    assert_eq!((seen.connections, seen.mails.len()), (1, 5));
}

#[tokio::test]
async fn an_idle_connection_that_died_is_replaced_within_the_attempt() {
    let hangs_up = Script::new().on("DOT", [Act::SayAndCut("250 2.0.0 bye")]);
    let says_so = Script::new().on("MAIL", [Act::Say("250 ok"), Act::SayAndCut("421 4.4.2 idle too long")]);
    for script in [hangs_up, says_so] {
        let server = script.start().await;
        let provider = plain(&server);
        for _ in 0..2 {
            let report = send(&provider).await;
            assert!(is_accepted(&report), "{report:?}");
        }
        let seen = server.seen();
        assert_eq!((seen.connections, seen.mails.len()), (2, 2));
    }
}

#[tokio::test]
async fn a_call_dropped_half_way_leaves_no_dirty_connection() {
    let mut server = Script::new().on("RCPT", [Act::Say("250 ok"), Act::Stall]).start().await;
    let provider = relay(server.port, &json!({"max_connections": 1}), None);
    assert!(is_accepted(&send(&provider).await));
    server.until("RCPT").await;
    let dropped = tokio::spawn({
        let provider = Arc::clone(&provider);
        async move { send_to(&provider, &["amy@example.org"], &json!({}), 1).await }
    });
    server.until("RCPT").await;
    dropped.abort();
    assert!(dropped.await.unwrap_err().is_cancelled());
    // The only slot is free again, and the half-said mail to amy is not continued.
    assert!(is_accepted(&send(&provider).await));
    let seen = server.seen();
    assert_eq!(seen.connections, 2);
    assert_eq!(seen.mails.iter().map(|mail| mail.to.join(",")).collect::<Vec<_>>(), ["ann@example.org"; 2]);
}

#[tokio::test]
async fn no_more_connections_than_allowed() {
    let server = Script::new().start().await;
    let provider = relay(server.port, &json!({"max_connections": 2}), None);
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let provider = Arc::clone(&provider);
        running.spawn(async move { is_accepted(&send(&provider).await) });
    }
    assert!(running.join_all().await.into_iter().all(|accepted| accepted));
    assert!(server.seen().connections <= 2);
    assert_eq!(server.seen().mails.len(), 20);
}
