//! The dialogue. Each command is sent and answered before the next, so that a failure always has one [`Step`].

use super::auth;
use super::encode::stuff_dots;
use super::fault::{At as _, Failure, Fault, Step};
use super::mime::Mail;
use super::reply::Reply;
use super::settings::Settings;
use super::tls::Encryption;
use super::wire::{Wire, expect};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::Instant;

/// Longest wait for the side business of a connection: NOOP before it is used again, RSET after a refusal.
const COURTESY: Duration = Duration::from_secs(5);

/// A connection that has greeted, is encrypted as configured and logged in.
pub(super) struct Session {
    wire: Wire,
    features: Features,
}

/// What the server can do, from its EHLO reply.
#[derive(Debug, Default, PartialEq, Eq)]
struct Features {
    starttls: bool,
    size: bool,
    eight_bit: bool,
    utf8: bool,
    /// Mechanisms of AUTH, upper case.
    auth: Vec<String>,
}

impl Features {
    fn read(reply: &Reply) -> Self {
        let mut features = Self::default();
        // The first line is the server's name.
        for line in reply.lines.iter().skip(1) {
            let line = line.to_ascii_uppercase();
            // `AUTH=LOGIN` is an old spelling that is still around.
            let mut words = line.split([' ', '=']).filter(|word| !word.is_empty());
            match words.next() {
                Some("STARTTLS") => features.starttls = true,
                Some("SIZE") => features.size = true,
                Some("8BITMIME") => features.eight_bit = true,
                Some("SMTPUTF8") => features.utf8 = true,
                Some("AUTH") => features.auth.extend(words.map(str::to_owned)),
                _ => {}
            }
        }
        features
    }
}

impl Session {
    /// Connects and gets as far as MAIL may be said.
    pub(super) async fn open(settings: &Settings, deadline: Instant) -> Result<Self, Failure> {
        let mut wire = Wire::connect(&settings.host, settings.port, deadline).await.at(Step::Connect)?;
        if let Encryption::FromTheStart(secure) = &settings.encryption {
            wire = wire.secure(secure).await.at(Step::Connect)?;
        }
        let greeting = wire.reply().await.at(Step::Greeting)?;
        expect(greeting, 2).at(Step::Greeting)?;
        let hello = match &settings.hello_name {
            Some(name) => format!("EHLO {name}\r\n"),
            None => format!("EHLO {}\r\n", literal(wire.local)),
        };
        let mut features = hello_to(&mut wire, &hello).await?;
        let secure = match &settings.encryption {
            Encryption::StartTls(_) if !features.starttls => {
                return Err(Fault::Unfit(String::from("the server does not offer it"))).at(Step::StartTls);
            }
            Encryption::IfOffered(_) if !features.starttls => None,
            Encryption::StartTls(secure) | Encryption::IfOffered(secure) => Some(secure),
            Encryption::None | Encryption::FromTheStart(_) => None,
        };
        if let Some(secure) = secure {
            wire.command("STARTTLS\r\n", 2).await.at(Step::StartTls)?;
            wire = wire.secure(secure).await.at(Step::StartTls)?;
            // What was said in clear counts for nothing.
            features = hello_to(&mut wire, &hello).await?;
        }
        if let Some(login) = &settings.login {
            auth::log_in(&mut wire, login, &features.auth).await.at(Step::Auth)?;
        }
        Ok(Self { wire, features })
    }

    /// One mail. Ends at the first refusal, also of one recipient of several: nobody gets a mail that not all get.
    pub(super) async fn deliver(&mut self, mail: &Mail, deadline: Instant) -> Result<Reply, Failure> {
        self.wire.deadline = deadline;
        let opening = self.opening(mail)?;
        self.wire.command(&opening, 2).await.at(Step::Mail)?;
        for (index, recipient) in mail.recipients.iter().enumerate() {
            let line = format!("RCPT TO:<{recipient}>\r\n");
            self.wire.command(&line, 2).await.at(Step::Rcpt(index))?;
        }
        self.wire.command("DATA\r\n", 3).await.at(Step::Data)?;
        let content = stuff_dots(&mail.bytes);
        self.wire.write(&content).await.at(Step::Body)?;
        self.wire.interrupted().await.at(Step::Body)?;
        // From here on the server may have taken it, whatever we hear.
        self.wire.write(b".\r\n").await.at(Step::Dot)?;
        let reply = self.wire.reply().await.at(Step::Dot)?;
        expect(reply, 2).at(Step::Dot)
    }

    fn opening(&self, mail: &Mail) -> Result<String, Failure> {
        let mut line = format!("MAIL FROM:<{}>", mail.sender);
        if self.features.size {
            // A server that would not take it says so before the content is sent. Writing to a String cannot fail.
            let _ = write!(line, " SIZE={}", mail.bytes.len());
        }
        if !mail.bytes.is_ascii() {
            if !self.features.eight_bit {
                return Err(Fault::Uncarried("the server does not take 8-bit headers")).at(Step::Mail);
            }
            line.push_str(" BODY=8BITMIME");
        }
        if mail.needs_utf8() {
            if !self.features.utf8 {
                return Err(Fault::Uncarried("the server does not take non-ASCII addresses")).at(Step::Mail);
            }
            line.push_str(" SMTPUTF8");
        }
        line.push_str("\r\n");
        Ok(line)
    }

    /// Whether the connection is still alive.
    pub(super) async fn probe(&mut self, deadline: Instant) -> bool {
        self.aside("NOOP\r\n", deadline).await
    }

    /// Says goodbye, whatever the answer.
    pub(super) async fn quit(mut self, deadline: Instant) {
        self.aside("QUIT\r\n", deadline).await;
    }

    /// Ends the open transaction; whether that worked.
    pub(super) async fn reset(&mut self, deadline: Instant) -> bool {
        self.aside("RSET\r\n", deadline).await
    }

    async fn aside(&mut self, line: &str, deadline: Instant) -> bool {
        self.wire.deadline = deadline.min(Instant::now() + COURTESY);
        self.wire.command(line, 2).await.is_ok()
    }
}

async fn hello_to(wire: &mut Wire, hello: &str) -> Result<Features, Failure> {
    let reply = wire.command(hello, 2).await.at(Step::Hello)?;
    Ok(Features::read(&reply))
}

/// Our address as RFC 5321 writes it for hosts without a name.
fn literal(local: SocketAddr) -> String {
    match local {
        SocketAddr::V4(address) => format!("[{}]", address.ip()),
        SocketAddr::V6(address) => format!("[IPv6:{}]", address.ip()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_read_from_the_hello_reply() {
        let lines =
            ["SIZE.example STARTTLS", "size 1000", "AUTH PLAIN LOGIN", "AUTH=XOAUTH2", "8bitmime", "HELP"];
        let reply = Reply { code: 250, lines: lines.map(str::to_owned).to_vec() };
        let auth = ["PLAIN", "LOGIN", "XOAUTH2"].map(str::to_owned).to_vec();
        let expected = Features { starttls: false, size: true, eight_bit: true, utf8: false, auth };
        assert_eq!(Features::read(&reply), expected);
    }

    #[test]
    fn a_host_without_a_name_says_its_address() {
        assert_eq!(literal("10.0.0.1:5".parse().unwrap()), "[10.0.0.1]");
        assert_eq!(literal("[::1]:5".parse().unwrap()), "[IPv6:::1]");
    }
}
