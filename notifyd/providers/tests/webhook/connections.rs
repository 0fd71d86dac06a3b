//! Connections: few, used again when they are clean, and let go.

use crate::fake::{Act, Server, answer};
use crate::{Names, PATH, allowing, is_accepted, only, own, send, send_to, webhook};
use notifyd_lifecycle::Outcome;
use notifyd_providers::Reach;
use serde_json::json;

const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n";

#[tokio::test]
async fn a_look_connects_by_the_policy_and_asks_for_nothing() {
    let mut server = Server::start([]).await;
    let patience = std::time::Duration::from_mins(1);
    let reach = own(&server, &json!({})).reach(patience).await;
    assert!(matches!(&reach, Reach::There(who) if who.contains("takes connections")), "{reach:?}");
    server.until_open(0).await;
    let forbidden = webhook(&allowing(&[], Names::of(&[])), &json!({"url": server.url(PATH)}), None);
    let reach = forbidden.reach(patience).await;
    assert!(matches!(&reach, Reach::Away(why) if why.contains("allow_private")), "{reach:?}");
    let anyone = webhook(&allowing(&["127.0.0.1/32"], Names::of(&[])), &json!({}), None);
    assert!(matches!(anyone.reach(patience).await, Reach::Nowhere(_)));
    assert_eq!(server.requests().len(), 0);
}

#[tokio::test]
async fn calls_one_after_the_other_share_a_connection() {
    let acts = (0..100).flat_map(|_| {
        [
            Act::Say(CHUNKED.into()),
            Act::Say("HTTP/1.1 204 No Content\r\n\r\n".into()),
            Act::Say(answer("500 Oops", "", "later")),
        ]
    });
    let server = Server::start(acts).await;
    let provider = own(&server, &json!({}));
    for _ in 0..400 {
        send(&provider).await;
    }
    assert_eq!((server.requests().len(), server.connections()), (400, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_at_the_same_time_use_no_more_connections_than_they_may() {
    let server = Server::start([]).await;
    let provider = own(&server, &json!({"max_connections": 4}));
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let provider = provider.clone();
        running.spawn(async move {
            for _ in 0..25 {
                assert!(is_accepted(&send(&provider).await));
            }
        });
    }
    while let Some(ended) = running.join_next().await {
        ended.unwrap();
    }
    assert_eq!(server.requests().len(), 400);
    assert!(server.connections() <= 4 && server.most() <= 4, "{} connections", server.connections());
}

#[tokio::test]
async fn idle_connections_count_too() {
    let mut first = Server::start([]).await;
    let second = Server::start([]).await;
    let anyone = webhook(&allowing(&["127.0.0.1/32"], Names::of(&[])), &json!({"max_connections": 1}), None);
    assert!(is_accepted(&send_to(&anyone, &first.url(PATH), &json!({}), 1).await));
    assert!(is_accepted(&send_to(&anyone, &second.url(PATH), &json!({}), 1).await));
    first.until_open(0).await;
    assert!(is_accepted(&send_to(&anyone, &first.url(PATH), &json!({}), 1).await));
    assert_eq!((first.connections(), second.connections()), (2, 1));
}

#[tokio::test]
async fn a_connection_that_is_not_clean_is_not_used_again() {
    for act in [
        Act::SayAndCut(answer("200 OK", "Connection: close\r\n", "ok")),
        Act::Say(answer("200 OK", "Connection: close\r\n", "ok")),
        Act::Say("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok".into()),
        Act::Say(answer("421 Misdirected", "", "")),
        Act::Say(answer("200 OK", "Keep-Alive: timeout=1\r\n", "")),
        // More than was asked for: a second answer that nobody waits for.
        Act::Say(format!("{}{}", answer("200 OK", "", "ok"), answer("410 Gone", "", "smuggled"))),
    ] {
        let mut server = Server::start([act.clone()]).await;
        let provider = own(&server, &json!({}));
        send(&provider).await;
        // Whoever is not kept is hung up on.
        server.until_open(0).await;
        let report = send(&provider).await;
        assert!(is_accepted(&report), "{act:?}: {report:?}");
        assert_eq!(server.connections(), 2, "{act:?}");
    }
}

#[tokio::test]
async fn a_connection_that_the_server_gave_up_is_replaced_unseen() {
    let mut server = Server::start([Act::SayAndCut(answer("200 OK", "", "ok"))]).await;
    let provider = own(&server, &json!({}));
    assert!(is_accepted(&send(&provider).await));
    server.until_open(0).await;
    // Answered after the hang-up, so that this is known here by then.
    let other = Server::start([]).await;
    assert!(is_accepted(&send(&own(&other, &json!({}))).await));
    assert!(is_accepted(&send(&provider).await));
    assert_eq!((server.connections(), server.requests().len()), (2, 2));
}

#[tokio::test]
async fn what_idles_is_let_go_before_the_server_does_it() {
    let mut server = Server::start([Act::Say(answer("200 OK", "Keep-Alive: timeout=2\r\n", ""))]).await;
    let provider = own(&server, &json!({}));
    assert!(is_accepted(&send(&provider).await));
    // Nobody calls any more.
    server.until_open(0).await;
    drop(provider);
}

#[tokio::test]
async fn a_call_that_is_dropped_hangs_up() {
    let mut server = Server::start([Act::Stall]).await;
    let provider = own(&server, &json!({}));
    let call = {
        let provider = provider.clone();
        tokio::spawn(async move { send(&provider).await })
    };
    server.begun(1).await;
    call.abort();
    server.until_open(0).await;
    assert!(is_accepted(&send(&provider).await));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_hangs_does_not_slow_the_others() {
    let mut hangs = Server::start((0..8).map(|_| Act::Stall)).await;
    let works = Server::start([]).await;
    let (slow, fast) =
        (own(&hangs, &json!({"timeout_seconds": 60, "max_connections": 8})), own(&works, &json!({})));
    let stuck: Vec<_> = (0..20)
        .map(|_| {
            let slow = slow.clone();
            tokio::spawn(async move { send(&slow).await })
        })
        .collect();
    hangs.begun(8).await;
    for _ in 0..100 {
        assert!(is_accepted(&send(&fast).await));
    }
    assert!(stuck.iter().all(|call| !call.is_finished()));
    assert_eq!(hangs.most(), 8, "sockets stay bounded");
    for call in stuck {
        call.abort();
    }
}

#[tokio::test]
async fn a_second_answer_is_never_taken_for_the_next_one() {
    let twice = format!("{}{}", answer("200 OK", "", "ok"), answer("410 Gone", "", ""));
    let server = Server::start((0..20).map(|_| Act::Say(twice.clone()))).await;
    let anyone = webhook(&only(&server), &json!({}), None);
    for _ in 0..20 {
        let report = send_to(&anyone, &server.url(PATH), &json!({}), 1).await;
        assert!(!matches!(report.outcome, Outcome::RecipientInvalid(_)), "{report:?}");
    }
}
