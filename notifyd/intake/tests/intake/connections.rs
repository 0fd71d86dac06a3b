//! Connections: silent, slow, broken, too many; and how they end.

use crate::support::{House, options, read, write};
use notifyd_intake::{Limits, Options};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

async fn hasty() -> House {
    let options = Options { header_timeout_seconds: 1, body_timeout_seconds: 1, ..options() };
    House::with(options, Limits::default()).await
}

#[tokio::test]
async fn silent_and_half_sent_and_idle_connections_are_closed() {
    let house = hasty().await;
    assert!(write(&house, b"").await.is_none());
    assert!(write(&house, b"GET /health/live HTTP/1.1\r\nhost: loc").await.is_none());
    let mut idle = TcpStream::connect(house.address).await.unwrap();
    idle.write_all(b"GET /health/live HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    assert_eq!(read(&mut idle, false).await.unwrap().status, 200);
    assert_eq!(idle.read(&mut [0; 16]).await.unwrap(), 0);
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let house = hasty().await;
    let shop = house.service("shop").await;
    let head = format!(
        "POST /api/v1/sms HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: 100\r\n\r\n{{",
        shop.key
    );
    write(&house, head.as_bytes()).await.unwrap().refuses(408, "body-timeout");
}

#[tokio::test]
async fn a_broken_head_is_refused_like_everything_else() {
    let house = House::open().await;
    let large = format!("GET / HTTP/1.1\r\nhost: localhost\r\nx-large: {}\r\n\r\n", "x".repeat(17_000));
    let many = format!("GET / HTTP/1.1\r\nhost: localhost\r\n{}\r\n", "x: y\r\n".repeat(200));
    for (bytes, status, kind) in [
        ("nonsense\r\n\r\n", 400, "bad-request"),
        ("GET / HTTP/1.1\r\nho st: x\r\n\r\n", 400, "bad-request"),
        ("GET / HTTP/1.1\r\n\r\n", 400, "bad-request"),
        (large.as_str(), 431, "headers-too-large"),
        (many.as_str(), 431, "headers-too-large"),
    ] {
        let answer = write(&house, bytes.as_bytes()).await.unwrap_or_else(|| panic!("{bytes}"));
        answer.refuses(status, kind);
    }
}

#[tokio::test]
async fn one_peer_gets_no_more_than_its_share() {
    let options = Options { max_connections_per_peer: 2, ..options() };
    let house = House::with(options, Limits::default()).await;
    let request = b"GET /health/live HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(house.address).await.unwrap();
        stream.write_all(request).await.unwrap();
        assert_eq!(read(&mut stream, false).await.unwrap().status, 200);
        held.push(stream);
    }
    let refused = write(&house, request).await.unwrap();
    refused.refuses(503, "overloaded");
    assert!(refused.header("retry-after").is_some());
    held[0].write_all(request).await.unwrap();
    assert_eq!(read(&mut held[0], false).await.unwrap().status, 200, "the others are not disturbed");
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let house = House::open().await;
    let mut stream = TcpStream::connect(house.address).await.unwrap();
    let two = "GET /health/live HTTP/1.1\r\nhost: localhost\r\nx-correlation-id: one\r\n\r\n\
               GET /nowhere HTTP/1.1\r\nhost: localhost\r\nx-correlation-id: two\r\nconnection: close\r\n\r\n";
    stream.write_all(two.as_bytes()).await.unwrap();
    let mut all = String::new();
    stream.read_to_string(&mut all).await.unwrap();
    let first = all.find("x-correlation-id: one").unwrap();
    assert!(all.find("x-correlation-id: two").unwrap() > first);
}

#[tokio::test]
async fn stopping_finishes_what_is_under_way_and_takes_no_more() {
    let house = House::open().await;
    let shop = house.service("shop").await;
    let mut stream = TcpStream::connect(house.address).await.unwrap();
    let body = r#"{"to":"+15005550006","message":"hi"}"#;
    let head = format!(
        "POST /api/v1/sms HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\nexpect: 100-continue\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        shop.key,
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // `100 Continue` says that the request is under way.
    assert_eq!(read(&mut stream, false).await.unwrap().status, 100);
    house.shutdown.cancel();
    stream.write_all(body.as_bytes()).await.unwrap();
    assert_eq!(read(&mut stream, false).await.unwrap().status, 202);
    house.running.await.unwrap().unwrap();
    assert!(TcpStream::connect(house.address).await.is_err());
}

#[tokio::test]
async fn stopping_does_not_wait_for_ever() {
    let options = Options { stop_timeout_seconds: 0, ..options() };
    let house = House::with(options, Limits::default()).await;
    let shop = house.service("shop").await;
    let mut stream = TcpStream::connect(house.address).await.unwrap();
    let head = format!(
        "POST /api/v1/sms HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\nexpect: 100-continue\r\n\
         content-type: application/json\r\ncontent-length: 9\r\n\r\n",
        shop.key
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    assert_eq!(read(&mut stream, false).await.unwrap().status, 100);
    house.shutdown.cancel();
    house.running.await.unwrap().unwrap();
}

#[tokio::test]
async fn who_asks_before_sending_a_body_is_refused_before_it_is_sent() {
    let house = House::open().await;
    let head = "POST /api/v1/sms HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\n\
                content-type: application/json\r\ncontent-length: 100\r\n\r\n";
    write(&house, head.as_bytes()).await.unwrap().refuses(401, "unauthorized");
}
