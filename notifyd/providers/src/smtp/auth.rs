//! Logging in: PLAIN where it is offered, else LOGIN.

use super::fault::Fault;
use super::reply::Reply;
use super::settings::Login;
use super::wire::Wire;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use notifyd_lifecycle::Secret;

/// Says who we are. `offered` are the mechanisms of the EHLO reply, upper case.
pub(super) async fn log_in(wire: &mut Wire, login: &Login, offered: &[String]) -> Result<Reply, Fault> {
    let has = |mechanism: &str| offered.iter().any(|name| name == mechanism);
    if has("PLAIN") {
        let pair = Secret::new(format!("\0{}\0{}", login.username, login.password.expose()));
        let line = Secret::new(format!("AUTH PLAIN {}\r\n", BASE64_STANDARD.encode(pair.expose())));
        return wire.command(line.expose(), 2).await;
    }
    if has("LOGIN") {
        wire.command("AUTH LOGIN\r\n", 3).await?;
        wire.command(answer(&login.username).expose(), 3).await?;
        return wire.command(answer(login.password.expose()).expose(), 2).await;
    }
    let offered = if offered.is_empty() { String::from("none") } else { offered.join(", ") };
    Err(Fault::Unfit(format!("the server offers neither AUTH PLAIN nor LOGIN here (offered: {offered})")))
}

fn answer(text: &str) -> Secret<String> {
    Secret::new(format!("{}\r\n", BASE64_STANDARD.encode(text)))
}
