//! How much of the requests under way is in memory: large bodies and large answers take turns, small ones always pass.

use crate::support::{House, options, read};
use notifyd_intake::{Limits, Options};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Room for two bodies of the limit, so that one service alone gets one in.
async fn narrow() -> House {
    House::with(Options { in_flight_mib: 2, ..options() }, Limits::default()).await
}

fn head(key: &str, length: usize) -> String {
    format!(
        "POST /api/v1/sms HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {key}\r\nexpect: 100-continue\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    )
}

#[tokio::test]
async fn a_body_waits_for_nobody_and_leaves_room_for_others() {
    let house = narrow().await;
    let (greedy, polite) = (house.service("greedy").await, house.service("polite").await);
    let body = json!({"to": "+15005550006", "message": "x".repeat(1_000_000)}).to_string();
    let mut first = TcpStream::connect(house.address).await.unwrap();
    first.write_all(head(&greedy.key, body.len()).as_bytes()).await.unwrap();
    assert_eq!(read(&mut first, false).await.unwrap().status, 100, "its body is expected");
    let refused = greedy.post("/api/v1/sms", &serde_json::from_str(&body).unwrap()).await;
    refused.refuses(503, "overloaded");
    assert_eq!(refused.header("retry-after"), Some("1"));
    polite.text("hello").await;
    greedy.text("small ones pass").await;
    first.write_all(body.as_bytes()).await.unwrap();
    assert_eq!(read(&mut first, false).await.unwrap().status, 202);
    let again = greedy.post("/api/v1/sms", &serde_json::from_str(&body).unwrap()).await;
    assert_eq!(again.status, 200, "the first has left, so there is room again");
}

#[tokio::test]
async fn a_large_answer_that_nobody_reads_holds_its_room_until_the_peer_is_gone() {
    let house =
        House::with(Options { in_flight_mib: 2, body_limit_bytes: 524_288, ..options() }, Limits::default())
            .await;
    let (greedy, polite) = (house.service("greedy").await, house.service("polite").await);
    for n in 0..6 {
        let mail = json!({"to": "a@b.example", "subject": format!("{n}"), "body": "x".repeat(500_000)});
        for client in [&greedy, &polite] {
            assert_eq!(client.post("/api/v1/email", &mail).await.status, 202);
        }
    }
    let page = greedy.get("/api/v1/notifications?limit=6").await;
    assert_eq!(page.status, 200);
    assert!((500_000..1_600_000).contains(&page.body.len()), "a page is bounded: {}", page.body.len());
    let page = page.json();
    assert_eq!((page["notifications"].as_array().unwrap().len(), &page["partial"]), (2, &json!(true)));
    let next = page["next_cursor"].as_str().unwrap();
    let next = greedy.get(&format!("/api/v1/notifications?limit=6&cursor={next}")).await.json();
    assert_eq!(next["notifications"].as_array().unwrap().len(), 2);
    // One answer is too large for the buffers of the system, and nobody reads it.
    let mut idle = Vec::new();
    let ask = format!(
        "GET /api/v1/notifications HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n\r\n",
        greedy.key
    );
    let refused = loop {
        let mut stream = TcpStream::connect(house.address).await.unwrap();
        stream.write_all(ask.as_bytes()).await.unwrap();
        let mut start = [0; 12];
        stream.read_exact(&mut start).await.unwrap();
        idle.push(stream);
        if start.ends_with(b"503") {
            break idle.len();
        }
        assert!(idle.len() < 30, "nobody was refused");
    };
    assert!(refused > 1);
    assert_eq!(polite.get("/health").await.status, 200);
    assert_eq!(polite.get("/api/v1/notifications?limit=1").await.status, 200, "there is room for others");
    drop(idle);
    // The daemon learns of it by and by.
    for turn in 0.. {
        if greedy.get("/api/v1/notifications?limit=2").await.status == 200 {
            break;
        }
        assert!(turn < 10_000, "the room was never given back");
    }
}
