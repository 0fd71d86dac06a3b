//! A steady trickle of realistic requests through the demo's own HTTP intake.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Request, header};
use hyper_util::rt::TokioIo;
use notifyd_lifecycle::Secret;
use rand::Rng;
use rand::rngs::StdRng;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;

/// Time between two requests, milliseconds, from and to.
const PAUSE_MS: (u64, u64) = (60, 400);

/// How long to wait before a new connection after one broke.
const RECONNECT: Duration = Duration::from_secs(1);

/// Sends until it is dropped.
pub(super) async fn run(listen: SocketAddr, key: Secret<String>, mut rng: StdRng) {
    let mut number: u32 = 1_000;
    loop {
        if let Err(error) = connection(listen, &key, &mut rng, &mut number).await {
            tracing::debug!(%error, "the demo's connection broke");
        }
        tokio::time::sleep(RECONNECT).await;
    }
}

async fn connection(
    listen: SocketAddr,
    key: &Secret<String>,
    rng: &mut StdRng,
    number: &mut u32,
) -> anyhow::Result<()> {
    let stream = TcpStream::connect(listen).await?;
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await?;
    let driver = tokio::spawn(connection);
    let done = async {
        loop {
            tokio::time::sleep(Duration::from_millis(rng.random_range(PAUSE_MS.0..=PAUSE_MS.1))).await;
            *number += 1;
            let (channel, body) = request(*number, rng);
            post(&mut sender, listen, key, channel, &body).await?;
        }
    };
    let done: anyhow::Result<()> = done.await;
    driver.abort();
    done
}

async fn post(
    sender: &mut SendRequest<Full<Bytes>>,
    listen: SocketAddr,
    key: &Secret<String>,
    channel: &str,
    body: &Value,
) -> anyhow::Result<()> {
    let request = Request::post(format!("/api/v1/{channel}"))
        .header(header::HOST, listen.to_string())
        .header(header::AUTHORIZATION, format!("Bearer {}", key.expose()))
        .header(header::CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(body.to_string())))?;
    sender.ready().await?;
    let answer = sender.send_request(request).await?;
    let status = answer.status();
    let text = answer.into_body().collect().await?.to_bytes();
    if !status.is_success() {
        tracing::warn!(%status, answer = %String::from_utf8_lossy(&text), "the demo's request was refused");
    }
    Ok(())
}

/// What a shop sends in a day.
fn request(number: u32, rng: &mut StdRng) -> (&'static str, Value) {
    let phone = format!("+1500555{:04}", rng.random_range(0..10_000));
    let mail = format!("customer{}@example.org", rng.random_range(1..500));
    match rng.random_range(0..10) {
        0..4 => {
            let code = rng.random_range(100_000..1_000_000);
            let text = format!("{code} is your sign-in code. It is valid for five minutes.");
            ("sms", json!({"to": phone, "message": text, "priority": "instant", "event_type": "sign_in"}))
        }
        4..7 => {
            let text = format!("Thank you for order {number}. We will tell you when it is on its way.");
            let html = format!("<p>Thank you for order <b>{number}</b>.</p>");
            let subject = format!("Your order {number}");
            (
                "email",
                json!({"to": mail, "subject": subject, "body": text, "html_body": html, "event_type": "order"}),
            )
        }
        7..9 => {
            let text = format!("Parcel {number} is out for delivery and arrives today.");
            ("whatsapp", json!({"to": phone, "message": text, "priority": "high", "event_type": "parcel"}))
        }
        _ => {
            let text = format!("This week: {} things you may like.", rng.random_range(3..30));
            let subject = format!("News of week {}", number % 52 + 1);
            (
                "email",
                json!({"to": mail, "subject": subject, "body": text, "priority": "low", "event_type": "news"}),
            )
        }
    }
}
